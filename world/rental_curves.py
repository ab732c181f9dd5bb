"""Demand for and supply of rented compute at given prices, in every world at once (DESIGN 6.1).

Inside this file and `dual_newton.py` arrays are generation first, (generations, buyers, worlds) and
(generations, suppliers, worlds), so that sums over generations run over contiguous blocks.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from world.arrays import fold, pick_worlds


def fold_rows(values: np.ndarray) -> np.ndarray:
    """Add what lies along the second axis, one after the other: (..., rows, worlds), mostly buyers or suppliers."""
    return fold(values.swapaxes(0, 1))


@dataclass(frozen=True)
class RentalCurves:
    """One market for each world, checked and broadcast, in the form that the prices are solved in.

    Quantities are M H100e, prices USD per H100e-hour. What is the same in every world may have a last axis of 1.
    """

    taste: np.ndarray
    """(theta / the buyer's highest)^sigma, (generations, buyers, worlds); zero for what a buyer cannot use or nobody
    offers there."""
    log_taste: np.ndarray
    """The logarithm of that, -inf for zero."""
    best_taste: np.ndarray
    """sigma log theta of the buyer's highest theta, (buyers, worlds)."""
    steep: np.ndarray | None
    """Where sigma is so high that weights in a price index can overflow, (worlds,) bool; None if nowhere."""
    taste_power: np.ndarray
    """1 - sigma, (buyers, worlds), below zero; one row if it is the same for all buyers."""
    index_power: np.ndarray
    """1 / (1 - sigma), (buyers, worlds)."""
    spending_power: np.ndarray
    """1 - epsilon, (buyers, worlds), or one row for all buyers: spending is scale P^(1 - epsilon)."""
    scale: np.ndarray
    """Demand scale, (buyers, worlds); zero for a buyer with nothing usable."""
    welfare_scale: np.ndarray
    """scale / (1 - epsilon), (buyers, worlds); zero where epsilon is one."""
    log_welfare_scale: np.ndarray | None
    """scale where epsilon is one, else zero, (buyers, worlds); None if it is one nowhere."""
    capacity: np.ndarray
    """Offered capacity, (generations, suppliers, worlds)."""
    reserve: np.ndarray
    """Reservation price, (generations, suppliers, worlds)."""
    per_band: np.ndarray
    """1 / (band x reserve): the share offered per dollar of price, (generations, suppliers, worlds)."""
    half_band: np.ndarray
    """Half the width of the band, USD per H100e-hour, (generations, suppliers, worlds)."""
    offered: np.ndarray
    """Capacity over all suppliers, (generations, worlds)."""
    traded: np.ndarray
    """Where somebody offers and somebody can use the generation, (generations, worlds), bool."""
    grain: np.ndarray
    """Excess demand that one rounding of the price makes, (generations, worlds): no solver can do better."""
    floor: np.ndarray
    """Lowest price of the box, (worlds,)."""
    cap: np.ndarray
    """Highest price of the box, (worlds,)."""

    def pick(self, worlds: np.ndarray) -> RentalCurves:
        """The market of the named worlds only."""
        arrays = (getattr(self, each.name) for each in fields(self))
        return RentalCurves(
            *(each if each is None or each.shape[-1] == 1 else pick_worlds(each, worlds) for each in arrays)
        )


@dataclass
class RentalPoint:
    """What buyers and suppliers want at one price vector."""

    spending: np.ndarray
    """Each buyer's spending on each generation, (generations, buyers, worlds), M USD per hour."""
    spent: np.ndarray
    """Each buyer's spending on all generations, (buyers, worlds)."""
    log_index: np.ndarray
    """Logarithm of each buyer's price index, (buyers, worlds)."""
    log_spending: np.ndarray
    """(1 - epsilon) log_index, (buyers, worlds)."""
    earned: np.ndarray
    """All buyers' spending on each generation, (generations, worlds)."""
    demand: np.ndarray
    """(generations, worlds), M H100e."""
    margin: np.ndarray
    """Price over the reserve, (generations, suppliers, worlds), USD per H100e-hour."""
    reach: np.ndarray
    """Margin in widths of the band, (generations, suppliers, worlds)."""
    offered_share: np.ndarray
    """Share of its capacity that each supplier offers, (generations, suppliers, worlds), in [0, 1]."""
    quantity: np.ndarray
    """What each supplier offers, (generations, suppliers, worlds), M H100e."""
    supply: np.ndarray
    """(generations, worlds), M H100e."""

    def pick(self, worlds: np.ndarray) -> RentalPoint:
        """The point of the named worlds only."""
        return RentalPoint(*(pick_worlds(getattr(self, each.name), worlds) for each in fields(self)))

    def dual(self, curves: RentalCurves) -> np.ndarray:
        """Phi: buyers' indirect utility plus suppliers' profit, (worlds,), M USD per hour."""
        # -V = scale (P^(1 - eps) - 1) / (1 - eps), with its limit scale log P where eps is one.
        welfare = np.expm1(self.log_spending)
        welfare = welfare * curves.welfare_scale
        if curves.log_welfare_scale is not None:
            welfare += curves.log_welfare_scale * self.log_index
        # Profit is the integral of supply: quantity times the margin less half the part of the band that is used.
        profit = curves.half_band * self.offered_share
        np.subtract(self.margin, profit, out=profit)
        profit *= self.quantity
        return fold(fold_rows(profit)) - fold(welfare)

    def supply_slope(self, curves: RentalCurves) -> np.ndarray:
        """Derivative of supply by price, (generations, worlds), zero outside every band."""
        slope = curves.capacity * curves.per_band
        slope *= self.reach == self.offered_share
        return fold_rows(slope)


@dataclass(frozen=True)
class RentalSolution:
    """Prices found, world by world, and what both sides want at them."""

    price: np.ndarray
    """(generations, worlds), USD per H100e-hour."""
    spending: np.ndarray
    """(generations, buyers, worlds), M USD per hour."""
    quantity: np.ndarray
    """What each supplier offers, (generations, suppliers, worlds), M H100e."""
    demand: np.ndarray
    """(generations, worlds), M H100e."""
    supply: np.ndarray
    """(generations, worlds), M H100e."""
    log_index: np.ndarray
    """Logarithm of each buyer's price index, (buyers, worlds)."""
    steps: np.ndarray
    """Newton steps, (worlds,); -1 in a world that was given up."""

    @classmethod
    def at(cls, price: np.ndarray, point: RentalPoint, steps: np.ndarray) -> RentalSolution:
        """All worlds at the prices where the search stands; it keeps the arrays and may write into them."""
        return cls(price, point.spending, point.quantity, point.demand, point.supply, point.log_index, steps)

    def record(self, worlds: np.ndarray, price: np.ndarray, point: RentalPoint) -> None:
        """Write down where the search stands in the numbered worlds."""
        self.price[:, worlds] = price
        for name in ("spending", "quantity", "demand", "supply", "log_index"):
            getattr(self, name)[..., worlds] = getattr(point, name)


def evaluate(curves: RentalCurves, price: np.ndarray) -> RentalPoint:
    """Demand and supply at prices (generations, worlds) within the box."""
    weight, log_unit = index_weights(curves, np.log(price))
    total = fold(weight)
    log_index = np.log(total)
    log_index += log_unit
    log_index *= curves.index_power
    log_spending = curves.spending_power * log_index
    spent = np.exp(log_spending)
    spent *= curves.scale
    weight *= spent / total
    earned = fold_rows(weight)

    margin = price[:, None] - curves.reserve
    reach = margin * curves.per_band
    offered_share = reach.clip(0.0, 1.0)
    quantity = curves.capacity * offered_share
    supply = fold_rows(quantity)
    return RentalPoint(
        weight, spent, log_index, log_spending, earned, earned / price, margin, reach, offered_share, quantity, supply
    )


def index_weights(curves: RentalCurves, log_price: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """theta^sigma p^(1 - sigma) in a buyer's unit, (generations, buyers, worlds), and the unit's logarithm.

    The unit is the buyer's best taste; where sigma is steep, the largest weight at these prices.
    """
    pull = curves.taste_power * log_price[:, None]
    if curves.steep is None:
        return curves.taste * np.exp(pull, out=pull), curves.best_taste
    gentle = curves.taste * np.exp(np.where(curves.steep, 0.0, pull))
    weight = curves.log_taste + pull
    best = weight.max(axis=0)
    np.exp(weight - best, out=weight)
    return np.where(curves.steep, weight, gentle), curves.best_taste + np.where(curves.steep, best, 0.0)
