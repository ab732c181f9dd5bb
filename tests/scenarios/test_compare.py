"""Paired comparison: a scenario equals itself, swapping turns signs, and the figures are those of the paths."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr

from runs.compare import Comparison, compare, compare_datasets
from runs.simulate import simulate

WORLDS, SEED, UNTIL = 40, 5, "2026Q1"


@pytest.fixture(scope="module")
def datasets() -> tuple[xr.Dataset, xr.Dataset]:
    shock = {"quarter": "2025Q2", "kind": "demand_shock", "arguments": {"level": 0.3}}
    boom = {"name": "boom", "extends": "as-of-2024q3", "events": [shock]}
    return simulate("as-of-2024q3", WORLDS, SEED, UNTIL), simulate(boom, WORLDS, SEED, UNTIL)


@pytest.fixture(scope="module")
def boom(datasets: tuple[xr.Dataset, xr.Dataset]) -> Comparison:
    return compare_datasets(*datasets)


def test_a_scenario_compared_with_itself_is_exactly_zero() -> None:
    result = compare("stargate-2025", "stargate-2025", 5, SEED, "2025Q2")
    assert {row.quarter for row in result.rows} == {"2024Q4", "2025Q2"}
    for row in result.rows:
        if row.worlds:
            assert (row.mean, row.median, row.share_positive) == (0.0, 0.0, 0.0), row
            assert row.low == row.high == 0.0
            assert row.variance_ratio in (0.0, None)


def test_the_figures_are_those_of_the_paths(datasets: tuple[xr.Dataset, xr.Dataset], boom: Comparison) -> None:
    a, b = datasets
    row = boom.find("h100_price_usd_h", quarter="2025Q4")
    change = (b["h100_price_usd_h"] - a["h100_price_usd_h"]).sel(quarter="2025Q4").to_numpy()
    assert row.worlds == WORLDS
    assert row.mean == pytest.approx(change.mean())
    assert row.median == pytest.approx(np.median(change))
    assert row.low is not None and row.high is not None and row.mean is not None
    assert row.high - row.mean == pytest.approx(1.96 * change.std(ddof=1) / np.sqrt(WORLDS))
    assert row.share_positive == pytest.approx((change > 0.0).mean())
    assert row.low > 0.0  # more demand, dearer compute


def test_a_flow_is_summed_over_the_year_that_ends(datasets: tuple[xr.Dataset, xr.Dataset], boom: Comparison) -> None:
    a, b = datasets
    row = boom.find("openai_revenue_usd_bn", quarter="2026Q1")
    year = ["2025Q2", "2025Q3", "2025Q4", "2026Q1"]
    change = (b["openai_revenue_usd_bn"] - a["openai_revenue_usd_bn"]).sel(quarter=year).sum("quarter").to_numpy()
    assert row.mean == pytest.approx(change.mean())
    with pytest.raises(ValueError, match="2025Q4, 2026Q1, got 2024Q4"):
        boom.find("openai_revenue_usd_bn", quarter="2024Q4")


def test_pairing_helps(boom: Comparison) -> None:
    # Chips that were ordered before the shock are the same in both: pairing takes out nearly all of the spread.
    row = boom.find("merchant_sold_h100e_m", quarter="2025Q4")
    assert row.variance_ratio is not None and 0.0 < row.variance_ratio < 0.5


def test_swapping_turns_signs(datasets: tuple[xr.Dataset, xr.Dataset], boom: Comparison) -> None:
    swapped = compare_datasets(*reversed(datasets))
    assert (swapped.a, swapped.b) == (boom.b, boom.a) == ("boom", "as-of-2024q3")
    for row, other in zip(boom.rows, swapped.rows, strict=True):
        if row.mean is not None:
            assert other.mean == pytest.approx(-row.mean, abs=1e-12)


def test_different_starts_are_compared_on_the_quarters_that_both_have() -> None:
    result = compare("as-of-2023q4", "as-of-2024q3", 3, SEED, "2025Q2")
    assert result.quarters == ("2024Q4", "2025Q1", "2025Q2")
    early, late = simulate("as-of-2023q4", 3, SEED, "2024Q3"), simulate("as-of-2024q3", 3, SEED, "2024Q4")
    with pytest.raises(ValueError, match="no quarter in common"):
        compare_datasets(early, late)


def test_other_worlds_or_seeds_are_refused(datasets: tuple[xr.Dataset, xr.Dataset]) -> None:
    for worlds, seed in ((WORLDS, SEED + 1), (WORLDS - 1, SEED)):
        with pytest.raises(ValueError, match="same seed and the same worlds"):
            compare_datasets(datasets[0], simulate("as-of-2024q3", worlds, seed, "2024Q4"))


def test_one_world_has_no_spread() -> None:
    row = compare("as-of-2024q3", "no-negotiation", 1, SEED, "2024Q4").find("h100_price_usd_h")
    assert row.mean is not None and (row.low, row.high, row.variance_ratio) == (None, None, None)


def test_rows_are_json_and_mistakes_are_named(boom: Comparison) -> None:
    json.loads(json.dumps(boom.as_rows(), allow_nan=False))
    with pytest.raises(ValueError, match="did you mean 'h100_price_usd_h'"):
        boom.find("h100_price_usd")
    with pytest.raises(ValueError, match="microsoft"):
        boom.find("openai_share", "azure")
