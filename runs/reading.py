"""Reading a run: paths by year, first quarters, and the words for a range and for odds with their error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from runs.metrics import REGISTRY
from runs.results import members_of, odds, quantiles
from world.arrays import fold

BAND = (0.05, 0.5, 0.95)


@dataclass(frozen=True)
class Column:
    """A stretch of quarters that a table shows as one column: a calendar year, or part of one."""

    label: str
    first: int
    last: int

    @property
    def quarters(self) -> slice:
        """The places of its quarters in the run."""
        return slice(self.first, self.last + 1)


@dataclass(frozen=True)
class Row:
    """One line of a table: a figure for each column in each world."""

    label: str
    values: np.ndarray
    """(columns, worlds)"""
    unit: str
    decimals: int | None = None
    """Digits of the median after the point; None: two or three that count."""
    mean: bool = False
    """Whether the mean over the worlds is shown in place of median and band: for odds, and shares that add up."""


class Reader:
    """A dataset of `simulate` (keep="paths") with the questions that sentences and tables ask of it."""

    def __init__(self, dataset: xr.Dataset) -> None:
        self.dataset = dataset
        self.quarters = [str(label) for label in dataset["quarter"].to_numpy()]
        self.worlds = dataset.sizes["world"]
        self.columns = columns(self.quarters)
        self.end = self.quarters[-1]

    def path(self, metric: str, member: str | None = None) -> np.ndarray:
        """(quarters, worlds) of a metric, of one member if it has any."""
        variables = self.dataset.variables  # plain arrays: labelled reading takes longer than the arithmetic after it
        values = variables[metric].to_numpy()
        if member is None:
            return values
        return values[variables[REGISTRY[metric].dimension].to_numpy().tolist().index(member)]

    def members(self, metric: str) -> tuple[str, ...]:
        """The members of a metric."""
        return members_of(self.dataset, metric)

    def all_members(self, metric: str) -> np.ndarray:
        """(quarters, worlds): the sum over the members, world by world."""
        return fold(np.stack([self.path(metric, member) for member in self.members(metric)]))

    def end_of(self, path: np.ndarray) -> np.ndarray:
        """(columns, worlds): the value in the last quarter of each column."""
        return path[[column.last for column in self.columns]]

    def sum_of(self, path: np.ndarray) -> np.ndarray:
        """(columns, worlds): the sum over the quarters of each column."""
        return np.stack([fold(path[column.quarters]) for column in self.columns])

    def mean_of(self, path: np.ndarray) -> np.ndarray:
        """(columns, worlds): the mean over the quarters of each column."""
        lengths = np.array([[column.last - column.first + 1] for column in self.columns])
        return self.sum_of(path) / lengths

    def first(self, happens: np.ndarray) -> np.ndarray:
        """(worlds,): the place of the first quarter in which something happens; NaN where it never does."""
        return np.where(happens.any(axis=0), happens.argmax(axis=0).astype(float), np.nan)

    # ------------------------------------------------------------------ words

    def chance(self, happens: np.ndarray | np.bool_) -> str:
        """`in 62 % of worlds (±3)`, with the 95 % Monte Carlo error in points."""
        happens = np.asarray(happens)
        if self.worlds == 1:
            return f"(in this world: {'yes' if happens[0] else 'no'})"
        share, error = odds(happens)
        points = f"±{max(100.0 * error, 0.1):.1f}" if error < 0.0095 else f"±{100.0 * error:.0f}"
        if not happens.any():
            return f"in none of {self.worlds:,} worlds"
        if happens.all():
            return f"in all {self.worlds:,} worlds"
        shown = f"{100.0 * share:.0f}" if 0.01 <= share <= 0.99 else f"{100.0 * share:.1f}"
        return f"in {shown}\u00a0% of worlds ({points})"

    def span(self, values: np.ndarray, decimals: int = 1, scale: float = 1.0, unit: str = "") -> str:
        """`12.3 (4.0 to 30.1)`: the median and the 90 % band over the worlds that have a number."""
        low, middle, high = (scale * float(x) for x in quantiles(values, BAND))
        if np.isnan(middle):
            return "none"
        if self.worlds == 1:
            return f"{middle:,.{decimals}f}{unit}"
        return f"{middle:,.{decimals}f}{unit} ({low:,.{decimals}f} to {high:,.{decimals}f}{unit})"

    def money(self, values: np.ndarray) -> str:
        """`$12bn (4 to 30)`: billions of dollars, median and 90 % band."""
        low, middle, high = (float(x) for x in quantiles(values, BAND))
        digits = 0 if max(abs(low), abs(high)) >= 10.0 else 1
        figure = f"{'-' if middle < 0 else ''}${abs(middle):,.{digits}f}bn"
        return figure if self.worlds == 1 else f"{figure} ({low:,.{digits}f} to {high:,.{digits}f})"

    def price(self, values: np.ndarray) -> str:
        """`$1.20 (0.80 to 1.90)`."""
        return "$" + self.span(values, 2)

    def when(self, places: np.ndarray) -> str:
        """`2029Q1 (2028Q2 to 2030Q3)`: a quarter, over the worlds in which it comes."""
        known = places[~np.isnan(places)]
        low, middle, high = (self.quarters[round(float(x))] for x in quantiles(known, BAND))
        return middle if known.size == 1 or low == high else f"{middle} ({low} to {high})"


def columns(quarters: list[str]) -> list[Column]:
    """The calendar years that a run covers, the last as far as it goes; the single quarters if it covers none.

    A year of which the run has only the end is left out: its sum would look like a year's.
    """
    years: dict[str, list[int]] = {}
    for place, label in enumerate(quarters):
        years.setdefault(label[:4], []).append(place)
    if all(len(places) < 4 for places in years.values()):
        return [Column(label, place, place) for place, label in enumerate(quarters)]
    found = []
    for year, places in years.items():
        if len(places) == 4:
            found.append(Column(year, places[0], places[-1]))
        elif quarters[places[0]].endswith("Q1"):
            found.append(Column(f"{year} to {quarters[places[-1]][4:]}", places[0], places[-1]))
    return found
