"""Designs, quasi-random draws and convergence."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from runs.batch import drive
from runs.batch_design import SobolParameters, make_design, parse_vary, read_design
from runs.batch_folder import begin, reopen
from runs.batch_plan import make_plan
from runs.batch_status import status
from runs.batch_until import Tally, Until
from runs.results import odds
from runs.store import open_batch
from tests.batch.small import InThisProcess, contents, run_here, small
from world.draws import Draws
from world.parameters import resolve, specifications

CONDITION = "openai_cash_usd_bn@2024Q4 mean within 0.4"


def test_a_grid_is_every_combination() -> None:
    design = make_design([parse_vary("microsoft.caution=0:1:3"), parse_vary("market.band=0.1:0.2:2")])
    assert design.names == ("microsoft.caution", "market.band")
    assert design.points == ((0.0, 0.1), (0.0, 0.2), (0.5, 0.1), (0.5, 0.2), (1.0, 0.1), (1.0, 0.2))


@pytest.mark.parametrize("kind", ["lhs", "sobol"])
def test_a_sampled_design_fills_every_slice_once(kind: str) -> None:
    varied = [parse_vary("microsoft.caution=0:1:16"), parse_vary("market.band=0.1:0.2:16")]
    design = make_design(varied, kind, seed=5)
    unit = (np.array(design.points) - [0.0, 0.1]) / [1.0, 0.1]
    for column in unit.T:
        assert sorted(np.floor(column * 16).astype(int)) == list(range(16))
    assert make_design(varied, kind, seed=5) == design != make_design(varied, kind, seed=6)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("microsoft.caution", "NAME=low:high:n"),
        ("microsoft.caution=0:1", "NAME=low:high:n"),
        ("microsoft.caution=0:one:3", "two numbers"),
        ("microsoft.caution=1:0:3", "low <= high"),
        ("microsoft.caution=0:1:0", "at least one"),
        ("microsoft.cautoin=0:1:3", "microsoft.caution"),
        ("microsoft.caution=0:99:3", "out of range"),
        ("microsoft.caution=0:1:99999999", "points"),
    ],
)
def test_a_wrong_design_is_one_line(text: str, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        make_design([parse_vary(text)])


def test_a_table_is_a_design(tmp_path: Path) -> None:
    path = tmp_path / "design.csv"
    path.write_text("microsoft.caution,market.band\n0.1,0.2\n0.3,0.1\n")
    assert read_design(path).points == ((0.1, 0.2), (0.3, 0.1))
    for text, word in (
        ("a\n", "at least one row"),
        ("market.band\nx\n", "no number"),
        ("market.band\n1,2\n", "1 values"),
    ):
        path.write_text(text)
        with pytest.raises(ValueError, match=word):
            read_design(path)
    with pytest.raises(ValueError, match="cannot be read"):
        read_design(tmp_path / "none.csv")


def test_quasi_random_worlds_are_themselves_in_any_block() -> None:
    names = ["microsoft.caution", "market.band", "grid.slippage_quarters"]
    sobol, table = SobolParameters(names, 3), specifications()
    whole = sobol.values(np.arange(64))
    parts = [sobol.values(np.arange(first, first + 16)) for first in range(0, 64, 16)]
    for name in names:
        np.testing.assert_array_equal(whole[name], np.concatenate([part[name] for part in parts]))
        assert (whole[name] >= table[name].low).all() and (whole[name] <= table[name].high).all()
        # One world in each of 64 equally likely cells: far closer to the distribution than luck.
        cells = table[name].quantile(np.arange(1, 64) / 64.0)
        assert (np.bincount(np.searchsorted(cells, whole[name]), minlength=64) == 1).all()
    np.testing.assert_array_equal(sobol.values(np.array([9, 9, 2]))["market.band"], whole["market.band"][[9, 9, 2]])


def test_a_quasi_random_batch_draws_its_parameters_so(tmp_path: Path) -> None:
    plan, _ = run_here(tmp_path / "b", small(8, 5, draws="sobol"))
    found = pq.read_table(open_batch(tmp_path / "b").files("worlds"))["microsoft.caution"].to_numpy()
    cells = specifications()["microsoft.caution"].quantile(np.arange(1, 8) / 8.0)
    assert (np.bincount(np.searchsorted(cells, found), minlength=8) == 1).all()
    assert not np.array_equal(found, resolve(Draws(3, 8))["microsoft.caution"].astype(np.float32))
    assert plan.request.draws == "sobol"


def test_the_interval_is_that_of_all_values_together() -> None:
    luck = np.random.default_rng(2)
    values = luck.normal(3.0, 2.0, 1000)
    values[::9] = np.nan
    tally = Tally()
    for part in np.array_split(values, 7):
        tally.add(part)
    known = values[~np.isnan(values)]
    assert tally.count == known.size
    assert tally.mean == pytest.approx(known.mean()) and tally.squares == pytest.approx(known.var() * known.size)
    until = Until("openai_cash_usd_bn@2024Q4 p>=3 within 0.01")
    until.add(0, np.zeros(1000, int), values)
    assert until.widest() == pytest.approx(odds(known >= 3.0)[1], rel=1e-4)
    assert not until.met(1) and Until("a@2024 mean within 1").widest() == math.inf


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("stargate_share within 0.1", "wanted METRIC"),
        ("openai_cash_usd_bn@2024Q4 p>=x within 0.1", "wanted METRIC"),
        ("openai_cash_usd_bn@2024Q4 mean within 0", "above 0"),
        ("openai_cash_usd@2024Q4 mean within 1", "openai_cash_usd_bn"),
        ("openai_cash_usd_bn@2030Q4 mean within 1", "2024Q4"),
        ("openai_cash_usd_bn[oracle]@2024Q4 mean within 1", "none"),
        ("openai_share@2024Q4 mean within 1", "oracle"),
        ("openai_burn_usd_bn@2024Q4 mean within 1", "2024"),
    ],
)
def test_a_wrong_condition_is_one_line(text: str, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        make_plan(small(until_ci=text))


class Backwards(InThisProcess):
    """Three blocks at once, of which the last one handed out comes first."""

    def width(self) -> int:
        return 3


def test_a_batch_ends_at_the_same_block_however_many_are_at_work(tmp_path: Path) -> None:
    request = small(400, 50, until_ci=CONDITION)
    _, alone = run_here(tmp_path / "alone", request)
    assert alone.converged and alone.whole and 100 <= alone.done_runs < 400, alone.done_runs
    assert alone.width is not None and alone.width <= 0.4
    _, wide = run_here(tmp_path / "wide", request, Backwards())
    assert wide.converged and wide.done_runs == alone.done_runs
    assert contents(tmp_path / "wide") == contents(tmp_path / "alone")
    assert status(tmp_path / "alone")["complete"] and status(tmp_path / "alone")["worlds"] == 400
    again = InThisProcess()
    assert drive(tmp_path / "alone", reopen(tmp_path / "alone"), again).converged and again.calls == []


def test_a_condition_that_is_not_met_says_how_close_it_came(tmp_path: Path) -> None:
    plan = make_plan(small(10, 5, until_ci="openai_cash_usd_bn@2024Q4 mean within 1e-9"))
    begin(plan, tmp_path / "b")
    standing = drive(tmp_path / "b", plan, InThisProcess())
    assert standing.whole and not standing.converged and standing.width == math.inf
