"""A right of first refusal in one world, as a lawyer would read it."""

from __future__ import annotations

import math


def first_refusal_one_world(
    outside_price: float,
    outside_delay: float,
    holder_price: float,
    holder_delay: float,
    holder_appetite: float,
    quantity: float,
    holds: bool,
) -> tuple[float, float]:
    """Matched and waived."""
    if not holds:
        return 0.0, 0.0
    if math.isinf(holder_price) or holder_price > outside_price:
        return 0.0, quantity
    if math.isinf(holder_delay) or holder_delay > outside_delay:
        return 0.0, quantity
    matched = min(quantity, holder_appetite)
    return matched, quantity - matched
