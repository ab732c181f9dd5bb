"""The journal: the entries of a quarter in the order in which they were made, and what they say of who paid whom."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from world.arrays import PerRow, PerWorld
from world.entries import KINDS, Entries, FlowKey

Page = tuple[Entries, np.ndarray]
"""Entries made together and their amounts, (rows, worlds) $bn, which nobody changes any more."""

_KIND_PLACE = {kind: i for i, kind in enumerate(KINDS)}


class Journal:
    """What was entered this quarter.

    State: pages, in the order of entry.
    """

    def __init__(self, sectors: Sequence[str], worlds: int) -> None:
        self.worlds = worlds
        self.pages: list[Page] = []
        self._index = {sector: i for i, sector in enumerate(sectors)}
        self._flows: dict[FlowKey, np.ndarray] = {}
        self._read = 0
        self._known: set[FlowKey] = set()
        self._meant: dict[tuple[str, str | None, str | None], list[tuple[tuple[int, int, int], FlowKey]]] = {}

    def note(self, entries: Entries, amounts: PerRow) -> None:
        """Write down entries with amounts that nobody else will change."""
        self.pages.append((entries, amounts))

    def begin_quarter(self) -> None:
        """Open a new record; the old one stays with whoever holds it."""
        self.pages, self._flows, self._read = [], {}, 0

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
                    if key not in self._known:
                        self._learn(key)
        self._read = len(self.pages)
        return flows

    def _learn(self, key: FlowKey) -> None:
        """Sort a flow that was not met before under all that it can be asked by, in an order that all runs share."""
        kind, payer, payee = key
        place = (_KIND_PLACE[kind], self._index[payer], self._index[payee])
        for meant in ((kind, payer, None), (kind, None, payee), (kind, None, None)):
            insort(self._meant.setdefault(meant, []), (place, key))
        self._known.add(key)

    def paid(self, kind: str, payer: str | None, payee: str | None) -> PerWorld:
        """Sum of a kind of flow over all payers and payees or those that are named, $bn (worlds,)."""
        flows = self.flows
        total = np.zeros(self.worlds)
        for key in self._keys(kind, payer, payee):
            if key in flows:
                total += flows[key]
        return total

    def paid_by(self, kind: str, payers: Iterable[str]) -> PerRow:
        """Sum of a kind of flow by payer, (payers, worlds) $bn."""
        return self._each([(kind, payer, None) for payer in payers])

    def paid_to(self, kind: str, payees: Iterable[str]) -> PerRow:
        """Sum of a kind of flow by payee, (payees, worlds) $bn."""
        return self._each([(kind, None, payee) for payee in payees])

    def _each(self, meanings: Sequence[tuple[str, str | None, str | None]]) -> PerRow:
        flows = self.flows
        total = np.zeros((len(meanings), self.worlds))
        for row, meaning in zip(total, meanings, strict=True):
            for key in self._keys(*meaning):
                if key in flows:
                    np.add(row, flows[key], out=row)
        return total

    def _keys(self, kind: str, payer: str | None, payee: str | None) -> Iterable[FlowKey]:
        """The flows that are meant, whether or not they occur this quarter."""
        if payer is not None and payee is not None:
            return ((kind, payer, payee),)
        return (key for _, key in self._meant.get((kind, payer, payee), ()))

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
