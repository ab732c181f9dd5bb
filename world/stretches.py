"""How the rows of a page of entries fall on the books: neighbours on neighbours, and several rows on one sector.

A sector with several rows gets their sum, rows with zeros included, so a world's bits do not depend on which rows
other worlds need.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Stretch(NamedTuple):
    """Neighbouring rows of a page that fall on neighbouring sectors one by one, or all rows of one sector."""

    part: slice | list[int]
    """The rows on the page."""
    together: bool
    """Whether they are one sector's; then they are added up before they are posted."""
    sectors: slice | int
    """Whose books they move."""


def stretches(sectors: Sequence[int]) -> list[Stretch]:
    """Cut a page into stretches; `sectors` are those of its rows."""
    found: list[Stretch] = []
    singles: list[list[int]] = []
    for sector in dict.fromkeys(sectors):
        rows = [row for row, other in enumerate(sectors) if other == sector]
        if len(rows) > 1:
            found.append(Stretch(_evenly(rows), True, sector))
        elif singles and rows[0] == singles[-1][-1] + 1 and sector == sectors[singles[-1][-1]] + 1:
            singles[-1].append(rows[0])
        else:
            singles.append(rows)
    for rows in singles:
        first = sectors[rows[0]]
        found.append(Stretch(slice(rows[0], rows[-1] + 1), False, slice(first, first + len(rows))))
    return found


def _evenly(rows: list[int]) -> slice | list[int]:
    """Rows as a slice if they lie evenly apart: that copies nothing."""
    step = rows[1] - rows[0]
    even = range(rows[0], rows[-1] + 1, step)
    return slice(even.start, even.stop, step) if list(even) == rows else rows
