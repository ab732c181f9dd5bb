"""Scores of a forecast given as weighted members: where an observation falls in it, CRPS, coverage, bias.

The continuous ranked probability score is that of scoringrules, with weights; it is in the unit of the series, and the
mean absolute error for a forecast of a single point. Divided by the series' mean absolute change per quarter before the
origin it can be averaged over series.

Source: T. Gneiting, A. E. Raftery, Strictly proper scoring rules, Journal of the American Statistical Association 102
(2007); docs/sources.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import scoringrules

from runs.observations import Observation

BANDS = (0.05, 0.25, 0.5, 0.75, 0.95)
DAYS_IN_QUARTER = 365.25 / 4.0


@dataclass(frozen=True)
class Score:
    """How one forecast did: all in the unit of the series, but for `pit`."""

    crps: float
    quantiles: tuple[float, ...]
    """At BANDS."""
    pit: float | None
    """Share of the forecast below the observation; None for a forecast of a single point."""

    @property
    def median(self) -> float:
        """The middle of the forecast."""
        return self.quantiles[2]

    def inside(self, band: float) -> bool | None:
        """Whether the observation lies inside the central band of this probability; None without a distribution."""
        return None if self.pit is None else abs(self.pit - 0.5) <= 0.5 * band


def score(members: np.ndarray, weights: np.ndarray, observed: float) -> Score:
    """Score a forecast.

    Args:
        members    (W,) in the unit of the observation; NaN members count for nothing
        weights    (W,) at least 0
        observed   what came
    """
    there = np.isfinite(members) & (weights > 0.0)
    members, weights = members[there], weights[there]
    if members.size == 0:
        raise ValueError("score: a forecast needs a member with weight")
    order = np.argsort(members, kind="stable")
    members, weights = members[order], weights[order] / weights.sum()
    if members[0] == members[-1]:
        point = float(members[0])
        return Score(abs(point - observed), (point,) * len(BANDS), None)
    crps = float(
        scoringrules.crps_ensemble(
            observed, members, ens_w=weights, estimator="qd", sorted_ensemble=True, backend="numpy"
        )
    )
    below = weights[members < observed].sum() + 0.5 * weights[members == observed].sum()
    return Score(crps, tuple(weighted_quantiles(members, weights, BANDS)), float(np.clip(below, 0.0, 1.0)))


def weighted_quantiles(members: np.ndarray, weights: np.ndarray, levels: Sequence[float]) -> list[float]:
    """Quantiles of sorted members with weights that add up to one, linear between the middles of their weights."""
    middles = np.cumsum(weights) - 0.5 * weights
    return [float(np.interp(level, middles, members)) for level in levels]


def change_per_quarter(known: Sequence[Observation]) -> float | None:
    """Mean absolute change of a series per quarter, in its unit; None if it never changed, or was seen once at most."""
    rows = sorted(known, key=lambda row: row.end)
    changes = [
        abs(later.value - earlier.value) / max((later.end - earlier.end).days / DAYS_IN_QUARTER, 1.0)
        for earlier, later in pairwise(rows)
    ]
    mean = float(np.mean(changes)) if changes else 0.0
    return mean if mean > 0.0 else None


__all__ = ["BANDS", "Score", "change_per_quarter", "score", "weighted_quantiles"]
