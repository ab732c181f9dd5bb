"""Counterparts: which observed series says the same as which metric of the model, how it is read, and how well.

The list is runs/counterparts.csv; it was committed before the first score, and a row that goes is named in
docs/validation.md. A row says

- `metric`, `member` (`*`: the sum over all members) and `reading`: `level` (the quarter in which the period ends),
  `mean` (of a level over the months covered that have one), `stock` (at the day, between the ends of quarters), `flow`
  (the sum over the months covered), `rate` (four times the quarter), `change` (of a stock over the period), `per_added`
  (a flow over what was added to the merchant stock), `rest` (the merchant stock less that of NAMED_OWNERS);
- `factor` from the unit of the series to the metric's, and `chip`, where the record counts chips and the model H100e;
- the error of an observation, on a logarithmic or a linear scale (then in the metric's unit): `error`, of each value by
  itself; `premium`, of the level of the series, the same for all its values; `drift`, of the model's own path, a random
  walk per square root of a quarter that starts at nothing with the run, shared by all series of a metric;
- whether the series informs the weights of worlds, whether it is scored, and whether figures show it beside the metric.
"""

from __future__ import annotations

import csv
import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import xarray as xr

from agents.cast import MERCHANT
from runs.metrics import REGISTRY
from runs.observations import Observation, convert
from runs.results import members_of
from world.arrays import fold, ratio
from world.calendar import first_day, last_day, quarter_number
from world.record import accelerators, start_state

FILE = Path(__file__).parent / "counterparts.csv"
READINGS = ("level", "mean", "stock", "flow", "rate", "change", "per_added", "rest")
APART = ("change", "per_added", "rest")
"""Readings that derive another figure from the merchant stock, which drifts by itself."""
OF_MERCHANT_STOCK = ("change", "rest")
NAMED_OWNERS = ("microsoft", "oracle", "xai", "openai")
"""Owners of merchant chips whose own stocks are told apart; the rest of the market is everybody else."""
SCALES = ("log", "linear")
ALL = "*"
MERCHANT_STOCK = "merchant_sold_h100e_m"
SIGNED = frozenset({"openai_burn_usd_bn"})
"""Metrics that may lie below zero: a lab that earns burns less than nothing."""
WHOLE = frozenset({"openai_stake"})
"""Metrics that are parts of one whole."""
BEYOND = 1000.0
"""An observation so many times above or below everything that the worlds say is a slip, not an observation."""
LEAST = 1e-9
"""Smallest figure that has a logarithm here, in the metric's unit."""


@dataclass(frozen=True)
class Counterpart:
    """One row of runs/counterparts.csv."""

    series: str
    unit: str
    metric: str
    member: str
    reading: str
    chip: str
    factor: float
    scale: str
    error: float
    premium: float
    drift: float
    inform: bool
    score: bool
    dots: bool
    projections: str
    note: str

    @property
    def subject(self) -> tuple[str, str, str]:
        """What the series is about; the model's drift is one for each subject."""
        return self.metric, self.member, self.reading if self.reading in APART else ""

    @cached_property
    def to_metric(self) -> float:
        """Factor from the unit of the series to the metric's."""
        return self.factor / (accelerators(date.max)[self.chip].h100e if self.chip else 1.0)

    def transform(self, values: np.ndarray) -> np.ndarray:
        """Values in the metric's unit to the scale of the errors."""
        return np.log(np.maximum(values, LEAST)) if self.scale == "log" else np.asarray(values, dtype=float)

    def back(self, values: np.ndarray) -> np.ndarray:
        """From the scale of the errors to the unit of the series."""
        return (np.exp(values) if self.scale == "log" else values) / self.to_metric


def counterparts() -> Mapping[str, Counterpart]:
    """The counterparts by series, in the order of the file."""
    return _parsed(FILE.read_text(encoding="utf-8"))


def nearest_series(name: str) -> str | None:
    """The series with a counterpart whose name is most like this one, if any is."""
    near = difflib.get_close_matches(name, list(counterparts()), n=1, cutoff=0.75)
    return near[0] if near else None


@lru_cache(maxsize=2)
def _parsed(text: str) -> Mapping[str, Counterpart]:
    found: dict[str, Counterpart] = {}
    reader = csv.DictReader(text.splitlines())
    for cells in reader:
        where = f"{FILE.name}, line {reader.line_num}"
        numbers = {name: float(cells[name]) for name in ("factor", "error", "premium", "drift")}
        flags = {name: cells[name] == "yes" for name in ("inform", "score", "dots")}
        texts = ("series", "unit", "metric", "member", "reading", "chip", "scale", "projections", "note")
        row = Counterpart(**{name: cells[name] for name in texts}, **numbers, **flags)  # type: ignore[arg-type]
        if row.series in found:
            raise ValueError(f"{where}: {row.series} has a row already")
        _check(row, where)
        found[row.series] = row
    return found


def _check(row: Counterpart, where: str) -> None:
    metric = REGISTRY.get(row.metric)
    if metric is None:
        raise ValueError(f"{where}: there is no metric {row.metric!r}")
    wrong_member = row.member not in (*metric.members, ALL) if metric.dimension else bool(row.member)
    if wrong_member:
        raise ValueError(f"{where}: {row.metric} has no member {row.member!r}")
    if row.reading not in READINGS or row.scale not in SCALES:
        raise ValueError(f"{where}: wanted a reading of {', '.join(READINGS)} and a scale of {', '.join(SCALES)}")
    if (row.reading in ("flow", "rate", "per_added")) != metric.flow:
        raise ValueError(f"{where}: {row.reading} is no reading of {row.metric}")
    if row.reading in OF_MERCHANT_STOCK and row.metric != MERCHANT_STOCK:
        raise ValueError(f"{where}: {row.reading} is a reading of {MERCHANT_STOCK} only")


# ---------------------------------------------------------------------- the model's figure for a period


class Paths:
    """The paths of a run, read as the record is.

    Args:   dataset   of `simulate` with keep="paths"
    """

    def __init__(self, dataset: xr.Dataset) -> None:
        self.dataset = dataset
        self.quarters = [str(label) for label in dataset["quarter"].to_numpy()]
        self.first = quarter_number(self.quarters[0])
        self.last = quarter_number(self.quarters[-1])
        self.worlds = dataset.sizes["world"]
        self.start = str(dataset.attrs["start"])

    def path(self, metric: str, member: str = "") -> np.ndarray:
        """(quarters, worlds) of a metric's member, or of the sum over its members."""
        values = self.dataset[metric]
        if member == ALL:
            rows = [self.path(metric, name) for name in members_of(self.dataset, metric)]
            return fold(np.stack(rows))
        return (values.sel({REGISTRY[metric].dimension: member}) if member else values).to_numpy()

    def value(self, row: Counterpart, observation: Observation) -> np.ndarray | None:
        """The model's figure for an observation, (worlds,) in the metric's unit; None if the run does not cover it."""
        quarter = observation.quarter
        if not self.first <= quarter <= self.last:
            return None
        path = self.path(row.metric, row.member)
        at = quarter - self.first
        if row.reading == "level":
            return np.asarray(path[at])
        if row.reading == "rate":
            return 4.0 * path[at]
        if row.reading == "stock":
            return self._stock(path, observation)
        if row.reading == "rest":
            named = [self.path("sold_h100e_m", owner) for owner in NAMED_OWNERS]
            return self._stock(path - fold(np.stack(named)), observation)
        if row.reading == "change":
            return path[at] - self._before(path, row, at)
        if row.reading == "flow":
            return self._flow(path, observation)
        if row.reading == "mean":
            return self._mean(path, observation)
        stock = self.path(MERCHANT_STOCK)
        return ratio(path[at], stock[at] - self._before(stock, row, at), 0.0)

    def quarters_since_start(self, row: Counterpart, observation: Observation) -> float:
        """When an observation is, in quarters since the start: a stock at its day, all else in the middle."""
        day = observation.end
        first, last = first_day(observation.quarter), last_day(observation.quarter)
        end = observation.quarter - self.first + ((day - first).days + 1) / ((last - first).days + 1)
        if row.reading in ("stock", "rest"):
            return end
        return max(end - self.span(row, observation) / 2.0, 0.25)

    def span(self, row: Counterpart, observation: Observation) -> float:
        """Quarters that a figure covers: a flow by its months, a rate or level a quarter at most."""
        months = observation.months if row.reading in ("flow", "mean") else min(observation.months, 3.0)
        return months / 3.0

    def span_of_flow(self, row: Counterpart, observation: Observation) -> float:
        """What a quarter's figure is multiplied by to stand for an observation of this length."""
        return {"flow": observation.months / 3.0, "rate": 4.0}.get(row.reading, 1.0)

    def _stock(self, path: np.ndarray, observation: Observation) -> np.ndarray:
        """A stock on a day, on a line between the ends of quarters; in the first quarter, its end."""
        at = observation.quarter - self.first
        first, last = first_day(observation.quarter), last_day(observation.quarter)
        share = ((observation.end - first).days + 1) / ((last - first).days + 1)
        return np.asarray(path[at] if at == 0 else path[at - 1] + share * (path[at] - path[at - 1]))

    def _flow(self, path: np.ndarray, observation: Observation) -> np.ndarray | None:
        """The sum over the months covered; None if they begin before the run does."""
        at, left = observation.quarter - self.first, observation.months / 3.0
        total = np.zeros(self.worlds)
        while left > 1e-9:
            if at < 0:
                return None
            total = total + min(left, 1.0) * path[at]
            at, left = at - 1, left - 1.0
        return total

    def _mean(self, path: np.ndarray, observation: Observation) -> np.ndarray | None:
        """The mean over the months covered in which there is a figure; None if they begin before the run does."""
        there = np.isfinite(path)
        total, months = (self._flow(rows, observation) for rows in (np.where(there, path, 0.0), there.astype(float)))
        return None if total is None or months is None else ratio(total, months, np.nan)

    def _before(self, path: np.ndarray, row: Counterpart, at: int) -> np.ndarray:
        """The merchant stock a quarter earlier; the start state's in the first quarter."""
        if at > 0:
            return np.asarray(path[at - 1])
        start = start_state(self.start)
        sold = sum(
            start.value(owner, f"sold_h100e_m.{chip}")
            for owner in start.subjects()
            for chip in MERCHANT
            if start.optional(owner, f"sold_h100e_m.{chip}") is not None
        )
        return np.full(self.worlds, sold + start.value("market", "h20_h100e_m"))


def impossible(row: Counterpart, value: float) -> str | None:
    """Why no market could show a figure, given in the metric's unit; None if one could."""
    if value < 0.0 and row.metric not in SIGNED:
        return f"{row.metric} is never below zero"
    if value > 1.0 and row.metric in WHOLE:
        return f"{row.metric} is a part of one whole"
    return None


def implausible(row: Counterpart, observed: float, members: np.ndarray) -> str | None:
    """Why an observation can only be a slip, beside what the worlds say, all in the unit of the series; or None."""
    sizes = np.abs(members[np.isfinite(members)])
    if not sizes.size:
        return None
    least = sizes.min() / BEYOND if row.scale == "log" else 0.0
    if least <= abs(observed) <= BEYOND * sizes.max():
        return None
    low, high = (f"{bound:.3g}" for bound in (members.min(), members.max()))
    return f"{observed:g} {row.unit} lies {BEYOND:,.0f} times beyond what the worlds say, {low} to {high}"


def in_metric_unit(row: Counterpart, observation: Observation) -> float:
    """An observation's value in the metric's unit.

    Raises: ValueError if its unit is not one of the series'.
    """
    return convert(observation.value, observation.unit, row.unit) * row.to_metric


__all__ = [
    "Counterpart",
    "Paths",
    "counterparts",
    "implausible",
    "impossible",
    "in_metric_unit",
    "nearest_series",
]
