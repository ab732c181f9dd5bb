"""Posting: entries are carried from the page on which they are made to the accounts of the sectors that they name.

How a page falls on the accounts is worked out once, stretch by stretch (`world.stretches`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from world.arrays import PerRow
from world.entries import ACCOUNTS, Entries, Moves
from world.stretches import Stretch

Post = tuple[np.ufunc, np.ndarray]
"""What an entry does to an account, or to two alike: add or subtract, and the rows of their sectors."""


class Side(NamedTuple):
    """What entries do to the books of the sectors of one stretch."""

    stretch: Stretch
    posts: tuple[Post, ...]


class Posting:
    """Carries entries into the accounts.

    Args: stock (accounts, sectors, worlds) in the order of ACCOUNTS, changed in place.
    """

    def __init__(self, stock: np.ndarray) -> None:
        self._stock = stock
        self._known: dict[Entries, tuple[list[Side], list[Side]]] = {}

    def sides(self, entries: Entries) -> tuple[list[Side], list[Side]]:
        """How entries fall on the payers' and on the payees' books."""
        sides = self._known.get(entries)
        if sides is None:
            kind = entries.kind
            sides = self._known[entries] = (
                self._side(entries.payer_stretches, kind.payer),
                self._side(entries.payee_stretches, kind.payee) if kind.payee else [],
            )
        return sides

    def enter(self, entries: Entries, amounts: PerRow) -> None:
        """Move the accounts of both sides, amounts (rows, worlds) $bn."""
        for side in self.sides(entries):
            for stretch, posts in side:
                rows = stretch.of(amounts)
                for move, account in posts:
                    move(account, rows, account)

    def enter_income(self, received_less_paid: PerRow) -> None:
        """Move cash against net worth on all books at once, (sectors, worlds) $bn."""
        both = self._stock[:: len(ACCOUNTS) - 1]  # the first and the last account
        np.add(both, received_less_paid, both)

    def _side(self, stretches: Sequence[Stretch], moves: Moves) -> list[Side]:
        """One side of the entries: the accounts that each stretch moves."""
        return [Side(stretch, self._posts(stretch.sectors, moves)) for stretch in stretches]

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
