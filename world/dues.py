"""Dues: what is to be paid in a quarter, line by line, what it comes to by class and sector, and how it is cleared."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from world.arrays import PerRow, PerWorld, fold, pick_worlds, some
from world.entries import CLASSES, KINDS_IN_PLACE, place_of_kind
from world.incidence import Incidence
from world.lines import Entries, Lines, Table, fitted
from world.settlement import ROUNDING, clear_where_short

# A gap below this share of a due is the rounding of the clearing and nobody's default.
ROUNDING_OF_A_DUE = 1e-12


class Sums(NamedTuple):
    """On which sums the lines of the queue fall: one for each class and sector."""

    net: Incidence
    """What is received less what is paid."""
    paid: Incidence
    received: Incidence
    by_class: list[Table]
    """The lines of each class."""


class Dues:
    """The queue of a quarter's dues.

    Args: lines, those of the books; limited, (sectors,) of bool, who may not pay more than it has.
    State: amounts, (lines and more, worlds) $bn >= 0, what is due in each line; queued, the lines in which anything
        ever was due.
    """

    def __init__(self, lines: Lines, limited: np.ndarray, worlds: int) -> None:
        self.lines, self.worlds = lines, worlds
        self._limited, self._sectors = limited, len(limited)
        self.amounts = np.zeros((lines.room, worlds))
        self.queued: set[int] = set()
        self._pages: set[Entries] = set()
        self._net: np.ndarray | None = None
        self._net_by_class: np.ndarray | None = None
        self._sums: Sums | None = None

    def add(self, entries: Entries, amounts: PerRow) -> None:
        """Queue checked amounts, (rows, worlds) $bn."""
        self.amounts = fitted(self.amounts, self.lines.room)
        if entries not in self._pages:
            self._pages.add(entries)
            self.queued = {*self.queued, *entries.numbers}
            self._sums = None
        self.amounts[entries.lines] += amounts
        self._net = self._net_by_class = None

    def of(self, entries: Entries) -> PerRow:
        """What is due in the lines of some entries, (rows, worlds) $bn."""
        self.amounts = fitted(self.amounts, self.lines.room)
        return np.asarray(self.amounts[entries.lines])

    def waive(self, number: int, amount: PerWorld) -> None:
        """Take an amount off a line, $bn (worlds,), or all that is due where that is less."""
        line, owed = self.lines.met[number], self.amounts[number]
        part = np.minimum(amount, owed)
        owed -= part
        self._net = None
        if self._net_by_class is not None:  # nothing else changes in what was added up
            of_class = self._net_by_class[_CLASS_OF_KIND[place_of_kind(line.kind)]]
            of_class[line.payer] += part
            of_class[line.payee] -= part

    def empty(self) -> None:
        """Nothing is due any more."""
        self.amounts[: len(self.lines)] = 0.0
        self._net = self._net_by_class = None

    def net(self) -> PerRow:
        """What each sector is to be paid less what it has to pay, (sectors, worlds) $bn; not to be changed."""
        if self._net is None:
            self._net = fold(self._by_class())
        return self._net

    def _by_class(self) -> np.ndarray:
        """The same for each class, seniors first, (classes, sectors, worlds) $bn."""
        if self._net_by_class is None:
            self._net_by_class = self._shaped(self._known().net.fold(self.amounts))
        return self._net_by_class

    def clear(self, cash: PerRow) -> tuple[PerRow, dict[int, PerWorld]]:
        """Cut the amounts down to what is paid, class by class, each payer the same share of all its dues in a class.

        Where everybody could pay with its cash and all that it is owed so far, everybody does. Only the other worlds
        need a clearing.

        Args: cash (sectors, worlds) $bn before.
        Returns: cash after (sectors, worlds) $bn, and by line what stays unpaid, (worlds,) $bn.
        """
        self.amounts = fitted(self.amounts, self.lines.room)
        net = self._by_class()
        after = cash + net[0]
        lowest, highest = after.copy(), np.maximum(cash, after)
        for of_class in net[1:]:
            after += of_class
            np.minimum(lowest, after, out=lowest)
            np.maximum(highest, after, out=highest)
        # Who can just pay in full is not short: a default by rounding alone would be no default.
        below = np.asarray(lowest < -ROUNDING * highest)
        below[~self._limited] = False
        if not some(below):
            return after, {}
        hit = np.flatnonzero(below.any(axis=0))
        after[:, hit], unpaid = self._clear_worlds(pick_worlds(cash, hit), hit)
        return after, unpaid

    def _clear_worlds(self, cash: np.ndarray, worlds: np.ndarray) -> tuple[np.ndarray, dict[int, np.ndarray]]:
        """Clear some worlds class by class; returns the cash that is left there and what stays unpaid."""
        due = pick_worlds(self.amounts[: len(self.lines)], worlds)
        left, sums = due.copy(), self._known()
        paid, received = (self._shaped(side.fold(left)) for side in (sums.paid, sums.received))
        for place, lines in enumerate(sums.by_class):
            owes = self._limited[:, np.newaxis] & (paid[place] > 0.0)
            lost = owes & (cash + received[place] < paid[place] * (1.0 - ROUNDING))
            if some(lost):
                short, rows = owes & (cash < paid[place]) & lost.any(axis=0), list(left[lines.number])
                for at, part in clear_where_short(
                    cash, short, lines.payer.tolist(), lines.payee.tolist(), rows
                ).items():
                    left[lines.number[at]] = part
                paid, received = (self._shaped(side.fold(left)) for side in (sums.paid, sums.received))
            cash = cash + (received[place] - paid[place])
        return cash, self._cut_down(worlds, due, left)

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

    def _shaped(self, sums: np.ndarray) -> np.ndarray:
        """Sums by class and sector as (classes, sectors, worlds)."""
        return sums.reshape(len(CLASSES), self._sectors, sums.shape[1])

    def _known(self) -> Sums:
        """On which sums the lines fall; worked out anew when something is due in a new line."""
        if self._sums is None:
            lines, rows = self.lines.table.of(self.queued), len(CLASSES) * self._sectors
            due_class = _CLASS_OF_KIND[lines.kind]
            payer, payee = due_class * self._sectors + lines.payer, due_class * self._sectors + lines.payee
            ones = np.ones(len(payer))
            self._sums = Sums(
                net=Incidence(
                    np.concatenate((payer, payee)), np.tile(lines.number, 2), np.concatenate((-ones, ones)), rows
                ),
                paid=Incidence(payer, lines.number, ones, rows),
                received=Incidence(payee, lines.number, ones, rows),
                by_class=[lines.of(lines.number[due_class == at].tolist()) for at in range(len(CLASSES))],
            )
        return self._sums


_CLASS_OF_KIND = np.array([CLASSES.index(kind.due_class) if kind.due_class else -1 for kind in KINDS_IN_PLACE])
