"""Observations: what was seen of the market, from the record or from a user's file, one value for one period.

A series is `Entity:series`, a period a quarter, a year, a month or a day. Series that end in `_fy`, `_ltm`, `_6m` and
the like cover that many months up to the end of the period, `_cum` all since the year of its vintage. Which series says
the same as which metric of the model stands in runs/counterparts.csv (runs/counterparts.py).
"""

from __future__ import annotations

import csv
import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

from world.calendar import parse_period, quarter_of
from world.record import known, load
from world.tables import HistoryRow, number

FIRST_LINE = ("series", "period", "value", "unit")
BOUNDS = ("low", "high")
SEEN = ("observed", "derived")
"""What a row of the record must be to count as an observation."""

UNITS: dict[str, tuple[str, float]] = {
    **dict.fromkeys(("USD bn", "bn USD", "$bn"), ("money", 1.0)),
    **dict.fromkeys(("USD m", "USD mn", "m USD", "$m"), ("money", 0.001)),
    **dict.fromkeys(("USD trn", "trn USD"), ("money", 1000.0)),
    **dict.fromkeys(("USD bn/yr", "USD bn/year", "bn USD/yr"), ("money a year", 1.0)),
    **dict.fromkeys(("H100e",), ("compute", 1.0)),
    **dict.fromkeys(("k H100e", "thousand H100e"), ("compute", 1000.0)),
    **dict.fromkeys(("M H100e", "million H100e"), ("compute", 1000000.0)),
    **dict.fromkeys(("GW", "GW IT", "GW facility"), ("power", 1.0)),
    **dict.fromkeys(("MW", "MW IT", "MW facility"), ("power", 0.001)),
    **dict.fromkeys(("USD/GPU-hr", "USD/GPU-h", "$/GPU-h", "USD/h"), ("rent", 1.0)),
    **dict.fromkeys(("USD/H100e",), ("price of compute", 1.0)),
    **dict.fromkeys(("USD/chip",), ("price of a chip", 1.0)),
    **dict.fromkeys(("k USD/chip",), ("price of a chip", 1000.0)),
    **dict.fromkeys(("fraction", "share"), ("share", 1.0)),
    **dict.fromkeys(("percent", "%"), ("share", 0.01)),
    **dict.fromkeys(("wafers/month",), ("wafers", 1.0)),
    **dict.fromkeys(("k wafers/month",), ("wafers", 1000.0)),
    **dict.fromkeys(("weeks",), ("time", 1.0)),
    **dict.fromkeys(("quarters",), ("time", 13.0)),
}
"""Units that can be converted into each other: what they measure, and their size."""


@dataclass(frozen=True)
class Observation:
    """One value of one series for one period, in the unit of the series; `low` and `high` where somebody gave them."""

    series: str
    period: str
    value: float
    unit: str
    known_from: date
    low: float | None = None
    high: float | None = None

    @cached_property
    def end(self) -> date:
        """The last day of the period."""
        return parse_period(self.period)[1]

    @property
    def quarter(self) -> int:
        """The number of the quarter in which the period ends."""
        return quarter_of(self.end)

    @cached_property
    def months(self) -> float:
        """How many months the value covers, counted back from the end of the period; a day counts as none."""
        first, last = parse_period(self.period)
        return covered_months(self.series, first, last)


class Slips(ValueError):
    """Observations that cannot be, with the reason, one line for each."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = tuple(lines)
        super().__init__("; ".join(self.lines))


def covered_months(series: str, first: date, last: date) -> float:
    """Months that a figure of a series covers up to the end of a period, from the ending of the series' name."""
    name = series.partition(":")[2] or series
    if name.endswith("_cum"):
        vintage = re.search(r"_(\d{4})Q[1-4]_vintage", name)
        begins = int(vintage[1]) if vintage else first.year
        return 12.0 * (last.year - begins) + last.month
    if name.endswith(("_fy", "_ltm")):
        return 12.0
    counted = re.search(r"_(\d+)m$", name)
    if counted:
        return float(counted[1])
    return 0.0 if first == last else float(12 * (last.year - first.year) + last.month - first.month + 1)


def history(rows: Iterable[HistoryRow] | None = None) -> list[Observation]:
    """The observations of the record, without anybody's forecasts and guesses, in the order of the record."""
    rows = load("history") if rows is None else rows
    return [
        Observation(row.name, row.period, row.value, row.unit, row.known_from, row.low, row.high)
        for row in rows
        if row.status in SEEN
    ]


def projections(until: date, rows: Iterable[HistoryRow] | None = None) -> list[HistoryRow]:
    """The firms' own forecasts and plans published by a day."""
    rows = load("history") if rows is None else rows
    return [row for row in known(rows, until) if row.status == "forecast"]


def convert(value: float, unit: str, wanted: str) -> float:
    """A value in the unit wanted.

    Raises: ValueError if one of the units is not known, or if they do not measure the same.
    """
    if unit == wanted:
        return value
    if wanted not in UNITS:
        raise ValueError(f"wanted the unit {wanted}, got {unit!r}")
    if unit not in UNITS:
        near = difflib.get_close_matches(unit, UNITS, n=1, cutoff=0.5)
        raise ValueError(
            f"the unit {unit!r} is not known; wanted {wanted}" + (f"; did you mean {near[0]!r}?" if near else "")
        )
    (kind, size), (wanted_kind, wanted_size) = UNITS[unit], UNITS[wanted]
    if kind != wanted_kind:
        raise ValueError(f"wanted {wanted} or another unit of {wanted_kind}, got {unit!r}")
    return value * size / wanted_size


# ---------------------------------------------------------------------- a user's file


def read_observations(path: Path) -> list[Observation]:
    """A user's observations: `series,period,value,unit[,low,high]`, each known from the end of its period.

    Raises: ValueError naming file, line and column of the first bad cell, or why the file cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path}: is not text in UTF-8") from None
    reader = csv.reader(text.splitlines())
    header = tuple(cell.strip() for cell in next(reader, []))
    allowed = (FIRST_LINE, (*FIRST_LINE, *BOUNDS))
    if header not in allowed:
        raise ValueError(f"{path}, line 1: wanted {','.join(allowed[0])}[,low,high], got {','.join(header)!r}")
    found: dict[tuple[str, str], int] = {}
    observations = []
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        where = f"{path}, line {reader.line_num}"
        if len(cells) != len(header):
            raise ValueError(f"{where}: wanted {len(header)} cells, got {len(cells)}")
        row = _user_row(dict(zip(header, (cell.strip() for cell in cells), strict=True)), where)
        key = (row.series, row.period)
        if key in found:
            raise ValueError(f"{where}: {row.series} for {row.period} stands already in line {found[key]}")
        found[key] = reader.line_num
        observations.append(row)
    if not observations:
        raise ValueError(f"{path}: holds no observation")
    return observations


def _user_row(cells: dict[str, str], where: str) -> Observation:
    entity, colon, name = cells["series"].partition(":")
    if not (entity and colon and name):
        raise ValueError(f"{where}, column series: wanted Entity:series, got {cells['series']!r}")
    try:
        end = parse_period(cells["period"])[1]
    except ValueError as error:
        raise ValueError(f"{where}, column period: {error}") from None
    if not cells["unit"]:
        raise ValueError(f"{where}, column unit: is empty")
    value = number(cells["value"], f"{where}, column value")
    low, high = (number(cells[k], f"{where}, column {k}") if cells.get(k) else None for k in BOUNDS)
    for name, bound, wrong in (("low", low, low is not None and low > value), ("high", high, (high or value) < value)):
        if wrong:
            raise ValueError(f"{where}, column {name}: wanted low <= value <= high, got {bound:g} for {value:g}")
    return Observation(cells["series"], cells["period"], value, cells["unit"], end, low, high)


__all__ = [
    "Observation",
    "Slips",
    "convert",
    "covered_months",
    "history",
    "projections",
    "read_observations",
]
