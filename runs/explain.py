"""Why it happened: one world of an ensemble, chosen by number or by what happens in it, run again and recorded.

A world's path depends on scenario, parameters, seed and its number only, so the world run alone has the bits that it
had in the ensemble.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from agents.cast import STANDING, Cast, title
from runs.deal_sheet import DealSheet, deal_sheet
from runs.headlines import HEADLINES
from runs.model import DEFAULT_UNTIL, ComputeMarket
from runs.recorder import Recorder
from runs.results import quantiles
from runs.scenario import Scenario, load_scenario
from runs.simulate import Progress, step_to_the_end
from world.arrays import fold
from world.calendar import quarter_label, quarter_number
from world.parameters import unknown

Score = Callable[[xr.Dataset], np.ndarray]
"""Reads a figure for each world from a dataset of paths: (worlds,); the world with the least is chosen."""


@dataclass(frozen=True)
class Criterion:
    """A way to choose a world; `sentence` says what the chosen one is."""

    sentence: str
    score: Score


def _low(metric: str) -> Score:
    return lambda dataset: np.nanmin(dataset[metric].to_numpy(), axis=0)


def _high(metric: str) -> Score:
    return lambda dataset: -np.nanmax(dataset[metric].to_numpy(), axis=0)


def _end(metric: str, sign: float) -> Score:
    return lambda dataset: sign * dataset[metric].to_numpy()[-1]


def _mean(metric: str, sign: float) -> Score:
    return lambda dataset: sign * np.nanmean(dataset[metric].to_numpy(), axis=0)


def distance_from_median(dataset: xr.Dataset) -> np.ndarray:
    """How far each world runs from the median, (worlds,): over all headline metrics and quarters.

    Each distance is in units of the middle half of the worlds, and counts at most three of them, so that no single
    figure decides; a metric that is the same in all worlds counts nothing.
    """
    total = np.zeros(dataset.sizes["world"])
    for name in HEADLINES:
        values = dataset[name].to_numpy()
        low, middle, high = quantiles(values, (0.25, 0.5, 0.75))
        width = (high - low)[:, None]
        away = np.abs(values - middle[:, None]) / np.where(width > 0.0, width, np.inf)
        total = total + fold(np.nan_to_num(np.minimum(away, 3.0))) / len(values)
    return total


CRITERIA: dict[str, Criterion] = {
    "typical": Criterion("the world nearest the median over the headline metrics", distance_from_median),
    "worst-cash": Criterion("the world in which OpenAI's cash falls lowest", _low("openai_cash_usd_bn")),
    "best-cash": Criterion(
        "the world in which OpenAI's lowest cash is highest", lambda d: -_low("openai_cash_usd_bn")(d)
    ),
    "worst-burn": Criterion("the world in which OpenAI burns most in a quarter", _high("openai_burn_usd_bn")),
    "worst-ltv": Criterion("the world in which SoftBank's loan to value rises highest", _high("softbank_ltv")),
    "worst-cover": Criterion("the world in which Oracle's debt is covered worst", _low("oracle_dscr")),
    "most-debt": Criterion("the world in which Oracle owes most", _high("oracle_debt_usd_bn")),
    "most-stargate": Criterion("the world with the largest Stargate share at the end", _end("stargate_share", -1.0)),
    "least-stargate": Criterion("the world with the smallest Stargate share at the end", _end("stargate_share", 1.0)),
    "most-revenue": Criterion(
        "the world with OpenAI's largest revenue at the end", _end("openai_revenue_usd_bn", -1.0)
    ),
    "least-revenue": Criterion("the world with OpenAI's least revenue at the end", _end("openai_revenue_usd_bn", 1.0)),
    "highest-price": Criterion("the world with the highest rents over the run", _mean("h100_price_usd_h", -1.0)),
    "lowest-price": Criterion("the world with the lowest rents over the run", _mean("h100_price_usd_h", 1.0)),
}
"""Worlds that can be asked for by name."""


def choose_world(dataset: xr.Dataset, criterion: str) -> int:
    """The number of the world that a criterion picks; of equals, the lowest number.

    Args: dataset: of `simulate` with keep="paths".
    Raises: ValueError naming the criteria if there is no such one.
    """
    if criterion not in CRITERIA:
        raise ValueError(
            f"world: {unknown(criterion, CRITERIA, 'criterion')}; wanted a world's number or one of "
            f"{', '.join(CRITERIA)}"
        )
    return int(dataset["world"].to_numpy()[np.argmin(CRITERIA[criterion].score(dataset))])


def record_world(
    scenario: str | Path | Mapping[str, Any] | Scenario = "baseline",
    world: int = 0,
    seed: int = 1,
    until: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    quarter: str | None = None,
    progress: Progress | None = None,
    parameters_from: str | None = None,
    plugins: Sequence[str | Path] = (),
) -> ComputeMarket:
    """Run one world alone with the recorder on, and return the market after its last quarter.

    Args:
        world        its number
        until        last quarter, as in the ensemble it stands in
        parameters   owner.name -> this world's number (or a distribution), as in the ensemble
        quarter      record this one only, like 2026Q2, and stop there; default every quarter
        progress     called after each quarter with the quarters done and their total
        parameters_from  as in `simulate`
        plugins      as in `simulate`
    Raises: ValueError naming what is wrong: a quarter outside the run, an unknown parameter.
    """
    settings = load_scenario(str(scenario) if isinstance(scenario, Path) else scenario, plugins)
    wanted = None if quarter is None else check_quarter(quarter, settings.start, until)
    market = ComputeMarket(settings, np.array([world]), seed, 0, until, parameters, parameters_from)
    market.recorder = Recorder(None if wanted is None else (wanted,))
    step_to_the_end(market, market.settings.name, total=market.quarters, progress=progress, last=wanted)
    return market


def check_quarter(label: str, start: str, until: str | None) -> int:
    """The calendar number of a quarter that a run tells.

    Args: start: quarter of the run's start state; until: its last quarter, None for the model's horizon.
    Raises: ValueError naming what is allowed.
    """
    first, last = quarter_number(start) + 1, quarter_number(until or DEFAULT_UNTIL)
    allowed = f"wanted one from {quarter_label(first)} to {quarter_label(last)}"
    try:
        number = quarter_number(label)
    except ValueError:
        raise ValueError(f"quarter: {label!r} is not a quarter like 2026Q2; {allowed}") from None
    if not first <= number <= last:
        raise ValueError(f"quarter: {label} is outside the run; {allowed}")
    return number


def horizon(market: ComputeMarket) -> str:
    """The last quarter of the run that a recorded world stands in."""
    return quarter_label(market.state.first_quarter + market.quarters)


def firm_named(text: str, cast: Cast = STANDING) -> str:
    """The cast's name of somebody, by that name or by the one for readers, in any case.

    Raises: ValueError naming everybody who negotiates or pays.
    """
    names = {name: name for name in (*cast.sectors, "grid")} | {title(name).lower(): name for name in cast.sectors}
    wanted = text.strip().lower()
    found = names.get(wanted, names.get(wanted.replace(" ", "_")))
    if found is None:
        raise ValueError(f"firm: nobody is called {text!r}; wanted one of {', '.join(dict.fromkeys(names.values()))}")
    return found


def told_quarter(market: ComputeMarket, label: str | None) -> int:
    """The quarter to tell: the one asked for, else the recorded one in which deals moved most money.

    Money is the rent of the leases signed over their whole terms, and equity paid.
    """
    assert market.recorder is not None
    if label is not None:
        return quarter_number(label)
    return max(market.recorder.pages, key=lambda quarter: (_money(deal_sheet(market, quarter)), -quarter))


def _money(sheet: DealSheet) -> float:
    leases = sum(offer.payment_usd_bn for talk in sheet.talks for offer in getattr(talk, "offers", ()))
    return leases + sum(sheet.equity_paid().values())
