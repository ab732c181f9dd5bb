"""The funding part of the deal sheet: rounds, tranches and the conversion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from agents.cast import HOLDERS
from runs.deal_reasons import Reason
from runs.money import OTHERS
from runs.recorder import Page, of_world
from runs.tranches import ANCHOR
from world.funding import dilute

if TYPE_CHECKING:
    from runs.model import ComputeMarket

LEAST_USD_BN = 1e-9
"""Money below this is rounding."""


@dataclass(frozen=True)
class Payment:
    """Money that a deal moved this quarter, as the ledger has it."""

    kind: str
    payer: str
    payee: str
    usd_bn: float


@dataclass(frozen=True)
class RoundTalk:
    """OpenAI's equity round: issuer against anchor, the other investors' bids as the outside option; $bn."""

    kind: str
    parties: tuple[str, ...]
    issuer: str
    need_usd_bn: float
    runway_quarters: float | None
    """Cash and promises over this quarter's burn; None where nothing is burnt."""
    reservation_usd_bn: float
    """Least pre-money value that the issuer takes."""
    others_value_usd_bn: float
    """Pre-money value in the eyes of the other investors."""
    others_supply_usd_bn: float
    """What they would put in at the issuer's own valuation."""
    anchor: str
    anchor_value_usd_bn: float
    anchor_room_usd_bn: float
    """What the anchor can put in without passing its limit of loan to value."""
    anchor_due_usd_bn: float
    """Tranches that it has promised for the coming year."""
    pre_money_usd_bn: float
    raised_usd_bn: float
    by_anchor_usd_bn: float
    by_others_usd_bn: float
    stakes_before: dict[str, float]
    stakes_after: dict[str, float]
    payments: tuple[Payment, ...]
    reason: Reason


@dataclass(frozen=True)
class LabRoundTalk:
    """Another lab's round with the other investors alone; $bn."""

    kind: str
    parties: tuple[str, ...]
    issuer: str
    need_usd_bn: float
    value_usd_bn: float
    raised_usd_bn: float
    payments: tuple[Payment, ...]
    reason: Reason


@dataclass(frozen=True)
class TrancheTalk:
    """What the anchor had promised and pays now, how it finds its cash this quarter, and its lenders' call; $bn."""

    kind: str
    parties: tuple[str, ...]
    paid_usd_bn: float
    waiting_usd_bn: float
    """What waits for the conversion."""
    lapsed_usd_bn: float
    """What waited until its date and is owed no more."""
    waived_usd_bn: float
    """What waited until its date and is paid although the condition is not met."""
    waived_by: str | None
    """Who waived the condition; None where nobody did."""
    worth_usd_bn: float
    """What the shares issued for what lapsed or was waived are worth to the anchor."""
    stake_returned: float
    """Part of OpenAI that the anchor gives back with what lapsed."""
    margin_loans_usd_bn: float
    assets_sold_usd_bn: float
    called_usd_bn: float
    """Holdings that its lenders' call makes it sell."""
    loan_to_value: float
    """After sales, before this quarter's round."""
    cap: float
    """Loan to value at which lenders call."""
    payments: tuple[Payment, ...]
    reason: Reason


@dataclass(frozen=True)
class ConversionTalk:
    """Microsoft's profit share against a stake; $bn."""

    kind: str
    parties: tuple[str, ...]
    claim_usd_bn: float
    """What Microsoft's claim on profits is worth to it: the least that it takes."""
    gain_usd_bn: float
    """What the other holders gain beyond being rid of it."""
    value_usd_bn: float
    stake: float
    """Stake that Microsoft bargains for; 0 where nothing is agreed."""
    reason: Reason


MoneyTalk = RoundTalk | LabRoundTalk | TrancheTalk | ConversionTalk


def money_talks(market: ComputeMarket, page: Page, world: int) -> list[MoneyTalk]:
    """The funding talks of a recorded quarter in one world, in the order of the quarter."""
    flow = of_world(page.one("flow"), world)
    talks: list[MoneyTalk] = []
    tranche = _tranche(market, page, world, flow)
    if tranche is not None:
        talks.append(tranche)
    talks.append(_conversion(of_world(page.one("conversion"), world)))
    talks.append(_round(of_world(page.one("round"), world), flow, _deferred(market, world)))
    talks += [_lab_round(note, flow) for note in of_world(page.all("lab_round"), world)]
    return talks


def payments(*found: tuple[str, str, str, float]) -> tuple[Payment, ...]:
    """Payments of (kind, payer, payee, $bn), those of nothing left out."""
    return tuple(Payment(*one) for one in found if one[3] > 0.0)


def _deferred(market: ComputeMarket, world: int) -> float:
    """Share of its part of a round that the anchor pays later."""
    return float(market.firms["softbank"].parameters.deferred_share[world])


def _tranche(market: ComputeMarket, page: Page, world: int, flow: dict[str, Any]) -> TrancheTalk | None:
    paid, waiting = flow["tranche_usd_bn"], flow["tranche_waiting_usd_bn"]
    cash = of_world(page.all("anchor_cash"), world)
    # What its deals by events took stands beside these events.
    by_event = of_world(page.one("events"), world)["flows"]
    borrowed = sum((note["borrowed"] for note in cash), -by_event.get(("loan", "lenders", "softbank"), 0.0))
    sold = sum((note["sold"] for note in cash), -by_event.get(("stake_sale", "investors", "softbank"), 0.0))
    borrowed, sold = (amount if amount > LEAST_USD_BN else 0.0 for amount in (borrowed, sold))
    lapsed, waived = flow["tranche_lapsed_usd_bn"], flow["tranche_waived_usd_bn"]
    if max(paid, waiting, borrowed, sold, lapsed) <= LEAST_USD_BN:
        return None
    return TrancheTalk(
        kind="tranche",
        parties=("softbank", "openai", "lenders"),
        paid_usd_bn=paid,
        waiting_usd_bn=waiting,
        lapsed_usd_bn=lapsed,
        waived_usd_bn=waived,
        waived_by="softbank" if waived > LEAST_USD_BN else None,
        worth_usd_bn=of_world(page.one("condition"), world)["worth"],
        stake_returned=flow["tranche_stake_returned"],
        margin_loans_usd_bn=borrowed,
        assets_sold_usd_bn=sold,
        called_usd_bn=flow["call_sold_usd_bn"],
        loan_to_value=flow["called_ltv"],
        cap=float(market.firms["softbank"].parameters.ltv_cap[world]),
        payments=payments(
            ("equity", "softbank", "openai", paid),
            ("loan", "lenders", "softbank", borrowed),
            ("stake_sale", "investors", "softbank", sold),
        ),
        reason=_tranche_reason(flow, paid, waiting),
    )


def _tranche_reason(flow: dict[str, Any], paid: float, waiting: float) -> Reason:
    if flow["tranche_lapsed_usd_bn"] > LEAST_USD_BN:
        return Reason.LAPSED
    if flow["tranche_waived_usd_bn"] > LEAST_USD_BN:
        return Reason.CONDITION_WAIVED
    if flow["call_asked_usd_bn"] > LEAST_USD_BN:
        met = flow["call_sold_usd_bn"] >= flow["call_asked_usd_bn"] * (1.0 - 1e-9)
        return Reason.CALL_MET if met else Reason.CALL_UNMET
    if waiting > LEAST_USD_BN:
        return Reason.WAITS_FOR_CONVERSION
    return Reason.PAID if paid > LEAST_USD_BN else Reason.NOTHING_DUE


def _conversion(note: dict[str, Any]) -> ConversionTalk:
    if note["before"] > 0.0:
        reason = Reason.CONVERTED_BEFORE
    elif note["happens"]:
        reason = Reason.CONVERTED
    else:
        reason = Reason.NO_GAIN if note["open"] else Reason.NOT_OPEN
    return ConversionTalk(
        kind="conversion",
        parties=("microsoft", "openai"),
        claim_usd_bn=note["claim"],
        gain_usd_bn=note["gain"],
        value_usd_bn=note["value"],
        stake=note["stake"] if note["happens"] else 0.0,
        reason=reason,
    )


def _stakes(row: np.ndarray) -> dict[str, float]:
    return {name: float(share) for name, share in zip(HOLDERS, row, strict=True)}


def _round(note: dict[str, Any], flow: dict[str, Any], deferred: float) -> RoundTalk:
    result, own = note["result"], note["own"]
    asked, raised = note["asked"], result["by_anchor"] + result["by_others"]
    if asked <= LEAST_USD_BN:
        reason = Reason.RAISED_ALREADY if flow.get("event_round.openai", 0.0) > 0.0 else Reason.NO_ROUND
    elif raised <= LEAST_USD_BN:
        reason = Reason.NO_TAKER
    else:
        reason = Reason.ROUND_CLOSED if raised >= asked * (1.0 - 1e-9) else Reason.ROUND_SHORT
    standing = own["cash_usd_bn"] + own["committed_usd_bn"]
    before = note["stakes"]
    paid_in = np.zeros(len(HOLDERS))
    paid_in[ANCHOR], paid_in[OTHERS] = result["by_anchor"], result["by_others"]
    after = dilute(before[:, None], np.array([result["pre_money"]]), paid_in[:, None])[:, 0]
    return RoundTalk(
        kind="equity round",
        parties=("openai", "softbank", "investors"),
        issuer="openai",
        need_usd_bn=asked,
        runway_quarters=standing / own["burn_usd_bn"] if own["burn_usd_bn"] > LEAST_USD_BN else None,
        reservation_usd_bn=note["reservation"],
        others_value_usd_bn=note["others_value"],
        others_supply_usd_bn=note["others_supply"],
        anchor="softbank",
        anchor_value_usd_bn=note["anchor_value"],
        anchor_room_usd_bn=note["room"],
        anchor_due_usd_bn=note["due"],
        pre_money_usd_bn=result["pre_money"],
        raised_usd_bn=raised,
        by_anchor_usd_bn=result["by_anchor"],
        by_others_usd_bn=result["by_others"],
        stakes_before=_stakes(before),
        stakes_after=_stakes(after),
        payments=payments(
            ("equity", "softbank", "openai", result["by_anchor"] * (1.0 - deferred)),
            ("equity", "investors", "openai", result["by_others"]),
        ),
        reason=reason,
    )


def _lab_round(note: dict[str, Any], flow: dict[str, Any]) -> LabRoundTalk:
    issuer, asked, raised = note["issuer"], note["asked"], note["raised"]
    if asked > LEAST_USD_BN and flow.get(f"event_round.{issuer}", 0.0) > 0.0:
        reason = Reason.RAISED_ALREADY
    elif asked <= LEAST_USD_BN:
        reason = Reason.NO_ROUND
    elif raised <= LEAST_USD_BN:
        reason = Reason.NO_TAKER
    else:
        reason = Reason.ROUND_CLOSED if raised >= asked * (1.0 - 1e-9) else Reason.SUPPLY_SHORT
    return LabRoundTalk(
        kind="lab round",
        parties=(issuer, "investors"),
        issuer=issuer,
        need_usd_bn=asked,
        value_usd_bn=note["value"],
        raised_usd_bn=raised,
        payments=payments(("equity", "investors", issuer, raised)),
        reason=reason,
    )
