"""Calibration: from the priors of the parameters to their posterior on the record, by iterated importance sampling.

A world carries its own parameters and its own luck. Each round simulates a few thousand worlds from the start of the
record, with parameters from a proposal, and weights them by the likelihood of all observations (runs/evidence.py), of
prior over proposal, and nothing for luck, which is thus integrated out. The first proposal is the prior. From then on
those parameters whose weighted mean moved are drawn from a Gaussian in their normal scores, fitted to the weighted
worlds, mixed with the prior so that no weight can explode; all others stay as they are. The likelihood is raised to a
power that grows from round to round as the proposal gets better, up to one.

Source: O. Cappe, A. Guillin, J.-M. Marin, C. P. Robert, Population Monte Carlo, Journal of Computational and Graphical
Statistics 13 (2004); defensive mixture after T. Hesterberg (1995); docs/sources.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.random import Philox
from scipy.special import logsumexp, ndtr, ndtri

from runs.backtest import SCENARIO
from runs.counterparts import Paths, counterparts
from runs.evidence import RECORD_WEIGHT, Rows, effective, gather, log_likelihood, weights_of
from runs.observations import Observation, history
from runs.posterior import PRIOR
from runs.scenario import load_scenario
from runs.simulate import simulate
from world.calendar import quarter_label
from world.draws import Draws
from world.parameters import Specification, specifications

WORLDS = 16_000
"""Worlds of a round; the last one has LAST times as many."""
LAST = 4
ROUNDS = 5
"""At most, before the last one."""
LEAST_EFFECTIVE = 100.0
"""What the weights of the last round must be worth."""
KEEP_EFFECTIVE = 0.03
"""Share of a round's worlds that its weights must be worth: sets how fast the power grows."""
PRIOR_SHARE = 0.15
INFLATION = 1.25
"""Variance of the proposal over that of the weighted worlds."""
MOST_ADAPTED = 30
MOVED = 4.0
"""A parameter counts as moved if its weighted mean lies this many Monte Carlo errors from its prior's."""
NOT_FITTED = (
    "market.elasticity_short",
    "market.provider_weight",
    "market.shortage_weight",
    "softbank.issuer_weight",
    "investors.supply_slope",
    "microsoft.caution",
    "market.governed_dependence",
    "operators.hurdle",
    "oracle.lease_hurdle",
)
"""What the record cannot tell by its nature (docs/design.md, section 10): kept as priors whatever the weights say."""
EDGE = 1e-6

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Round:
    """One round: the power that its weights could bear."""

    worlds: int
    power: float
    effective: float
    adapted: int
    """Parameters drawn from the proposal instead of the prior."""


@dataclass(frozen=True)
class Proposal:
    """A Gaussian in the normal scores of some parameters, mixed with their prior."""

    names: tuple[str, ...]
    mean: np.ndarray
    root: np.ndarray
    """Lower Cholesky root of the covariance."""

    def draw(self, worlds: int, generator: np.random.Generator) -> np.ndarray:
        """(names, worlds) normal scores."""
        free = generator.standard_normal((len(self.names), worlds))
        fitted = self.mean[:, None] + self.root @ free
        return np.where(generator.random(worlds) < PRIOR_SHARE, free, fitted)

    def log_ratio(self, scores: np.ndarray) -> np.ndarray:
        """(worlds,) log density of the prior over the proposal's."""
        if not self.names:
            return np.zeros(scores.shape[1])
        prior = -0.5 * np.square(scores).sum(axis=0)
        white = np.linalg.solve(self.root, scores - self.mean[:, None])
        fitted = -0.5 * np.square(white).sum(axis=0) - np.log(np.diag(self.root)).sum()
        mixed = logsumexp(np.stack((np.log(PRIOR_SHARE) + prior, np.log1p(-PRIOR_SHARE) + fitted)), axis=0)
        return np.asarray(prior - mixed)


@dataclass(frozen=True)
class Calibration:
    """The last round: draws of all parameters with their weights, and how it came about."""

    seed: int
    known_until: date
    observations: int
    series: int
    names: tuple[str, ...]
    """Every drawn parameter."""
    scores: np.ndarray
    """(names, worlds) normal scores: the prior is standard normal."""
    weights: np.ndarray
    """(worlds,) adding up to one."""
    rounds: tuple[Round, ...]
    rows: Rows

    @property
    def power(self) -> float:
        """The power of the likelihood that the weights bore; the posterior is reached at one."""
        return self.rounds[-1].power

    @property
    def effective(self) -> float:
        """Effective sample size."""
        return effective(self.weights)


def calibrate(
    seed: int = 1,
    worlds: int = WORLDS,
    rounds: int = ROUNDS,
    observations: Sequence[Observation] | None = None,
    progress: Progress | None = None,
) -> Calibration:
    """Weigh parameters by the record.

    Args:
        seed          of the luck of worlds and of the draws of the proposal; the result depends on it and the arguments
        worlds        of a round
        rounds        at most so many before the last
        observations  in place of the record's
        progress      called with the worlds done and their total
    Returns: the last round.
    Raises: ValueError as `simulate`.
    """
    seen = [o for o in (history() if observations is None else observations) if o.series in counterparts()]
    table = drawn()
    names = tuple(table)
    proposal = Proposal((), np.empty(0), np.empty((0, 0)))
    done: list[Round] = []
    last, power, first = False, 0.0, 0
    total = (rounds + LAST) * worlds
    while True:
        count = LAST * worlds if last else worlds
        scores, given = _parameters(table, proposal, seed, first, count)
        rows = _weighed(seen, given, seed, first, count, _step(progress, first, count, total))
        adapted = [names.index(name) for name in proposal.names]
        evidence, ratio = log_likelihood(rows), proposal.log_ratio(scores[adapted])
        least = min(LEAST_EFFECTIVE if last else np.inf, KEEP_EFFECTIVE * worlds)
        weights, power = weights_of(evidence, least, ratio)
        done.append(Round(count, power, effective(weights), len(adapted)))
        first += count
        if last:
            break
        proposal = _fitted(names, scores, weights)
        last = len(done) >= rounds
    day = max(o.known_from for o in seen)
    series = len({o.series for o in rows.observations})
    return Calibration(seed, day, len(rows), series, names, scores, weights, tuple(done), rows)


def drawn() -> Mapping[str, Specification]:
    """The parameters that are drawn, in the order of their table."""
    return {name: row for name, row in specifications().items() if row.distribution != "fixed" and row.low < row.high}


def _parameters(
    table: Mapping[str, Specification], proposal: Proposal, seed: int, first: int, count: int
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Normal scores of all parameters, (names, worlds), and the values of those that the proposal draws."""
    draws = Draws(seed, count, first)
    scores = np.stack([ndtri(draws.uniform(row.stream)) for row in table.values()])
    generator = np.random.Generator(Philox(key=np.array([seed % 2**64, 1 + first], dtype=np.uint64)))
    given = {}
    for name, row in zip(proposal.names, proposal.draw(count, generator), strict=True):
        scores[list(table).index(name)] = row
        given[name] = table[name].quantile(np.clip(ndtr(row), EDGE, 1.0 - EDGE))
    return scores, given


def _weighed(
    seen: Sequence[Observation],
    given: Mapping[str, np.ndarray],
    seed: int,
    first: int,
    count: int,
    progress: Progress | None,
) -> Rows:
    """A round's worlds beside what was observed."""
    day = max(o.known_from for o in seen)
    until = quarter_label(max(o.quarter for o in seen))
    scenario = replace(load_scenario(SCENARIO), known_until=day)
    dataset = simulate(scenario, count, seed, until, given, first, progress=progress, parameters_from=PRIOR)
    rows = gather(Paths(dataset), seen)
    return rows.pick(rows.known(day))


def _fitted(names: Sequence[str], scores: np.ndarray, weights: np.ndarray) -> Proposal:
    """The next proposal: a Gaussian over the parameters that moved most, if they moved at all."""
    mean = (scores * weights).sum(axis=1)
    error = 1.0 / np.sqrt(effective(weights))
    order = np.argsort(-np.abs(mean), kind="stable")
    moved = [k for k in order if abs(mean[k]) > MOVED * error and names[k] not in NOT_FITTED][:MOST_ADAPTED]
    chosen = np.array(sorted(moved), dtype=int)
    if not chosen.size:
        return Proposal((), np.empty(0), np.empty((0, 0)))
    apart = scores[chosen] - mean[chosen, None]
    spread = (apart * weights) @ apart.T
    # A covariance of few effective worlds is drawn towards its diagonal.
    shrink = min(1.0, chosen.size * error * error * 2.0)
    spread = INFLATION * ((1.0 - shrink) * spread + shrink * np.diag(np.diag(spread)))
    return Proposal(tuple(names[k] for k in chosen), mean[chosen], np.linalg.cholesky(spread))


def _step(progress: Progress | None, first: int, count: int, total: int) -> Progress | None:
    if progress is None:
        return None
    return lambda done, of: progress(first + done * count // of, total)


__all__ = ["NOT_FITTED", "RECORD_WEIGHT", "Calibration", "Proposal", "Round", "calibrate", "drawn"]
