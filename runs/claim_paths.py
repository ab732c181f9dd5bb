"""Reading a run the way claims are put: by calendar year, up to a year, and by the date on which something happens."""

from __future__ import annotations

from datetime import date

import numpy as np
import xarray as xr

from runs.metrics import REGISTRY
from runs.results import members_of
from world.calendar import quarter_number


class OutsideTheRunError(ValueError):
    """What is asked for lies before the first or after the last quarter of the run."""


class NotRecordedError(ValueError):
    """The run has no such metric."""


class Paths:
    """The paths of one dataset of `simulate` (keep="paths"); figures are (worlds,), NaN where a world has none."""

    def __init__(self, dataset: xr.Dataset) -> None:
        self.dataset = dataset
        self.labels = [str(label) for label in dataset["quarter"].to_numpy()]
        self.numbers = [quarter_number(label) for label in self.labels]
        self.start = str(dataset.attrs["start"])
        self.known_until = date.fromisoformat(str(dataset.attrs["known_until"]))
        self.first_full_year = next((int(label[:4]) for label in self.labels if label.endswith("Q1")), 0)

    def path(self, metric: str, member: str | None = None) -> np.ndarray:
        """All quarters, (quarters, worlds). Raises: NotRecordedError."""
        if metric not in self.dataset or metric not in REGISTRY:
            raise NotRecordedError(f"not recorded: {metric}")
        values = self.dataset[metric]
        dimension = REGISTRY[metric].dimension
        if dimension is not None:
            values = values.sel({dimension: member})
        return np.asarray(values.to_numpy())

    def members(self, metric: str) -> tuple[str, ...]:
        """The members of a metric in the run's cast."""
        return members_of(self.dataset, metric)

    def place(self, label: str) -> int:
        """The row of a quarter. Raises: OutsideTheRunError."""
        number = quarter_number(label)
        if number < self.numbers[0]:
            raise OutsideTheRunError(
                "decided before the start" if number <= quarter_number(self.start) else "before the start"
            )
        if number > self.numbers[-1]:
            raise OutsideTheRunError(f"after the end of the run, {self.labels[-1]}")
        return number - self.numbers[0]

    def at(self, metric: str, label: str, member: str | None = None) -> np.ndarray:
        """The figure in one quarter."""
        return self.path(metric, member)[self.place(label)]

    def year(self, metric: str, year: int, member: str | None = None) -> np.ndarray:
        """A flow summed over a calendar year."""
        first, last = self.place(f"{year}Q1"), self.place(f"{year}Q4")
        return _added(self.path(metric, member)[first : last + 1])

    def mean(self, metric: str, year: int, member: str | None = None) -> np.ndarray:
        """A stock or price averaged over a calendar year."""
        return self.year(metric, year, member) / 4.0

    def total(self, metric: str, until: str, member: str | None = None) -> np.ndarray:
        """A flow summed from the first quarter of the run up to and in a quarter."""
        return _added(self.path(metric, member)[: self.place(until) + 1])

    def change(self, metric: str, until: str, member: str | None = None) -> np.ndarray:
        """A stock at the end of a quarter less the same at the end of the first one."""
        path = self.path(metric, member)
        return path[self.place(until)] - path[0]

    def first_time(self, happens: np.ndarray) -> np.ndarray:
        """The first quarter in which (quarters, worlds) flags hold, as a date in years; inf where they never do."""
        place = np.argmax(happens, axis=0)
        years = np.array([number / 4.0 for number in self.numbers])
        return np.where(happens.any(axis=0), years[place], np.inf)

    def peak_year(self, metric: str, member: str | None = None) -> np.ndarray:
        """The full calendar year in which a flow is largest."""
        last = int(self.labels[-1][:4]) - (0 if self.labels[-1].endswith("Q4") else 1)
        years = list(range(self.first_full_year, last + 1))
        if len(years) < 2:
            raise OutsideTheRunError("the run has less than two full years")
        sums = np.stack([self.year(metric, year, member) for year in years])
        return np.array(years, dtype=float)[np.argmax(sums, axis=0)]


def _added(rows: np.ndarray) -> np.ndarray:
    """The rows added up."""
    return np.asarray(rows.sum(axis=0))


def over(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """part / whole, NaN where the whole is nothing."""
    return np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 0.0)
