"""Minimise the rental market's dual over a box of prices: Newton in log-prices, each world on its own (DESIGN 6.1).

The dual is convex in prices; its slope has corners at the ends of the suppliers' bands. A Newton step sees only the
piece that it starts on, and halving it until the dual falls can stop just short of a corner, again and again. So the
length of a step is searched between one that was too short and one that was too long until the slope along the way
has halved: that lands on the steep piece behind the corner, and the next step knows it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from world.arrays import fold, pick_worlds, some
from world.newton_step import newton_direction
from world.rental_curves import RentalCurves, RentalPoint, RentalSolution, evaluate

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
WORTH_PACKING = 0.5
"""The working set is packed once fewer than this share of its worlds is still unsolved."""


@dataclass
class Search:
    """Where each unsolved world stands: the best prices so far and the step that is being tried from there."""

    price: np.ndarray
    """Best prices so far, (generations, worlds)."""
    excess: np.ndarray
    """Excess demand there, (generations, worlds): minus the slope of the dual."""
    dual: np.ndarray
    """Value of the dual there, (worlds,)."""
    direction: np.ndarray
    """Newton's change of log-prices, (generations, worlds)."""
    longest: np.ndarray
    """The largest of these changes, (worlds,)."""
    slope: np.ndarray
    """Slope of the dual along it at the start, (worlds,), <= 0."""
    too_short: np.ndarray
    """Longest length tried after which the dual still fell, (worlds,)."""
    too_long: np.ndarray
    """Shortest length tried after which the dual rose, (worlds,); NONE_TOO_LONG while there is none."""
    length: np.ndarray
    """Length being tried, (worlds,), 1 for the full Newton step."""

    @classmethod
    def begin(cls, price: np.ndarray, excess: np.ndarray, dual: np.ndarray, direction: np.ndarray) -> Search:
        """A search at given prices, about to try the full step from there."""
        zero, one = np.zeros(dual.shape), np.ones(dual.shape)
        search = cls(price, excess, dual, direction, zero, zero, zero, zero, one)
        search.advance(np.ones(dual.shape, dtype=bool), price, excess, dual, direction)
        return search

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
        self, at_box: np.ndarray, price: np.ndarray, excess: np.ndarray, dual: np.ndarray, step: int
    ) -> np.ndarray:
        """Accept the trial where it lowers the dual and its slope has halved, else narrow the search for a length.

        Where the slope from the start to the trial still falls at the trial, convexity proves the descent with no
        subtraction of nearly equal values. A price that has just reached the box bends the way: then descent is enough.
        """
        move = price - self.price
        before, after = fold(self.excess * move), -fold(excess * move)  # minus the slope at the start; the slope here
        flat = before <= FLAT_SHARE * np.abs(dual)
        lower = dual <= self.dual - ENOUGH_DESCENT * before
        if step >= CIRCLING_STEPS:
            lower &= ~flat
        lower |= (after <= 0.0) | (flat & (after <= SLOPE_LEFT * before))

        # Which way the dual goes on along the path, where a price that has reached the box stays.
        turned = excess * price
        turned *= self.direction
        bends = some(at_box)
        if bends:
            np.putmask(turned, at_box, 0.0)
        slope = -fold(turned)
        enough = SLOPE_LEFT * self.slope
        ends = (slope <= -enough) & ((slope >= enough) | (self.too_long == NONE_TOO_LONG))
        ends |= (self.too_long - self.too_short) * self.longest < SHORTEST_BRACKET
        if bends:
            ends |= (at_box & (move != 0.0)).any(axis=0)

        overshot = (slope > 0.0) | ~lower
        self.too_long = np.where(overshot, self.length, self.too_long)
        self.too_short = np.where(overshot, self.too_short, self.length)
        return lower & ends

    def advance(
        self, accepted: np.ndarray, price: np.ndarray, excess: np.ndarray, dual: np.ndarray, direction: np.ndarray
    ) -> None:
        """Start afresh from the trial where it was accepted, else try the middle between too short and too long."""
        again = not accepted.all()
        if again:
            price, excess = np.where(accepted, price, self.price), np.where(accepted, excess, self.excess)
            dual, direction = np.where(accepted, dual, self.dual), np.where(accepted, direction, self.direction)
        self.price, self.excess, self.dual, self.direction = price, excess, dual, direction
        self.longest = np.abs(direction).max(axis=0)
        fall = excess * price
        fall *= direction
        self.slope = -fold(fall)
        if again:
            self.too_short = np.where(accepted, 0.0, self.too_short)
            self.too_long = np.where(accepted, NONE_TOO_LONG, self.too_long)
            self.length = np.where(accepted, 1.0, 0.5 * (self.too_short + self.too_long))
        else:
            self.too_short, self.length = np.zeros(dual.shape), np.ones(dual.shape)
            self.too_long = np.full(dual.shape, NONE_TOO_LONG)


def minimise_dual(curves: RentalCurves, start_price: np.ndarray, tolerance: float, most_steps: int) -> RentalSolution:
    """Prices at which every market clears within the box.

    Args:                    shape                     unit
        start_price          (generations, worlds)     USD per H100e-hour, inside the box
        tolerance            number                    largest relative excess demand
        most_steps           number                    steps tried in a world before it is given up
    Returns: RentalSolution
    """
    worlds, steps = np.arange(start_price.shape[1]), np.full(start_price.shape[1], -1)
    left = np.ones(worlds.size, dtype=bool)
    solution, search, trial = None, None, start_price
    for step in range(most_steps + 1):
        point = evaluate(curves, trial)
        excess = point.demand - point.supply
        at_box, held = held_prices(curves, trial, excess)
        found = left & is_cleared(curves, point, excess, held, tolerance)
        if some(found):
            steps[worlds[found]] = step
            left &= ~found
        going = np.count_nonzero(left)
        if not going or going < WORTH_PACKING * left.size:
            # Worlds that are done stay where they are until packing pays, and are written down then.
            if solution is None:
                solution = RentalSolution.at(trial, point, steps)
            else:
                solution.record(worlds, trial, point)
            if not going:
                return solution
            rest = np.flatnonzero(left)
            curves, worlds, point = curves.pick(rest), worlds[rest], point.pick(rest)
            search = None if search is None else search.pick(rest)
            trial, excess, held, at_box = (pick_worlds(each, rest) for each in (trial, excess, held, at_box))
            left = np.ones(worlds.size, dtype=bool)
        dual = point.dual(curves)
        direction = newton_direction(curves, trial, point, excess, held | ~left, step)
        if search is None:
            search = Search.begin(trial, excess, dual, direction)
        else:
            accepted = search.judge(at_box, trial, excess, dual, step) | ~left
            search.advance(accepted, trial, excess, dual, direction)
        trial = search.trial(curves)
    return solution or RentalSolution.at(trial, point, steps)


def held_prices(curves: RentalCurves, price: np.ndarray, excess: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Prices at the box, and where a price stays, both (generations, worlds).

    It stays where nobody trades the generation, or where the box stops it from going where excess demand pushes.
    """
    at_cap, at_floor = price >= curves.cap, price <= curves.floor
    return at_cap | at_floor, ~curves.traded | (at_cap & (excess >= 0.0)) | (at_floor & (excess <= 0.0))


def is_cleared(
    curves: RentalCurves, point: RentalPoint, excess: np.ndarray, held: np.ndarray, tolerance: float
) -> np.ndarray:
    """Worlds in which every free generation trades to the tolerance, relative to what is traded of it.

    That is stricter than the certificate, which is relative to the capacity offered: a generation that trades
    a millionth of its capacity is then still right in its own digits, as far as the rounding of a price allows.
    """
    allowed = np.maximum(point.demand, point.supply)
    allowed *= tolerance
    np.maximum(allowed, curves.grain, out=allowed)
    cleared: np.ndarray = (held | (np.abs(excess) <= allowed)).all(axis=0)
    return cleared
