"""Sums by a constant table of ones: those of a loop, whatever worlds are added up together."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from world.arrays import fold_sectors
from world.incidence import Incidence, fold_groups

SUMS, ROWS = 5, 11
SEEDS = st.integers(0, 2**32 - 1)


@given(seed=SEEDS, count=st.integers(0, 40), worlds=st.sampled_from([1, 2, 7, 8, 33]))
def test_sums_are_those_of_a_loop_bit_for_bit(seed: int, count: int, worlds: int) -> None:
    rng = np.random.default_rng(seed)
    sums, rows, signs = rng.integers(0, SUMS, count), rng.integers(0, ROWS, count), rng.choice([-1, 1], count)
    values = rng.lognormal(0.0, 3.0, (ROWS + 2, worlds)) * rng.choice([-1.0, 1.0], (ROWS + 2, worlds))
    expected = np.zeros((SUMS, worlds))
    for target, row, sign in zip(sums, rows, signs, strict=True):
        expected[target] += sign * values[row]
    incidence = Incidence(sums, rows, signs, SUMS)
    np.testing.assert_array_equal(incidence.fold(values), expected)
    start = rng.normal(size=(SUMS, worlds))
    for totals in (start.copy(), start.copy(order="F")):
        alone = start[:, :1].copy()
        incidence.add_to(totals, values)
        incidence.add_to(alone, values[:, :1].copy())
        np.testing.assert_allclose(totals - start, expected, rtol=1e-12, atol=1e-12 * (1.0 + np.abs(values).max()))
        np.testing.assert_allclose(alone, totals[:, :1], rtol=1e-12, atol=1e-12 * (1.0 + np.abs(values).max()))


@given(seed=SEEDS)
def test_a_world_alone_in_a_slice_and_in_another_order_has_the_same_bits(seed: int) -> None:
    rng = np.random.default_rng(seed)
    terms = rng.integers(0, SUMS, 60), rng.integers(0, ROWS, 60), rng.choice([-1, 1], 60)
    incidence, values = Incidence(*terms, SUMS), rng.lognormal(0.0, 3.0, (ROWS, 13))
    together, order = incidence.fold(values), rng.permutation(13)
    np.testing.assert_array_equal(incidence.fold(values[:, order]), together[:, order])
    for worlds in (slice(3, 4), slice(0, 1), slice(5, 9), slice(2, None, 3)):
        np.testing.assert_array_equal(incidence.fold(values[:, worlds]), together[:, worlds])


def test_many_rows_are_added_in_the_order_given() -> None:
    """Where the order shows: a small number is lost in a large one unless the large ones cancel first."""
    values = np.array([[1e20], [1.0], [-1e20]])
    assert Incidence([0, 0, 0], [0, 1, 2], [1, 1, 1], 1).fold(values).tolist() == [[0.0]]
    assert Incidence([0, 0, 0], [0, 2, 1], [1, 1, 1], 1).fold(values).tolist() == [[1.0]]


@given(seed=SEEDS, rows=st.integers(0, 20), worlds=st.sampled_from([1, 2, 7, 8, 33]))
def test_groups_are_added_up_as_by_a_loop_whichever_index_was_asked_for_before(
    seed: int, rows: int, worlds: int
) -> None:
    rng = np.random.default_rng(seed)
    values = rng.lognormal(0.0, 3.0, (rows, worlds))
    for index in (rng.integers(-1, SUMS, rows).tolist(), [0] * rows):
        for each in (values, np.asfortranarray(values)):
            np.testing.assert_array_equal(fold_groups(each, index, SUMS), fold_sectors(values, index, SUMS))
