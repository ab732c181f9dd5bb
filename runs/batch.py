"""The driver of a batch: begins or resumes it, hands out blocks, survives whoever dies, and says what became of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from pathlib import Path
from shlex import quote
from time import perf_counter, sleep
from typing import Any

from runs.batch_block import Report, UnlikeWorker, run_block
from runs.batch_engine import Engine, engine_for, is_death, is_final
from runs.batch_folder import begin, check_room, locked, needed_bytes, reopen
from runs.batch_plan import Block, Plan, make_plan
from runs.batch_program import differences
from runs.batch_request import Request, asked_document
from runs.batch_standing import Listener, Standing
from runs.store_files import (
    ASIDE,
    MANIFEST,
    damage,
    file_name,
    record_path,
    remove,
    set_aside,
    sweep,
)

MOST_DEATHS = 3
"""Workers that may die on a block before it is given up."""
SECONDS_BETWEEN = 1.0
"""How often the driver looks whether its engine lives while no block ends."""


class BatchFailed(RuntimeError):
    """The batch stopped: its directory is in order, and it can be resumed."""


def drive(folder: Path, plan: Plan, engine: Engine, listener: Listener | None = None) -> Standing:
    """Run every block that is not done, whatever dies; the bytes do not depend on engine, workers or order.

    Raises: ValueError for a mistake (a worker that is unlike the driver, a disk too small, another driver at work);
        BatchFailed if the directory cannot be written or nobody is left to work.
    """
    with locked(folder), engine:
        return _Driver(folder, plan, engine, listener or (lambda _: None)).run()


def run_batch(
    request: Request,
    folder: str | Path,
    workers: int = 1,
    engine: Engine | None = None,
    files: Mapping[str, Path] | None = None,
) -> Standing:
    """Begin a batch in a new directory, or go on with the one that is there if it is the same, and run it to its end.

    Args:
        request  what is asked, as `request_of` makes it
        folder   a directory that is new or empty, or holds the same batch
        workers  processes of this machine, where no engine is given
        files    what a new batch starts from, as `begin` wants it
    Raises: as `begin`, `reopen` and `drive`. Call it under `if __name__ == "__main__":`: processes are spawned.
    """
    folder, plan = Path(folder), make_plan(request)
    if (folder / MANIFEST).exists():
        found = differences(asked_document(reopen(folder).request), asked_document(request))
        if found:
            raise ValueError(f"{folder}: holds a batch with other wishes: {'; '.join(found)}")
    else:
        begin(plan, folder, files)
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
        self.advice = f"go on with: gigawatt batch --resume {quote(str(folder))}"

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
            if not self.under_way:
                sleep(SECONDS_BETWEEN)  # nobody is there to work just now
            ended, _ = wait(self.under_way, timeout=SECONDS_BETWEEN, return_when=FIRST_COMPLETED)
            if not self.engine.alive():
                raise BatchFailed(f"nobody answers any more; {self.advice}")
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
            self.standing.block_cpu_seconds.append(report.cpu_seconds)
            self.standing.peaks[report.worker] = report.peak_bytes
            self._count(block)
        elif is_death(error):
            self._mourn(index, error)
        elif isinstance(error, UnlikeWorker):
            raise ValueError(str(error))
        elif isinstance(error, OSError):
            raise BatchFailed(
                f"block {index} could not be written ({error.strerror or error}); when that is put right, {self.advice}"
            ) from error
        else:
            self.standing.failed[index] = f"{type(error).__name__}: {error}"

    def _mourn(self, index: int, error: BaseException) -> None:
        """A worker died: its engine is built again, and what was under way is tried again, each block alone."""
        self.standing.deaths += 1
        if is_final(error):
            self.standing.failed[index] = "every worker that was given it died"
            return
        indices = [index]
        if self.engine.rebuilds:
            lost = {future: k for future, k in self.under_way.items() if not _finished(future)}
            for future in lost:
                del self.under_way[future]
            indices += lost.values()
            self.engine.drop()
        for k in sorted(indices):
            self.deaths[k] = self.deaths.get(k, 0) + 1
            if self.deaths[k] >= MOST_DEATHS:
                del self.deaths[k]
                self.standing.failed[k] = f"{MOST_DEATHS} workers died on it"
            else:
                self.suspects.append(k)

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
                until.add_file(block.scenario, self.folder / file_name("worlds", block))
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


__all__ = ["BatchFailed", "drive", "run_batch"]
