"""The very large cluster on the deal sheet: its two bids, and which one was taken."""

from __future__ import annotations

from dataclasses import dataclass

from runs.cluster import BIDDERS, NONE
from runs.deal_reasons import Reason
from runs.recorder import Page, of_world


@dataclass(frozen=True)
class BidTalk:
    """One bid; prices in $ per effective H100e-hour."""

    bidder: str
    price_usd_h: float
    effective_usd_h: float
    """Price with its delay and the dependence that it brings."""
    capital_rate: float
    """Yearly cost of its capital."""
    lead_quarters: float
    reason: Reason


@dataclass(frozen=True)
class ClusterTalk:
    """Two bids for one very large project."""

    kind: str
    parties: tuple[str, ...]
    cost_usd_bn: float
    size_h100e_m: float
    lacking_h100e_m: float
    """What the tenant lacks at its planning horizon."""
    worth_usd_h: float
    """The most that it would pay, $/effective H100e-hour."""
    signed_by: str | None
    bids: tuple[BidTalk, ...]


def cluster_talk(page: Page, world: int) -> ClusterTalk | None:
    """The bids of a recorded quarter in one world; None once the cluster is let."""
    note = of_world(page.one("cluster"), world)
    if not note or note["state"] != NONE:
        return None
    wanted = note["lacking"] >= note["size"]
    bids = []
    for row, name in enumerate(BIDDERS):
        bid = note["bids"][row]
        if note["taken"][row]:
            reason = Reason.CLUSTER_WON
        elif not note["able"][row]:
            reason = Reason.CLUSTER_UNABLE
        else:
            reason = Reason.CLUSTER_LOST if wanted else Reason.CLUSTER_NOT_WANTED
        effective = float(note["effective"][row])
        rate, lead = bid["capital_rate"], bid["lead_quarters"]
        bids.append(BidTalk(name, bid["price_usd_h"], effective, rate, lead, reason))
    winners = [name for row, name in enumerate(BIDDERS) if note["taken"][row]]
    return ClusterTalk(
        kind="cluster",
        parties=("openai", *BIDDERS),
        cost_usd_bn=note["cost"],
        size_h100e_m=note["size"],
        lacking_h100e_m=note["lacking"],
        worth_usd_h=note["worth"],
        signed_by=winners[0] if winners else None,
        bids=tuple(bids),
    )
