"""The conditions that every other test relies on are really there: checked shapes, strict warnings, one thread."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pytest
from beartype.roar import BeartypeCallHintViolation
from hypothesis import settings
from threadpoolctl import threadpool_info

from tests.shapes import checked
from world.arrays import PerRow, PerWorld
from world.costs import usefulness


def test_a_wrong_shape_is_refused() -> None:
    usefulness(np.ones((3, 7)), np.ones(7))
    with pytest.raises(BeartypeCallHintViolation, match="worlds"):
        usefulness(np.ones((3, 7)), np.ones(6))


@checked
def picked(rows: PerRow, at: int) -> PerWorld:
    return rows[at] if at >= 0 else rows[0, 1:]


@checked
@dataclass(frozen=True)
class Pair:
    one: PerWorld
    other: PerWorld

    @checked
    def added(self, more: PerWorld) -> PerWorld:
        return picked(np.ones((2, len(self.one))), 0) + more


def test_a_result_is_checked_against_the_arguments() -> None:
    assert picked(np.ones((3, 7)), 1).shape == (7,)
    with pytest.raises(BeartypeCallHintViolation, match="worlds"):
        picked(np.ones((3, 7)), -1)
    with pytest.raises(BeartypeCallHintViolation, match="at="):
        picked(np.ones((3, 7)), 1.0)


def test_an_axis_has_one_size_within_a_call_and_another_in_the_next() -> None:
    for worlds in (7, 6):
        assert Pair(np.ones(worlds), np.ones(worlds)).added(np.ones(worlds)).sum() == 2.0 * worlds
    with pytest.raises(BeartypeCallHintViolation, match="worlds"):
        Pair(np.ones(7), np.ones(6))


@pytest.mark.parametrize("module", ["gigawatt", "viz.table", "runs.model", "agents.lab", "world.market", __name__])
def test_a_warning_of_our_own_is_an_error(module: str) -> None:
    with pytest.raises(RuntimeWarning):
        warnings.warn_explicit("divide by zero", RuntimeWarning, filename="x.py", lineno=1, module=module)


def test_libraries_use_one_thread() -> None:
    assert {pool["num_threads"] for pool in threadpool_info()} == {1}


def test_examples_are_repeatable() -> None:
    current = settings()
    assert current.deadline is None
    assert current.print_blob
