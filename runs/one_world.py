"""One world quarter by quarter: its paths, the payments of each quarter, the sites and what was signed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from agents.cast import Cast
from runs.flows import Flow, cash_flows
from runs.registry import registry_of
from world.calendar import quarter_label
from world.sites import STATES

if TYPE_CHECKING:
    from runs.model import ComputeMarket

LEAST_USD_BN = 0.005
"""Payments below this are left out."""


@dataclass(frozen=True)
class SitePhase:
    """A phase of a named site and when it reached each state."""

    name: str
    landlord: str
    operator: str
    tenant: str
    programme: str
    facility_gw: float
    reached: dict[str, float]
    """By state: quarters after the first quarter's beginning, negative before the run; only what was reached."""


@dataclass(frozen=True)
class OneWorld:
    """The path of one world. The first k quarters are the same whatever comes after: a prefix is the market so far."""

    number: int
    quarters: tuple[str, ...]
    values: Mapping[str, np.ndarray]
    """By metric: (members, quarters), in the metric's unit; NaN where there is none."""
    payments: tuple[tuple[Flow, ...], ...]
    """By quarter, the cash between two sectors of the market, largest first; what comes from outside it left out."""
    phases: tuple[SitePhase, ...]
    cast: Cast

    def path(self, metric: str, member: str | None = None) -> np.ndarray:
        """(quarters,) of a metric, of one member if it has any."""
        return self.values[metric][0 if member is None else self.members(metric).index(member)]

    def members(self, metric: str) -> tuple[str, ...]:
        """The members of a metric in the world's cast."""
        return registry_of(self.cast)[metric].members


def one_world(market: ComputeMarket) -> OneWorld:
    """What each quarter brought in a world that was recorded to its end.

    Args: market: of `runs.explain.record_world`, every quarter recorded.
    Raises: ValueError if a quarter was not recorded.
    """
    numbers = range(market.state.first_quarter + 1, market.state.first_quarter + 1 + market.quarters)
    return OneWorld(
        int(market.draws.world_numbers[0]),
        tuple(quarter_label(number) for number in numbers),
        {name: array[..., 0] for name, array in market.history.values.items()},
        tuple(_between_sectors(market, number) for number in numbers),
        _phases(market),
        market.cast,
    )


def _between_sectors(market: ComputeMarket, quarter: int) -> tuple[Flow, ...]:
    return tuple(
        flow
        for flow in cash_flows(market, quarter)
        if flow.payer != flow.payee and "rest_of_world" not in (flow.payer, flow.payee) and flow.usd_bn >= LEAST_USD_BN
    )


def _phases(market: ComputeMarket) -> tuple[SitePhase, ...]:
    """The named phases with the dates that they reached in the run; a start state's dates count from its end."""
    phases = market.state.phases
    found = []
    for row, spec in enumerate(phases.phases):
        dates = {state: float(phases.date[row, place, 0]) for place, state in enumerate(STATES)}
        reached = {state: date for state, date in dates.items() if date <= market.state.quarter + 1}
        gigawatts = float(phases.facility_gw[row, 0])
        found.append(
            SitePhase(spec.name, spec.landlord, spec.operator, spec.tenant, spec.programme, gigawatts, reached)
        )
    return tuple(found)


__all__ = ["OneWorld", "SitePhase", "one_world"]
