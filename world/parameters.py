"""The parameters: one row each in world/data/parameters.csv; here they are loaded, checked and drawn.

A row names its unit, hard limits (minimum, maximum), the plausible range that is drawn from (low, central, high), the
distribution, the source and a description. In a run a parameter is an array over worlds, always: a value given as one
number and the same number given for each world are then the same arithmetic, bit for bit.
"""

from __future__ import annotations

import csv
import difflib
import io
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from world.arrays import PerWorld, locked, per_world
from world.draws import Draws, log_triangular, log_uniform, triangular, uniform_between

PARAMETERS_FILE = Path(__file__).parent / "data" / "parameters.csv"
DISTRIBUTIONS = ("fixed", "uniform", "triangular", "log_uniform", "log_triangular")
STREAM = "parameter:"
"""A parameter is drawn from the stream of this prefix and its name, at quarter 0."""

_NAME = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*", re.ASCII)
_RANGE = ("distribution", "low", "central", "high")


@dataclass(frozen=True)
class Specification:
    """One row of the parameter table. All values are in `unit`; minimum <= low <= central <= high <= maximum.

    Raises: ValueError naming the column if a value is not finite, the order is broken, or a text is missing.
    """

    name: str
    unit: str
    minimum: float
    low: float
    central: float
    high: float
    maximum: float
    distribution: str
    source: str
    description: str

    def __post_init__(self) -> None:
        for column in ("unit", "source", "description"):
            if not getattr(self, column).strip():
                raise _ColumnError(column, "is empty; every parameter has one")
        if not _NAME.fullmatch(self.name):
            raise _ColumnError("name", f"{self.name!r} is not owner.name in lower-case letters, digits and _")
        if self.distribution not in DISTRIBUTIONS:
            raise _ColumnError("distribution", f"{self.distribution!r} is unknown; allowed: {', '.join(DISTRIBUTIONS)}")
        ordered = ("minimum", "low", "central", "high", "maximum")
        for column in ordered:
            if not math.isfinite(getattr(self, column)):
                raise _ColumnError(column, f"{getattr(self, column)} is not a finite number")
        for lower, upper in pairwise(ordered):
            if getattr(self, lower) > getattr(self, upper):
                raise _ColumnError(
                    upper,
                    f"{getattr(self, upper):g} is below {lower} {getattr(self, lower):g}; "
                    "wanted minimum <= low <= central <= high <= maximum",
                )
        if self.distribution.startswith("log_") and self.low <= 0.0:
            raise _ColumnError("low", f"{self.low:g} has no logarithm; {self.distribution} needs low above 0")

    @property
    def owner(self) -> str:
        """The part of the name before the dot."""
        return self.name.partition(".")[0]

    @property
    def stream(self) -> str:
        """The stream of random numbers from which the parameter is drawn."""
        return STREAM + self.name

    @property
    def allowed(self) -> str:
        """The hard limits as words."""
        return f"{self.minimum:g} to {self.maximum:g} ({self.unit})"

    def quantile(self, u: PerWorld) -> PerWorld:
        """The value at probability u (worlds,), in `unit`; inside low to high."""
        if self.distribution == "uniform":
            return uniform_between(u, self.low, self.high)
        if self.distribution == "triangular":
            return triangular(u, self.low, self.central, self.high)
        if self.distribution == "log_uniform":
            return log_uniform(u, self.low, self.high)
        if self.distribution == "log_triangular":
            return log_triangular(u, self.low, self.central, self.high)
        return np.full(np.shape(u), self.central)


class Parameters(Mapping[str, PerWorld]):
    """Every parameter by its name, each a read-only array (worlds,)."""

    def __init__(self, values: Mapping[str, PerWorld]) -> None:
        self._values = {name: locked(array.view()) for name, array in values.items()}
        owners: dict[str, dict[str, PerWorld]] = {}
        for name, array in self._values.items():
            owner, _, rest = name.partition(".")
            owners.setdefault(owner, {})[rest] = array
        self._owners = {owner: OwnParameters(owner, values) for owner, values in owners.items()}
        self._worked_out: dict[tuple[Any, ...], np.ndarray] = {}

    def __getitem__(self, name: str) -> PerWorld:
        try:
            return self._values[name]
        except KeyError:
            raise KeyError(unknown(name, self._values, "parameter")) from None

    # What a mapping does otherwise is to look for the nearest known name first, at every name that is not there.
    def __contains__(self, name: object) -> bool:
        return name in self._values

    def get(self, name: str, default: Any = None) -> Any:
        """The parameter, or the default if there is none of this name."""
        return self._values.get(name, default)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def of(self, owner: str) -> OwnParameters:
        """The parameters `owner.*` as attributes.

        Raises: ValueError naming the nearest owner if there is none of this name.
        """
        if owner not in self._owners:
            raise ValueError(unknown(owner, self._owners, "owner of parameters"))
        return self._owners[owner]

    def owned_by(self, owner: str) -> Mapping[str, PerWorld]:
        """The parameters `owner.*` by the rest of their names; none if there is no such owner."""
        own = self._owners.get(owner)
        return {} if own is None else {name: getattr(own, name) for name in dir(own)}

    def once(self, work: Callable[..., np.ndarray], *arguments: Any) -> np.ndarray:
        """What `work(parameters, *arguments)` gives, read only, worked out once: parameters never change."""
        key = (work, *arguments)
        if key not in self._worked_out:
            self._worked_out[key] = locked(work(self, *arguments))
        return self._worked_out[key]


class OwnParameters:
    """The parameters of one owner as read-only attributes: `parameters.of("market").band`."""

    def __init__(self, owner: str, values: Mapping[str, PerWorld]) -> None:
        self.__dict__.update(values)
        self.__dict__["_owner"] = owner

    def __getattr__(self, name: str) -> PerWorld:
        known = [key for key in self.__dict__ if not key.startswith("_")]
        raise AttributeError(unknown(name, known, f"parameter of {self.__dict__.get('_owner', 'this owner')}"))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{self._owner}.{name}: parameters are read-only; give another value to resolve()")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{self._owner}.{name}: parameters are read-only")

    def __dir__(self) -> list[str]:
        return [key for key in self.__dict__ if not key.startswith("_")]


def specifications(file: Path | str = PARAMETERS_FILE) -> dict[str, Specification]:
    """The rows of the parameter table by name, in the order of the file.

    Raises: ValueError naming file, line and column of the first bad cell; FileNotFoundError if there is no file.
    """
    return dict(_parsed(str(file), Path(file).read_text(encoding="utf-8-sig")))


def resolve(
    draws: Draws,
    overrides: Mapping[str, object] | None = None,
    central: bool = False,
    *,
    table: Mapping[str, Specification] | None = None,
) -> Parameters:
    """The value of every parameter in every world.

    Args:
        draws      the worlds and their luck
        overrides  by name: a number, an array (worlds,), or a dict with any of distribution, low, central, high, which
                   replaces these entries of the row
        central    take central values in place of draws, where no number is given
        table      the specifications; default those of world/data/parameters.csv
    Returns: Parameters, each (worlds,) in the unit of its row. What is drawn lies in low to high.
    Laws (tests/invariants/test_parameters.py): a number equals that number per world, bit for bit; an override changes
        no other parameter.
    Raises: ValueError naming the parameter and the nearest known name, or its limits, world and what was given.
    """
    table = specifications() if table is None else table
    overrides = {} if overrides is None else overrides
    replaced = [name.removeprefix(STREAM) for name in draws.replaced_streams() if name.startswith(STREAM)]
    for name in (*overrides, *replaced):
        if name not in table:
            raise ValueError(unknown(name, table, "parameter"))
    return Parameters({name: _value(row, overrides.get(name), draws, central) for name, row in table.items()})


def parameters_table(table: Mapping[str, Specification] | None = None) -> list[dict[str, str | float]]:
    """The parameters as rows of plain values with the columns of the file, for the command line and the pages."""
    table = specifications() if table is None else table
    return [{column: getattr(row, column) for column in _COLUMNS} for row in table.values()]


def unknown(name: object, known: Iterable[str], kind: str) -> str:
    """The sentence for a name that does not exist, with the nearest one that does."""
    names = list(known)
    near = difflib.get_close_matches(str(name), names, n=1, cutoff=0.4)
    hint = f"; did you mean {near[0]!r}?" if near else f"; there are {len(names)} of them, none like it"
    return f"{name!r} is not a known {kind}{hint}"


class _ColumnError(ValueError):
    """A bad cell; the loader adds file and line."""

    def __init__(self, column: str, problem: str) -> None:
        super().__init__(f"column {column}: {problem}")


_COLUMNS = tuple(field.name for field in fields(Specification))
_NUMBERS = ("minimum", "low", "central", "high", "maximum")


@lru_cache(maxsize=8)
def _parsed(file: str, text: str) -> Mapping[str, Specification]:
    """The table in a file's text; kept by the text, so that an edited file is read anew."""
    table: dict[str, Specification] = {}
    lines: dict[str, int] = {}
    reader = csv.DictReader(io.StringIO(text, newline=""))
    if tuple(reader.fieldnames or ()) != _COLUMNS:
        raise ValueError(f"{file}, line 1: wanted the columns {','.join(_COLUMNS)}; got {reader.fieldnames}")
    for cells in reader:
        try:
            row = _row(cells)
            if row.name in table:
                raise _ColumnError("name", f"{row.name!r} stands already in line {lines[row.name]}")
        except _ColumnError as error:
            raise ValueError(f"{file}, line {reader.line_num}, {error}") from None
        table[row.name], lines[row.name] = row, reader.line_num
    return MappingProxyType(table)


def _row(cells: Mapping[str | None, str | None]) -> Specification:
    if None in cells:
        raise _ColumnError(_COLUMNS[-1], "is followed by more cells; put text that holds a comma in quotes")
    values: dict[str, str | float] = {}
    for column in _COLUMNS:
        cell = cells[column]
        if cell is None:
            raise _ColumnError(column, "is missing")
        values[column] = _number(cell, column) if column in _NUMBERS else cell.strip()
    return Specification(**values)  # type: ignore[arg-type]


def _number(cell: str, column: str) -> float:
    try:
        return float(cell)
    except ValueError:
        raise _ColumnError(column, f"{cell!r} is not a number") from None


def _value(specification: Specification, override: object, draws: Draws, central: bool) -> PerWorld:
    """What a parameter is in each world: what the user gave, else the central value or a draw."""
    if override is not None and not isinstance(override, Mapping):
        return _given(specification, override, draws.worlds)
    row = specification if override is None else _respecified(specification, override)
    if central or row.distribution == "fixed":
        return np.full(draws.worlds, row.central)
    return row.quantile(draws.uniform(row.stream))


def _given(specification: Specification, value: object, worlds: int) -> PerWorld:
    """A user's number or array, checked against the hard limits."""
    name = specification.name
    try:
        kind = np.asarray(value).dtype.kind
    except ValueError:
        kind = "O"
    if kind not in "fiu":
        raise ValueError(f"{name}: {value!r} is not a number; allowed: {specification.allowed}, or one per world")
    array = np.array(per_world(value, worlds, name))
    outside = np.flatnonzero((array < specification.minimum) | (array > specification.maximum))
    if outside.size:
        where = "" if np.asarray(value).ndim == 0 else f"world {outside[0]} is "
        raise ValueError(f"{name}: {where}{array[outside[0]]:g} is out of range; allowed: {specification.allowed}")
    return array


def _respecified(specification: Specification, entries: Mapping[str, object]) -> Specification:
    """The row with the entries of a user's distribution in place of its own."""
    name = specification.name
    changes: dict[str, object] = {}
    for key, value in entries.items():
        if key not in _RANGE:
            raise ValueError(f"{name}: {unknown(key, _RANGE, 'entry')} Allowed: {', '.join(_RANGE)}")
        changes[key] = value if key == "distribution" else float(_given(specification, value, 1)[0])
    if changes.get("distribution") == "fixed":
        changes = dict.fromkeys(("low", "high"), changes.get("central", specification.central)) | changes
    try:
        return replace(specification, **changes)  # type: ignore[arg-type]
    except _ColumnError as error:
        raise ValueError(f"{name}: {error}; allowed: {specification.allowed}") from None
