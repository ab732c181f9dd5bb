"""Laws of the merit order: cheapest first, ties shared, feasible, blind to order and world."""

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
from tests.oracles.loop_merit import merit_order_one_world
from world.arrays import fold
from world.merit import fill_in_merit_order


def draw(seed: int, rows: int) -> tuple[np.random.Generator, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    quantity, cost = quantities(rng, (rows, WORLDS)), quantities(rng, (rows, WORLDS))
    cost = np.where(rng.random(cost.shape) < 0.1, np.inf, cost - rng.choice([0.0, 1.0], size=WORLDS))
    # What is wanted ends exactly where some group of offers does, in many worlds.
    return rng, quantity, cost, supply_for(rng, fold(quantity * (rng.random(quantity.shape) < 0.8)))


def on_offer(quantity: np.ndarray, cost: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(cost), quantity, 0.0)


@given(SEEDS, ROWS)
def test_agrees_with_the_hand_method(seed, rows):
    _, quantity, cost, wanted = draw(seed, rows)
    filled = fill_in_merit_order(quantity, cost, wanted)
    for world in range(WORLDS):
        by_hand = merit_order_one_world(quantity[:, world].tolist(), cost[:, world].tolist(), float(wanted[world]))
        scale = max(float(wanted[world]), 1e-300)
        np.testing.assert_allclose(filled[:, world], by_hand, rtol=1e-12, atol=1e-13 * scale)


@given(SEEDS, ROWS)
def test_feasible_and_complete(seed, rows):
    _, quantity, cost, wanted = draw(seed, rows)
    filled = fill_in_merit_order(quantity, cost, wanted)
    available = fold(on_offer(quantity, cost))
    assert np.all(filled >= 0.0)
    assert np.all(filled <= on_offer(quantity, cost))
    assert close(fold(filled), np.minimum(wanted, available), np.minimum(wanted, available), 1e-14 * rows)


@given(SEEDS, ROWS)
def test_no_dearer_offer_is_touched_while_a_cheaper_one_has_some_left(seed, rows):
    _, quantity, cost, wanted = draw(seed, rows)
    filled = fill_in_merit_order(quantity, cost, wanted)
    for row in range(rows):
        for dearer in range(rows):
            left = np.where(cost[row] < cost[dearer], quantity[row] - filled[row], 0.0)
            assert at_most(np.minimum(left, filled[dearer]), 0.0, wanted)
            tied = (cost[row] == cost[dearer]) & np.isfinite(cost[row])
            uneven = np.where(tied, filled[row] * quantity[dearer] - filled[dearer] * quantity[row], 0.0)
            assert close(uneven, 0.0, quantity[row] * quantity[dearer])


@given(SEEDS, ROWS)
def test_more_wanted_takes_nothing_away_and_more_offered_displaces_only_the_dearer(seed, rows):
    rng, quantity, cost, wanted = draw(seed, rows)
    filled = fill_in_merit_order(quantity, cost, wanted)
    more = fill_in_merit_order(quantity, cost, wanted + quantities(rng, (WORLDS,)))
    assert at_most(filled, more, total_of(quantity))
    row = int(rng.integers(rows))
    larger = quantity.copy()
    larger[row] += quantities(rng, (WORLDS,))
    after = fill_in_merit_order(larger, cost, wanted)
    assert at_most(filled[row], after[row], wanted)
    for other in range(rows):
        cheaper = cost[other] < cost[row]
        assert close(np.where(cheaper, after[other], 0.0), np.where(cheaper, filled[other], 0.0), wanted)


@given(SEEDS, ROWS)
def test_row_order_is_irrelevant_and_worlds_are_independent(seed, rows):
    rng, quantity, cost, wanted = draw(seed, rows)
    filled, shuffle = fill_in_merit_order(quantity, cost, wanted), rng.permutation(rows)
    assert close(fill_in_merit_order(quantity[shuffle], cost[shuffle], wanted), filled[shuffle], wanted)
    assert_worlds_are_independent(lambda *inputs: [fill_in_merit_order(*inputs)], (quantity, cost, wanted), rng)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.array([[1.0, np.inf]]), 1.0, 1.0), r"offer_quantity: index \(0,\), world 1 is inf"),
        ((np.ones((2, 3)), np.array([1.0, np.nan]), 1.0), r"unit_cost: index \(1,\), world 0 is nan"),
        ((np.ones((2, 3)), 1.0, -1.0), "wanted: the value is -1.0"),
    ],
)
def test_bad_input_names_argument_and_world(arguments, message):
    with pytest.raises(ValueError, match=message):
        fill_in_merit_order(*arguments)
