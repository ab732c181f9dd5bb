"""The engine room: one worker thread, one bounded queue, answers kept by the exact request.

Whoever no longer waits takes the request along: what nobody waits for leaves the queue, or stops at the next quarter.
So the last request of a page wins, and a drag of a slider leaves nothing behind.
"""

from __future__ import annotations

import asyncio
import gc
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import xarray as xr

from runs.simulate import simulate
from viz.page.state import Shelf

MOST_WAITING = 40
"""Requests in the queue; beyond them the page is told to try again."""
ANSWERS_KEPT, RUNS_KEPT, BYTES_KEPT = 48, 3, 250_000_000
BREATH = 0.2
"""Seconds after an answer in which it is sent, before rubbish is collected."""
MOST_LITTER = 2
"""Finished jobs whose rubbish may lie about where one follows the other without a breath."""


class BusyError(RuntimeError):
    """The queue is full."""


class _GivenUpError(Exception):
    """Nobody waits for this run any longer."""


@dataclass
class Reply:
    """An answer ready to be sent, and what it cost."""

    body: bytes
    engine_seconds: float
    """Spent in simulations; nothing if they were kept."""
    other_seconds: float


@dataclass
class _Job:
    key: Hashable
    work: Callable[[], bytes]
    future: Future[Reply] = field(default_factory=Future)
    waiting: int = 0


class Engine:
    """Runs simulations one after the other and keeps the latest answers."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.simulated = 0
        """Simulations carried out to their end."""
        self._answers: OrderedDict[Hashable, Reply] = OrderedDict()
        self._runs: OrderedDict[Hashable, xr.Dataset] = OrderedDict()
        self._jobs: OrderedDict[Hashable, _Job] = OrderedDict()
        self._current: _Job | None = None
        self._changed = threading.Condition()
        self._closed = False
        self._litter = 0
        """Jobs since rubbish was last collected."""
        self._engine_seconds = 0.0
        self._thread = threading.Thread(target=self._loop, name="engine", daemon=True)
        self._thread.start()

    async def answer(self, key: Hashable, work: Callable[[], bytes]) -> Reply:
        """The answer to a request: kept, or worked out in its turn. Raises: BusyError, and what the work raises."""
        with self._changed:
            kept = self._answers.get(key)
            if kept is not None:
                self._answers.move_to_end(key)
                return Reply(kept.body, 0.0, 0.0)
            job = self._jobs.get(key)
            if job is None:
                if len(self._jobs) >= MOST_WAITING:
                    raise BusyError("too many requests wait for the engine; try again in a moment")
                job = self._jobs[key] = _Job(key, work)
                self._changed.notify()
            job.waiting += 1
        try:
            return await asyncio.shield(asyncio.wrap_future(job.future))
        finally:
            with self._changed:
                job.waiting -= 1
                if not job.waiting and self._jobs.get(key) is job and not job.future.done():
                    del self._jobs[key]

    def run(self, scenario: str, settings: tuple[tuple[str, float], ...], worlds: int, seed: int) -> xr.Dataset:
        """An ensemble, kept or simulated now; called from within a work. Stops if nobody waits for it any longer."""
        key = (scenario, settings, worlds, seed)
        if key in self._runs:
            self._runs.move_to_end(key)
            return self._runs[key]
        started = perf_counter()
        dataset = simulate(
            self.shelf.scenarios[scenario], worlds, seed, parameters=dict(settings), progress=self.stop_if_alone
        )
        self._engine_seconds += perf_counter() - started
        self.simulated += 1
        self._runs[key] = dataset
        while len(self._runs) > 2 and (
            len(self._runs) > RUNS_KEPT or sum(run.nbytes for run in self._runs.values()) > BYTES_KEPT
        ):
            self._runs.popitem(last=False)
        return dataset

    def stop_if_alone(self, *_: Any) -> None:
        """Called between quarters: give up a run for which nobody waits."""
        job = self._current
        if job is not None and not job.waiting:
            raise _GivenUpError

    def close(self) -> None:
        """Stop the worker once its job is done."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def _next(self) -> _Job | None:
        with self._changed:
            while True:
                if self._closed:
                    return None
                job = next((job for job in self._jobs.values() if not job.future.done()), None)
                if job is not None:
                    self._current = job
                    return job
                if not self._changed.wait(BREATH if self._litter else None):
                    self._collect()

    def _loop(self) -> None:
        while (job := self._next()) is not None:
            if self._litter >= MOST_LITTER:
                self._collect()
            started, self._engine_seconds = perf_counter(), 0.0
            try:
                body = job.work()
                reply = Reply(body, self._engine_seconds, perf_counter() - started - self._engine_seconds)
                self._done(job, reply)
            except _GivenUpError:
                self._done(job, None, None)
            except BaseException as error:  # the thread serves whoever comes next
                self._done(job, None, error)
            self._litter += 1
            del job

    def _collect(self) -> None:
        """A finished market is a ring of objects; its arrays would lie about until the collector comes by.

        Not at once: collecting stops all threads, and the answer is still to be sent.
        """
        if self._litter:
            self._litter = 0
            gc.collect()

    def _done(self, job: _Job, reply: Reply | None, error: BaseException | None = None) -> None:
        with self._changed:
            self._current = None
            if self._jobs.get(job.key) is job:
                del self._jobs[job.key]
            if reply is not None:
                self._answers[job.key] = reply
                while len(self._answers) > ANSWERS_KEPT:
                    self._answers.popitem(last=False)
                job.future.set_result(reply)
            elif error is not None:
                job.future.set_exception(error)
            else:
                job.future.cancel()
