"""The journal: what was entered in a quarter, line by line, and what it says of who paid whom."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from world.arrays import PerRow, PerWorld
from world.entries import FlowKey
from world.incidence import Incidence
from world.lines import Entries, Line, Lines, fitted

Falls = tuple[tuple[int, int], ...]
"""On which sums a line falls, each with a sign."""


class Journal:
    """What was entered this quarter.

    Args: lines, those of the books; sectors, rows of the sectors in the books.
    State: amounts, (lines and more, worlds) $bn, the sum of what was entered in each line this quarter.
    """

    def __init__(self, lines: Lines, sectors: dict[str, int], worlds: int) -> None:
        self.lines, self.worlds = lines, worlds
        self.amounts = np.zeros((lines.room, worlds))
        self._written: list[slice | np.ndarray] = []
        self._sectors = sectors
        self._asked: dict[object, tuple[int, Incidence]] = {}

    def note(self, entries: Entries, amounts: PerRow) -> None:
        """Write down amounts, (rows, worlds) $bn."""
        self.amounts = fitted(self.amounts, self.lines.room)
        self.amounts[entries.lines] += amounts
        self._written.append(entries.lines)

    def take_over(self, table: PerRow) -> PerRow:
        """Write down a table of all lines, (lines and more, worlds) $bn, and keep it; returns an empty one instead.

        Mostly other lines were written before, so to carry those over is less work than to carry all of the table.
        """
        empty = fitted(self.amounts, self.lines.room)
        self.amounts = fitted(table, self.lines.room)
        for lines in self._written:
            self.amounts[lines] += empty[lines]
            empty[lines] = 0.0
        self._written = [slice(0, len(self.lines))]
        return empty

    def begin_quarter(self) -> None:
        """Open a new record."""
        self.amounts[: len(self.lines)] = 0.0
        self._written = []

    def flows(self) -> dict[FlowKey, PerWorld]:
        """(recorded kind, payer, payee) -> (worlds,) $bn of this quarter so far, copies; without what moved nothing."""
        found: dict[FlowKey, PerWorld] = {}
        for key, row in zip(self.lines.keys, self.amounts, strict=False):
            if row.any():
                found[key] = found[key] + row if key in found else row.copy()
        return found

    # ------------------------------------------------------------------ sums

    def paid(self, kind: str | tuple[str, ...], payer: str | None, payee: str | None) -> PerWorld:
        """Sum of a kind of flow, or of several, over all payers and payees or those that are named, $bn (worlds,)."""
        first, second = (None if name is None else self._sectors[name] for name in (payer, payee))
        kinds = (kind,) if isinstance(kind, str) else kind

        def falls(line: Line) -> Falls:
            return ((0, 1),) if first in (None, line.payer) and second in (None, line.payee) else ()

        total: PerWorld = self._summed((kinds, payer, payee), kinds, falls, 1)[0]
        return total

    def paid_by(self, kind: str | tuple[str, ...], payers: tuple[str, ...]) -> PerRow:
        """Sum of a kind of flow, or of several, by payer, (payers, worlds) $bn."""
        places, kinds = self._places(payers), (kind,) if isinstance(kind, str) else kind
        return self._summed((kinds, payers), kinds, lambda line: places.get(line.payer, ()), len(payers))

    def paid_to(self, kind: str | tuple[str, ...], payees: tuple[str, ...]) -> PerRow:
        """Sum of a kind of flow, or of several, by payee, (payees, worlds) $bn."""
        return self.received_less_paid(payees, (kind,) if isinstance(kind, str) else kind, ())

    def paid_of_each(self, kinds: tuple[str, ...], payer: str) -> PerRow:
        """Sum of each kind of flow that one sector paid, (kinds, worlds) $bn."""
        place, row = {kind: ((place, 1),) for place, kind in enumerate(kinds)}, self._sectors[payer]

        def falls(line: Line) -> Falls:
            return place[line.kind.recorded_as] if line.payer == row else ()

        return self._summed((kinds, payer), kinds, falls, len(kinds))

    def received_less_paid(self, names: tuple[str, ...], received: tuple[str, ...], paid: tuple[str, ...]) -> PerRow:
        """What sectors received in some kinds of flow less what they paid in some, (names, worlds) $bn."""
        gains, losses = self._places(names), self._places(names, -1)

        def falls(line: Line) -> Falls:
            kind = line.kind.recorded_as
            return (
                *(gains.get(line.payee, ()) if kind in received else ()),
                *(losses.get(line.payer, ()) if kind in paid else ()),
            )

        return self._summed((names, received, paid), (*received, *paid), falls, len(names))

    def paid_between(self, kind: str | tuple[str, ...], payers: tuple[str, ...], payees: tuple[str, ...]) -> np.ndarray:
        """Sum of a kind of flow, or of several, by payer and payee, (payers, payees, worlds) $bn."""
        first, second = ([self._sectors[name] for name in names] for names in (payers, payees))
        kinds = (kind,) if isinstance(kind, str) else kind

        def falls(line: Line) -> Falls:
            if line.payer not in first or line.payee not in second:
                return ()
            return ((first.index(line.payer) * len(second) + second.index(line.payee), 1),)

        sums = self._summed((kinds, payers, payees, "between"), kinds, falls, len(first) * len(second))
        return sums.reshape(len(first), len(second), self.worlds)

    def _places(self, names: tuple[str, ...], sign: int = 1) -> dict[int, Falls]:
        """On which sum a sector falls, for each that is named."""
        return {self._sectors[name]: ((place, sign),) for place, name in enumerate(names)}

    def _summed(self, asked: object, kinds: tuple[str, ...], falls: Callable[[Line], Falls], sums: int) -> PerRow:
        """Lines of some recorded kinds added up; how is worked out anew when there are new lines."""
        there = [self.lines.recorded_as.get(kind, ()) for kind in kinds]
        count = sum(map(len, there))
        made, incidence = self._asked.get(asked, (-1, None))
        if incidence is None or made != count:
            numbers = self.lines.table.of({number for numbers in there for number in numbers}).number.tolist()
            terms = [(row, number, sign) for number in numbers for row, sign in falls(self.lines.met[number])]
            columns = np.array(terms, dtype=np.int64).reshape(-1, 3).T
            incidence = Incidence(columns[0], columns[1], columns[2], sums)
            self._asked[asked] = count, incidence
        self.amounts = fitted(self.amounts, self.lines.room)
        return incidence.fold(self.amounts)


def saved(lines: Lines, amounts: np.ndarray) -> dict[str, np.ndarray]:
    """The amounts that are not zero as copies, (worlds,) each, under `kind|payer|payee`."""
    return {
        "|".join((line.kind.name, *key[1:])): row.copy()
        for line, key, row in zip(lines.met, lines.keys, amounts, strict=False)
        if row.any()
    }
