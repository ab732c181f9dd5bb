"""What the record tells of the parameters: contraction from prior to posterior, pairs that trade off, diagnostics."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.special import ndtr, ndtri

from runs.backtest import SCENARIO
from runs.calibration import NOT_FITTED, RECORD_WEIGHT, Calibration, drawn
from runs.evidence import effective
from runs.fingerprint import model_fingerprint
from runs.posterior import Posterior, thinned
from runs.scenario import load_scenario

ERRORS, IN_HALVES = 4.0, 2.5
"""Monte Carlo errors that a mean or a spread must have moved by to count as informed, in all worlds and in two halves.

About 200 parameters are looked at, and weights of few worlds have heavier tails than the formula for their error.
"""
LEAST_CORRELATION = 0.3
MOST_PAIRS = 20
INFORMED, PRIOR_BY_NATURE, NOT_INFORMED = "informed", "kept as prior", "not informed"


def contraction_rows(found: Calibration) -> list[dict[str, Any]]:
    """Every drawn parameter, those that moved or narrowed most first.

    `shift` is the posterior mean in standard deviations of the prior, `contraction` the share of the prior's standard
    deviation that is gone, both in normal scores; `low`, `middle`, `high` are 5, 50 and 95 % quantiles of the value.
    """
    mean, spread = moments(found.scores, found.weights)
    moved = _moved(found)
    table = drawn()
    rows = []
    for k, name in enumerate(found.names):
        verdict = NOT_INFORMED if not moved[k] else PRIOR_BY_NATURE if name in NOT_FITTED else INFORMED
        values = table[name].quantile(_probability(found.scores[k]))
        rows.append(
            {
                "parameter": name,
                "shift": float(mean[k]),
                "contraction": float(1.0 - spread[k]),
                "verdict": verdict,
                "prior": _quantiles(table[name].quantile(np.array([0.05, 0.5, 0.95])), np.ones(3) / 3.0, True),
                "posterior": _quantiles(values, found.weights),
                "unit": table[name].unit,
            }
        )
    return sorted(rows, key=lambda row: -max(abs(row["shift"]), row["contraction"]))


def trade_offs(found: Calibration) -> list[dict[str, Any]]:
    """Pairs of informed parameters that the record tells only together: correlation in the posterior."""
    names = informed(found)
    at = [found.names.index(name) for name in names]
    mean, spread = moments(found.scores, found.weights)
    apart = (found.scores[at] - mean[at, None]) / spread[at, None]
    together = (apart * found.weights) @ apart.T
    error = 1.0 / math.sqrt(found.effective)
    pairs: list[dict[str, Any]] = [
        {"first": names[i], "second": names[j], "correlation": float(together[i, j])}
        for i in range(len(at))
        for j in range(i)
        if abs(together[i, j]) > max(LEAST_CORRELATION, 3.0 * error)
    ]
    return sorted(pairs, key=lambda pair: -abs(pair["correlation"]))[:MOST_PAIRS]


def informed(found: Calibration) -> list[str]:
    """The parameters that the posterior keeps, in the order of their table."""
    kept = {row["parameter"] for row in contraction_rows(found) if row["verdict"] == INFORMED}
    return [name for name in found.names if name in kept]


def moments(scores: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weighted mean and standard deviation of normal scores (names, worlds), (names,) each."""
    mean = (scores * weights).sum(axis=1)
    return mean, np.sqrt((np.square(scores - mean[:, None]) * weights).sum(axis=1))


def _moved(found: Calibration) -> np.ndarray:
    """(names,) whether the mean or the spread moved by more than noise, in all worlds and alike in two halves."""
    parts = [(slice(None), ERRORS), (slice(0, None, 2), IN_HALVES), (slice(1, None, 2), IN_HALVES)]
    shifts, narrower = [], []
    for part, errors in parts:
        weights = found.weights[part] / found.weights[part].sum()
        mean, spread = moments(found.scores[:, part], weights)
        error = errors / math.sqrt(effective(weights))
        shifts.append(np.sign(mean) * (np.abs(mean) > error))
        narrower.append(1.0 - spread > error / math.sqrt(2.0))
    alike = (np.abs(np.sum(shifts, axis=0)) == len(parts)) | np.logical_and.reduce(narrower)
    return np.asarray(alike)


def diagnostics(found: Calibration) -> dict[str, Any]:
    """How far to trust the weights: their effective number, the largest, and how far two halves of them disagree."""
    halves = []
    for part in (slice(0, None, 2), slice(1, None, 2)):
        weights = found.weights[part] / found.weights[part].sum()
        halves.append(((found.scores[:, part] * weights).sum(axis=1), effective(weights)))
    expected = math.sqrt(1.0 / halves[0][1] + 1.0 / halves[1][1])
    apart = np.abs(halves[0][0] - halves[1][0]) / expected
    return {
        "effective_worlds": found.effective,
        "worlds": int(found.weights.size),
        "largest_weight": float(found.weights.max()),
        "power": found.power,
        "record_weight": RECORD_WEIGHT,
        "halves_largest_difference": float(apart.max()),
        "halves_expected_difference": _largest_of(len(found.names)),
        "rounds": [
            {"worlds": r.worlds, "power": r.power, "effective_worlds": r.effective, "adapted": r.adapted}
            for r in found.rounds
        ],
    }


def posterior_of(found: Calibration) -> Posterior:
    """What is stored of a calibration."""
    names = informed(found)
    at = [found.names.index(name) for name in names]
    about = {
        "seed": found.seed,
        "start": load_scenario(SCENARIO).start,
        "known_until": found.known_until.isoformat(),
        "observations": found.observations,
        "series": found.series,
        "fingerprint": model_fingerprint(),
        "diagnostics": diagnostics(found),
        "parameters": contraction_rows(found),
        "trade_offs": trade_offs(found),
    }
    return thinned(tuple(names), found.scores[at], found.weights, about)


def _largest_of(count: int) -> float:
    """The largest of so many standard normal numbers that is exceeded in one case of twenty."""
    return float(ndtri(0.5 * (1.0 + 0.95 ** (1.0 / count))))


def _probability(scores: np.ndarray) -> np.ndarray:
    return np.asarray(np.clip(ndtr(scores), 1e-6, 1.0 - 1e-6))


def _quantiles(values: np.ndarray, weights: np.ndarray, exact: bool = False) -> dict[str, float]:
    if exact:
        low, middle, high = (float(v) for v in values)
    else:
        order = np.argsort(values, kind="stable")
        steps = np.cumsum(weights[order]) - 0.5 * weights[order]
        low, middle, high = (float(np.interp(p, steps, values[order])) for p in (0.05, 0.5, 0.95))
    return {"low": low, "middle": middle, "high": high}


__all__ = ["INFORMED", "NOT_INFORMED", "contraction_rows", "diagnostics", "informed", "posterior_of", "trade_offs"]
