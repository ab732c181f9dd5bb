"""Stylised facts, the page on validation, and the claims of two scenarios side by side."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from gigawatt import main
from runs.backtest import Backtest, backtest
from runs.calibration import calibrate
from runs.calibration_check import Ranks
from runs.identifiability import posterior_of
from runs.score_table import TOTAL, table
from runs.stylised_facts import Facts, price_moves, stylised_facts
from viz.validation import draw
from viz.validation_text import markdown_table, validation_page, verdict


@pytest.fixture(scope="module")
def facts() -> Facts:
    return stylised_facts(1500)


@pytest.fixture(scope="module")
def scored() -> Backtest:
    return backtest(100, origins=("2025Q3",))


@pytest.mark.parametrize(
    "name",
    [
        "The price falls from 2024Q3 to 2025Q4",
        "while the stock nearly triples a year",
        "A B200 rents for less than its compute over an H100's",
        "Chip prices are rigid while rents move",
        "The binding constraint changes, from chips to power",
        "A one-year contract moves less than spot",
        "The rent of running leases moves less than spot",
        "Microsoft's share of Nvidia-based stock is about flat",
        "Oracle's share rises",
        "xAI builds two to four times faster",
    ],
)
def test_a_stylised_fact_holds_in_most_worlds_that_ran_along_the_record(facts: Facts, name: str) -> None:
    (fact,) = [fact for fact in facts.facts if fact.name == name]
    assert fact.holds > 0.5, f"{fact.figure}: {fact.quantiles}, record {fact.record}"


def test_inelastic_demand_makes_steep_turns_more_likely(facts: Facts) -> None:
    low, _, high = facts.moves
    assert low.high <= high.low
    assert low.up > high.up and low.down > high.down
    assert low.up > 0.05 and low.down > 0.05, "the mechanism must allow a turn in either direction"


def test_price_moves_are_counted_over_four_quarters(run_on_record: xr.Dataset) -> None:
    flat = run_on_record.copy(deep=True)
    flat["spot_price_usd_h"][...] = 2.0
    assert {(m.up, m.down) for m in price_moves(flat, 5)} == {(0.0, 0.0)}
    flat["spot_price_usd_h"][:, 6:] = 3.0
    assert {(m.up, m.down) for m in price_moves(flat, 5)} == {(1.0, 0.0)}


def test_the_verdict_says_where_rivals_win(scored: Backtest, facts: Facts) -> None:
    rows = table(scored)
    total = next(row for row in rows if row.name == TOTAL)
    said = verdict(rows, facts)
    assert f"{total.forecasts} forecasts" in said and "is good at" in said and "It is poor at" in said
    worst = replace(total, name="Mars:gdp", crps=9.0, scaled=9, bias=-8.0, cover_90=0.1)
    said = verdict([*rows, worst], facts)
    assert said.count("`Mars:gdp`") == 3, "poor, too narrow, too low"


@pytest.mark.slow
def test_the_page_is_written_with_its_figures(scored: Backtest, facts: Facts, tmp_path: Path) -> None:
    posterior = posterior_of(calibrate(seed=2, worlds=150, rounds=1))
    even = np.linspace(0.0, 1.0, 50)
    ranks = Ranks(50, 100, {"oracle.build_quarters": even}, {"Oracle:capex": even**3}, np.full(50, 9.0))
    assert not ranks.uniform and ranks.p_value(even) > 0.9
    figures = draw(posterior, scored, ranks, tmp_path / "validation")
    page = validation_page(posterior, scored, ranks, facts, figures)
    assert "are NOT uniform" in page and "| **all series** |" in page
    assert all((tmp_path / file).stat().st_size > 5000 and f"]({file})" in page for file in figures.values())


def test_a_table_has_as_many_cells_as_heads() -> None:
    assert markdown_table(("a", "b"), [(1, "x|y")]).splitlines() == ["| a | b |", "|---|---|", "| 1 | x/y |"]


def test_claims_of_two_scenarios_stand_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["claims", "stargate-2025", "baseline", "--worlds", "20", "--quiet"]
    assert main([*arguments, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["run"]["scenario"] == "stargate-2025" and document["beside"]["run"]["scenario"] == "baseline"
    assert [row["measure"] for row in document["claims"]] == [row["measure"] for row in document["beside"]["claims"]]
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert "First: stargate-2025" in out and "Second: baseline" in out and "Stargate's share of the H100e used" in out
