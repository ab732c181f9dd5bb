"""The backtest as a table: for each series, each origin and overall, how the model did and how its rivals did.

All are compared on the same forecasts: a rival that cannot be fitted to what was known says the last value, and is
left out where even that is not there. Scores are scaled by the series' change per quarter before the origin; what has
no such change counts for coverage only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from runs.backtest import Backtest, Forecast
from runs.counterparts import counterparts
from runs.rivals_naive import LAST, LOCAL, PROJECTION, TREND
from runs.scoring import BANDS, Score

STATISTICAL = (LAST, TREND, LOCAL)
TOTAL = "all series"
FAMILIES = {
    "rents": ("h100_price_usd_h", "spot_price_usd_h", "list_price_usd_h"),
    "chips sold": (
        "merchant_sold_h100e_m",
        "nvidia_revenue_usd_bn",
        "nvidia_gross_margin",
        "chip_price_k",
        "chip_lead_quarters",
        "wafers_k",
    ),
    "who owns them, and power": (
        "sold_h100e_m",
        "generation_h100e_m",
        "deployed_h100e_m",
        "energised_facility_gw",
        "abilene_facility_gw",
    ),
    "capital spending": ("capex_usd_bn",),
    "backlog, debt and cash of clouds": ("backlog_usd_bn", "oracle_debt_usd_bn", "cash_usd_bn"),
    "OpenAI's compute": (
        "used_h100e_m",
        "openai_compute_it_gw",
        "openai_compute_bill_usd_bn",
        "inference_cost_usd_bn",
        "rd_cost_usd_bn",
        "openai_payments_to_microsoft_usd_bn",
    ),
    "OpenAI's money": (
        "openai_revenue_usd_bn",
        "revenue_share_usd_bn",
        "openai_burn_usd_bn",
        "openai_cash_usd_bn",
        "openai_valuation_usd_bn",
        "openai_stake",
    ),
    "SoftBank": ("softbank_ltv", "softbank_paid_usd_bn"),
}
"""Series by what they are about: the metrics of their counterparts."""
SEEN = "series seen twice or more"
"""Their level is known at the origin: the bands of others are wide for want of it, and easy to hit."""


@dataclass(frozen=True)
class TableRow:
    """Figures over a group of forecasts; None where there is nothing to average."""

    name: str
    forecasts: int
    cover_50: float | None
    cover_90: float | None
    scaled: int
    """Forecasts with a scale and a last value, over which the scores below are averaged."""
    crps: float | None
    crps_plain: float | None
    """Without carrying over what the worlds missed."""
    bias: float | None
    """Median forecast less observation, in changes per quarter."""
    rivals: Mapping[str, float | None]
    projection: tuple[int, float, float] | None
    """Forecasts with a firm's own projection, and the mean scaled score of the model and of the projection on them."""

    @property
    def best(self) -> str | None:
        """Who scores best: model, or the rival's name."""
        scores = {"model": self.crps, **self.rivals}
        there = {name: value for name, value in scores.items() if value is not None}
        return min(there, key=lambda name: there[name]) if there else None

    @property
    def skill(self) -> float | None:
        """One less the model's score over the best rival's: above zero where the model is better."""
        there = [value for value in self.rivals.values() if value]
        return None if self.crps is None or not there else 1.0 - self.crps / min(there)


def table(found: Backtest) -> list[TableRow]:
    """One row for each series in the order of the list, then for each family and each origin, then the total."""
    rows = [_row(name, group) for name, group in _groups(found.forecasts, lambda f: f.series)]
    if len(found.origins) > 1:
        rows += [_row(f"family {name}", group) for name, group in sorted(_groups(found.forecasts, family_of))]
        labels = {origin.day: f"origin {origin.label}" for origin in found.origins}
        rows += [_row(name, group) for name, group in _groups(found.forecasts, lambda f: labels[f.origin])]
        rows += [
            _row(f"{name} ahead", group)
            for name, group in sorted(_groups(found.forecasts, lambda f: f"{f.quarters_ahead} quarters"))
        ]
    seen = [f for f in found.forecasts if f.change is not None]
    return [*rows, *([_row(SEEN, seen)] if seen else []), _row(TOTAL, found.forecasts)]


def family_of(forecast: Forecast) -> str:
    """What a forecast is about."""
    metric = counterparts()[forecast.series].metric
    return next(name for name, metrics in FAMILIES.items() if metric in metrics)


def rival_score(forecast: Forecast, name: str) -> Score | None:
    """A rival's score, the last value's where it could not be fitted."""
    return forecast.rivals.get(name, forecast.rivals.get(LAST))


def _groups(forecasts: Iterable[Forecast], key: Callable[[Forecast], str]) -> list[tuple[str, list[Forecast]]]:
    found: dict[str, list[Forecast]] = {}
    for forecast in forecasts:
        found.setdefault(key(forecast), []).append(forecast)
    return list(found.items())


def _row(name: str, forecasts: Sequence[Forecast]) -> TableRow:
    scaled = [f for f in forecasts if f.change is not None and LAST in f.rivals]

    def mean(figure: Callable[[Forecast], float], over: Sequence[Forecast] = scaled) -> float | None:
        return float(np.mean([figure(f) for f in over])) if over else None

    def cover(band: float) -> float | None:
        inside = [f.model.inside(band) for f in forecasts]
        return float(np.mean([bool(x) for x in inside])) if inside else None

    def of_rival(rival: str) -> float | None:
        return mean(lambda f: (rival_score(f, rival) or f.model).crps / (f.change or 1.0))

    projected = [f for f in forecasts if PROJECTION in f.rivals]
    projection = None
    if projected:
        size = [abs(f.observed) for f in projected]
        mine = float(np.mean([f.model.crps / s for f, s in zip(projected, size, strict=True)]))
        theirs = float(np.mean([f.rivals[PROJECTION].crps / s for f, s in zip(projected, size, strict=True)]))
        projection = (len(projected), mine, theirs)
    return TableRow(
        name=name,
        forecasts=len(forecasts),
        cover_50=cover(0.5),
        cover_90=cover(0.9),
        scaled=len(scaled),
        crps=mean(lambda f: f.model.crps / (f.change or 1.0)),
        crps_plain=mean(lambda f: f.plain.crps / (f.change or 1.0)),
        bias=mean(lambda f: (f.model.median - f.observed) / (f.change or 1.0)),
        rivals={rival: of_rival(rival) for rival in STATISTICAL},
        projection=projection,
    )


def as_document(found: Backtest) -> dict[str, Any]:
    """The backtest as plain values, fit for JSON."""
    rows = table(found)
    return {
        "run": {"scenario": found.scenario, "worlds": found.worlds, "seed": found.seed},
        "origins": [
            {
                "origin": origin.label,
                "known_until": origin.day.isoformat(),
                "observations": origin.rows,
                "effective_worlds": origin.effective,
                "power": origin.power,
            }
            for origin in found.origins
        ],
        "table": [asdict(row) | {"best": row.best, "skill": row.skill} for row in rows],
        "forecasts": [_plain(forecast) for forecast in found.forecasts],
        "left_out": [{"observation": name, "reason": reason} for name, reason in found.left_out],
    }


def _plain(forecast: Forecast) -> dict[str, Any]:
    return {
        "series": forecast.series,
        "unit": forecast.unit,
        "origin": forecast.origin.isoformat(),
        "period": forecast.period,
        "quarters_ahead": forecast.quarters_ahead,
        "observed": forecast.observed,
        "change_per_quarter": forecast.change,
        "forecasts": {
            name: {
                "crps": score.crps,
                "pit": score.pit,
                "quantiles": {f"{level:g}": value for level, value in zip(BANDS, score.quantiles, strict=True)},
            }
            for name, score in {"model": forecast.model, "plain": forecast.plain, **forecast.rivals}.items()
        },
    }


__all__ = ["FAMILIES", "SEEN", "STATISTICAL", "TOTAL", "TableRow", "as_document", "family_of", "rival_score", "table"]
