"""What is still to come, by quarter: held, taken when it is due, asked about, cut down and checked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from world.arrays import PerRow, PerWorld, below_zero, highest, locked, lowest
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


class Pending:
    """Amounts due by quarter, for some lanes and all worlds, once they were entered (world/schedule.py).

    Slot k is quarter k from the start of the run (0 is the first one simulated); the last slot holds all that is due
    after the horizon. Slots before `next_quarter` have been taken (world/slots.py).
    to_come (lanes, worlds), what is still to come, is kept beside the slots: with every change it changes by as much.
    It is written in place, so who keeps it asks for `pending`.
    Lanes may be several measures of the same things, one after the other: what has nothing to come in the first measure
    has nothing in any. Where only the sums of the first `summed` measures are asked for, no others are kept.
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

    def within(
        self,
        from_quarter: int,
        slot: Amount,
        lanes: slice | Sequence[int] = slice(None),
        less: Pending | None = None,
    ) -> PerRow:
        """What is due from `from_quarter` up to and in `slot` (worlds,), linear between quarters, (lanes, worlds).

        At a whole quarter k all that is due up to and in k counts; at k + 0.5 also half of what is due in k + 1. Taken
        off is what is due of another schedule `less`, in the same lanes, as far as that is within its horizon.
        """
        slot = np.asarray(slot, np.float64)
        first = max(from_quarter, 0)
        if slot.size == 0:
            return np.zeros((len(self.to_come[lanes]), 0))
        reach = self.reach if less is None else max(self.reach, less.reach)
        soonest, latest = (min(max(date, -1.0), float(reach)) for date in (lowest(slot), highest(slot)))
        # Up to the earliest date all of it is due, in every world.
        whole, end = max(first, math.floor(soonest) + 1), math.ceil(latest)
        # Slot by slot wherever something is taken off: the bits must not depend on other worlds' dates.
        begin = whole if less is None else first
        total = self._slots.fold(first, begin, lanes)
        if end < begin:
            return total
        later = np.arange(whole, end + 1).reshape(-1, *[1] * slot.ndim)
        share = np.minimum(np.maximum(slot - (later - 1), 0.0), 1.0)
        for quarter in range(begin, max(whole, end + 1)):
            due = self._due_in(quarter, self.reach, lanes)
            if less is not None:
                due = due - less._due_in(quarter, less.last_slot - 1, lanes)
            total += due if quarter < whole else due * share[quarter - whole]
        return total

    def _due_in(self, quarter: int, last: int, lanes: slice | Sequence[int]) -> np.ndarray | float:
        """What is due in a quarter up to `last`, (lanes, worlds); nothing if that was taken or is never."""
        return self.slot(quarter)[lanes] if self.next_quarter <= quarter <= min(last, self.reach) else 0.0

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

    def keep_rows(self, measure: int, rows: np.ndarray, worlds: np.ndarray, share: np.ndarray) -> None:
        """Keep a share, (rows, entries) in [0, 1], of what is still to come in all measures from one on, in some rows.

        As `keep` at the positions `worlds`, (entries,) of int; no row is named twice.
        """
        place = (..., rows[:, np.newaxis], worlds)
        for pages in self._slots.parts():
            self._by_measure(pages)[:, measure:][place] *= share
        if len(self.to_come) > measure * self._rows:
            self._by_measure(self._change())[measure:][place] *= share
        self._least_written = min(self._least_written, lowest(share))

    def _by_measure(self, lanes: np.ndarray) -> np.ndarray:
        """An array (..., lanes, worlds) as (..., measures, rows, worlds), the same memory."""
        return lanes.reshape(*lanes.shape[:-2], -1, self._rows, lanes.shape[-1])

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
