"""A start next to the solution where one supplier offers each generation and all buyers substitute alike.

Then demand for a generation is c_g p_g^-sigma with c_g = sum_b m_b theta_bg^sigma and m_b = a_b P_b^(sigma - epsilon):
given one number m_b for each buyer, every price follows by itself, from its own supply and within the box. Newton on
the logarithms of these few numbers knows how supply gives way inside a band, and costs a third of a step in prices.
Nothing is promised: `dual_newton.py` begins with these prices, and goes on where they do not clear.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from world.arrays import fold, pick_worlds, some
from world.dual_newton import WORTH_PACKING
from world.newton_step import SMALLEST_SLOPE, less_squares, solve_symmetric
from world.rental_curves import RentalCurves, fold_rows

MOST_STEPS = 8
"""Steps after which what is left is left to the steps in prices."""
BAND_STEPS = 3
"""Newton steps to a price inside its band each time that prices are asked for; they go on where the last ended."""
LONGEST_MOVE = 0.35
"""Most that the logarithm of a price moves in a step: where all is offered the way down looks longer than it is, as
supply gives way inside the band, and the other way round."""
WELL_BELOW = 0.1
"""Share of the tolerance that is left to rounding between these equations and the markets' own."""
LARGEST_LOG = 300.0
"""Bound of log m_b, far outside of what any market has, below which no product overflows."""


def has_lone_suppliers(curves: RentalCurves) -> bool:
    """Whether one supplier offers each generation and all buyers substitute alike."""
    return curves.capacity.shape[1] == 1 and len(curves.taste_power) == 1


def improve_start(curves: RentalCurves, price: np.ndarray, tolerance: float) -> tuple[np.ndarray, np.ndarray | int]:
    """Prices nearer to the solution than `price`, (generations, worlds), and the steps taken there, (worlds,).

    Where several suppliers offer a generation, buyers differ in substitution or weights could overflow, prices stay.
    """
    if not has_lone_suppliers(curves):
        return price, 0
    if curves.steep is None:
        found, steps = solve_by_index(LoneSuppliers.of(curves, price), tolerance)
    else:
        found, steps, gentle = price.copy(), np.zeros(price.shape[1], dtype=np.int64), np.flatnonzero(~curves.steep)
        if gentle.size:
            market = LoneSuppliers.of(curves.pick(gentle), pick_worlds(price, gentle))
            found[:, gentle], steps[gentle] = solve_by_index(market, tolerance)
    return np.where(curves.traded, found.clip(curves.floor, curves.cap, out=found), price), steps


@dataclass
class LoneSuppliers:
    """A market with one supplier for each generation and one substitution elasticity, mostly in logarithms.

    What is the same in every world may have a last axis of 1.
    """

    start: np.ndarray
    """Log of the prices to start from, (generations, worlds); an untraded price keeps it."""
    taste: np.ndarray
    """theta^sigma over the buyer's best, (buyers, generations, worlds)."""
    buys: np.ndarray
    """Who buys at all, (buyers, worlds), bool."""
    log_scale: np.ndarray
    """log a_b in the unit of the buyer's best taste, (buyers, worlds)."""
    taste_power: np.ndarray
    """1 - sigma, (1, worlds)."""
    strength_power: np.ndarray
    """(sigma - epsilon) / (1 - sigma), (1 or buyers, worlds)."""
    per_spending: np.ndarray
    """1 / (sigma - epsilon), (1 or buyers, worlds)."""
    traded: np.ndarray
    """Where somebody offers and somebody can use the generation, (generations, worlds), bool."""
    log_capacity: np.ndarray
    """(generations, worlds)."""
    log_reserve: np.ndarray
    """(generations, worlds)."""
    log_top: np.ndarray
    """Log of the price from which on all is offered, (generations, worlds)."""
    log_share: np.ndarray
    """Log of the share offered, (generations, worlds), kept up where it is below one."""
    width: np.ndarray
    """Width of the band over the reserve, (1, worlds)."""
    log_floor: np.ndarray
    """(worlds,)."""
    log_cap: np.ndarray
    """(worlds,)."""

    @classmethod
    def of(cls, curves: RentalCurves, price: np.ndarray) -> LoneSuppliers:
        """The market of these curves, to be solved from these prices."""
        buys = curves.scale > 0.0
        flexible = curves.spending_power - curves.taste_power
        # log m = log a + (sigma - epsilon) log P, each side plus the log of the best taste, which is a factor of P too.
        unit = (1.0 + flexible * curves.index_power) * curves.best_taste
        reserve, reach = curves.reserve[:, 0], (price - curves.reserve[:, 0]) * curves.per_band[:, 0]
        return cls(
            start=np.log(price),
            taste=np.ascontiguousarray(curves.taste.swapaxes(0, 1)),
            buys=buys,
            log_scale=np.log(np.where(buys, curves.scale, 1.0)) + unit,
            taste_power=curves.taste_power,
            strength_power=flexible * curves.index_power,
            per_spending=1.0 / flexible,
            traded=curves.traded,
            log_capacity=np.log(np.where(curves.traded, curves.offered, 1.0)),
            log_reserve=np.log(np.broadcast_to(reserve, price.shape)),
            log_top=np.log(reserve + 1.0 / curves.per_band[:, 0]),
            log_share=np.log(reach.clip(1e-9, 1.0)),
            width=1.0 / (curves.per_band[:1, 0] * reserve[:1]),
            log_floor=np.log(curves.floor),
            log_cap=np.log(curves.cap),
        )

    def pick(self, worlds: np.ndarray) -> LoneSuppliers:
        """The market of the numbered worlds only."""
        arrays = (getattr(self, each.name) for each in fields(self))
        return LoneSuppliers(*(each if each.shape[-1] == 1 else pick_worlds(each, worlds) for each in arrays))

    def log_strength(self, total: np.ndarray) -> np.ndarray:
        """log m_b of buyers whose weights in the price index add up to `total`, (buyers, worlds)."""
        return self.log_scale + self.strength_power * np.log(total)

    def prices(self, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Log-prices at which wanted p^-sigma is what is offered, and how they give with log wanted.

        Both (generations, worlds); untraded prices stay as they were, prices at the box do not give.
        """
        sigma = 1.0 - self.taste_power
        tight = np.log(np.maximum(wanted, SMALLEST_SLOPE))
        tight -= self.log_capacity
        log_price = tight / sigma
        give = self.traded / sigma
        inside = np.flatnonzero(self.traded & (log_price < self.log_top))
        if inside.size:
            log_price.flat[inside], give.flat[inside] = self.in_band(tight.take(inside), inside)
        beyond = (log_price > self.log_cap) | (log_price < self.log_floor)
        if some(beyond):
            np.putmask(give, beyond, 0.0)
            log_price = log_price.clip(self.log_floor, self.log_cap)
        return np.where(self.traded, log_price, self.start), give

    def in_band(self, tight: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The same where not all is offered, at the numbered places of (generations, worlds).

        `tight` is log s + sigma log p with p = r (1 + w s), s the share offered. That is convex in log s, so that
        Newton comes to it from above, after one step at most.
        """
        worlds = places % self.traded.shape[1]
        power, width = (each.take(worlds if each.size > 1 else 0 * worlds) for each in (self.taste_power, self.width))
        sigma, log_reserve = 1.0 - power, self.log_reserve.take(places)
        tight = tight - sigma * log_reserve
        log_share = self.log_share.take(places)
        for _ in range(BAND_STEPS):
            wide = width * np.exp(log_share)
            log_share -= (log_share + sigma * np.log1p(wide) - tight) / (1.0 + sigma * wide / (1.0 + wide))
            np.minimum(log_share, 0.0, out=log_share)
        self.log_share.flat[places] = log_share
        wide = np.maximum(width * np.exp(log_share), SMALLEST_SLOPE)
        return log_reserve + np.log1p(wide), wide / (sigma * wide + 1.0 + wide)


def solve_by_index(market: LoneSuppliers, tolerance: float) -> tuple[np.ndarray, np.ndarray]:
    """Newton on log m_b from the indices at the start; prices at the last of them, and the steps of each world."""
    worlds = np.arange(market.start.shape[1])
    log_price, steps = np.empty(market.start.shape), np.zeros(worlds.size, dtype=np.int64)
    log_m = market.log_strength(fold_rows(market.taste * np.exp(market.taste_power * market.start)))
    # A step squares what is missed: from so near it lands where no second look is needed.
    enough = WELL_BELOW * tolerance
    near_enough = np.sqrt(enough)
    done = landing = np.zeros(worlds.size, dtype=bool)
    kept = log_price
    for step in range(MOST_STEPS + 1):
        mass = np.exp(log_m.clip(-LARGEST_LOG, LARGEST_LOG)) * market.buys
        part = market.taste * mass[:, None]
        wanted = fold(part)
        at, give = market.prices(wanted)
        if some(done):  # the steps inside a band go on; a world that is done keeps the prices that it had
            np.copyto(at, kept, where=done)
        done = done | landing
        going = done.size - np.count_nonzero(done)
        if going < WORTH_PACKING * done.size or step == MOST_STEPS:
            log_price[:, worlds] = at
            if not going or step == MOST_STEPS:
                break
            rest = np.flatnonzero(~done)
            market, worlds, done = market.pick(rest), worlds[rest], np.zeros(rest.size, dtype=bool)
            log_m, mass, part, wanted, at, give = (
                pick_worlds(each, rest) for each in (log_m, mass, part, wanted, at, give)
            )
        pull = np.exp(market.taste_power * at)
        total = fold_rows(market.taste * pull)
        miss = (market.log_strength(total) - log_m) * market.buys
        most_missed = np.abs(miss).max(axis=0)
        done, kept = done | (most_missed <= enough), at
        if np.count_nonzero(done) == done.size:
            log_price[:, worlds] = at
            break
        left, landing = ~done, most_missed <= near_enough
        steps[worlds] += left
        # Row b of the equations, times spending over (sigma - epsilon), makes a symmetric matrix: a diagonal less a
        # square for each generation.
        spent = mass * total
        spent *= market.per_spending
        squares = less_squares(part, part * (pull * give / np.maximum(wanted, SMALLEST_SLOPE)), spent)
        move, most = solve_symmetric(squares, spent * miss), LONGEST_MOVE * (1.0 - market.taste_power)
        log_m = np.where(left, log_m + move.clip(-most, most), log_m)
    return np.exp(log_price, out=log_price), steps
