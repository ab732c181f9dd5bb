"""Student's t by a polynomial: the inverse that SciPy finds by iteration, and the laws of a draw."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from world.draws import student_t
from world.student import LEAST_DOF, MOST_DOF, student_t_of, tail_polynomial

WORLDS = 1009


def drawn(u: np.ndarray, dof: np.ndarray) -> np.ndarray:
    """One draw from scratch."""
    return student_t_of(u, dof, tail_polynomial(dof))


@given(st.integers(0, 2**32))
def test_it_is_the_inverse_that_scipy_finds(seed: int) -> None:
    random = np.random.default_rng(seed)
    dof = np.exp(random.uniform(np.log(LEAST_DOF), np.log(MOST_DOF), WORLDS))
    tail = np.maximum(10.0 ** -random.uniform(0.3, 16.0, WORLDS), 2.0**-53)
    u = np.where(random.random(WORLDS) < 0.5, random.random(WORLDS), tail)
    np.testing.assert_allclose(drawn(u, dof), student_t(u, dof), rtol=1e-9, atol=1e-15)


def test_the_ends_of_its_range_are_reached() -> None:
    dof = np.array([LEAST_DOF, LEAST_DOF, MOST_DOF, MOST_DOF])
    u = np.array([2.0**-53, 0.5, 2.0**-53, 0.5 + 2.0**-53])
    np.testing.assert_allclose(drawn(u, dof), student_t(u, dof), rtol=1e-9, atol=1e-18)


@given(st.integers(0, 2**32))
def test_it_is_odd_about_one_half(seed: int) -> None:
    random = np.random.default_rng(seed)
    dof, cells = random.uniform(LEAST_DOF, 9.0, WORLDS), random.integers(1, 2**52, WORLDS)
    u = cells / 2.0**53
    np.testing.assert_allclose(drawn(1.0 - u, dof), -drawn(u, dof), rtol=1e-9)


def test_a_world_alone_has_the_bits_of_its_column() -> None:
    random = np.random.default_rng(5)
    u, dof = random.random(WORLDS), random.uniform(3.0, 8.0, WORLDS)
    whole = drawn(u, dof)
    for world in (0, 7, WORLDS - 1):
        assert drawn(u[[world]], dof[[world]])[0] == whole[world]
    assert np.array_equal(drawn(u[3:8], dof[3:8]), whole[3:8])


@pytest.mark.parametrize("wrong", [2.0, 101.0, np.nan])
def test_degrees_of_freedom_beyond_the_polynomial_are_refused(wrong: float) -> None:
    with pytest.raises(ValueError, match=r"dof: world 1 is .*; wanted 2.2 to 100"):
        tail_polynomial(np.array([4.0, wrong, 5.0]))
