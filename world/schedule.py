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

from world.arrays import PerRow, PerWorld, fold, not_negative, pick_worlds, require, some

PerSlot = Float64[np.ndarray, "lanes slots worlds"]
"""One number for each lane (an operator, a pair ...), quarter to come and world, shape (lanes, slots, worlds)."""

Amount = np.ndarray | float | int
"""A number, or one for each world (or row and world): what it says of all worlds is the same bit for bit."""


@dataclass(frozen=True)
class ScheduleResiduals:
    """How far a schedule is from its laws, for each world, shape (worlds,), in the unit of what it holds.

    negative      most below zero of any slot
    stranded      amount left in slots that were already taken (it would never arrive)
    unaccounted   |added - taken - still to come|, the largest over lanes, relative to what was added
    """

    negative: PerWorld
    stranded: PerWorld
    unaccounted: PerWorld


class Schedule:
    """Amounts due by quarter, for some lanes and all worlds.

    amount (lanes, slots, worlds): slot k is quarter k from the start of the run (0 is the first one simulated);
    the last slot holds all that is due after the horizon. Slots before `next_quarter` have been taken.
    Laws (tests/invariants/test_schedule.py): added = taken + pending; the mean date of what is added is kept
    as long as neither end cuts it; nothing is due before the next quarter.
    Oracle: tests/oracles/loop_schedule.py.
    """

    def __init__(self, lanes: int, slots: int, worlds: int) -> None:
        if lanes < 0 or worlds < 1 or slots < 2:
            raise ValueError(
                f"Schedule: wanted slots >= 2 and worlds >= 1, got {lanes} lanes, {slots} slots, {worlds} worlds"
            )
        self.amount: np.ndarray = np.zeros((lanes, slots, worlds))
        self.added: np.ndarray = np.zeros((lanes, worlds))
        self.taken: np.ndarray = np.zeros((lanes, worlds))
        self.next_quarter = 0
        self._world = np.arange(worlds)
        self._pending: np.ndarray | None = None
        # The highest slot ever filled in any world: beyond it there are only zeros, which loops may leave out.
        self.reach = 0

    @property
    def last_slot(self) -> int:
        """The slot after the horizon."""
        return int(self.amount.shape[1]) - 1

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
        lane: int | slice | Sequence[int],
        slot: Amount,
        amount: Amount,
        spread: int = 2,
        earliest: Amount | None = None,
    ) -> None:
        """Add an amount that arrives around `slot`, in a triangle that reaches `spread` quarters to each side.

        Args:                shape                                unit
            lane             a row, a slice of rows or their list
            slot             (worlds,), (rows, worlds) or scalar  quarters from the start; inf is after the horizon
            amount           the same                             any, >= 0
        Of a list of rows also (groups, 1, worlds) and (groups, rows, worlds): one date for each group of them.
            spread           whole number                         quarters, >= 0; 0 splits between two neighbours
            earliest         (worlds,) or scalar                  quarters; what would come earlier comes then
        What is due before the next quarter comes in the next quarter; what is due after the horizon in the last slot.
        Raises: ValueError naming argument, index and world for a negative amount or a slot that is not a number.
        """
        if spread < 0:
            raise ValueError(f"spread: wanted a whole number of quarters >= 0, got {spread}")
        amount = require(np.atleast_1d(amount), not_negative, "amount", "a finite number >= 0")
        slot = require(np.atleast_1d(slot), _is_number, "slot", "a number of quarters")
        if not some(amount):
            return
        self.added[lane] += amount.reshape(-1, amount.shape[-1]) if amount.ndim == 3 else amount

        self._pending = None
        first: np.ndarray = np.asarray(float(self.next_quarter))
        if earliest is not None:
            first = np.maximum(require(np.atleast_1d(earliest), _is_number, "earliest", "a number"), first)
        first = np.asarray(np.minimum(np.ceil(first), float(self.last_slot)))
        lanes = np.arange(len(self.amount))[lane].reshape(-1)
        if amount.ndim == 3:
            self._add_groups(lanes.reshape(len(amount), -1), slot, amount, first, spread)
            return
        slots, share = self._tent(slot, first, spread)
        lines = slots.shape[1]
        due = amount / float((spread + 1) * (spread + 1))
        due = due.reshape(1 if due.size == due.shape[-1] else lines, -1, due.shape[-1])
        self._scatter(lanes.reshape(lines, -1, 1), slots, self._world, share * due)

    def _add_groups(
        self, lanes: np.ndarray, slot: np.ndarray, amount: np.ndarray, first: np.ndarray, spread: int
    ) -> None:
        """Add amounts (groups, rows, worlds) that share a date within their group, only where a group has some.

        Groups are pairs of firms that sign something in some worlds and nothing in the others.
        """
        group, world = np.nonzero(amount.any(axis=1))
        dates = np.broadcast_to(slot, (len(amount), 1, amount.shape[-1]))[group, 0, world]
        slots, share = self._tent(dates, first if first.size == 1 else first[world], spread)
        due = amount[group, :, world].T / float((spread + 1) * (spread + 1))
        self._scatter(lanes[group].T[None], slots, world, share * due)

    def _tent(self, slot: np.ndarray, first: np.ndarray, spread: int) -> tuple[np.ndarray, np.ndarray]:
        """The quarters over which an amount due at `slot` is spread, and the share of each, before division.

        Returns: both (steps, lines, 1, worlds); the shares of an amount add up to (spread + 1)^2.
        """
        last, width = self.last_slot, spread + 1
        # A tent of whole half-width `width` sums to one over the quarters wherever its centre lies. Clipping
        # the centre changes nothing: a tent that far out falls whole on the first or the last slot.
        centre = np.minimum(np.maximum(slot, first - width), float(last + width))
        begin = np.floor(centre)
        end = max(math.ceil(float(centre.max())) + spread, int(first.max()))
        self.reach = max(self.reach, min(end, last))
        begun, soonest = begin.astype(np.intp), first.astype(np.intp)
        steps = np.arange(-spread, width + 1)[:, None, None, None]
        before = steps <= 0
        share = np.where(before, width + steps, width - steps) + _grouped(centre - begin) * np.where(before, -1.0, 1.0)
        return np.minimum(np.maximum(_grouped(begun) + steps, soonest), last), share

    def _scatter(self, lanes: np.ndarray, slots: np.ndarray, world: np.ndarray, amount: np.ndarray) -> None:
        """Add amounts (steps, lines, rows, worlds) to lanes (lines, rows, 1 or worlds) at slots of one row."""
        _, height, worlds = self.amount.shape
        places = (slots * worlds + world) + lanes * (height * worlds)
        # Unbuffered: where two steps fall on one slot both count, one after the other.
        np.add.at(self.amount.reshape(-1), places.reshape(-1), np.broadcast_to(amount, places.shape).reshape(-1))

    def take(self, quarter: int) -> PerRow:
        """Remove and return what is due up to and in `quarter` (rows that were not taken before), (lanes, worlds).

        Raises: ValueError if the quarter was taken before or lies after the horizon.
        """
        if not self.next_quarter <= quarter < self.last_slot:
            raise ValueError(
                f"quarter: wanted one that was not taken yet and is within the horizon "
                f"({self.next_quarter} to {self.last_slot - 1}), got {quarter}"
            )
        due = self.amount[:, self.next_quarter].copy()
        for slot in range(self.next_quarter + 1, quarter + 1):
            due += self.amount[:, slot]
        self.amount[:, self.next_quarter : quarter + 1] = 0.0
        self._pending = None
        self.taken += due
        self.next_quarter = quarter + 1
        return due

    def pending(self, from_quarter: int | None = None, lane: slice = slice(None)) -> PerRow:
        """Everything still to come from that quarter on (default: all that was not taken), (lanes, worlds)."""
        if from_quarter is None and lane == slice(None):
            if self._pending is None:  # kept until the next change; what was handed out is never written again
                self._pending = self._still_to_come()
                self._pending.flags.writeable = False
            return self._pending
        start = self.next_quarter if from_quarter is None else max(from_quarter, 0)
        return fold(self.amount[lane, start : self.reach + 1].swapaxes(0, 1))

    def _still_to_come(self) -> PerRow:
        return fold(self.amount[:, self.next_quarter : self.reach + 1].swapaxes(0, 1))

    def within(self, from_quarter: int, slot: Amount) -> PerRow:
        """What is due from `from_quarter` up to and in `slot` (worlds,), linear between quarters, (lanes, worlds).

        At a whole quarter k all that is due up to and in k counts; at k + 0.5 also half of what is due in k + 1.
        """
        slot = np.asarray(slot, np.float64)
        total = np.zeros(self.added.shape)
        if slot.size == 0:
            return total
        end = math.ceil(min(float(slot.max()), float(self.reach)))
        for quarter in range(max(from_quarter, 0), end + 1):
            total += self.amount[:, quarter] * (slot - (quarter - 1)).clip(0.0, 1.0)
        return total

    def scale(self, lane: int | slice, factor: np.ndarray) -> PerRow | PerWorld:
        """Multiply all that is still to come in a lane by factor (worlds,) in [0, 1]; returns what was taken away."""
        hit = (np.asarray(factor) != 1.0).nonzero()[0]
        removed = np.zeros(self.taken[lane].shape)
        if not hit.size:
            return removed
        self._pending = None
        live = slice(self.next_quarter, self.reach + 1)
        # Most worlds keep everything: only the others are touched.
        part = self.amount[lane, live]
        held = pick_worlds(part, hit)
        kept = factor if np.ndim(factor) == 0 else pick_worlds(np.asarray(factor), hit)
        removed[..., hit] = fold(np.moveaxis(held, -2, 0)) * (1.0 - kept)
        part[..., hit] = held * kept
        self.taken[lane] += removed
        return removed

    def negative(self) -> PerWorld:
        """Most below zero of any slot, (worlds,)."""
        live = self.amount[:, self.next_quarter : self.reach + 1]
        if live.min(initial=0.0) >= 0.0:  # one number for all is found in half the time
            return np.zeros(self.amount.shape[-1])
        return np.maximum(-live.min(axis=(0, 1), initial=0.0), 0.0)

    def check(self) -> ScheduleResiduals:
        """The distance from the laws, the same function for production and tests."""
        stranded = self.amount[:, : self.next_quarter].max(axis=(0, 1), initial=0.0)
        difference = np.abs(self.added - self.taken - self._still_to_come()) / np.maximum(self.added, 1.0)
        return ScheduleResiduals(self.negative(), stranded, difference.max(axis=0, initial=0.0))

    def state(self) -> dict[str, np.ndarray]:
        """All that a saved run needs, as copies."""
        return {
            "amount": self.amount.copy(),
            "added": self.added.copy(),
            "taken": self.taken.copy(),
            "next_quarter": np.asarray(self.next_quarter),
        }

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Return to a saved state.

        Raises: ValueError if the shape is another.
        """
        if state["amount"].shape != self.amount.shape:
            raise ValueError(f"amount: expected shape {self.amount.shape}, got {state['amount'].shape}")
        for name in ("amount", "added", "taken"):
            getattr(self, name)[...] = state[name]
        self.next_quarter = int(state["next_quarter"])
        self.reach = self.last_slot
        self._pending = None


def _grouped(dates: np.ndarray) -> np.ndarray:
    """Dates (worlds,), (rows, worlds) or (groups, 1, worlds) as (groups, 1, worlds): each row is a group of its own."""
    return dates if dates.ndim == 3 else dates.reshape(-1, 1, dates.shape[-1])


def _is_number(values: np.ndarray) -> np.ndarray:
    return ~np.isnan(values)
