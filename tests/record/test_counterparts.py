"""Counterparts: the list fits the record and the registry, and each reading gives what is worked out by hand."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
import xarray as xr

from runs.counterparts import Paths, counterparts, in_metric_unit
from runs.metrics import REGISTRY
from runs.observations import Observation, history
from world.calendar import parse_period


def seen(series: str, period: str, value: float = 1.0) -> Observation:
    return Observation(series, period, value, counterparts()[series].unit, parse_period(period)[1])


def test_every_counterpart_is_a_series_of_the_record_in_its_unit() -> None:
    units = {o.series: o.unit for o in history()}
    listed = {name: row for name, row in counterparts().items() if row.score or row.inform}
    assert len(listed) >= 55, "a series that goes is named in docs/validation.md"
    assert {name: row.unit for name, row in listed.items()} == {name: units[name] for name in listed}


def test_series_of_one_metric_share_the_drift_and_the_scale() -> None:
    kinds: dict[tuple[str, ...], set[tuple[float, str]]] = {}
    for row in counterparts().values():
        kinds.setdefault(row.subject, set()).add((row.drift, row.scale))
    assert [subject for subject, found in kinds.items() if len(found) > 1] == []


def test_readings_are_those_worked_out_by_hand(run_on_record: xr.Dataset) -> None:
    paths, ds = Paths(run_on_record), run_on_record
    revenue = ds["openai_revenue_usd_bn"].to_numpy()
    stock = ds["merchant_sold_h100e_m"].to_numpy()
    cases = {
        ("OpenAI:revenue", "2024"): revenue[:4].sum(axis=0),
        ("OpenAI:revenue_6m", "2025Q2"): revenue[4] + revenue[5],
        ("OpenAI:revenue_month", "2024-08"): revenue[2] / 3.0,
        ("OpenAI:annualized_revenue_run_rate", "2025"): 4.0 * revenue[7],
        ("Nvidia:quarterly_h100e_sold", "2024Q3"): stock[2] - stock[1],
        ("Nvidia:cumulative_h100e_sold", "2025Q1"): stock[4],
        ("Nvidia:dc_revenue_per_h100e", "2025Q1"): ds["nvidia_revenue_usd_bn"].to_numpy()[4] / (stock[4] - stock[3]),
        ("World:ai_datacenter_power", "2025Q4"): ds["energised_facility_gw"].sum("firm").to_numpy()[7],
        ("Nvidia:chip_price_h100", "2025"): ds["chip_price_k"].sel(generation="hopper").to_numpy()[4:].mean(axis=0),
        ("Rest of market:h100e_owned_nvidia", "2024Q4"): stock[3]
        - ds["sold_h100e_m"].sel(owner=["microsoft", "oracle", "xai", "openai"]).to_numpy()[:, 3].sum(axis=0),
    }
    for (series, period), wanted in cases.items():
        found = paths.value(counterparts()[series], seen(series, period))
        assert found is not None
        np.testing.assert_allclose(found, wanted, rtol=1e-12, err_msg=series)


def test_a_stock_on_a_day_lies_between_the_ends_of_quarters(run_on_record: xr.Dataset) -> None:
    paths = Paths(run_on_record)
    row = counterparts()["xAI Colossus 1:site_power"]
    path = paths.path(row.metric, row.member)
    found = paths.value(row, seen("xAI Colossus 1:site_power", "2025-02-14"))
    np.testing.assert_allclose(found, 0.5 * (path[3] + path[4]), rtol=1e-12)


def test_the_first_quarter_adds_to_the_start_state(run_on_record: xr.Dataset) -> None:
    found = Paths(run_on_record).value(
        counterparts()["Nvidia:quarterly_h100e_sold"], seen("Nvidia:quarterly_h100e_sold", "2024Q1")
    )
    assert found is not None
    start = run_on_record["merchant_sold_h100e_m"].to_numpy()[0] - found
    np.testing.assert_allclose(start, 1.391249, rtol=1e-4)


@pytest.mark.parametrize(
    ("series", "period"), [("OpenAI:revenue", "2023"), ("Oracle:capex_fy", "2024Q2"), ("Oracle:rpo", "2026Q1")]
)
def test_what_a_run_does_not_cover_has_no_figure(run_on_record: xr.Dataset, series: str, period: str) -> None:
    assert Paths(run_on_record).value(counterparts()[series], seen(series, period)) is None


def test_values_go_to_the_scale_of_their_errors_and_back() -> None:
    for series, row in counterparts().items():
        observation = Observation(series, "2025Q4", 3.5, row.unit, date(2025, 12, 31))
        scaled = row.transform(np.array([in_metric_unit(row, observation)]))
        np.testing.assert_allclose(row.back(scaled), [3.5], rtol=1e-12, err_msg=series)
        assert row.metric in REGISTRY
