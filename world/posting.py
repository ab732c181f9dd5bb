"""Posting: entries are carried from the page on which they are made to the accounts of the sectors that they name.

Neighbouring rows of a page that fall on neighbouring sectors move their accounts in one addition, and rows that all
fall on one sector are added up first. How a page falls on the accounts is worked out once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from world.arrays import PerRow, fold
from world.entries import ACCOUNTS, Entries, Moves

Post = tuple[np.ufunc, np.ndarray]
"""What an entry does to an account, or to two alike: add or subtract, and the rows of their sectors."""


class Stretch(NamedTuple):
    """Neighbouring rows of a page that fall on neighbouring sectors one by one, or all on one sector."""

    part: slice
    """The rows on the page."""
    together: bool
    """Whether they are one sector's; then they are added up before they are posted."""
    sectors: slice | int
    """Whose books they move."""
    posts: tuple[Post, ...]
    """What they do there."""


class Posting:
    """Carries entries into the accounts.

    Args: stock (accounts, sectors, worlds) in the order of ACCOUNTS, changed in place; index: sector -> row.
    """

    def __init__(self, stock: np.ndarray, index: Mapping[str, int]) -> None:
        self._stock, self._index = stock, index
        self._known: dict[Entries, tuple[list[Stretch], list[Stretch]]] = {}

    def sides(self, entries: Entries) -> tuple[list[Stretch], list[Stretch]]:
        """How entries fall on the payers' and on the payees' books."""
        sides = self._known.get(entries)
        if sides is None:
            kind = entries.kind
            sides = self._known[entries] = (
                self._side(entries.payers, kind.payer),
                self._side(entries.payees, kind.payee) if kind.payee else [],
            )
        return sides

    def add_up(self, entries: Entries, amounts: PerRow, totals: np.ndarray) -> None:
        """Add amounts (rows, worlds) to what payers pay and payees get, totals (2, sectors, worlds)."""
        for total, side in zip(totals, self.sides(entries), strict=True):
            for part, together, sectors, _ in side:
                line = total[sectors]
                np.add(line, fold(amounts[part]) if together else amounts[part], line)

    def enter(self, entries: Entries, amounts: PerRow) -> None:
        """Move the accounts of both sides, amounts (rows, worlds) $bn."""
        for side in self.sides(entries):
            for part, together, _, posts in side:
                rows = fold(amounts[part]) if together else amounts[part]
                for move, account in posts:
                    move(account, rows, account)

    def _side(self, names: Sequence[str], moves: Moves) -> list[Stretch]:
        """One side of the entries: where each run of sectors is found, and the accounts that it moves."""
        side = []
        for begin, end, first, step in _runs([self._index[name] for name in names]):
            sectors = slice(first, first + end - begin) if step else first
            side.append(Stretch(slice(begin, end), step == 0, sectors, self._posts(sectors, moves)))
        return side

    def _posts(self, sectors: slice | int, moves: Moves) -> tuple[Post, ...]:
        """What moves do on the books of some sectors; two accounts that rise or fall alike are moved at once."""
        posts: list[Post] = []
        for move, sign in ((np.add, 1), (np.subtract, -1)):
            accounts = sorted(ACCOUNTS.index(account) for account, way in moves if way == sign)
            if len(accounts) == 2:
                first, last = accounts
                posts.append((move, self._stock[first : last + 1 : last - first, sectors]))
            else:
                posts.extend((move, self._stock[account, sectors]) for account in accounts)
        return tuple(posts)


def _runs(sectors: Sequence[int]) -> list[tuple[int, int, int, int]]:
    """Cut a column of sectors into runs (begin, end, first sector, step): step 1, or 0 for one sector repeated."""
    runs: list[tuple[int, int, int, int]] = []
    for at, sector in enumerate(sectors):
        if runs:
            begin, end, first, step = runs[-1]
            step = 0 if end - begin == 1 and sector == first else step
            if sector == first + step * (end - begin):
                runs[-1] = (begin, at + 1, first, step)
                continue
        runs.append((at, at + 1, sector, 1))
    return runs
