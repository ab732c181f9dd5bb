"""Money promised on a condition: what becomes of it where the condition is not met by its date."""

from __future__ import annotations

from dataclasses import dataclass

from world.arrays import PerWorld, not_negative, require


@dataclass(frozen=True)
class Condition:
    """What becomes of money promised on a condition that is not met by its date; (worlds,) bn USD."""

    waived: PerWorld
    """Paid all the same: the investor waives the condition."""
    lapsed: PerWorld
    """Owed no more."""


def settle_condition(due_usd_bn: PerWorld, worth_usd_bn: PerWorld, room_usd_bn: PerWorld) -> Condition:
    """Let the investor waive the condition, or the promise lapse: it pays where the shares are worth the money to it.

    Args:    due_usd_bn    (worlds,)   bn USD promised, >= 0
             worth_usd_bn  (worlds,)   bn USD that the shares issued for it are worth to the investor
             room_usd_bn   (worlds,)   bn USD that it can pay without passing its limit
    Returns: Condition     (worlds,)   bn USD each
    Laws: waived and lapsed add up to what is due, and one of them is nothing; it waives only what is worth it and
        what it has room for; shares worth more, or more room, never let more lapse.
    Raises: ValueError if what is due is negative.
    """
    require(due_usd_bn, not_negative, "due_usd_bn", "at least zero")
    waived = due_usd_bn * ((worth_usd_bn >= due_usd_bn) & (room_usd_bn >= due_usd_bn))
    return Condition(waived, due_usd_bn - waived)
