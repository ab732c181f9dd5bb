"""The project finance of the deal sheet: what lenders and sponsors carry, and the phases that begin or wait."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from runs.deal_money import Payment, payments
from runs.deal_reasons import Reason
from runs.recorder import Page, of_world
from runs.stargate import SPONSORS
from world.sites import BUILDING

if TYPE_CHECKING:
    from runs.model import ComputeMarket


@dataclass(frozen=True)
class PhaseTalk:
    """A named phase of a site that waits or was begun."""

    name: str
    operator: str
    facility_gw: float
    reason: Reason


@dataclass(frozen=True)
class FinanceTalk:
    """Finance for sites: what lenders and sponsors carry for the operator, and the named phases of all; $bn."""

    kind: str
    parties: tuple[str, ...]
    operator: str
    debt_usd_bn: float
    rate: float
    """Yearly interest rate that lenders ask."""
    room_usd_bn: float
    """What they would still lend."""
    loan_share: float
    """Debt over cost that they give on a new phase let to OpenAI in the end."""
    loan_rate: float
    """Yearly rate on it."""
    pledged_usd_bn: float
    """Sponsors' pledge that is not paid yet."""
    payments: tuple[Payment, ...]
    phases: tuple[PhaseTalk, ...]


def finance_talk(market: ComputeMarket, page: Page, world: int) -> FinanceTalk:
    """Oracle's finance, and the named phases of all operators that were begun this quarter or wait."""
    flow, before, after = (of_world(page.one(topic), world) for topic in ("flow", "before", "after"))
    least = of_world(market.parameters.of("landlords").least_loan, world)
    phases = []
    for row, phase in enumerate(market.state.phases.phases):
        was, now = (side["phase_dates"][row, BUILDING] for side in (before, after))
        if np.isfinite(was):
            continue
        granted = of_world(market.phase_granted(row), world)
        powered = flow.get(f"unplaced.{phase.operator}", 0.0) >= phase.facility_gw
        powered = powered and flow[f"loan_share.{phase.tenant}"] < least
        waits = Reason.WAITS_FOR_LOAN if powered else Reason.WAITS_FOR_POWER
        waits = waits if granted else Reason.WAITS_FOR_GRANT
        reason = Reason.UNDER_WAY if np.isfinite(now) else waits
        phases.append(PhaseTalk(phase.name, phase.operator, phase.facility_gw, reason))
    paid = [("equity", sponsor, "oracle", flow.get(f"sponsor.{sponsor}", 0.0)) for sponsor in SPONSORS]
    return FinanceTalk(
        kind="project finance",
        parties=tuple(dict.fromkeys(("oracle", "lenders", "landlords", *SPONSORS, *(p.operator for p in phases)))),
        operator="oracle",
        debt_usd_bn=after["debt"]["oracle"],
        rate=float(flow["rates"][market.cast.borrowers.index("oracle")]),
        room_usd_bn=after["debt_room"]["oracle"],
        loan_share=flow["loan_share.openai"],
        loan_rate=flow["loan_rate.openai"],
        pledged_usd_bn=after["pledged"],
        payments=payments(*paid),
        phases=tuple(phases),
    )
