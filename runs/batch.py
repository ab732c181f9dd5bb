"""The driver of a batch: begins or resumes it, hands out blocks, survives whoever dies, and says what became of it."""

from __future__ import annotations

import fcntl
import shutil
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

import pyarrow.parquet as pq

from runs.batch_block import Report, UnlikeWorker, run_block
from runs.batch_engine import Engine, engine_for, is_death
from runs.batch_plan import Block, Plan, Request, asked_document, make_plan, unlike
from runs.batch_program import differences
from runs.batch_worker import peak_bytes
from runs.store_files import (
    ASIDE,
    MANIFEST,
    STATE,
    damage,
    file_name,
    read_plan,
    record_path,
    remove,
    set_aside,
    sweep,
    write_manifest,
    write_whole,
)
from runs.store_schema import bytes_per_run

MOST_DEATHS = 3
"""Workers that may die on a block before it is given up."""
SECONDS_BETWEEN = 1.0
"""How often the driver looks whether its engine lives while no block ends."""


class BatchFailed(RuntimeError):
    """The batch stopped: its directory is in order, and it can be resumed."""


@dataclass
class Standing:
    """How far a batch is: handed to whoever shows progress, and returned at the end."""

    blocks: int
    runs: int
    """Worlds times points, over all scenarios."""
    done_blocks: int = 0
    done_runs: int = 0
    found_runs: int = 0
    """Of the runs done, those that were there before this driver."""
    bytes: int = 0
    seconds: float = 0.0
    deaths: int = 0
    converged: bool = False
    width: float | None = None
    """Half the widest interval of the condition that ends the batch."""
    failed: dict[int, str] = field(default_factory=dict)
    block_seconds: list[float] = field(default_factory=list)
    peaks: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def runs_per_second(self) -> float:
        """Speed of this driver so far."""
        return (self.done_runs - self.found_runs) / self.seconds if self.seconds > 0.0 else 0.0

    @property
    def peak_bytes(self) -> int:
        """The most memory that driver and workers have held, each at its own peak."""
        return peak_bytes() + sum(self.peaks.values())

    @property
    def whole(self) -> bool:
        """Whether nothing is left to do."""
        return self.converged or self.done_blocks == self.blocks


TRIES_TO_LOCK = 10

Listener = Callable[[Standing], None]


def begin(plan: Plan, folder: Path, state: Path | None = None) -> None:
    """Make the directory of a new batch, with a copy of the saved market if it starts from one; the manifest is last.

    Raises: ValueError if the directory is not empty, may not be written, or its disk is too small.
    """
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder}: is not a directory")
    if (folder / MANIFEST).exists():
        raise ValueError(f"{folder}: holds a batch already; go on with --resume {folder}, or name another directory")
    if folder.exists() and any(folder.iterdir()):
        raise ValueError(f"{folder}: is not empty; name a new directory")
    check_room(folder, needed_bytes(plan))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if state is not None:
            write_whole(folder / STATE, state.read_bytes(), folder / ASIDE)
        write_manifest(folder, plan)
        sweep(folder)
    except OSError as error:
        raise ValueError(f"{folder}: cannot be written ({error.strerror})") from None


def needed_bytes(plan: Plan, runs: int | None = None) -> int:
    """Bytes that so many runs take on disk at most (default all): values before compression, and heads of files."""
    if runs is None:
        runs = plan.runs_per_scenario * len(plan.request.scenarios)
    columns = sum(len(table) for table in plan.document["tables"].values())
    return runs * bytes_per_run(plan.request) + columns * 300 * (runs // plan.request.block + 1)


def check_room(folder: Path, needed: int) -> None:
    """Refuse what the disk cannot hold.

    Raises: ValueError.
    """
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(there).free
    if needed > free:
        raise ValueError(
            f"{folder}: needs up to {needed / 1e9:,.1f} GB and the disk has {free / 1e9:,.1f} GB free; "
            "keep less, or run fewer worlds"
        )


def reopen(folder: Path) -> Plan:
    """The plan of a batch that is to go on.

    Raises: ValueError if it is not a batch, or this program would compute other bits.
    """
    plan = read_plan(folder)
    found = unlike(plan)
    if found:
        raise ValueError(
            f"{folder}: was begun by another program or machine ({'; '.join(found)}); "
            f"begin it anew with --resume {folder} --anew DIR"
        )
    return plan


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """While it lasts, no other driver works in the directory; the lock dies with its process.

    Raises: ValueError if one does.
    """
    try:
        file = (folder / MANIFEST).open("r+b")
    except OSError as error:
        raise ValueError(f"{folder / MANIFEST}: cannot be opened for writing ({error.strerror})") from None
    with file:
        for _ in range(TRIES_TO_LOCK):
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                sleep(0.1)  # whoever asks for the status holds it for a moment
        else:
            raise ValueError(f"{folder}: another driver is at work on this batch")
        yield


def at_work(folder: Path) -> bool:
    """Whether a driver works in the directory just now."""
    with (folder / MANIFEST).open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def drive(folder: Path, plan: Plan, engine: Engine, listener: Listener | None = None) -> Standing:
    """Run every block that is not done, whatever dies; the bytes do not depend on engine, workers or order.

    Raises: ValueError for a mistake (a worker that is unlike the driver, a disk too small, another driver at work);
        BatchFailed if the directory cannot be written or nobody is left to work.
    """
    with locked(folder), engine:
        return _Driver(folder, plan, engine, listener or (lambda _: None)).run()


def run_batch(request: Request, folder: str | Path, workers: int = 1, engine: Engine | None = None) -> Standing:
    """Begin a batch in a new directory, or go on with the one that is there if it is the same, and run it to its end.

    Args:
        request  what is asked, as `request_of` makes it
        folder   a directory that is new or empty, or holds the same batch
        workers  processes of this machine, where no engine is given
    Raises: as `begin`, `reopen` and `drive`. Call it under `if __name__ == "__main__":`: processes are spawned.
    """
    folder, plan = Path(folder), make_plan(request)
    if (folder / MANIFEST).exists():
        found = differences(asked_document(reopen(folder).request), asked_document(request))
        if found:
            raise ValueError(f"{folder}: holds a batch with other wishes: {'; '.join(found)}")
    else:
        begin(plan, folder)
    return drive(folder, plan, engine or engine_for(workers))


class _Driver:
    """One drive: what is left, what is under way, what died."""

    def __init__(self, folder: Path, plan: Plan, engine: Engine, listener: Listener) -> None:
        self.folder, self.plan, self.engine, self.listener = folder, plan, engine, listener
        total = plan.runs_per_scenario * len(plan.request.scenarios)
        self.standing = Standing(len(plan.blocks), total)
        self.done: set[int] = set()
        self.left: deque[int] = deque()
        self.suspects: deque[int] = deque()
        self.under_way: dict[Future[Report], int] = {}
        self.deaths: dict[int, int] = {}
        self.judged = 0
        self.began = perf_counter()

    def run(self) -> Standing:
        """Until nothing is left."""
        sweep(self.folder)
        self._find_done()
        left = sum(self.plan.blocks[k].runs for k in self.left)
        check_room(self.folder, needed_bytes(self.plan, left))
        self._judge()
        self._tell()
        while (self.left or self.suspects or self.under_way) and not self.standing.converged:
            self._hand_out()
            ended, _ = wait(self.under_way, timeout=SECONDS_BETWEEN, return_when=FIRST_COMPLETED)
            if not ended and not self.engine.alive():
                raise BatchFailed(f"nobody answers any more; go on with: gigawatt batch --resume {self.folder}")
            for future in ended:
                self._take(future)
            self._judge()
            self._tell()
        self.engine.drop()
        if self.standing.converged:
            self._drop_the_rest()
        sweep(self.folder)
        self._tell()
        return self.standing

    def _find_done(self) -> None:
        """Verify what has a record; name, set aside and run again what is damaged or foreign."""
        for block in self.plan.blocks:
            if not record_path(self.folder, block).exists():
                self.left.append(block.index)
                continue
            wrong = damage(self.folder, self.plan, block)
            if wrong is None:
                self._count(block)
                self.standing.found_runs += block.runs
                continue
            (self.folder / ASIDE).mkdir(exist_ok=True)
            set_aside(self.folder, self.plan, block)
            self.standing.notes.append(f"block {block.index} is set aside and run again: {wrong}")
            self.left.append(block.index)

    def _count(self, block: Block) -> None:
        self.done.add(block.index)
        self.standing.done_blocks += 1
        self.standing.done_runs += block.runs
        for table in self.plan.document["tables"]:
            self.standing.bytes += (self.folder / file_name(table, block)).stat().st_size

    def _hand_out(self) -> None:
        """Keep every worker busy; a block on which a worker died runs alone, so that its guilt is certain."""
        while True:
            alone = any(k in self.deaths for k in self.under_way.values())
            if alone or len(self.under_way) >= self.engine.width():
                return
            if self.suspects and not self.under_way:
                self._submit(self.suspects.popleft())
            elif self.left and not self.suspects:
                self._submit(self.left.popleft())
            else:
                return

    def _submit(self, index: int) -> None:
        folder = str(self.folder.absolute())
        try:
            future = self.engine.ready().submit(run_block, folder, self.plan.identity, index)
        except RuntimeError as error:
            if not is_death(error):
                raise
            # The pool broke just now: the futures under way say so too.
            self.left.appendleft(index)
            self.engine.drop()
            return
        self.under_way[future] = index

    def _take(self, future: Future[Report]) -> None:
        """What became of a block."""
        index = self.under_way.pop(future, None)
        if index is None:
            return
        block = self.plan.blocks[index]
        error = CancelledError() if future.cancelled() else future.exception()
        if error is None:
            report = future.result()
            if not record_path(self.folder, block).exists():
                raise BatchFailed(
                    f"worker {report.worker} wrote block {index} where this process does not see it: "
                    f"all workers must share the directory {self.folder}"
                )
            self.deaths.pop(index, None)
            self.standing.block_seconds.append(report.seconds)
            self.standing.peaks[report.worker] = report.peak_bytes
            self._count(block)
        elif is_death(error):
            self._mourn([index])
        elif isinstance(error, UnlikeWorker):
            raise ValueError(str(error))
        elif isinstance(error, OSError):
            raise BatchFailed(
                f"block {index} could not be written ({error.strerror or error}); when that is put right, "
                f"go on with: gigawatt batch --resume {self.folder}"
            ) from error
        else:
            self.standing.failed[index] = f"{type(error).__name__}: {error}"

    def _mourn(self, indices: list[int]) -> None:
        """A worker died: its engine is built again, and what was under way is tried again, each block alone."""
        self.standing.deaths += 1
        if not self.engine.rebuilds:
            if not self.engine.alive():
                raise BatchFailed(f"nobody answers any more; go on with: gigawatt batch --resume {self.folder}")
            for index in indices:
                self.standing.failed[index] = "every worker that was given it died"
            return
        indices += [k for future, k in self.under_way.items() if not _finished(future)]
        for future in [future for future, k in self.under_way.items() if k in indices]:
            del self.under_way[future]
        self.engine.drop()
        for index in sorted(indices):
            self.deaths[index] = self.deaths.get(index, 0) + 1
            if self.deaths[index] >= MOST_DEATHS:
                del self.deaths[index]
                self.standing.failed[index] = f"{MOST_DEATHS} workers died on it"
            else:
                self.suspects.append(index)

    def _judge(self) -> None:
        """Whether the first blocks, as far as they are done without a gap, end the batch."""
        until, scenarios = self.plan.until, len(self.plan.request.scenarios)
        if until is None:
            return
        while self.judged < len(self.plan.blocks) and not self.standing.converged:
            block = self.plan.blocks[self.judged]
            if block.index not in self.done and block.index not in self.standing.failed:
                return
            if block.index in self.done:
                read = pq.read_table(self.folder / file_name("worlds", block), columns=["point", until.column])
                values = read[until.column].to_pandas().to_numpy(dtype="float64")
                until.add(block.scenario, read["point"].to_numpy(), values)
            self.judged += 1
            if self.judged % scenarios == 0:
                self.standing.width = until.widest()
                self.standing.converged = until.met(scenarios * self.plan.points)

    def _drop_the_rest(self) -> None:
        """Blocks beyond the one that ended the batch came only because others were at work: they go."""
        for block in self.plan.blocks[self.judged :]:
            if record_path(self.folder, block).exists():
                for table in self.plan.document["tables"]:
                    self.standing.bytes -= (self.folder / file_name(table, block)).stat().st_size
                remove(self.folder, self.plan, block)
                self.standing.done_blocks -= 1
                self.standing.done_runs -= block.runs

    def _tell(self) -> None:
        self.standing.seconds = perf_counter() - self.began
        self.listener(self.standing)


def _finished(future: Future[Any]) -> bool:
    """Whether a block came back before its pool broke."""
    return future.done() and not future.cancelled() and future.exception() is None


__all__ = ["BatchFailed", "Standing", "at_work", "begin", "drive", "locked", "needed_bytes", "reopen", "run_batch"]
