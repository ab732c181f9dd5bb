"""Laws of rationing: feasible, nothing left while someone is short, max-min fair, monotone, blind to order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from tests.invariants.mechanism_inputs import (
    ROWS,
    SEEDS,
    WORLDS,
    assert_worlds_are_independent,
    at_most,
    close,
    quantities,
    supply_for,
    total_of,
)
from tests.oracles.loop_rationing import ration_one_world
from world.arrays import fold
from world.rationing import ration


def draw(seed: int, rows: int) -> tuple[np.random.Generator, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    order, weight = quantities(rng, (rows, WORLDS)), quantities(rng, (rows, WORLDS))
    proportional = rng.random(WORLDS) < 0.2  # every row filled at the same level
    weight = np.where(proportional, order, weight)
    return rng, order, weight, supply_for(rng, fold(order))


@given(SEEDS, ROWS)
def test_agrees_with_the_textbook(seed, rows):
    _, order, weight, supply = draw(seed, rows)
    filled = ration(order, weight, supply)
    for world in range(WORLDS):
        wanted = ration_one_world(order[:, world].tolist(), weight[:, world].tolist(), float(supply[world]))
        np.testing.assert_allclose(filled[:, world], wanted, rtol=0.0, atol=1e-13 * max(order[:, world].sum(), 1e-300))


@given(SEEDS, ROWS)
def test_feasible_and_nothing_left_while_someone_is_short(seed, rows):
    _, order, weight, supply = draw(seed, rows)
    filled, total = ration(order, weight, supply), fold(order)
    assert np.all(filled >= 0.0)
    assert np.all(filled <= order)
    assert close(fold(filled), np.minimum(supply, total), total)
    assert np.array_equal(filled[:, supply >= total], order[:, supply >= total])


@given(SEEDS, ROWS)
def test_of_two_rows_the_short_one_has_at_least_its_share(seed, rows):
    _, order, weight, supply = draw(seed, rows)
    filled, total = ration(order, weight, supply), fold(order)
    for row in range(rows):
        short = filled[row] < order[row] - 1e-12 * total
        for other in range(rows):
            # Its level filled / weight is the highest; multiplied out, since weights may be zero.
            envied = np.where(short, filled[other] * weight[row] - filled[row] * weight[other], 0.0)
            assert at_most(envied, 0.0, total * np.maximum(weight[row], weight[other]))


@given(SEEDS, ROWS)
def test_more_supply_hurts_nobody(seed, rows):
    rng, order, weight, supply = draw(seed, rows)
    more = supply + quantities(rng, (WORLDS,))
    assert at_most(ration(order, weight, supply), ration(order, weight, more), total_of(order))


@given(SEEDS, ROWS)
def test_phantom_orders_gain_nothing(seed, rows):
    rng, order, weight, supply = draw(seed, rows)
    filled, row = ration(order, weight, supply), int(rng.integers(rows))
    inflated = order.copy()
    inflated[row] += quantities(rng, (WORLDS,))
    short = filled[row] < order[row] - 1e-12 * fold(order)
    gained = np.where(short, ration(inflated, weight, supply)[row] - filled[row], 0.0)
    assert at_most(gained, 0.0, total_of(inflated))


@given(SEEDS, ROWS)
def test_equal_orders_and_weights_get_the_same_bits_and_row_order_is_irrelevant(seed, rows):
    rng, order, weight, supply = draw(seed, rows)
    twins, twin_weights = np.concatenate([order, order[:1]]), np.concatenate([weight, weight[:1]])
    filled = ration(twins, twin_weights, supply)
    assert np.array_equal(filled[0], filled[-1])
    shuffle = rng.permutation(rows + 1)
    assert close(ration(twins[shuffle], twin_weights[shuffle], supply), filled[shuffle], total_of(twins))


@given(SEEDS, ROWS)
def test_worlds_are_independent_and_a_number_equals_one_per_world(seed, rows):
    rng, order, weight, supply = draw(seed, rows)
    assert_worlds_are_independent(lambda *inputs: [ration(*inputs)], (order, weight, supply), rng)
    assert np.array_equal(ration(order, 1.5, 2.0), ration(order, np.full(order.shape, 1.5), np.full(WORLDS, 2.0)))
    assert np.array_equal(ration(order, weight[:, 0], supply), ration(order, weight[:, :1] + np.zeros(WORLDS), supply))


def test_unlimited_supply_serves_everyone_and_no_rows_are_no_orders():
    order = np.array([[1.0, 2.0], [3.0, 0.0]])
    assert np.array_equal(ration(order, 0.0, np.inf), order)
    assert ration(np.zeros((0, 4)), 1.0, 3.0).shape == (0, 4)


def test_who_has_no_weight_is_served_last():
    filled = ration(np.array([[2.0], [3.0], [3.0]]), np.array([1.0, 0.0, 0.0]), 4.0)
    assert filled[:, 0].tolist() == [2.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.array([[1.0, -1.0]]), 1.0, 1.0), r"order: index \(0,\), world 1 is -1.0"),
        ((np.ones((2, 3)), np.nan, 1.0), "weight: the value is nan"),
        ((np.ones((2, 3)), np.ones(4), 1.0), r"weight: expected one number or shape \(2, 3\), got shape \(4,\)"),
        ((np.ones((2, 3)), 1.0, np.array([1.0, np.nan, 1.0])), "supply: world 1 is nan"),
        ((np.ones(3), 1.0, 1.0), r"order: expected shape \(rows, worlds\), got shape \(3,\)"),
    ],
)
def test_bad_input_names_argument_and_world(arguments, message):
    with pytest.raises(ValueError, match=message):
        ration(*arguments)
