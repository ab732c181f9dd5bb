"""Rationing: who is served when supply (chips, power, lenders' balance sheets) is short of orders."""

from __future__ import annotations

import numpy as np

from world.arrays import PerRow, fold, pick_worlds, ratio
from world.rows import rows_by_worlds, stretched


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
    short = fold(orders) > available
    hit = short.nonzero()[0]
    if not hit.size:
        return orders.copy()
    if hit.size < short.size:
        filled = orders.copy()
        filled[:, hit] = _shared(pick_worlds(orders, hit), pick_worlds(weights, hit), pick_worlds(available, hit))
        return filled
    return _shared(orders, weights, available)


def _shared(orders: np.ndarray, weights: np.ndarray, available: np.ndarray) -> np.ndarray:
    """What is filled where the supply is short of the orders."""
    weighted = weights > 0.0
    filled = _fill_to_level(np.where(weighted, orders, 0.0), weights, available)
    if not weighted.all():
        left = np.maximum(available - fold(filled), 0.0)
        filled += _fill_to_level(np.where(weighted, 0.0, orders), np.ones_like(orders), left)
    return filled


def _fill_to_level(order: np.ndarray, weight: np.ndarray, supply: np.ndarray) -> np.ndarray:
    """min(order, level * weight) with the level that hands out min(supply, all orders).

    With the rows sorted by the level that fills them, the level if the first k rows are served in full is
    (supply - their orders) / (weight of the others). It rises in k while row k is below it and falls afterwards,
    so the largest of these is the level, and rows that tie get the same bits.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # a vanishing weight asks for an infinite level
        full_at = ratio(order, weight)
        rank = np.argsort(full_at, axis=0, kind="stable")
        orders, weights = np.take_along_axis(order, rank, 0), np.take_along_axis(weight, rank, 0)
        to_share = np.minimum(supply, fold(order))
        shares = np.empty_like(orders)
        for k in range(len(orders)):
            shares[k] = to_share
            to_share = to_share - orders[k]
        behind = np.zeros(to_share.shape)
        for k in reversed(range(len(orders))):
            behind = behind + weights[k]
            shares[k] = ratio(shares[k], behind)
        level = shares.max(axis=0, initial=0.0)
        return np.where(weight > 0.0, np.minimum(order, level * weight), 0.0)
