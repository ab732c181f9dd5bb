"""Laws of the pool of spending, market shares, serving, capability, and the split of compute."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from tests.invariants.formula_inputs import (
    MANY,
    Inputs,
    assert_number_is_per_world,
    assert_worlds_apart,
    rises,
    seeds,
)
from world.arrays import fold
from world.services import (
    budget_for_income,
    budget_to_demand_scale,
    local_trend,
    market_shares,
    next_capability,
    scaled_innovation,
    serve,
    split_inference,
    unserved_share,
)

HOURS = 2190.0


@given(seeds)
def test_an_innovation_keeps_its_sign_order_and_limit(seed: int) -> None:
    inputs = Inputs(seed)
    draw, freedom, deviation = inputs.signed(scale=2.0), inputs.between(2.1, 9.0), inputs.between(0.0, 0.1)
    moved = scaled_innovation(draw, freedom, deviation)
    assert np.array_equal(scaled_innovation(-draw, freedom, deviation), -moved)
    assert rises(moved, scaled_innovation(draw + 0.5, freedom, deviation))
    assert np.all(np.abs(moved) <= 8.0 * deviation)
    np.testing.assert_allclose(scaled_innovation(draw, freedom, 2.0 * deviation), 2.0 * moved, rtol=1e-12)


@given(seeds)
def test_the_trend_returns_to_the_long_run(seed: int) -> None:
    inputs = Inputs(seed)
    growth, long_run, persistence = inputs.signed(scale=0.1), inputs.between(-0.02, 0.1), inputs.shares()
    calm = local_trend(growth, long_run, persistence, 0.0)
    assert np.all(np.abs(calm - long_run) <= np.abs(growth - long_run) * (1.0 + 1e-12) + 1e-15)
    np.testing.assert_allclose(local_trend(growth, long_run, persistence, 0.03) - calm, 0.03, rtol=1e-9)


def logit(inputs: Inputs, labs: int = 3) -> dict[str, np.ndarray]:
    return {
        "capability": inputs.signed(labs, scale=5.0),
        "distribution": inputs.signed(labs, scale=2.0),
        "unserved": inputs.shares(labs),
        "capability_weight": inputs.between(0.0, 2.0),
        "distribution_weight": inputs.between(0.0, 2.0),
        "unserved_weight": inputs.between(0.0, 3.0),
    }


@given(seeds)
def test_market_shares_sum_to_one_and_follow_merit(seed: int) -> None:
    arguments = logit(Inputs(seed))
    shares = market_shares(**arguments)
    np.testing.assert_allclose(fold(shares), 1.0, rtol=0.0, atol=1e-14)
    better = arguments["capability"].copy()
    better[1] += 0.7
    moved = market_shares(**{**arguments, "capability": better})
    assert rises(shares[1], moved[1])
    assert rises(moved[[0, 2]], shares[[0, 2]])
    shifted = market_shares(**{**arguments, "capability": arguments["capability"] + 3.0})
    np.testing.assert_allclose(shifted, shares, rtol=1e-9, atol=1e-300)
    turned = {name: value[::-1] if value.ndim == 2 else value for name, value in arguments.items()}
    np.testing.assert_allclose(market_shares(**turned)[::-1], shares, rtol=1e-12, atol=1e-300)


def test_market_shares_stand_differences_of_hundreds() -> None:
    capability = np.array([[800.0], [-900.0], [800.0]])
    shares = market_shares(capability, np.zeros((3, 1)), np.zeros((3, 1)), 5.0, 1.0, 1.0)
    np.testing.assert_allclose(shares, [[0.5], [0.0], [0.5]])


@given(seeds)
def test_serving_conserves_money_and_stays_within_capacity(seed: int) -> None:
    inputs = Inputs(seed)
    demand, capacity, spill = inputs.with_zeros(3), inputs.with_zeros(3), inputs.shares()
    served = serve(demand, capacity, spill)
    total = fold(demand)
    assert np.all(served.served_usd_bn <= capacity * (1.0 + 1e-15))
    np.testing.assert_allclose(fold(served.served_usd_bn) + served.lost_usd_bn, total, rtol=1e-12, atol=1e-15)
    assert np.all(served.lost_usd_bn >= 0.0)
    np.testing.assert_allclose(
        served.served_usd_bn - served.received_usd_bn + served.unserved_usd_bn, demand, rtol=1e-12, atol=1e-15
    )
    assert np.all((served.received_usd_bn == 0.0) | (served.unserved_usd_bn == 0.0))
    share = unserved_share(served.unserved_usd_bn, demand)
    assert np.all((share >= 0.0) & (share <= 1.0))
    roomy = serve(demand, demand + 1.0, spill)
    assert np.array_equal(roomy.served_usd_bn, demand)


@given(seeds)
def test_more_capacity_never_serves_less(seed: int) -> None:
    inputs = Inputs(seed)
    demand, capacity, spill = inputs.with_zeros(3), inputs.with_zeros(3), inputs.shares()
    larger = capacity.copy()
    larger[1] += inputs.amounts()
    before, after = serve(demand, capacity, spill), serve(demand, larger, spill)
    assert rises(fold(before.served_usd_bn), fold(after.served_usd_bn))
    assert rises(before.served_usd_bn[1], after.served_usd_bn[1])
    stickier = serve(demand, capacity, spill * 0.5)
    assert rises(stickier.served_usd_bn, before.served_usd_bn)


@given(seeds)
def test_capability_rises_with_training_and_fades_without(seed: int) -> None:
    inputs = Inputs(seed)
    capability, flow = inputs.signed(3, scale=3.0), inputs.with_zeros(3)
    progress, depreciation = inputs.between(0.0, 5.0), inputs.between(0.0, 0.5)
    after = next_capability(capability, flow, progress, depreciation)
    assert rises(after, next_capability(capability, flow * 1.3 + 0.1, progress, depreciation))
    assert rises(after, next_capability(capability + 0.2, flow, progress, depreciation))
    assert rises(after, next_capability(capability, flow, progress + 0.2, depreciation))
    assert rises(next_capability(capability, flow, progress, depreciation + 0.1), after)
    idle = next_capability(capability, np.zeros((3, 7)), progress, depreciation)
    np.testing.assert_allclose(idle, capability + np.log1p(-depreciation), rtol=1e-12)


@given(seeds)
def test_the_split_uses_all_compute_and_no_more_inference_than_wanted(seed: int) -> None:
    inputs = Inputs(seed)
    bought, inference_wanted, rd_wanted = inputs.with_zeros(3), inputs.with_zeros(3), inputs.with_zeros(3)
    priority = inputs.between(0.0, 0.9)
    inference, rd = split_inference(bought, inference_wanted, rd_wanted, inference_priority=priority)
    np.testing.assert_allclose(inference + rd, bought, rtol=1e-15)
    assert np.all((inference <= inference_wanted) & (rd >= 0.0) & (inference >= 0.0))
    more, _ = split_inference(bought * 1.2, inference_wanted, rd_wanted, inference_priority=priority)
    assert rises(inference, more)
    firster, _ = split_inference(bought, inference_wanted, rd_wanted, inference_priority=priority + 0.1)
    assert rises(inference, firster)
    all_inference, all_rd = split_inference(inference_wanted + rd_wanted, inference_wanted, rd_wanted)
    np.testing.assert_allclose(all_inference, inference_wanted, rtol=1e-12)
    np.testing.assert_allclose(all_rd, rd_wanted, rtol=1e-9, atol=1e-12 * np.max(inference_wanted))


@given(seeds)
def test_a_budget_buys_itself_at_long_run_cost(seed: int) -> None:
    inputs = Inputs(seed)
    budget, cost, elasticity = inputs.with_zeros(3), inputs.amounts(), inputs.between(0.8, 2.0)
    cost = np.broadcast_to(cost, (3, 7)).copy()
    scale = budget_to_demand_scale(budget, cost, elasticity)
    wanted = scale * np.exp(-elasticity * np.log(cost))
    np.testing.assert_allclose(wanted * cost * HOURS / 1000.0, budget, rtol=1e-10)


@given(seeds)
def test_an_income_buys_itself_at_prices_as_they_are(seed: int) -> None:
    inputs = Inputs(seed)
    income, (price, slow, cost) = inputs.with_zeros(), (inputs.amounts() for _ in range(3))
    short, long = inputs.between(0.05, 0.6), inputs.between(0.8, 2.0)
    budget = budget_for_income(income, price, slow, cost, short, long)
    demand = budget_to_demand_scale(budget, cost, long) * slow ** (short - long) * price**-short
    np.testing.assert_allclose(demand * price * HOURS / 1000.0, income, rtol=1e-9)
    np.testing.assert_allclose(budget_for_income(income, cost, cost, cost, short, long), income, rtol=1e-12)
    assert rises(budget, budget_for_income(1.5 * income + 0.1, price, slow, cost, short, long))


def test_services_know_no_other_world() -> None:
    inputs = Inputs(8, MANY)
    shock = {
        "draw": inputs.signed(),
        "degrees_of_freedom": inputs.between(2.1, 9.0),
        "deviation": inputs.between(0.0, 0.1),
    }
    assert_worlds_apart(scaled_innovation, shock)
    assert_number_is_per_world(scaled_innovation, shock, "degrees_of_freedom", "deviation")
    trend = {
        "growth": inputs.signed(),
        "long_run_growth": inputs.between(0.0, 0.1),
        "persistence": inputs.shares(),
        "innovation": inputs.signed(),
    }
    assert_worlds_apart(local_trend, trend)
    assert_number_is_per_world(local_trend, trend, "long_run_growth", "persistence")
    # From eight rows on a plain sum over them would depend on the layout.
    assert_worlds_apart(market_shares, logit(inputs, labs=11))
    weights = ("capability_weight", "distribution_weight", "unserved_weight")
    assert_number_is_per_world(market_shares, logit(inputs), *weights)
    serving = {
        "demand_usd_bn": inputs.with_zeros(9),
        "capacity_usd_bn": inputs.with_zeros(9),
        "spill_share": inputs.shares(),
    }
    assert_worlds_apart(serve, serving)
    assert_number_is_per_world(serve, serving, "spill_share")
    learning = {
        "capability": inputs.signed(3),
        "training_compute_flow": inputs.with_zeros(3),
        "algorithmic_progress": inputs.between(0.0, 5.0),
        "depreciation": inputs.between(0.0, 0.5),
    }
    assert_worlds_apart(next_capability, learning)
    assert_number_is_per_world(next_capability, learning, "algorithmic_progress", "depreciation")
    split = {
        "bought": inputs.with_zeros(3),
        "wanted_inference": inputs.with_zeros(3),
        "wanted_rd": inputs.with_zeros(3),
    }
    assert_worlds_apart(split_inference, split)
    budget = {
        "budget_usd_bn": inputs.with_zeros(3),
        "long_run_cost_usd_h": inputs.amounts(),
        "elasticity_long": inputs.between(0.8, 2.0),
    }
    assert_worlds_apart(budget_to_demand_scale, budget)
    assert_number_is_per_world(budget_to_demand_scale, budget, "elasticity_long")


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match="degrees_of_freedom"):
        scaled_innovation(np.ones(1), 2.0, 0.1)
    with pytest.raises(ValueError, match=r"demand_usd_bn.*\(1,\), world 2.*-1"):
        serve(np.array([[1.0, 1.0, 1.0], [1.0, 1.0, -1.0]]), np.ones((2, 3)), 0.5)
    with pytest.raises(ValueError, match=r"unserved.*world 0"):
        market_shares(np.ones((2, 1)), np.ones((2, 1)), np.full((2, 1), 1.5), 1.0, 1.0, 1.0)
    with pytest.raises(ValueError, match="depreciation"):
        next_capability(np.ones(2), np.ones(2), 0.0, 1.0)
    with pytest.raises(ValueError, match=r"long_run_cost_usd_h.*world 1"):
        budget_to_demand_scale(np.ones(2), np.array([1.0, 0.0]), 1.2)
