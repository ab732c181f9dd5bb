"""Designs of parameter values: a grid, a Latin hypercube, a Sobol sequence, or the rows of a table."""

from __future__ import annotations

import csv
import itertools
import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import qmc

from world.parameters import specifications, unknown

KINDS = ("grid", "lhs", "sobol")
MOST_VALUES = 5_000_000
"""Values that a design may have: they stand in the manifest."""


@dataclass(frozen=True)
class Vary:
    """One parameter that is varied: from `low` to `high` at `count` places."""

    name: str
    low: float
    high: float
    count: int


@dataclass(frozen=True)
class Design:
    """Points of parameter values: names, and one row of values for each point."""

    names: tuple[str, ...]
    points: tuple[tuple[float, ...], ...]

    def __len__(self) -> int:
        return len(self.points)


ONE_POINT = Design((), ((),))
"""The design of a batch that varies nothing."""


def parse_vary(text: str) -> Vary:
    """`NAME=low:high:n`; raises ValueError that says what is wrong."""
    name, equals, rest = (part.strip() for part in text.partition("="))
    pieces = rest.split(":")
    if not (name and equals) or len(pieces) != 3:
        raise ValueError(f"--vary: wanted NAME=low:high:n, like microsoft.caution=0:1:5, got {text!r}")
    try:
        low, high = float(pieces[0]), float(pieces[1])
        count = int(pieces[2])
    except ValueError:
        raise ValueError(f"--vary: {name}: wanted two numbers and a whole number, got {rest!r}") from None
    return Vary(name, low, high, count)


def make_design(varied: Sequence[Vary], kind: str = "grid", seed: int = 1) -> Design:
    """The points of a design.

    Args:
        varied  what is varied; in "lhs" and "sobol" every count is the same, the number of points
        kind    "grid": every combination; "lhs": a Latin hypercube; "sobol": a scrambled Sobol sequence
        seed    of the hypercube and the scrambling
    Raises: ValueError naming what is wrong and what is allowed.
    """
    if kind not in KINDS:
        raise ValueError(f"--design: wanted one of {', '.join(KINDS)}, got {kind!r}")
    names = tuple(row.name for row in varied)
    for row in varied:
        if row.count < 1 or not (math.isfinite(row.low) and math.isfinite(row.high) and row.low <= row.high):
            given = f"{row.low:g}:{row.high:g}:{row.count}"
            raise ValueError(f"--vary: {row.name}: wanted low <= high and at least one place, got {given}")
    if not varied:
        return ONE_POINT
    counts = {row.count for row in varied}
    total = math.prod(row.count for row in varied) if kind == "grid" else max(counts)
    if total * len(varied) > MOST_VALUES:
        raise ValueError(
            f"--vary: the design has {total:,} points; at most {MOST_VALUES // len(varied):,} are possible"
        )
    if kind == "grid":
        axes = [np.linspace(row.low, row.high, row.count).tolist() for row in varied]
        return checked(names, [tuple(point) for point in itertools.product(*axes)])
    if len(counts) > 1:
        raise ValueError(f"--vary: in a design of kind {kind} every n is the number of points; got {sorted(counts)}")
    dimensions = len(varied)
    sampler = qmc.LatinHypercube(dimensions, rng=seed) if kind == "lhs" else qmc.Sobol(dimensions, rng=seed)
    low, high = np.array([row.low for row in varied]), np.array([row.high for row in varied])
    unit = sampler.random(total) if kind == "lhs" else sampler.random_base2(math.ceil(math.log2(total)))[:total]
    return checked(names, [tuple(point) for point in (low + unit * (high - low)).tolist()])


def read_design(path: Path) -> Design:
    """The design in a CSV file: a header of parameter names, one row per point.

    Raises: ValueError naming file and line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [row for row in csv.reader(file) if any(cell.strip() for cell in row)]
    except OSError as error:
        raise ValueError(f"--from-csv: {path}: cannot be read ({error.strerror})") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"--from-csv: {path}: is not a table of text: {error}") from None
    if len(rows) < 2:
        raise ValueError(f"--from-csv: {path}: wanted a header of parameter names and at least one row")
    names = tuple(cell.strip() for cell in rows[0])
    points = []
    for line, row in enumerate(rows[1:], start=2):
        if len(row) != len(names):
            raise ValueError(f"--from-csv: {path}, row {line}: wanted {len(names)} values, got {len(row)}")
        try:
            points.append(tuple(float(cell) for cell in row))
        except ValueError:
            raise ValueError(f"--from-csv: {path}, row {line}: {row} holds something that is no number") from None
    return checked(names, points)


def checked(names: Sequence[str], points: Sequence[tuple[float, ...]]) -> Design:
    """The design, if every name is a parameter, named once, and every value within its limits."""
    table = specifications()
    for place, name in enumerate(names):
        if name not in table:
            raise ValueError(f"design: {unknown(name, table, 'parameter')}")
        if name in names[:place]:
            raise ValueError(f"design: {name} is varied twice")
        row = table[name]
        for number, point in enumerate(points):
            if not row.minimum <= point[place] <= row.maximum:
                raise ValueError(
                    f"design: {name}: point {number} is {point[place]:g}, out of range; allowed: {row.allowed}"
                )
    return Design(tuple(names), tuple(points))


def design_of(document: Mapping[str, list]) -> Design:
    """The design that stands in a manifest."""
    return checked(document["names"], [tuple(point) for point in document["points"]])


class SobolParameters:
    """Quasi-random draws of parameters: world i takes point i of a scrambled Sobol sequence, one axis per parameter.

    Only parameters are quasi-random; the shocks of later quarters stay random draws of the world's number.
    """

    def __init__(self, names: Sequence[str], seed: int) -> None:
        self.names = tuple(names)
        self.seed = seed

    def values(self, numbers: np.ndarray) -> dict[str, np.ndarray]:
        """The values of every parameter in these worlds, (worlds,) each."""
        table = specifications()
        first, last = int(numbers.min()), int(numbers.max())
        sampler = qmc.Sobol(len(self.names), rng=self.seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # part of a sequence is balanced with the other blocks only
            if first:
                sampler.fast_forward(first)
            points = sampler.random(last - first + 1)[numbers - first]
        # The middle of a cell of 2**-30: a point may be 0, where an inverse distribution function has no value.
        points = np.clip(points + 2.0**-31, 2.0**-31, 1.0 - 2.0**-31)
        return {name: table[name].quantile(np.ascontiguousarray(points[:, k])) for k, name in enumerate(self.names)}


__all__ = [
    "KINDS",
    "ONE_POINT",
    "Design",
    "SobolParameters",
    "Vary",
    "checked",
    "design_of",
    "make_design",
    "parse_vary",
    "read_design",
]
