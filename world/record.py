"""The record: what was known of the market on a day, and the state from which a run starts.

The figures lie in world/data/ (rows and checks: world/tables.py); docs/data.md tells how the derived and guessed ones
were made. Nothing here looks at a row that is known later than the day it was asked about: a start state and a
contract book of one date cannot be changed by what happened afterwards.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from world.calendar import last_day, parse_period, quarter_number
from world.tables import Accelerator, DealRow, HistoryRow, Phase, StartRow, load

__all__ = [
    "Accelerator",
    "Phase",
    "StartState",
    "accelerators",
    "contracts_between",
    "known",
    "load",
    "phases",
    "series",
    "start_state",
    "starts",
]


_Row = TypeVar("_Row", HistoryRow, DealRow, Accelerator, Phase, StartRow)


def known(rows: Iterable[_Row], until: date) -> list[_Row]:
    """The rows that are known on the day `until`."""
    return [row for row in rows if row.known_from <= until]


def series(entity: str, name: str, until: date | None = None, folder: Path | None = None) -> list[HistoryRow]:
    """The history of one series, earliest period first, as known on the day `until` (all of it if not given).

    Raises: ValueError naming the series and the nearest one on record if it has no row at all.
    """
    rows: tuple[HistoryRow, ...] = load("history", folder)
    found = [row for row in rows if row.entity == entity and row.series == name]
    if not found:
        raise ValueError(f"series: {_unknown(f'{entity}:{name}', {row.name for row in rows})}")
    found.sort(key=lambda row: (parse_period(row.period)[1], row.period))
    return found if until is None else known(found, until)


def accelerators(until: date, folder: Path | None = None) -> dict[str, Accelerator]:
    """Each chip generation by its latest row known on the day `until`, in the order of the file."""
    rows: tuple[Accelerator, ...] = load("accelerators", folder)
    latest: dict[str, Accelerator] = {}
    for row in known(rows, until):
        if row.generation not in latest or latest[row.generation].known_from <= row.known_from:
            latest[row.generation] = row
    return latest


def phases(until: date, folder: Path | None = None) -> list[Phase]:
    """The phases of named sites known on the day `until`; a later date is hidden: it had not happened."""
    rows: tuple[Phase, ...] = load("sites", folder)
    steps = ("announced_on", "contracted_on", "financed_on", "construction_on", "energised_on", "equipped_on")
    out = []
    for row in known(rows, until):
        hidden: dict[str, Any] = {s: None for s in steps if (day := getattr(row, s)) is not None and day > until}
        out.append(replace(row, **hidden))
    return out


def starts(folder: Path | None = None) -> list[str]:
    """The quarters at whose end a run may start, earliest first."""
    return sorted({row.start for row in load("start", folder)}, key=quarter_number)


@dataclass(frozen=True)
class StartState(Mapping[tuple[str, str], float]):
    """The figures at the end of one quarter: a mapping from (subject, quantity) to a number."""

    label: str
    known_until: date
    rows: Mapping[tuple[str, str], StartRow]

    def value(self, subject: str, quantity: str) -> float:
        """The figure, in the unit that docs/data.md gives.

        Raises: ValueError naming what was asked for and the nearest name on record.
        """
        try:
            return self.rows[subject, quantity].value
        except KeyError:
            names = {f"{a}: {b}" for a, b in self.rows}
            raise ValueError(f"start {self.label}: {_unknown(f'{subject}: {quantity}', names)}") from None

    def optional(self, subject: str, quantity: str) -> float | None:
        """The figure, or None if this start has none of that name."""
        row = self.rows.get((subject, quantity))
        return None if row is None else row.value

    def unit(self, subject: str, quantity: str) -> str:
        """The unit of the figure; raises as `value`."""
        self.value(subject, quantity)
        return self.rows[subject, quantity].unit

    def subjects(self) -> list[str]:
        """All subjects, in the order of the table."""
        return list(dict.fromkeys(subject for subject, _ in self.rows))

    def quantities(self, subject: str) -> list[str]:
        """The quantities of one subject, in the order of the table."""
        return [quantity for owner, quantity in self.rows if owner == subject]

    def __getitem__(self, key: tuple[str, str]) -> float:
        return self.rows[key].value

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


def start_state(start: str, known_until: date | None = None, folder: Path | None = None) -> StartState:
    """The state at the end of the quarter `start`, from rows known by the end of that quarter and no others.

    Args:
        start         a quarter label with rows in start.csv
        known_until   the scenario's date; it widens the contracts that enter later, never the state itself
        folder        where the tables lie; the project's own if not given
    Raises: ValueError if the start has no rows, or if known_until lies before its last day.
    """
    rows: tuple[StartRow, ...] = load("start", folder)
    if start not in {row.start for row in rows}:
        raise ValueError(f"start: wanted one of {', '.join(starts(folder))}, got {start!r}")
    end = last_day(quarter_number(start))
    if known_until is not None and known_until < end:
        raise ValueError(f"known_until: a run from {start} knows all up to {end}, got the earlier day {known_until}")
    state = {(row.subject, row.quantity): row for row in known(rows, end) if row.start == start}
    return StartState(start, known_until if known_until is not None else end, state)


def contracts_between(start: str, known_until: date, folder: Path | None = None) -> list[DealRow]:
    """The deals signed after the quarter `start` and known by `known_until`: they enter a run as events."""
    end = last_day(quarter_number(start))
    if known_until <= end:
        return []
    rows: tuple[DealRow, ...] = load("deals", folder)
    return [row for row in known(rows, known_until) if row.known_from > end and row.status == "signed"]


def _unknown(asked: str, names: Iterable[str]) -> str:
    """What to say of a name that is not on record."""
    near = difflib.get_close_matches(asked, list(names), n=1, cutoff=0.0)
    return f"{asked!r} is not on record; the nearest name is {near[0]!r}" if near else f"{asked!r} is not on record"
