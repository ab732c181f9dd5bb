"""Checks of arguments that have one row per order, offer or firm: (rows, worlds), or smaller and stretched to it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from world.arrays import not_negative, require

NOT_NEGATIVE = "a finite number, at least 0"


def rows_by_worlds(value: object, name: str) -> np.ndarray:
    """A two-dimensional array (rows, worlds) of finite numbers, at least zero, as float64.

    Raises: ValueError naming the argument if it has another number of axes, or index and world of a bad entry.
    """
    array = np.asarray(value, dtype=np.float64)
    if array.ndim != 2:
        raise ValueError(f"{name}: expected shape (rows, worlds), got shape {array.shape}")
    return require(array, not_negative, name, NOT_NEGATIVE)


def stretched(
    value: object,
    shape: tuple[int, ...],
    name: str,
    allowed: Callable[[np.ndarray], np.ndarray] = not_negative,
    wanted: str = NOT_NEGATIVE,
) -> np.ndarray:
    """A number, one number per row (no worlds axis) or a full array, as a float64 array of `shape`.

    Args:
        value     number, (rows,) where `shape` is (rows, worlds), or an array of `shape`
        allowed   truth value for each entry; `wanted` is the same in words
    Returns: an array of `shape`, read-only where it had to be stretched.
    Raises: ValueError naming the argument, what was given and what is wanted.
    """
    array = np.asarray(value, dtype=np.float64)
    if array.ndim == 0:
        if not allowed(array.reshape(1)).all():
            raise ValueError(f"{name}: the value is {array}; wanted {wanted}")
        return np.broadcast_to(array, shape)
    if array.shape == shape[:-1]:
        array = array[..., np.newaxis]
    elif array.shape != shape:
        raise ValueError(f"{name}: expected one number or shape {shape}, got shape {array.shape}")
    array = require(array, allowed, name, wanted)
    return array if array.shape == shape else np.broadcast_to(array, shape)


def number_or_never(array: np.ndarray) -> np.ndarray:
    """Where entries are numbers; plus infinity is one (a price nobody pays, a date that never comes)."""
    return array > -np.inf
