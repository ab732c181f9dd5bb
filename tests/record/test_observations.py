"""Observations: what a period covers, which units convert, and every mistake in a user's file named in its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from runs.counterparts import counterparts
from runs.observations import UNITS, Observation, convert, covered_months, history, read_observations
from world.calendar import parse_period
from world.tables import load

HEAD = "series,period,value,unit\n"


def written(folder: Path, text: str) -> Path:
    file = folder / "seen.csv"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("series", "period", "months"),
    [
        ("OpenAI:revenue", "2025", 12),
        ("Oracle:capex", "2025Q3", 3),
        ("X:rent", "2025-03", 1),
        ("X:stock", "2025-03-31", 0),
        ("OpenAI:revenue_6m", "2025Q2", 6),
        ("OpenAI:share_9m", "2025Q3", 9),
        ("Oracle:capex_fy", "2025Q2", 12),
        ("Oracle:capex_ltm", "2025Q4", 12),
        ("OpenAI:cumulative_burn_2025Q3_vintage_cum", "2029", 60),
    ],
)
def test_how_many_months_a_figure_covers(series: str, period: str, months: int) -> None:
    assert covered_months(series, *parse_period(period)) == months


def test_forecasts_and_guesses_are_no_observations() -> None:
    names = {(o.series, o.period) for o in history()}
    others = [row for row in load("history") if row.status not in ("observed", "derived")]
    assert others and not names & {(row.name, row.period) for row in others}
    assert len(names) + len(others) == len(load("history"))


def test_units_of_the_record_with_a_counterpart_are_known() -> None:
    assert {row.unit for row in counterparts().values()} <= set(UNITS)


def test_units_convert_into_each_other_and_not_into_others() -> None:
    assert convert(2.0, "M H100e", "H100e") == 2e6
    assert convert(250.0, "MW", "GW") == 0.25
    assert convert(12.0, "percent", "fraction") == pytest.approx(0.12)
    assert convert(1500.0, "USD m", "USD bn") == 1.5
    with pytest.raises(ValueError, match="wanted GW or another unit of power, got 'USD bn'"):
        convert(1.0, "USD bn", "GW")
    with pytest.raises(ValueError, match="'JPY trn' is not known"):
        convert(1.0, "JPY trn", "USD bn")


def test_a_file_is_read_as_it_is_given(tmp_path: Path) -> None:
    text = "series,period,value,unit,low,high\nOpenAI:revenue,2026,30,USD bn,28,\n\n Oracle:capex ,2026Q1,15,bn USD,,\n"
    one, other = read_observations(written(tmp_path, text))
    assert (one.series, one.value, one.low, one.high) == ("OpenAI:revenue", 30.0, 28.0, None)
    assert (other.series, other.unit, str(other.known_from)) == ("Oracle:capex", "bn USD", "2026-03-31")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("entity,period,value,unit\n", "line 1: wanted series,period,value,unit"),
        (HEAD, "holds no observation"),
        (HEAD + "OpenAI:revenue,2026,thirty,USD bn\n", "line 2, column value: wanted a finite number, got 'thirty'"),
        (HEAD + "OpenAI:revenue,2026,nan,USD bn\n", "line 2, column value"),
        (HEAD + "OpenAI:revenue,2026Q5,1,USD bn\n", "line 2, column period"),
        (HEAD + "revenue,2026,1,USD bn\n", "line 2, column series: wanted Entity:series"),
        (HEAD + "OpenAI:revenue,2026,1,\n", "line 2, column unit: is empty"),
        (HEAD + "OpenAI:revenue,2026,1\n", "line 2: wanted 4 cells, got 3"),
        (HEAD + "A:b,2026,1,GW\nA:b,2026,2,GW\n", "line 3: A:b for 2026 stands already in line 2"),
        ("series,period,value,unit,low,high\nA:b,2026,1,GW,2,3\n", "line 2, column low: wanted low <= value <= high"),
    ],
)
def test_a_mistake_is_named_in_its_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_observations(written(tmp_path, text))


def test_what_is_no_text_or_no_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "seen.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="is not text in UTF-8"):
        read_observations(tmp_path / "seen.csv")
    with pytest.raises(ValueError, match="cannot be read"):
        read_observations(tmp_path)


def test_an_observation_ends_with_its_period() -> None:
    seen = Observation("A:b", "2025-02", 1.0, "GW", parse_period("2025-02")[1])
    assert str(seen.end) == "2025-02-28" and seen.months == 1.0
