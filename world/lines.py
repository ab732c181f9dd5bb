"""Lines: the places in the books' tables of amounts, one for each kind of entry, payer and payee.

Lines are numbered as they are met, which may differ between batches; whatever is added up over them is added in the
order of `Lines.table`, which does not.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from world.entries import KINDS, FlowKey, Kind, Names, place_of_kind

_LEAST_ROOM = 256


class Line(NamedTuple):
    """Who pays whom for what, with the rows of both sectors in the books; a booking on one sector names it twice."""

    kind: Kind
    payer: int
    payee: int


class Table(NamedTuple):
    """Lines in an order that does not depend on which was met first: that of the kinds, payers and payees."""

    number: np.ndarray
    kind: np.ndarray
    """The place of its kind among all kinds: senior classes of dues first, then bookings."""
    payer: np.ndarray
    payee: np.ndarray

    def of(self, numbers: Collection[int]) -> Table:
        """Some of the lines, in the same order."""
        chosen = np.zeros(1 + int(self.number.max(initial=-1)), dtype=bool)
        chosen[list(numbers)] = True
        chosen = chosen[self.number]
        return Table(*(column[chosen] for column in self))


class Lines:
    """All lines that were met, by number.

    State: met, the lines; keys, (recorded kind, payer, payee) of each; recorded_as, the numbers of those of a recorded
        kind; room, how many rows a table of amounts has; sectors, their names.
    """

    def __init__(self, sectors: Sequence[str]) -> None:
        self.met: list[Line] = []
        self.keys: list[FlowKey] = []
        self.recorded_as: dict[str, list[int]] = {}
        self.room = _LEAST_ROOM
        self.sectors = tuple(sectors)
        self._number: dict[tuple[str, int, int], int] = {}
        self._table = Table(*np.zeros((4, 0), dtype=np.int64))

    def __len__(self) -> int:
        return len(self.met)

    def number(self, line: Line) -> int:
        """The number of a line, given now if it is new."""
        named = (line.kind.name, line.payer, line.payee)
        number = self._number.setdefault(named, len(self.met))
        if number == len(self.met):
            recorded = line.kind.recorded_as
            self.recorded_as.setdefault(recorded, []).append(number)
            self.met.append(line)
            self.keys.append((recorded, self.sectors[line.payer], self.sectors[line.payee]))
            while self.room < len(self.met):
                self.room *= 2
        return number

    @property
    def table(self) -> Table:
        """All lines in their places."""
        if len(self._table.number) != len(self.met):
            columns = np.array(
                [(place_of_kind(kind), payer, payee) for kind, payer, payee in self.met], dtype=np.int64
            ).T
            order = np.lexsort(columns[::-1])
            self._table = Table(order, *columns[:, order])
        return self._table


class Entries:
    """Entries of one kind that are made together, row by row: who pays whom. Their amounts are (rows, worlds).

    Args:
        kind      of all of them
        payers    the first sector of each row (payer, customer, borrower, holder); one name stands for all rows
        payees    the second sector; for a kind on one sector's books only the first again
        index     sector -> row in the books
        lines     those of the books
    State: table, the rows by their number on the page, in the order of `Lines.table`; numbers, their lines; lines, the
        same to index tables of amounts with.
    Two of them are the same only if they are one object; books keep those that they have met.
    Raises: ValueError for an unknown kind, for rows that do not match, or two rows between the same sectors.
    """

    def __init__(self, kind: str, payers: Names, payees: Names, index: Mapping[str, int], lines: Lines) -> None:
        if kind not in KINDS:
            raise ValueError(f"unknown kind {kind!r}; allowed are {', '.join(KINDS)}")
        self.kind = KINDS[kind]
        count = max(1 if isinstance(names, str) else len(names) for names in (payers, payees))
        first, second = ((names,) * count if isinstance(names, str) else names for names in (payers, payees))
        if len(first) != count or len(second) != count:
            raise ValueError(f"{kind}: {len(first)} payers and {len(second)} payees; wanted one in each row")
        self.payers, self.payees = first, second
        if len(set(zip(self.payers, self.payees, strict=True))) < count:
            raise ValueError(f"{kind}: two rows between the same sectors: {self.payers} to {self.payees}")
        for payer, payee in zip(self.payers, self.payees, strict=True):
            if payer == payee and self.kind.payee:
                raise ValueError(f"{kind}: payer and payee are both {payer!r}; wanted two sectors")
        rows = [[index[name] for name in names] for names in (first, second)]
        self.numbers = [lines.number(Line(self.kind, *both)) for both in zip(*rows, strict=True)]
        order = np.lexsort(rows[::-1])
        self.table = Table(order, np.full(count, place_of_kind(self.kind)), *np.array(rows)[:, order])
        start, stop = self.numbers[0], self.numbers[-1] + 1
        together = self.numbers == list(range(start, stop))
        self.lines: slice | np.ndarray = slice(start, stop) if together else np.array(self.numbers)

    def __len__(self) -> int:
        return len(self.payers)

    def named(self, row: int) -> str:
        """One row in words: its kind and its sectors."""
        payer, payee = self.payers[row], self.payees[row]
        return f"{self.kind.name}, {payer} to {payee}" if self.kind.payee else f"{self.kind.name}, {payer}"


def fitted(amounts: np.ndarray, room: int) -> np.ndarray:
    """The same table of amounts, or a larger one with the same rows if it has not room for all lines."""
    if len(amounts) == room:
        return amounts
    larger = np.zeros((room, amounts.shape[1]))
    larger[: len(amounts)] = amounts
    return larger
