"""Prices at which all that is held is in use, where a generation is open to all kinds of users or captive to one.

With m_b = a_b P_b^(sigma - epsilon) kind b buys m_b theta_g^sigma p_g^-sigma of each generation that it can use. If all
K_g of it is in use, p_g = theta_g (S_g / K_g)^(1 / sigma), where S_g adds up m_b of those who can use it: M, the sum over
all kinds, for an open generation. With rho = 1 - 1 / sigma, and Q and q_b the sums of theta_g K_g^rho over what is open
and what is captive to b, one equation is left for each kind,

    log m_b = log a_b - (sigma - epsilon) / (sigma - 1) log(Q M^-rho + q_b m_b^-rho).

Each knows M and its own m_b alone, so that a step of Newton's method is written out. Nothing is promised: where a price
falls to what running a chip costs not all is used, and `market.py` certifies what it gets and goes on where it must.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from world.arrays import PerGeneration, PerRow, PerWorld, fold, fold_sectors

OPEN = -1
"""Stands for the kind that a generation is captive to where all can use it."""
STEPS = 3
"""Newton steps, in every world alike: a step squares what is missed, and the guess from the quarter before is near."""
LARGEST_LOG = 300.0
"""Bound of log m_b, far outside of what any market has, below which no product overflows."""
NO_WEIGHT = 1e-290
"""Stands for the weight of nothing in a price index."""


@dataclass(frozen=True)
class FullUse:
    """What there is to use, in the form of the equations.

    Attributes:          shape                    unit
        captive_to       generations              the kind that alone can use it, or OPEN
        log_theta        (generations, worlds)    log of the usefulness of an H100e
        log_capacity     (generations, worlds)    log of M H100e; 0 where there is none
        open_units       (worlds,)                Q
        captive_units    (kinds, worlds)          q_b; zero for a kind that has no chips to itself
        substitution     (worlds,)                sigma > 1
    """

    captive_to: Sequence[int]
    log_theta: PerGeneration
    log_capacity: PerGeneration
    open_units: PerWorld
    captive_units: PerRow
    substitution: PerWorld

    @classmethod
    def of(
        cls,
        capacity: PerGeneration,
        log_theta: PerGeneration,
        captive_to: Sequence[int],
        kinds: int,
        substitution: PerWorld,
    ) -> FullUse:
        """What a capacity, (generations, worlds) in M H100e, comes to for so many kinds of users."""
        there = capacity > 0.0
        log_capacity = np.log(np.where(there, capacity, 1.0))
        units = log_capacity * (1.0 - 1.0 / substitution)
        units += log_theta
        np.exp(units, out=units)
        units *= there
        by_kind = fold_sectors(units, [kind % (kinds + 1) for kind in captive_to], kinds + 1)
        return cls(captive_to, log_theta, log_capacity, by_kind[-1], by_kind[:-1], substitution)

    def log_average_index(self, scale: PerRow, elasticity: PerWorld) -> PerWorld:
        """Log of the price index at which one average buyer would use everything, (worlds,); `scale` is (kinds, worlds)."""
        log_units = np.log(self.open_units + fold(self.captive_units)) / (1.0 - 1.0 / self.substitution)
        average: PerWorld = (np.log(fold(scale)) - log_units) / elasticity
        return average

    def log_prices(self, scale: PerRow, elasticity: PerWorld, log_index: PerRow) -> PerGeneration:
        """Log of the prices, (generations, worlds) USD per H100e-hour; without a meaning where there is no capacity.

        Args:              shape              unit
            scale          (kinds, worlds)    demand scale a_b, M H100e at an index of 1 USD per H100e-hour, > 0
            elasticity     (worlds,)          epsilon > 0, below sigma
            log_index      (kinds, worlds)    a guess of the log of each kind's price index
        """
        sigma = self.substitution
        inverse = 1.0 / sigma
        rho, flexible = 1.0 - inverse, sigma - elasticity
        log_scale = np.log(scale)
        log_m = log_scale + flexible * log_index
        strength, weigh = flexible / (1.0 - sigma), flexible * inverse
        for _ in range(STEPS):
            log_m = np.minimum(np.maximum(log_m, -LARGEST_LOG), LARGEST_LOG)
            mass = np.exp(log_m)
            total = fold(mass)
            open_weight = np.maximum(self.open_units * np.exp(-rho * np.log(total)), NO_WEIGHT)
            weight = log_m * -rho
            np.exp(weight, out=weight)
            weight *= self.captive_units
            weight += open_weight
            miss = strength * np.log(weight)
            miss += log_scale
            miss -= log_m
            # How an equation gives way to M, and over that its slope in its own m_b.
            slope = open_weight / weight
            slope *= weigh
            own = 1.0 / (slope + (1.0 - weigh))
            miss *= own
            slope *= own
            mass /= total
            total_moves = fold(mass * miss) / (1.0 - fold(mass * slope))
            slope *= total_moves
            log_m += miss
            log_m += slope
        log_total = np.log(fold(np.exp(log_m)))
        rows = [log_total if kind == OPEN else log_m[kind] for kind in self.captive_to]
        tight = np.array(rows) - self.log_capacity
        tight *= inverse
        tight += self.log_theta
        return tight
