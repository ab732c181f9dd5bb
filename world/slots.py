"""Pages of numbers, one for each quarter to come, kept in a ring: a page that was taken serves a later quarter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from world.arrays import PerRow, fold

FIRST_PAGES = 16
"""Pages there are before anything is due later than that."""


class Slots:
    """Numbers (lanes, worlds) for each slot from `begin` to `reach`; there is nothing in any other.

    Memory is held for so many slots as are filled at a time, not for the whole run: what is touched stays near. The
    lanes of a slot lie side by side, because a quarter takes one slot of all lanes.
    """

    def __init__(self, lanes: int, count: int, worlds: int) -> None:
        self.count = count
        self.lanes = lanes
        self.begin = 0
        # The highest slot ever filled in any world: beyond it there are only zeros, which loops may leave out.
        self.reach = 0
        self._pages: np.ndarray = np.zeros((min(count, FIRST_PAGES), lanes, worlds))
        self._places: dict[tuple[int, int], np.ndarray] = {}

    @property
    def flat(self) -> np.ndarray:
        """All pages as one row of numbers, to be written at `places`."""
        return self._pages.reshape(-1)

    def places(self, margin: int = 0, first: int = 0) -> np.ndarray:
        """Where in `flat` each slot begins, from `margin` slots before the run to as many beyond its last slot.

        What lies before `first`, or before `begin`, falls on that slot, what lies beyond the last slot on the last.
        """
        first = max(first, self.begin)
        if (margin, first) not in self._places:  # kept until another slot begins or another page is there
            slots = np.minimum(np.maximum(np.arange(-margin, self.count + margin), first), self.count - 1)
            pages, lanes, worlds = self._pages.shape
            self._places[margin, first] = slots % pages * (lanes * worlds)
        return self._places[margin, first]

    def page(self, slot: int) -> PerRow:
        """The numbers of one slot of those from `begin` to `reach`, (lanes, worlds), to be read or written."""
        page: PerRow = self._pages[slot % len(self._pages)]
        return page

    def hold(self, slot: int) -> None:
        """Have room for all slots up to this one, before it is written."""
        self.reach = max(self.reach, slot)
        pages = len(self._pages)
        if self.reach - self.begin < pages:
            return
        old = {slot: self.page(slot) for slot in range(self.begin, self.begin + pages)}
        wanted = max(self.reach - self.begin + 1, pages + pages // 2)
        self._pages = np.zeros((min(wanted, self.count), *self._pages.shape[1:]))
        self._places = {}
        for slot, numbers in old.items():
            self.page(slot)[...] = numbers

    def stretches(self, first: int, end: int) -> Iterator[tuple[int, np.ndarray]]:
        """Slots `first` to `end` - 1, as far as they are filled: of each part in turn its first slot and pages."""
        first, end, pages = max(first, self.begin), min(end, self.reach + 1), len(self._pages)
        while first < end:
            row = first % pages
            part = self._pages[row : row + end - first]
            yield first, part
            first += len(part)

    def parts(self) -> list[np.ndarray]:
        """All slots that are filled, each part (slots, lanes, worlds)."""
        return [pages for _, pages in self.stretches(self.begin, self.reach + 1)]

    def fold(self, first: int, end: int, lanes: slice | Sequence[int] = slice(None)) -> PerRow:
        """Slots `first` to `end` - 1 added up one after the other, (lanes, worlds)."""
        total: np.ndarray | None = None
        for _, pages in self.stretches(first, end):
            if total is None:
                total = fold(pages[:, lanes])
                continue
            for page in pages:
                total += page[lanes]
        return np.zeros_like(self._pages[0, lanes]) if total is None else total

    def due(self, slot: int) -> PerRow:
        """Slots up to this one added up, (lanes, worlds): on the page of this one, until they are dropped."""
        self.hold(slot)
        due = self.page(slot)
        for earlier in range(self.begin, slot):
            due += self.page(earlier)
        return due

    def drop(self, slot: int) -> None:
        """Remove the slots up to this one."""
        for _, pages in self.stretches(self.begin, slot + 1):
            pages[...] = 0.0
        self.begin, self._places = slot + 1, {}

    def stranded(self) -> np.ndarray:
        """The largest number on a page that stands for no slot from `begin` to `reach`, (worlds,)."""
        spare = np.ones(len(self._pages), dtype=bool)
        spare[[slot % len(spare) for slot in range(self.begin, self.reach + 1)]] = False
        largest: np.ndarray = self._pages[spare].max(axis=(0, 1), initial=0.0)
        return largest

    def whole(self) -> np.ndarray:
        """A copy of all slots of the run, (lanes, slots, worlds)."""
        _, lanes, worlds = self._pages.shape
        every = np.zeros((lanes, self.count, worlds))
        for slot in range(self.begin, self.reach + 1):
            every[:, slot] = self.page(slot)
        return every

    def restore(self, every: np.ndarray, begin: int) -> None:
        """Return to what `whole` gave when `begin` was the first slot to come."""
        filled = np.flatnonzero(every.any(axis=(0, 2)))
        self._pages[...] = 0.0
        self.begin, self.reach, self._places = begin, 0, {}
        self.hold(int(filled[-1]) if filled.size else 0)
        for slot in range(self.begin, self.reach + 1):
            self.page(slot)[...] = every[:, slot]
