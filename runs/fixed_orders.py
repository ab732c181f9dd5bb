"""The market without negotiation: what negotiation changes is measured against it.

Every tenant orders in the shares of the start and pays the provider's reservation. Nothing is
compared, put to the holder of a right, or bargained; all tenants are cut alike where an offer does not suffice.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64

from world.arrays import PerRow, fold, ratio
from world.bargaining import Bargain

RIVALS_WITH_MICROSOFT = 0.1
"""Part of what rival labs lease that Microsoft lets; the rest is with the rival clouds that fund or own them."""


def fixed_shares(
    start_shares: Float64[np.ndarray, "providers worlds"],
    offered: Float64[np.ndarray, "offers worlds"],
    wanted: Float64[np.ndarray, "tenants worlds"],
) -> Float64[np.ndarray, "offers tenants worlds"]:
    """What each tenant orders from each offer, M H100e.

    Args:
        start_shares   (providers, worlds)   OpenAI's shares at the start, adding up to one
        offered        (offers, worlds)      M H100e; the providers' offers, then what is kept for rival labs
        wanted         (tenants, worlds)     M H100e
    Returns:           (offers, tenants, worlds) M H100e, within the offers and within what is wanted
    """
    nobody = np.zeros_like(start_shares[:1])
    rival = np.zeros_like(offered)
    rival[0], rival[-1] = RIVALS_WITH_MICROSOFT, 1.0 - RIVALS_WITH_MICROSOFT
    shares = [np.concatenate([start_shares, nobody]), *(rival for _ in wanted[1:])]
    asked = np.stack([share * want for share, want in zip(shares, wanted, strict=True)], axis=1)
    cut = np.minimum(ratio(offered, fold(asked.swapaxes(0, 1)), 1.0), 1.0)
    return asked * cut[:, np.newaxis]


def as_ordered(quantity: Float64[np.ndarray, "offers tenants worlds"], reservation: PerRow) -> Bargain:
    """The leases of all tenants at the providers' reservation, whatever the market asks: nobody gains on them.

    Args: quantity (offers, tenants, worlds) M H100e; reservation (offers, worlds) bn USD per M H100e over the term.
    """
    nothing = np.zeros_like(quantity[0])
    return Bargain(quantity, reservation[:, np.newaxis] * quantity, nothing, np.zeros_like(quantity), nothing)
