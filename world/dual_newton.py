"""Minimise the rental market's dual over a box of prices: Newton in log-prices, each world on its own (DESIGN 6.1).

The dual is convex in prices; its slope has corners at the ends of the suppliers' bands. A Newton step sees only the
piece that it starts on, and halving it until the dual falls can stop just short of a corner, again and again. So the
length of a step is searched between one that was too short and one that was too long until the slope along the way
has halved: that lands on the steep piece behind the corner, and the next step knows it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from world.arrays import pick_worlds, some
from world.rental_curves import RentalCurves, RentalPoint, RentalSolution, evaluate, fold_pairs

LONGEST_STEP = 3.0
"""Largest change of a log-price in one step: a price moves at most twentyfold."""
SLOPE_LEFT = 0.5
"""Share of its slope at the start that the dual may still have along the way where a step ends."""
SHORTEST_BRACKET = 1e-4
"""Change of log-prices below which the search for a length takes any descent."""
NONE_TOO_LONG = 2.0
"""Stands for "no length was too long yet"; lengths are at most 1."""
ENOUGH_DESCENT = 1e-4
"""Share of the descent promised by the slope that a step must achieve (Armijo's rule)."""
FLAT_SHARE = 1e-9
"""Below this share of the dual its change drowns in rounding, and the slope alone decides."""
CIRCLING_STEPS = 200
"""After so many steps the search may run in circles: where the dual is flat to rounding, its value counts no more."""
STEPS_IN_LOGS = 4
"""So many steps close the gap of the logarithms; far from the solution they go where plain Newton steps crawl."""
FARTHEST = 1e9
"""Largest ratio of demand and supply that a step in logs counts with."""
WORTH_PACKING = 0.75
"""The working set is packed once fewer than this share of its worlds is still unsolved."""


@dataclass
class Search:
    """Where each unsolved world stands: the best prices so far and the step that is being tried from there."""

    price: np.ndarray
    """Best prices so far, (generations, worlds)."""
    excess: np.ndarray
    """Excess demand there, (generations, worlds): minus the slope of the dual."""
    dual: np.ndarray
    """Value of the dual there, (worlds,); infinite before the first evaluation."""
    direction: np.ndarray
    """Newton's change of log-prices, (generations, worlds)."""
    slope: np.ndarray
    """Slope of the dual along it at the start, (worlds,), <= 0."""
    too_short: np.ndarray
    """Longest length tried after which the dual still fell, (worlds,)."""
    too_long: np.ndarray
    """Shortest length tried after which the dual rose, (worlds,); NONE_TOO_LONG while there is none."""
    length: np.ndarray
    """Length being tried, (worlds,), 1 for the full Newton step."""

    @classmethod
    def begin(cls, price: np.ndarray) -> Search:
        """A search at given prices of which nothing is known."""
        worlds = price.shape[1]
        nothing, zero = np.zeros(price.shape), np.zeros(worlds)
        return cls(price, nothing, np.full(worlds, np.inf), nothing, zero, zero, np.full(worlds, NONE_TOO_LONG), zero)

    def pick(self, worlds: np.ndarray) -> Search:
        """The search of the named worlds only."""
        return Search(*(pick_worlds(getattr(self, each.name), worlds) for each in fields(self)))

    def trial(self, curves: RentalCurves) -> np.ndarray:
        """The prices to try next, (generations, worlds), inside the box."""
        moved = self.length * self.direction
        np.exp(moved, out=moved)
        moved *= self.price
        return moved.clip(curves.floor, curves.cap, out=moved)

    def judge(
        self, curves: RentalCurves, price: np.ndarray, excess: np.ndarray, dual: np.ndarray, step: int
    ) -> np.ndarray:
        """Accept the trial where it lowers the dual and its slope has halved, else narrow the search for a length.

        Where the slope from the start to the trial still falls at the trial, convexity proves the descent with no
        subtraction of nearly equal values. A price that has just reached the box bends the way: then descent is enough.
        """
        new = np.isinf(self.dual)
        if new.all():  # nothing to compare with yet
            return new
        move = price - self.price
        before, after = -fold_pairs(self.excess * move, 0), -fold_pairs(excess * move, 0)
        flat = -before <= FLAT_SHARE * np.abs(dual)
        lower = dual <= self.dual + ENOUGH_DESCENT * before
        if step >= CIRCLING_STEPS:
            lower &= ~flat
        lower |= (after <= 0.0) | (flat & (after <= -SLOPE_LEFT * before))

        at_box = (price >= curves.cap) | (price <= curves.floor)
        slope = -fold_pairs(excess * price * np.where(at_box, 0.0, self.direction), 0)
        halved = (slope <= -SLOPE_LEFT * self.slope) & (
            (slope >= SLOPE_LEFT * self.slope) | (self.too_long == NONE_TOO_LONG)
        )
        reaches_box = (at_box & (move != 0.0)).any(axis=0)
        narrow = (self.too_long - self.too_short) * np.abs(self.direction).max(axis=0) < SHORTEST_BRACKET
        accepted = new | (lower & (halved | reaches_box | narrow))

        overshot = (slope > 0.0) | ~lower
        self.too_long = np.where(overshot, self.length, self.too_long)
        self.too_short = np.where(overshot, self.too_short, self.length)
        return accepted

    def advance(
        self, accepted: np.ndarray, price: np.ndarray, excess: np.ndarray, dual: np.ndarray, direction: np.ndarray
    ) -> None:
        """Start afresh from the trial where it was accepted, else try the middle between too short and too long."""
        if accepted.all():
            self.price, self.excess, self.dual, self.direction = price, excess, dual, direction
        else:
            self.price = np.where(accepted, price, self.price)
            self.excess = np.where(accepted, excess, self.excess)
            self.dual = np.where(accepted, dual, self.dual)
            self.direction = np.where(accepted, direction, self.direction)
        self.slope = -fold_pairs(self.excess * self.price * self.direction, 0)
        self.too_short = np.where(accepted, 0.0, self.too_short)
        self.too_long = np.where(accepted, NONE_TOO_LONG, self.too_long)
        self.length = np.where(accepted, 1.0, 0.5 * (self.too_short + self.too_long))


def minimise_dual(curves: RentalCurves, start_price: np.ndarray, tolerance: float, most_steps: int) -> RentalSolution:
    """Prices at which every market clears within the box.

    Args:                    shape                     unit
        start_price          (generations, worlds)     USD per H100e-hour, inside the box
        tolerance            number                    largest relative excess demand
        most_steps           number                    steps tried in a world before it is given up
    Returns: RentalSolution
    """
    solution = RentalSolution.unsolved(curves)
    worlds = np.arange(start_price.shape[1])
    search, left = Search.begin(start_price), np.ones(worlds.size, dtype=bool)
    for step in range(most_steps + 1):
        trial = search.trial(curves)
        point = evaluate(curves, trial)
        excess = point.demand - point.supply
        held = held_prices(curves, trial, excess)
        found = left & is_cleared(curves, point, excess, held, tolerance)
        if some(found):
            solution.record(worlds, trial, point, found, step)
            left &= ~found
            if not some(left):
                break
            # Worlds that are done ride along until packing pays; what happens to them there is never read.
            if np.count_nonzero(left) < WORTH_PACKING * left.size:
                curves, search, worlds, point = curves.pick(left), search.pick(left), worlds[left], point.pick(left)
                trial, excess, held = (pick_worlds(each, left) for each in (trial, excess, held))
                left = np.ones(worlds.size, dtype=bool)
        accepted = search.judge(curves, trial, excess, point.dual, step)
        search.advance(accepted, trial, excess, point.dual, newton_direction(curves, trial, point, excess, held, step))
    return solution


def held_prices(curves: RentalCurves, price: np.ndarray, excess: np.ndarray) -> np.ndarray:
    """Where a price stays: nobody trades the generation, or the box stops it from going where excess demand pushes."""
    return ~curves.traded | ((price >= curves.cap) & (excess >= 0.0)) | ((price <= curves.floor) & (excess <= 0.0))


def is_cleared(
    curves: RentalCurves, point: RentalPoint, excess: np.ndarray, held: np.ndarray, tolerance: float
) -> np.ndarray:
    """Worlds in which every free generation trades to the tolerance, relative to what is traded of it.

    That is stricter than the certificate, which is relative to the capacity offered: a generation that trades
    a millionth of its capacity is then still right in its own digits, as far as the rounding of a price allows.
    """
    allowed = tolerance * np.maximum(point.demand, point.supply)
    np.maximum(allowed, curves.grain, out=allowed)
    return (held | (np.abs(excess) <= allowed)).all(axis=0)


def newton_direction(
    curves: RentalCurves, price: np.ndarray, point: RentalPoint, excess: np.ndarray, held: np.ndarray, step: int
) -> np.ndarray:
    """Change of log-prices that a step on the dual proposes, (generations, worlds), zero for held prices.

    The matrix is the dual's second derivative in prices, scaled to log-prices: positive definite, so the step always
    descends (the second derivative in log-prices is not, where demand is inelastic). The first steps close the gap
    between the logarithms of demand and supply instead, which is nearly straight in log-prices however far away the
    start is; where such a step would not descend, the plain one is taken.
    """
    push = np.where(held, 0.0, price * excess)
    added = price * price * point.supply_slope
    if step >= STEPS_IN_LOGS:
        direction = solve_symmetric(demand_slopes(curves, point), added, push, held)
    else:
        over, stretch = ratio_of_logs(point)
        direction = solve_symmetric(demand_slopes(curves, point), added * over, push * stretch, held)
        uphill = np.flatnonzero(~(fold_pairs(push * direction, 0) > 0.0))
        if uphill.size:
            added, push, held = (pick_worlds(each, uphill) for each in (added, push, held))
            slopes = demand_slopes(curves.pick(uphill), point.pick(uphill))
            direction[:, uphill] = solve_symmetric(slopes, added, push, held)
    longest = np.abs(direction).max(axis=0)
    direction *= LONGEST_STEP / np.maximum(longest, LONGEST_STEP)
    return direction


def ratio_of_logs(point: RentalPoint) -> tuple[np.ndarray, np.ndarray]:
    """Demand over supply, and what turns demand minus supply into demand times the log of that, (generations, worlds).

    Both are one where either side is nothing.
    """
    both = (point.demand > 0.0) & (point.supply > 0.0)
    over = np.where(both, point.demand, 1.0) / np.where(both, point.supply, 1.0)
    over.clip(1.0 / FARTHEST, FARTHEST, out=over)
    apart = over - 1.0
    near = np.abs(apart) < 1e-4  # there the first terms of the series are as exact as the logarithm
    stretch = np.where(near, 1.0 + 0.5 * apart, np.log(over) * over / np.where(near, 1.0, apart))
    return over, stretch


def demand_slopes(curves: RentalCurves, point: RentalPoint) -> np.ndarray:
    """Minus the derivative of demand by price, times both prices, upper triangle, (generations, generations, worlds).

    For one buyer spending E in shares s: E (sigma s_g [g = h] - (sigma - epsilon) s_g s_h), positive definite.
    """
    generations, _, worlds = point.share.shape
    slopes = np.zeros((generations, generations, worlds))  # below the diagonal the elimination writes, nobody reads
    pull = (curves.taste_power - curves.spending_power) * point.spending  # minus (sigma - epsilon) E s
    for g in range(generations):
        slopes[g, g:] = fold_pairs(pull[g] * point.share[g:], 1)
    on_diagonal(slopes)[...] += fold_pairs((1.0 - curves.taste_power) * point.spending, 1)
    return slopes


def on_diagonal(matrix: np.ndarray) -> np.ndarray:
    """The diagonal of a contiguous (generations, generations, worlds) array, as a view (generations, worlds)."""
    generations, _, worlds = matrix.shape
    return matrix.reshape(generations * generations, worlds)[:: generations + 1]


def solve_symmetric(upper: np.ndarray, added: np.ndarray, push: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Solve (upper + diag(added)) x = push in every world by elimination without pivoting; overwrites its inputs.

    The matrix is positive definite, so pivots stay positive; an infinite pivot takes a held price out.
    """
    generations = len(push)
    diagonal = on_diagonal(upper)
    diagonal += added
    # A generation that no buyer wants at these prices and that is in no band has no slope at all.
    np.maximum(diagonal, 1e-290, out=diagonal)
    np.copyto(diagonal, np.inf, where=held)
    for g in range(generations - 1):
        factor = upper[g, g + 1 :] / upper[g, g]
        push[g + 1 :] -= factor * push[g]
        upper[g + 1 :, g + 1 :] -= factor[:, None] * upper[g, g + 1 :]
    for g in range(generations - 1, -1, -1):
        push[g] /= upper[g, g]
        push[:g] -= upper[:g, g] * push[g]
    return push
