"""Switching on the chips of one operator in one world: level by level, from the most efficient up."""

from __future__ import annotations

from collections.abc import Sequence


def energise_one(chips: Sequence[float], kw_per_h100e: Sequence[float], power_gw: float) -> list[float]:
    deployed = [0.0] * len(chips)
    left = power_gw
    for kw in sorted(set(kw_per_h100e)):
        level = [g for g in range(len(chips)) if kw_per_h100e[g] == kw]
        needed = sum(chips[g] * kw for g in level)
        share = 1.0 if needed <= left else max(left, 0.0) / needed
        for g in level:
            deployed[g] = chips[g] * share
        left -= min(needed, left)
    return deployed


class LoopFleet:
    """One generation of one operator in one world."""

    def __init__(self, sold: float, landed: float) -> None:
        self.installed, self.landed = sold - landed, landed
        self.below = 0

    def land(self, arrivals: float) -> None:
        self.installed += self.landed
        self.landed = arrivals

    def wear(self, attrition_per_year: float) -> None:
        self.installed *= (1.0 - attrition_per_year) ** 0.25

    def retire(self, price: float, cash_cost: float, hazard: float, patience: float) -> None:
        self.below = self.below + 1 if price < cash_cost else 0
        self.installed *= 1.0 - hazard * min(self.below / patience, 1.0)
