"""Incidence: which rows of one table fall on which rows of another, added or subtracted; bookkeeping in one product."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from scipy.sparse import csr_array

try:  # what SciPy's product calls once it has found out what it was given, which takes it longer than few terms do
    from scipy.sparse._sparsetools import csr_matvecs as _csr_matvecs
except ImportError:
    _csr_matvecs = None
_add_products: Callable[..., Any] | None = _csr_matvecs

Whole = Sequence[int] | np.ndarray


class Incidence:
    """A constant table of zeros, ones and minus ones that adds rows up.

    Args, one of each for every term:
        sums      the sum to which a row is added; the terms of one sum are added in the order in which they are given
        rows      the row
        signs     1 or -1
        count     number of sums
    Laws (tests/invariants/test_incidence.py): the sums of a loop over the terms, bit for bit; a world alone equals its
        column.
    """

    def __init__(self, sums: Whole, rows: Whole, signs: Whole, count: int) -> None:
        targets = np.asarray(sums, dtype=np.int64)
        order = np.argsort(targets, kind="stable")
        columns = np.asarray(rows, dtype=np.int64)[order]
        ends = np.cumsum(np.bincount(targets, minlength=count))
        self._rows, self._count = 1 + int(columns.max(initial=-1)), count
        self._matrix = csr_array(
            (np.asarray(signs, dtype=np.float64)[order], columns, np.concatenate(([0], ends))),
            shape=(count, self._rows),
        )
        self._table = self._matrix.indptr, self._matrix.indices, self._matrix.data

    def fold(self, values: np.ndarray) -> np.ndarray:
        """Add rows up, (rows and more, worlds) in any unit and C-contiguous; returns (sums, worlds) in the same."""
        rows, worlds = values[: self._rows], values.shape[1]
        if _add_products is None or rows.dtype != np.float64 or not rows.flags.c_contiguous:
            product: np.ndarray = self._matrix @ rows
            return product
        sums = np.zeros((self._count, worlds))
        _add_products(self._count, self._rows, worlds, *self._table, rows.reshape(-1), sums.reshape(-1))
        return sums

    def add_to(self, totals: np.ndarray, values: np.ndarray) -> None:
        """Add rows to totals, (sums, worlds) and C-contiguous, in place: term by term, from what stands there on."""
        rows, worlds = values[: self._rows], values.shape[1]
        plain = rows.dtype == totals.dtype == np.float64 and rows.flags.c_contiguous and totals.flags.c_contiguous
        if _add_products is None or not plain:
            totals += self.fold(values)
        else:
            _add_products(self._count, self._rows, worlds, *self._table, rows.reshape(-1), totals.reshape(-1))


@lru_cache(maxsize=256)
def _groups(index: tuple[int, ...], count: int) -> Incidence:
    return Incidence([group % count for group in index], range(len(index)), [1] * len(index), count)


def fold_groups(values: np.ndarray, index: Sequence[int], count: int) -> np.ndarray:
    """Add row k of `values` (rows, worlds) into group index[k]; returns (count, worlds), the bits of `fold_sectors`.

    For an index that a run asks for every quarter: its table is kept, and adding up then takes half the time. -1 is the
    last group.
    """
    return _groups(tuple(index), count).fold(values)
