"""Reading a batch: exact quantiles out of core, SQL, exports, and tools that know nothing of us."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import duckdb
import numpy as np
import openpyxl
import pandas as pd
import polars as pl
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from runs.batch_folder import begin, needed_bytes
from runs.batch_plan import make_plan
from runs.batch_status import status
from runs.registry import REGISTRY
from runs.results import quantiles
from runs.simulate import simulate
from runs.store import open_batch
from runs.store_export import export
from runs.store_quantiles import exact_quantiles
from runs.store_tables import rounded
from tests.batch.small import SCENARIO, contents, copied, kept, run_here, small

PROBS = (0.0, 0.05, 0.5, 0.95, 1.0)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.lists(st.floats(width=32, allow_infinity=False, allow_nan=True), min_size=1, max_size=9),
        min_size=1,
        max_size=5,
    )
)
def test_quantiles_in_parts_are_those_of_the_whole(parts: list[list[float]]) -> None:
    """Any float32 numbers, negative, tied, nought of either sign, in parts of any size."""
    arrays = [np.array([part], np.float32) for part in parts]
    found, count = exact_quantiles(lambda: iter(arrays), 1, PROBS)
    whole = np.concatenate([array[0] for array in arrays]).astype(np.float64)
    assert count[0] == np.count_nonzero(~np.isnan(whole))
    np.testing.assert_array_equal(found[:, 0], quantiles(whole, PROBS))


def test_quantiles_of_many_ordinary_numbers() -> None:
    luck = np.random.default_rng(1)
    values = np.exp(luck.normal(size=(3, 20_000)) * 3.0).astype(np.float32)
    values[1] = -values[1]
    values[2, ::7] = np.nan
    found, _ = exact_quantiles(lambda: np.array_split(values, 13, axis=1), 3, PROBS)
    np.testing.assert_array_equal(found, quantiles(values.astype(np.float64), PROBS))


@pytest.mark.parametrize(
    ("metric", "member"),
    [
        ("openai_cash_usd_bn", None),
        ("openai_share", "oracle"),
        ("spot_price_usd_h", "hopper"),
        ("capex_usd_bn", "microsoft"),
        ("capability", "xai"),
        ("leased_h100e_m", "oracle>openai"),
    ],
)
def test_quantiles_by_quarter_are_those_of_a_plain_run(full: Path, metric: str, member: str | None) -> None:
    wanted = simulate(SCENARIO, 25, 3, "2025Q2")[metric]
    if member is not None:
        wanted = wanted.sel({wanted.dims[0]: member})
    found = open_batch(full).quantiles(metric, member)
    assert found.times == ("2024Q4", "2025Q1", "2025Q2") and found.worlds.tolist() == [25, 25, 25]
    np.testing.assert_array_equal(found.values, quantiles(wanted.to_numpy().astype(np.float32).astype(np.float64)))


def test_a_summary_knows_the_horizon_and_the_years(finished: Path) -> None:
    batch = open_batch(finished)
    assert batch.quantiles("openai_cash_usd_bn").times == ("2024Q4",)
    assert batch.quantiles("openai_burn_usd_bn").times == ("2024",)
    known = {(row["name"], row["member"]): row for row in batch.metrics}
    assert known["openai_share", "oracle"]["times"] == ["2024Q4"] and known["openai_share", "oracle"]["unit"] == "share"


def test_a_full_batch_keeps_every_metric_by_quarter(full: Path) -> None:
    batch = open_batch(full)
    by_time = {(row["name"], row["member"]): row["times"] for row in batch.metrics}
    assert {name for name, _ in by_time} == set(REGISTRY)
    assert {tuple(times) for times in by_time.values()} == {("2024Q4", "2025Q1", "2025Q2")}
    assert all(batch.by_quarter(name, member) for name, member in by_time)
    assert batch.quantiles("openai_burn_usd_bn", summary=True).times == ("2024", "2025")


@pytest.mark.parametrize(("metric", "member"), [("openai_share", "oracle"), ("spot_price_usd_h", "hopper")])
def test_means_are_those_of_the_worlds_that_have_a_number(full: Path, metric: str, member: str) -> None:
    wanted = simulate(SCENARIO, 25, 3, until="2025Q2")[metric]
    wanted = wanted.sel({wanted.dims[0]: member})
    np.testing.assert_allclose(open_batch(full).means(metric, member), np.nanmean(wanted.to_numpy(), -1), rtol=1e-6)


def test_means_need_paths(finished: Path) -> None:
    assert not open_batch(finished).by_quarter("openai_cash_usd_bn")
    with pytest.raises(ValueError, match="no path of it is kept; kept: worlds"):
        open_batch(finished).means("openai_cash_usd_bn")


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        ({"metric": "openai_cash_usd"}, "openai_cash_usd_bn"),
        ({"metric": "openai_share"}, "oracle"),
        ({"metric": "openai_share", "member": "xai"}, "oracle"),
        ({"metric": "openai_cash_usd_bn", "member": "xai"}, "none"),
        ({"metric": "openai_cash_usd_bn", "probs": [1.5]}, "from 0 to 1"),
        ({"metric": "openai_cash_usd_bn", "scenario": "smal"}, "small"),
        ({"metric": "openai_cash_usd_bn", "point": 1}, "0 to 0"),
    ],
)
def test_a_mistake_names_what_is_allowed(finished: Path, asked: dict[str, object], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        open_batch(finished).quantiles(**asked)  # type: ignore[arg-type]


def test_other_tools_read_the_files_as_they_are(finished: Path) -> None:
    wanted = simulate(SCENARIO, 10, 3, "2024Q4")["openai_cash_usd_bn"].to_numpy()[-1]
    wanted = kept(wanted)
    column, folder = "openai_cash_usd_bn_2024Q4", finished / "worlds"
    np.testing.assert_array_equal(pd.read_parquet(folder)[column], wanted)
    np.testing.assert_array_equal(pl.read_parquet(folder / "*.parquet")[column].to_numpy(), wanted)
    rows = duckdb.sql(f"SELECT {column} FROM '{folder}/*.parquet' ORDER BY world").fetchall()
    np.testing.assert_array_equal(np.array(rows, np.float32)[:, 0], wanted)


@given(st.floats(width=32, allow_subnormal=False, min_value=-(2.0**99), max_value=2.0**99))
def test_rounding_keeps_the_nearest_number_of_sixteen_bits(value: float) -> None:
    """Written out in whole numbers: the nearest of 16 bits, the even one of two; what has no more bits stays."""
    fraction, exponent = math.frexp(value)
    wanted = math.ldexp(round(math.ldexp(fraction, 16)), exponent - 16)
    found = rounded(np.array([value, 0.75, -0.0, np.nan]), 16)
    assert found[0] == wanted and found[1:3].tolist() == [0.75, 0.0] and np.isnan(found[3])


def test_figures_that_do_not_exist_are_null(full: Path) -> None:
    _, rows = open_batch(full).query(
        "SELECT count(*), count(spot_price_usd_h) FROM market WHERE generation = 'feynman'"
    )
    assert rows == [(75, 0)]


def test_a_wrong_question_is_one_line(finished: Path) -> None:
    with pytest.raises(ValueError, match=r"^SQL: .*wolrds[^\n]*$"):
        open_batch(finished).query("SELECT * FROM wolrds")


@pytest.mark.parametrize("nothing", ["", "  ;", "-- only a remark"])
def test_no_question_is_one_line(finished: Path, nothing: str) -> None:
    with pytest.raises(ValueError, match=r"^SQL: wanted a question, got none$"):
        open_batch(finished).query(nothing)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_text('SECRET')",
        "SELECT * FROM 'SECRET'",
        "SELECT * FROM glob('FOLDER/*')",
        "COPY worlds TO 'FOLDER/x.csv'",
        "COPY (SELECT 1) TO 'FILE'",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO 'FILE'",
        "SELECT 1; COPY (SELECT 1) TO 'FILE'",
        "ATTACH 'FOLDER/x.db'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
        "SELECT * FROM statements",
    ],
)
def test_a_question_reaches_no_file_of_its_asker(finished: Path, tmp_path: Path, sql: str) -> None:
    (tmp_path / "secret.txt").write_text("precious")
    before = contents(finished)
    places = {"SECRET": tmp_path / "secret.txt", "FOLDER": tmp_path, "FILE": finished / "worlds" / "0000001.parquet"}
    for name, place in places.items():
        sql = sql.replace(name, str(place))
    with pytest.raises(ValueError, match=r"^SQL: [^\n]*$"):
        open_batch(finished).query(sql)
    assert [path.name for path in tmp_path.iterdir()] == ["secret.txt"] and contents(finished) == before


@pytest.mark.parametrize(
    "sql",
    [
        "DESCRIBE worlds",
        "SUMMARIZE SELECT world FROM worlds",
        "WITH a AS (SELECT world FROM worlds) FROM a",
        "PIVOT (SELECT scenario, point, world FROM worlds) ON point",
        "SELECT * FROM worlds ORDER BY random()",
    ],
)
def test_a_question_may_ask_whatever_reads(finished: Path, sql: str) -> None:
    names, rows = open_batch(finished).query(sql)
    assert names and rows


def test_exports_hold_what_the_batch_holds(full: Path, tmp_path: Path) -> None:
    batch = open_batch(full)
    wanted = simulate(SCENARIO, 25, 3, "2025Q2")
    cash = wanted["openai_cash_usd_bn"].to_numpy().astype(np.float32)
    assert export(batch, "worlds", "csv", tmp_path / "w.csv") == 25
    with (tmp_path / "w.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    np.testing.assert_array_equal(
        np.array([row["openai_cash_usd_bn_2025Q2"] for row in rows], np.float32), kept(cash[-1])
    )
    assert export(batch, "paths", "xlsx", tmp_path / "p.xlsx") == 75
    book = openpyxl.load_workbook(tmp_path / "p.xlsx", read_only=True)
    head, first, *rest = book["paths"].iter_rows(values_only=True)
    assert len(rest) == 74 and np.float32(first[head.index("openai_cash_usd_bn")]) == cash[0, 0]
    assert ("openai_cash_usd_bn", "bn USD") in [row[:2] for row in book["columns"].iter_rows(values_only=True)]
    book.close()
    assert export(batch, "firms", "netcdf", tmp_path / "f.nc") > 0
    with xr.open_dataset(tmp_path / "f.nc", engine="scipy") as found:
        oracle = found["cash_usd_bn"].sel(firm="oracle").to_numpy()
        assert found["cash_usd_bn"].attrs["units"] == "bn USD" and found["world"].to_numpy().tolist() == list(range(25))
    np.testing.assert_array_equal(oracle.T, wanted["cash_usd_bn"].sel(firm="oracle").to_numpy().astype(np.float32))


@pytest.mark.parametrize(
    ("table", "form", "name", "word"),
    [
        ("path", "csv", "x.csv", "paths"),
        ("flows", "netcdf", "x.nc", "no regular shape"),
        ("worlds", "csv", "no/x.csv", "no directory"),
        ("worlds", "csv", "there.csv", "exists already"),
    ],
)
def test_an_export_that_cannot_be_is_refused(
    full: Path, tmp_path: Path, table: str, form: str, name: str, word: str
) -> None:
    (tmp_path / "there.csv").write_text("precious")
    with pytest.raises(ValueError, match=word):
        export(open_batch(full), table, form, tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["there.csv"]
    assert (tmp_path / "there.csv").read_text() == "precious"


def test_status_counts_and_verifies(finished: Path, tmp_path: Path) -> None:
    found = status(finished)
    assert (found["worlds_done"], found["worlds"], found["blocks"], found["driver_at_work"]) == (10, 10, 4, False)
    assert found["bytes_on_disk"] == sum(path.stat().st_size for path in finished.glob("worlds/*"))
    harmed = copied(finished, tmp_path / "b")
    (harmed / "worlds" / "0000002.parquet").write_bytes(b"PAR1")
    (wrong,) = status(harmed, verify=True)["damaged"]
    assert "block 2" in wrong and "checksum" in wrong


def test_a_batch_without_blocks_says_so(tmp_path: Path) -> None:
    begin(make_plan(small()), tmp_path / "b")
    batch = open_batch(tmp_path / "b")
    assert batch.runs == 0
    with pytest.raises(ValueError, match="no block is whole yet"):
        batch.query("SELECT 1 FROM worlds")
    assert np.isnan(batch.quantiles("openai_cash_usd_bn").values).all()


@pytest.mark.parametrize(("block", "keep"), [(60, "full"), (60, "summary"), (20, "summary")])
def test_what_is_announced_covers_what_is_written(tmp_path: Path, block: int, keep: str) -> None:
    plan, standing = run_here(tmp_path / "b", small(60, block, keep=keep))
    announced = needed_bytes(plan)
    written = sum(file.stat().st_size for file in (tmp_path / "b").rglob("*") if file.is_file())
    assert standing.bytes <= written < announced < 8 * written
