"""A mistake in the record, or in what is asked of it, gives one line: what, where, what is allowed."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from world.record import series, start_state
from world.tables import DATA, TABLES, load


def spoil(tmp_path: Path, table: str, old: str, new: str) -> Path:
    for name in TABLES:
        shutil.copy(DATA / f"{name}.csv", tmp_path)
    path = tmp_path / f"{table}.csv"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("table", "old", "new", "message"),
    [
        ("start", "start,subject", "begin,subject", r"start\.csv line 1: wanted the columns start,subject"),
        ("start", ",0.075432,", ",much,", r"start\.csv line 2, column value: wanted a finite number, got 'much'"),
        ("start", ",0.075432,", ",nan,", r"start\.csv line 2, column value: wanted a finite number, got 'nan'"),
        ("start", ",0.075432,", ",,", r"start\.csv line 2, column value: must not be empty"),
        ("start", "2023-12-31", "2023-13-31", r"line 2, column known_from: wanted a day as YYYY-MM-DD"),
        ("start", "derived", "invented", r"line 2, column status: wanted one of observed, derived, guess, forecast"),
        ("start", "microsoft,sold_h100e_m.hopper", "microsoft,sold_h100e_m.ampere", r"line 3: .* is already on line 2"),
        ("start", "2023Q4,microsoft", "2023Q5,microsoft", r"line 2, column start: quarter: '2023Q5'"),
        ("accelerators", "2020Q2", "soon", r"accelerators\.csv line 2, column launch: quarter: 'soon'"),
        ("deals", ",signed,", ",agreed,", r"deals\.csv line 2, column status: wanted one of signed, total"),
        ("sites", ",0.2,2,", ",0.2,2,2,", r"sites\.csv line 2: wanted 20 cells, got 21"),
    ],
)
def test_a_bad_cell_is_named(tmp_path: Path, table: str, old: str, new: str, message: str) -> None:
    folder = spoil(tmp_path, table, old, new)
    with pytest.raises(ValueError, match=message):
        load(table, folder)


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"history\.csv: cannot be read"):
        load("history", tmp_path)


def test_unknown_names_get_the_nearest_known_one() -> None:
    with pytest.raises(ValueError, match="nearest name is 'openai: cash_usd_bn'"):
        start_state("2024Q3").value("openai", "cash_bn")
    with pytest.raises(ValueError, match="wanted one of 2023Q4, 2024Q3, 2025Q4, got '2024Q2'"):
        start_state("2024Q2")
    with pytest.raises(ValueError, match="known_until: a run from 2024Q3 knows all up to 2024-09-30"):
        start_state("2024Q3", date(2024, 8, 31))
    with pytest.raises(ValueError, match="nearest name is 'Nvidia:quarterly_h100e_sold'"):
        series("Nvidia", "quarterly_h100e_solt")
    with pytest.raises(ValueError, match="table: wanted one of history, deals"):
        load("starts")
    assert start_state("2024Q3").optional("openai", "no_such_quantity") is None
