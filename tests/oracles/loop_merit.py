"""Merit order as one would do it by hand: take the cheapest group of offers, share it, go on with what is missing."""

from __future__ import annotations

from fractions import Fraction


def merit_order_one_world(quantity: list[float], cost: list[float], wanted: float) -> list[float]:
    """What is taken of each offer, in exact fractions."""
    taken = [0.0] * len(quantity)
    missing = Fraction(wanted)
    for price in sorted(set(cost) - {float("inf")}):
        group = [row for row in range(len(quantity)) if cost[row] == price]
        on_offer = sum(Fraction(quantity[row]) for row in group)
        if on_offer > 0:
            part = min(Fraction(1), missing / on_offer)
            for row in group:
                taken[row] = float(Fraction(quantity[row]) * part)
            missing -= on_offer * part
    return taken
