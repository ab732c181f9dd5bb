"""Posting: entries are carried from the page on which they are made to the accounts of the sectors that they name.

How a page falls on the accounts is worked out once, stretch by stretch (`world.stretches`).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import numpy as np

from world.arrays import PerRow, fold
from world.entries import ACCOUNTS, KINDS_IN_PLACE, Moves
from world.incidence import Incidence
from world.lines import Entries, Lines
from world.stretches import stretches

Post = tuple[np.ufunc, np.ndarray]
"""What an entry does to an account, or to two alike: add or subtract, and the rows of their sectors."""


def _signs(moves: Moves) -> list[int]:
    """What an entry of one dollar does to each account but cash."""
    return [0 if account == "cash" else dict(moves).get(account, 0) for account in ACCOUNTS]


_AGAINST_CASH = np.array([[_signs(kind.payer), _signs(kind.payee)] for kind in KINDS_IN_PLACE])
"""The same for each kind and both its sides, (kinds, payer and payee, accounts)."""


class Step(NamedTuple):
    """What entries do to the books of the sectors of one stretch."""

    part: slice | list[int]
    together: bool
    """The rows of the page, and whether they are added up first, as in `Stretch`."""
    posts: tuple[Post, ...]


class Posting:
    """Carries entries into the accounts.

    Args: stock (accounts, sectors, worlds) in the order of ACCOUNTS, changed in place.
    """

    def __init__(self, stock: np.ndarray) -> None:
        self._stock = stock
        self._known: dict[Entries, list[Step]] = {}
        self._against_cash: tuple[Collection[int], Incidence] | None = None

    def enter(self, entries: Entries, amounts: PerRow) -> None:
        """Move the accounts of both sides, amounts (rows, worlds) $bn."""
        steps = self._known.get(entries)
        if steps is None:
            kind = entries.kind
            sides = ((entries.payer_rows, kind.payer), (entries.payee_rows, kind.payee))
            steps = self._known[entries] = [
                Step(stretch.part, stretch.together, self._posts(stretch.sectors, moves))
                for rows, moves in sides
                if moves
                for stretch in stretches(rows)
            ]
        for part, together, posts in steps:
            rows = fold(amounts[part]) if together else amounts[part]
            for move, account in posts:
                move(account, rows, account)

    def enter_against_cash(self, lines: Lines, numbers: Collection[int], amounts: np.ndarray) -> None:
        """Move what stands against cash that has been paid: all accounts but cash, of both sides of some lines.

        Args: amounts: (lines and more, worlds) $bn, zero in all lines that are not among `numbers`.
        """
        if self._against_cash is None or self._against_cash[0] is not numbers:
            self._against_cash = numbers, self._against(lines, numbers)
        self._against_cash[1].add_to(self._stock.reshape(-1, self._stock.shape[-1]), amounts)

    def _against(self, lines: Lines, numbers: Collection[int]) -> Incidence:
        """What adds some lines up on the accounts that they move, rows of accounts by sectors."""
        table, (accounts, sectors, _) = lines.table.of(numbers), self._stock.shape
        line, side, account = _AGAINST_CASH[table.kind].nonzero()
        rows = account * sectors + np.where(side == 0, table.payer[line], table.payee[line])
        signs = _AGAINST_CASH[table.kind[line], side, account]
        return Incidence(rows, table.number[line], signs, accounts * sectors)

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
