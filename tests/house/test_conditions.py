"""The conditions that every other test relies on are really there: checked shapes, strict warnings, one thread."""

from __future__ import annotations

import threading
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from beartype.roar import BeartypeCallHintViolation
from hypothesis import settings
from threadpoolctl import threadpool_info

from tests.alone import in_the_room
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


def test_whoever_must_be_alone_is_and_is_not_overtaken(tmp_path: Path) -> None:
    gate, room, order = tmp_path / "gate", tmp_path / "room", list[str]()
    gate.touch()
    room.touch()

    def enter(name: str, alone: bool) -> threading.Thread:
        def stay() -> None:
            with in_the_room(alone, gate, room):
                order.append(name)
                time.sleep(0.2)
                order.append(name)

        thread = threading.Thread(target=stay, daemon=True)
        thread.start()
        time.sleep(0.1)
        return thread

    with in_the_room(False, gate, room):
        threads = [enter("shared", False), enter("alone", True), enter("later", False)]
        threads[0].join(10)
        assert order == ["shared", "shared"], "one that must be alone waits for all others, and is not overtaken"
    for thread in threads:
        thread.join(10)
    assert order[2:] == ["alone", "alone", "later", "later"]
