"""Dues: what is to be paid in a quarter, line by line, what it comes to by sector, and how it is cleared."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from world.arrays import PerRow, PerWorld, fold, pick_worlds, some
from world.entries import CLASSES, KINDS_IN_PLACE
from world.incidence import Incidence
from world.lines import Entries, Lines, Table, fitted
from world.settlement import ROUNDING, clear_where_short

# A gap below this share of a due is the rounding of the clearing and nobody's default.
ROUNDING_OF_A_DUE = 1e-12


class Sums(NamedTuple):
    """On which sectors' sums the lines of the queue fall."""

    net: Incidence
    """What is received less what is paid."""
    queued: Table
    """The lines themselves."""


class Dues:
    """The queue of a quarter's dues.

    Args: lines, those of the books; limited, (sectors,) of bool, who may not pay more than it has.
    State: amounts, (lines and more, worlds) $bn >= 0, what is due in each line; queued, the lines in which anything
        ever was due.
    """

    def __init__(self, lines: Lines, limited: np.ndarray, worlds: int) -> None:
        self.lines, self.worlds = lines, worlds
        self._limited = limited
        self.amounts = np.zeros((lines.room, worlds))
        self.queued: set[int] = set()
        self._pages: set[Entries] = set()
        self._net: np.ndarray | None = None
        self._sums: Sums | None = None

    def add(self, entries: Entries, amounts: PerRow) -> None:
        """Queue checked amounts, (rows, worlds) $bn."""
        self.amounts = fitted(self.amounts, self.lines.room)
        if entries not in self._pages:
            self._pages.add(entries)
            self.queued = {*self.queued, *entries.numbers}
            self._sums = None
        self.amounts[entries.lines] += amounts
        self._net = None

    def of(self, entries: Entries) -> PerRow:
        """What is due in the lines of some entries, (rows, worlds) $bn."""
        self.amounts = fitted(self.amounts, self.lines.room)
        return np.asarray(self.amounts[entries.lines])

    def waive(self, entries: Entries, amounts: PerRow) -> None:
        """Take amounts off the lines of some entries, (rows, worlds) $bn, or all that is due where that is less."""
        for number, amount in zip(entries.numbers, amounts, strict=True):
            line, owed = self.lines.met[number], self.amounts[number]
            part = np.minimum(amount, owed)
            owed -= part
            if self._net is not None:  # nothing else changes in what was added up
                self._net[line.payer] += part
                self._net[line.payee] -= part

    def begin_anew(self, table: PerRow) -> None:
        """Nothing is due any more; a table of zeros, (lines and more, worlds), for what will be."""
        self.amounts, self._net = table, None

    def net(self) -> PerRow:
        """What each sector is to be paid less what it has to pay, (sectors, worlds) $bn; not to be changed."""
        if self._net is None:
            self._net = self._known().net.fold(self.amounts)
        return self._net

    def clear(self, cash: PerRow) -> tuple[PerRow, dict[int, PerWorld]]:
        """Cut the amounts down to what is paid: all dues together, each payer its senior classes first.

        Where everybody can pay with its cash and all that it is owed, everybody does. Only the other worlds need a
        clearing.

        Args: cash (sectors, worlds) $bn before.
        Returns: cash after (sectors, worlds) $bn, and by line what stays unpaid, (worlds,) $bn.
        """
        self.amounts = fitted(self.amounts, self.lines.room)
        after, queued = cash + self.net(), self._known().queued
        short = np.zeros(self.worlds, dtype=bool)
        for sector in np.flatnonzero((after.min(axis=1) < 0.0) & self._limited).tolist():
            to_pay = fold(self.amounts[queued.number[queued.payer == sector]])
            # Who can just pay in full is not short: a default by rounding alone would be no default.
            short |= (to_pay > 0.0) & (after[sector] < -ROUNDING * to_pay)
        hit = np.flatnonzero(short)
        if not hit.size:
            return after, {}
        held, due = pick_worlds(cash, hit), pick_worlds(self.amounts[: len(self.lines)], hit)
        paid = due.copy()
        means = np.where(self._limited[:, np.newaxis], np.maximum(held, 0.0), np.inf)
        owed, ranks = due[queued.number], _CLASS_OF_KIND[queued.kind]
        paid[queued.number] = clear_where_short(means, queued.payer, queued.payee, ranks, owed)
        after[:, hit] = held + self._known().net.fold(paid)
        return after, self._cut_down(hit, due, paid)

    def _cut_down(self, worlds: np.ndarray, due: np.ndarray, paid: np.ndarray) -> dict[int, np.ndarray]:
        """Take over what is paid in some worlds, (lines, these worlds) $bn; returns what stays unpaid by line."""
        cut, numbers, unpaid = (due != paid).any(axis=1), self.lines.table.number, {}
        for number in numbers[cut[numbers]].tolist():
            self.amounts[number, worlds] = paid[number]
            gap = due[number] - paid[number]
            gap[gap <= ROUNDING_OF_A_DUE * due[number]] = 0.0
            if some(gap):
                unpaid[number] = np.zeros(self.worlds)
                unpaid[number][worlds] = gap
        return unpaid

    def _known(self) -> Sums:
        """On which sums the lines fall; worked out anew when something is due in a new line."""
        if self._sums is None:
            lines, sectors = self.lines.table.of(self.queued), len(self._limited)
            ones = np.ones(len(lines.payer))
            both, signs = np.concatenate((lines.payer, lines.payee)), np.concatenate((-ones, ones))
            self._sums = Sums(Incidence(both, np.tile(lines.number, 2), signs, sectors), lines)
        return self._sums


_CLASS_OF_KIND = np.array([CLASSES.index(kind.due_class) if kind.due_class else -1 for kind in KINDS_IN_PLACE])
