"""Sites of the record that a run lives through: a named phase takes each step in the quarter in which it took it.

Contracts signed between a scenario's start and the day it knows up to enter as events (runs/events.py). So do the
steps of named sites: a phase is not there before it was announced, it is begun when the record began it, and it has its
power when the record had it. It takes the place of power that its operator has under construction without a name, as
far as there is: the operator had ordered for the same demand. What the record does not tell by that day is the
operator's own affair again.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from runs.opening import first_power
from world.arrays import PerWorld
from world.calendar import last_day, quarter_number
from world.draws import exponential
from world.record import phases
from world.tables import Phase

if TYPE_CHECKING:
    from runs.model import ComputeMarket


def begin_recorded_phases(market: ComputeMarket) -> None:
    """Announce, contract and begin the phases that the record dates in the current quarter, in every world."""
    now, named = market.calendar_quarter, market.state.phases
    for row, phase in lived_through(market):
        if _is_in(phase.announced, now):
            named.announce(row, float(market.state.quarter))
        if _is_in(phase.contracted, now):
            named.contract(row, float(market.state.quarter))
        if _is_in(phase.building, now):
            named.contract(row, float(market.state.quarter))
            named.finance(row, float(market.state.quarter), True, _lead_quarters(market, phase))
            market.state.sites.hand_over(market.cast.operator[phase.operator], phase.facility_gw)


def waits_for_the_record(market: ComputeMarket, row: int) -> bool:
    """Whether a phase is still to be announced, or to be begun, by the record: its operator cannot begin it itself."""
    dates = [
        quarter_number(date)
        for found, phase in lived_through(market)
        if found == row
        for date in (phase.announced, phase.building)
        if date is not None
    ]
    return any(date > market.calendar_quarter for date in dates)


def lived_through(market: ComputeMarket) -> tuple[tuple[int, Phase], ...]:
    """The phases with a step after the scenario's start that it knows, each with its row."""
    known = market.settings.known_until
    first = quarter_number(market.settings.start)
    return _with_steps_after(first, tuple(phases(known))) if known > last_day(first) else ()


@lru_cache(maxsize=32)
def _with_steps_after(first: int, rows: tuple[Phase, ...]) -> tuple[tuple[int, Phase], ...]:
    steps = [(phase.announced, phase.contracted, phase.building) for phase in rows]
    late = [any(date is not None and quarter_number(date) > first for date in dates) for dates in steps]
    return tuple((row, phase) for row, phase in enumerate(rows) if late[row])


def _lead_quarters(market: ComputeMarket, phase: Phase) -> PerWorld | float:
    """Quarters until the first hall has power: those of the record if it tells, else as planned and slipping."""
    now = market.calendar_quarter
    if phase.energised is not None:
        return float(quarter_number(phase.energised) - now)
    if phase.due is None:
        lead: PerWorld = market.firms[phase.operator].parameters.build_quarters
        return lead
    slip = market.parameters.of("grid").slippage_quarters * exponential(market.draws.uniform(f"slip:{phase.name}"))
    return first_power(phase, now - 1, market.parameters.of(phase.operator).build_quarters, slip)


def _is_in(date: str | None, quarter: int) -> bool:
    return date is not None and quarter_number(date) == quarter
