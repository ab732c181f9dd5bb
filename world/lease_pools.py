"""The stocks behind the lease book: what waits to start, what runs, by row (pair), quarter and world.

Four measures travel together, so that prices and terms average correctly: capacity (M H100e), rent (capacity x
price, M H100e x $/H100e-hour), firm rent (the part that is due even if the capacity stands idle) and, until the
start, value (rent x term in quarters).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from world.arrays import PerRow, PerWorld, below_zero, locked, ratio, some
from world.schedule import Schedule

CAPACITY, RENT, FIRM, VALUE = range(4)
_WAITING, _RUNNING = 4, 3
_LEAST_RENT = 1e-200
"""Below any rent there is; divides nothing by nothing."""


class LeasePools:
    """Leases of some rows, pooled by the quarter of their start and, once running, by the quarter of their end.

    due (measures, rows, worlds) has come to its start and waits for its delivery; to_start and to_end have a lane for
    each measure and row, all rows of a measure together. Leases of a row that start together share their rent-weighted
    mean term, which keeps their value. owed (rows, worlds) is the rent x quarters that all of them, waiting or running,
    have still to pay from the next quarter to end on.
    """

    def __init__(self, rows: int, slots: int, worlds: int) -> None:
        self.rows, self.worlds = rows, worlds
        self.to_start = Schedule(_WAITING * rows, slots, worlds, _WAITING, summed=1)
        self.to_end = Schedule(_RUNNING * rows, slots, worlds, _RUNNING)
        self.due: np.ndarray = np.zeros((_WAITING, rows, worlds))
        self.owed: np.ndarray = np.zeros((rows, worlds))
        self.shortest_term = np.inf
        self._waiting: PerRow | None = None
        nothing = np.zeros((0, worlds))
        self._added_up: tuple[PerRow, PerRow, PerRow] = nothing, nothing, nothing

    def enter(self, place: np.ndarray, start: np.ndarray, pool: np.ndarray, term: np.ndarray) -> None:
        """Add single leases that are due to start at `start` (quarters from the start of the run).

        Args:       shape            unit
            place, start, term   (entries,)   row x worlds + position of the world; quarters
            pool    (4, entries)     capacity, rent, firm rent and value
        """
        self.to_start.add_some(place, start, pool)
        np.add.at(self.owed.reshape(-1), place, pool[VALUE])
        self.shortest_term = min(self.shortest_term, float(term.min(initial=np.inf)))
        self._waiting = None

    def fall_due(self, quarter: int) -> None:
        """Move what should have started by `quarter` to what is due."""
        if quarter >= self.to_start.next_quarter:
            self.to_start.move(quarter, self.due.reshape(-1, self.worlds))
            self._waiting = None

    def start(self, share: np.ndarray, quarter: int) -> PerRow:
        """Start a share (rows, worlds) of what is due in every row; returns the capacity that started."""
        started = self.due * share
        self.due -= started
        self._waiting = None
        place = np.flatnonzero(started[CAPACITY] > 0.0)
        value, rent = started[VALUE].take(place), started[RENT].take(place)
        self.to_end.add_all(started[:_RUNNING], place, quarter + ratio(value, rent, otherwise=1.0))
        self.owed += started[RENT] * float(quarter - self.to_end.next_quarter)
        begun: PerRow = started[CAPACITY]
        return begun

    def lapse(self, share: np.ndarray) -> PerRow:
        """Give up a share, (worlds,) or (rows, worlds), of what is late; returns its capacity, (rows, worlds)."""
        given_up = self.due * share
        self.due -= given_up
        self.owed -= given_up[VALUE]
        self._waiting = None
        capacity: PerRow = given_up[CAPACITY]
        return capacity

    def open(self, place: np.ndarray, pool: np.ndarray, term: np.ndarray) -> None:
        """Enter single leases (capacity, rent, firm rent; entries) that run for `term` quarters from quarter 0 on."""
        self.to_end.add_some(place, term, pool)
        np.add.at(self.owed.reshape(-1), place, pool[RENT] * term)

    def end(self, quarter: int) -> PerRow:
        """End what has come to its end by `quarter`; returns its capacity. What runs on is paid for that quarter."""
        ended = np.zeros((self.rows, self.worlds))
        for each in range(min(self.to_end.next_quarter, quarter), quarter + 1):
            self.to_end.move(each, ended)
            # Where no lease is left, nothing is owed: what stands there is rounding.
            rent = self.running(RENT)
            left = np.maximum(self.owed - rent, 0.0, out=self.owed)
            left *= rent + self.waiting > 0.0
        return ended

    def scale(self, row: int, kept: np.ndarray) -> PerWorld:
        """Keep a share (worlds,) of everything in a row; returns the capacity taken away."""
        removed = self.to_start.scale(slice(row, None, self.rows), kept)[CAPACITY]
        removed = removed + self.to_end.scale(slice(row, None, self.rows), kept)[CAPACITY]
        removed = removed + self.due[CAPACITY, row] * (1.0 - kept)
        self.due[:, row] *= kept
        self.owed[row] *= kept
        self._waiting = None
        result: np.ndarray = removed
        return result

    def reprice(self, rows: np.ndarray, worlds: np.ndarray, kept: np.ndarray) -> None:
        """Keep a share (rows, entries) of all rent in some rows at the positions `worlds`, and all their capacity."""
        if worlds.size:
            self.to_start.keep_rows(RENT, rows, worlds, kept)
            self.to_end.keep_rows(RENT, rows, worlds, kept)
            place = rows[:, np.newaxis], worlds
            self.due[RENT:][(..., *place)] *= kept
            self.owed[place] *= kept

    def running(self, measure: int) -> PerRow:
        """What runs, (rows, worlds): CAPACITY, RENT or FIRM. Read only."""
        return self.to_end.pending()[measure * self.rows : (measure + 1) * self.rows]

    @property
    def waiting(self) -> PerRow:
        """Capacity that has not started, late or not yet due, (rows, worlds); read only."""
        if self._waiting is None:  # kept until something waits no more, or something new does
            self._waiting = locked(self.to_start.to_come + self.due[CAPACITY])
        return self._waiting

    @property
    def contracted(self) -> PerRow:
        """Capacity that runs or has not started, (rows, worlds); read only."""
        running, waiting, total = self._added_up
        if running is not self.to_end.pending() or waiting is not self.waiting:  # kept until one of the two is another
            running, waiting, total = self.to_end.pending(), self.waiting, locked(self.running(CAPACITY) + self.waiting)
            self._added_up = running, waiting, total
        return total

    def owed_after(self, quarter: int) -> PerRow:
        """Rent x quarters still to be paid after `quarter`, waiting leases included, (rows, worlds)."""
        unpaid = quarter + 1 - self.to_end.next_quarter
        return self.owed - unpaid * self.running(RENT) if unpaid > 0 else self.owed

    def capacity_at(self, date: np.ndarray, now: int, rows: Sequence[int] | None = None) -> PerRow:
        """Capacity that runs at `date` (worlds,) if all starts in time, what is late now; linear between quarters.

        Of all rows, or of those that are named, in their order.
        """
        if rows is not None and 2 * len(rows) > self.rows:  # sooner read all than picked out
            return self.capacity_at(date, now)[list(rows)]
        of = slice(0, self.rows) if rows is None else list(rows)
        starts, ends = self.to_start, self.to_end
        late = self.due[CAPACITY, of]
        # What ends after the horizon is in the last slot; how long it runs is not kept.
        total = starts.within(min(starts.next_quarter, ends.next_quarter), date, of, less=ends)
        total += self.running(CAPACITY)[of]
        total += late if date.min(initial=np.inf) >= now else late * (date - (now - 1)).clip(0.0, 1.0)
        if float(date.max(initial=0.0)) - now + 2.0 > self.shortest_term:
            total -= self._over_again(date, now)[of]
        return np.maximum(total, 0.0)

    def _over_again(self, date: np.ndarray, now: int) -> PerRow:
        """Capacity of waiting leases that would start and end before `date`: only short ones can, (rows, worlds)."""
        starts = self.to_start
        over = _over(self.due, date, now)
        for slot in range(starts.next_quarter, starts.reach + 1):
            pool = starts.slot(slot).reshape(self.due.shape)
            if some(pool[CAPACITY]):
                over += _over(pool, date, slot)
        return over

    def accounted(self) -> PerRow:
        """Capacity in every pool, the slots added up one by one, (rows, worlds)."""
        every = slice(0, self.rows)
        slots = [schedule.slots_from(schedule.next_quarter, every) for schedule in (self.to_start, self.to_end)]
        accounted: PerRow = slots[0] + slots[1] + self.due[CAPACITY]
        return accounted

    def negative(self) -> PerWorld:
        """Most below zero of any stock, (worlds,)."""
        negative: PerWorld = np.maximum(self.to_start.negative(), self.to_end.negative())
        return np.maximum(negative, below_zero(self.due, self.owed))

    def state(self) -> dict[str, np.ndarray]:
        """All that a saved run needs, as copies."""
        saved = {f"to_start.{k}": v for k, v in self.to_start.state().items()}
        saved |= {f"to_end.{k}": v for k, v in self.to_end.state().items()}
        stocks = {"due": self.due.copy(), "owed": self.owed.copy()}
        return saved | stocks | {"shortest_term": np.asarray(self.shortest_term)}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Return to a saved state. Raises: ValueError if the shape is another."""
        for holder, prefix in ((self.to_start, "to_start."), (self.to_end, "to_end.")):
            holder.restore({k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)})
        self.due[...] = state["due"]
        self.owed[...] = state["owed"]
        self.shortest_term = float(state["shortest_term"])
        self._waiting = None


def _over(pool: np.ndarray, date: np.ndarray, slot: int) -> np.ndarray:
    """Capacity of a pool (measures, rows, worlds) starting in `slot` that would have started and ended by `date`."""
    # Where there is no rent there is no value either.
    term = pool[VALUE] / np.maximum(pool[RENT], _LEAST_RENT)
    begun = (date - (slot - 1)).clip(0.0, 1.0)
    left = np.minimum(term + (slot - date), begun).clip(0.0, 1.0)
    over: np.ndarray = pool[CAPACITY] * (begun - left)
    return over
