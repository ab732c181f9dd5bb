"""Demand for and supply of rented compute at given prices, in every world at once (DESIGN 6.1).

Inside this file and `dual_newton.py` arrays are generation first, (generations, buyers, worlds) and
(generations, suppliers, worlds), so that sums over generations run over contiguous blocks.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from world.arrays import pick_worlds
from world.scratch import Scratch


SCRATCH = Scratch()
"""Temporaries of demand, supply and their slopes."""


def fold_pairs(rows: np.ndarray, axis: int) -> np.ndarray:
    """Add the rows of the first or second axis in pairs: as exact as `fold`, in a third of the calls.

    The order is set by the number of rows alone, so that a world's bits never depend on the batch.
    """
    rows = rows if axis == 0 else rows.swapaxes(0, axis)
    count = len(rows)
    if count == 1:
        return rows[0].copy()  # never a view: callers write into the sum
    if count > 3:
        half, odd = divmod(count, 2)
        pairs = SCRATCH.array("pairs", (half, *rows.shape[1:]))
        np.add(rows[:half], rows[half : 2 * half], out=pairs)
        if odd:
            pairs[0] += rows[-1]
        while half > 3:
            half, odd = divmod(half, 2)
            if odd:
                pairs[0] += pairs[2 * half]
            pairs[:half] += pairs[half : 2 * half]
        rows, count = pairs, half
    total = rows[0] + rows[1]
    if count == 3:
        total += rows[2]
    return total


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
    """What buyers and suppliers want at one price vector, with the value and the slopes of the dual there.

    The arrays of three axes are working arrays: they hold until the next evaluation.
    """

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


def evaluate(curves: RentalCurves, price: np.ndarray) -> RentalPoint:
    """Demand, supply and the dual at prices (generations, worlds) within the box."""
    # Logit form of the CES demand: taste and prices enter as logs, so that sigma of 30 or prices of 1e-2 or 1e2
    # neither overflow nor lose digits.
    share = np.multiply(curves.taste_power, np.log(price)[:, None], out=SCRATCH.array("share", curves.log_taste.shape))
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
    spending = np.multiply(curves.scale * np.exp(log_spending), share, out=SCRATCH.array("spending", share.shape))
    demand = fold_pairs(spending, 1)
    demand /= price
    # -V = scale (P^(1 - eps) - 1) / (1 - eps), with its limit scale log P where eps is one.
    welfare = np.expm1(log_spending, out=log_spending)
    welfare *= curves.welfare_scale
    welfare += curves.log_welfare_scale * log_index

    shape = curves.capacity.shape
    margin = np.subtract(price[:, None], curves.reserve, out=SCRATCH.array("margin", shape))
    reach = np.multiply(margin, curves.per_band, out=SCRATCH.array("reach", shape))
    offered_share = np.clip(reach, 0.0, 1.0, out=SCRATCH.array("offered_share", shape))
    slope = np.multiply(reach == offered_share, curves.steepness, out=reach)
    supply_slope = fold_pairs(slope, 1)
    quantity = np.multiply(curves.capacity, offered_share, out=slope)
    supply = fold_pairs(quantity, 1)
    # Profit is the integral of supply: quantity times the margin less half the part of the band that is used.
    quantity *= np.subtract(margin, np.multiply(curves.half_band, offered_share, out=SCRATCH.array("used", shape)), out=margin)
    dual = fold_pairs(fold_pairs(quantity, 1), 0) - fold_pairs(welfare, 0)
    return RentalPoint(spending, share, demand, supply, supply_slope, offered_share, dual)
