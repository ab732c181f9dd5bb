"""A run as the page looks at it: columns for the charts, headings by quarter, numbers in words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import xarray as xr

from runs.history import observed
from runs.reading import Reader
from runs.results import LEVELS, quantiles, title

Columns = dict[str, list[Any]]

COLOURS = (
    "openai", "microsoft", "oracle", "softbank", "xai", "nvidia", "rival_clouds", "rival_labs", "own", "investors",
    "landlords", "lenders", "ampere", "hopper", "blackwell", "rubin", "feynman", "demand", "power", "shells", "chips",
    "finance", "appetite", "price", "customers", "staff",
)  # fmt: skip
"""Names that the style sheet has a colour for, light and dark."""


def colour(name: str) -> str:
    """The style sheet's variable for a member."""
    return f"var(--{name.replace('_', '-')})" if name in COLOURS else "var(--other)"


@dataclass(frozen=True)
class Format:
    """How a card writes its figures: d3 formats of the axis and of the tooltip, a prefix, and Python's for words."""

    words: str
    axis: str = "~g"
    fine: str = ".1f"
    prefix: str = ""
    suffix: str = ""
    scale: float = 1.0

    def figure(self, value: float) -> str:
        """`$1.20`, `39 %`, `8.7 GW`; a dash where there is none."""
        if not math.isfinite(value):
            return "–"
        sign = "−" if value < 0 and float(f"{value:{self.words}}".replace(",", "")) != 0 else ""
        return f"{sign}{self.prefix}{abs(value):{self.words}}{self.suffix}"

    def bare(self, value: float) -> str:
        """The figure without its unit."""
        return self.figure(value).removesuffix(self.suffix) if self.suffix else self.figure(value)


MILLIONS = Format(".1f", fine=".1f", suffix="\u00a0M")
DOLLARS_H = Format(".2f", axis=".2~f", fine=".2f", prefix="$")
YEARLY = Format(",.0f", axis="~s", fine=",.0f", prefix="$", suffix="bn", scale=4.0)
"""A quarter's billions at their annual rate, so that they stand beside what is told by year."""
BILLIONS = Format(",.0f", axis="~s", fine=",.0f", prefix="$", suffix="bn")
PERCENT = Format(".0f", axis="~g", fine=".0f", suffix="\u00a0%", scale=100.0)
RATIO = Format(".1f", fine=".1f")
GIGAWATTS = Format(".2f", suffix="\u00a0GW")


@dataclass
class Filling:
    """What a card is filled with: columns by the name of a chart's data, signals, a heading by quarter, words."""

    data: dict[str, Columns] = field(default_factory=dict)
    signals: dict[str, Any] = field(default_factory=dict)
    head: list[str] = field(default_factory=list)
    """The figure at each quarter, or one for all."""
    sub: list[str] = field(default_factory=list)
    spoken: str = ""
    """The chart in a sentence, for who does not see it."""
    note: str = ""
    key: list[tuple[str, str]] = field(default_factory=list)
    """Names and colours, where the chart itself names nothing."""

    def as_dictionary(self) -> dict[str, Any]:
        """Plain values, what is empty left out."""
        return {name: value for name, value in vars(self).items() if value}


class Look:
    """A run (keep="paths"), and perhaps the run that it is compared with on the same luck."""

    def __init__(self, dataset: xr.Dataset, other: xr.Dataset | None = None) -> None:
        self.run = Reader(dataset)
        self.other = None if other is None else Reader(other)
        self.dataset = dataset
        self.quarters = self.run.quarters
        self.worlds = self.run.worlds
        self.x = [moment(label) for label in self.quarters]
        self._paths: dict[tuple[str, str | None], np.ndarray] = {}
        self._bands: dict[tuple[str, str | None, Format, float | None], Filling] = {}

    @cached_property
    def places_of_other(self) -> list[int | None]:
        """The place of each of our quarters in the other run."""
        if self.other is None:
            return [None] * len(self.quarters)
        there = {label: place for place, label in enumerate(self.other.quarters)}
        return [there.get(label) for label in self.quarters]

    def path(self, metric: str, member: str | None = None) -> np.ndarray:
        """(quarters, worlds); read once, since labelled reading takes longer than the arithmetic on it."""
        if (metric, member) not in self._paths:
            self._paths[metric, member] = self.run.path(metric, member)
        return self._paths[metric, member]

    def members(self, metric: str) -> tuple[str, ...]:
        """The members of a metric in the run's cast."""
        return self.run.members(metric)

    def levels(self, metric: str, member: str | None = None, probs: tuple[float, ...] = LEVELS) -> np.ndarray:
        """Quantiles over the worlds by quarter, (probs, quarters)."""
        return quantiles(self.path(metric, member), probs)

    def rare(self, metric: str, member: str | None = None) -> np.ndarray:
        """Whether more than half of the worlds have no number, (quarters,)."""
        return np.asarray(np.isnan(self.path(metric, member)).mean(axis=-1) > 0.5)

    def mean(self, metric: str, member: str | None = None) -> np.ndarray:
        """Means over the worlds that have a number, (quarters,)."""
        return np.asarray(np.nanmean(self.path(metric, member), axis=-1))

    def other_median(self, metric: str, member: str | None, scale: float) -> list[float | None]:
        """The other run's median at each of our quarters."""
        if self.other is None:
            return [None] * len(self.quarters)
        rows = quantiles(self.other.path(metric, member), (0.5,))[0] * scale
        return [None if place is None else plain(rows[place]) for place in self.places_of_other]

    def band(self, metric: str, member: str | None, form: Format, ceiling: float | None = None) -> Filling:
        """A fan: quantiles by quarter, the record, the other run's median; headings by quarter; ends of the axes."""
        key = (metric, member, form, ceiling)
        if key not in self._bands:
            self._bands[key] = self._band(metric, member, form, ceiling)
        made = self._bands[key]
        return replace(made, data=dict(made.data), signals=dict(made.signals))

    def _band(self, metric: str, member: str | None, form: Format, ceiling: float | None) -> Filling:
        rows = self.levels(metric, member) * form.scale
        names = ("lo5", "lo25", "mid", "hi75", "hi95")
        band: Columns = {"x": self.x, "quarter": self.quarters}
        band |= {name: numbers(row) for name, row in zip(names, rows, strict=True)}
        band["other"] = self.other_median(metric, member, form.scale)
        record = record_columns(metric, member, form.scale)
        head = [form.figure(value) for value in rows[2]]
        sub = [
            f"90\u00a0%: {form.bare(low)} to {form.figure(high)}" for low, high in zip(rows[0], rows[4], strict=True)
        ]
        if self.worlds == 1:
            sub = ["one world"] * len(sub)
        top, bottom = self.ends(band, record)
        if ceiling is not None:
            top = ceiling
        signals = {"top": top, "bottom": bottom, "form": form.axis, "fine": form.fine, "prefix": form.prefix}
        signals["first"] = self.first if record["x"] else self.start
        signals["height"] = TALL
        return Filling({"band": band, "record": record}, signals, head, sub)

    @staticmethod
    def ends(band: Columns, record: Columns) -> tuple[float, float]:
        """Ends of the axis that hold band, other run and record; zero is always on it."""
        found = [value for name in ("lo5", "hi95", "other", "mid") for value in band[name] if value is not None]
        found += [value for value in record["value"] if value is not None] + [0.0]
        return nice_top(max(found)), -nice_top(-min(found)) if min(found) < 0.0 else 0.0

    @property
    def first(self) -> float:
        """Where the axes of time begin."""
        return min(FIRST, math.floor(self.x[0]))

    @property
    def start(self) -> float:
        """Where they begin if there is no record to show."""
        return math.floor(self.x[0])

    @property
    def last(self) -> float:
        """Where they end."""
        return self.x[-1] + 0.125


TALL = 160
"""Height of a fan that stands beside charts with names, pixels."""
FIRST = 2023.0
"""From here on the record is shown."""


def moment(label: str) -> float:
    """The middle of a quarter, in years."""
    return int(label[:4]) + (int(label[5]) - 0.5) / 4.0


def plain(value: float) -> float | None:
    """A number with four digits that count, or None."""
    return float(f"{value:.4g}") if math.isfinite(value) else None


def numbers(values: Sequence[float] | np.ndarray) -> list[float | None]:
    """A column of plain numbers."""
    return [plain(float(value)) for value in values]


@lru_cache(maxsize=256)
def record_columns(metric: str, member: str | None, scale: float) -> Columns:
    """The observed figures of a metric by quarter, from where the axes begin."""
    rows = [row for row in observed(metric, member) if moment(row[0]) >= FIRST]
    bounds = [[None if row[k] is None else plain(scale * row[k]) for row in rows] for k in (1, 2, 3)]  # type: ignore[operator]
    return {
        "x": [moment(row[0]) for row in rows],
        "quarter": [row[0] for row in rows],
        "value": bounds[0],
        "low": bounds[1],
        "high": bounds[2],
    }


def nice_top(value: float) -> float:
    """A round number a little above a positive one."""
    if value <= 0.0:
        return 1.0
    step = 10.0 ** math.floor(math.log10(value))
    return next(step * k for k in (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0) if step * k >= value)


def spread_labels(places: Mapping[str, float], gap: float) -> dict[str, float]:
    """Where to write names beside the ends of lines so that none lies over another, as near as may be."""
    ordered = sorted(places, key=lambda name: places[name])
    spots = [places[name] for name in ordered]
    for _ in range(40):
        for k in range(len(spots) - 1):
            short = gap - (spots[k + 1] - spots[k])
            if short > 1e-9:
                spots[k] -= short / 2.0
                spots[k + 1] += short / 2.0
    return dict(zip(ordered, spots, strict=True))


def listed(parts: Mapping[str, float], form: Format, least: float = 0.0) -> str:
    """`Microsoft 59 %, Oracle 25 %`: the parts from the largest, those above `least`."""
    ranked = sorted(parts.items(), key=lambda part: -part[1])
    return ", ".join(f"{name} {form.figure(value)}" for name, value in ranked if value > least)


__all__ = [
    "BILLIONS", "COLOURS", "DOLLARS_H", "FIRST", "GIGAWATTS", "MILLIONS", "PERCENT", "RATIO", "YEARLY", "Columns",
    "Filling", "Format", "Look", "colour", "listed", "moment", "nice_top", "numbers", "plain", "record_columns",
    "spread_labels", "title",
]  # fmt: skip
