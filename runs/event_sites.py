"""Events at sites: power that comes later, and sites that are given up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from runs.event_arguments import Argument, Event, choice, kind, number, phase_name, site_name
from world.calendar import quarter_number
from world.sites import BUILDING, ENERGISED

if TYPE_CHECKING:
    from runs.model import ComputeMarket


@kind(
    "site_delay",
    "power comes later: of one phase, of all phases of a site, or of everything that an operator builds",
    Argument("quarters", number(0.0, 40.0, "quarters"), "how much later"),
    Argument("phase", phase_name, "one named phase", None),
    Argument("site", site_name, "all phases of a named site", None),
    Argument("operator", choice(lambda cast: cast.operators), "all that one operator has under construction", None),
    one_of=("phase", "site", "operator"),
    lasting=True,
)
def site_delay(market: ComputeMarket, event: Event) -> None:
    """Put off what is under construction now, and a named phase or site that is financed later, once it is."""
    s, given = market.state, event.arguments
    if given["quarters"] == 0.0:
        return
    now = quarter_number(event.quarter) - s.first_quarter - 1
    for row in phase_rows(market, event):
        began = s.phases.date[row, BUILDING]
        if s.quarter == now:
            affected = began < s.quarter
        else:
            affected = (began >= now) & (began >= s.quarter - 1.0) & (began < s.quarter) & (given["operator"] is None)
        s.phases.delay(row, np.where(affected, given["quarters"], 0.0))
    if s.quarter == now and given["operator"] is not None:
        delay_pooled_sites(market, market.cast.operator[given["operator"]], given["quarters"])


def delay_pooled_sites(market: ComputeMarket, lane: int, quarters: float) -> None:
    """Put off all unnamed sites that an operator has under construction."""
    building = market.state.sites.building
    due = {slot: building.slot(slot)[lane].copy() for slot in range(building.next_quarter, building.reach + 1)}
    building.scale(lane, np.zeros(market.worlds))
    for slot, gigawatts in due.items():
        late = slot if slot == building.last_slot else slot + quarters
        building.add(lane, float(late), gigawatts)


@kind(
    "site_cancel",
    "a phase or a whole site is given up: what has power keeps it, the rest never comes",
    Argument("phase", phase_name, "one named phase", None),
    Argument("site", site_name, "all phases of a named site", None),
    one_of=("phase", "site"),
)
def site_cancel(market: ComputeMarket, event: Event) -> None:
    """Cut the phases down to what is energised."""
    phases = market.state.phases
    for row in phase_rows(market, event):
        phases.facility_gw[row] = np.where(np.isinf(phases.date[row, ENERGISED]), 0.0, phases.energised_gw[row])


def phase_rows(market: ComputeMarket, event: Event) -> list[int]:
    """The rows of the named phases that an event is about."""
    given = event.arguments
    wanted = {"name": given["phase"], "site": given["site"], "operator": given.get("operator")}
    field, value = next((field, value) for field, value in wanted.items() if value is not None)
    return [row for row, phase in enumerate(market.state.phases.phases) if getattr(phase, field) == value]
