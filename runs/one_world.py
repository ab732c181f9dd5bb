"""One world quarter by quarter: its paths, the payments of each quarter, the sites and what was signed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from runs.model import ComputeMarket
from runs.registry import REGISTRY
from runs.scenario import Scenario, load_scenario
from world.calendar import quarter_label
from world.entries import CASH_KINDS
from world.sites import STATES

LEAST_USD_BN = 0.005
"""Payments below this are left out."""


@dataclass(frozen=True)
class Payment:
    """Cash that one sector paid another in a quarter."""

    kind: str
    payer: str
    payee: str
    usd_bn: float


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
    payments: tuple[tuple[Payment, ...], ...]
    """By quarter, largest first."""
    phases: tuple[SitePhase, ...]

    def path(self, metric: str, member: str | None = None) -> np.ndarray:
        """(quarters,) of a metric, of one member if it has any."""
        row = REGISTRY[metric]
        return self.values[metric][0 if member is None else row.members.index(member)]


def one_world(
    scenario: str | Mapping[str, Any] | Scenario,
    world: int,
    seed: int = 1,
    parameters: Mapping[str, Any] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> OneWorld:
    """Step a market of one world to its end and keep what each quarter brought.

    Args:
        world        its number; its path is the same bits as in any ensemble of that seed
        parameters   as in `simulate`
        progress     called after each quarter with the quarters done and their total
    Raises: ValueError that names a mistake; LawBroken if the run breaks.
    """
    settings = load_scenario(scenario)
    given = {**settings.parameters, **(parameters or {})}
    market = ComputeMarket(settings, worlds=np.array([world]), rng=seed, parameters=given)
    payments = []
    while market.running:
        market.step()
        payments.append(_payments(market))
        if progress is not None:
            progress(len(payments), market.quarters)
    first = market.state.first_quarter + 1
    return OneWorld(
        world,
        tuple(quarter_label(first + k) for k in range(market.quarters)),
        {name: array[..., 0] for name, array in market.history.values.items()},
        tuple(payments),
        _phases(market),
    )


def _payments(market: ComputeMarket) -> tuple[Payment, ...]:
    """The quarter's cash between two sectors of the market, what comes from outside it left out."""
    found = [
        Payment(kind, payer, payee, float(amount[0]))
        for (kind, payer, payee), amount in market.state.ledger.flows.items()
        if kind in CASH_KINDS and payer != payee and "rest_of_world" not in (payer, payee) and amount[0] >= LEAST_USD_BN
    ]
    return tuple(sorted(found, key=lambda payment: -payment.usd_bn))


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


__all__ = ["OneWorld", "Payment", "SitePhase", "one_world"]
