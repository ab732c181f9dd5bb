"""Claims: every one of the design has its rows, with figures where there can be some and a reason where not."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
import xarray as xr

from runs.claims import CLAIMS, claims_table
from runs.simulate import simulate

WORLDS, SEED = 20, 2
KEYS = {"claim", "measure", "claimed", "unit", "median", "low", "high", "odds", "note"}


@pytest.fixture(scope="module")
def dataset() -> xr.Dataset:
    return simulate("as-of-2024q3", WORLDS, SEED)


@pytest.fixture(scope="module")
def rows(dataset: xr.Dataset) -> list[dict[str, Any]]:
    return claims_table(dataset)


def find(rows: list[dict[str, Any]], measure: str) -> dict[str, Any]:
    return next(row for row in rows if row["measure"].startswith(measure))


def test_every_claim_of_the_design_has_rows(rows: list[dict[str, Any]]) -> None:
    assert len(CLAIMS) == 15
    assert list(dict.fromkeys(row["claim"] for row in rows)) == list(CLAIMS)
    assert all(set(row) == KEYS for row in rows)
    json.dumps(rows, allow_nan=False)


def test_figures_are_finite_and_in_order_or_the_note_says_why(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        if row["median"] is None:
            assert row["note"], row
        else:
            ends = [row["low"], row["median"], row["high"]]
            known = [value for value in ends if value is not None]
            assert known == sorted(known) and all(math.isfinite(value) for value in known), row
        assert row["odds"] is None or 0.0 <= row["odds"] <= 1.0


def test_only_a_metric_that_is_not_there_is_not_recorded(rows: list[dict[str, Any]], dataset: xr.Dataset) -> None:
    missing = {row["note"].removeprefix("not recorded: ") for row in rows if row["note"].startswith("not recorded")}
    assert missing <= {"behind_meter_share"} - set(map(str, dataset))


def test_a_row_is_what_the_paths_say(rows: list[dict[str, Any]], dataset: xr.Dataset) -> None:
    burn = dataset["openai_burn_usd_bn"].sel(quarter=[f"2027Q{k}" for k in (1, 2, 3, 4)]).sum("quarter").to_numpy()
    row = find(rows, "OpenAI's burn in 2027")
    assert row["claimed"] == 20.0 and row["odds"] == pytest.approx((burn >= 20.0).mean())
    assert (row["low"], row["median"], row["high"]) == pytest.approx(tuple(np.quantile(burn, (0.05, 0.5, 0.95))))
    share = dataset["stargate_share"].sel(quarter="2030Q4").to_numpy()
    assert find(rows, "Stargate's share of the H100e")["median"] == pytest.approx(np.median(share))


def test_a_date_that_never_comes_is_no_number(rows: list[dict[str, Any]], dataset: xr.Dataset) -> None:
    row = find(rows, "First quarter with 75 %")
    ever = (dataset["stargate_share"] >= 0.75).any("quarter").to_numpy()
    assert row["odds"] == pytest.approx(ever.mean())
    if ever.mean() < 0.5:
        assert row["median"] is None and row["note"].startswith("not by 2030Q4 in ")


def test_what_ended_before_the_start_is_not_claimed() -> None:
    rows = claims_table(simulate("baseline", 3, SEED, "2026Q4"))
    for measure in ("Raised in 2024Q4", "Quarter of the conversion", "Quarter in which the sole right ends"):
        row = find(rows, measure)
        assert (row["median"], row["odds"]) == (None, None) and row["note"].endswith(", before the start")
    assert find(rows, "OpenAI's burn in 2027")["note"] == "after the end of the run, 2026Q4"
    assert find(rows, "Next rounds: valuation")["median"] > 0.0


def test_an_event_of_the_record_is_said_to_be_one() -> None:
    row = find(claims_table(simulate("stargate-2025", 3, SEED, "2025Q1")), "Raised in 2024Q4")
    assert "record" in row["note"] and row["median"] >= 6.6


def test_one_world_and_a_short_run_give_all_rows() -> None:
    rows = claims_table(simulate("as-of-2023q4", 1, SEED, "2024Q1"))
    assert {row["claim"] for row in rows} == set(CLAIMS)
    assert find(rows, "First quarter with 100,000 chips")["note"] == "not by 2024Q1 in any world"
