"""What is due later, by quarter: arrivals, ends and starts pooled into one slot for each quarter to come.

The calendar is the same in all worlds, but dates are numbers of each world. So a date falls between two
slots and its amount is split between them in proportion, which keeps both the amount and its mean date.
"""

from __future__ import annotations

import math

import numpy as np

from world.arrays import PerRow, PerWorld, a_number, fold, highest, lowest, not_negative, require, some
from world.pending import Amount, Pending, PerSlot, ScheduleResiduals

__all__ = ["Amount", "PerSlot", "Schedule", "ScheduleResiduals", "arrival_shares"]


class Schedule(Pending):
    """Amounts due by quarter, for some lanes and all worlds, and how they are entered.

    Laws (tests/invariants/test_schedule.py): what was added was taken or is pending; its mean date is kept as long as
    neither end cuts it; nothing is due before the next quarter; that sum is the sum of the slots.
    Oracle: tests/oracles/loop_schedule.py.
    """

    def add(
        self,
        lane: int | slice,
        slot: Amount,
        amount: Amount,
        earliest: Amount | None = None,
    ) -> None:
        """Add an amount due at `slot`, split between the two neighbouring quarters; see `add_spread`."""
        self.add_spread(lane, slot, amount, spread=0, earliest=earliest)

    def add_spread(
        self,
        lane: int | slice,
        slot: Amount,
        amount: Amount,
        spread: int = 2,
        earliest: Amount | None = None,
    ) -> None:
        """Add an amount that arrives around `slot`, in a triangle that reaches `spread` quarters to each side.

        Args:                shape                                unit
            lane             a row or a slice of rows
            slot             (worlds,), (rows, worlds) or scalar  quarters from the start; inf is after the horizon
            amount           the same                             any, >= 0
            spread           whole number                         quarters, >= 0; 0 splits between two neighbours
            earliest         (worlds,) or scalar                  quarters; what would come earlier comes then
        What is due before the next quarter comes in the next quarter; what is due after the horizon in the last slot.
        Raises: ValueError naming argument, index and world for a negative amount or a slot that is not a number.
        """
        if spread < 0:
            raise ValueError(f"spread: wanted a whole number of quarters >= 0, got {spread}")
        amount = require(np.atleast_1d(amount), not_negative, "amount", "a finite number >= 0")
        slot = require(np.atleast_1d(slot), a_number, "slot", "a number of quarters")
        first = np.array([float(self.next_quarter)])
        if earliest is not None:
            first = np.ceil(np.maximum(require(np.atleast_1d(earliest), a_number, "earliest", "a number"), first))
        self.enter(lane, slot, amount, spread, first)

    def enter(self, lane: int | slice, slot: np.ndarray, amount: np.ndarray, spread: int, first: np.ndarray) -> None:
        """`add_spread` unchecked: of arrays, `first` the whole quarters before which nothing comes."""
        if not some(amount):
            return
        self._change()[lane] += amount
        first = np.minimum(first, float(self.last_slot))
        # A tent of whole half-width spread + 1 adds up to one over the quarters wherever its centre lies. Clipping the
        # centre changes nothing: a tent that far out falls whole on the first or the last slot.
        centre = np.minimum(np.maximum(slot, first - (spread + 1)), float(self.last_slot + spread + 1))
        due = amount / float((spread + 1) * (spread + 1))
        if slot.ndim == 1:
            self._add_at_one_date(lane, centre, due, first, spread)
        else:
            self._scatter(np.arange(len(self.to_come))[lane], centre, due, first, spread)

    def add_shares(self, quarter: int, shares: np.ndarray, amount: PerRow) -> None:
        """Add amounts, (lanes, worlds) >= 0, of which `shares` (quarters, worlds) come in `quarter` and those after it.

        They add up to one (see `arrival_shares`); what is due after the horizon comes in the last slot.
        """
        self.to_come, self._shown = self.to_come + amount, None
        self._least_written = min(self._least_written, lowest(shares), lowest(amount))
        self._slots.hold(min(quarter + len(shares) - 1, self.last_slot))
        for slot, share in enumerate(shares, quarter):
            self._slots.page(min(slot, self.last_slot))[...] += amount * share

    def add_some(self, place: np.ndarray, slot: np.ndarray, amount: np.ndarray) -> None:
        """Add single amounts, each split between the two quarters next to its date, where only few worlds have any.

        They are taken as they are.

        Args:       shape                unit
            place   (entries,)           row x worlds + position of the world; rows are those of the first measure
            slot    (entries,)           as in `add_spread`
            amount  (measures, entries)  any, >= 0
        """
        if amount.size:
            to_come, measure = self._change().reshape(-1), self._rows * len(self._world)
            # Unbuffered: where two entries fall on one place both count, one after the other.
            for begin, values in zip(range(0, to_come.size, measure), amount, strict=False):
                np.add.at(to_come[begin:], place, values)
            self._split(place, slot, amount)

    def add_all(self, amount: np.ndarray, place: np.ndarray, slot: np.ndarray) -> None:
        """As `add_some`, of amounts (measures, rows, worlds) above zero at `place` only; slot (entries,).

        All measures are summed, and each place is named once.
        """
        if place.size:
            self.to_come, self._shown = self.to_come + amount.reshape(self.to_come.shape), None
            self._split(place, slot, amount.reshape(len(amount), -1).take(place, axis=1))

    def _split(self, place: np.ndarray, slot: np.ndarray, amount: np.ndarray) -> None:
        """Write single amounts into the slots, as described in `add_some`."""
        slot = np.minimum(np.maximum(slot, float(self.next_quarter)), float(self.last_slot))
        before = slot.astype(np.intp)
        onward = slot - before
        self._least_written = min(self._least_written, lowest(amount))
        self._slots.hold(min(int(highest(before)) + 1, self.last_slot))
        places, measure = self._slots.places(1), self._rows * len(self._world)
        sooner, later = places[1:].take(before) + place, places[2:].take(before) + place
        for begin, values in zip(range(0, measure * len(amount), measure), amount, strict=True):
            every, moved = self._slots.flat[begin:], values * onward
            np.add.at(every, later, moved)
            np.add.at(every, sooner, values - moved)

    def _add_at_one_date(
        self, lane: int | slice, centre: np.ndarray, due: np.ndarray, first: np.ndarray, spread: int
    ) -> None:
        """Add amounts (worlds,) or (rows, worlds) that are due around one date `centre` (worlds,) in all rows."""
        last = self.last_slot
        soonest = min(math.floor(float(centre.min())) - spread, int(first.min()))
        latest = max(math.ceil(float(centre.max())) + spread, int(first.max()))
        slots = np.arange(soonest, latest + 1)[:, np.newaxis]
        share = np.maximum((spread + 1) - np.abs(slots - centre), 0.0)
        if soonest < first.max():
            early = slots < first
            too_soon = fold(np.where(early, share, 0.0))
            share = np.where(early, 0.0, share + np.where(slots == first, too_soon, 0.0))
        if latest > last:
            share[last - soonest] += fold(share[last - soonest + 1 :])
        start, end = int(first.min()), min(latest, last)
        share = share[start - soonest : end + 1 - soonest]
        self._least_written = min(self._least_written, float(share.min()), float(due.min()))
        self._slots.hold(end)
        share = share if due.ndim == 1 else share[:, np.newaxis]
        for slot, pages in self._slots.stretches(start, end + 1):
            pages[:, lane] += due * share[slot - start : slot - start + len(pages)]

    def _scatter(self, lanes: np.ndarray, centre: np.ndarray, due: np.ndarray, first: np.ndarray, spread: int) -> None:
        """Add amounts (rows, worlds) around a date of each row and world."""
        begin = np.floor(centre)
        self._slots.hold(min(max(int(highest(begin)) + spread + 1, int(first.max())), self.last_slot))
        self._least_written = min(self._least_written, lowest(due))
        # Counted from so many quarters before the run that no slot of a tent lies before them.
        margin = 2 * (spread + 1)
        slots, earliest = begin.astype(np.intp) + margin, first.astype(np.intp) + margin
        places, every = self._slots.places(margin, int(first.min())), self._slots.flat
        home = lanes[:, np.newaxis] * len(self._world) + self._world
        # The tent rises by `due` from quarter to quarter up to its centre and falls by as much beyond.
        later = due * (centre - begin)
        sooner = due - later
        for step in range(spread + 1):
            for share, ahead in ((sooner, step - spread), (later, spread + 1 - step)):
                slot = slots + ahead
                place = places.take(slot if first.size == 1 else np.maximum(slot, earliest))
                place += home
                np.add.at(every, place.reshape(-1), share.reshape(-1))
            sooner += due
            later += due


def arrival_shares(lead: PerWorld, spread: int) -> np.ndarray:
    """Share of an order that comes one, two ... quarters after it, (quarters, worlds), if it comes around `lead`.

    As `Schedule.add_spread` splits it, where nothing comes in the quarter of the order.
    """
    quarters = np.arange(min(math.floor(lead.min()) - spread, 1), max(math.ceil(lead.max()) + spread, 1) + 1)
    shares = np.maximum((spread + 1) - np.abs(quarters[:, np.newaxis] - lead), 0.0) / ((spread + 1) * (spread + 1))
    at_once = np.flatnonzero(quarters == 1)[0]
    shares[at_once] = fold(shares[: at_once + 1])
    later: np.ndarray = shares[at_once:]
    return later
