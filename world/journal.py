"""The journal: the entries of a quarter in the order in which they were made, and what they say of who paid whom."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from world.arrays import PerRow, PerWorld
from world.entries import Entries, FlowKey

Page = tuple[Entries, np.ndarray]
"""Entries made together and their amounts, (rows, worlds) $bn, which nobody changes any more."""


class Journal:
    """What was entered this quarter.

    State: pages, in the order of entry.
    """

    def __init__(self, worlds: int) -> None:
        self.worlds = worlds
        self.pages: list[Page] = []
        self._by_kind: dict[str, list[Page]] = {}
        self._places: dict[tuple[Entries, tuple[str, ...], bool], tuple[list[int], list[int]]] = {}
        self._flows: dict[FlowKey, np.ndarray] = {}
        self._read = 0
        self._crossings: dict[tuple[Entries, tuple[str, ...], tuple[str, ...]], list[tuple[int, int, int]]] = {}
        self._meant: dict[tuple[Entries, str | None, str | None], list[int]] = {}

    def note(self, entries: Entries, amounts: PerRow) -> None:
        """Write down entries with amounts that nobody else will change."""
        amounts.setflags(write=False)
        self.pages.append((entries, amounts))
        self._by_kind.setdefault(entries.kind.recorded_as, []).append((entries, amounts))

    def begin_quarter(self) -> None:
        """Open a new record; the old one stays with whoever holds it."""
        self.pages, self._by_kind, self._flows, self._read = [], {}, {}, 0

    @property
    def flows(self) -> Mapping[FlowKey, PerWorld]:
        """(kind, payer, payee) -> (worlds,) $bn of this quarter so far; no array in it changes later."""
        flows = self._flows
        for entries, amounts in self.pages[self._read :]:
            for key, row in zip(entries.keys, amounts, strict=True):
                if key in flows:
                    flows[key] = flows[key] + row
                else:
                    flows[key] = row
        self._read = len(self.pages)
        return flows

    def paid(self, kind: str, payer: str | None, payee: str | None) -> PerWorld:
        """Sum of a kind of flow over all payers and payees or those that are named, $bn (worlds,)."""
        total = np.zeros(self.worlds)
        for entries, amounts in self._by_kind.get(kind, ()):
            for row in self._rows(entries, payer, payee):
                total += amounts[row]
        return total

    def _rows(self, entries: Entries, payer: str | None, payee: str | None) -> list[int]:
        """The rows of a page between two sectors; either may be left open."""
        key = (entries, payer, payee)
        if key not in self._meant:
            self._meant[key] = [
                row
                for row, (first, second) in enumerate(zip(entries.payers, entries.payees, strict=True))
                if payer in (None, first) and payee in (None, second)
            ]
        return self._meant[key]

    def paid_by(self, kind: str, payers: tuple[str, ...]) -> PerRow:
        """Sum of a kind of flow by payer, (payers, worlds) $bn."""
        return self._each(kind, payers, payers=True)

    def paid_to(self, kind: str, payees: tuple[str, ...]) -> PerRow:
        """Sum of a kind of flow by payee, (payees, worlds) $bn."""
        return self._each(kind, payees, payers=False)

    def paid_between(self, kind: str, payers: tuple[str, ...], payees: tuple[str, ...]) -> np.ndarray:
        """Sum of a kind of flow by payer and payee, (payers, payees, worlds) $bn."""
        total = np.zeros((len(payers), len(payees), self.worlds))
        for entries, amounts in self._by_kind.get(kind, ()):
            for row, payer, payee in self._crossing(entries, payers, payees):
                total[payer, payee] += amounts[row]
        return total

    def _crossing(
        self, entries: Entries, payers: tuple[str, ...], payees: tuple[str, ...]
    ) -> list[tuple[int, int, int]]:
        """The rows of a page from one of some payers to one of some payees, with the places of both."""
        key = (entries, payers, payees)
        if key not in self._crossings:
            self._crossings[key] = [
                (row, payers.index(payer), payees.index(payee))
                for row, (payer, payee) in enumerate(zip(entries.payers, entries.payees, strict=True))
                if payer in payers and payee in payees
            ]
        return self._crossings[key]

    def _each(self, kind: str, names: tuple[str, ...], payers: bool) -> PerRow:
        total = np.zeros((len(names), self.worlds))
        for entries, amounts in self._by_kind.get(kind, ()):
            rows, places = self._found(entries, names, payers)
            if len(rows) == 1:
                total[places[0]] += amounts[rows[0]]
            elif len(set(places)) == len(places):
                total[places] += amounts[rows]
            else:
                for row, place in zip(rows, places, strict=True):
                    total[place] += amounts[row]
        return total

    def _found(self, entries: Entries, names: tuple[str, ...], payers: bool) -> tuple[list[int], list[int]]:
        """Rows of a page whose payer or payee is among some names, and the places of their names."""
        key = (entries, names, payers)
        if key not in self._places:
            side = list(enumerate(entries.payers if payers else entries.payees))
            rows = [row for row, name in side if name in names]
            self._places[key] = rows, [names.index(name) for row, name in side if name in names]
        return self._places[key]

    def state(self) -> dict[str, np.ndarray]:
        """The pages as copies, by names that say what they are and in which order they came."""
        return {f"{at:05d}|{tagged(entries)}": rows.copy() for at, (entries, rows) in enumerate(self.pages)}


def tagged(entries: Entries) -> str:
    """Entries as one word for the names of saved arrays."""
    return f"{entries.kind.name}|{';'.join(entries.payers)}|{';'.join(entries.payees)}"


def untagged(word: str) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """The opposite of `tagged`: kind, payers and payees. Raises: ValueError if there are not three."""
    kind, payers, payees = word.split("|")
    return kind, tuple(payers.split(";")), tuple(payees.split(";"))
