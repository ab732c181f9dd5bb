"""Sites of the record that a run lives through: a named phase takes each step in the quarter in which it took it.

Contracts signed between a scenario's start and the day it knows up to enter as events (runs/events.py). So do the
steps of named sites: a phase is not there before it was announced, it is begun when the record began it, and it has its
power when the record had it. It takes the place of power that its operator has under construction without a name, as
far as there is: the operator had ordered for the same demand. What the record does not tell by that day is the
operator's own affair again.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

from runs.opening import first_power
from world.calendar import last_day, quarter_number
from world.record import phases
from world.tables import Phase

if TYPE_CHECKING:
    from runs.model import ComputeMarket


def begin_recorded_phases(market: ComputeMarket) -> None:
    """Announce, contract and begin the phases that the record dates in the current quarter, in every world."""
    now, named = market.calendar_quarter, market.state.phases
    for row, phase in known_phases(market):
        if _is_in(phase.announced, now):
            named.announce(row, float(market.state.quarter))
        if _is_in(phase.contracted, now):
            named.contract(row, float(market.state.quarter))
        if _is_in(phase.building, now):
            named.contract(row, float(market.state.quarter))
            lead = first_power(phase, now - 1, market.draws, market.parameters)
            named.finance(row, float(market.state.quarter), True, lead)
            market.state.sites.hand_over(market.cast.operator[phase.operator], phase.facility_gw)


def phases_to_come(market: ComputeMarket) -> set[int]:
    """Rows of the phases that the record is still to announce or to begin: no operator can begin them itself."""
    begun = _begun(market.settings.known_until, market.settings.start)
    return {row for row, quarter in begun if quarter > market.calendar_quarter}


@lru_cache(maxsize=16)
def _begun(known_until: date, start: str) -> tuple[tuple[int, int], ...]:
    """Rows and quarters of all that the record announces or begins in the phases that a scenario knows."""
    dates = ((row, day) for row, phase in _known(known_until, start) for day in (phase.announced, phase.building))
    return tuple((row, quarter_number(day)) for row, day in dates if day is not None)


def known_phases(market: ComputeMarket) -> list[tuple[int, Phase]]:
    """The phases that a scenario knows, each with its row; none if it knows no more than its start."""
    return _known(market.settings.known_until, market.settings.start)


def _known(known_until: date, start: str) -> list[tuple[int, Phase]]:
    return list(enumerate(phases(known_until))) if known_until > last_day(quarter_number(start)) else []


def _is_in(date: str | None, quarter: int) -> bool:
    return date is not None and quarter_number(date) == quarter
