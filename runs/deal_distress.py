"""The distress part of the deal sheet: rescues at a price, rents that providers cut, and what default leaves unpaid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from runs.deal_money import LEAST_USD_BN, Payment, payments
from runs.deal_reasons import Reason
from runs.recorder import Page, of_world


@dataclass(frozen=True)
class RescueTalk:
    """A lab that cannot pay: its holders bargain with other investors, the way out of both is default; $bn."""

    kind: str
    parties: tuple[str, ...]
    issuer: str
    short_usd_bn: float
    value_usd_bn: float
    """What it is worth if it goes on."""
    fallback_usd_bn: float
    """What its holders would keep in a default: the least that they take."""
    pre_money_usd_bn: float
    most_usd_bn: float
    """Most that the rescuers put in at that price."""
    stake_sold: float
    payments: tuple[Payment, ...]
    reason: Reason


@dataclass(frozen=True)
class LeaseRelief:
    """What one provider was owed this quarter and gave up, for good; $bn."""

    provider: str
    rent_usd_bn: float
    relet_usd_bn: float
    """What the capacity would bring it from another tenant: the least that it takes."""
    cut: float
    """Share of the rent, and of the price of the lease from now on, that it gives up."""
    reason: Reason


@dataclass(frozen=True)
class ReliefTalk:
    """A tenant whom nobody saves in full, and its providers; $bn."""

    kind: str
    parties: tuple[str, ...]
    tenant: str
    gap_usd_bn: float
    relief_usd_bn: float
    leases: tuple[LeaseRelief, ...]
    reason: Reason


@dataclass(frozen=True)
class DefaultTalk:
    """Dues that stayed unpaid once everything was tried, in order of seniority; $bn."""

    kind: str
    parties: tuple[str, ...]
    debtor: str
    unpaid: tuple[Payment, ...]
    reason: Reason


DistressTalk = RescueTalk | ReliefTalk | DefaultTalk


def distress_talks(page: Page, world: int) -> list[DistressTalk]:
    """The distress of a recorded quarter in one world: empty where everybody pays."""
    talks: list[DistressTalk] = []
    talks += [_rescue(note) for note in of_world(page.all("rescue"), world) if note["short"] > LEAST_USD_BN]
    talks += [
        _relief(note)
        for note in of_world(page.all("relief"), world)
        if note["gap"] > LEAST_USD_BN and note["rent"].max() > LEAST_USD_BN
    ]
    unpaid: dict[str, list[Payment]] = {}
    for note in of_world(page.all("unpaid"), world):
        if note["amount"] > LEAST_USD_BN:
            unpaid.setdefault(note["payer"], []).append(
                Payment(note["kind"], note["payer"], note["payee"], note["amount"])
            )
    talks += [
        DefaultTalk(
            kind="default",
            parties=tuple(dict.fromkeys((debtor, *(due.payee for due in dues)))),
            debtor=debtor,
            unpaid=tuple(dues),
            reason=Reason.CREDITORS_BECOME_HOLDERS if debtor == "openai" else Reason.WRITTEN_OFF,
        )
        for debtor, dues in unpaid.items()
    ]
    return talks


def _rescue(note: dict[str, Any]) -> RescueTalk:
    saved = note["saved"]
    paid, pre_money = saved["paid"], saved["pre_money"]
    return RescueTalk(
        kind="rescue",
        parties=(note["issuer"], "investors"),
        issuer=note["issuer"],
        short_usd_bn=note["short"],
        value_usd_bn=note["value"],
        fallback_usd_bn=saved["fallback"],
        pre_money_usd_bn=pre_money,
        most_usd_bn=note["most"],
        stake_sold=paid / (pre_money + paid) if paid > LEAST_USD_BN else 0.0,
        payments=payments(("equity", "investors", note["issuer"], paid)),
        reason=Reason.RESCUED if paid >= note["short"] * (1.0 - 1e-9) else Reason.RESCUED_IN_PART,
    )


def _relief(note: dict[str, Any]) -> ReliefTalk:
    leases = tuple(
        LeaseRelief(
            provider=provider,
            rent_usd_bn=float(rent),
            relet_usd_bn=float(relet),
            cut=float(cut),
            reason=Reason.RENT_CUT if cut > 0.0 else Reason.RELETS,
        )
        for provider, rent, relet, cut in zip(note["providers"], note["rent"], note["relet"], note["cut"], strict=True)
        if rent > LEAST_USD_BN
    )
    relief = sum((lease.cut * lease.rent_usd_bn for lease in leases), 0.0)
    return ReliefTalk(
        kind="lease restructuring",
        parties=(note["tenant"], *(lease.provider for lease in leases)),
        tenant=note["tenant"],
        gap_usd_bn=note["gap"],
        relief_usd_bn=relief,
        leases=leases,
        reason=Reason.RELIEVED if relief >= note["gap"] * (1.0 - 1e-9) else Reason.RELIEVED_IN_PART,
    )
