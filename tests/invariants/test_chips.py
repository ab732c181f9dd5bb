"""Laws of chip vendors: the mix of generations, capacity, list prices, allocation, and an own chip's value."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from runs.state import Generations
from tests.invariants.formula_inputs import (
    MANY,
    Inputs,
    assert_number_is_per_world,
    assert_worlds_apart,
    rises,
    seeds,
)
from world.arrays import fold
from world.chips import (
    MOST_DECLINE,
    allocation_weight,
    backlog_ahead,
    backlog_pressure,
    list_price_k,
    programme_npv_usd_bn,
    wafer_growth,
    wafer_mix,
)


def launches(inputs: Inputs) -> dict[str, np.ndarray]:
    """Three generations in succession; the newer ones may be on sale, within their first quarter, or never to come."""
    since = inputs.between(-8.0, 20.0, 3)
    since[0] = np.abs(since[0]) + 12.0
    since[2] = np.where(inputs.shares() < 0.2, -np.inf, since[2])
    return {"quarters_since_launch": since, "ramp_quarters": inputs.between(2.0, 7.0, 3)}


@given(seeds)
def test_the_mix_sums_to_one_and_the_newest_takes_over(seed: int) -> None:
    arguments = launches(Inputs(seed))
    since = arguments["quarters_since_launch"]
    mix = wafer_mix(**arguments)
    np.testing.assert_allclose(fold(mix), 1.0, rtol=0.0, atol=1e-15)
    assert np.all(mix >= 0.0)
    assert np.all(mix[since <= -1.0] == 0.0)
    later = wafer_mix(since + 0.3, arguments["ramp_quarters"])
    assert rises(mix[2], later[2])
    settled = since[2] > 2.0 * arguments["ramp_quarters"][2]
    assert np.all(mix[2][settled] > 0.99)


@given(seeds)
def test_the_mix_is_continuous_in_the_launch(seed: int) -> None:
    arguments = launches(Inputs(seed))
    since, step = arguments["quarters_since_launch"], 1e-7
    moved = wafer_mix(since + step, arguments["ramp_quarters"])
    # The steepest piece rises by 3.6 x 0.64 over the shortest ramp of two quarters.
    assert np.max(np.abs(moved - wafer_mix(**arguments))) <= 5.0 * step


@pytest.mark.parametrize("edge", [-1.0, 0.0, 4.0])
def test_the_mix_has_no_jump_where_its_pieces_meet(edge: float) -> None:
    since = np.array([[20.0, 20.0, 20.0], [edge - 1e-9, edge, edge + 1e-9]])
    newest = wafer_mix(since, np.full((2, 3), 4.0))[1]
    assert np.max(np.abs(np.diff(newest))) <= 1e-8


@given(seeds)
def test_the_backlog_ahead_follows_orders_and_capacity(seed: int) -> None:
    inputs = Inputs(seed)
    amounts = {name: inputs.with_zeros() for name in ("backlog", "ordered", "capacity")}
    paces = {
        "order_growth": inputs.between(-0.1, 0.4),
        "capacity_growth": inputs.between(-0.1, 0.3),
        "quarters": inputs.between(0.0, 8.0),
    }
    ahead = backlog_ahead(**amounts, **paces)
    assert np.all(ahead >= 0.0)
    assert rises(ahead, backlog_ahead(**amounts | {"ordered": 1.5 * amounts["ordered"] + 0.1}, **paces))
    assert rises(ahead, backlog_ahead(**amounts | {"backlog": 1.5 * amounts["backlog"] + 0.1}, **paces))
    assert rises(backlog_ahead(**amounts | {"capacity": 1.5 * amounts["capacity"] + 0.1}, **paces), ahead)
    scaled = backlog_ahead(**{name: 7.0 * value for name, value in amounts.items()}, **paces)
    np.testing.assert_allclose(scaled, 7.0 * ahead, rtol=1e-11, atol=1e-11)
    now = backlog_ahead(**amounts, **paces | {"quarters": np.zeros_like(ahead)})
    np.testing.assert_array_equal(now, amounts["backlog"])
    # By hand: 10 wait, 3 are ordered and 5 shipped a quarter, nothing grows: 4 wait three quarters later.
    numbers = [np.array([value]) for value in (10.0, 3.0, 5.0, 0.0, 0.0, 3.0)]
    assert backlog_ahead(*numbers) == 4.0


def growth_towards(
    backlog: np.ndarray,
    shipped: np.ndarray,
    lag_quarters: np.ndarray | float,
    target_lead: np.ndarray | float,
    max_growth: np.ndarray | float,
) -> np.ndarray:
    return wafer_growth(backlog_pressure(backlog, shipped, target_lead), lag_quarters, max_growth)


@given(seeds)
def test_wafers_grow_towards_the_backlog_within_limits(seed: int) -> None:
    inputs = Inputs(seed)
    backlog, shipped = inputs.with_zeros(), inputs.with_zeros()
    lag, target, most = inputs.between(4.0, 8.0), inputs.between(1.0, 4.0), inputs.between(0.05, 0.3)
    growth = growth_towards(backlog, shipped, lag, target, most)
    assert np.all((growth <= most) & (growth >= -MOST_DECLINE))
    assert rises(growth, growth_towards(backlog * 1.5 + 0.1, shipped, lag, target, most))
    scaled = growth_towards(7.0 * backlog, 7.0 * shipped, lag, target, most)
    np.testing.assert_allclose(growth, scaled, rtol=1e-12, atol=1e-12)
    at_target = growth_towards(target * (shipped + 1.0), shipped + 1.0, lag, target, most)
    np.testing.assert_allclose(at_target, 0.0, atol=1e-12)


@given(seeds)
def test_what_wafers_give_is_each_quarters_mix_and_knows_no_other_world(seed: int) -> None:
    inputs = Inputs(seed)
    launch = inputs.between(-8.0, 9.0, 3)
    launch[0] = -np.abs(launch[0])
    other = np.ones_like(launch)
    packages, h100e, ramp = inputs.between(8.0, 30.0, 3), inputs.between(0.3, 20.0, 3), inputs.between(2.0, 7.0, 3)
    figures = h100e, other, other, packages, launch, ramp, other, other
    made = Generations(*figures).from_wafers(12)
    for quarter in range(12):
        mix = wafer_mix(np.maximum(quarter - launch, -8.0), ramp)
        np.testing.assert_array_equal(made[:, quarter], mix * (packages * h100e / 1000.0))
        assert np.all(made[:, quarter][launch >= quarter + 1.0] == 0.0)
    columns = (
        np.ascontiguousarray(each[:, 1:2]) for each in (h100e, other, other, packages, launch, ramp, other, other)
    )
    np.testing.assert_array_equal(Generations(*columns).from_wafers(12), made[..., 1:2])


@given(seeds)
def test_list_prices_drift_down_and_hardly_answer_the_backlog(seed: int) -> None:
    inputs = Inputs(seed)
    launch, since = inputs.between(10.0, 80.0, 3), inputs.between(-4.0, 20.0, 3)
    drift, backlog, elasticity = inputs.between(0.07, 0.25), inputs.with_zeros(), inputs.between(0.0, 0.1)
    price = list_price_k(launch, since, drift, backlog, elasticity)
    assert rises(list_price_k(launch, since + 1.0, drift, backlog, elasticity), price)
    assert rises(price, list_price_k(launch, since, drift, backlog * 2.0, elasticity))
    assert np.all(price <= launch * 1.175)
    np.testing.assert_allclose(list_price_k(launch, np.zeros((3, 7)), drift, 1.0, elasticity), launch, rtol=1e-15)
    np.testing.assert_allclose(list_price_k(3.0 * launch, since, drift, backlog, elasticity), 3.0 * price, rtol=1e-12)


@given(seeds)
def test_allocation_favours_size_and_prepayment(seed: int) -> None:
    inputs = Inputs(seed)
    arguments = {
        "size": inputs.with_zeros(3),
        "prepaid_share": inputs.between(0.0, 0.8, 3),
        "size_power": inputs.between(0.0, 1.5),
        "prepayment_pull": inputs.with_zeros(),
    }
    weight = allocation_weight(**arguments)
    assert np.all(weight > 0.0)
    for name in ("size", "prepaid_share"):
        more = arguments[name].copy()
        more[0] += 0.1
        assert rises(weight[0], allocation_weight(**{**arguments, name: more})[0]), name
    scaled = allocation_weight(**{**arguments, "size": 8.0 * arguments["size"]})
    np.testing.assert_allclose(scaled, weight, rtol=1e-12)
    level = allocation_weight(**{**arguments, "size_power": np.zeros_like(arguments["size_power"])})
    np.testing.assert_allclose(level, 1.0 + arguments["prepayment_pull"] * arguments["prepaid_share"], rtol=1e-12)


def programme(inputs: Inputs) -> dict[str, np.ndarray]:
    own = inputs.between(0.3, 1.5)
    return {
        "volume_h100e_m": inputs.with_zeros(),
        "cost_bought_usd_h": own + inputs.between(0.01, 1.0),
        "cost_own_usd_h": own,
        "development_cost_usd_bn": inputs.with_zeros(),
        "lead_quarters": inputs.between(4.0, 14.0),
        "horizon_quarters": inputs.between(0.0, 40.0),
        "discount_rate_per_quarter": inputs.between(0.0, 0.08),
    }


@given(seeds)
def test_an_own_chip_is_worth_more_with_volume_and_less_with_cost(seed: int) -> None:
    arguments = programme(Inputs(seed))
    value = programme_npv_usd_bn(**arguments)
    for name, more in (("volume_h100e_m", 0.5), ("cost_bought_usd_h", 0.1), ("horizon_quarters", 4.0)):
        assert rises(value, programme_npv_usd_bn(**{**arguments, name: arguments[name] + more})), name
    for name, more in (("cost_own_usd_h", 0.1), ("development_cost_usd_bn", 1.0)):
        assert rises(programme_npv_usd_bn(**{**arguments, name: arguments[name] + more}), value), name
    dearer = dict(arguments)
    for name in ("cost_bought_usd_h", "cost_own_usd_h", "development_cost_usd_bn"):
        dearer[name] = 5.0 * arguments[name]
    np.testing.assert_allclose(programme_npv_usd_bn(**dearer), 5.0 * value, rtol=1e-9, atol=1e-12)
    nothing_saved = programme_npv_usd_bn(**{**arguments, "horizon_quarters": arguments["lead_quarters"] * 0.5})
    assert np.all(nothing_saved <= 0.0)


def test_chips_know_no_other_world() -> None:
    inputs = Inputs(2, MANY)
    arguments = launches(inputs)
    assert_worlds_apart(wafer_mix, arguments)
    wafers = {
        "backlog": inputs.with_zeros(),
        "shipped": inputs.with_zeros(),
        "lag_quarters": inputs.between(4.0, 8.0),
        "target_lead": inputs.between(1.0, 4.0),
        "max_growth": inputs.between(0.05, 0.3),
    }
    assert_worlds_apart(growth_towards, wafers)
    assert_number_is_per_world(growth_towards, wafers, "lag_quarters", "target_lead", "max_growth")
    prices = {
        "launch_price_k": inputs.amounts(3),
        "quarters_since_launch": inputs.between(-4.0, 20.0, 3),
        "yearly_drift": inputs.between(0.07, 0.25),
        "backlog_ratio": inputs.with_zeros(),
        "elasticity": inputs.between(0.0, 0.1),
    }
    assert_worlds_apart(list_price_k, prices)
    assert_number_is_per_world(list_price_k, prices, "yearly_drift", "backlog_ratio", "elasticity")
    assert_worlds_apart(programme_npv_usd_bn, programme(inputs))
    numbers = ("development_cost_usd_bn", "lead_quarters", "horizon_quarters", "discount_rate_per_quarter")
    assert_number_is_per_world(programme_npv_usd_bn, programme(inputs), *numbers)


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match=r"quarters_since_launch\[0\].*world 1"):
        wafer_mix(np.array([[4.0, -2.0]]), np.full((1, 2), 4.0))
    with pytest.raises(ValueError, match=r"quarters_since_launch.*\(1,\), world 0.*nan"):
        wafer_mix(np.array([[4.0], [np.nan]]), np.full((2, 1), 4.0))
    with pytest.raises(ValueError, match=r"elasticity.*0\.5"):
        list_price_k(np.ones((1, 1)), np.ones((1, 1)), 0.1, 1.0, 0.5)
    with pytest.raises(ValueError, match=r"backlog.*world 0"):
        growth_towards(np.array([-1.0]), np.ones(1), 6.0, 2.0, 0.2)
    with pytest.raises(ValueError, match="lead_quarters"):
        programme_npv_usd_bn(np.ones(1), np.ones(1), np.ones(1), 1.0, 0.0, 20.0, 0.02)
