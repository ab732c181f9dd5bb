"""A scenario of a finished batch for the functions that fill cards: by quarter, from the disk; no paths of worlds."""

from __future__ import annotations

import threading
from typing import NoReturn

import numpy as np

from runs.results import LEVELS
from runs.store import Batch, Quantiles
from viz.page.look import Look, moment, plain


class NotKeptError(Exception):
    """A card needs what the batch's tables do not hold."""


class StoredLook(Look):
    """A scenario of a batch for the functions that fill cards: by quarter, from the disk; paths of worlds are none."""

    def __init__(self, batch: Batch, scenario: str, worlds: int, closed: threading.Event) -> None:
        self.batch, self.scenario, self.closed = batch, scenario, closed
        self.beside: StoredLook | None = None
        self.quarters = list(batch.quarters(scenario))
        self.worlds = worlds
        self.x = [moment(label) for label in self.quarters]
        self.other = None
        self._bands = {}
        self.read: dict[tuple[str, str | None, tuple[float, ...]], Quantiles] = {}
        """What was read of the batch so far: what the page shows."""
        self.averaged: dict[tuple[str, str | None], np.ndarray] = {}

    def compared_with(self, other: StoredLook) -> StoredLook:
        """The same with another scenario's medians beside its own; what is read serves both."""
        found = StoredLook(self.batch, self.scenario, self.worlds, self.closed)
        found.beside, found.read, found.averaged = other, self.read, self.averaged
        return found

    def other_median(self, metric: str, member: str | None, scale: float) -> list[float | None]:
        """The other scenario's median at each of our quarters."""
        if self.beside is None:
            return [None] * len(self.quarters)
        middle = self.beside.levels(metric, member)[LEVELS.index(0.5)] * scale
        there = dict(zip(self.beside.quarters, middle.tolist(), strict=True))
        return [None if label not in there else plain(there[label]) for label in self.quarters]

    def __getattr__(self, name: str) -> NoReturn:
        # Only what an ensemble in memory has and this has not: its dataset, its reader, its paths.
        raise NotKeptError(name)

    def path(self, metric: str, member: str | None = None) -> np.ndarray:
        """Not for batches of any size. Raises: NotKeptError."""
        raise NotKeptError(metric)

    def members(self, metric: str) -> tuple[str, ...]:
        """The members of a metric in the batch's cast."""
        return self.batch.registry[metric].members

    def levels(self, metric: str, member: str | None = None, probs: tuple[float, ...] = LEVELS) -> np.ndarray:
        """Exact quantiles by quarter. Raises: NotKeptError."""
        return self._quantiles(metric, member, probs).values

    def rare(self, metric: str, member: str | None = None) -> np.ndarray:
        """Whether more than half of the worlds have no number."""
        return np.asarray(self._quantiles(metric, member, (0.25, 0.5, 0.75)).worlds < 0.5 * self.worlds)

    def mean(self, metric: str, member: str | None = None) -> np.ndarray:
        """Means by quarter. Raises: NotKeptError."""
        if not self.batch.by_quarter(metric, member):
            raise NotKeptError(metric)
        if (metric, member) not in self.averaged:
            self._go_on()
            self.averaged[metric, member] = self.batch.means(metric, member, self.scenario)
        return self.averaged[metric, member]

    def _go_on(self) -> None:
        if self.closed.is_set():
            raise ValueError("the server stops")

    def _quantiles(self, metric: str, member: str | None, probs: tuple[float, ...]) -> Quantiles:
        key = (metric, member, probs)
        if key not in self.read:
            if not self.batch.by_quarter(metric, member):
                raise NotKeptError(metric)
            self._go_on()
            self.read[key] = self.batch.quantiles(metric, member, probs, self.scenario)
        return self.read[key]
