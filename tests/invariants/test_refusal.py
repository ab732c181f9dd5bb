"""Laws of the right of first refusal: never bypassed, never forced, no world knows another."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from tests.invariants.mechanism_inputs import SEEDS, WORLDS, assert_worlds_are_independent, close, quantities
from tests.oracles.loop_refusal import first_refusal_one_world
from world.refusal import match_first_refusal


def draw(seed: int) -> tuple[np.random.Generator, list[np.ndarray]]:
    rng = np.random.default_rng(seed)
    outside_price, outside_delay, holder_price, holder_delay, appetite, quantity = quantities(rng, (6, WORLDS))
    holder_price = np.where(rng.random(WORLDS) < 0.2, outside_price, holder_price)
    holder_delay = np.where(rng.random(WORLDS) < 0.3, outside_delay, holder_delay)
    holder_delay = np.where(rng.random(WORLDS) < 0.1, np.inf, holder_delay)
    outside_delay = np.where(rng.random(WORLDS) < 0.1, np.inf, outside_delay)
    appetite = np.where(rng.random(WORLDS) < 0.2, quantity, appetite)
    holds = rng.random(WORLDS) < 0.7
    return rng, [outside_price, outside_delay, holder_price, holder_delay, appetite, quantity, holds]


@given(SEEDS)
def test_agrees_with_the_loop(seed):
    _, terms = draw(seed)
    decided = match_first_refusal(*terms)
    for world in range(WORLDS):
        matched, waived = first_refusal_one_world(*(values[world] for values in terms))
        assert (decided.matched[world], decided.waived[world]) == (matched, waived)


@given(SEEDS)
def test_never_bypassed_never_forced(seed):
    _, terms = draw(seed)
    outside_price, outside_delay, holder_price, holder_delay, appetite, quantity, holds = terms
    decided = match_first_refusal(*terms)
    assert close(decided.matched + decided.waived, np.where(holds, quantity, 0.0), quantity, 1e-15)
    assert np.all((decided.matched >= 0.0) & (decided.waived >= 0.0))
    assert np.all(decided.matched <= appetite)
    signs = decided.matched > 0.0
    assert np.all((holder_price <= outside_price)[signs])
    assert np.all((holder_delay <= outside_delay)[signs])


@given(SEEDS)
def test_a_better_outside_offer_is_never_matched_more_and_more_appetite_never_less(seed):
    rng, terms = draw(seed)
    decided = match_first_refusal(*terms)
    better = [terms[0] * rng.choice([0.5, 1.0]), terms[1] * rng.choice([0.5, 1.0]), *terms[2:]]
    assert np.all(match_first_refusal(*better).matched <= decided.matched)
    hungrier = [*terms[:4], terms[4] + quantities(rng, (WORLDS,)), *terms[5:]]
    assert np.all(match_first_refusal(*hungrier).matched >= decided.matched)


@given(SEEDS)
def test_worlds_are_independent_and_a_number_equals_one_per_world(seed):
    rng, terms = draw(seed)

    def run(*inputs: np.ndarray) -> list[np.ndarray]:
        decided = match_first_refusal(*inputs)
        return [decided.matched, decided.waived]

    assert_worlds_are_independent(run, terms, rng)
    numbers = match_first_refusal(2.0, 1.0, 1.5, 1.0, 0.3, terms[5], True)
    arrays = match_first_refusal(
        *(np.full(WORLDS, value) for value in (2.0, 1.0, 1.5, 1.0, 0.3)), terms[5], terms[6] | True
    )
    assert np.array_equal(numbers.matched, arrays.matched)
    assert np.array_equal(numbers.waived, arrays.waived)


@pytest.mark.parametrize(
    ("position", "value", "message"),
    [
        (0, np.nan, "outside_price: the value is nan"),
        (4, -1.0, "holder_appetite: the value is -1.0"),
        (5, np.array([1.0, -2.0, 1.0]), "quantity: world 1 is -2.0"),
        (6, 0.5, "holds: the value is 0.5; wanted true or false"),
        (3, np.ones(2), r"holder_delay: expected one number or shape \(3,\), got shape \(2,\)"),
    ],
)
def test_bad_input_names_argument_and_world(position, value, message):
    terms = [2.0, 1.0, 1.0, 1.0, 1.0, np.ones(3), True]
    terms[position] = value
    with pytest.raises(ValueError, match=message):
        match_first_refusal(*terms)
