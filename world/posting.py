"""Posting: entries are carried from the page on which they are made to the accounts of the sectors that they name.

How a page falls on the accounts is worked out once, as a table that adds its rows up.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from world.arrays import PerRow
from world.entries import ACCOUNTS, KINDS_IN_PLACE, Moves
from world.incidence import Incidence
from world.lines import Entries, Lines, Table


def _signs(moves: Moves) -> list[int]:
    """What an entry of one dollar does to each account."""
    return [dict(moves).get(account, 0) for account in ACCOUNTS]


_MOVES = np.array([[_signs(kind.payer), _signs(kind.payee)] for kind in KINDS_IN_PLACE])
"""The same for each kind and both its sides, (kinds, payer and payee, accounts)."""
_AGAINST_CASH = _MOVES * [account != "cash" for account in ACCOUNTS]
"""The same of all accounts but cash."""


class Posting:
    """Carries entries into the accounts.

    Args: stock (accounts, sectors, worlds) in the order of ACCOUNTS, changed in place.
    """

    def __init__(self, stock: np.ndarray) -> None:
        self._sectors, self._accounts = stock.shape[1], stock.reshape(-1, stock.shape[2])
        self._known: dict[Entries, Incidence] = {}
        self._against_cash: tuple[Collection[int], Incidence] | None = None

    def enter(self, entries: Entries, amounts: PerRow) -> None:
        """Move the accounts of both sides, amounts (rows, worlds) $bn and C-contiguous."""
        incidence = self._known.get(entries)
        if incidence is None:
            incidence = self._known[entries] = self._incidence(entries.table, _MOVES)
        incidence.add_to(self._accounts, amounts)

    def enter_against_cash(self, lines: Lines, numbers: Collection[int], amounts: np.ndarray) -> None:
        """Move what stands against cash that has been paid: all accounts but cash, of both sides of some lines.

        Args: amounts: (lines and more, worlds) $bn, zero in all lines that are not among `numbers`.
        """
        if self._against_cash is None or self._against_cash[0] is not numbers:
            self._against_cash = numbers, self._incidence(lines.table.of(numbers), _AGAINST_CASH)
        self._against_cash[1].add_to(self._accounts, amounts)

    def _incidence(self, table: Table, moves: np.ndarray) -> Incidence:
        """What adds lines up on the accounts that they move, rows of accounts by sectors."""
        line, side, account = moves[table.kind].nonzero()
        rows = account * self._sectors + np.where(side == 0, table.payer[line], table.payee[line])
        return Incidence(rows, table.number[line], moves[table.kind[line], side, account], len(self._accounts))
