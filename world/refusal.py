"""The right of first refusal: its holder sees every outside offer before the tenant may sign it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from world.arrays import Flags, PerWorld, not_negative, require
from world.rows import NOT_NEGATIVE, number_or_never, stretched


@dataclass(frozen=True, slots=True)
class Matched:
    """What became of an outside offer that was put to the holder of a right of first refusal.

    Attributes:     shape        unit
        matched     (worlds,)    M H100e that the holder supplies itself, on the outside offer's terms
        waived      (worlds,)    M H100e that it lets go to the outside provider; counted
    """

    matched: PerWorld
    waived: PerWorld


def match_first_refusal(
    outside_price: object,
    outside_delay: object,
    holder_price: object,
    holder_delay: object,
    holder_appetite: object,
    quantity: object,
    holds: object,
) -> Matched:
    """Put an outside offer to the holder of the right: it matches price and date, up to its appetite, or waives.

    It matches where it can be as early and where the offered price is at least the lowest that it takes; what it
    matches, it supplies at the outside price. Where nobody holds the right, nothing is put to anyone: both are zero,
    and the outside offer may be signed.

    Args: each a number or (worlds,)   unit
        outside_price                  price of the outside offer, any unit per M H100e
        outside_delay                  quarters until it delivers
        holder_price                   the lowest price that the holder takes, same unit; infinite: never
        holder_delay                   quarters until the holder could deliver; infinite: never
        holder_appetite                M H100e, >= 0; the most that it is ready to supply
        quantity                       M H100e, >= 0, (worlds,); the outside offer that the tenant would take
        holds                          truth value; where the right holds
    Returns: Matched
    Laws (tests/invariants/test_refusal.py): never bypassed: matched + waived = quantity where it holds; matched is
        within appetite; nothing is matched above the outside price or later than the outside date; a better outside
        offer (cheaper, earlier) is never matched more.
    Raises: ValueError naming argument and world if a quantity is negative or an entry is not a number.
    """
    offer = np.atleast_1d(require(np.asarray(quantity, dtype=np.float64), not_negative, "quantity", NOT_NEGATIVE))
    shape = offer.shape
    price, delay, least_price, own_delay = (
        stretched(value, shape, name, number_or_never, "a number, or infinity: never")
        for value, name in (
            (outside_price, "outside_price"),
            (outside_delay, "outside_delay"),
            (holder_price, "holder_price"),
            (holder_delay, "holder_delay"),
        )
    )
    ready = np.isfinite(least_price) & np.isfinite(own_delay)
    appetite = np.where(ready, stretched(holder_appetite, shape, "holder_appetite"), 0.0)
    right = stretched(holds, shape, "holds", lambda array: (array == 0.0) | (array == 1.0), "true or false") > 0.0

    return match_or_waive(price, delay, least_price, own_delay, appetite, offer, right)


def match_or_waive(
    outside_price: PerWorld,
    outside_delay: PerWorld,
    holder_price: PerWorld,
    holder_delay: PerWorld,
    holder_appetite: PerWorld,
    quantity: PerWorld,
    holds: Flags,
) -> Matched:
    """As `match_first_refusal`, of arrays that are known to be right."""
    able = (holder_price <= outside_price) & (holder_delay <= outside_delay)
    put_to_holder = np.where(holds, quantity, 0.0)
    matched = np.where(able, np.minimum(put_to_holder, holder_appetite), 0.0)
    return Matched(matched=matched, waived=put_to_holder - matched)
