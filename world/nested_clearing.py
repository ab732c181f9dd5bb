"""Clearing a market in nests: the prices given are tried as they are, and the search begins only where they fail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from world.arrays import (
    Flags,
    Numbers,
    PerGeneration,
    PerWorld,
    lowest,
    not_negative,
    pick_worlds,
    ratio,
    require,
    some,
)
from world.market import ClearingError, clear_rental_market
from world.nested_market import NestedMarket, PerKind
from world.rental_input import GRAIN


@dataclass(frozen=True)
class NestedClearing:
    """Prices and trades of one clearing. Worlds are the last axis.

    Of each generation that it can use a kind buys its strength times `taken`, and so does each user of the kind with
    its part of the strength.
    """

    price: PerGeneration
    """USD per H100e-hour; as in `RentalClearing` where nobody trades."""
    taken: PerGeneration
    """What a strength of one buys of each generation, M H100e."""
    strength: PerKind
    """m_b of each kind, with which its purchases go, (kinds, worlds); without a meaning where it can use nothing."""
    sold: PerGeneration
    """M H100e traded, at most the capacity."""
    excess_demand: PerGeneration
    """M H100e, demand minus supply at the price before the longer side is scaled down: the certificate."""
    log_index: PerKind
    """Logarithm of each kind's price index over what it can use, (kinds, worlds); zero where there is nothing."""
    rationed: Flags
    """Whether some price is at the cap and more is wanted than there is."""
    steps: Numbers
    """Newton steps of the search, (worlds,); none where the prices given clear."""


def clear_nested_market(
    market: NestedMarket,
    start_price: PerGeneration,
    price_floor: PerWorld,
    price_cap: PerWorld,
    tolerance: float = 1e-10,
) -> NestedClearing:
    """As `clear_rental_market`, of a market in nests: each kind of users is a buyer, and one supplier offers it all.

    Args: start_price: (generations, worlds) USD per H100e-hour, best those that the market itself finds; price_floor,
        price_cap: (worlds,).
    Laws (tests/invariants/test_nested_market.py): those of `clear_rental_market`, and its prices and trades.
    Raises: ValueError naming index and world of a capacity or a demand scale that is no number or below zero;
        ClearingError naming the worlds that did not converge.
    """
    scale = require(market.scale, not_negative, "demand_scale", "a finite number, >= 0")
    there = require(market.capacity, not_negative, "capacity", "a finite number, >= 0") > 0.0
    # Below the reserve nobody offers: a demand too small to see, or of nobody, has that price.
    start = start_price if lowest(scale) > 0.0 else start_price * (market.nests.takers.fold(scale) > 0.0)
    price = np.minimum(np.maximum(start, np.maximum(market.reserve, price_floor)), price_cap)
    np.copyto(price, price_cap, where=~there)
    steps, point = np.zeros(price.shape[1], dtype=np.int64), _wanted_and_offered(market, there, price)
    missed = np.flatnonzero(_missed(market, price, point, price_floor, price_cap, tolerance))
    if missed.size:
        start, floor, cap = (pick_worlds(each, missed) for each in (price, price_floor, price_cap))
        try:
            price[:, missed], steps[missed] = _searched(market.pick(missed), start, floor, cap, tolerance)
        except ClearingError as error:
            raise ClearingError(missed[error.worlds]) from None
        point = _wanted_and_offered(market, there, price)
    excess, sold = point.demand - point.supply, np.minimum(point.demand, point.supply)
    return NestedClearing(
        price=price,
        taken=ratio(sold, point.takers),
        strength=point.strength,
        sold=sold,
        excess_demand=excess,
        log_index=point.log_index,
        rationed=((price >= price_cap) & (excess > tolerance * point.supply)).any(axis=0),
        steps=steps,
    )


class _Point(NamedTuple):
    """What both sides want at given prices."""

    log_index: PerKind
    strength: PerKind
    takers: PerGeneration
    """S_g, the sum of strengths over those who can use each generation."""
    demand: PerGeneration
    supply: PerGeneration


def _wanted_and_offered(market: NestedMarket, there: np.ndarray, price: PerGeneration) -> _Point:
    """Demand and supply at prices within the box."""
    less, nests = 1.0 - market.substitution, market.nests
    weight = np.log(price)
    weight *= less
    weight += market.substitution * market.log_theta
    np.exp(weight, out=weight)
    weight *= there
    total = nests.usable.fold(weight)
    if not lowest(total) > 0.0:
        np.copyto(total, 1.0, where=total == 0.0)
    log_index = np.log(total)
    log_index /= less
    strength = np.exp((1.0 - market.elasticity) * log_index)
    strength *= market.scale
    strength /= total
    takers = nests.takers.fold(strength)
    weight /= price
    weight *= takers
    offered = price - market.reserve
    offered /= market.band * market.reserve
    np.minimum(np.maximum(offered, 0.0, out=offered), 1.0, out=offered)
    offered *= market.capacity
    return _Point(log_index, strength, takers, weight, offered)


def _missed(
    market: NestedMarket, price: PerGeneration, point: _Point, floor: PerWorld, cap: PerWorld, tolerance: float
) -> Flags:
    """Worlds in which something is not cleared, by the rule of `dual_newton.is_cleared`."""
    excess = point.demand - point.supply
    allowed = np.maximum(point.demand, point.supply)
    allowed *= tolerance
    np.maximum(allowed, market.capacity * (GRAIN * (1.0 + 1.0 / market.band)), out=allowed)
    missed = np.abs(excess) > allowed
    if some(missed):
        missed &= ~((price >= cap) & (excess > 0.0) | (price <= floor) & (excess < 0.0))
    return np.asarray(missed.any(axis=0))


def _searched(
    market: NestedMarket, start: PerGeneration, floor: PerWorld, cap: PerWorld, tolerance: float
) -> tuple[PerGeneration, Numbers]:
    """Prices as any market's are found, from a start that did not clear, and the steps that it took."""
    found = clear_rental_market(
        market.scale,
        market.elasticity[np.newaxis],
        market.substitution[np.newaxis],
        market.access.T[..., np.newaxis] * np.exp(market.log_theta),
        market.capacity[np.newaxis],
        market.reserve[np.newaxis],
        market.band,
        price_floor=floor,
        price_cap=cap,
        start_price=start,
        tolerance=tolerance,
    )
    return found.price, found.iterations
