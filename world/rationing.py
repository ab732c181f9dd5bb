"""Rationing: who is served when supply (chips, power, lenders' balance sheets) is short of orders."""

from __future__ import annotations

import numpy as np

from world.arrays import PerRow, PerWorld, fold, pick_worlds
from world.rows import rows_by_worlds, stretched

_LEAST_SUPPLY = 1e-300
"""Below any supply there is: what is left over nobody is no number."""


def ration(order: object, weight: object, supply: object) -> PerRow:
    """Share a supply by weighted max-min fairness: each gets the lesser of its order and one level times its weight.

    Args:                shape                         unit
        order            (rows, worlds)                any quantity, >= 0
        weight           number, (rows,) or            >= 0; a row of weight 0 is served from what the others leave
                         (rows, worlds)
        supply           number or (worlds,)           the unit of `order`, >= 0; infinite: no limit
    Returns:
        filled           (rows, worlds)                min(order, level * weight), the level such that
                                                       the sum is min(supply, sum of orders); exact, no search
    Laws (tests/invariants/test_rationing.py): nobody gets more than ordered; nothing is left while someone is short;
        of two rows that are short, each gets in proportion to its weight; more supply never hurts anyone; a larger
        order of a row that is short gains it nothing; the order of the rows is irrelevant.
    Raises: ValueError naming argument, index and world if an entry is negative or not a number.
    Source: weighted max-min fairness (Bertsekas and Gallager, Data Networks, 6.5.2); oracle:
        tests/oracles/loop_rationing.py.
    """
    orders = rows_by_worlds(order, "order")
    weights = stretched(weight, orders.shape, "weight")
    available = stretched(
        supply, orders.shape[1:], "supply", lambda array: array >= 0.0, "a number, at least 0, or infinity"
    )
    return share_supply(orders, weights, available)


def share_supply(orders: PerRow, weights: PerRow, available: PerWorld) -> PerRow:
    """As `ration`, of arrays that are known to be right: (rows, worlds) twice and (worlds,)."""
    short = fold(orders) > available
    hit = short.nonzero()[0]
    if not hit.size:
        return orders.copy()
    if 2 * hit.size < short.size:
        filled = orders.copy()
        filled[:, hit] = _shared(pick_worlds(orders, hit), pick_worlds(weights, hit), available[hit])
        return filled
    # Without a limit every row is served in full, to the last bit.
    return _shared(orders, weights, available if hit.size == short.size else np.where(short, available, np.inf))


def _shared(orders: np.ndarray, weights: np.ndarray, available: np.ndarray) -> np.ndarray:
    """What is filled where the supply is short of the orders or has no limit."""
    weighted = weights > 0.0
    if np.count_nonzero(weighted) == weighted.size:
        return _fill_to_level(orders, weights, available)
    filled = np.where(weighted, _fill_to_level(orders * weighted, weights, available), 0.0)
    left = np.maximum(available - fold(filled), 0.0)
    filled += np.where(weighted, 0.0, _fill_to_level(np.where(weighted, 0.0, orders), np.ones_like(orders), left))
    return filled


def _fill_to_level(order: np.ndarray, weight: np.ndarray, supply: np.ndarray) -> np.ndarray:
    """min(order, level * weight) with the level that hands out min(supply, all orders).

    A row is served in full if the level that fills it hands out no more than there is; the others share what those
    rows leave at one level.
    """
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):  # a vanishing weight asks for an infinite level
        if len(order) == 2:  # each has its share, or more where the other leaves more
            share = supply * (weight / fold(weight))
            return np.minimum(order, np.maximum(share, supply - order[::-1]))
        at_level = (order / weight)[:, np.newaxis] * weight  # of the row whose order is filled, for every row
        handed_out = fold(np.minimum(at_level, order, out=at_level).swapaxes(0, 1))
        full = (handed_out <= supply).astype(np.float64)
        left, behind = supply - fold(order * full), fold(weight * (1.0 - full))
        return np.minimum(order, np.maximum(left, _LEAST_SUPPLY) / behind * weight)
