"""Exact quantiles of columns that do not fit into memory: two passes over the blocks, counting digits of the values.

A float32 is turned into a whole number of the same order; the first pass counts the upper sixteen bits, the second
the lower sixteen of those values whose upper bits hold an order statistic that is asked for. Memory is 512 kB for
each column and 512 kB for each order statistic, whatever the number of worlds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

HALF = 1 << 16
Parts = Callable[[], Iterable[np.ndarray]]
"""Gives the values part by part, float32 (columns, n), and can be called again."""


def exact_quantiles(parts: Parts, columns: int, probs: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Quantiles of each column, linear between order statistics, as `runs.results.quantiles` defines them.

    Args:
        parts    the values, twice: float32 (columns, n) a part; NaN where there is none
        columns  how many
        probs    probabilities, each 0 to 1
    Returns: (probs, columns) float64, NaN where a column has no value; and how many values each has, (columns,).
    """
    upper = np.zeros((columns, HALF), np.int64)
    for part in parts():
        for place in range(columns):
            keys = _keys(part[place])
            upper[place] += np.bincount(keys >> 16, minlength=HALF)
    count = upper.sum(axis=-1)
    at = np.asarray(probs, dtype=np.float64)[:, None] * np.maximum(count - 1, 0)
    below = np.floor(at).astype(np.int64)
    above = np.minimum(below + 1, np.maximum(count - 1, 0))
    ranks = np.concatenate([below, above])
    reached = np.cumsum(upper, axis=-1)
    bins = np.stack([np.searchsorted(reached[k], ranks[:, k], side="right") for k in range(columns)], axis=-1)
    values = _select(parts, columns, np.minimum(bins, HALF - 1), ranks, reached)
    low, high = values[: len(probs)], values[len(probs) :]
    found = low + (at - below) * (high - low)
    return np.where(count > 0, found, np.nan), count


def _select(parts: Parts, columns: int, bins: np.ndarray, ranks: np.ndarray, reached: np.ndarray) -> np.ndarray:
    """The order statistics of these ranks, each known to lie in its bin, (ranks, columns)."""
    wanted = [np.unique(bins[:, k]) for k in range(columns)]
    lower = [np.zeros((bins_of.size, HALF), np.int64) for bins_of in wanted]
    for part in parts():
        for place in range(columns):
            keys = _keys(part[place])
            row = np.searchsorted(wanted[place], keys >> 16)
            row = np.minimum(row, wanted[place].size - 1)
            mine = wanted[place][row] == keys >> 16
            flat = row[mine] * HALF + (keys[mine] & (HALF - 1))
            lower[place] += np.bincount(flat, minlength=lower[place].size).reshape(lower[place].shape)
    found = np.empty(ranks.shape, np.float64)
    for place in range(columns):
        for k, rank in enumerate(ranks[:, place].tolist()):
            high = int(bins[k, place])
            before = int(reached[place][high - 1]) if high else 0
            table = lower[place][int(np.searchsorted(wanted[place], high))]
            digit = int(np.searchsorted(np.cumsum(table), rank - before, side="right"))
            found[k, place] = _value((high << 16) + min(digit, HALF - 1))
    return found


def _keys(values: np.ndarray) -> np.ndarray:
    """Whole numbers in the order of the values, those that are no number left out."""
    values = np.asarray(values, dtype=np.float32)
    values = values[~np.isnan(values)] + np.float32(0.0)  # minus nought becomes nought
    bits = values.view(np.uint32).astype(np.int64)
    return np.where(bits >> 31, 0xFFFFFFFF - bits, bits + 0x80000000)


def _value(key: int) -> float:
    bits = key - 0x80000000 if key >= 0x80000000 else 0xFFFFFFFF - key
    return float(np.uint32(bits).view(np.float32))
