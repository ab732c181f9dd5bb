"""Laws of costs and of the prices that people quote."""

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
from world.costs import (
    annuity_factor,
    annuity_value,
    capital_usd_h,
    close_gap,
    level_price_usd_h,
    running_usd_h,
    step_list_price,
    term_price,
    usefulness,
)

RUNNING = ("system_multiple", "power_usd_mwh", "power_draw", "operations_share")
RAISE_CAPITAL = ("system_multiple", "cost_of_capital", "rent_fall", "shell_usd_m_per_it_mw")
LOWER_CAPITAL = ("chip_life_years", "shell_life_years", "utilisation")


def cost_arguments(seed: int, **worlds: int) -> dict[str, np.ndarray]:
    inputs = Inputs(seed, **worlds)
    kw_it = inputs.between(0.4, 4.0, 3)
    return {
        "price_k_per_h100e": inputs.between(2.0, 80.0, 3),
        "kw_facility_per_h100e": kw_it * inputs.between(1.1, 1.5, 3),
        "kw_it_per_h100e": kw_it,
        "cost_of_capital": inputs.between(0.0, 0.3),
        "rent_fall": inputs.between(0.0, 0.4),
        "chip_life_years": inputs.between(2.0, 9.0),
        "system_multiple": inputs.between(1.0, 2.0),
        "shell_usd_m_per_it_mw": inputs.between(5.0, 20.0),
        "shell_life_years": inputs.between(10.0, 30.0),
        "power_usd_mwh": inputs.between(30.0, 200.0),
        "power_draw": inputs.between(0.5, 1.0),
        "operations_share": inputs.between(0.0, 0.1),
        "utilisation": inputs.between(0.4, 1.0),
    }


def running_arguments(arguments: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: arguments[name] for name in ("price_k_per_h100e", "kw_facility_per_h100e", *RUNNING)}


def capital_arguments(arguments: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    own = ("price_k_per_h100e", "kw_it_per_h100e", *RAISE_CAPITAL, *LOWER_CAPITAL)
    return {name: arguments[name] for name in own}


@given(seeds)
def test_costs_rise_with_what_they_are_made_of(seed: int) -> None:
    arguments = cost_arguments(seed)
    running, capital = running_arguments(arguments), capital_arguments(arguments)
    cash, cost = running_usd_h(**running), capital_usd_h(**capital)
    assert cash.shape == cost.shape == (3, 7)
    assert np.all(cash > 0.0) and np.all(cost > 0.0)
    for name in RUNNING:
        assert rises(cash, running_usd_h(**{**running, name: running[name] + 0.1})), name
    for name in RAISE_CAPITAL:
        assert rises(cost, capital_usd_h(**{**capital, name: capital[name] + 0.1})), name
    for name in LOWER_CAPITAL:
        assert rises(cost, capital_usd_h(**{**capital, name: capital[name] * 0.9})), name


@given(seeds)
def test_costs_scale_with_money(seed: int) -> None:
    arguments = cost_arguments(seed)
    dearer = {**arguments}
    for name in ("price_k_per_h100e", "shell_usd_m_per_it_mw", "power_usd_mwh"):
        dearer[name] = 3.0 * arguments[name]
    for cost, own in ((running_usd_h, running_arguments), (capital_usd_h, capital_arguments)):
        np.testing.assert_allclose(cost(**own(dearer)), 3.0 * cost(**own(arguments)), rtol=1e-12)


def test_costs_know_no_other_world() -> None:
    arguments = cost_arguments(5, worlds=MANY)
    assert_worlds_apart(running_usd_h, running_arguments(arguments))
    assert_number_is_per_world(running_usd_h, running_arguments(arguments), *RUNNING)
    assert_worlds_apart(capital_usd_h, capital_arguments(arguments))
    assert_number_is_per_world(capital_usd_h, capital_arguments(arguments), *RAISE_CAPITAL, *LOWER_CAPITAL)


@given(seeds)
def test_annuities_are_monotone_and_continuous_through_rate_zero(seed: int) -> None:
    inputs = Inputs(seed)
    rate, years = inputs.signed(scale=0.05).clip(-0.5, 2.0), inputs.between(0.25, 30.0)
    value = annuity_value(rate, years)
    assert rises(annuity_value(rate + 0.01, years), value)
    assert rises(value, annuity_value(rate, years + 0.5))
    tiny = inputs.between(-2e-6, 2e-6) / years
    np.testing.assert_allclose(annuity_value(tiny, years), years * (1.0 - 0.5 * tiny * years), rtol=1e-11)
    fall = inputs.between(0.0, 0.3)
    factor = annuity_factor(np.abs(rate), fall, years)
    assert np.all(factor >= (1.0 - 1e-12) / years)
    assert rises(factor, annuity_factor(np.abs(rate), fall + 0.05, years))
    assert rises(annuity_factor(np.abs(rate), fall, years + 1.0), factor)


@given(seeds)
def test_a_level_price_pays_the_capital_back(seed: int) -> None:
    inputs = Inputs(seed)
    terms = {
        "capital_usd_bn": inputs.amounts(),
        "rate": inputs.between(0.0, 0.3),
        "years": inputs.between(2.0, 20.0),
        "running_usd_h": inputs.between(0.0, 1.0),
    }
    price = level_price_usd_h(**terms)
    # Its present value over the term is the capital and the running cost: $ an hour are 8.76 thousand dollars a year.
    worth = price * 8.76 * annuity_value(terms["rate"], terms["years"])
    running = terms["running_usd_h"] * 8.76 * annuity_value(terms["rate"], terms["years"])
    np.testing.assert_allclose(worth, terms["capital_usd_bn"] + running, rtol=1e-12)
    for name in ("capital_usd_bn", "rate", "running_usd_h"):
        assert rises(price, level_price_usd_h(**{**terms, name: terms[name] + 0.1})), name
    assert rises(level_price_usd_h(**{**terms, "years": terms["years"] + 1.0}), price)
    assert_worlds_apart(level_price_usd_h, terms)


@given(seeds)
def test_the_price_curve_slopes_with_the_expected_spot(seed: int) -> None:
    inputs = Inputs(seed)
    spot, premium = inputs.with_zeros(), inputs.between(0.8, 1.5)
    growth, discount = inputs.between(0.001, 0.1), inputs.between(0.0, 0.05)
    one, three = np.full(7, 1.0), np.full(7, 3.0)
    np.testing.assert_allclose(term_price(spot, 0.0, three, premium), spot * premium, rtol=1e-12)
    for discounted in (0.0, discount):
        falling = [term_price(spot, -growth, y, premium, discount_rate_per_quarter=discounted) for y in (one, three)]
        rising = [term_price(spot, growth, y, premium, discount_rate_per_quarter=discounted) for y in (one, three)]
        assert rises(falling[1], falling[0])
        assert rises(falling[0], spot * premium)
        assert rises(spot * premium, rising[0])
        assert rises(rising[0], rising[1])


def test_quoted_prices_know_no_other_world() -> None:
    inputs = Inputs(11, MANY)
    arguments = {
        "spot": inputs.with_zeros(3),
        "expected_growth_per_quarter": inputs.between(-0.1, 0.1, 3),
        "years": inputs.between(0.5, 5.0),
        "risk_premium": inputs.between(0.8, 1.5),
        "discount_rate_per_quarter": inputs.between(0.0, 0.05),
    }
    assert_worlds_apart(term_price, arguments)
    assert_number_is_per_world(term_price, arguments, "years", "risk_premium", "discount_rate_per_quarter")
    gap = {"index": inputs.amounts(), "target": inputs.amounts(), "speed": inputs.shares()}
    assert_worlds_apart(close_gap, gap)
    assert_number_is_per_world(close_gap, gap, "speed")
    step = {"list_price": inputs.amounts(), "target": inputs.amounts(), "threshold": inputs.shares()}
    assert_worlds_apart(step_list_price, step)
    useful = {"h100e_per_chip": inputs.amounts(3), "exponent": inputs.between(0.45, 1.0)}
    assert_worlds_apart(usefulness, useful)
    assert_number_is_per_world(usefulness, useful, "exponent")


@given(seeds)
def test_the_index_moves_between_its_old_value_and_the_target(seed: int) -> None:
    inputs = Inputs(seed)
    index, target, speed = inputs.with_zeros(), inputs.with_zeros(), inputs.shares()
    moved = close_gap(index, target, speed)
    assert rises(np.minimum(index, target), moved)
    assert rises(moved, np.maximum(index, target))
    assert np.array_equal(close_gap(index, target, 1.0), target)
    assert np.array_equal(close_gap(index, target, 0.0), index)


@given(seeds)
def test_a_list_price_steps_only_past_the_threshold(seed: int) -> None:
    inputs = Inputs(seed)
    price, threshold = inputs.amounts(), inputs.between(0.0, 0.5)
    target = price * inputs.between(0.5, 1.5)
    stepped = step_list_price(price, target, threshold)
    assert np.all((stepped == price) | (stepped == target))
    assert np.all(np.abs(target - stepped) <= threshold * stepped)
    assert np.array_equal(step_list_price(stepped, target, threshold), stepped)


@given(seeds)
def test_newer_chips_rent_dearer_each_but_cheaper_per_unit_of_compute(seed: int) -> None:
    inputs = Inputs(seed)
    h100e, exponent = np.sort(inputs.amounts(3), axis=0), inputs.between(0.45, 0.99)
    useful = usefulness(h100e, exponent)
    assert rises(useful[1:], useful[:-1])
    assert rises((h100e * useful)[:-1], (h100e * useful)[1:])
    assert np.all(usefulness(h100e, 1.0) == 1.0)
    assert np.all(usefulness(np.ones((3, 7)), exponent) == 1.0)


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match="utilisation"):
        capital_usd_h(**{**capital_arguments(cost_arguments(3)), "utilisation": np.full(7, 1.2)})
    with pytest.raises(ValueError, match="years"):
        annuity_factor(0.1, 0.2, 0.0)
    with pytest.raises(ValueError, match=r"speed.*world 1"):
        close_gap(np.ones(2), np.ones(2), np.array([0.5, 1.5]))
    with pytest.raises(ValueError, match=r"spot.*world 0.*nan"):
        term_price(np.array([np.nan]), 0.0, 1.0, 1.0)
