"""Laws of the rental market: it clears with its certificate, is homogeneous, monotone, and knows no other world."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from tests.invariants.formula_inputs import MANY, WORLDS, seeds
from tests.invariants.market_inputs import (
    SCALES,
    Market,
    a_quarter_later,
    clear,
    random_market,
    some_worlds,
    usual_market,
)
from world.market import RentalClearing

FIELDS = ("price", "bought", "sold", "excess_demand", "duality_gap", "iterations", "rationed")
CLOSE = 1e-8
"""Relative distance of two prices that excess demand of 1e-10 cannot tell apart at an elasticity of 0.05."""


def offered(market: Market) -> np.ndarray:
    """What relative means: capacity offered, at least 1e-12 of the world's, (generations, worlds)."""
    total = np.asarray(market["capacity"]).sum(axis=0)
    return np.maximum(total, np.maximum(1e-12 * total.sum(axis=0), 1e-300))


def traded(cleared: RentalClearing, market: Market) -> np.ndarray:
    """Where a generation has a market price: something of it is traded."""
    return cleared.sold.sum(axis=0) > 1e-9 * offered(market)


def assert_cleared(cleared: RentalClearing, market: Market, floor: float = 0.01, cap: float = 100.0) -> None:
    """The certificate, conservation to rounding, and no trade beyond what either side wants."""
    bought, sold = cleared.bought.sum(axis=0), cleared.sold.sum(axis=0)
    assert np.all(np.abs(bought - sold) <= 1e-12 * np.maximum(bought, sold))
    assert np.all(cleared.bought >= 0.0) and np.all(cleared.sold >= 0.0)
    assert np.all(cleared.sold <= market["capacity"])
    assert np.all((cleared.price >= floor) & (cleared.price <= cap))
    excess, unit = cleared.excess_demand, offered(market)
    at_cap, at_floor = cleared.price >= cap, cleared.price <= floor
    assert np.all(np.where(at_cap, 0.0, excess) <= 1e-10 * unit)
    assert np.all(np.where(at_floor, 0.0, excess) >= -1e-10 * unit)
    assert np.all(cleared.rationed <= (at_cap & (excess > 0.0)))
    assert np.all(cleared.duality_gap >= 0.0)
    assert np.all(cleared.duality_gap <= 1e-10 * cap * unit.sum(axis=0))


def assert_same(one: RentalClearing, other: RentalClearing) -> None:
    for name in FIELDS:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


def assert_agree(
    one: RentalClearing, other: RentalClearing, market: Market, scale: float = 1.0, close: float = CLOSE
) -> None:
    """The same market price and trades up to the tolerance; quantities of the other are `scale` times as large."""
    live = traded(one, market)
    np.testing.assert_allclose(np.where(live, other.price, 1.0), np.where(live, one.price, 1.0), rtol=close)
    for name in ("bought", "sold"):
        distance = np.abs(getattr(other, name) - scale * getattr(one, name))
        assert np.all(distance <= close * scale * offered(market)), name


@given(seeds)
def test_clears_with_its_certificate_on_wild_markets(seed: int) -> None:
    market = random_market(seed, MANY)
    assert_cleared(clear(market), market)


@given(seeds, st.sampled_from([(0.3, 0.5), (0.01, 0.02), (50.0, 100.0), (0.5, 0.5000001)]))
def test_clears_in_a_narrow_box(seed: int, box: tuple[float, float]) -> None:
    market = random_market(seed, WORLDS) | {"price_floor": box[0], "price_cap": box[1]}
    assert_cleared(clear(market), market, *box)


@given(seeds)
def test_a_warm_start_changes_nothing_but_the_way(seed: int) -> None:
    market = random_market(seed, WORLDS)
    cold = clear(market)
    later = clear(a_quarter_later(market, seed) | {"start_price": cold.price})
    assert_agree(clear(a_quarter_later(market, seed)), later, a_quarter_later(market, seed))
    again = clear(market | {"start_price": cold.price})
    assert_agree(cold, again, market)


@given(seeds)
def test_a_world_alone_or_in_any_company_has_the_same_bits(seed: int) -> None:
    market = random_market(seed, MANY)
    together = clear(market)
    generator = np.random.default_rng(seed)
    order = generator.permutation(MANY)
    for chosen in (np.array([int(order[0])]), np.arange(5, 18), order):
        apart = clear(some_worlds(market, chosen))
        for name in FIELDS:
            np.testing.assert_array_equal(getattr(apart, name), getattr(together, name)[..., chosen], err_msg=name)


@given(seeds)
def test_what_is_the_same_in_all_worlds_may_have_no_axis_of_worlds(seed: int) -> None:
    market = usual_market(seed, WORLDS, buyers=3, suppliers=2, generations=5)
    spread = dict(market)
    for name in ("price_elasticity", "substitution", "suitability", "reserve_price", "band"):
        value = np.asarray(market[name])
        spread[name] = np.repeat(value[..., None], WORLDS, axis=-1)
    cleared = clear(market | {"price_cap": 3.0, "start_price": np.full(5, 0.7)})
    repeated = {"price_cap": np.full(WORLDS, 3.0), "start_price": np.full((5, WORLDS), 0.7)}
    assert_same(cleared, clear(spread | repeated))


@given(seeds)
def test_the_order_of_buyers_suppliers_and_generations_is_irrelevant(seed: int) -> None:
    market = random_market(seed, WORLDS)
    cleared = clear(market)
    turned = dict(market)
    for name in ("demand_scale", "price_elasticity", "substitution"):
        turned[name] = np.asarray(market[name])[::-1]
    for name in ("suitability", "capacity", "reserve_price"):
        turned[name] = np.asarray(market[name])[::-1, ::-1]
    back = clear(turned)
    restored = RentalClearing(
        back.price[::-1],
        back.bought[::-1, ::-1],
        back.sold[::-1, ::-1],
        back.excess_demand[::-1],
        back.duality_gap,
        back.iterations,
        back.rationed[::-1],
        back.index[::-1],
    )
    assert_agree(cleared, restored, market)


@given(seeds, st.sampled_from([1e-6, 3.0, 1e6]))
@example(243316732, 1e-6)  # narrow bands and much substitution: one world takes 600 steps
def test_scaling_all_quantities_scales_trades_and_leaves_prices(seed: int, factor: float) -> None:
    market = random_market(seed, WORLDS)
    larger = market | {name: np.asarray(market[name]) * factor for name in ("demand_scale", "capacity")}
    assert_agree(clear(market), clear(larger), market, factor)


@given(seeds)
def test_scaling_the_currency_scales_prices_and_leaves_quantities(seed: int) -> None:
    market = random_market(seed, WORLDS)
    factor = 7.0
    # Demand at a price index of 1 in the new money is that at 1 / factor in the old.
    in_new = market | {
        "reserve_price": np.asarray(market["reserve_price"]) * factor,
        "demand_scale": np.asarray(market["demand_scale"]) * factor ** np.asarray(market["price_elasticity"]),
        "price_floor": 0.01 * factor,
        "price_cap": 100.0 * factor,
    }
    old, new = clear(market), clear(in_new)
    live = traded(old, market)
    np.testing.assert_allclose(np.where(live, new.price / factor, 1.0), np.where(live, old.price, 1.0), rtol=CLOSE)
    assert np.all(np.abs(new.bought - old.bought) <= CLOSE * offered(market))


@given(seeds)
def test_more_capacity_never_raises_any_price(seed: int) -> None:
    market = random_market(seed, WORLDS)
    generator = np.random.default_rng(seed)
    capacity = np.asarray(market["capacity"])
    # What is offered already grows: a generation that was not there at all would enter the buyers' index.
    growth = np.where(generator.random(capacity.shape) < 0.3, generator.lognormal(0.0, 1.0, capacity.shape), 0.0)
    before = clear(market)
    after = clear(market | {"capacity": capacity * (1.0 + growth)})
    live = traded(before, market)
    assert np.all(np.where(live, after.price - before.price * (1.0 + CLOSE), 0.0) <= 0.0)


@given(seeds)
def test_more_demand_never_lowers_any_price(seed: int) -> None:
    market = random_market(seed, WORLDS)
    generator = np.random.default_rng(seed)
    demand = np.asarray(market["demand_scale"])
    growth = np.where(generator.random(demand.shape) < 0.5, generator.lognormal(0.0, 1.0, demand.shape), 0.0)
    after_market = market | {"demand_scale": demand * (1.0 + growth)}
    before, after = clear(market), clear(after_market)
    live = traded(before, market) & traded(after, after_market)
    assert np.all(np.where(live, before.price - after.price * (1.0 + CLOSE), 0.0) <= 0.0)


@given(seeds)
def test_who_holds_capacity_changes_no_price_and_no_users_quantity(seed: int) -> None:
    market = usual_market(seed, WORLDS, suppliers=3)
    capacity = np.asarray(market["capacity"])
    reserve = np.repeat(np.asarray(market["reserve_price"])[..., None], WORLDS, axis=-1)
    let = 0.4 * capacity[0]  # a tenant holds it; the reserve price travels with the capacity
    split = np.concatenate([capacity, let[None]])
    split[0] -= let
    before = clear(market | {"reserve_price": reserve})
    after = clear(market | {"capacity": split, "reserve_price": np.concatenate([reserve, reserve[:1]])})
    np.testing.assert_allclose(after.price, before.price, rtol=CLOSE)
    np.testing.assert_allclose(after.bought, before.bought, rtol=CLOSE, atol=1e-12)


@given(seeds, st.sampled_from([1.0 - 1e-9, 1.0 + 1e-9]))
def test_an_elasticity_of_one_is_no_special_case(seed: int, nearly: float) -> None:
    market = random_market(seed, WORLDS)
    at = market | {"price_elasticity": np.ones(np.shape(market["price_elasticity"]))}
    near = market | {"price_elasticity": np.full(np.shape(market["price_elasticity"]), nearly)}
    at["substitution"] = near["substitution"] = np.maximum(np.asarray(market["substitution"]), 1.1)
    assert_agree(clear(at), clear(near), market, close=1e-6)  # the markets themselves differ by 1e-9 times a log


def test_one_buyer_and_inelastic_supply_have_a_closed_form() -> None:
    scale, elasticity, capacity = np.array([[3.0, 5.0, 40.0]]), 0.25, 4.0
    cleared = clear(
        {
            "demand_scale": scale,
            "price_elasticity": np.array([elasticity]),
            "substitution": np.array([12.0]),
            "suitability": np.array([[1.0]]),
            "capacity": np.full((1, 1, 3), capacity),
            "reserve_price": np.array([[0.1]]),
            "band": 0.5,
        }
    )
    # Above the band price is (scale / capacity)^(1 / elasticity), at most the cap, where demand is rationed.
    wanted = (scale[0] / capacity) ** (1.0 / elasticity)
    np.testing.assert_allclose(cleared.price[0], np.minimum(wanted, 100.0), rtol=1e-9)
    np.testing.assert_array_equal(cleared.rationed[0], wanted > 100.0)
    np.testing.assert_allclose(cleared.bought[0, 0], capacity, rtol=1e-10)


def test_a_price_settles_exactly_on_the_corner_of_a_band() -> None:
    top = 0.2 * 1.5
    cleared = clear(
        {
            "demand_scale": np.array([[2.0 * top**0.5]]),
            "price_elasticity": np.array([0.5]),
            "substitution": np.array([3.0]),
            "suitability": np.array([[1.0]]),
            "capacity": np.array([[[2.0]], [[5.0]]]),
            "reserve_price": np.array([[0.2], [top]]),
            "band": 0.5,
        }
    )
    np.testing.assert_allclose(cleared.price, [[top]], rtol=1e-10)
    np.testing.assert_allclose(cleared.sold[:, 0, 0], [2.0, 0.0], atol=1e-9)


def test_demand_of_a_million_times_the_supply_hides_no_other_price() -> None:
    # At the cap nearly all of the dual is what cannot be had: what the fifth generation adds drowns in its rounding.
    market: Market = {
        "demand_scale": np.array([[1.3], [2.7e14], [5.2e15]]),
        "price_elasticity": np.full(3, 0.131),
        "substitution": np.full(3, 30.0),
        "suitability": np.array([1.79, 1.0, 0.63, 0.337, 0.18, 1.75])
        * np.array([[1, 1, 1, 1, 1, 0], [1, 1, 1, 1, 0, 0], [1, 1, 1, 1, 0, 1]]),
        "capacity": np.array([[[0.057], [4.75], [27.2], [40.3], [0.546], [10.5]]]),
        "reserve_price": np.array([[0.38, 0.22, 0.118, 0.055, 0.006, 0.17]]),
        "band": 1.17,
    }
    cleared = clear(market | {"start_price": np.full((6, 1), 100.0)})
    assert_cleared(cleared, market)
    assert cleared.iterations.max() <= 300
    assert cleared.price[4, 0] < 100.0 and cleared.rationed[0, 0]


def test_what_nobody_trades_reports_the_cap_or_the_lowest_reserve() -> None:
    market = usual_market(1, 3, buyers=2, suppliers=2, generations=4)
    market["capacity"][:, 0] = 0.0  # type: ignore[index]
    market["suitability"][:, 1] = 0.0  # type: ignore[index]
    market["demand_scale"][:, 2] = 0.0  # type: ignore[index]
    cleared = clear(market | {"price_cap": 20.0})
    lowest = np.asarray(market["reserve_price"]).min(axis=0)
    np.testing.assert_array_equal(cleared.price[0], 20.0)
    np.testing.assert_array_equal(cleared.price[1], lowest[1])
    np.testing.assert_array_equal(cleared.price[2:, 2], lowest[2:])
    assert not cleared.sold[:, :2].any() and not cleared.bought[:, :2].any() and not cleared.bought[..., 2].any()
    assert not cleared.rationed.any() and not cleared.excess_demand[0].any()
    # A generation that is not there leaves the others as if it had never been.
    without = {name: np.asarray(market[name])[:, 1:] for name in ("suitability", "capacity", "reserve_price")}
    np.testing.assert_allclose(clear(market | without).price[1:], cleared.price[2:], rtol=CLOSE)


def test_a_warm_market_needs_few_steps() -> None:
    market = usual_market(5, 200)
    later = a_quarter_later(market, 6) | {"start_price": clear(market).price}
    steps = clear(later).iterations
    assert steps.mean() <= 4.5 and np.quantile(steps, 0.99) <= 7


def test_knife_edges_are_drawn() -> None:
    """The generator covers what it promises."""
    seen = [random_market(seed, WORLDS) for seed in range(40)]
    assert any((np.asarray(m["capacity"]).sum(axis=0) == 0.0).any() for m in seen)
    assert any((np.asarray(m["suitability"]) == 0.0).all(axis=0).any() for m in seen)
    assert any((np.asarray(m["demand_scale"]) == 0.0).all(axis=0).any() for m in seen)
    assert {float(np.asarray(m["demand_scale"]).shape[0]) for m in seen} >= {1.0, 8.0}
    assert len(set(SCALES)) == 3
