"""What moves an answer: each parameter's share of its variance, from the ensemble on show and no separate run.

The parameters of an ensemble are drawn independently of each other, so the worlds sorted by one parameter and cut
into bins show its main effect: the means of the bins. The share of the variance between the bins, less what bins of
unrelated worlds would show, estimates the first-order index; interactions are what no parameter alone explains.
Source: Plischke, Borgonovo, Smith, Global sensitivity measures from given data, EJOR 226 (2013).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
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


class Inputs:
    """What differs between the worlds, sorted once for every figure that it may explain.

    Args: values: by name (worlds,), each drawn independently.
    """

    def __init__(self, values: Mapping[str, np.ndarray]) -> None:
        self.names = list(values)
        self.order = np.argsort(np.stack(list(values.values())), axis=1, kind="stable") if values else np.empty((0, 0))
        """(inputs, worlds): places of the worlds from the lowest value of each input to the highest."""

    def without(self, names: Collection[str]) -> Inputs:
        """The same less those named."""
        kept = [k for k, name in enumerate(self.names) if name not in names]
        found = Inputs({})
        found.names, found.order = [self.names[k] for k in kept], self.order[kept]
        return found


def main_effects(figure: np.ndarray, inputs: Inputs) -> list[Effect]:
    """The inputs' main effects on a figure, the largest share of its variance first.

    Args:
        figure   (worlds,)   what is explained; worlds where it is NaN are left out
    Returns: one Effect for each input; none with fewer than 50 worlds or where the figure is the same in all.
    Laws (tests/page/test_sensitivity.py): an input that explains all has share 1, one that explains nothing has
        share 0 within its error; a linear model's shares are those of its coefficients.
    """
    known = np.isfinite(figure)
    y = np.compress(known, figure)
    if y.size < LEAST_WORLDS or not inputs.names or float(np.ptp(y)) <= 1e-12 * max(float(np.abs(y).max()), 1e-300):
        return []
    order = inputs.order
    if y.size < figure.size:
        # Each row leaves out the same worlds, so what is left is a rectangle again.
        order = (np.cumsum(known) - 1)[order[known[order]]].reshape(len(inputs.names), y.size)
    bins = max(4, min(20, round(float(y.size) ** (1.0 / 3.0)) + 2))
    share, error = _shares_and_errors(((y - y.mean()) / y.std())[order], order % GROUPS, bins)
    tail = max(1, round(TAIL * y.size))
    low, high = y[order[:, :tail]].mean(axis=1), y[order[:, -tail:]].mean(axis=1)
    found = [
        Effect(name, float(share[k]), float(error[k]), float(low[k]), float(high[k]))
        for k, name in enumerate(inputs.names)
    ]
    return sorted(found, key=lambda effect: -effect.share)


def _shares_and_errors(y: np.ndarray, group: np.ndarray, bins: int) -> tuple[np.ndarray, np.ndarray]:
    """Shares of the variance, and half of their 95 % intervals by leaving out groups in turn: (inputs,) each.

    Args: y, group (inputs, worlds) in the order of each input; bins: equal stretches of that order.
    """
    rows, size = y.shape
    place = (np.arange(size) * bins) // size
    cell = ((np.arange(rows)[:, None] * bins + place) * GROUPS + group).ravel()
    shape = (rows, bins, GROUPS)
    # Count, sum and sum of squares of each bin and group; whatever is left out is then a subtraction.
    count, total, squares = (
        np.bincount(cell, weights, rows * bins * GROUPS).reshape(shape).astype(float)
        for weights in (None, y.ravel(), (y * y).ravel())
    )
    whole = [part.sum(axis=-1) for part in (count, total, squares)]
    left_out = [
        np.moveaxis(all_[..., None] - part, -1, 0) for all_, part in zip(whole, (count, total, squares), strict=True)
    ]
    spread = _shares(*left_out)
    error = 1.96 * np.sqrt((GROUPS - 1) / GROUPS * ((spread - spread.mean(axis=0)) ** 2).sum(axis=0))
    return _shares(*whole), error


def _shares(count: np.ndarray, total: np.ndarray, squares: np.ndarray) -> np.ndarray:
    """Share of the variance between bins, less the part that chance alone puts there: omega squared, (..., inputs).

    Args: count, total, squares (..., inputs, bins): of the worlds in each bin, their number, sum and sum of squares.
    """
    n = count.sum(axis=-1)
    mean = total.sum(axis=-1) / n
    all_squares = squares.sum(axis=-1) - n * mean * mean
    between = (total * total / np.maximum(count, 1.0)).sum(axis=-1) - n * mean * mean
    bins = count.shape[-1]
    within = (all_squares - between) / np.maximum(n - bins, 1.0)
    return np.asarray((between - (bins - 1) * within) / (all_squares + within))


__all__ = ["SHOCKS", "Effect", "Inputs", "drawn_parameters", "main_effects", "summed_shocks"]
