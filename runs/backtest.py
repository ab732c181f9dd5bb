"""The backtest: what the model would have said at rolling origins, scored on what came, beside naive rivals.

At an origin the worlds of one prior ensemble know the contracts signed by then, are weighted by how well they run along
the observations known by then, and carry over what they missed. Nothing later enters: neither a row nor a contract.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import numpy as np

from runs.counterparts import Paths, counterparts, implausible, impossible, in_metric_unit, nearest_series
from runs.evidence import Rows, anchors, effective, forecast, gather, joined, log_likelihood, weights_of
from runs.model import LATEST
from runs.observations import Observation, Slips, convert, history, projections
from runs.posterior import PRIOR
from runs.rivals_naive import forecasts as rival_forecasts
from runs.scenario import Scenario, load_scenario
from runs.scoring import Score, change_per_quarter, score
from runs.simulate import simulate
from world.calendar import last_day, quarter_label, quarter_number, quarter_of
from world.tables import HistoryRow, load

SCENARIO = "as-of-2023q4"
ORIGINS = ("2024Q2", "2024Q4", "2025Q2", "2025Q3")
WORLDS = 10_000
LEAST_EFFECTIVE = 100.0
"""Weights are flattened until they count as this many worlds: below it they are those of a handful."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Forecast:
    """What was said at an origin of one observation, and how it did; values in the unit of the series."""

    series: str
    unit: str
    origin: date
    period: str
    observed: float
    known: tuple[Observation, ...] = field(repr=False)
    """The series as it was known at the origin."""
    change: float | None
    """Mean absolute change per quarter before the origin: scales the scores."""
    model: Score
    plain: Score
    """The weighted worlds' own figures, with no miss carried over."""
    rivals: Mapping[str, Score]

    @property
    def quarters_ahead(self) -> int:
        """Quarters from the origin to the end of the period."""
        return quarter_of(self.end) - quarter_of(self.origin)

    @property
    def end(self) -> date:
        """The last day of the period."""
        return Observation(self.series, self.period, 0.0, "", self.origin).end


@dataclass(frozen=True)
class Origin:
    """How an ensemble stood at an origin."""

    day: date
    rows: int
    """Observations that informed the weights."""
    effective: float
    power: float
    """What the weights were raised to, so as not to fall below LEAST_EFFECTIVE."""

    @property
    def label(self) -> str:
        """Its quarter."""
        return quarter_label(quarter_of(self.day))


@dataclass(frozen=True)
class Backtest:
    """The forecasts of a scenario at one origin or several."""

    scenario: str
    worlds: int
    seed: int
    origins: tuple[Origin, ...]
    forecasts: tuple[Forecast, ...]
    left_out: tuple[tuple[str, str], ...] = ()
    """Observations that were not scored (series and period), and why."""


def backtest(
    worlds: int = WORLDS,
    seed: int = 1,
    origins: Sequence[str] = ORIGINS,
    parameters: Mapping[str, Any] | None = None,
    record: Sequence[HistoryRow] | None = None,
    progress: Progress | None = None,
) -> Backtest:
    """Score the model at rolling origins on the record.

    Args:
        worlds       of the one prior ensemble
        seed         of worlds, and of the errors of observation
        origins      quarters, at whose end the forecasts are made
        parameters   as in `simulate`
        record       rows of the history in place of the project's own
        progress     called with the world-quarters done and their total
    Laws (tests/record/test_backtest.py): what is known after an origin changes no bit of what is said at it.
    Raises: ValueError as `simulate`.
    """
    rows = tuple(load("history") if record is None else record)
    observations = history(rows)
    last = max(o.quarter for o in observations if o.series in counterparts())
    parts = []
    for place, label in enumerate(origins):
        scenario = replace(load_scenario(SCENARIO), known_until=last_day(quarter_number(label)))
        targets = [o for o in observations if _is_scored(o, scenario.known_until)]
        step = _part(progress, place, len(origins))
        parts.append(
            score_scenario(scenario, targets, worlds, seed, parameters, rows, quarter_label(last), step, PRIOR)
        )
    return Backtest(
        SCENARIO,
        worlds,
        seed,
        tuple(origin for part in parts for origin in part.origins),
        tuple(found for part in parts for found in part.forecasts),
    )


def score_scenario(
    scenario: Scenario,
    targets: Sequence[Observation],
    worlds: int = WORLDS,
    seed: int = 1,
    parameters: Mapping[str, Any] | None = None,
    record: Sequence[HistoryRow] | None = None,
    until: str | None = None,
    progress: Progress | None = None,
    source: str | None = None,
) -> Backtest:
    """Score what a scenario says, at the day up to which it knows, on any observations.

    Args:   as `backtest`, and
        targets   what is to be scored; what has no counterpart, or lies outside the run, is left out and listed
        source    of the parameters; a backtest draws them from the prior, for the posterior has seen what came
    Raises: Slips if the unit of a series with a counterpart cannot be converted, or if a value cannot be: a negative
        stock, or a thousand times beyond all that the worlds say.
    """
    rows = tuple(load("history") if record is None else record)
    day = scenario.known_until
    targets, left_out = _sorted_out(targets, scenario)
    if not targets:
        return Backtest(scenario.name, worlds, seed, (), (), tuple(left_out))
    end = until or quarter_label(max(o.quarter for o in targets))
    dataset = simulate(scenario, worlds, seed, end, parameters, progress=progress, parameters_from=source)
    paths = Paths(dataset)
    before = [o for o in history(rows) if o.known_from <= day]
    past = gather(paths, before)
    informing = past.pick(past.known(day))
    log_weight = log_likelihood(informing) if len(informing) else np.zeros(paths.worlds)
    weights, power = weights_of(log_weight, LEAST_EFFECTIVE)
    at_origin = joined(past, anchors(paths, before))
    numbers = dataset["world"].to_numpy()
    published = projections(day, rows)
    found, slips = [], []
    for target in targets:
        ahead = gather(paths, [target])
        if not len(ahead):
            left_out.append((f"{target.series} {target.period}", f"begins before {dataset.attrs['quarters'][:6]}"))
            continue
        known = tuple(o for o in before if o.series == target.series)
        scored, slip = _scored(target, ahead, at_origin, weights, known, (seed, numbers, day), published)
        found.append(scored)
        slips += [f"{target.series} {target.period}: {slip}"] if slip else []
    if slips:
        raise Slips(slips)
    origin = Origin(day, len(informing), effective(weights), power)
    return Backtest(scenario.name, worlds, seed, (origin,), tuple(found), tuple(left_out))


def _scored(
    target: Observation,
    ahead: Rows,
    past: Rows,
    weights: np.ndarray,
    known: tuple[Observation, ...],
    draw: tuple[int, np.ndarray, date],
    published: Sequence[HistoryRow],
) -> tuple[Forecast, str | None]:
    """The forecast of one observation and its scores; and why the observation can only be a slip, if it can."""
    row = ahead.counterparts[0]
    seed, numbers, day = draw
    observed = convert(target.value, target.unit, row.unit)

    members, plain = (row.back(forecast(past, ahead, seed, numbers, carry)[0]) for carry in (True, False))
    rivals = {
        name: score(members, np.ones(members.size), observed)
        for name, members in rival_forecasts(known, target, published).items()
    }
    made = Forecast(
        series=target.series,
        unit=row.unit,
        origin=day,
        period=target.period,
        observed=observed,
        known=known,
        change=change_per_quarter(known),
        model=score(members, weights, observed),
        plain=score(plain, weights, observed),
        rivals=rivals,
    )
    return made, implausible(row, observed, members)


def _is_scored(observation: Observation, day: date) -> bool:
    row = counterparts().get(observation.series)
    return row is not None and row.score and observation.known_from > day


def _sorted_out(targets: Sequence[Observation], scenario: Scenario) -> tuple[list[Observation], list[tuple[str, str]]]:
    """The targets that have a counterpart and lie after what the scenario knows; the others with the reason."""
    kept, left_out, slips = [], [], []
    for target in targets:
        row = counterparts().get(target.series)
        name = f"{target.series} {target.period}"
        if row is None:
            near = nearest_series(target.series)
            left_out.append((name, "no counterpart in the model" + (f"; did you mean {near!r}?" if near else "")))
            continue
        try:
            why = impossible(row, in_metric_unit(row, target))
        except ValueError as error:
            why = str(error)
        if why:
            slips.append(f"{name}: {why}")
        elif target.quarter > quarter_number(LATEST):
            left_out.append((name, f"lies beyond {LATEST}, the longest horizon"))
        elif target.end <= max(scenario.known_until, last_day(quarter_number(scenario.start))):
            left_out.append((name, f"lies before {scenario.known_until}, up to which {scenario.name} knows"))
        else:
            kept.append(target)
    if slips:
        raise Slips(slips)
    return kept, left_out


def _part(progress: Progress | None, place: int, parts: int) -> Progress | None:
    if progress is None:
        return None
    return lambda done, total: progress(place * total + done, parts * total)


__all__ = ["ORIGINS", "SCENARIO", "WORLDS", "Backtest", "Forecast", "Origin", "backtest", "score_scenario"]
