"""Dues: what is to be paid in a quarter, line by line, what it comes to by sector, and how it is cleared."""

from __future__ import annotations

import numpy as np

from world.arrays import PerRow, PerWorld, pick_worlds, some
from world.entries import CLASSES, KINDS_IN_PLACE
from world.incidence import Incidence
from world.lines import Entries, Lines, fitted
from world.settlement import ROUNDING, clear_where_short

# A gap below this share of a due is the rounding of the clearing and nobody's default.
ROUNDING_OF_A_DUE = 1e-12


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
        self._sums: np.ndarray | None = None
        self._falls_on: Incidence | None = None

    def add(self, entries: Entries, amounts: PerRow) -> None:
        """Queue checked amounts, (rows, worlds) $bn."""
        self.amounts = fitted(self.amounts, self.lines.room)
        if entries not in self._pages:
            self._pages.add(entries)
            self.queued = {*self.queued, *entries.numbers}
            self._falls_on = None
        self.amounts[entries.lines] += amounts
        self._sums = None

    def of(self, entries: Entries) -> PerRow:
        """What is due in the lines of some entries, (rows, worlds) $bn."""
        self.amounts = fitted(self.amounts, self.lines.room)
        return np.asarray(self.amounts[entries.lines])

    def waive(self, number: int, amount: PerWorld) -> None:
        """Take an amount off a line, $bn (worlds,), or all that is due where that is less."""
        line, owed = self.lines.met[number], self.amounts[number]
        part = np.minimum(amount, owed)
        owed -= part
        if self._sums is not None:  # nothing else changes in what was added up
            net, to_pay = self._shaped(self._sums)
            net[line.payer] += part
            net[line.payee] -= part
            to_pay[line.payer] -= part

    def empty(self) -> None:
        """Nothing is due any more."""
        self.amounts[: len(self.lines)] = 0.0
        self._sums = None

    def net(self) -> PerRow:
        """What each sector is to be paid less what it has to pay, (sectors, worlds) $bn; not to be changed."""
        return self._added_up()[0]

    def _added_up(self) -> np.ndarray:
        """The same, and what each sector has to pay, (2, sectors, worlds) $bn."""
        if self._sums is None:
            self._sums = self._known().fold(self.amounts)
        return self._shaped(self._sums)

    def clear(self, cash: PerRow) -> tuple[PerRow, dict[int, PerWorld]]:
        """Cut the amounts down to what is paid: all dues together, each payer its senior classes first.

        Where everybody can pay with its cash and all that it is owed, everybody does. Only the other worlds need a
        clearing.

        Args: cash (sectors, worlds) $bn before.
        Returns: cash after (sectors, worlds) $bn, and by line what stays unpaid, (worlds,) $bn.
        """
        self.amounts = fitted(self.amounts, self.lines.room)
        net, to_pay = self._added_up()
        after = cash + net
        # Who can just pay in full is not short: a default by rounding alone would be no default.
        below = np.asarray(after < -ROUNDING * to_pay)
        below[~self._limited] = False
        if not some(below) or not some(below := below & (to_pay > 0.0)):
            return after, {}
        hit = np.flatnonzero(below.any(axis=0))
        held, owed = pick_worlds(cash, hit), pick_worlds(to_pay, hit)
        unpaid = self._clear_worlds(held, self._limited[:, np.newaxis] & (owed > 0.0) & (held < owed), hit)
        after[:, hit] = held + self._shaped(self._known().fold(pick_worlds(self.amounts, hit)))[0]
        return after, unpaid

    def _clear_worlds(self, cash: np.ndarray, short: np.ndarray, worlds: np.ndarray) -> dict[int, np.ndarray]:
        """Clear the dues of some worlds; returns what stays unpaid by line."""
        due = pick_worlds(self.amounts[: len(self.lines)], worlds)
        left, queued = due.copy(), self.lines.table.of(self.queued)
        ranks = _CLASS_OF_KIND[queued.kind].tolist()
        payers, payees = queued.payer.tolist(), queued.payee.tolist()
        for at, part in clear_where_short(cash, short, payers, payees, ranks, list(left[queued.number])).items():
            left[queued.number[at]] = part
        return self._cut_down(worlds, due, left)

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
        """Sums of two kinds by sector as (2, sectors, worlds)."""
        return sums.reshape(2, self._sectors, sums.shape[1])

    def _known(self) -> Incidence:
        """On which sums the lines fall; worked out anew when something is due in a new line."""
        if self._falls_on is None:
            lines, sectors = self.lines.table.of(self.queued), self._sectors
            ones = np.ones(len(lines.payer))
            self._falls_on = Incidence(
                np.concatenate((lines.payer, lines.payee, sectors + lines.payer)),
                np.tile(lines.number, 3),
                np.concatenate((-ones, ones, ones)),
                2 * sectors,
            )
        return self._falls_on


_CLASS_OF_KIND = np.array([CLASSES.index(kind.due_class) if kind.due_class else -1 for kind in KINDS_IN_PLACE])
