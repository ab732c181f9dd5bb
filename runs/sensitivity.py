"""What moves an answer: each parameter's share of its variance, from the ensemble on show and no separate run.

The parameters of an ensemble are drawn independently of each other, so the worlds sorted by one parameter and cut
into bins show its main effect: the means of the bins. The share of the variance between the bins, less what bins of
unrelated worlds would show, estimates the first-order index; interactions are what no parameter alone explains.
Source: Plischke, Borgonovo, Smith, Global sensitivity measures from given data, EJOR 226 (2013).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from world.arrays import fold
from world.calendar import quarter_number
from world.draws import Draws
from world.parameters import resolve, specifications

LEAST_WORLDS = 50
"""With fewer worlds the bins say nothing."""
GROUPS = 20
"""Groups of worlds that are left out in turn to estimate the error."""
SHOCKS = {
    "demand.trend": "luck: growth of AI demand",
    "demand.level": "luck: level of AI demand",
    "services.trend": "luck: spending on AI services",
    "credit.cycle": "luck: credit cycle",
    "rates": "luck: interest rates",
    "softbank.holdings": "luck: SoftBank's holdings",
}
"""The streams of shocks by quarter (runs/model.py), each summed over the run: what luck does beside parameters."""
TAIL = 0.2
"""Part of the worlds at each end of a parameter's range whose mean is shown."""


@dataclass(frozen=True)
class Effect:
    """What one parameter does to a figure over an ensemble."""

    parameter: str
    share: float
    """Share of the figure's variance, 0 to 1; below zero by chance where there is no effect."""
    error: float
    """Half of the 95 % interval of the share, by leaving out groups of worlds in turn."""
    low: float
    """Mean of the figure over the fifth of worlds with the lowest values of the parameter, in the figure's unit."""
    high: float
    """The same over the fifth with the highest values."""


def drawn_parameters(
    worlds: np.ndarray, seed: int, parameters: Mapping[str, Any] | None = None
) -> dict[str, np.ndarray]:
    """The parameters that differ between the worlds of an ensemble: (worlds,) by name, in the order of the table.

    Args:
        worlds       numbers of the worlds
        seed         of the run
        parameters   what scenario and request set, as in `simulate`
    """
    values = resolve(Draws(seed, worlds), parameters or {})
    return {name: values[name] for name in specifications() if np.ptp(values[name]) > 0.0}


def summed_shocks(worlds: np.ndarray, seed: int, quarters: Sequence[str]) -> dict[str, np.ndarray]:
    """The sum over quarters (labels) of each stream's standard normal draws: (worlds,) by title."""
    draws, numbers = Draws(seed, worlds), [quarter_number(label) for label in quarters]
    return {title: fold(np.stack([draws.normal(stream, q) for q in numbers])) for stream, title in SHOCKS.items()}


def main_effects(figure: np.ndarray, parameters: Mapping[str, np.ndarray]) -> list[Effect]:
    """The parameters' main effects on a figure, the largest share of its variance first.

    Args:
        figure       (worlds,)   what is explained; worlds where it is NaN are left out
        parameters   by name (worlds,), each drawn independently
    Returns: one Effect for each parameter; none with fewer than 50 worlds or where the figure is the same in all.
    Laws (tests/page/test_sensitivity.py): a parameter that explains all has share 1, one that explains nothing has
        share 0 within its error; a linear model's shares are those of its coefficients.
    """
    known = np.isfinite(figure)
    y = np.compress(known, figure)
    if y.size < LEAST_WORLDS or not parameters or float(np.ptp(y)) <= 1e-12 * max(float(np.abs(y).max()), 1e-300):
        return []
    y_scaled = (y - y.mean()) / y.std()
    names = list(parameters)
    order = np.argsort(np.stack([np.compress(known, parameters[name]) for name in names]), axis=1, kind="stable")
    bins = max(4, min(20, round(float(y.size) ** (1.0 / 3.0)) + 2))
    place = (np.arange(y.size) * bins) // y.size
    starts = np.searchsorted(place, np.arange(bins))
    group = np.arange(y.size) % GROUPS
    share = _shares(y_scaled[order], np.ones(order.shape), starts)
    left_out = np.stack([_shares(y_scaled[order], (group != k)[order].astype(float), starts) for k in range(GROUPS)])
    error = 1.96 * np.sqrt((GROUPS - 1) / GROUPS * ((left_out - left_out.mean(axis=0)) ** 2).sum(axis=0))
    tail = max(1, round(TAIL * y.size))
    low, high = y[order[:, :tail]].mean(axis=1), y[order[:, -tail:]].mean(axis=1)
    found = [
        Effect(name, float(share[k]), float(error[k]), float(low[k]), float(high[k])) for k, name in enumerate(names)
    ]
    return sorted(found, key=lambda effect: -effect.share)


def _shares(y: np.ndarray, weight: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Share of the variance between bins, less the part that chance alone puts there: omega squared, (parameters,).

    Args: y, weight (parameters, worlds) in the order of each parameter; starts (bins,) first place of each bin.
    """
    count = np.add.reduceat(weight, starts, axis=1)
    total = np.add.reduceat(weight * y, starts, axis=1)
    n = count.sum(axis=1)
    mean = total.sum(axis=1) / n
    all_squares = (weight * y * y).sum(axis=1) - n * mean * mean
    between = (total * total / np.maximum(count, 1.0)).sum(axis=1) - n * mean * mean
    bins = starts.size
    within = (all_squares - between) / np.maximum(n - bins, 1.0)
    return np.asarray((between - (bins - 1) * within) / (all_squares + within))


__all__ = ["SHOCKS", "Effect", "drawn_parameters", "main_effects", "summed_shocks"]
