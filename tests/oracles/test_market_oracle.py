"""The rental market against SciPy, one world at a time: thousands of random markets and every knife edge."""

from __future__ import annotations

import numpy as np
import pytest

from tests.invariants.market_inputs import Market, clear, random_market, usual_market, worlds_of
from tests.oracles.rental_market import clear_one, take_world
from world.market import RentalClearing

AGREES = 1e-8
WORLDS = 12


def assert_agrees(market: Market, floor: float = 0.01, cap: float = 100.0) -> RentalClearing:
    """Every world's prices, trades and excess demand are those of the oracle, to 1e-8 relative."""
    cleared = clear(market | {"price_floor": floor, "price_cap": cap})
    for world in range(worlds_of(market)):
        expected = clear_one(take_world(market, world, floor, cap))
        offered = np.asarray(market["capacity"])[..., world].sum(axis=0)
        unit = np.maximum(offered, 1e-12 * offered.sum())
        live = expected.traded & (expected.sold.sum(axis=0) > 1e-9 * unit)
        np.testing.assert_allclose(cleared.price[live, world], expected.price[live], rtol=AGREES)
        quiet = ~expected.traded
        reported = np.where(offered > 0.0, expected.price, cap)
        np.testing.assert_allclose(cleared.price[quiet, world], reported[quiet], rtol=1e-15)
        for name in ("bought", "sold"):
            distance = np.abs(getattr(cleared, name)[..., world] - getattr(expected, name))
            assert np.all(distance <= AGREES * unit), (name, world)
        # Demand at a price at the box may be large: then it is compared with itself.
        wide = np.maximum(unit, np.abs(expected.excess_demand))
        assert np.all(np.abs(cleared.excess_demand[:, world] - expected.excess_demand) <= 10.0 * AGREES * wide)
    return cleared


def with_worlds(market: Market) -> Market:
    """The same market with an axis of worlds on every argument but the band."""
    worlds = worlds_of(market)
    spread = dict(market)
    for name, axes in {"price_elasticity": 1, "substitution": 1, "suitability": 2, "reserve_price": 2}.items():
        value = np.asarray(market[name])
        if value.ndim == axes:
            spread[name] = np.repeat(value[..., None], worlds, axis=-1)
    return spread


@pytest.mark.parametrize("block", range(15))
def test_wild_markets(block: int) -> None:
    for seed in range(10 * block, 10 * block + 10):
        assert_agrees(random_market(seed, WORLDS))


@pytest.mark.parametrize("seed", range(8))
def test_markets_as_a_run_has_them(seed: int) -> None:
    assert_agrees(with_worlds(usual_market(seed, WORLDS)))


@pytest.mark.parametrize("seed", range(6))
def test_all_worlds_at_the_cap(seed: int) -> None:
    market = with_worlds(usual_market(seed, WORLDS, buyers=4, suppliers=3, generations=4))
    cap = 1.6 * float(np.asarray(market["reserve_price"]).max())
    cleared = assert_agrees(market | {"demand_scale": np.asarray(market["demand_scale"]) * 1e3}, cap=cap)
    assert cleared.rationed.any(axis=0).all()


@pytest.mark.parametrize("seed", range(6))
def test_all_worlds_at_the_floor(seed: int) -> None:
    market = with_worlds(usual_market(seed, WORLDS, buyers=4, suppliers=3, generations=4))
    cleared = assert_agrees(market | {"demand_scale": np.asarray(market["demand_scale"]) * 1e-3}, floor=0.61, cap=3.0)
    assert (cleared.price == 0.61).any(axis=0).all()


@pytest.mark.parametrize("seed", range(6))
def test_one_buyer_one_supplier_one_generation(seed: int) -> None:
    assert_agrees(random_market(seed, WORLDS, buyers=1))
    assert_agrees(random_market(seed, WORLDS, suppliers=1))
    assert_agrees(random_market(seed, WORLDS, generations=1))
    assert_agrees(random_market(seed, WORLDS, buyers=1, suppliers=1, generations=1))


@pytest.mark.parametrize("substitution", [1.1, 2.0, 8.0, 30.0])
@pytest.mark.parametrize("elasticity", [0.05, 1.0 - 1e-9, 1.0, 1.0 + 1e-9])
def test_extremes_of_both_elasticities(substitution: float, elasticity: float) -> None:
    market = random_market(7, WORLDS, buyers=3, suppliers=2, generations=4)
    market["price_elasticity"] = np.full((3, WORLDS), elasticity)
    market["substitution"] = np.full((3, WORLDS), substitution)
    assert_agrees(market)


@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_extremes_of_scale(factor: float) -> None:
    market = random_market(8, WORLDS, buyers=3, suppliers=2, generations=4)
    for name in ("demand_scale", "capacity"):
        market[name] = np.asarray(market[name]) * factor
    assert_agrees(market)
    market["capacity"] = np.asarray(market["capacity"]) * np.array([factor, 1.0, 1.0, 1.0])[:, None]
    assert_agrees(market)


@pytest.mark.parametrize("corner", [0.0, 1.0])
@pytest.mark.parametrize("seed", range(4))
def test_prices_on_the_corner_of_a_band(seed: int, corner: float) -> None:
    """Demand is set so that it equals supply exactly where the dearest or the cheapest band ends or begins."""
    market = with_worlds(usual_market(seed, WORLDS, buyers=1, suppliers=3, generations=3))
    market |= {"band": 0.25, "reserve_price": np.full((3, 3, WORLDS), 0.4)}
    market["reserve_price"][1:] = 0.5  # type: ignore[index]
    price = 0.5 * (1.0 + 0.25 * corner)  # where the first supplier's band ends, and the others' begins or ends
    capacity, sigma = np.asarray(market["capacity"]), np.asarray(market["substitution"])
    on_offer = capacity[0] if corner == 0.0 else capacity.sum(axis=0)
    # One buyer asks for exactly that at one price for all: theta^sigma in proportion, scale from the total.
    theta = (on_offer / on_offer.sum(axis=0)) ** (1.0 / sigma)
    market["suitability"] = theta[None]
    market["demand_scale"] = (on_offer.sum(axis=0) * price ** np.asarray(market["price_elasticity"])[0])[None]
    cleared = assert_agrees(market)
    np.testing.assert_allclose(cleared.price, price, rtol=AGREES)


@pytest.mark.parametrize("seed", range(4))
def test_ties_and_nothing(seed: int) -> None:
    market = random_market(seed, WORLDS, buyers=4, suppliers=4, generations=4)
    capacity, demand = np.asarray(market["capacity"]), np.asarray(market["demand_scale"])
    market["reserve_price"] = np.full(capacity.shape, 0.4)
    market["suitability"] = np.ones((4, 4, WORLDS))
    capacity[:] = capacity[:1]
    assert_agrees(market)
    capacity[:, 1] = 0.0
    market["suitability"][:, 2] = 0.0  # type: ignore[index]
    demand[:, ::3] = 0.0
    capacity[..., 1::3] = 0.0
    assert_agrees(market)
