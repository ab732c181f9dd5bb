"""The backtest knows nothing of what came later, and scores what a user brings."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest

import world.tables
from gigawatt import main
from runs.backtest import Backtest, backtest, score_scenario
from runs.observations import Observation
from runs.scenario import load_scenario
from runs.score_table import STATISTICAL, TOTAL, as_document, table
from tests.model.test_honesty import forge
from world.tables import DATA, load

WORLDS, ORIGIN = 120, "2024Q4"
DAY = date(2024, 12, 31)


@pytest.fixture(scope="module")
def honest() -> Backtest:
    return backtest(WORLDS, seed=2, origins=(ORIGIN,))


def said(found: Backtest) -> list[tuple[object, ...]]:
    """All that was said at an origin, without what came."""
    return [
        (
            f.series,
            f.period,
            f.change,
            f.model.quantiles,
            f.plain.quantiles,
            {k: r.quantiles for k, r in f.rivals.items()},
        )
        for f in found.forecasts
    ]


def test_what_was_known_later_changes_no_bit(honest: Backtest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = forge(DATA, tmp_path, DAY, 3.0, lambda _: True)
    assert made.rows > 100
    monkeypatch.setattr(world.tables, "DATA", tmp_path)
    forged = backtest(WORLDS, seed=2, origins=(ORIGIN,), record=load("history", tmp_path))
    assert said(forged) == said(honest)
    assert forged.origins == honest.origins
    assert [f.observed for f in forged.forecasts] == [3.0 * f.observed for f in honest.forecasts]


def test_what_was_known_before_does_change_it(honest: Backtest, tmp_path: Path) -> None:
    forge(DATA, tmp_path, date(2024, 9, 30), 1.02, lambda _: True)
    other = backtest(WORLDS, seed=2, origins=(ORIGIN,), record=load("history", tmp_path))
    assert said(other) != said(honest)


def test_it_scores_every_series_that_is_seen_later(honest: Backtest) -> None:
    assert len(honest.forecasts) > 100 and len({f.series for f in honest.forecasts}) > 40
    assert all(f.end > DAY and f.quarters_ahead >= 0 for f in honest.forecasts)
    assert all(max(o.known_from for o in f.known) <= DAY for f in honest.forecasts if f.known)
    rows = {row.name: row for row in table(honest)}
    total = rows[TOTAL]
    assert total.crps is not None and total.scaled > 60 and all(total.rivals[name] for name in STATISTICAL)
    assert sum(row.forecasts for name, row in rows.items() if ":" in name) == total.forecasts
    one = next(f for f in honest.forecasts if f.series == "Oracle:capex")
    mine = [f for f in honest.forecasts if f.series == "Oracle:capex"]
    assert rows["Oracle:capex"].crps == pytest.approx(np.mean([f.model.crps / (one.change or 1.0) for f in mine]))


def test_a_seed_gives_the_same_again(honest: Backtest) -> None:
    assert said(backtest(WORLDS, seed=2, origins=(ORIGIN,))) == said(honest)
    assert said(backtest(WORLDS, seed=3, origins=(ORIGIN,))) != said(honest)


def test_its_document_is_plain_json(honest: Backtest) -> None:
    from runs.results import without_nan

    document = json.loads(json.dumps(without_nan(as_document(honest)), allow_nan=False))
    assert document["origins"][0]["origin"] == ORIGIN and document["table"][-1]["name"] == TOTAL
    assert set(document["forecasts"][0]["forecasts"]) >= {"model", "plain"}


def test_a_scenario_is_scored_on_any_observation() -> None:
    seen = [
        Observation("OpenAI:revenue", "2026", 30.0, "USD bn", date(2026, 12, 31)),
        Observation("Microsoft:h100e_owned_nvidia", "2026Q2", 4.5, "M H100e", date(2026, 6, 30)),
        Observation("Oracle:rpo", "2026Q1", 550.0, "USD bn", date(2026, 3, 31)),
        Observation("OpenAI:revenu", "2026", 30.0, "USD bn", date(2026, 12, 31)),
        Observation("OpenAI:revenue", "2025", 13.1, "USD bn", date(2025, 12, 31)),
        Observation("OpenAI:revenue", "2090", 9.0, "USD bn", date(2090, 12, 31)),
    ]
    found = score_scenario(load_scenario("baseline"), seen, 60)
    assert [f.series for f in found.forecasts] == [o.series for o in seen[:3]]
    assert found.forecasts[1].observed == 4.5e6 and found.forecasts[1].unit == "H100e"
    # All of Oracle's contracts, of which the model knows the compute leases: the level comes from the record.
    assert 430.0 < found.forecasts[2].model.median < 700.0
    reasons = dict(found.left_out)
    assert "did you mean 'OpenAI:revenue'" in reasons["OpenAI:revenu 2026"]
    assert "up to which baseline knows" in reasons["OpenAI:revenue 2025"]
    assert "lies beyond 2035Q4" in reasons["OpenAI:revenue 2090"]


def command(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(list(arguments))
    out = capsys.readouterr()
    return code, out.out, out.err


def test_the_command_scores_a_users_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "seen.csv"
    file.write_text("series,period,value,unit\nOracle:capex,2026Q1,14,bn USD\nMars:gdp,2026,1,USD bn\n")
    arguments = ("backtest", "--observations", str(file), "--worlds", "100", "--quiet")
    code, out, _ = command(capsys, *arguments)
    assert code == 0 and "Oracle:capex" in out and "Mars:gdp 2026: no counterpart in the model" in out
    code, out, _ = command(capsys, *arguments, "--json", "--out", str(tmp_path / "figures"))
    document = json.loads(out)
    assert code == 0 and document["run"]["scenario"] == "baseline" and len(document["forecasts"]) == 1
    assert document["left_out"][0]["observation"] == "Mars:gdp 2026"
    assert (tmp_path / "figures" / "series_oracle_capex.png").stat().st_size > 5000


@pytest.mark.parametrize(
    ("text", "said_of_it"),
    [
        ("series,period,value,unit\nOracle:capex,2026Q1,14,GW\n", "Oracle:capex 2026Q1: wanted USD bn or another unit"),
        ("series,period,value,unit\nOracle:capex,2026Q1,x,USD bn\n", "line 2, column value"),
        ("", "line 1: wanted series,period,value,unit"),
    ],
)
def test_a_mistake_in_a_file_is_one_line(
    text: str, said_of_it: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "seen.csv"
    file.write_text(text)
    code, out, err = command(capsys, "backtest", "--observations", str(file), "--worlds", "100", "--quiet")
    assert code == 2 and out == "" and said_of_it in err and err.count("\n") == 1


def test_what_cannot_be_is_refused_with_a_line_for_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "seen.csv"
    arguments = ("backtest", "--observations", str(file), "--worlds", "100", "--quiet")
    head = "series,period,value,unit\n"
    file.write_text(f"{head}Oracle:capex,2026Q1,-5,USD bn\nMicrosoft:openai_stake_percent,2026Q1,270,percent\n")
    code, out, err = command(capsys, *arguments)
    assert code == 2 and out == "" and err.count("\n") == 2
    assert "Oracle:capex 2026Q1: capex_usd_bn is never below zero" in err
    assert "Microsoft:openai_stake_percent 2026Q1: openai_stake is a part of one whole" in err
    file.write_text(f"{head}OpenAI:revenue,2026Q1,1e300,USD bn\nOracle:rpo,2026Q1,0.000001,USD trn\n")
    code, out, err = command(capsys, *arguments)
    assert code == 2 and out == "" and err.count("\n") == 1, "a small figure of a linear series is bad, not impossible"
    assert "OpenAI:revenue 2026Q1: 1e+300 USD bn lies 1,000 times beyond" in err
    file.write_text(f"{head}OpenAI:revenue,2026Q1,0.0001,USD bn\n")
    assert command(capsys, *arguments)[0] == 2
    file.write_text(f"{head}OpenAI:cash_burn,2026Q1,-3,USD bn\n")
    assert command(capsys, *arguments)[0] == 0, "a lab may earn"


def test_a_file_of_which_nothing_can_be_scored_is_no_mistake(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "seen.csv"
    file.write_text("series,period,value,unit\nMars:gdp,2026,1,USD bn\n")
    code, out, _ = command(capsys, "backtest", "--observations", str(file), "--quiet")
    assert code == 0 and "Nothing was scored" in out and "Mars:gdp" in out


def test_history_is_listed_and_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = command(capsys, "history", "oracle:", "--json", "--out", str(tmp_path))
    rows = json.loads(out)["series"]
    assert code == 0 and {"Oracle:rpo", "Oracle:capex"} <= {row["series"] for row in rows}
    assert next(row for row in rows if row["series"] == "Oracle:rpo")["metric"] == "backlog_usd_bn"
    assert (tmp_path / "history_1.png").stat().st_size > 20_000
    assert command(capsys, "history", "no such")[0] == 2


def test_one_forecast_is_no_plural(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "seen.csv"
    file.write_text("series,period,value,unit\nOpenAI:revenue,2026,30,USD bn\n")
    code, out, _ = command(capsys, "backtest", "--observations", str(file), "--worlds", "100", "--quiet")
    assert code == 0 and "OpenAI:revenue: 1 forecast beside the firm's own projection" in out
