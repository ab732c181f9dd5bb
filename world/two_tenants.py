"""The transportation problem of two tenants in closed form: comparative advantage, then bids for one shared offer.

Sorted by how much more they are worth to the second tenant than to the first, the offers before some place serve the
first tenant and those after it the second, as in trade between two countries; only the offer at that place is shared.
For a unit of it each tenant bids what it gains over the unit that it would give up, and the highest bids win.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64

from world.arrays import Flags, PerWorld, fold, some
from world.merit import Ranks, add_up, in_merit_order, ranks

PerOffer = Float64[np.ndarray, "offers worlds"]
PerTenant = Float64[np.ndarray, "2 worlds"]
PerSide = Float64[np.ndarray, "offers 2 worlds"]
OfferFlags = Bool[np.ndarray, "offers worlds"]


def share_between_two(worth: PerSide, offered: PerOffer, wanted: PerTenant, near: PerWorld) -> tuple[PerSide, Flags]:
    """The allocation with the largest sum of worth times quantity, and where it needs another method.

    Args:
        worth     (offers, 2, worlds)   any unit per unit of quantity; at or below 0: never allocated
        offered   (offers, worlds)      quantity, >= 0
        wanted    (2, worlds)           quantity, >= 0
        near      (worlds,)             what is worth no more than this apart is worth the same
    Returns:
        allocated (offers, 2, worlds)   where both bid the same, the mean over who is served first
        tied      (worlds,)             another offer ties with the shared one: an index would decide, do not use it
    """
    sides = _Sides.of(np.maximum(worth, 0.0), offered, wanted, near)
    ranked = np.sort(np.where(sides.contested, sides.advantage, np.inf), axis=0, kind="stable")
    limit = _place(sides, ranked)
    shared = sides.contested & (sides.advantage == limit)
    size = fold(offered * shared)
    own = sides.parted(sides.advantage < limit, sides.advantage > limit)
    most = _most_each(sides, own, fold(sides.gain * shared[:, np.newaxis]), size)
    # Open to each is what the other does not need; where both bid the same, half of what both could have.
    both_could = np.maximum(fold(most) - size, 0.0)
    own += shared[:, np.newaxis] * (size - most[::-1] + 0.5 * both_could)
    allocated = in_merit_order(own, sides.order, wanted)

    ties = (ranked[1:] <= ranked[:-1] + near) & (ranked[1:] < np.inf)
    oversold = fold(allocated.swapaxes(0, 1)) > offered * (1.0 + 1e-14)
    return allocated, ties.any(axis=0) | oversold.any(axis=0)


@dataclass(frozen=True)
class _Sides:
    """Two tenants before the same offers."""

    gain: PerSide
    order: Ranks
    """What is worth more to a tenant than each offer, and what is worth the same."""
    usable: PerSide
    """What each can use."""
    contested: OfferFlags
    """Where both can use something."""
    advantage: PerOffer
    """What an offer is worth to the second tenant more than to the first."""
    wanted: PerTenant
    enough: PerTenant
    """A tenant reaches an offer before which it has no more than this: the first all that it wants, the second less."""
    near: PerWorld

    @classmethod
    def of(cls, gain: PerSide, offered: PerOffer, wanted: PerTenant, near: PerWorld) -> _Sides:
        usable = offered[:, np.newaxis] * (gain > 0.0)
        contested = (usable[:, 0] > 0.0) & (usable[:, 1] > 0.0)
        enough = np.array([wanted[0], np.nextafter(wanted[1], -1.0)])
        return cls(gain, ranks(-gain), usable, contested, gain[:, 1] - gain[:, 0], wanted, enough, near)

    def parted(self, first: OfferFlags, second: OfferFlags) -> PerSide:
        """Capacity of each tenant that has to itself what only it can use, and of the rest these offers."""
        own, alone = np.empty(self.usable.shape, dtype=bool), ~self.contested
        np.logical_or(alone, first, out=own[:, 0])
        np.logical_or(alone, second, out=own[:, 1])
        return self.usable * own

    def before(self, own: PerSide) -> PerSide:
        """Capacity that is worth more to its tenant than each offer."""
        return add_up(self.order.cheaper, own)


def _place(sides: _Sides, ranked: PerOffer) -> PerWorld:
    """The advantage of the offer that is shared: the first tenant keeps those before it whole and none after it.

    Args: ranked: advantage of what both can use, the least first.
    """
    low = np.zeros(ranked.shape[1:], dtype=np.intp)
    high = np.maximum(fold(sides.contested.astype(np.float64)).astype(np.intp) - 1, 0)
    world = np.arange(low.size)
    while some(low < high):
        middle = (low + high) // 2
        # In worlds that are done this asks once more of the same offer, and changes nothing.
        kept = _kept_whole(sides, ranked[middle, world]) & (low < high)
        low, high = np.where(kept, middle + 1, low), np.where(kept, high, middle)
    return ranked[low, world]


def _kept_whole(sides: _Sides, advantage: PerWorld) -> Flags:
    """Whether the first tenant, that has all offers up to this advantage, would give up none of the last."""
    first = sides.advantage <= advantage
    own = sides.parted(first, ~first)
    before, total = sides.before(own), fold(own)
    # What the first tenant would take instead, and what the second one would leave for it; at worst nothing.
    margin = np.where(before <= sides.enough, sides.gain, np.inf).min(axis=0)
    instead, left = np.where(total <= sides.enough, 0.0, margin)
    return advantage < left - instead - sides.near


def _most_each(sides: _Sides, own: PerSide, worth: PerTenant, size: PerWorld) -> PerTenant:
    """The most of the shared offer that each tenant wins if it is served first where both bid the same, (2, worlds).

    Args: own: what each has to itself; worth: (2, worlds) of the shared offer; size: (worlds,) of it.
    """
    # A unit in place of one of each offer or of none, and how much a tenant would take in their place.
    bid = np.concatenate([worth - sides.gain, worth[np.newaxis]])
    instead_of = np.concatenate([sides.before(own), fold(own)[np.newaxis]])
    upto = np.minimum(np.maximum(sides.wanted - instead_of, 0.0), size) * (bid > sides.near)
    rivals, taken = bid[:, np.newaxis, ::-1], upto[:, np.newaxis, ::-1]
    outbid = (taken * (rivals > bid + sides.near)).max(axis=0)
    most: PerTenant = np.minimum(upto, size - outbid).max(axis=0)
    return most
