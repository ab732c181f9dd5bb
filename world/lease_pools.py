"""The stocks behind the lease book: what waits to start, what runs, by row (pair), quarter and world.

Four measures travel together, so that prices and terms average correctly: capacity (M H100e), rent (capacity x
price, M H100e x $/H100e-hour), firm rent (the part that is due even if the capacity stands idle) and, until the
start, value (rent x term in quarters).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from world.arrays import PerRow, PerWorld, fold, ratio, some
from world.schedule import Amount, Schedule

CAPACITY, RENT, FIRM, VALUE = range(4)
_WAITING, _RUNNING = 4, 3
_LEAST_RENT = 1e-200
"""Below any rent there is; divides nothing by nothing."""


class LeasePools:
    """Leases of some rows, pooled by the quarter of their start and, once running, by the quarter of their end.

    Leases of a row that start together share their rent-weighted mean term, which keeps their value. Leases that
    end beyond the last slot stay in it; the rent that they owe beyond it is kept beside (`beyond`, rent x quarters).
    """

    def __init__(self, rows: int, slots: int, worlds: int) -> None:
        self.rows, self.worlds = rows, worlds
        self.to_start = Schedule(_WAITING * rows, slots, worlds)
        self.to_end = Schedule(_RUNNING * rows, slots, worlds)
        self.due: np.ndarray = np.zeros((rows, _WAITING, worlds))
        self.beyond: np.ndarray = np.zeros((rows, worlds))
        # Sums over quarters are kept, measure by measure, until a row changes; what was handed out is never written
        # again.
        self._sums: dict[tuple[int, int], np.ndarray] = {}
        self._later: list[np.ndarray] = []
        self._changed: dict[tuple[int, int], set[int]] = {}
        self._forget()

    def enter(
        self, rows: Sequence[int], start: Amount, capacity: PerRow, rent: PerRow, firm: PerRow, term: PerRow
    ) -> None:
        """Add leases of some rows, each once, that are due to start at `start` (quarters from the start of the run).

        All are (rows, worlds); `start` may also be a number or (worlds,).
        """
        lanes = [row * _WAITING + measure for row in rows for measure in range(_WAITING)]
        begin = start[:, np.newaxis] if isinstance(start, np.ndarray) and start.ndim > 1 else start
        pools = np.stack([capacity, rent, firm, rent * term], axis=1)
        self.to_start.add_spread(lanes, begin, pools, spread=0)
        self._change(_WAITING, rows)

    def fall_due(self, quarter: int) -> None:
        """Move what should have started by `quarter` to what is due."""
        if quarter >= self.to_start.next_quarter:
            moved = self.to_start.take(quarter).reshape(self.due.shape)
            self.due += moved
            self._change(_WAITING, np.flatnonzero(moved[:, CAPACITY].any(axis=1)).tolist())

    def start(self, row: int, share: np.ndarray, quarter: int) -> PerWorld:
        """Start a share (worlds,) of what is due in a row; returns the capacity that started."""
        due = self.due[row]
        if some(due[CAPACITY]):
            started = due * share
            self.due[row] = due * (1.0 - share)
            self._change(_WAITING, [row])
            self.run(row, started[:_RUNNING], ratio(started[VALUE], started[RENT], otherwise=1.0), quarter)
            return started[CAPACITY].copy()
        return np.zeros(self.worlds)

    def start_shares(self, share: np.ndarray, quarter: int) -> None:
        """Start a share (rows, worlds) of what is due in every row: as `start` of one row after the other."""
        rows = [row for row in range(self.rows) if some(self.due[row, CAPACITY])]
        if not rows:
            return
        due, part = self.due[rows], share[rows][:, np.newaxis]
        started = due * part
        self.due[rows] = due * (1.0 - part)
        term = ratio(started[:, VALUE], started[:, RENT], otherwise=1.0)
        end = quarter + term[:, np.newaxis]
        lanes = [row * _RUNNING + measure for row in rows for measure in range(_RUNNING)]
        self.to_end.add_spread(lanes, end, started[:, :_RUNNING], spread=0, earliest=quarter + 1)
        self.beyond[rows] += started[:, RENT] * np.maximum(end[:, 0] - self.to_end.last_slot, 0.0)
        self._change(_WAITING, rows)
        self._change(_RUNNING, rows)

    def lapse(self, share: np.ndarray) -> PerRow:
        """Give up a share (rows, worlds) of what is due and late; returns the capacity given up, (rows, worlds)."""
        given_up = self.due[:, CAPACITY] * share
        rows = np.flatnonzero(given_up.any(axis=1)).tolist()
        self.due[rows] *= 1.0 - share[rows][:, np.newaxis]
        self._change(_WAITING, rows)
        return given_up

    def run(self, row: int, pool: np.ndarray, term: np.ndarray, quarter: int) -> None:
        """Let a pool (capacity, rent, firm rent) run for `term` quarters from `quarter` on."""
        end = quarter + term
        self.to_end.add(_lanes(row, _RUNNING), end, pool, earliest=quarter + 1)
        self.beyond[row] += pool[RENT] * np.maximum(end - self.to_end.last_slot, 0.0)
        self._change(_RUNNING, [row])

    def end(self, quarter: int) -> PerRow:
        """End what has come to its end by `quarter`; returns its capacity."""
        ended = self.to_end.take(quarter).reshape(self.rows, _RUNNING, self.worlds)[:, CAPACITY].copy()
        self._change(_RUNNING, np.flatnonzero(ended.any(axis=1)).tolist())
        return ended

    def scale(self, row: int, kept: np.ndarray) -> PerWorld:
        """Keep a share (worlds,) of everything in a row; returns the capacity taken away."""
        removed = self.to_start.scale(_lanes(row, _WAITING), kept)[CAPACITY]
        removed = removed + self.to_end.scale(_lanes(row, _RUNNING), kept)[CAPACITY]
        removed = removed + self.due[row, CAPACITY] * (1.0 - kept)
        self.due[row] *= kept
        self.beyond[row] *= kept
        self._change(_WAITING, [row])
        self._change(_RUNNING, [row])
        result: np.ndarray = removed
        return result

    def reprice(self, row: int, kept: np.ndarray) -> None:
        """Keep a share (worlds,) of all rent in a row, and all its capacity."""
        self.to_start.scale(slice(row * _WAITING + RENT, (row + 1) * _WAITING), kept)
        self.to_end.scale(slice(row * _RUNNING + RENT, (row + 1) * _RUNNING), kept)
        self.due[row, RENT:] *= kept
        self.beyond[row] *= kept
        self._change(_WAITING, [row])
        self._change(_RUNNING, [row])

    def running(self, measure: int) -> PerRow:
        """What runs, (rows, worlds): CAPACITY, RENT or FIRM. Read only."""
        return self._sum(self.to_end, _RUNNING, measure)

    def waiting(self, measure: int) -> PerRow:
        """What has not started, late or not yet due, (rows, worlds): CAPACITY, RENT, FIRM or VALUE. Read only."""
        return self._sum(self.to_start, _WAITING, measure)

    def value_after(self, quarter: int) -> PerRow:
        """Rent x quarters still to be paid after `quarter`, waiting leases included, (rows, worlds)."""
        rents = self.to_end.amount[RENT::_RUNNING]
        value = self.waiting(VALUE) + self.beyond
        first, top = max(quarter + 2, self.to_end.next_quarter), self.to_end.reach
        if first <= top:
            to_go = np.arange(first, top + 1, dtype=np.float64)[:, np.newaxis] - float(quarter + 1)
            for row, runs in enumerate(self.running(CAPACITY)):
                if some(runs):
                    value[row] += fold(rents[row, first : top + 1] * to_go)
        return value

    def capacity_at(self, date: np.ndarray, now: int, rows: Sequence[int] | None = None) -> PerRow:
        """Capacity that runs at `date` (worlds,) if all starts in time, what is late now; linear between quarters.

        Of all rows, or of those that are named, in their order.
        """
        chosen = range(self.rows) if rows is None else rows
        if not chosen:
            return np.zeros((0, self.worlds))
        last = self.to_end.last_slot
        surely_over = math.floor(min(float(date.min()), float(last)))
        surely_running = min(math.ceil(min(float(date.max()), float(last))) + 1, last)
        first = max(self.to_end.next_quarter, surely_over)
        # The last slot is after the horizon: how long it runs is not kept.
        running = self._ending_from(max(surely_running, first))
        total = running.copy() if rows is None else running[list(rows)]
        ends = self.to_end.amount[CAPACITY::_RUNNING]
        for end in reversed(range(first, min(surely_running, self.to_end.reach + 1))):  # from the last on, as above
            share = (end - date).clip(0.0, 1.0)
            total += (ends[:, end] if rows is None else ends[list(rows), end]) * share

        waiting = [k for k, row in enumerate(chosen) if some(self.waiting(CAPACITY)[row])]
        if not waiting:
            return total
        of = [chosen[k] for k in waiting]
        runs = total[waiting] + _running(self.due[of].swapaxes(0, 1), date - now + 1.0, now - date)
        latest = min(math.ceil(min(float(date.max()), float(last))), self.to_start.reach)
        begin = self.to_start.next_quarter
        if latest >= begin:
            starts = self.to_start.amount.reshape(self.rows, _WAITING, -1, self.worlds)
            pools = np.stack([starts[row, :, begin : latest + 1] for row in of], axis=2)
            slots = np.arange(begin, latest + 1, dtype=np.float64)[:, None, None]
            for part in _running(pools, date - slots + 1.0, slots - date):
                runs += part
        total[waiting] = runs
        return total

    def _ending_from(self, slot: int) -> PerRow:
        """Capacity that runs and ends in `slot` or later, (rows, worlds); kept until a row changes. Read only."""
        ends = self.to_end.amount[CAPACITY::_RUNNING]
        top = self.to_end.reach
        if not self._later:
            self._later = [np.zeros((self.rows, self.worlds))]
        while len(self._later) <= top + 1 - slot:
            self._later.append(self._later[-1] + ends[:, top + 1 - len(self._later)])
        return self._later[max(top + 1 - slot, 0)]

    def negative(self) -> PerWorld:
        """Most below zero of any stock, (worlds,)."""
        lowest = -self.due.min(axis=(0, 1), initial=0.0)
        return np.maximum(np.maximum(self.to_start.negative(), self.to_end.negative()), lowest)

    def state(self) -> dict[str, np.ndarray]:
        """All that a saved run needs, as copies."""
        saved = {f"to_start.{k}": v for k, v in self.to_start.state().items()}
        saved |= {f"to_end.{k}": v for k, v in self.to_end.state().items()}
        return saved | {"due": self.due.copy(), "beyond": self.beyond.copy()}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Return to a saved state. Raises: ValueError if the shape is another."""
        for holder, prefix in ((self.to_start, "to_start."), (self.to_end, "to_end.")):
            holder.restore({k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)})
        self.due[...] = state["due"]
        self.beyond[...] = state["beyond"]
        self._forget()

    def _forget(self) -> None:
        """No sum that was kept is right any more."""
        self._sums, self._later = {}, []
        self._changed = {(width, measure): set() for width in (_WAITING, _RUNNING) for measure in range(width)}

    def _change(self, width: int, rows: Sequence[int]) -> None:
        """The sums of these rows must be added again before somebody reads them."""
        for measure in range(width):
            self._changed[width, measure].update(rows)
        if width == _RUNNING and rows:
            self._later = []

    def _sum(self, schedule: Schedule, width: int, measure: int) -> PerRow:
        """A measure of all quarters added up, (rows, worlds); only rows that changed are added again."""
        kept, changed = self._sums.get((width, measure)), self._changed[width, measure]
        if kept is not None and not changed:
            return kept
        if kept is None or 2 * len(changed) > self.rows:
            total = schedule.pending(lane=slice(measure, None, width))
            if width == _WAITING:
                total += self.due[:, measure]
        else:
            total = kept.copy()
            for row in changed:
                total[row] = schedule.pending(lane=_lane(row, width, measure))[0]
                if width == _WAITING:
                    total[row] += self.due[row, measure]
        total.flags.writeable = False
        self._sums[width, measure] = total
        changed.clear()
        return total


def _running(pool: np.ndarray, begun: np.ndarray, ran: np.ndarray) -> np.ndarray:
    """Capacity of a pool (measures, ..., worlds) that runs `begun` quarters after its start, less its term so far."""
    # Where there is no rent there is no value either.
    term = pool[VALUE] / np.maximum(pool[RENT], _LEAST_RENT)
    term += ran
    np.minimum(term, begun, out=term)
    np.maximum(term, 0.0, out=term)
    np.minimum(term, 1.0, out=term)
    term *= pool[CAPACITY]
    return term


def _lanes(row: int, width: int) -> slice:
    return slice(row * width, (row + 1) * width)


def _lane(row: int, width: int, measure: int) -> slice:
    lane = row * width + measure
    return slice(lane, lane + 1)
