"""Laws of buying a right back: both sides gain, delay lowers the price, the payment adds up, no world knows another."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from tests.invariants.mechanism_inputs import SEEDS, WORLDS, assert_worlds_are_independent, at_most, close, quantities
from world.release import bargain_release, pay_with_commitment


def draw(seed: int) -> tuple[np.random.Generator, list[np.ndarray]]:
    rng = np.random.default_rng(seed)
    gain, loss, besides = quantities(rng, (3, WORLDS))
    loss = np.where(rng.random(WORLDS) < 0.2, gain, loss)  # a knife's edge: nothing to share
    excuse = np.where(rng.random(WORLDS) < 0.4, rng.choice([0.0, 1.0], WORLDS), rng.random(WORLDS))
    besides = np.where(rng.random(WORLDS) < 0.6, 0.0, besides)
    return rng, [gain, loss, excuse, rng.random(WORLDS), besides]


@given(SEEDS)
def test_both_sides_gain_or_nothing_is_paid(seed: int) -> None:
    _, terms = draw(seed)
    gain, loss, excuse, _, besides = terms
    agreed = bargain_release(*terms)
    size = gain + loss + besides
    assert close(agreed.claim, loss * (1.0 - excuse), size)
    assert np.all(agreed.price[~agreed.happens] == 0.0)
    assert at_most(agreed.claim[agreed.happens], agreed.price[agreed.happens], size[agreed.happens])
    assert at_most(agreed.price, np.where(agreed.happens, gain + besides, 0.0), size)
    assert np.all((gain > 0.0)[agreed.happens])
    # Where the step pays for itself the tenant keeps a part of what it gains.
    alone = agreed.happens & (gain >= agreed.claim)
    assert at_most(agreed.price[alone], gain[alone], size[alone])


@given(SEEDS)
def test_a_better_way_out_never_worsens_a_sides_terms(seed: int) -> None:
    rng, (gain, loss, excuse, weight, besides) = draw(seed)
    agreed = bargain_release(gain, loss, excuse, weight, besides)
    size = gain + loss + besides
    # The holder's way out is to keep its right: the more that is worth, the more it gets, or nothing is agreed.
    dearer = bargain_release(gain, loss * rng.choice([1.0, 1.5, 4.0]), excuse, weight, besides)
    both = agreed.happens & dearer.happens
    assert np.all(agreed.happens | ~dearer.happens)
    assert at_most(agreed.price[both], dearer.price[both], size[both])
    # Delay is the tenant's reason: more of it never costs it more, and never stops a step.
    later = bargain_release(gain, loss, np.minimum(excuse + rng.random(WORLDS), 1.0), weight, besides)
    assert np.all(later.happens | ~agreed.happens)
    assert at_most(later.price[agreed.happens], agreed.price[agreed.happens], size[agreed.happens])
    more = bargain_release(gain + quantities(rng, (WORLDS,)), loss, excuse, weight, besides)
    assert np.all(more.happens | ~agreed.happens)
    scaled = bargain_release(4.0 * gain, 4.0 * loss, excuse, weight, 4.0 * besides)
    np.testing.assert_array_equal(scaled.price, 4.0 * agreed.price)
    np.testing.assert_array_equal(scaled.happens, agreed.happens)


@given(SEEDS)
def test_what_is_paid_adds_up_to_the_price(seed: int) -> None:
    rng = np.random.default_rng(seed)
    price, most, value = quantities(rng, (3, WORLDS))
    value = np.maximum(value, 1e-3)
    unit = quantities(rng, (WORLDS,)) * rng.choice([-1.0, 0.0, 1.0, 1.0], WORLDS)
    committed, stake = pay_with_commitment(price, unit, most, value)
    assert np.all((committed >= 0.0) & (committed <= most) & (stake >= 0.0))
    assert np.all(committed[unit <= 0.0] == 0.0)
    paid = committed * np.maximum(unit, 0.0) + stake * value
    assert close(paid, price, price, 1e-9)
    assert np.all((stake <= 1e-9 * price / value) | (committed >= np.where(unit > 0.0, most, 0.0)))


@given(SEEDS)
def test_worlds_are_independent(seed: int) -> None:
    rng, terms = draw(seed)

    def run(*inputs: np.ndarray) -> list[np.ndarray]:
        agreed = bargain_release(*inputs)
        leases = pay_with_commitment(agreed.price, inputs[1], inputs[0], inputs[4] + 1.0)
        return [agreed.claim, agreed.price, *leases]

    assert_worlds_are_independent(run, terms, rng)


@pytest.mark.parametrize(
    ("position", "value", "message"),
    [
        (0, np.array([1.0, -1.0]), "gain_usd_bn: world 1 is -1.0"),
        (1, np.array([np.nan, 1.0]), "loss_usd_bn: world 0 is nan"),
        (2, 1.5, "excuse: world 0 is 1.5; wanted a share"),
        (3, -0.1, "weight: world 0 is -0.1"),
        (4, np.array([0.0, -2.0]), "besides_usd_bn: world 1 is -2.0"),
    ],
)
def test_bad_input_names_argument_and_world(position: int, value: object, message: str) -> None:
    terms: list[object] = [np.ones(2), np.ones(2), 0.0, 0.5, 0.0]
    terms[position] = value
    with pytest.raises(ValueError, match=message):
        bargain_release(*terms)
