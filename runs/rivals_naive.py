"""Naive rivals of the model's forecasts, fitted on the same observations: last value, trend, local trend, projections.

Each gives a distribution as equally likely members, on the logarithm of a series that was always positive. One that is
certain of itself, for want of enough observations, is a single point.
"""

from __future__ import annotations

import fnmatch
import math
import warnings
from collections.abc import Sequence

import numpy as np
from scipy.stats import norm
from statsmodels.tsa.statespace.structural import UnobservedComponents

from runs.counterparts import counterparts
from runs.observations import Observation
from runs.scoring import DAYS_IN_QUARTER
from world.tables import HistoryRow

LAST, TREND, LOCAL, PROJECTION = "last value", "log-linear trend", "local trend", "firm's projection"
RIVALS = (LAST, TREND, LOCAL, PROJECTION)
MEMBERS = 199
LEVELS = (np.arange(MEMBERS) + 0.5) / MEMBERS
TREND_OVER = 8
"""The trend is fitted to this many of the latest observations."""
LEAST_FOR_TREND, LEAST_FOR_SPREAD, LEAST_FOR_LOCAL = 2, 4, 5


def forecasts(
    known: Sequence[Observation], target: Observation, published: Sequence[HistoryRow]
) -> dict[str, np.ndarray]:
    """Members of each rival that can forecast a target, in the unit of its series.

    Args:
        known       what was known of the series at the origin
        target      whose period is forecast; its value is not looked at
        published   the firms' projections known at the origin
    """
    found = {}
    rows = sorted(known, key=lambda row: row.end)
    if rows:
        values = np.array([row.value for row in rows])
        logarithmic = bool((values > 0.0).all())
        x = np.log(values) if logarithmic else values
        when = np.array([row.end.toordinal() for row in rows]) / DAYS_IN_QUARTER
        at = target.end.toordinal() / DAYS_IN_QUARTER
        for name, work in ((LAST, _last), (TREND, _trend), (LOCAL, _local)):
            members = work(when, x, at)
            if members is not None:
                with np.errstate(over="ignore"):
                    found[name] = np.minimum(np.exp(members), 1e300) if logarithmic else members
    projected = projection(target, published)
    if projected is not None:
        found[PROJECTION] = np.array([projected])
    return found


def projection(target: Observation, published: Sequence[HistoryRow]) -> float | None:
    """The latest of the firms' own projections of a target, if there is one."""
    row = counterparts().get(target.series)
    if row is None or not row.projections:
        return None
    mine = [p for p in published if fnmatch.fnmatchcase(p.name, row.projections) and p.period == target.period]
    return max(mine, key=lambda p: p.known_from).value if mine else None


def _last(when: np.ndarray, x: np.ndarray, at: float) -> np.ndarray:
    """A random walk without drift; its step is the root mean square of those seen."""
    gaps = np.maximum(np.diff(when), 1.0)
    step = math.sqrt(float(np.mean(np.diff(x) ** 2 / gaps))) if gaps.size else 0.0
    return np.asarray(x[-1] + step * math.sqrt(max(at - when[-1], 0.0)) * norm.ppf(LEVELS))


def _trend(when: np.ndarray, x: np.ndarray, at: float) -> np.ndarray | None:
    """A straight line by least squares with a Gaussian error of prediction; without one where fewer than four fix it.

    Student's t would be the textbook's error; with two or three degrees of freedom its tails, taken out of the
    logarithm, make the mean score of this rival infinite.
    """
    if x.size < LEAST_FOR_TREND or np.ptp(when) == 0.0:
        return None
    when, x = when[-TREND_OVER:], x[-TREND_OVER:]
    middle = when.mean()
    spread = float(((when - middle) ** 2).sum())
    slope = float(((when - middle) * x).sum()) / spread
    ahead = x.mean() + slope * (at - middle)
    left = x - x.mean() - slope * (when - middle)
    if x.size < LEAST_FOR_SPREAD:
        return np.array([ahead])
    error = math.sqrt(float((left * left).sum()) / (x.size - 2) * (1.0 + 1.0 / x.size + (at - middle) ** 2 / spread))
    return np.asarray(ahead + error * norm.ppf(LEVELS))


def _local(when: np.ndarray, x: np.ndarray, at: float) -> np.ndarray | None:
    """A local linear trend by maximum likelihood, on quarters; quarters without a value are gaps."""
    if x.size < LEAST_FOR_LOCAL:
        return None
    places = np.round(when - when[0]).astype(int)
    path = np.full(places[-1] + 1, np.nan)
    path[places] = x
    steps = round(at - when[-1])
    if steps < 1:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = UnobservedComponents(path, level="local linear trend").fit(disp=False, maxiter=200)
        ahead = fitted.get_forecast(int(steps))
    middle, error = float(ahead.predicted_mean[-1]), float(ahead.se_mean[-1])
    if not (math.isfinite(middle) and math.isfinite(error)):
        return None
    return np.asarray(middle + error * norm.ppf(LEVELS))


__all__ = ["LAST", "LOCAL", "PROJECTION", "RIVALS", "TREND", "forecasts", "projection"]
