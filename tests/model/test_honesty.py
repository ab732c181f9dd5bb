"""A run knows nothing that was not known: what the record says of later days changes no bit of it."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

import world.tables
from runs.metrics import REGISTRY
from tests.model.ensembles import finished, first_differences
from world.tables import DATA, TABLES

WORLDS = 7
UNTIL = {"as-of-2024q3": "2028Q4", "as-of-2023q4": "2026Q4", "stargate-2025": "2027Q4"}
KNOWN_UNTIL = {
    "as-of-2024q3": date(2024, 9, 30),
    "as-of-2023q4": date(2023, 12, 31),
    "stargate-2025": date(2025, 2, 28),
}
NUMBERS = {
    "history": ("value",),
    "deals": ("size_usd_bn", "capacity_gw", "term_years"),
    "accelerators": ("price_k", "h100e", "kw_it", "kw_facility", "packages_per_wafer"),
    "sites": ("facility_gw", "ramp_quarters"),
    "start": ("value",),
}
"""The columns of each table that hold figures."""
DAYS = ("announced_on", "contracted_on", "financed_on", "construction_on", "energised_on", "equipped_on")


@dataclass
class Forgery:
    """How many rows were changed, dropped and moved, and in which tables."""

    rows: int = 0
    tables: int = 0


def forge(source: Path, target: Path, until: date, factor: float, keep: Callable[[int], bool]) -> Forgery:
    """Copy the tables; of what was known later, scale every figure, and drop the rows that `keep` refuses.

    A date of a site that lies later than `until` had not happened either: it moves by a year.
    """
    made = Forgery()
    for table in TABLES:
        with (source / f"{table}.csv").open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            header = list(reader.fieldnames or ())
            rows = list(reader)
        out = []
        changed = 0
        for place, row in enumerate(rows):
            later = date.fromisoformat(row["known_from"]) > until
            if later:
                changed += 1
                if not keep(place):
                    continue
                for column in NUMBERS[table]:
                    if row[column]:
                        row[column] = repr(factor * float(row[column]))
            for column in DAYS:
                if row.get(column) and date.fromisoformat(row[column]) > until:
                    day = date.fromisoformat(row[column])
                    row[column] = day.replace(year=day.year + 1, day=min(day.day, 28)).isoformat()
                    changed += 1
            out.append(row)
        made.rows += changed
        made.tables += changed > 0
        with (target / f"{table}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, header, lineterminator="\n")
            writer.writeheader()
            writer.writerows(out)
    return made


@pytest.mark.parametrize("scenario", list(UNTIL))
@pytest.mark.parametrize("dropped", [False, True], ids=["changed", "dropped"])
def test_what_was_known_later_changes_no_bit(
    scenario: str, dropped: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = finished(scenario, WORLDS, until=UNTIL[scenario])
    made = forge(DATA, tmp_path, KNOWN_UNTIL[scenario], 3.0, lambda place: not dropped or place % 3 == 0)
    assert made.rows > 100, "the record holds hardly anything of later days"
    monkeypatch.setattr(world.tables, "DATA", tmp_path)
    forged = finished(scenario, WORLDS, until=UNTIL[scenario])
    assert first_differences(honest, forged) == []


def test_what_was_known_before_does_change_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Otherwise the test above would pass for a run that reads some other folder.
    honest = finished("as-of-2024q3", WORLDS, until="2024Q4")
    forge(DATA, tmp_path, date(2024, 9, 29), 1.001, lambda _: True)
    monkeypatch.setattr(world.tables, "DATA", tmp_path)
    forged = finished("as-of-2024q3", WORLDS, until="2024Q4")
    assert len(first_differences(honest, forged)) > len(REGISTRY) // 4
