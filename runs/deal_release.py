"""The exclusivity part of the deal sheet: what the next step of a tenant's freedom is worth, and what paid for it."""

from __future__ import annotations

from dataclasses import dataclass

from agents.openai import OPEN, SOLE_PROVIDER
from runs.deal_reasons import Reason
from runs.exclusivity import MOST_STAKE
from runs.recorder import Page, of_world

STATES = {2.0: "sole provider", 1.0: "right of first refusal", 0.0: "none"}
"""What is left of exclusivity, in words."""


@dataclass(frozen=True)
class ReleaseTalk:
    """The next step of exclusivity's end: the tenant's gain against the holder's loss; $bn."""

    kind: str
    parties: tuple[str, ...]
    holder: str
    tenant: str
    state: str
    wanted: str
    gain_usd_bn: float
    """What the tenant would save over the years that the contract still counts: the most that it pays."""
    besides_usd_bn: float
    """What it gains from the rest of the package, the conversion."""
    loss_usd_bn: float
    """What the holder would lose: margin and influence on what would go elsewhere."""
    late_share: float
    """How much of what it had to deliver is late: that part of its loss it cannot claim."""
    claim_usd_bn: float
    """The least that the holder takes."""
    price_usd_bn: float
    committed_h100e_m: float
    rent_usd_bn: float
    """Take-or-pay rent of what is committed, over its term."""
    stake: float
    stake_usd_bn: float
    reason: Reason


def release_talk(page: Page, world: int) -> ReleaseTalk | None:
    """The talk of a recorded quarter in one world; None where nothing is left to negotiate."""
    note = of_world(page.one("release"), world)
    if not note or note["state"] <= OPEN:
        return None
    wanted = OPEN if note["package"] else note["state"] - 1.0
    happens = bool(note["happens"])
    return ReleaseTalk(
        kind="exclusivity",
        parties=("openai", "microsoft"),
        holder="microsoft",
        tenant="openai",
        state=STATES[min(note["state"], SOLE_PROVIDER)],
        wanted=STATES[wanted],
        gain_usd_bn=note["gain"],
        besides_usd_bn=note["besides"],
        loss_usd_bn=note["loss"],
        late_share=note["excuse"],
        claim_usd_bn=note["offered"]["claim"],
        price_usd_bn=note["offered"]["price"] if happens else 0.0,
        committed_h100e_m=note["commitment"],
        rent_usd_bn=note["rent"],
        stake=note["stake"],
        stake_usd_bn=note["stake"] * note["value"],
        reason=_reason(note),
    )


def _reason(note: dict[str, float]) -> Reason:
    if note["happens"]:
        return Reason.RELEASED
    if not note["pressed"]:
        return Reason.NOT_PRESSED
    return Reason.FREEDOM_TOO_DEAR if note["stake_asked"] > MOST_STAKE else Reason.FREEDOM_WORTH_LITTLE
