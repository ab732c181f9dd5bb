"""Simulation-based calibration: does the weighing of worlds find the truth as often as it says?

Truths are worlds of the one prior ensemble. Each leaves a synthetic record, with errors as the evidence assumes them;
all other worlds are weighted by it, none is run again; and the rank of the truth's own figures among the weighted
worlds must be uniform over many records. It tests the weighing of parameters and of forecasts, not the model.

Source: S. Talts, M. Betancourt, D. Simpson, A. Vehtari, A. Gelman, Validating Bayesian inference algorithms with
simulation-based calibration (2018); docs/sources.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Philox
from scipy.stats import chisquare

from runs.backtest import SCENARIO
from runs.calibration import drawn
from runs.counterparts import Paths, counterparts
from runs.evidence import Rows, effective, gather, log_likelihood, synthetic, weights_of, whole
from runs.observations import history
from runs.posterior import PRIOR
from runs.scenario import load_scenario
from runs.simulate import simulate
from world.calendar import last_day, quarter_label, quarter_number
from world.draws import Draws

RECORDS = 300
WORLDS = 20_000
BINS = 10
PARAMETERS = (
    "oracle.build_quarters",
    "nvidia.max_expansion",
    "customers.start_growth_factor",
    "customers.growth_persistence",
    "labs.runway_quarters",
    "market.elasticity_short",
    "microsoft.caution",
    "market.index_speed",
)
"""Some that the record moves, and some that it does not."""
KNOWN_TO = "2024Q4"
"""The synthetic records end here, and forecasts of what is observed later are ranked as well.

By the whole record to 2025Q4 a world of this ensemble is told from the others so well that the weights of 20,000 are
worth two: too few for ranks. Hence the iterations of runs/calibration.py, and the flattened weights of late origins.
"""


@dataclass(frozen=True)
class Ranks:
    """Ranks of truths among weighted worlds, each between 0 and 1."""

    records: int
    worlds: int
    parameters: Mapping[str, np.ndarray]
    forecasts: Mapping[str, np.ndarray]
    effective: np.ndarray
    """(records,) effective sample size of each weighing."""

    def counts(self, ranks: np.ndarray) -> np.ndarray:
        """How many ranks fall into each of BINS equal bins."""
        return np.histogram(ranks, bins=BINS, range=(0.0, 1.0))[0]

    def p_value(self, ranks: np.ndarray) -> float:
        """Chance of a histogram this uneven if ranks were uniform."""
        return float(chisquare(self.counts(ranks)).pvalue)

    def p_values(self) -> dict[str, float]:
        """By parameter and by forecast."""
        return {name: self.p_value(ranks) for name, ranks in {**self.parameters, **self.forecasts}.items()}

    @property
    def uniform(self) -> bool:
        """Whether none is so uneven that uniform ranks would give it in one case of a hundred, of so many."""
        found = self.p_values()
        return min(found.values()) > 0.01 / len(found)


def check_calibration(
    records: int = RECORDS, worlds: int = WORLDS, seed: int = 1, parameters: Sequence[str] = PARAMETERS
) -> Ranks:
    """Rank truths among worlds weighted by the records that they leave.

    Args:
        records     synthetic records; the truths are the first so many worlds
        worlds      of the prior ensemble, truths among them
        seed        of worlds and of the errors of the records
        parameters  to be ranked
    """
    seen = [o for o in history() if o.series in counterparts()]
    day = max(o.known_from for o in seen)
    scenario = replace(load_scenario(SCENARIO), known_until=day)
    dataset = simulate(scenario, worlds, seed, quarter_label(max(o.quarter for o in seen)), parameters_from=PRIOR)
    rows = gather(Paths(dataset), seen)
    table, draws = drawn(), Draws(seed, worlds)
    scores = {name: draws.uniform(table[name].stream) for name in parameters}
    known = last_day(quarter_number(KNOWN_TO))
    weights = _weights(rows.pick(rows.known(known)), records, seed)
    later: dict[tuple[str, str, str], int] = {}
    for k, row in enumerate(rows.counterparts):
        if row.inform and rows.observations[k].known_from > known:
            later[row.subject] = k
    figures = whole(rows.model)
    return Ranks(
        records,
        worlds,
        {name: _ranks(values, weights, records, seed) for name, values in scores.items()},
        {rows.observations[k].series: _ranks(figures[k], weights, records, seed) for k in later.values()},
        np.array([effective(row) for row in weights]),
    )


def _weights(rows: Rows, records: int, seed: int) -> np.ndarray:
    """(records, worlds) weights of all worlds by the record of each truth; a truth does not count for itself."""
    generator = np.random.Generator(Philox(key=np.array([seed % 2**64, len(rows)], dtype=np.uint64)))
    luck = generator.standard_normal((records, len(rows)))
    left = np.stack([synthetic(rows, truth, luck[truth]) for truth in range(records)], axis=1)
    evidence = log_likelihood(rows, left)
    evidence[np.arange(records), np.arange(records)] = -np.inf
    return np.stack([weights_of(row)[0] for row in evidence])


def _ranks(values: np.ndarray, weights: np.ndarray, records: int, seed: int) -> np.ndarray:
    """(records,) share of the weighted worlds below each truth; those equal to it are split at random.

    Some figures are the same in many worlds: a valuation that a known contract fixes, a site without power.
    """
    truths = values[:records, None]
    split = np.random.Generator(Philox(key=np.array([seed % 2**64, values.size], dtype=np.uint64))).random(records)
    below = (values[None, :] < truths) + split[:, None] * (values[None, :] == truths)
    return np.asarray((below * weights).sum(axis=1))


__all__ = ["BINS", "PARAMETERS", "RECORDS", "WORLDS", "Ranks", "check_calibration"]
