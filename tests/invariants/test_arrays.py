"""Laws of the array helpers: a fold adds row to row, whatever the layout and however many worlds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from world.arrays import below_zero, beyond, fold, part_of, ratio


def layouts(rows: int, worlds: int, seed: int) -> list[np.ndarray]:
    """Arrays (rows, ..., worlds) of wild sizes and signs, in every layout that the model makes."""
    random = np.random.default_rng(seed)

    def wild(*shape: int) -> np.ndarray:
        return random.lognormal(0.0, 5.0, shape) * random.choice([-1.0, 1.0], shape)

    return [
        wild(rows, worlds),
        wild(rows, 3, worlds),
        wild(3, rows, worlds).swapaxes(0, 1),
        wild(5, rows + 7, worlds)[1:4, 3 : 3 + rows].swapaxes(0, 1),
        wild(rows, 3, 2, worlds),
        wild(rows, 2 * worlds)[:, ::2],
        wild(rows, worlds + 3)[:, :worlds],
        np.asfortranarray(wild(rows, 3, worlds)),
    ]


@pytest.mark.parametrize("worlds", [1, 2, 3, 4, 5, 7, 8, 16, 31, 64, 127, 1000])
@pytest.mark.parametrize("rows", [1, 2, 3, 7, 8, 9, 15, 16, 33, 64, 129])
def test_a_fold_adds_row_to_row(rows: int, worlds: int) -> None:
    for values in layouts(rows, worlds, rows * 1000 + worlds):
        total = np.zeros(values.shape[1:])
        for row in values:
            total = total + row
        assert np.array_equal(fold(values), total)
        alone = fold(np.ascontiguousarray(values[..., :1]))
        assert np.array_equal(alone, total[..., :1])


def test_a_ratio_is_the_division_where_it_may_be_made() -> None:
    numerator, denominator = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), np.array([3.0, 0.0, -1.0])
    expected = np.array([[1.0 / 3.0, 7.0, 7.0], [4.0 / 3.0, 7.0, 7.0]])
    assert np.array_equal(ratio(numerator, denominator, 7.0), expected)
    assert np.array_equal(ratio(numerator, np.array(3.0)), numerator / 3.0)


def test_how_far_a_world_is_below_zero_or_beyond_a_limit() -> None:
    stocks = np.array([[[0.0, 2.0, 3.0], [1.0, -0.5, 4.0]], [[5.0, -2.0, 0.0], [0.0, 1.0, -1.0]]])
    np.testing.assert_array_equal(below_zero(np.abs(stocks)), np.zeros(3))
    np.testing.assert_array_equal(below_zero(stocks), [0.0, 2.0, 1.0])
    np.testing.assert_array_equal(below_zero(np.abs(stocks[0]), stocks[0], stocks[1]), [0.0, 2.0, 1.0])
    np.testing.assert_array_equal(beyond(stocks, stocks), np.zeros(3))
    np.testing.assert_array_equal(beyond(stocks, np.ones_like(stocks)), [4.0, 1.0, 3.0])
    # What is not a number is neither in order nor out of it, and must not pass.
    stocks[1, 0, 2] = np.nan
    assert np.isnan(below_zero(stocks)[2]) and below_zero(stocks)[1] == 2.0
    assert np.isnan(beyond(stocks, np.full_like(stocks, 9.0))[2])


@given(st.integers(0, 2**32))
def test_a_part_of_a_whole_is_its_ratio_where_nothing_is_part_of_nothing(seed: int) -> None:
    random = np.random.default_rng(seed)
    whole = random.lognormal(0.0, 9.0, (3, 40)) * random.choice([-1.0, 0.0, 1.0], (3, 40))
    amount = np.where(whole > 0.0, random.lognormal(0.0, 9.0, (3, 40)), 0.0)
    np.testing.assert_array_equal(part_of(amount, whole), ratio(amount, whole))
