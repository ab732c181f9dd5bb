"""Weighted max-min fairness by the textbook: raise everyone's level together, freeze whoever is served."""

from __future__ import annotations

from fractions import Fraction


def ration_one_world(order: list[float], weight: list[float], supply: float) -> list[float]:
    """What each gets, in exact fractions; rows of weight 0 share equally what the others leave."""
    filled = [Fraction(0)] * len(order)
    left = Fraction(supply)
    for tier in (
        {row: Fraction(weight[row]) for row in range(len(order)) if weight[row] > 0.0},
        {row: Fraction(1) for row in range(len(order)) if weight[row] == 0.0},
    ):
        hungry = {row for row in tier if order[row] > 0.0}
        while hungry and left > 0:
            by_supply = left / sum(tier[row] for row in hungry)
            by_order = min((Fraction(order[row]) - filled[row]) / tier[row] for row in hungry)
            rise = min(by_supply, by_order)
            for row in hungry:
                filled[row] += rise * tier[row]
                left -= rise * tier[row]
            hungry = {row for row in hungry if filled[row] < Fraction(order[row])}
    return [float(amount) for amount in filled]
