"""The vocabulary of arrays: shapes, exact folds, safe powers and ratios, and the checks of input.

Every quantity is float64 and its last axis is the world. The helpers below give the same bits for a world
alone and in a batch: they never reduce with an order that depends on the number of worlds, and they never
take a power by a scalar exponent (NumPy then uses another routine than for an array of exponents).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Bool, Float64, Int64

PerWorld = Float64[np.ndarray, "worlds"]
"""One number for each world, shape (worlds,)."""
PerRow = Float64[np.ndarray, "rows worlds"]
"""One number for each row (firm, buyer, order ...) and world, shape (rows, worlds)."""
PerGeneration = Float64[np.ndarray, "generations worlds"]
"""One number for each chip generation and world, shape (generations, worlds)."""
PerOperatorGeneration = Float64[np.ndarray, "operators generations worlds"]
"""One number for each chip owner, generation and world, shape (operators, generations, worlds)."""
Flags = Bool[np.ndarray, "worlds"]
"""One truth value for each world, shape (worlds,)."""
Numbers = Int64[np.ndarray, "worlds"]
"""One integer for each world, shape (worlds,)."""

_FLOAT64 = np.dtype(np.float64)
_UINT64 = np.dtype(np.uint64)
_add_rows = np.add.reduce
PAIRED_FROM = 8
"""NumPy adds fewer numbers than this one after the other in every memory layout, more of them in pairs in some."""
WIDE = 32
"""From so many worlds on rows are added faster one by one than number by number."""
_LEAST_WHOLE = 1e-200  # below any amount there is
_MOST_FLOAT = float(np.finfo(np.float64).max)
_LEAST_FLOAT = float(np.nextafter(0.0, 1.0))
BELOW_ONE = float(np.nextafter(1.0, 0.0))
"""The largest number below one."""


def bits_of(number: float) -> int:
    """A float64 read as an unsigned integer: without a sign the order is the same, NaN and the sign bit lie above."""
    return int(np.array([number]).view(np.uint64)[0])


def fold(rows: np.ndarray) -> np.ndarray:
    """Add the rows of the first axis one after the other, so that a world's bits never depend on the batch.

    Args:   rows     (rows, ..., worlds)   any unit
    Returns:         (..., worlds)         the same unit; zeros for no rows
    """
    if rows.dtype is not _FLOAT64:
        rows = rows.astype(np.float64)
    few = len(rows)
    if few == 2 and rows.ndim > 1:
        total: np.ndarray = rows[0] + rows[1]
        return total
    # NumPy runs along the worlds where they lie side by side, and then adds row to row as here.
    if few < PAIRED_FROM or (rows.shape[-1] > 1 and rows.strides[-1] == rows.itemsize):
        total = _add_rows(rows)
    elif rows.shape[-1] == 1:  # a running sum is taken in order by its meaning
        total = np.add.accumulate(rows, axis=0)[-1]
    else:
        total = rows[0] + rows[1]
        for row in rows[2:]:
            total += row
    return total if rows.ndim > 1 else np.asarray(total)


def fold_sectors(values: np.ndarray, index: Sequence[int] | np.ndarray, sectors: int) -> np.ndarray:
    """Add row k of `values` (rows, worlds) into sector index[k], in that order; returns (sectors, worlds)."""
    worlds = values.shape[-1]
    total = np.zeros((sectors, worlds))
    if worlds < WIDE:
        places = np.asarray(index, dtype=np.int64)[:, np.newaxis] * worlds + np.arange(worlds)
        np.add.at(total.reshape(-1), places.ravel(), values.ravel())
        return total
    lines = list(total)
    for row, sector in zip(values, np.asarray(index).tolist(), strict=True):
        line = lines[sector]
        np.add(line, row, out=line)
    return total


def power(base: np.ndarray, exponent: np.ndarray | float) -> np.ndarray:
    """base ** exponent for base > 0 as exp(exponent log base): the same bits for a scalar and an array exponent."""
    return np.exp(np.asarray(exponent, dtype=np.float64) * np.log(base))


def ratio(numerator: np.ndarray, denominator: np.ndarray, otherwise: float = 0.0) -> np.ndarray:
    """numerator / denominator where the denominator is positive, else `otherwise`; never warns.

    The numerator is below 1e100 where the denominator is not positive.
    """
    denominator = np.asarray(denominator, float)
    if denominator.size and lowest(denominator) > 0.0:
        return np.asarray(numerator / denominator)
    # Where masks change from world to world, choosing costs more than the same arithmetic for all.
    there = denominator > 0.0
    quotient = np.asarray(numerator / np.maximum(denominator, _LEAST_WHOLE))
    quotient *= there
    if otherwise:
        np.copyto(quotient, otherwise, where=~there)
    return quotient


def part_of(amount: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """amount / whole, for amounts that are nothing where the whole is not above zero: `ratio` without a mask.

    Of an amount above zero the part of nothing is beyond any bound that a caller then sets.
    """
    return np.asarray(amount / np.maximum(whole, _LEAST_WHOLE))


def lowest(values: np.ndarray) -> float:
    """The lowest entry of an array that has one, or one that is not a number: what `values.min()` says, sooner."""
    return float(values.item(values.argmin()))


def highest(values: np.ndarray) -> float:
    """The highest entry, as `lowest`."""
    return float(values.item(values.argmax()))


def some(values: np.ndarray | np.bool_) -> bool:
    """Whether any entry is true, or not zero: what `values.any()` says, sooner."""
    return bool(np.count_nonzero(values))


def locked(values: np.ndarray) -> np.ndarray:
    """The same array, read only."""
    values.setflags(write=False)
    return values


def below_zero(*stocks: np.ndarray) -> np.ndarray:
    """How far the lowest entry of each world is below zero, (worlds,), over stocks (..., worlds) of at least one row.

    One number for all worlds is found in half the time, so each is asked only where some entry is wrong.
    """
    lowest = np.zeros(stocks[0].shape[-1])
    for values in stocks:
        if not values.min(initial=0.0) >= 0.0:
            lowest = np.minimum(lowest, values.min(axis=tuple(range(values.ndim - 1)), initial=0.0))
    return np.maximum(-lowest, 0.0)


def beyond(values: np.ndarray, limits: np.ndarray) -> np.ndarray:
    """How far the entry of each world that passes its limit most does so, (worlds,); both (..., worlds)."""
    if np.count_nonzero(values <= limits) == values.size:
        return np.zeros(values.shape[-1])
    return np.maximum((values - limits).max(axis=tuple(range(values.ndim - 1)), initial=0.0), 0.0)


def pick_worlds(values: np.ndarray, worlds: np.ndarray) -> np.ndarray:
    """The named worlds of an array (..., worlds), contiguous; `worlds` are positions, or a truth value for each."""
    if worlds.dtype == bool:
        return values.compress(worlds, axis=-1)
    return values.take(worlds, axis=-1)


def per_world(value: object, worlds: int, name: str) -> np.ndarray:
    """A number or (worlds,) array as a float64 array of shape (worlds,).

    Raises: ValueError naming the argument if the shape is another or an entry is not a finite number.
    """
    array = np.asarray(value, dtype=np.float64)
    if array.ndim == 0:
        array = np.full(worlds, float(array))
    if array.shape != (worlds,):
        raise ValueError(f"{name}: expected one number or {worlds} numbers (one per world), got shape {array.shape}")
    return require(array, finite, name, "a finite number")


class Limits:
    """Numbers from `least` to `most`, both among them; what is not a number lies in no limits. For `require`."""

    __slots__ = ("_bits", "least", "most")

    def __init__(self, least: float = -np.inf, most: float = np.inf) -> None:
        self.least, self.most = least, most
        self._bits = (bits_of(least), bits_of(most)) if least >= 0.0 else None

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Where entries are allowed."""
        return (values >= self.least) & (values <= self.most)

    def surely_hold(self, array: np.ndarray) -> bool:
        """Whether all entries (there is one) are seen to be allowed in a pass or two; -0.0 needs the long way."""
        if self._bits is None:
            return lowest(array) >= self.least and highest(array) <= self.most
        bits = array.view(_UINT64)
        least, most = self._bits
        return bits.item(bits.argmax()) <= most and (least == 0 or bits.item(bits.argmin()) >= least)


finite = Limits(-_MOST_FLOAT, _MOST_FLOAT)
a_number = Limits()
"""Anything but what is not a number: infinity is one (a date that never comes)."""
positive = Limits(_LEAST_FLOAT, _MOST_FLOAT)
"""Finite and above zero."""
not_negative = Limits(0.0, _MOST_FLOAT)
"""Finite and at least zero."""
at_least_0 = Limits(0.0)
"""At least zero, or infinite."""
zero_to_one = Limits(0.0, 1.0)
below_one = Limits(0.0, BELOW_ONE)
"""From zero to below one."""
above_zero_to_one = Limits(_LEAST_FLOAT, 1.0)
"""Above zero and at most one."""


def require(
    values: np.ndarray | float, allowed: Callable[[np.ndarray], np.ndarray], name: str, wanted: str
) -> np.ndarray:
    """Return `values` as float64 if `allowed` holds everywhere.

    Raises: ValueError naming the argument, the first offending index and (its last axis) world, what was given
        and what is wanted.
    """
    array = np.asarray(values, dtype=np.float64)
    if type(allowed) is Limits and array.size and allowed.surely_hold(array):
        return array
    entries = np.atleast_1d(array)
    right = allowed(entries)
    if np.count_nonzero(right) < right.size:
        index = tuple(int(i) for i in np.argwhere(~right)[0])
        where = f"index {index[:-1]}, world {index[-1]}" if len(index) > 1 else f"world {index[0]}"
        raise ValueError(f"{name}: {where} is {entries[index]}; wanted {wanted}")
    return array
