"""Demand for and supply of rented compute at given prices, in every world at once (DESIGN 6.1).

Inside this file and `dual_newton.py` arrays are generation first, (generations, buyers, worlds) and
(generations, suppliers, worlds), so that sums over generations run over contiguous blocks.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from world.arrays import PAIRED_FROM, fold, pick_worlds


def fold_pairs(rows: np.ndarray, axis: int) -> np.ndarray:
    """Add the rows of the first or second axis; many of them in pairs: as exact as `fold`, in a third of the calls.

    The order is set by the number of rows alone, so that a world's bits never depend on the batch.
    """
    total = rows if axis == 0 else rows.swapaxes(0, axis)
    if len(total) < PAIRED_FROM:
        return fold(total)
    while len(total) > 1:
        half, odd = divmod(len(total), 2)
        pairs = total[:half] + total[half : 2 * half]
        if odd:
            pairs[0] += total[-1]
        total = pairs
    return total[0]


@dataclass(frozen=True)
class RentalCurves:
    """One market for each world, checked and broadcast, in the form that the prices are solved in.

    Quantities are M H100e, prices USD per H100e-hour. What is the same in every world may have a last axis of 1.
    """

    log_taste: np.ndarray
    """sigma log theta, (generations, buyers, worlds); -inf for what a buyer cannot use or nobody offers there."""
    taste_power: np.ndarray
    """1 - sigma, (buyers, worlds), below zero."""
    index_power: np.ndarray
    """1 / (1 - sigma), (buyers, worlds)."""
    spending_power: np.ndarray
    """1 - epsilon, (buyers, worlds): spending is scale P^(1 - epsilon)."""
    scale: np.ndarray
    """Demand scale, (buyers, worlds); zero for a buyer with nothing usable."""
    welfare_scale: np.ndarray
    """scale / (1 - epsilon), (buyers, worlds); zero where epsilon is one."""
    log_welfare_scale: np.ndarray
    """scale where epsilon is one, else zero, (buyers, worlds)."""
    capacity: np.ndarray
    """Offered capacity, (generations, suppliers, worlds)."""
    reserve: np.ndarray
    """Reservation price, (generations, suppliers, worlds)."""
    per_band: np.ndarray
    """1 / (band x reserve): the share offered per dollar of price, (generations, suppliers, worlds)."""
    half_band: np.ndarray
    """Half the width of the band, USD per H100e-hour, (generations, suppliers, worlds)."""
    steepness: np.ndarray
    """Slope of supply inside the band, capacity x per_band, (generations, suppliers, worlds)."""
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
        return RentalCurves(*(each if each.shape[-1] == 1 else pick_worlds(each, worlds) for each in arrays))


@dataclass(frozen=True)
class RentalPoint:
    """What buyers and suppliers want at one price vector, with the value and the slopes of the dual there."""

    spending: np.ndarray
    """Each buyer's spending on each generation, (generations, buyers, worlds), M USD per hour."""
    share: np.ndarray
    """Shares of each buyer's spending, (generations, buyers, worlds), sum one over generations."""
    demand: np.ndarray
    """(generations, worlds), M H100e."""
    supply: np.ndarray
    """(generations, worlds), M H100e."""
    supply_slope: np.ndarray
    """Derivative of supply by price, (generations, worlds), zero outside every band."""
    offered_share: np.ndarray
    """Share of its capacity that each supplier offers, (generations, suppliers, worlds), in [0, 1]."""
    dual: np.ndarray
    """Phi: buyers' indirect utility plus suppliers' profit, (worlds,), M USD per hour."""

    def pick(self, worlds: np.ndarray) -> RentalPoint:
        """The point of the named worlds only."""
        return RentalPoint(*(pick_worlds(getattr(self, each.name), worlds) for each in fields(self)))


@dataclass(frozen=True)
class RentalSolution:
    """Prices found, world by world, and what both sides want at them."""

    price: np.ndarray
    """(generations, worlds), USD per H100e-hour."""
    spending: np.ndarray
    """(generations, buyers, worlds), M USD per hour."""
    offered_share: np.ndarray
    """(generations, suppliers, worlds), in [0, 1]."""
    demand: np.ndarray
    """(generations, worlds), M H100e."""
    supply: np.ndarray
    """(generations, worlds), M H100e."""
    steps: np.ndarray
    """Newton steps, (worlds,); -1 in a world that was given up."""

    @classmethod
    def unsolved(cls, curves: RentalCurves) -> RentalSolution:
        """Room for the solutions of all worlds."""
        prices = curves.offered.shape
        quantities = (np.empty(curves.log_taste.shape), np.empty(curves.capacity.shape))
        return cls(np.empty(prices), *quantities, np.empty(prices), np.empty(prices), np.full(prices[1], -1))

    def record(self, worlds: np.ndarray, price: np.ndarray, point: RentalPoint, found: np.ndarray, step: int) -> None:
        """Write down the found ones of a working set of `worlds`."""
        numbers = worlds[found]
        self.price[:, numbers] = pick_worlds(price, found)
        self.steps[numbers] = step
        for name in ("spending", "offered_share", "demand", "supply"):
            getattr(self, name)[..., numbers] = pick_worlds(getattr(point, name), found)


def evaluate(curves: RentalCurves, price: np.ndarray) -> RentalPoint:
    """Demand, supply and the dual at prices (generations, worlds) within the box."""
    # Logit form of the CES demand: taste and prices enter as logs, so that sigma of 30 or prices of 1e-2 or 1e2
    # neither overflow nor lose digits.
    share = curves.taste_power * np.log(price)[:, None]
    share += curves.log_taste
    best = share.max(axis=0)
    share -= best
    np.exp(share, out=share)
    total = fold_pairs(share, 0)
    share *= 1.0 / total
    log_index = np.log(total, out=total)
    log_index += best
    log_index *= curves.index_power

    log_spending = curves.spending_power * log_index
    spending = (curves.scale * np.exp(log_spending)) * share
    demand = fold_pairs(spending, 1)
    demand /= price
    # -V = scale (P^(1 - eps) - 1) / (1 - eps), with its limit scale log P where eps is one.
    welfare = np.expm1(log_spending, out=log_spending)
    welfare *= curves.welfare_scale
    welfare += curves.log_welfare_scale * log_index

    margin = price[:, None] - curves.reserve
    reach = margin * curves.per_band
    offered_share = reach.clip(0.0, 1.0)
    slope = np.multiply(reach == offered_share, curves.steepness, out=reach)
    supply_slope = fold_pairs(slope, 1)
    quantity = np.multiply(curves.capacity, offered_share, out=slope)
    supply = fold_pairs(quantity, 1)
    # Profit is the integral of supply: quantity times the margin less half the part of the band that is used.
    margin -= curves.half_band * offered_share
    quantity *= margin
    dual = fold_pairs(fold_pairs(quantity, 1), 0) - fold_pairs(welfare, 0)
    return RentalPoint(spending, share, demand, supply, supply_slope, offered_share, dual)
