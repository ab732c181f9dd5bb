"""Markets with lone suppliers and one substitution elasticity: the short way to their prices is the long way's."""

from __future__ import annotations

import numpy as np
import pytest

from tests.invariants.market_inputs import Market, a_quarter_later, clear, random_market, some_worlds, usual_market
from world.index_newton import improve_start
from world.rental_input import prepare, start_prices

WORLDS = 40


def lone(market: Market) -> Market:
    """The market with its first supplier only and with the first buyer's substitution for all, as one row."""
    elasticity, sigma = np.asarray(market["price_elasticity"]), np.asarray(market["substitution"])[:1]
    alone = dict(market) | {"substitution": sigma, "price_elasticity": np.minimum(elasticity, 0.95 * sigma)}
    for name in ("capacity", "reserve_price"):
        alone[name] = np.asarray(market[name])[:1]
    return alone


def long_way(market: Market) -> Market:
    """The same market with one row of substitution for each buyer: it is solved in prices."""
    rows = len(np.asarray(market["demand_scale"]))
    return dict(market) | {"substitution": np.repeat(np.asarray(market["substitution"]), rows, axis=0)}


@pytest.mark.parametrize("seed", range(12))
def test_both_ways_find_the_same_prices(seed: int) -> None:
    market = lone(random_market(seed, WORLDS, buyers=int(seed % 5) + 2))
    short, long = clear(market), clear(long_way(market))
    traded = short.sold.sum(axis=0) > 1e-9 * np.asarray(market["capacity"]).sum(axis=(0, 1))
    np.testing.assert_allclose(np.where(traded, short.price, 1.0), np.where(traded, long.price, 1.0), rtol=1e-7)
    np.testing.assert_allclose(short.bought.sum(axis=0), short.sold.sum(axis=0), rtol=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_a_world_alone_or_in_any_company_has_the_same_bits(seed: int) -> None:
    market = lone(random_market(seed, WORLDS, buyers=3))
    sigma = (
        np.repeat(np.asarray(market["substitution"])[..., :1], WORLDS, axis=-1) if seed % 2 else market["substitution"]
    )
    market["substitution"] = np.where(np.arange(WORLDS) % 3 == 0, 90.0, sigma)  # steep worlds go the long way
    together = clear(market)
    for chosen in (np.array([5]), np.array([6]), np.arange(11, 3, -1), np.arange(0, WORLDS, 3)):
        apart = clear(some_worlds(market, chosen))
        for name in ("price", "bought", "sold", "excess_demand", "iterations"):
            assert np.array_equal(getattr(apart, name), getattr(together, name)[..., chosen]), name


@pytest.mark.parametrize("seed", range(6))
def test_a_world_that_is_done_stays_where_it_is(seed: int) -> None:
    # Prices inside their bands, in worlds that need more steps than their neighbours.
    market = lone(usual_market(seed, WORLDS))
    market["price_elasticity"] = np.asarray(market["price_elasticity"])[:1]
    market["demand_scale"] = np.asarray(market["demand_scale"]) * np.geomspace(0.02, 2.0, WORLDS)
    together = clear(market)
    for world in range(WORLDS):
        alone = clear(some_worlds(market, np.array([world])))
        assert np.array_equal(alone.price[:, 0], together.price[:, world])


def test_a_quarter_on_no_step_in_prices_is_left() -> None:
    market = lone(usual_market(3, 200))
    market["price_elasticity"] = np.asarray(market["price_elasticity"])[:1]
    later = a_quarter_later(market, 4) | {"start_price": clear(market).price}
    arguments = {name: value for name, value in later.items() if name != "start_price"}
    curves, lowest = prepare(**arguments, price_floor=0.01, price_cap=100.0)  # type: ignore[arg-type]
    _, steps = improve_start(curves, start_prices(curves, lowest, later["start_price"]), 1e-10)
    assert (clear(later).iterations == steps).mean() > 0.95


def test_where_suppliers_compete_or_buyers_differ_the_start_stays() -> None:
    for market in (
        usual_market(1, 7, suppliers=2) | {"substitution": np.array([9.0])},
        lone(usual_market(1, 7)) | {"substitution": np.linspace(8.0, 12.0, 8)},
    ):
        curves, lowest = prepare(**market, price_floor=0.01, price_cap=100.0)  # type: ignore[arg-type]
        start = start_prices(curves, lowest, None)
        assert improve_start(curves, start, 1e-10)[0] is start
