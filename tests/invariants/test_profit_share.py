"""Laws of the profit share and of its conversion into a stake."""

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
from world.profit_share import (
    conversion_bargain,
    profit_share_due,
    profit_share_total,
    profit_share_value_usd_bn,
)


@given(seeds)
def test_the_profit_share_is_monotone_continuous_capped_and_below_profit(seed: int) -> None:
    inputs = Inputs(seed)
    profit, cap = inputs.signed(scale=40.0), inputs.with_zeros(scale=80.0)
    total = profit_share_total(profit, cap)
    assert np.all((total >= 0.0) & (total <= cap) & (total <= np.maximum(profit, 0.0)))
    step = inputs.amounts(scale=1e-3)
    grown = profit_share_total(profit + step, cap)
    assert rises(total, grown)
    assert np.all(grown - total <= 0.75 * step + 1e-12 * np.abs(profit))
    np.testing.assert_allclose(
        profit_share_total(6.0 * profit, 6.0 * cap, first_target_usd_bn=78.0), 6.0 * total, rtol=1e-12
    )
    assert rises(total, profit_share_total(profit, cap + 1.0))
    assert np.all(profit_share_due(total, grown) == np.maximum(total - grown, 0.0))


@given(seeds)
def test_increments_of_the_profit_share_add_up_along_a_path(seed: int) -> None:
    inputs = Inputs(seed)
    cap, path = inputs.between(20.0, 120.0), inputs.signed(11, scale=8.0)
    cumulative, high, paid = np.zeros(7), np.zeros(7), np.zeros(7)
    for profit in path:
        cumulative = cumulative + profit
        high = np.maximum(high, cumulative)
        due = profit_share_due(profit_share_total(high, cap), paid)
        paid = paid + due
        assert np.all(paid <= np.minimum(high, cap) + 1e-9)
    np.testing.assert_allclose(paid, profit_share_total(high, cap), rtol=1e-12, atol=1e-12)
    undiscounted = profit_share_value_usd_bn(np.zeros(7), np.zeros(7), path, cap, 0.0)
    np.testing.assert_allclose(undiscounted, paid, rtol=1e-12, atol=1e-12)
    assert rises(profit_share_value_usd_bn(np.zeros(7), np.zeros(7), path, cap, 0.1), undiscounted)


@given(seeds)
def test_a_conversion_happens_where_both_sides_gain(seed: int) -> None:
    inputs = Inputs(seed)
    share, gain = inputs.with_zeros(scale=30.0), inputs.signed(scale=20.0)
    value, weight = inputs.amounts(scale=300.0, spread=1.0), inputs.shares()
    happens, stake = conversion_bargain(share, gain, value, weight)
    assert np.all((stake >= 0.0) & (stake < 1.0))
    assert np.all(stake[~happens] == 0.0)
    worth = stake * value
    assert np.all(worth[happens] >= share[happens] * (1.0 - 1e-12))
    assert np.all(worth[happens] <= (share + gain)[happens] * (1.0 + 1e-12))
    assert not np.any(happens & (gain <= 0.0))
    still, larger = conversion_bargain(share * 1.1, gain, value, weight)
    assert rises(stake[still], larger[still])


def test_the_profit_share_knows_no_other_world() -> None:
    inputs = Inputs(4, MANY)
    share = {
        "cumulative_profit_high_usd_bn": inputs.signed(scale=40.0),
        "cap_usd_bn": inputs.between(40.0, 120.0),
        "first_share": inputs.between(0.6, 0.9),
        "first_target_usd_bn": inputs.between(5.0, 20.0),
        "second_share": inputs.between(0.2, 0.5),
    }
    assert_worlds_apart(profit_share_total, share)
    assert_number_is_per_world(profit_share_total, share, *list(share)[1:])
    conversion = {
        "value_of_profit_share_usd_bn": inputs.with_zeros(),
        "issuer_gain_usd_bn": inputs.signed(),
        "value_usd_bn": inputs.amounts(),
        "weight": inputs.shares(),
    }
    assert_worlds_apart(conversion_bargain, conversion)
    assert_number_is_per_world(conversion_bargain, conversion, "weight")


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match=r"cap_usd_bn.*world 0.*-1"):
        profit_share_total(np.ones(1), np.array([-1.0]))
    with pytest.raises(ValueError, match="value_usd_bn"):
        conversion_bargain(np.ones(1), np.ones(1), np.zeros(1), 0.5)
