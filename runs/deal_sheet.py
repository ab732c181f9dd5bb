"""The deal sheet of a quarter: every negotiation of one world, in the order of the quarter, as plain numbers.

The sheet is held to the books: what it says was signed is what the lease book took in, and the equity that it says
was paid, all loans and the holdings that SoftBank sold are what the ledger moved (`leases_signed`, `paid`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np

from agents.cast import Cast
from runs.deal_capacity import LEAST_H100E_M, CapacityTalk, capacity_talks
from runs.deal_cluster import ClusterTalk, cluster_talk
from runs.deal_credit import LoanTalk, loan_talks
from runs.deal_distress import DistressTalk, distress_talks
from runs.deal_finance import FinanceTalk, finance_talk
from runs.deal_money import LEAST_USD_BN, MoneyTalk, Payment, money_talks
from runs.deal_release import ReleaseTalk, release_talk
from runs.deal_supply import ChipTalk, OwnChipTalk, SupplyTalk, supply_talks
from runs.events import events_of
from runs.recorder import of_world
from world.calendar import quarter_label

if TYPE_CHECKING:
    from runs.model import ComputeMarket

CLUSTER_TENANT = "openai"
"""Whose cluster it is."""


@dataclass(frozen=True)
class LeaseSigned:
    """A lease that an event brought, M H100e."""

    provider: str
    tenant: str
    h100e_m: float


@dataclass(frozen=True)
class RecordTalk:
    """What the record or the scenario brings this quarter without a negotiation in the model."""

    kind: str
    parties: tuple[str, ...]
    events: tuple[dict[str, Any], ...]
    leases: tuple[LeaseSigned, ...]
    payments: tuple[Payment, ...]


Talk = (
    RecordTalk
    | CapacityTalk
    | ReleaseTalk
    | ClusterTalk
    | MoneyTalk
    | FinanceTalk
    | SupplyTalk
    | ChipTalk
    | OwnChipTalk
    | LoanTalk
    | DistressTalk
)


@dataclass(frozen=True)
class DealSheet:
    """Every negotiation of one quarter in one world."""

    scenario: str
    world: int
    """Its number."""
    seed: int
    quarter: str
    talks: tuple[Talk, ...]
    cast: Cast

    def about(self, firm: str) -> DealSheet:
        """The same sheet with the negotiations in which a firm takes part."""
        mine = tuple(talk for talk in self.talks if firm in talk.parties)
        return DealSheet(self.scenario, self.world, self.seed, self.quarter, mine, self.cast)

    def leases_signed(self) -> np.ndarray:
        """What the sheet says was signed, (pairs,) M H100e."""
        signed, row = np.zeros(len(self.cast.pairs)), self.cast.pair
        for talk in self.talks:
            if isinstance(talk, CapacityTalk):
                for offer in talk.offers:
                    signed[row[offer.provider, talk.tenant]] += offer.signed_h100e_m
            if isinstance(talk, ReleaseTalk):
                signed[row[talk.holder, talk.tenant]] += talk.committed_h100e_m
            if isinstance(talk, ClusterTalk) and talk.signed_by is not None:
                signed[row[talk.signed_by, CLUSTER_TENANT]] += talk.size_h100e_m
            if isinstance(talk, RecordTalk):
                for lease in talk.leases:
                    signed[row[lease.provider, lease.tenant]] += lease.h100e_m
        return signed

    def paid(self, kind: str) -> dict[tuple[str, str], float]:
        """What the sheet says was paid of one kind of payment, $bn by (payer, payee)."""
        found: dict[tuple[str, str], float] = {}
        for talk in self.talks:
            for payment in getattr(talk, "payments", ()):
                if payment.kind == kind:
                    key = (payment.payer, payment.payee)
                    found[key] = found.get(key, 0.0) + payment.usd_bn
        return found

    def equity_paid(self) -> dict[tuple[str, str], float]:
        """What the sheet says was paid for new shares, $bn by (payer, payee)."""
        return self.paid("equity")

    def as_dictionary(self) -> dict[str, Any]:
        """Plain numbers and text, fit for JSON; a reason is {"name", "sentence"}."""
        return {
            "scenario": self.scenario,
            "world": self.world,
            "seed": self.seed,
            "quarter": self.quarter,
            "negotiations": [_plain(asdict(talk)) for talk in self.talks],
        }


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return {"name": value.name.lower().replace("_", "-"), "sentence": value.value}
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    return value.item() if isinstance(value, np.generic) else value


def deal_sheet(market: ComputeMarket, quarter: int, world: int = 0) -> DealSheet:
    """The sheet of a quarter that was recorded.

    Args: quarter: calendar number; world: its place on the axis of the run.
    Raises: ValueError if there is no record of that quarter.
    """
    if market.recorder is None or quarter not in market.recorder.pages:
        raise ValueError(f"deal sheet: {quarter_label(quarter)} was not recorded")
    page, cast = market.recorder.pages[quarter], market.cast
    record, release = _record(market, quarter, world), release_talk(page, world)
    cluster = cluster_talk(page, world)
    return DealSheet(
        scenario=market.settings.name,
        world=int(market.draws.world_numbers[world]),
        seed=int(market.draws.seed),
        quarter=quarter_label(quarter),
        talks=(
            *([record] if record is not None else []),
            *money_talks(market, page, world),
            finance_talk(market, page, world),
            *capacity_talks(page, world, quarter, market.settings.negotiate, cast),
            *([release] if release is not None else []),
            *([cluster] if cluster is not None else []),
            *supply_talks(market, page, world),
            *loan_talks(page, world, cast),
            *distress_talks(page, world),
        ),
        cast=cast,
    )


def _record(market: ComputeMarket, quarter: int, world: int) -> RecordTalk | None:
    """What the events of the quarter signed and paid."""
    assert market.recorder is not None
    page = market.recorder.pages[quarter]
    label = quarter_label(quarter)
    events = [event for event in events_of(market.settings) if event.quarter == label]
    if not events:
        return None
    before, after = of_world(page.one("before"), world), of_world(page.one("events"), world)
    new = after["signed"] - before["signed"]
    leases = tuple(
        LeaseSigned(pair[0], pair[1], float(new[k]))
        for k, pair in enumerate(market.cast.pairs)
        if new[k] > LEAST_H100E_M
    )
    payments = tuple(
        Payment(kind, payer, payee, usd_bn)
        for (kind, payer, payee), usd_bn in after["flows"].items()
        if usd_bn > LEAST_USD_BN and payer != "rest_of_world"
    )
    parties = {name for lease in leases for name in (lease.provider, lease.tenant)}
    parties |= {name for payment in payments for name in (payment.payer, payment.payee)}
    told = [str(value) for event in events for value in event.arguments.values() if isinstance(value, str)]
    return RecordTalk(
        kind="record",
        parties=tuple(sorted(parties | {name for name in told if name in market.cast.sectors})),
        events=tuple(_plain({"kind": event.kind, "arguments": event.arguments}) for event in events),
        leases=leases,
        payments=payments,
    )
