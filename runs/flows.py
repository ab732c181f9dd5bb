"""The flow matrix of a quarter: who pays whom for what, in one world; rows and columns add up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from runs.recorder import Page, of_world
from world.calendar import quarter_label
from world.entries import CASH_KINDS, KINDS

if TYPE_CHECKING:
    from runs.model import ComputeMarket


@dataclass(frozen=True)
class Flow:
    """One payment of the quarter, $bn."""

    kind: str
    payer: str
    payee: str
    usd_bn: float
    about: str
    """What the payment is."""


@dataclass(frozen=True)
class FlowMatrix:
    """All cash payments of a quarter in one world.

    Attributes:           shape                unit
        sectors           names, in the order of the ledger
        matrix            (payers, payees)     bn USD, all kinds together
        flows             every payment, the largest first
        opening, closing  (sectors,)           bn USD of cash before and after the quarter
    Laws (tests/model/test_flows.py): what a sector receives less what it pays is what its cash moves by; all that is
        paid is received.
    """

    scenario: str
    world: int
    quarter: str
    sectors: tuple[str, ...]
    matrix: np.ndarray
    flows: tuple[Flow, ...]
    opening: np.ndarray
    closing: np.ndarray

    @property
    def paid(self) -> np.ndarray:
        """(sectors,) what each pays, $bn: the sums of the rows."""
        return self.matrix.sum(axis=1)

    @property
    def received(self) -> np.ndarray:
        """(sectors,) what each receives, $bn: the sums of the columns."""
        return self.matrix.sum(axis=0)

    def as_dictionary(self) -> dict[str, Any]:
        """Plain numbers, fit for JSON."""
        return {
            "scenario": self.scenario,
            "world": self.world,
            "quarter": self.quarter,
            "unit": "bn USD",
            "sectors": list(self.sectors),
            "matrix": self.matrix.tolist(),
            "paid": self.paid.tolist(),
            "received": self.received.tolist(),
            "cash_before": self.opening.tolist(),
            "cash_after": self.closing.tolist(),
            "flows": [vars(flow) for flow in self.flows],
        }


def flow_matrix(market: ComputeMarket, quarter: int, world: int = 0) -> FlowMatrix:
    """The flow matrix of a quarter that was recorded.

    Args: quarter: calendar number; world: its place on the axis of the run.
    Raises: ValueError if there is no record of that quarter.
    """
    page = _page(market, quarter)
    before, after = of_world(page.one("before"), world), of_world(page.one("after"), world)
    sectors = market.state.ledger.sectors
    flows = cash_flows(market, quarter, world)
    matrix = np.zeros((len(sectors), len(sectors)))
    for flow in flows:
        matrix[sectors.index(flow.payer), sectors.index(flow.payee)] += flow.usd_bn
    return FlowMatrix(
        scenario=market.settings.name,
        world=int(market.draws.world_numbers[world]),
        quarter=quarter_label(quarter),
        sectors=sectors,
        matrix=matrix,
        flows=tuple(flows),
        opening=np.array([before["cash"][name] for name in sectors]),
        closing=np.array([after["cash"][name] for name in sectors]),
    )


def cash_flows(market: ComputeMarket, quarter: int, world: int = 0) -> list[Flow]:
    """The payments in cash of a quarter that was recorded, the largest first.

    Args: quarter: calendar number; world: its place on the axis of the run.
    Raises: ValueError if there is no record of that quarter.
    """
    flows = [
        Flow(kind, payer, payee, float(amount[world]), KINDS[kind].meaning)
        for (kind, payer, payee), amount in _page(market, quarter).one("after")["flows"].items()
        if kind in CASH_KINDS and amount[world] > 0.0
    ]
    return sorted(flows, key=lambda flow: (-flow.usd_bn, flow.kind, flow.payer, flow.payee))


def _page(market: ComputeMarket, quarter: int) -> Page:
    if market.recorder is None or quarter not in market.recorder.pages:
        raise ValueError(f"flows: {quarter_label(quarter)} was not recorded")
    return market.recorder.pages[quarter]
