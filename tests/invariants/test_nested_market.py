"""Markets in nests: the prices that the clearing begins with are the ones that clear it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.invariants.market_inputs import Market, clear
from world.nested_clearing import NestedClearing, clear_nested_market
from world.nested_market import OPEN, NestedMarket

WORLDS = 41
CAPTIVE_TO = (OPEN, OPEN, 1, OPEN, 2)
KINDS = 3
NEAR = 1e-9
"""What is left between two ways to prices that both clear to their tolerance."""


def nested_market(seed: int, glut: float) -> NestedMarket:
    """Markets as a run has them; the larger the glut, the more stands idle. Some generations are not there yet."""
    draw = np.random.default_rng(seed)
    capacity = draw.lognormal(0.0, 0.7, (len(CAPTIVE_TO), WORLDS)) * np.exp(glut * draw.random(WORLDS))
    capacity[1:][draw.random((len(CAPTIVE_TO) - 1, WORLDS)) < 0.2] = 0.0
    return NestedMarket(
        captive_to=np.array(CAPTIVE_TO),
        log_theta=draw.normal(-0.3, 0.4, capacity.shape),
        capacity=capacity,
        reserve=draw.uniform(0.2, 0.6, capacity.shape),
        band=draw.uniform(0.02, 0.5, WORLDS),
        scale=draw.lognormal(0.5, 0.4, (KINDS, WORLDS)),
        elasticity=draw.uniform(0.1, 0.6, WORLDS),
        substitution=draw.uniform(6.0, 25.0, WORLDS),
    )


def as_arguments(market: NestedMarket) -> Market:
    """The same market as the clearing takes it."""
    access = np.array([[to in (OPEN, kind) for to in market.captive_to] for kind in range(KINDS)])
    return {
        "demand_scale": market.scale,
        "price_elasticity": market.elasticity[None],
        "substitution": market.substitution[None],
        "suitability": access[..., None] * np.exp(market.log_theta),
        "capacity": market.capacity[None],
        "reserve_price": market.reserve[None],
        "band": market.band,
    }


def bought(market: NestedMarket, cleared: NestedClearing) -> np.ndarray:
    """What each kind buys of each generation, (kinds, generations, worlds)."""
    return market.access.T[..., None] * cleared.strength[:, None] * cleared.taken


def a_quarter_on(market: NestedMarket, seed: int) -> NestedMarket:
    """More of everything that is there, and demand that has moved by about as much."""
    draw = np.random.default_rng(seed)
    more = np.exp(draw.normal(0.15, 0.03, market.capacity.shape))
    return replace(
        market, capacity=market.capacity * more, scale=market.scale * np.exp(draw.normal(0.15, 0.02, (KINDS, WORLDS)))
    )


def log_indices(market: NestedMarket, price: np.ndarray) -> np.ndarray:
    """Log of each kind's price index over what is there."""
    sigma = market.substitution
    weight = np.exp(sigma * market.log_theta + (1.0 - sigma) * np.log(price)) * (market.capacity > 0.0)
    own = market.by_nest(weight)
    return np.log(own[:-1] + own[-1]) / (1.0 - sigma)


def two_quarters(seed: int, glut: float) -> tuple[NestedMarket, np.ndarray, np.ndarray]:
    """A market, with the indices and the average of the quarter before it."""
    before = nested_market(seed, glut)
    _, average = before.prices(np.zeros((KINDS, WORLDS)))
    return a_quarter_on(before, seed + 1), log_indices(before, clear(as_arguments(before)).price), average


@pytest.mark.parametrize("glut", [0.0, 2.0, 4.0])
@pytest.mark.parametrize("seed", range(6))
def test_the_prices_are_those_of_the_clearing(seed: int, glut: float) -> None:
    market, log_index, average = two_quarters(seed, glut)
    price, _ = market.prices(log_index, average)
    cleared = clear(as_arguments(market))
    right = (np.abs(np.log(price.clip(0.01, 100.0) / cleared.price)) < NEAR) | (market.capacity == 0.0)
    assert right.all(axis=0).mean() > 0.9
    idle = (cleared.sold.sum(axis=0) < market.capacity * (1.0 - 1e-6)).any(axis=0)
    assert idle.mean() > 0.3 if glut > 3.0 else True
    started = clear(as_arguments(market) | {"start_price": price})
    assert (started.iterations == 0).mean() > 0.9
    np.testing.assert_allclose(started.price, cleared.price, rtol=NEAR)


@pytest.mark.parametrize("glut", [0.0, 2.0, 4.0])
@pytest.mark.parametrize("seed", range(4))
def test_a_market_in_nests_clears_as_any_market_does(seed: int, glut: float) -> None:
    market, log_index, average = two_quarters(seed, glut)
    market = replace(market, scale=market.scale * (np.arange(WORLDS) % 5 > 0))
    start, _ = market.prices(log_index, average)
    box = {"price_floor": np.full(WORLDS, 0.01), "price_cap": np.full(WORLDS, 100.0)}
    short = clear_nested_market(market, start, **box)
    long = clear(as_arguments(market) | {"start_price": start})
    np.testing.assert_allclose(short.log_index, log_indices(market, short.price), rtol=0.0, atol=NEAR)
    for found, wanted in ((short.price, long.price), (short.sold, long.sold[0]), (bought(market, short), long.bought)):
        np.testing.assert_allclose(found, wanted, rtol=NEAR, atol=NEAR * np.abs(wanted).max())
    np.testing.assert_allclose(bought(market, short).sum(axis=0), short.sold, rtol=1e-12)
    assert np.array_equal(short.rationed, long.rationed.any(axis=0))
    assert (np.abs(short.excess_demand) <= 1e-9 * market.capacity)[short.price < 100.0].all()
    for world in range(0, WORLDS, 4):
        one = np.array([world])
        alone = clear_nested_market(market.pick(one), start[:, one], box["price_floor"][one], box["price_cap"][one])
        for name in ("price", "taken", "strength", "sold", "excess_demand", "log_index", "rationed", "steps"):
            assert np.array_equal(getattr(alone, name)[..., 0], getattr(short, name)[..., world]), name


@pytest.mark.parametrize("glut", [0.0, 3.0])
def test_where_the_prices_given_do_not_clear_they_are_searched_for(glut: float) -> None:
    market, log_index, average = two_quarters(7, glut)
    start, _ = market.prices(log_index, average)
    wrong = np.arange(WORLDS) % 3 == 0
    box = {"price_floor": np.full(WORLDS, 0.01), "price_cap": np.full(WORLDS, 100.0)}
    wanted = clear_nested_market(market, start, **box)
    found = clear_nested_market(market, np.where(wrong, 1.3 * start, start), **box)
    assert (found.steps[wrong] > 0).all() and np.array_equal(found.steps[~wrong], wanted.steps[~wrong])
    for name in ("price", "taken", "strength", "sold", "log_index"):
        mine, other = getattr(found, name), getattr(wanted, name)
        assert np.array_equal(mine[:, ~wrong], other[:, ~wrong])
        np.testing.assert_allclose(mine, other, rtol=1e-7, atol=1e-9)
    assert (np.abs(found.excess_demand) <= 1e-9 * market.capacity)[found.price < 100.0].all()


@pytest.mark.parametrize("wrong", [-1.0, np.nan])
def test_what_is_no_quantity_is_named(wrong: float) -> None:
    market = nested_market(1, 0.0)
    market.capacity[1, 3] = wrong
    one = np.ones(WORLDS)
    with pytest.raises(ValueError, match=r"capacity: index \(1,\), world 3"):
        clear_nested_market(market, np.ones_like(market.capacity), 0.01 * one, 100.0 * one)


@pytest.mark.parametrize("glut", [0.0, 3.0])
def test_a_world_alone_has_the_same_bits(glut: float) -> None:
    market, log_index, average = two_quarters(3, glut)
    together, moved = market.prices(log_index, average)
    for world in range(WORLDS):
        alone, moved_alone = market.pick(np.array([world])).prices(log_index[:, [world]], average[[world]])
        assert np.array_equal(alone[:, 0], together[:, world]) and moved_alone[0] == moved[world]


def test_the_currency_scales_prices_only() -> None:
    market, log_index, average = two_quarters(4, 2.0)
    price, moved = market.prices(log_index, average)
    unit = 7.0
    scaled = replace(market, reserve=market.reserve * unit, scale=market.scale * unit**market.elasticity)
    other, moved_too = scaled.prices(log_index + np.log(unit), average + np.log(unit))
    there = market.capacity > 0.0
    np.testing.assert_allclose(other[there], unit * price[there], rtol=NEAR)
    np.testing.assert_allclose(moved_too, moved + np.log(unit), rtol=NEAR, atol=NEAR)


@pytest.mark.parametrize("generation", range(len(CAPTIVE_TO)))
def test_one_generation_or_kind_alone_is_no_stumbling_block(generation: int) -> None:
    market = nested_market(5, 0.0)
    only = (np.arange(len(CAPTIVE_TO)) == generation)[:, None]
    for part in (
        replace(market, capacity=market.capacity * only),
        replace(market, capacity=market.capacity * ~only),
        replace(market, scale=market.scale * (np.arange(KINDS) == generation % KINDS)[:, None]),
        replace(market, scale=market.scale * (np.arange(KINDS) != generation % KINDS)[:, None]),
        replace(market, capacity=0.0 * market.capacity),
    ):
        price, average = part.prices(np.zeros((KINDS, WORLDS)))
        assert np.isfinite(price).all() and np.isfinite(average).all()
