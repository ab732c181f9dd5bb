"""What is due later, by quarter: arrivals, ends and starts pooled into one slot for each quarter to come.

The calendar is the same in all worlds, but dates are numbers of each world. So a date falls between two
slots and its amount is split between them in proportion, which keeps both the amount and its mean date.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from world.arrays import PerRow, PerWorld, below_zero, fold, highest, locked, lowest, not_negative, require, some
from world.slots import Slots

PerSlot = Float64[np.ndarray, "lanes slots worlds"]
"""One number for each lane (an operator, a pair ...), quarter to come and world, shape (lanes, slots, worlds)."""
Amount = np.ndarray | float | int
"""A number, or one for each world (or row and world): what it says of all worlds is the same bit for bit."""
ROUNDING = 1e-12
"""Share of what was taken below which the rest of a sum is what rounding left of it."""


@dataclass(frozen=True)
class ScheduleResiduals:
    """How far a schedule is from its laws, for each world, shape (worlds,), in the unit of what it holds.

    negative      most below zero of any slot
    stranded      amount left in slots that were already taken (it would never arrive)
    unaccounted   |the sum of what is to come - its slots added up|, the largest over lanes, relative to that sum
    """

    negative: PerWorld
    stranded: PerWorld
    unaccounted: PerWorld


class Schedule:
    """Amounts due by quarter, for some lanes and all worlds.

    Slot k is quarter k from the start of the run (0 is the first one simulated); the last slot holds all that is due
    after the horizon. Slots before `next_quarter` have been taken (world/slots.py).
    to_come (lanes, worlds), what is still to come, is kept beside the slots: with every change it changes by as much.
    It is written in place, so who keeps it asks for `pending`.
    Lanes may be several measures of the same things, one after the other: what has nothing to come in the first measure
    has nothing in any. Where only the sums of the first `summed` measures are asked for, no others are kept.
    Laws (tests/invariants/test_schedule.py): what was added was taken or is pending; its mean date is kept as long as
    neither end cuts it; nothing is due before the next quarter; that sum is the sum of the slots.
    Oracle: tests/oracles/loop_schedule.py.
    """

    def __init__(self, lanes: int, slots: int, worlds: int, measures: int = 1, summed: int | None = None) -> None:
        if lanes < 0 or worlds < 1 or slots < 2:
            raise ValueError(
                f"Schedule: wanted slots >= 2 and worlds >= 1, got {lanes} lanes, {slots} slots, {worlds} worlds"
            )
        self._slots = Slots(lanes, slots, worlds)
        self._rows = lanes // measures
        self._world = np.arange(worlds)
        self.to_come: np.ndarray = np.zeros((lanes if summed is None else summed * self._rows, worlds))
        self._shown: PerRow | None = None
        # The least number ever written into a slot: as long as that is not below zero, no slot can be.
        self._least_written = 0.0

    @property
    def last_slot(self) -> int:
        """The slot after the horizon."""
        return self._slots.count - 1

    @property
    def next_quarter(self) -> int:
        """The first quarter that was not taken."""
        return self._slots.begin

    @property
    def reach(self) -> int:
        """The highest slot ever filled in any world."""
        return self._slots.reach

    @property
    def amount(self) -> PerSlot:
        """What is due in every slot, (lanes, slots, worlds): a copy."""
        return self._slots.whole()

    def slot(self, quarter: int) -> PerRow:
        """What is due in one slot from `next_quarter` to `reach`, (lanes, worlds)."""
        return self._slots.page(quarter)

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
        slot = require(np.atleast_1d(slot), _is_number, "slot", "a number of quarters")
        first = np.array([float(self.next_quarter)])
        if earliest is not None:
            first = np.ceil(np.maximum(require(np.atleast_1d(earliest), _is_number, "earliest", "a number"), first))
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
        self._slots.hold(min(quarter + len(shares) - 1, self.last_slot))
        for slot, share in enumerate(shares, quarter):
            self._slots.page(min(slot, self.last_slot))[...] += amount * share

    def add_some(self, place: np.ndarray, slot: np.ndarray, amount: np.ndarray) -> None:
        """Add single amounts, each split between the two quarters next to its date, where only few worlds have any.

        Args:       shape                unit
            place   (entries,)           row x worlds + position of the world; rows are those of the first measure
            slot    (entries,)           as in `add_spread`
            amount  (measures, entries)  any, >= 0
        """
        amount = require(amount, not_negative, "amount", "a finite number >= 0")
        slot = require(slot, _is_number, "slot", "a number of quarters")
        if amount.size:
            to_come, measure = self._change().reshape(-1), self._rows * len(self._world)
            # Unbuffered: where two entries fall on one place both count, one after the other.
            for begin, values in zip(range(0, to_come.size, measure), amount, strict=False):
                np.add.at(to_come[begin:], place, values)
            self._split(place, slot, amount)

    def add_all(self, amount: np.ndarray, place: np.ndarray, slot: np.ndarray) -> None:
        """`add_some` unchecked, of amounts (measures, rows, worlds) above zero at `place` only; slot (entries,).

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
        self._note_least(onward)
        self._slots.hold(min(int(before.max()) + 1, self.last_slot))
        places, measure = self._slots.places(1), self._rows * len(self._world)
        sooner, later = places[1:].take(before) + place, places[2:].take(before) + place
        lanes = np.arange(0, measure * len(amount), measure)[:, np.newaxis]
        every, moved = self._slots.flat, amount * onward
        np.add.at(every, (lanes + later).reshape(-1), moved.reshape(-1))
        np.add.at(every, (lanes + sooner).reshape(-1), (amount - moved).reshape(-1))

    def _add_at_one_date(
        self, lane: int | slice, centre: np.ndarray, due: np.ndarray, first: np.ndarray, spread: int
    ) -> None:
        """Add amounts (worlds,) or (rows, worlds) that are due around one date `centre` (worlds,) in all rows."""
        last = self.last_slot
        lowest = min(math.floor(float(centre.min())) - spread, int(first.min()))
        highest = max(math.ceil(float(centre.max())) + spread, int(first.max()))
        slots = np.arange(lowest, highest + 1)[:, np.newaxis]
        share = np.maximum((spread + 1) - np.abs(slots - centre), 0.0)
        if lowest < first.max():
            early = slots < first
            too_soon = fold(np.where(early, share, 0.0))
            share = np.where(early, 0.0, share + np.where(slots == first, too_soon, 0.0))
        if highest > last:
            share[last - lowest] += fold(share[last - lowest + 1 :])
        start, end = int(first.min()), min(highest, last)
        share = share[start - lowest : end + 1 - lowest]
        self._least_written = min(self._least_written, float(share.min()), float(due.min()))
        self._slots.hold(end)
        share = share if due.ndim == 1 else share[:, np.newaxis]
        for slot, pages in self._slots.stretches(start, end + 1):
            pages[:, lane] += due * share[slot - start : slot - start + len(pages)]

    def _scatter(self, lanes: np.ndarray, centre: np.ndarray, due: np.ndarray, first: np.ndarray, spread: int) -> None:
        """Add amounts (rows, worlds) around a date of each row and world."""
        begin = np.floor(centre)
        self._slots.hold(min(max(int(begin.max()) + spread + 1, int(first.max())), self.last_slot))
        onward = centre - begin
        self._note_least(onward)
        margin = 2 * (spread + 1)
        slots, earliest = begin.astype(np.intp) + margin, first.astype(np.intp) + margin
        places, every = self._slots.places(margin, int(first.min())), self._slots.flat
        home = lanes[:, np.newaxis] * len(self._world) + self._world
        # The tent rises by `due` from quarter to quarter up to its centre and falls by as much beyond.
        later = due * onward
        sooner = due - later
        for step in range(spread + 1):
            for share, ahead in ((sooner, step - spread), (later, spread + 1 - step)):
                slot = slots + ahead
                if first.size > 1:
                    slot = np.maximum(slot, earliest)
                np.add.at(every, (places.take(slot) + home).reshape(-1), share.reshape(-1))
            sooner, later = sooner + due, later + due

    def _note_least(self, onward: np.ndarray) -> None:
        """Note the least share that goes to one of the quarters next to a date, if one is below zero."""
        self._least_written = min(self._least_written, lowest(onward), 1.0 - highest(onward))

    def take(self, quarter: int) -> PerRow:
        """Remove and return what is due up to and in `quarter` (rows that were not taken before), (lanes, worlds).

        Raises: ValueError if the quarter was taken before or lies after the horizon.
        """
        taken = np.zeros_like(self._slots.page(quarter))
        self.move(quarter, taken)
        return taken

    def move(self, quarter: int, stock: np.ndarray) -> None:
        """`take` what is due and add it to a stock, (lanes, worlds) or of the first lanes only.

        Raises: as `take`.
        """
        if not self.next_quarter <= quarter < self.last_slot:
            raise ValueError(
                f"quarter: wanted one that was not taken yet and is within the horizon "
                f"({self.next_quarter} to {self.last_slot - 1}), got {quarter}"
            )
        due = self._slots.due(quarter)
        if not highest(due[: self._rows]) <= 0.0:  # also what is not a number
            stock += due[: len(stock)]
            self._lessen(due[: len(self.to_come)])
        self._slots.drop(quarter)

    def _lessen(self, due: np.ndarray) -> None:
        """Take what is due out of the sum of what is to come."""
        left = self.to_come - due
        # What rounding leaves of a sum when its last part is taken is nothing.
        more = (left[: self._rows] > ROUNDING * due[: self._rows]).astype(np.float64)
        np.maximum(left, 0.0, out=left)
        by_measure = left.reshape(-1, *more.shape)
        by_measure *= more  # times zero or one, not np.where: sooner where it changes from world to world
        self.to_come, self._shown = left, None

    def pending(self) -> PerRow:
        """Everything still to come, (lanes, worlds); read only, and never written again."""
        if self._shown is None:
            self._shown = locked(self.to_come.view())
        return self._shown

    def _change(self) -> PerRow:
        """The sum of what is to come, to be written: another one if the last was handed out."""
        if self._shown is not None:
            self.to_come, self._shown = self.to_come.copy(), None
        return self.to_come

    def slots_from(self, quarter: int, lane: slice = slice(None)) -> PerRow:
        """The slots from that quarter on added up one by one, (lanes, worlds)."""
        return self._slots.fold(quarter, self.reach + 1, lane)

    def within(self, from_quarter: int, slot: Amount, lanes: slice | Sequence[int] = slice(None)) -> PerRow:
        """What is due from `from_quarter` up to and in `slot` (worlds,), linear between quarters, (lanes, worlds).

        At a whole quarter k all that is due up to and in k counts; at k + 0.5 also half of what is due in k + 1.
        """
        slot = np.asarray(slot, np.float64)
        first = max(from_quarter, 0)
        if slot.size == 0:
            return np.zeros((len(self.to_come[lanes]), 0))
        soonest, latest = (min(max(date, -1.0), float(self.reach)) for date in (lowest(slot), highest(slot)))
        # Up to the earliest date all of it is due, in every world.
        whole, end = max(first, math.floor(soonest) + 1), math.ceil(latest)
        total = self._slots.fold(first, whole, lanes)
        if end < whole:
            return total
        later = np.arange(whole, end + 1).reshape(-1, *[1] * slot.ndim)
        share = np.minimum(np.maximum(slot - (later - 1), 0.0), 1.0)
        for begin, pages in self._slots.stretches(whole, end + 1):
            for page, part in zip(pages, share[begin - whole :], strict=False):
                total += page[lanes] * part
        return total

    def scale(self, lane: int | slice, factor: np.ndarray) -> PerRow | PerWorld:
        """Multiply all that is still to come in a lane by factor (worlds,) in [0, 1]; returns what was taken away."""
        removed: np.ndarray = np.zeros_like(self.to_come[lane])
        worlds = np.flatnonzero(factor != 1.0)
        if worlds.size:
            removed[..., worlds] = self.to_come[lane][..., worlds] * (1.0 - factor[worlds])
            self.keep(lane, worlds, factor[worlds])
        return removed

    def keep(self, lane: int | slice, worlds: np.ndarray, share: np.ndarray) -> None:
        """Keep a share, (entries,) in [0, 1], of all that is still to come in a lane at the positions `worlds`."""
        every: np.ndarray | slice = worlds
        if 4 * worlds.size >= len(self._world):  # mostly only a few are meant
            every, some_kept, share = slice(None), share, np.ones(len(self._world))
            share[worlds] = some_kept
        for pages in self._slots.parts():
            pages[:, lane][..., every] *= share
        self._least_written = min(self._least_written, lowest(share))
        if self.to_come[lane].size:
            self._change()[lane][..., every] *= share

    def negative(self) -> PerWorld:
        """Most below zero of any slot and of what is to come, (worlds,)."""
        return below_zero(self.to_come, *(self._slots.parts() if self._least_written < 0.0 else ()))

    def check(self) -> ScheduleResiduals:
        """The distance from the laws, every slot looked at."""
        to_come = self.slots_from(self.next_quarter, slice(0, len(self.to_come)))
        difference = np.abs(self.to_come - to_come) / np.maximum(to_come, 1.0)
        negative = below_zero(self.to_come, *self._slots.parts())
        return ScheduleResiduals(negative, self._slots.stranded(), difference.max(axis=0, initial=0.0))

    def state(self) -> dict[str, np.ndarray]:
        """All that a saved run needs, as copies."""
        return {
            "amount": self.amount,
            "to_come": self.to_come.copy(),
            "next_quarter": np.asarray(self.next_quarter),
        }

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Return to a saved state. Raises: ValueError if the shape is another."""
        shape = self._slots.lanes, self._slots.count, len(self._world)
        if state["amount"].shape != shape:
            raise ValueError(f"amount: expected shape {shape}, got {state['amount'].shape}")
        self._slots.restore(state["amount"], int(state["next_quarter"]))
        self._change()[...] = state["to_come"]
        self._least_written = float(state["amount"].min(initial=0.0))


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


def _is_number(values: np.ndarray) -> np.ndarray:
    return ~np.isnan(values)
