"""The market without negotiation: what negotiation changes is measured against it.

Every tenant orders in the shares of the start and pays the provider's reservation. Nothing is
compared, put to the holder of a right, or bargained; all tenants are cut alike where an offer does not suffice.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64

from agents.cast import TENANTS
from world.arrays import PerRow, fold, ratio
from world.bargaining import Bargain

RIVAL_SHARES = np.array([0.1, 0.0, 0.0, 0.9])[:, None]
"""Where rival labs stand at the start: nearly all with the rival clouds that fund or own them."""


def fixed_shares(
    start_shares: Float64[np.ndarray, "providers worlds"],
    offered: Float64[np.ndarray, "offers worlds"],
    wanted: Float64[np.ndarray, "tenants worlds"],
) -> Float64[np.ndarray, "tenants offers worlds"]:
    """What each tenant orders from each offer, M H100e.

    Args:
        start_shares   (providers, worlds)   OpenAI's shares at the start, adding up to one
        offered        (offers, worlds)      M H100e; the providers' offers, then what is kept for rival labs
        wanted         (tenants, worlds)     M H100e
    Returns:           (tenants, offers, worlds) M H100e, within the offers and within what is wanted
    """
    nobody = np.zeros_like(start_shares[:1])
    rival = RIVAL_SHARES * np.ones_like(offered)
    shares = [np.concatenate([start_shares, nobody]), *(rival for _ in TENANTS[1:])]
    asked = np.array([share * want for share, want in zip(shares, wanted, strict=True)])
    cut = np.minimum(ratio(offered, fold(asked), 1.0), 1.0)
    return asked * cut


def as_ordered(quantity: PerRow, reservation: PerRow) -> Bargain:
    """The leases of one tenant at the providers' reservation, whatever the market asks: nobody gains on them.

    Args: quantity (offers, worlds) M H100e; reservation (offers, worlds) bn USD per M H100e over the term.
    """
    nothing = np.zeros_like(quantity[0])
    return Bargain(quantity, reservation * quantity, nothing, np.zeros_like(quantity), nothing)
