"""Inputs that try to break a mechanism: lognormal over decades, ties, zeros, one dominant row, very small and large."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from hypothesis import strategies as st

from world.arrays import fold

SEEDS = st.integers(0, 2**32 - 1)
ROWS = st.sampled_from([1, 2, 3, 5, 8, 13])
WORLDS = 23


def quantities(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Numbers >= 0 of `shape`; each world (last axis) has its own manner and its own scale."""
    worlds = shape[-1]
    spread = rng.lognormal(0.0, 1.5, shape)
    manners = np.stack(
        [
            spread,
            np.ceil(spread),  # ties
            np.floor(spread),  # ties and zeros
            spread * (rng.random(shape) < 0.6),  # zeros
            np.ones(shape),
            rng.lognormal(0.0, 12.0, shape),  # one row dominates
            np.zeros(shape),
        ]
    )
    manner = rng.choice(len(manners), size=worlds, p=[0.3, 0.2, 0.15, 0.15, 0.1, 0.07, 0.03])
    scale = rng.choice([1.0, 1e-6, 1e6], size=worlds, p=[0.8, 0.1, 0.1])
    return manners[manner, ..., np.arange(worlds)].transpose(*range(1, len(shape)), 0).copy() * scale


def supply_for(rng: np.random.Generator, total: np.ndarray) -> np.ndarray:
    """A supply per world against a total: short, ample, none, and exactly equal to it or one bit away."""
    factor = rng.choice([0.0, 0.3, 0.7, 1.0, 1.5], size=total.shape) * np.where(
        rng.random(total.shape) < 0.5, 1.0, 0.97
    )
    supply = total * factor
    nudge = np.where(total > 0.0, rng.random(total.shape), 0.5)  # nothing here means less than the smallest float
    return np.where(nudge < 0.1, np.nextafter(total, 0.0), np.where(nudge > 0.9, np.nextafter(total, np.inf), supply))


def close(first: np.ndarray, second: np.ndarray, scale: np.ndarray, tolerance: float = 1e-12) -> bool:
    """Equal to `tolerance` relative to a scale per world."""
    return bool(np.all(np.abs(first - second) <= tolerance * scale))


def at_most(first: np.ndarray, second: np.ndarray, scale: np.ndarray, tolerance: float = 1e-12) -> bool:
    """first <= second to `tolerance` relative to a scale per world."""
    return bool(np.all(first <= second + tolerance * scale))


def total_of(rows: np.ndarray) -> np.ndarray:
    """The sum over the first axis, the scale of a world's rounding."""
    return fold(np.abs(rows))


def assert_worlds_are_independent(
    run: Callable[..., Sequence[np.ndarray]], inputs: Sequence[np.ndarray], rng: np.random.Generator
) -> None:
    """`run` of the inputs gives the same bits for a world alone, in a slice and in a permutation."""
    whole = run(*inputs)
    worlds = inputs[0].shape[-1]
    order = rng.permutation(worlds)
    first = int(rng.integers(worlds))
    for picked in (np.array([first]), np.arange(first, worlds), order):
        part = run(*(np.take(values, picked, axis=-1) for values in inputs))
        for got, wanted in zip(part, whole, strict=True):
            np.testing.assert_array_equal(got.view(np.int64), np.take(wanted, picked, axis=-1).copy().view(np.int64))
