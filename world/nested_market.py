"""Prices of a market in nests: one reserve for each generation, which is open to all kinds of users or captive to one.

With m_b = a_b P_b^(sigma - epsilon) kind b buys m_b theta_g^sigma p_g^-sigma of each generation that it can use. If all
K_g of it is in use, p_g = theta_g (S_g / K_g)^(1 / sigma), S_g being the sum of m_b over those who can use it: M, that
over all kinds, if it is open. With rho = 1 - 1 / sigma, and Q and q_b the sums of theta_g K_g^rho over what is open and
what is captive to b, one equation is left for each kind,

    log m_b = log a_b - (sigma - epsilon) / (sigma - 1) log(Q M^-rho + q_b m_b^-rho).

Each knows M and its own m_b alone, so that a step of Newton's method is written out. Where a price falls into the band
above its reserve not all is in use, and only there each generation is looked at by itself, with its own price. Nothing
is promised: `market.py` certifies the prices that it starts from, and goes on where they do not clear.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from world.arrays import Flags, PerGeneration, PerWorld, fold, pick_worlds, some
from world.incidence import Incidence

PerKind = Float64[np.ndarray, "kinds worlds"]
PerNest = Float64[np.ndarray, "nests worlds"]

OPEN = -1
"""Stands for the kind that a generation is captive to where all can use it; as an index, the row after all kinds."""
STEPS = 3
"""Newton steps where all is in use: a step squares what is missed, and a guess from the quarter before is near."""
MOST_STEPS = 12
"""Steps after which a market that leaves something idle is left to others."""
LANDING = 1e-6
"""A step from where no more than this of log m_b is missed ends within rounding."""
LONGEST_MOVE = 0.35
"""Most that the logarithm of a price moves in a step where something is idle: supply gives way inside a band only."""
BAND_STEPS = 3
"""Newton steps to a price inside its band each time that prices are asked for; they go on where the last ended."""
GUESSED_SHARE = 0.2
"""Share that is offered, at least, at the prices that the search inside bands begins with."""
LARGEST_LOG = 300.0
"""Bound of log m_b, far outside of what any market has, below which no product overflows."""
LEAST = 1e-290
"""Stands for the weight of nothing in a price index."""


class Nests(NamedTuple):
    """Who can use what, as tables that add up."""

    by_nest: Incidence
    """A figure per generation by the kind that it is captive to, what is open last: (kinds + 1) sums."""
    usable: Incidence
    """A figure per generation over what each kind can use: (kinds) sums."""
    takers: Incidence
    """A figure per user, or kind, over those who can use each generation: (generations) sums."""


def nests_of(captive_to: Sequence[int], kind_of_user: Sequence[int]) -> Nests:
    """The tables for generations captive to these kinds, or OPEN, and users of these kinds; made once."""
    return _nests(tuple(captive_to), tuple(kind_of_user))


@lru_cache(maxsize=256)
def _nests(captive_to: tuple[int, ...], kind_of_user: tuple[int, ...]) -> Nests:
    kinds, generations = 1 + max(kind_of_user), range(len(captive_to))
    uses = [(kind, row) for kind in range(kinds) for row in generations if captive_to[row] in (OPEN, kind)]
    takes = [
        (row, user) for row in generations for user, kind in enumerate(kind_of_user) if captive_to[row] in (OPEN, kind)
    ]
    return Nests(
        _table([(to % (kinds + 1), row) for row, to in enumerate(captive_to)], kinds + 1),
        _table(uses, kinds),
        _table(takes, len(captive_to)),
    )


def _table(terms: list[tuple[int, int]], count: int) -> Incidence:
    return Incidence([sums for sums, _ in terms], [row for _, row in terms], np.ones(len(terms)), count)


@dataclass(frozen=True)
class NestedMarket:
    """What is held and who wants it.

    Attributes:        shape                    unit
        captive_to     (generations,)           the kind that alone can use it, or OPEN
        log_theta      (generations, worlds)    log of the usefulness of an H100e
        capacity       (generations, worlds)    M H100e, >= 0
        reserve        (generations, worlds)    USD per H100e-hour, > 0: below it nothing is offered
        band           (worlds,)                share of the reserve over which the offer rises
        scale          (kinds, worlds)          demand scale a_b, M H100e at an index of 1 USD per H100e-hour, >= 0
        elasticity     (worlds,)                epsilon > 0
        substitution   (worlds,)                sigma > max(1, epsilon)
    """

    captive_to: np.ndarray
    log_theta: PerGeneration
    capacity: PerGeneration
    reserve: PerGeneration
    band: PerWorld
    scale: PerKind
    elasticity: PerWorld
    substitution: PerWorld

    @cached_property
    def nests(self) -> Nests:
        """Who can use what."""
        return nests_of(self.captive_to.tolist(), range(len(self.scale)))

    @property
    def access(self) -> np.ndarray:
        """Whether each kind can use a generation, (generations, kinds)."""
        return (self.captive_to[:, np.newaxis] == np.arange(len(self.scale))) | (self.captive_to == OPEN)[:, np.newaxis]

    def pick(self, worlds: np.ndarray) -> NestedMarket:
        """The market of the numbered worlds only."""
        arrays = (pick_worlds(getattr(self, each.name), worlds) for each in fields(self)[1:])
        return NestedMarket(self.captive_to, *arrays)

    def by_nest(self, values: PerGeneration) -> PerNest:
        """Add up a figure per generation by the kind that it is captive to, what is open last, (kinds + 1, worlds)."""
        return self.nests.by_nest.fold(values)

    def prices(self, log_index: PerKind, log_average: PerWorld | None = None) -> tuple[PerGeneration, PerWorld]:
        """Prices, USD per H100e-hour, (generations, worlds), and log of the index at which one average buyer uses all.

        Args: log_index: (kinds, worlds) log of each kind's price index a quarter ago; log_average: (worlds,) the second
            result then. Each index is guessed to have moved as that did, or not at all.
        """
        inverse, scale = 1.0 / self.substitution, np.maximum(self.scale, LEAST)
        # Of what is not there so little weighs nothing, and its price is above any other.
        log_capacity = np.log(np.maximum(self.capacity, LEAST))
        units = log_capacity * (1.0 - inverse)
        units += self.log_theta
        np.exp(units, out=units)
        nests = self.by_nest(units)
        average = (np.log(fold(scale)) - np.log(np.maximum(fold(nests), LEAST)) / (1.0 - inverse)) / self.elasticity
        guess = log_index if log_average is None else log_index + (average - log_average)
        log_m, missed = self._all_in_use(nests, np.log(scale), guess)
        price, _, _ = self._of_each(log_m)
        price -= log_capacity
        price *= inverse
        price += self.log_theta
        np.exp(price, out=price)
        idle = price < self.reserve * (1.0 + self.band)
        missed |= idle.any(axis=0)
        if some(missed):
            where = np.flatnonzero(missed)
            # Where something stays idle, prices move less than where all is in use: half the way is a nearer guess.
            halfway = pick_worlds(0.5 * (log_index + guess), where)
            price[:, where] = _with_idle(self.pick(where), pick_worlds(price, where), halfway)
        return price, average

    def _all_in_use(self, nests: PerNest, log_scale: PerKind, log_index: PerKind) -> tuple[PerKind, Flags]:
        """log m_b where all is in use, (kinds, worlds), and where it is not found within the steps, (worlds,)."""
        flexible = self.substitution - self.elasticity
        less_rho = 1.0 / self.substitution - 1.0
        strength, give = flexible / (1.0 - self.substitution), flexible / self.substitution
        rest = 1.0 - give
        captive, to_all = nests[:-1], nests[-1]
        log_m = _bounded(log_scale + flexible * log_index)
        for _ in range(STEPS):
            mass = np.exp(log_m)
            total = fold(mass)
            open_weight = np.maximum(to_all * np.exp(less_rho * np.log(total)), LEAST)
            weight = np.exp(less_rho * log_m)
            weight *= captive
            weight += open_weight
            miss = strength * np.log(weight)
            miss += log_scale
            miss -= log_m
            by_all = open_weight / weight
            by_all *= give
            log_m = _bounded(log_m + _step(miss, rest + by_all, by_all, mass, total))
        return log_m, (np.abs(miss) > LANDING).any(axis=0)

    def _of_each(self, log_m: PerKind) -> tuple[PerGeneration, PerKind, PerWorld]:
        """Log of S_g, the sum of m_b over those who can use each generation, (generations, worlds); m_b, and M."""
        mass = np.exp(log_m)
        total = fold(mass)
        return np.concatenate([log_m, np.log(total)[np.newaxis]]).take(self.captive_to, axis=0), mass, total


def _bounded(log_m: PerKind) -> PerKind:
    return np.minimum(np.maximum(log_m, -LARGEST_LOG), LARGEST_LOG)


def _step(miss: PerKind, firm: PerKind, by_all: PerKind, mass: PerKind, total: PerWorld) -> PerKind:
    """Newton's step in log m_b, (kinds, worlds), where an equation that misses so much gives way to its m_b and to M.

    Args: firm: one less the slope of log m_b in itself; by_all: its slope in log M; mass: m_b; total: M.
    """
    alone = 1.0 / firm
    move, follow = miss * alone, by_all * alone
    follow *= fold(mass * move) / (total - fold(mass * follow))
    move += follow
    return move


def _with_idle(market: NestedMarket, price: PerGeneration, log_index: PerKind) -> PerGeneration:
    """Prices where something may be idle, (generations, worlds), from guesses: Newton's method on log m_b as above."""
    sigma, worlds, less = market.substitution, market.substitution.size, 1.0 - market.substitution
    theta_power = np.where(market.capacity > 0.0, sigma * market.log_theta, -np.inf)
    flexible = sigma - market.elasticity
    log_scale, strength = np.log(np.maximum(market.scale, LEAST)), flexible / less
    log_m, offers = _bounded(log_scale + flexible * log_index), _Offers(market, price)
    least, most = LONGEST_MOVE * less, -LONGEST_MOVE * less
    left, found = np.ones(worlds, dtype=bool), np.empty_like(price)
    for _ in range(MOST_STEPS):
        log_strength, mass, total = market._of_each(log_m)
        log_price, give = offers.at(log_strength)
        weights = np.exp(theta_power + less * log_price)
        nests = market.by_nest(np.concatenate([weights, weights * give], axis=-1))
        weight, slopes = np.maximum(nests[:-1, :worlds] + nests[-1, :worlds], LEAST), nests[:, worlds:] * flexible
        miss = log_scale + strength * np.log(weight) - log_m
        move = _step(miss, 1.0 - slopes[:-1] / weight, slopes[-1] / weight, mass, total)
        landed = left & (np.abs(miss) <= LANDING).all(axis=0)
        if some(landed):
            # So near, prices follow their slopes to rounding.
            by_each = np.concatenate([move, (fold(mass * move) / total)[np.newaxis]]).take(market.captive_to, axis=0)
            np.copyto(found, log_price + give * by_each, where=landed)
            left &= ~landed
            if not some(left):
                break
        log_m += np.minimum(np.maximum(move, least), most)
    else:
        np.copyto(found, log_price, where=left)
    return np.exp(found)


class _Offers:
    """What is offered of each generation by its holders, (generations, worlds), in logarithms."""

    def __init__(self, market: NestedMarket, price: PerGeneration) -> None:
        """The offers to a market, to be asked for first near these prices."""
        sigma, band = market.substitution, market.band
        self.sigma, self.inverse, self.steepest = sigma, 1.0 / sigma, 1.0 + sigma
        self.log_reserve, self.log_band = np.log(market.reserve), np.log(band)
        # log(s p^sigma) less log S_g, s the share offered: at any price, and what it is above that at the reserve.
        self.given = sigma * market.log_theta - np.log(np.where(market.capacity > 0.0, market.capacity, 1.0))
        self.over_reserve = self.given - sigma * self.log_reserve + self.log_band
        # From this S_g on all is offered.
        self.enough = sigma * (self.log_reserve + np.log1p(band)) - self.given
        # Log of what the price is above the reserve, as a share of it, where not all is offered; it is kept up.
        width = np.minimum(np.maximum(price / market.reserve - 1.0, GUESSED_SHARE * band), band)
        self.log_width = np.log(width)

    def at(self, log_strength: PerGeneration) -> tuple[PerGeneration, PerGeneration]:
        """Log-prices at which S_g theta^sigma p^-sigma is offered, and how they give with log S_g.

        With v the log of the width that is v + sigma log(1 + exp v) = a number: convex, so that Newton comes to it from
        above, after one step at most. It goes on from where it was.
        """
        log_width, target = self.log_width, log_strength + self.over_reserve
        for _ in range(BAND_STEPS):
            over = np.exp(log_width)
            over += 1.0
            apart = np.log(over)
            apart *= self.sigma
            apart += log_width
            apart -= target
            np.divide(self.sigma, over, out=over)
            np.subtract(self.steepest, over, out=over)
            apart /= over
            log_width = np.minimum(log_width - apart, self.log_band)
        self.log_width, width = log_width, np.exp(log_width)
        give = np.where(log_strength < self.enough, width / (1.0 + width * self.steepest), self.inverse)
        # Both are prices at which no more is wanted than is there, the first at its highest where all is offered.
        return np.maximum(self.log_reserve + np.log1p(width), (log_strength + self.given) * self.inverse), give
