"""Tables keep to the width, say what they must, and are plain where nobody looks."""

from __future__ import annotations

import io

import pytest
import xarray as xr

from runs.claims import claims_table
from runs.compare import compare_datasets
from runs.record_table import history_rows
from viz.listings import bench_lines, claims_lines, comparison_lines, parameter_lines
from viz.listings_record import history_lines
from viz.progress import Progress, bar
from viz.tables import Line, figure, plain_table, readable, run_lines, show, wrapped
from world.parameters import parameters_table

WIDTHS = (40, 60, 80, 110)


@pytest.mark.parametrize("width", WIDTHS)
def test_no_line_is_wider_than_the_terminal(small_run: xr.Dataset, one_world: xr.Dataset, width: int) -> None:
    pages = {
        "run": run_lines(small_run, width),
        "one world": run_lines(one_world, width),
        "claims": claims_lines(small_run, claims_table(small_run), width),
        "comparison": comparison_lines(compare_datasets(small_run, small_run), ("a", "b"), [], width),
        "parameters": parameter_lines(parameters_table(), width),
    }
    for name, lines in pages.items():
        wide = [line.text for line in lines if len(line.text) > width]
        assert wide == [], name
        assert "nan" not in " ".join(line.text for line in lines).split(), name


def test_the_table_answers_nine_questions_with_median_and_band(small_run: xr.Dataset) -> None:
    text = "\n".join(line.text for line in run_lines(small_run, 80))
    assert all(f"Q{number}. " in text for number in range(1, 10))
    assert "2025" in text and "2026" in text and "95 % Monte Carlo error" in " ".join(text.split())
    assert "OpenAI's burn" in text and "Stargate's share" in text


def test_one_world_has_no_odds(one_world: xr.Dataset) -> None:
    text = "\n".join(line.text for line in run_lines(one_world, 80))
    assert "One world" in text and "±" not in text


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (1234.5, None, "1,234"), (12.34, None, "12"), (1.234, None, "1.2"), (0.1234, None, "0.12"),
        (-0.001, None, "0"), (-0.4, 0, "0"), (65.4, 0, "65"), (float("nan"), None, "."), (1.0, 2, "1.00"),
        (31_234.0, None, "31k"),
    ],
)  # fmt: skip
def test_figures_are_short(value: float, digits: int | None, text: str) -> None:
    assert figure(value, digits) == text


def test_plain_text_without_a_terminal_and_signs_that_the_stream_can_show() -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    show([Line("5–7 (±3) · ∞", "heading")], out)
    out.flush()
    assert out.buffer.getvalue() == b"5-7 (+-3) | inf\n"  # type: ignore[attr-defined]
    assert readable("±", "utf-8") == "±"


def test_a_terminal_gets_style_and_the_same_words() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    out = Terminal()
    show([Line("Q1. When?", "heading"), Line("plain")], out)
    assert "Q1. When?" in out.getvalue() and "plain" in out.getvalue()


def test_a_wide_column_wraps_and_a_narrow_screen_stacks() -> None:
    rows = [["a.b", "1", "words " * 20]]
    assert max(len(line.text) for line in plain_table(("n", "v", "text"), rows, 60)) <= 60
    assert max(len(line.text) for line in plain_table(("n", "v", "text"), rows, 30)) <= 30


def test_the_bar_fits_and_shows_nothing_off_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(bar("baseline", 0.5, 10.0, 40)) < 40 and "50 %" in bar("baseline", 0.5, 10.0, 60)
    with Progress("baseline") as progress:
        progress(1, 2)
    assert capsys.readouterr() == ("", "")


def test_the_benchmark_is_listed() -> None:
    assert [line.text for line in bench_lines({"a": 1.0, "b": {"c": 2}}, 80)] == ["a: 1", "b", "  c: 2"]


@pytest.mark.parametrize("width", WIDTHS)
def test_a_name_wider_than_the_terminal_is_cut_at_its_joints(width: int) -> None:
    lines = history_lines(history_rows(), True, width)
    assert [line.text for line in lines if len(line.text) > width] == []
    if width == 40:
        assert "cumulative_cash_burn_forecast_" in " ".join(line.text for line in lines)
    long = "x" * (2 * width)
    assert [line.text for line in wrapped(long, width, "figure")] == ["x" * width] * 2
