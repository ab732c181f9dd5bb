"""Plausible before calibrated: medians near the record, and no path that an analyst would laugh at."""

from __future__ import annotations

import numpy as np
import pytest

from runs.history import observed
from runs.metrics import REGISTRY
from runs.model import ComputeMarket
from runs.scenario import scenario_names
from tests.model.ensembles import finished
from world.calendar import quarter_label

pytestmark = pytest.mark.slow

RECORD = ("2024Q4", "2025Q1", "2025Q2", "2025Q3", "2025Q4")
WIDE_BAND, COST_BAND = (0.3, 2.5), (0.5, 2.5)
SCENARIOS = [name for name, _ in scenario_names()]
STEADY = (
    *[(name, None) for name in ("h100_price_usd_h", "rental_index_usd_h", "price_over_cost", "merchant_sold_h100e_m")],
    *[(name, None) for name in ("nvidia_revenue_usd_bn", "openai_revenue_usd_bn", "openai_burn_usd_bn")],
    *[(name, None) for name in ("openai_cash_usd_bn", "oracle_debt_usd_bn", "inference_cost_usd_bn", "rd_cost_usd_bn")],
    *[(name, None) for name in ("softbank_ltv", "stargate_share", "wafers_k", "chip_lead_quarters")],
    *[("used_h100e_m", user) for user in ("openai", "xai", "rival_labs", "enterprise")],
    *[("sold_h100e_m", owner) for owner in ("microsoft", "oracle", "xai", "rival_clouds")],
    *[("capex_usd_bn", firm) for firm in ("microsoft", "oracle", "rival_clouds")],
)
"""Series whose median has no reason to go up and down from one quarter to the next."""
MOST_ZIGZAG = 0.12
"""Three turns in a row, each of more than this share of the series' mean, are an oscillation."""


@pytest.fixture(scope="module")
def backtest() -> ComputeMarket:
    return finished("as-of-2024q3", 300, until="2025Q4")


def median(market: ComputeMarket, name: str, member: str | None = None) -> dict[str, float]:
    """The median over worlds by quarter."""
    path = market.history.values[name][REGISTRY[name].members.index(member) if member is not None else 0]
    first = market.state.first_quarter + 1
    return {quarter_label(first + place): float(value) for place, value in enumerate(np.nanmedian(path, axis=-1))}


def record(name: str, member: str | None = None) -> dict[str, float]:
    """What was observed, by quarter, in the metric's unit."""
    return {label: value for label, value, _, _ in observed(name, member)}


@pytest.mark.parametrize(
    ("name", "member", "share"),
    [
        ("merchant_sold_h100e_m", None, 0.25),
        ("sold_h100e_m", "microsoft", 0.35),
        ("sold_h100e_m", "oracle", 0.35),
    ],
)
def test_stocks_a_year_on_are_near_the_record(
    backtest: ComputeMarket, name: str, member: str | None, share: float
) -> None:
    wanted = record(name, member)["2025Q4"]
    assert median(backtest, name, member)["2025Q4"] == pytest.approx(wanted, rel=share)


@pytest.mark.parametrize(("name", "share"), [("h100_price_usd_h", 0.25), ("nvidia_revenue_usd_bn", 0.3)])
@pytest.mark.parametrize("quarter", RECORD)
def test_quarters_are_near_the_record(backtest: ComputeMarket, name: str, share: float, quarter: str) -> None:
    assert median(backtest, name)[quarter] == pytest.approx(record(name)[quarter], rel=share)


def test_openai_uses_what_it_may_have_used(backtest: ComputeMarket) -> None:
    assert 1.2 <= median(backtest, "used_h100e_m", "openai")["2025Q4"] <= 2.3


@pytest.mark.parametrize(
    ("name", "least", "most"), [("openai_revenue_usd_bn", 10.0, 16.0), ("openai_burn_usd_bn", 5.0, 12.0)]
)
def test_openais_year_is_plausible(backtest: ComputeMarket, name: str, least: float, most: float) -> None:
    year = backtest.history.values[name][0, 1:5].sum(axis=0)
    assert least <= np.median(year) <= most


@pytest.fixture(scope="module")
def forecasts() -> dict[str, ComputeMarket]:
    """Every built-in scenario to its horizon."""
    return {scenario: finished(scenario, 400) for scenario in SCENARIOS}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_rent_stays_near_cost(forecasts: dict[str, ComputeMarket], scenario: str) -> None:
    # In a demand winter what is built already rents for less than new capacity would cost: then the wide band.
    least, most = WIDE_BAND if scenario == "demand-winter" else COST_BAND
    path = median(forecasts[scenario], "price_over_cost")
    outside = {quarter: value for quarter, value in path.items() if not least <= value <= most}
    assert outside == {}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_no_median_oscillates(forecasts: dict[str, ComputeMarket], scenario: str) -> None:
    wild = {}
    for name, member in STEADY:
        path = np.array(list(median(forecasts[scenario], name, member).values()))
        worst = zigzag(path)
        if worst > MOST_ZIGZAG:
            wild[name if member is None else f"{name}[{member}]"] = round(worst, 3)
    assert wild == {}


def zigzag(path: np.ndarray) -> float:
    """The least of three turns in a row, the worst such triple of the series, as a share of its mean."""
    step = np.diff(path)
    turns = step[1:] * step[:-1] < 0.0
    size = np.where(turns, np.minimum(np.abs(step[1:]), np.abs(step[:-1])), 0.0) / max(np.abs(path).mean(), 1e-9)
    return float(np.minimum(np.minimum(size[2:], size[1:-1]), size[:-2]).max())


def test_the_measure_tells_an_oscillation_from_a_turn() -> None:
    time = np.arange(20.0)
    assert zigzag(1.0 + 0.3 * (-1.0) ** time) > 0.5
    assert zigzag(1.0 + np.sin(time / 3.0)) == 0.0
    assert zigzag(np.exp(0.1 * time)) == 0.0
