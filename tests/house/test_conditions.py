"""The conditions that every other test relies on are really there: checked shapes, strict warnings, one thread."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import settings
from jaxtyping import TypeCheckError
from threadpoolctl import threadpool_info

from world.costs import usefulness


def test_a_wrong_shape_is_refused() -> None:
    usefulness(np.ones((3, 7)), np.ones(7))
    with pytest.raises(TypeCheckError):
        usefulness(np.ones((3, 7)), np.ones(6))


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
