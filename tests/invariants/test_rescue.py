"""Laws of a rescue and of the rents that are cut: both sides gain, no more than needed, no world knows another."""

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
)
from world.arrays import fold
from world.rescue import MOST_CUT, cut_rents, price_rescue


def draw(seed: int) -> tuple[np.random.Generator, list[np.ndarray]]:
    rng = np.random.default_rng(seed)
    short, value = quantities(rng, (2, WORLDS))
    shares = np.where(rng.random((3, WORLDS)) < 0.2, rng.choice([0.0, 1.0], (3, WORLDS)), rng.random((3, WORLDS)))
    return rng, [short, value, *shares]


@given(SEEDS)
def test_both_sides_gain_by_a_rescue(seed: int) -> None:
    _, terms = draw(seed)
    short, value, kept, _, most = terms
    saved = price_rescue(*terms)
    size = short + value
    assert close(saved.fallback, kept * value, value)
    assert at_most(saved.fallback, saved.pre_money, value)
    assert np.all(saved.pre_money <= value)
    assert np.all((saved.paid >= 0.0) & (saved.paid <= short))
    assert at_most(saved.paid, most * saved.pre_money, size)
    some = (saved.paid > 0.0) & (saved.pre_money > 0.0)
    post = np.where(some, saved.pre_money + saved.paid, 1.0)
    # Each side's part of the saved firm is worth at least its way out: the money, and what default leaves.
    bought = saved.paid / post * (value + saved.paid)
    left = saved.pre_money / post * (value + saved.paid)
    assert at_most(saved.paid[some], bought[some], size[some], 1e-9)
    assert at_most(saved.fallback[some], left[some], size[some], 1e-9)


@given(SEEDS)
def test_a_better_way_out_never_worsens_the_price(seed: int) -> None:
    rng, (short, value, kept, weight, most) = draw(seed)
    saved = price_rescue(short, value, kept, weight, most)
    for better in (
        price_rescue(short, value, np.minimum(kept + rng.random(WORLDS), 1.0), weight, most),
        price_rescue(short, value, kept, np.minimum(weight + rng.random(WORLDS), 1.0), most),
        price_rescue(short, value * rng.choice([1.0, 2.0]), kept, weight, most),
    ):
        assert at_most(saved.pre_money, better.pre_money, value)
        assert at_most(saved.paid, better.paid, value + short)
    scaled = price_rescue(4.0 * short, 4.0 * value, kept, weight, most)
    np.testing.assert_array_equal(scaled.pre_money, 4.0 * saved.pre_money)
    np.testing.assert_array_equal(scaled.paid, 4.0 * saved.paid)


@given(SEEDS, ROWS)
def test_rents_are_cut_as_needed_and_never_below_the_market(seed: int, leases: int) -> None:
    rng = np.random.default_rng(seed)
    gap, rent, relet = (
        quantities(rng, (WORLDS,)),
        quantities(rng, (leases, WORLDS)),
        quantities(rng, (leases, WORLDS)),
    )
    relet = np.where(rng.random((leases, WORLDS)) < 0.2, rent, relet)
    cut = cut_rents(gap, rent, relet)
    total = fold(rent)
    assert np.all((cut >= 0.0) & (cut <= MOST_CUT * (1.0 + 1e-12)))
    assert np.all(cut[relet >= rent] == 0.0)
    left = rent * (1.0 - cut)
    assert at_most(np.where(cut > 0.0, relet, 0.0), left, total + fold(relet), 1e-12)
    assert at_most(fold(cut * rent), gap, total + gap, 1e-12)
    most = fold(np.maximum(np.minimum(rent - relet, MOST_CUT * rent), 0.0))
    assert close(fold(cut * rent), np.minimum(gap, most), total + gap, 1e-9)
    # A provider with a better market never gives up more.
    better = relet.copy()
    better[0] = 2.0 * better[0] + 1e-3 * rent[0]
    assert at_most(cut_rents(gap, rent, better)[0] * rent[0], cut[0] * rent[0], total, 1e-9)


@given(SEEDS)
def test_worlds_are_independent(seed: int) -> None:
    rng, terms = draw(seed)

    def run(*inputs: np.ndarray) -> list[np.ndarray]:
        saved = price_rescue(*inputs)
        cut = cut_rents(inputs[0], np.stack([inputs[1], inputs[0]]), np.stack([inputs[0], inputs[1]]))
        return [saved.paid, saved.pre_money, cut]

    assert_worlds_are_independent(run, terms, rng)


def test_bad_input_names_argument_and_world() -> None:
    with pytest.raises(ValueError, match=r"short_usd_bn: world 1 is -1.0"):
        price_rescue(np.array([0.0, -1.0]), np.ones(2), 0.1, 0.5, 0.2)
    with pytest.raises(ValueError, match=r"kept_in_default: world 0 is 1.5"):
        price_rescue(np.ones(2), np.ones(2), 1.5, 0.5, 0.2)
    with pytest.raises(ValueError, match=r"relet_usd_bn: index \(0,\), world 1 is nan"):
        cut_rents(np.ones(2), np.ones((1, 2)), np.array([[1.0, np.nan]]))
