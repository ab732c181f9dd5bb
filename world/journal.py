"""The journal: what was entered in a quarter, line by line, and what it says of who paid whom."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from world.arrays import PerRow, PerWorld
from world.entries import FlowKey
from world.incidence import Incidence
from world.lines import Entries, Lines, fitted

Falls = tuple[tuple[int, int], ...]
"""On which sums a line falls, each with a sign."""


class Journal:
    """What was entered this quarter.

    Args: lines, those of the books.
    State: amounts, (lines and more, worlds) $bn, the sum of what was entered in each line this quarter.
    """

    def __init__(self, lines: Lines, worlds: int) -> None:
        self.lines, self.worlds = lines, worlds
        self.amounts = np.zeros((lines.room, worlds))
        self._written: list[slice | np.ndarray] = []
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

        def falls(key: FlowKey) -> Falls:
            return ((0, 1),) if payer in (None, key[1]) and payee in (None, key[2]) else ()

        kinds = (kind,) if isinstance(kind, str) else kind
        total: PerWorld = self._summed((kinds, payer, payee), kinds, (), falls, 1)[0]
        return total

    def paid_by(self, kind: str | tuple[str, ...], payers: tuple[str, ...]) -> PerRow:
        """Sum of a kind of flow, or of several, by payer, (payers, worlds) $bn."""
        kinds = (kind,) if isinstance(kind, str) else kind
        return self._summed((kinds, payers), kinds, payers, lambda key: _place(payers, key[1]), len(payers))

    def paid_to(self, kind: str | tuple[str, ...], payees: tuple[str, ...]) -> PerRow:
        """Sum of a kind of flow, or of several, by payee, (payees, worlds) $bn."""
        return self.received_less_paid(payees, (kind,) if isinstance(kind, str) else kind, ())

    def paid_of_each(self, kinds: tuple[str, ...], payer: str) -> PerRow:
        """Sum of each kind of flow that one sector paid, (kinds, worlds) $bn."""

        def falls(key: FlowKey) -> Falls:
            return _place(kinds, key[0]) if key[1] == payer else ()

        return self._summed((kinds, payer), kinds, (payer,), falls, len(kinds))

    def received_less_paid(self, names: tuple[str, ...], received: tuple[str, ...], paid: tuple[str, ...]) -> PerRow:
        """What sectors received in some kinds of flow less what they paid in some, (names, worlds) $bn."""

        def falls(key: FlowKey) -> Falls:
            kind, payer, payee = key
            return (
                *(_place(names, payee) if kind in received else ()),
                *(_place(names, payer, -1) if kind in paid else ()),
            )

        return self._summed((names, received, paid), (*received, *paid), names, falls, len(names))

    def paid_between(self, kind: str | tuple[str, ...], payers: tuple[str, ...], payees: tuple[str, ...]) -> np.ndarray:
        """Sum of a kind of flow, or of several, by payer and payee, (payers, payees, worlds) $bn."""

        def falls(key: FlowKey) -> Falls:
            if key[1] not in payers or key[2] not in payees:
                return ()
            return ((payers.index(key[1]) * len(payees) + payees.index(key[2]), 1),)

        kinds = (kind,) if isinstance(kind, str) else kind
        asked = kinds, payers, payees, "between"
        sums = self._summed(asked, kinds, (*payers, *payees), falls, len(payers) * len(payees))
        return sums.reshape(len(payers), len(payees), self.worlds)

    def _summed(
        self,
        asked: object,
        kinds: tuple[str, ...],
        names: tuple[str, ...],
        falls: Callable[[FlowKey], Falls],
        sums: int,
    ) -> PerRow:
        """Lines of some recorded kinds between named sectors added up; worked out anew when there are new lines."""
        there = [self.lines.recorded_as.get(kind, ()) for kind in kinds]
        count = sum(map(len, there))
        made, incidence = self._asked.get(asked, (-1, None))
        if incidence is None or made != count:
            unknown = {*names} - {*self.lines.sectors}
            if unknown:
                raise ValueError(f"unknown sector {min(unknown)!r}; the sectors are {', '.join(self.lines.sectors)}")
            numbers = self.lines.table.of({number for numbers in there for number in numbers}).number.tolist()
            terms = [(row, number, sign) for number in numbers for row, sign in falls(self.lines.keys[number])]
            columns = np.array(terms, dtype=np.int64).reshape(-1, 3).T
            incidence = Incidence(columns[0], columns[1], columns[2], sums)
            self._asked[asked] = count, incidence
        self.amounts = fitted(self.amounts, self.lines.room)
        return incidence.fold(self.amounts)


def _place(names: tuple[str, ...], name: str, sign: int = 1) -> Falls:
    """On which sum a sector, or a kind, falls if it is among those that are named."""
    return ((names.index(name), sign),) if name in names else ()


def saved(lines: Lines, amounts: np.ndarray) -> dict[str, np.ndarray]:
    """The amounts that are not zero as copies, (worlds,) each, under `kind|payer|payee`."""
    return {
        "|".join((line.kind.name, *key[1:])): row.copy()
        for line, key, row in zip(lines.met, lines.keys, amounts, strict=False)
        if row.any()
    }
