"""Tests that measure time have the machine to themselves, however many processes the tests are spread over."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

GATE, ROOM = Path(__file__), Path(__file__).with_name("conftest.py")
"""Files of the tree that are there for everybody who runs its tests; locking them leaves no trace."""


@contextmanager
def locked(path: Path, kind: int) -> Iterator[None]:
    """Hold a lock on a file: shared with others who share it, or alone."""
    with path.open("rb") as file:
        fcntl.flock(file, kind)
        try:
            yield
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)


@contextmanager
def in_the_room(alone: bool, gate: Path = GATE, room: Path = ROOM) -> Iterator[None]:
    """Be in the room of running tests: with others, or alone.

    Whoever wants to be alone waits at the gate and keeps it shut, so that nobody enters while the room empties.
    """
    if alone:
        with locked(gate, fcntl.LOCK_EX), locked(room, fcntl.LOCK_EX):
            yield
        return
    with room.open("rb") as file:
        with locked(gate, fcntl.LOCK_SH):
            fcntl.flock(file, fcntl.LOCK_SH)
        try:
            yield
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)
