"""What observations say about worlds: the error of the model on the record, weights, and forecasts of observations.

On the scale of its counterpart (logarithmic, mostly) an observation is the world's own figure plus

    premium of the series  +  drift of the model's path  +  error of the value,

all Gaussian with the standard deviations of runs/counterparts.csv: the premium is the same for all values of a series,
the drift is a random walk that starts at nothing with the run and is shared by all series of a metric, the error is
each value's own. So a world is likely if its path runs as the record does, levels and slow drift apart; and what a
world has missed up to the origin carries over into its forecast. Weights and forecasts follow in closed form.

Source: model discrepancy as a Gaussian process, M. C. Kennedy, A. O'Hagan, Bayesian calibration of computer models,
Journal of the Royal Statistical Society B 63 (2001); docs/sources.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from runs.counterparts import Counterpart, Paths, counterparts, in_metric_unit
from runs.observations import Observation
from world.draws import Draws

RECORD_WEIGHT = 0.1
"""Power of the likelihood in weights: some 180 rows lean on a few sources, and on a model that errs, and count as 18.

It is set by judgement, and so that an ensemble of tens of thousands of worlds can bear it. The same as errors wider by
one over its root; synthetic records are drawn with these.
"""


@dataclass(frozen=True)
class Rows:
    """Observations beside the figures of worlds, on the scales of their counterparts: n rows, W worlds."""

    observations: tuple[Observation, ...]
    counterparts: tuple[Counterpart, ...]
    model: np.ndarray
    """(n, W)"""
    seen: np.ndarray
    """(n,)"""
    time: np.ndarray
    """(n,) quarters since the start"""
    span: np.ndarray
    """(n,) what the drift of a quarter is multiplied by: quarters covered for a linear flow, else 1"""

    def __len__(self) -> int:
        return len(self.observations)

    def pick(self, chosen: Sequence[int]) -> Rows:
        """Some of the rows."""
        at = np.asarray(chosen, dtype=int)
        return Rows(
            tuple(self.observations[k] for k in chosen),
            tuple(self.counterparts[k] for k in chosen),
            self.model[at],
            self.seen[at],
            self.time[at],
            self.span[at],
        )

    def known(self, day: date, informing: bool = True) -> list[int]:
        """The rows known on a day, of series that inform the weights, or of all."""
        rows = zip(self.observations, self.counterparts, strict=True)
        return [k for k, (o, c) in enumerate(rows) if o.known_from <= day and (c.inform or not informing)]


def gather(paths: Paths, observations: Sequence[Observation]) -> Rows:
    """The observations that a run covers and that have a counterpart, beside the figures of its worlds.

    Raises: ValueError if an observation's unit is not its series'.
    """
    table = counterparts()
    found = []
    for observation in observations:
        row = table.get(observation.series)
        if row is None:
            continue
        value = paths.value(row, observation)
        if value is None or np.isnan(value).all():
            continue
        seen = float(row.transform(np.array([in_metric_unit(row, observation)]))[0])
        span = paths.span(row, observation) if row.scale == "linear" and row.reading == "flow" else 1.0
        found.append((observation, row, row.transform(value), seen, paths.quarters_since_start(row, observation), span))
    return _rows(found, paths.worlds)


def joined(a: Rows, b: Rows) -> Rows:
    """The rows of both."""
    return Rows(
        a.observations + b.observations,
        a.counterparts + b.counterparts,
        np.concatenate((a.model, b.model)),
        np.concatenate((a.seen, b.seen)),
        np.concatenate((a.time, b.time)),
        np.concatenate((a.span, b.span)),
    )


def _rows(found: Sequence[tuple[Observation, Counterpart, np.ndarray, float, float, float]], worlds: int) -> Rows:
    if not found:
        return Rows((), (), np.empty((0, worlds)), np.empty(0), np.empty(0), np.empty(0))
    observed, rows, model, seen_values, time, spans = zip(*found, strict=True)
    return Rows(observed, rows, np.stack(model), np.array(seen_values), np.array(time), np.array(spans))


def anchors(paths: Paths, observations: Sequence[Observation]) -> Rows:
    """What the record says of the start quarter itself: the level of a series beside the figure that a run begins with.

    The history of a run begins a quarter later; its first two figures are drawn back on a line.
    """
    table = counterparts()
    found = []
    for observation in observations:
        row = table.get(observation.series)
        if row is None or not row.premium or observation.quarter != paths.first - 1 or row.subject[2]:
            continue
        path = row.transform(paths.path(row.metric, row.member) * paths.span_of_flow(row, observation))
        seen = float(row.transform(np.array([in_metric_unit(row, observation)]))[0])
        found.append((observation, row, 2.0 * path[0] - path[1] if len(path) > 1 else path[0], seen))
    if not found:
        return _rows([], paths.worlds)
    return _rows([(*entry, 0.0, 1.0) for entry in found], paths.worlds)


def covariance(a: Rows, b: Rows) -> np.ndarray:
    """(n, m) covariance of the errors of two sets of observations."""
    total = np.zeros((len(a), len(b)))
    for i, one in enumerate(a.counterparts):
        for j, other in enumerate(b.counterparts):
            if one.subject != other.subject:
                continue
            value = one.drift * other.drift * min(a.time[i], b.time[j]) * a.span[i] * b.span[j]
            if one.series == other.series:
                value += one.premium * one.premium
                if a.observations[i].period == b.observations[j].period:
                    value += one.error * one.error
            total[i, j] = value
    return total


def log_likelihood(rows: Rows, seen: np.ndarray | None = None) -> np.ndarray:
    """(W,) log likelihood of each world on the record's weight, a constant apart.

    A world without a figure (a chip that it does not trade) is neither rewarded nor punished for it: it is taken to
    have the median of the others.

    Args:   seen   (n,) other values in place of those observed, or (n, k) for k records at once: then (k, W)
    """
    values = rows.seen if seen is None else seen
    records = values[:, None] if values.ndim == 1 else values
    total = np.zeros((records.shape[1], rows.model.shape[1]))
    for block in _blocks(rows):
        part = rows.pick(block)
        model = whole(part.model)
        # The square form of (seen - model) by parts, for all records and worlds.
        factor = np.linalg.cholesky(covariance(part, part))
        u, v = np.linalg.solve(factor, records[block]), np.linalg.solve(factor, model)
        square = (u * u).sum(axis=0)[:, None] - 2.0 * (u.T @ v) + (v * v).sum(axis=0)[None, :]
        total -= 0.5 * RECORD_WEIGHT * square
    return total[0] if values.ndim == 1 else total


def weights_of(
    log_weight: np.ndarray, least: float = 0.0, log_ratio: np.ndarray | float = 0.0
) -> tuple[np.ndarray, float]:
    """Weights that add up to one, and the largest power of the likelihood, up to one, at which they count as `least`.

    Args:   log_weight   (W,) log likelihood
            least        effective sample size that must not be fallen short of; 0: none, and the power is 1
            log_ratio    (W,) log density of the prior over that which the worlds were drawn from; not raised
    """
    least = min(least, 0.9 * log_weight.size)

    def at(power: float) -> np.ndarray:
        total = power * log_weight + log_ratio
        raised = np.exp(np.maximum(total - total.max(), -700.0))
        return np.asarray(raised / raised.sum())

    if effective(at(1.0)) >= least:
        return at(1.0), 1.0
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if effective(at(middle)) >= least else (low, middle)
    return at(low), low


def effective(weights: np.ndarray) -> float:
    """Effective sample size of weights that add up to one."""
    return float(1.0 / np.square(weights).sum())


def forecast(known: Rows, targets: Rows, seed: int, numbers: np.ndarray, carry: bool = True) -> np.ndarray:
    """(m, W) forecasts of observations, one for each target and world, on the scales of their counterparts.

    Args:   known     what was observed by the origin
            targets   what is to be forecast
            seed      of the errors drawn; they depend on it, the target and the world's number only
            numbers   (W,) the worlds' numbers
            carry     whether what a world missed so far carries over; if not, only its figure and the errors count
    """
    draws = Draws(seed, numbers)
    out = np.empty((len(targets), numbers.size))
    for k in range(len(targets)):
        target = targets.pick([k])
        mine = [j for j, c in enumerate(known.counterparts) if _speaks_for(c, target.counterparts[0])]
        variance = covariance(target, target)[0, 0]
        middle = target.model[0]
        if mine and carry:
            past = known.pick(mine)
            across = covariance(target, past)
            solved = cho_solve(cho_factor(covariance(past, past), lower=True), across.T)[:, 0]
            missed = past.seen[:, None] - whole(past.model)
            middle = middle + (solved[:, None] * missed).sum(axis=0)
            variance = variance - float(across[0] @ solved)
        observation = target.observations[0]
        luck = draws.normal(f"observation:{observation.series}:{observation.period}")
        out[k] = middle + np.sqrt(max(variance, 0.0)) * luck
    return out


def synthetic(rows: Rows, world: int, luck: np.ndarray) -> np.ndarray:
    """(n,) a record as one of the worlds would have left it, with errors from standard normal luck (n,)."""
    out = whole(rows.model)[:, world].copy()
    for block in _blocks(rows):
        part = rows.pick(block)
        out[block] += np.linalg.cholesky(covariance(part, part) / RECORD_WEIGHT) @ luck[block]
    return out


def whole(model: np.ndarray) -> np.ndarray:
    """(n, W) the figures, with the median of the other worlds where a world has none."""
    missing = np.isnan(model)
    if not missing.any():
        return model
    return np.where(missing, np.nan_to_num(np.nanmedian(model, axis=1))[:, None], model)


def _speaks_for(one: Counterpart, target: Counterpart) -> bool:
    return one.subject == target.subject and (one.inform or one.series == target.series)


def _blocks(rows: Rows) -> list[list[int]]:
    """The rows by subject: errors of different subjects are independent."""
    blocks: dict[tuple[str, str, str], list[int]] = {}
    for k, row in enumerate(rows.counterparts):
        blocks.setdefault(row.subject, []).append(k)
    return list(blocks.values())


__all__ = [
    "RECORD_WEIGHT",
    "Rows",
    "anchors",
    "covariance",
    "effective",
    "forecast",
    "gather",
    "joined",
    "log_likelihood",
    "synthetic",
    "weights_of",
    "whole",
]
