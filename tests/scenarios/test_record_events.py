"""Contracts of the record as events: those that the scenario knows, in their quarter, and nothing later."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import world.tables
from runs.events import events_of, record_events, unused_contracts
from runs.model import ComputeMarket
from runs.scenario import load_scenario
from world.record import contracts_between

WORLDS, SEED = 7, 3


def run(scenario: Any, until: str = "2025Q3") -> ComputeMarket:
    market = ComputeMarket(scenario, worlds=WORLDS, rng=SEED, until=until)
    while market.running:
        market.step()
    return market


def test_stargate_2025_lives_through_what_was_signed_by_then() -> None:
    scenario = load_scenario("stargate-2025")
    found = [(event.quarter, event.kind) for event in record_events(scenario)]
    assert found == [("2024Q4", "equity_round"), ("2024Q4", "equity_round"), ("2025Q1", "exclusivity")]
    first = record_events(scenario)[0].arguments
    assert (first["issuer"], dict(first["by"]), first["post_money_usd_bn"]) == ("openai", {"investors": 6.6}, 157.0)


def test_a_run_of_stargate_2025_shows_them() -> None:
    market = run("stargate-2025", until="2025Q1")
    raised = market.history.values["openai_raised_usd_bn"]
    assert (raised[0, 0] >= 6.6).all()
    assert (market.history.values["exclusivity"][0, 1] <= 1.0).all()
    assert (market.state.ledger.paid("equity", "softbank", "openai") < 18.0).all()


def test_every_row_is_an_event_or_listed_with_a_reason() -> None:
    scenario = load_scenario({"start": "2024Q3", "known_until": "2025Q4"})
    unused = unused_contracts(scenario)
    signed = contracts_between(scenario.start, scenario.known_until)
    assert len(record_events(scenario)) + sum(item.row.status == "signed" for item in unused) == len(signed)
    assert all(item.reason for item in unused)
    plans = [item.row.buyer for item in unused if item.row.status == "plan"]
    assert plans == ["SoftBank", "OpenAI", "Oracle", "MGX"]


def test_what_softbank_promised_is_paid_once_whatever_is_known_of_the_payment() -> None:
    for known in ("2025Q2", "2025Q4"):
        scenario = load_scenario({"start": "2024Q3", "known_until": known})
        of_softbank = [
            (event.quarter, event.kind)
            for event in record_events(scenario)
            if event.kind == "commitment" or "softbank" in event.arguments.get("by", {})
        ]
        assert of_softbank == [("2025Q1", "commitment"), ("2025Q2", "equity_round")], known
    promise = next(event for event in record_events(scenario) if event.kind == "commitment").arguments
    assert (promise["usd_bn"], promise["due"], promise["pre_money_usd_bn"]) == (22.5, "2025Q4", 260.0)
    lines = [item for item in unused_contracts(scenario) if "promised on 2025-03-31" in item.reason]
    assert [item.row.size_usd_bn for item in lines] == [22.5]


def test_a_scenario_that_knows_no_more_than_its_start_has_no_events_of_the_record() -> None:
    for name in ("baseline", "as-of-2024q3", "as-of-2023q4"):
        assert record_events(load_scenario(name)) == ()


def test_own_events_come_after_those_of_the_record() -> None:
    late = {"quarter": "2024Q4", "kind": "own_chip"}
    events = events_of(load_scenario({"extends": "stargate-2025", "events": [late]}))
    kinds = [event.kind for event in events]
    assert kinds == ["equity_round", "equity_round", "own_chip", "exclusivity", "set_parameter"]


def test_all_contracts_to_the_end_of_2025_can_be_lived_through() -> None:
    market = run({"start": "2024Q3", "known_until": "2025Q4"}, until="2026Q2")
    converted = market.history.values["converted"][0]
    assert (converted[4] == 1.0).all()
    pending = market.history.values["pending_h100e_m"]
    assert (pending[1, 3] > 1.0).all()  # the Oracle contract of 2025


@pytest.fixture
def spoilt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tables with every deal after February 2025 changed beyond recognition."""
    for table in world.tables.DATA.glob("*.csv"):
        (tmp_path / table.name).write_bytes(table.read_bytes())
    rows = list(csv.reader((tmp_path / "deals.csv").read_text(encoding="utf-8").splitlines()))
    header, kept = rows[0], []
    for number, row in enumerate(rows[1:]):
        if row[header.index("known_from")] > "2025-02-28":
            row[header.index("size_usd_bn")] = str(700 + number)
            row[header.index("status")] = "signed"
            row[header.index("starts")] = "2025"
        kept.append(row)
    with (tmp_path / "deals.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *kept])
    monkeypatch.setattr(world.tables, "DATA", tmp_path)
    return tmp_path


def test_what_is_known_later_changes_no_bit(spoilt: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for scenario in ("stargate-2025", "as-of-2024q3"):
        changed = run(scenario).history.values
        with monkeypatch.context() as patch:
            patch.setattr(world.tables, "DATA", Path(world.tables.__file__).parent / "data")
            honest = run(scenario).history.values
        for name, values in honest.items():
            np.testing.assert_array_equal(values, changed[name], err_msg=f"{scenario}: {name}")
    later = load_scenario({"start": "2024Q3", "known_until": "2025-03-31"})
    assert record_events(later, spoilt) != record_events(later, Path(world.tables.__file__).parent / "data")
