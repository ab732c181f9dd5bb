"""The direction of a Newton step on the rental market's dual, in log-prices, every world on its own.

The matrix is a diagonal less one square for each buyer. Few buyers make a small system of their own; many are summed
into the matrix of the prices.
"""

from __future__ import annotations

import numpy as np

from world.arrays import fold, pick_worlds
from world.rental_curves import RentalCurves, RentalPoint, fold_rows

LONGEST_STEP = 3.0
"""Largest change of a log-price in one step: a price moves at most twentyfold."""
STEPS_IN_LOGS = 4
"""So many steps close the gap of the logarithms; far from the solution they go where plain Newton steps crawl."""
FARTHEST = 1e9
"""Largest ratio of demand and supply that a step in logs counts with."""
FEW_BUYERS = 4
"""Up to so many buyers, the step is solved for by buyers instead of by generations."""
SMALLEST_SLOPE = 1e-290
"""Stands for the slope of what nobody wants at these prices and nobody holds in a band."""


def newton_direction(
    curves: RentalCurves, price: np.ndarray, point: RentalPoint, excess: np.ndarray, held: np.ndarray, step: int
) -> np.ndarray:
    """Change of log-prices that a step on the dual proposes, (generations, worlds), zero for held prices.

    The matrix is the dual's second derivative in prices, scaled to log-prices: positive definite, so the step always
    descends (the second derivative in log-prices is not, where demand is inelastic). The first steps close the gap
    between the logarithms of demand and supply instead, which is nearly straight in log-prices however far away the
    start is; where such a step would not descend, the plain one is taken.
    """
    push = price * excess
    added = point.supply_slope(curves)
    added *= price
    added *= price
    if step >= STEPS_IN_LOGS:
        direction = solve_step(curves, point, added, push, held)
    else:
        over, apart = log_gap(point, excess)
        direction = solve_step(curves, point, added * over, np.where(apart == 0.0, push, point.earned * apart), held)
        uphill = np.flatnonzero(~(fold(push * direction) >= 0.0))
        if uphill.size:
            added, push, held = (pick_worlds(each, uphill) for each in (added, push, held))
            direction[:, uphill] = solve_step(curves.pick(uphill), point.pick(uphill), added, push, held)
    longest = np.abs(direction).max(axis=0)
    direction *= LONGEST_STEP / np.maximum(longest, LONGEST_STEP)
    return direction


def log_gap(point: RentalPoint, excess: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Demand over supply, and the logarithm of that, (generations, worlds); one and zero where a side is nothing."""
    both = (point.demand > 0.0) & (point.supply > 0.0)
    apart = excess / np.where(both, point.supply, np.inf)
    apart.clip(1.0 / FARTHEST - 1.0, FARTHEST, out=apart)
    return apart + 1.0, np.log1p(apart)


def solve_step(
    curves: RentalCurves, point: RentalPoint, added: np.ndarray, push: np.ndarray, held: np.ndarray
) -> np.ndarray:
    """Solve (slopes of demand + diag(added)) x = push, both sides in log-prices; x is zero where a price is held.

    For one buyer spending E in shares s, minus the derivative of demand by price, times both prices, is
    E (sigma s_g [g = h] - (sigma - epsilon) s_g s_h): a diagonal less one square for each buyer, positive definite.
    """
    sigma = 1.0 - curves.taste_power
    diagonal = added
    diagonal += sigma * point.earned if len(sigma) == 1 else fold_rows(sigma * point.spending)
    np.maximum(diagonal, SMALLEST_SLOPE, out=diagonal)
    flexible = curves.spending_power - curves.taste_power  # sigma - epsilon
    if len(point.spent) > FEW_BUYERS:
        return solve_by_generation(point.spending, point.spent, flexible, diagonal, push, held)
    return solve_by_buyer(point.spending, point.spent, flexible, diagonal, push, held)


def solve_by_generation(
    spending: np.ndarray,
    spent: np.ndarray,
    flexible: np.ndarray,
    diagonal: np.ndarray,
    push: np.ndarray,
    held: np.ndarray,
) -> np.ndarray:
    """Solve the step as a system in the prices; an infinite pivot takes a held price out."""
    weighted = spending * (flexible / np.maximum(spent, SMALLEST_SLOPE))
    upper = less_squares(spending, weighted, np.where(held, np.inf, diagonal))
    return solve_symmetric(upper, np.where(held, 0.0, push))


def solve_by_buyer(
    spending: np.ndarray,
    spent: np.ndarray,
    flexible: np.ndarray,
    diagonal: np.ndarray,
    push: np.ndarray,
    held: np.ndarray,
) -> np.ndarray:
    """Solve the step as a system with one unknown for each buyer: what the prices' moves cost its budget.

    The matrix is D - S C S' with D diagonal, a column of S for each buyer's spending and C diagonal, so that
    x = 1/D (push + S y) with (1/C - S' 1/D S) y = S' 1/D push (Sherman, Morrison, Woodbury).
    """
    inverse = 1.0 / diagonal
    np.putmask(inverse, held, 0.0)
    scaled = spending * inverse[:, None]
    squares = less_squares(spending.swapaxes(0, 1), scaled.swapaxes(0, 1), spent / flexible)
    cost = solve_symmetric(squares, fold(scaled * push[:, None]))
    scaled *= cost
    return inverse * push + fold_rows(scaled)


def less_squares(columns: np.ndarray, weighted: np.ndarray, diagonal: np.ndarray) -> np.ndarray:
    """diag(diagonal) - C Z C' in every world, upper triangle (columns, columns, worlds), Z a diagonal.

    C is `columns` and C Z is `weighted`, both (columns, rows, worlds).
    """
    number, worlds = diagonal.shape
    upper = np.zeros((number, number, worlds))
    for b in range(number):
        upper[b, b:] = fold_rows(columns[b] * weighted[b:])
    np.negative(upper, out=upper)
    on_diagonal(upper)[...] += diagonal
    return upper


def on_diagonal(matrix: np.ndarray) -> np.ndarray:
    """The diagonal of a contiguous (rows, rows, worlds) array, as a view (rows, worlds)."""
    rows, _, worlds = matrix.shape
    return matrix.reshape(rows * rows, worlds)[:: rows + 1]


def solve_symmetric(upper: np.ndarray, push: np.ndarray) -> np.ndarray:
    """Solve upper x = push in every world by elimination without pivoting; overwrites its inputs.

    The matrix, of which the upper triangle counts, is positive definite, so pivots stay positive; that of a row of
    nothing is set.
    """
    diagonal = on_diagonal(upper)
    np.maximum(diagonal, SMALLEST_SLOPE, out=diagonal)
    rows = len(push)
    for g in range(rows):
        inverse = 1.0 / upper[g, g]
        if g < rows - 1:
            factor = upper[g, g + 1 :] * inverse
            push[g + 1 :] -= factor * push[g]
            upper[g + 1 :, g + 1 :] -= factor[:, None] * upper[g, g + 1 :]
            upper[g, g + 1 :] = factor
        push[g] *= inverse
    for g in range(rows - 1, 0, -1):
        push[:g] -= upper[:g, g] * push[g]
    return push
