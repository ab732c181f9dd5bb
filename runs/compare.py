"""Two scenarios on the same luck: paired differences, their error, and how much the pairing helps.

A world has the same draws in both scenarios, so what differs between its two paths is what the scenarios do to it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from runs.metrics import REGISTRY
from runs.posterior import source_of
from runs.results import series
from runs.scenario import Scenario, load_scenario
from runs.simulate import simulate
from world.parameters import unknown

NORMAL_95 = 1.96
"""Half-width of a 95 % interval of a mean, in standard errors."""


@dataclass(frozen=True)
class Difference:
    """What scenario b does to one metric, as b minus a over the worlds in which both have a figure.

    A stock is taken at the end of the quarter; a flow is summed over the four quarters that end with it. None where
    no world has a figure, or where a spread needs two worlds.
    """

    metric: str
    member: str | None
    quarter: str
    unit: str
    worlds: int
    mean_a: float | None
    mean_b: float | None
    mean: float | None
    low: float | None
    """Lower end of the 95 % interval of the mean difference."""
    high: float | None
    median: float | None
    share_positive: float | None
    """Share of worlds in which b is above a."""
    variance_ratio: float | None
    """Variance of b - a on the same draws over the sum of both variances: what it would be on independent seeds."""


@dataclass(frozen=True)
class Comparison:
    """Scenario b against scenario a on the same worlds."""

    a: str
    b: str
    worlds: int
    seed: int
    quarters: tuple[str, ...]
    """The quarters that both runs have."""
    rows: tuple[Difference, ...]

    def find(self, metric: str, member: str | None = None, quarter: str | None = None) -> Difference:
        """One row, of the last quarter if none is named. Raises: ValueError naming what there is."""
        found = [row for row in self.rows if row.metric == metric]
        if not found:
            raise ValueError(
                f"metric: {unknown(metric, {row.metric for row in self.rows}, 'metric of this comparison')}"
            )
        mine = [row for row in found if row.member == member]
        if not mine:
            members = ", ".join(dict.fromkeys(str(row.member) for row in found))
            raise ValueError(f"member: {metric} has no member {member!r}; allowed: {members}")
        if quarter is None:
            return mine[-1]
        for row in mine:
            if row.quarter == quarter:
                return row
        raise ValueError(f"quarter: wanted one of {', '.join(row.quarter for row in mine)}, got {quarter}")

    def as_rows(self) -> list[dict[str, Any]]:
        """The rows as plain values, fit for JSON."""
        return [asdict(row) for row in self.rows]


def compare(
    a: str | Path | Mapping[str, Any] | Scenario,
    b: str | Path | Mapping[str, Any] | Scenario,
    worlds: int | Sequence[int] | np.ndarray = 1000,
    seed: int = 1,
    until: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    first_world: int = 0,
    *,
    progress: Callable[[int, int], None] | None = None,
    parameters_from: str | None = None,
) -> Comparison:
    """Simulate two scenarios in the same worlds and compare them at every year's end and at the last quarter.

    Args:
        a, b         name, file or mapping of a scenario; if starts differ, the quarters that both have count, and if
                     casts do, the members
        worlds       how many worlds, or their numbers
        seed         of both
        until        last quarter
        parameters   set in both, as in `simulate`
        progress     called with the world-quarters done and their total over both runs
        parameters_from  as in `simulate`, and one for both
    Returns: a Comparison; the differences are b minus a.
    Laws (tests/scenarios/test_compare.py): a scenario compared with itself gives zeros; swapping a and b turns signs.
    Raises: ValueError as `simulate`, and if the two runs have no quarter in common.
    """
    first, second = load_scenario(a), load_scenario(b)
    source = source_of(parameters_from, first.known_until, second.known_until)

    def simulated(scenario: Scenario, place: int) -> xr.Dataset:
        def half(done: int, total: int) -> None:
            if progress is not None:
                progress(place * total + done, 2 * total)

        return simulate(scenario, worlds, seed, until, parameters, first_world, progress=half, parameters_from=source)

    return compare_datasets(simulated(first, 0), simulated(second, 1))


def compare_datasets(a: xr.Dataset, b: xr.Dataset) -> Comparison:
    """Compare two datasets of `simulate` (keep="paths") on the same seed and worlds.

    Raises: ValueError if seeds, worlds or quarters do not fit together.
    """
    if a.attrs["seed"] != b.attrs["seed"] or not np.array_equal(a["world"].to_numpy(), b["world"].to_numpy()):
        raise ValueError("compare: wanted two runs with the same seed and the same worlds")
    quarters_a = [str(label) for label in a["quarter"].to_numpy()]
    quarters_b = [str(label) for label in b["quarter"].to_numpy()]
    common = [label for label in quarters_a if label in quarters_b]
    if not common:
        raise ValueError(
            f"compare: {a.attrs['scenario']} runs from {quarters_a[0]} to {quarters_a[-1]} and {b.attrs['scenario']} "
            f"from {quarters_b[0]} to {quarters_b[-1]}: no quarter in common"
        )
    ends = [place for place, label in enumerate(common) if label.endswith("Q4") or place == len(common) - 1]
    from_a, from_b = quarters_a.index(common[0]), quarters_b.index(common[0])
    rows = []
    there = {(name, member): paths for name, member, paths in series(b)}
    for name, member, paths_a in series(a):
        if (name, member) not in there:  # a member that only one of two casts has
            continue
        paths_b = there[name, member]
        for end in ends:
            value_a = _value(paths_a, from_a, end, REGISTRY[name].flow)
            value_b = _value(paths_b, from_b, end, REGISTRY[name].flow)
            if value_a is not None and value_b is not None:
                rows.append(_difference(name, member, common[end], value_a, value_b))
    return Comparison(
        str(a.attrs["scenario"]),
        str(b.attrs["scenario"]),
        a["world"].size,
        int(a.attrs["seed"]),
        tuple(common),
        tuple(rows),
    )


def _value(paths: np.ndarray, first: int, end: int, flow: bool) -> np.ndarray | None:
    """A stock at the end of a quarter, or a flow over the year that ends with it; None before a year is full."""
    if not flow:
        return np.asarray(paths[first + end])
    if end < 3:
        return None
    return np.asarray(paths[first + end - 3] + paths[first + end - 2] + paths[first + end - 1] + paths[first + end])


def _difference(name: str, member: str | None, quarter: str, a: np.ndarray, b: np.ndarray) -> Difference:
    """The figures of one row from (worlds,) arrays."""
    both = np.isfinite(a) & np.isfinite(b)
    a, b = np.compress(both, a), np.compress(both, b)
    change = b - a
    count = int(change.size)
    some, spread = count > 0, count > 1
    error = NORMAL_95 * float(change.std(ddof=1)) / math.sqrt(count) if spread else math.nan
    mean = float(change.mean()) if some else math.nan
    apart = float(a.var(ddof=1) + b.var(ddof=1)) if spread else 0.0
    return Difference(
        metric=name,
        member=member,
        quarter=quarter,
        unit=REGISTRY[name].unit,
        worlds=count,
        mean_a=_plain(float(a.mean()) if some else math.nan),
        mean_b=_plain(float(b.mean()) if some else math.nan),
        mean=_plain(mean),
        low=_plain(mean - error),
        high=_plain(mean + error),
        median=_plain(float(np.median(change)) if some else math.nan),
        share_positive=_plain(float((change > 0.0).mean()) if some else math.nan),
        variance_ratio=float(change.var(ddof=1)) / apart if apart > 0.0 else None,
    )


def _plain(value: float) -> float | None:
    return value if math.isfinite(value) else None


__all__ = ["Comparison", "Difference", "compare", "compare_datasets"]
