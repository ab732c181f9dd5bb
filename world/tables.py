"""The tables of the record: one frozen row class each, loaded from world/data/ and checked cell by cell.

A row says when it was known (`known_from`: the end of its period, a forecast's vintage, or a deal's date), where it
comes from, and whether it is observed, derived, a guess or somebody's forecast.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass, fields
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from world.calendar import parse_period, quarter_label, quarter_number, quarter_of

DATA = Path(__file__).parent / "data"
STATUSES = ("observed", "derived", "guess", "forecast")
DEAL_STATUSES = ("signed", "total", "plan", "letter of intent", "in talks", "cancelled", "withdrawn")
_MAY_BE_EMPTY = {"note", "starts"}


@dataclass(frozen=True)
class HistoryRow:
    """One observed (or forecast) value of a series; `low` and `high` bound it where the source says how well."""

    entity: str
    series: str
    period: str
    value: float
    unit: str
    low: float | None
    high: float | None
    basis: str
    known_from: date
    status: str
    source: str
    note: str

    @property
    def name(self) -> str:
        """The name that observations carry, `Entity:series`."""
        return f"{self.entity}:{self.series}"


@dataclass(frozen=True)
class DealRow:
    """One announcement. Only the status `signed` is a deal to be counted; a `total` repeats its parts."""

    known_from: date
    buyer: str
    seller: str
    kind: str
    size_usd_bn: float | None
    capacity_gw: float | None
    term_years: float | None
    starts: str
    status: str
    source: str
    note: str


@dataclass(frozen=True)
class Accelerator:
    """One chip generation as known from one day on: compute in H100e, power per chip at the server and at the site."""

    generation: str
    vendor: str
    launch: str
    price_k: float
    h100e: float
    kw_it: float
    kw_facility: float
    packages_per_wafer: float
    known_from: date
    status: str
    source: str
    note: str


@dataclass(frozen=True)
class Phase:
    """One phase of a named site: GW of facility power, its dates, and the quarter for which power is planned.

    An empty date has not happened. A phase is under construction once it is both financed and begun.
    """

    name: str
    site: str
    landlord: str
    operator: str
    tenant: str
    programme: str
    power_source: str
    facility_gw: float
    ramp_quarters: float
    announced_on: date | None
    contracted_on: date | None
    financed_on: date | None
    construction_on: date | None
    energised_on: date | None
    equipped_on: date | None
    due: str
    known_from: date
    status: str
    source: str
    note: str

    @property
    def announced(self) -> str | None:
        """The quarter in which it was announced, if it was."""
        return _quarter(self.announced_on)

    @property
    def contracted(self) -> str | None:
        """The quarter in which a tenant had signed for it, if one has."""
        return _quarter(self.contracted_on)

    @property
    def building(self) -> str | None:
        """The quarter from which it was both financed and under construction, if it was."""
        if self.financed_on is None or self.construction_on is None:
            return None
        return _quarter(max(self.financed_on, self.construction_on))

    @property
    def energised(self) -> str | None:
        """The quarter in which it had its power, if it had."""
        return _quarter(self.energised_on)

    @property
    def equipped(self) -> str | None:
        """The quarter in which its chips ran, if they did."""
        return _quarter(self.equipped_on)


@dataclass(frozen=True)
class StartRow:
    """One figure of the state from which a run starts."""

    start: str
    subject: str
    quantity: str
    value: float
    unit: str
    basis: str
    known_from: date
    status: str
    source: str
    note: str


TABLES: dict[str, type] = {
    "history": HistoryRow,
    "deals": DealRow,
    "accelerators": Accelerator,
    "sites": Phase,
    "start": StartRow,
}
_KEYS: dict[str, tuple[str, ...]] = {
    "history": ("entity", "series", "period"),
    "deals": ("known_from", "buyer", "seller", "kind", "size_usd_bn"),
    "accelerators": ("generation", "known_from"),
    "sites": ("name",),
    "start": ("start", "subject", "quantity"),
}


def load(table: str, folder: Path | None = None) -> tuple[Any, ...]:
    """The rows of one table, in the order of the file, typed and checked.

    Args:
        table     one of history, deals, accelerators, sites, start
        folder    where the tables lie; the project's own if not given
    Returns: a tuple of HistoryRow, DealRow, Accelerator, Phase or StartRow.
    Raises: ValueError naming file, line and column if a column is missing, a cell is empty, not a number, not a
        date, not one of the allowed words, or if a row repeats another one's key.
    """
    if table not in TABLES:
        raise ValueError(f"table: wanted one of {', '.join(TABLES)}, got {table!r}")
    return _load(table, folder if folder is not None else DATA)


def _quarter(day: date | None) -> str | None:
    return None if day is None else quarter_label(quarter_of(day))


@cache
def _load(table: str, folder: Path) -> tuple[Any, ...]:
    kind, path = TABLES[table], folder / f"{table}.csv"
    columns = [field.name for field in fields(kind)]
    seen: dict[tuple[str, ...], int] = {}
    rows = []
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.reader(file)
            header = next(reader, [])
            if header != columns:
                raise ValueError(f"{path.name} line 1: wanted the columns {','.join(columns)}, got {','.join(header)}")
            for cells in reader:
                where = f"{path.name} line {reader.line_num}"
                if len(cells) != len(columns):
                    raise ValueError(f"{where}: wanted {len(columns)} cells, got {len(cells)}")
                text = dict(zip(columns, cells, strict=True))
                key = tuple(text[name] for name in _KEYS[table])
                if key in seen:
                    raise ValueError(f"{where}: {' / '.join(key)} is already on line {seen[key]}")
                seen[key] = reader.line_num
                rows.append(
                    kind(**{f.name: _cell(table, f.name, str(f.type), text[f.name], where) for f in fields(kind)})
                )
    except OSError as error:
        raise ValueError(f"{path.name}: cannot be read ({error.strerror})") from None
    return tuple(rows)


def _cell(table: str, column: str, kind: str, text: str, where: str) -> str | float | date | None:
    """One cell by the type of its column, or a ValueError that says where it stands."""
    where = f"{where}, column {column}"
    if text == "":
        if "None" in kind:
            return None
        if column in _MAY_BE_EMPTY:
            return ""
        raise ValueError(f"{where}: must not be empty")
    if kind.startswith("float"):
        return number(text, where)
    if kind.startswith("date"):
        return _day(text, where)
    return _word(table, column, text, where)


def number(text: str, where: str) -> float:
    """A finite number, or a ValueError that says where it should stand."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{where}: wanted a finite number, got {text!r}")
    return value


def _day(text: str, where: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{where}: wanted a day as YYYY-MM-DD, got {text!r}") from None


def _word(table: str, column: str, text: str, where: str) -> str:
    allowed = DEAL_STATUSES if table == "deals" else STATUSES
    if column == "status" and text not in allowed:
        raise ValueError(f"{where}: wanted one of {', '.join(allowed)}, got {text!r}")
    try:
        if column == "period":
            parse_period(text)
        elif column in ("start", "launch", "due"):
            quarter_number(text)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None
    return text
