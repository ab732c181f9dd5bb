"""How fast a batch is: against one process, against as many that know nothing of each other, and against Mesa's own."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import mesa

from runs.batch import drive
from runs.batch_engine import Processes
from runs.batch_folder import begin, reopen
from runs.batch_plan import Plan, make_plan
from runs.batch_request import BLOCK, request_of
from runs.batch_standing import Listener, Standing
from runs.model import ComputeMarket
from runs.store_files import MANIFEST

SCENARIO = "as-of-2024q3"
RESTS = 10
"""How often the batch rests while processes that know nothing of each other run blocks of it."""
WORLDS_BY_MESA = 8

_ALONE = """
import signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends with its stdin
from runs.batch_block import run_block
folder, identity = sys.argv[1:]
for line in sys.stdin:
    for index in line.split():
        run_block(folder, identity, int(index))
    print(flush=True)
"""


class Beside:
    """Plain processes that know nothing of each other or of a batch, and run the blocks that they are told to."""

    def __init__(self, plan: Plan, folder: Path, processes: int) -> None:
        begin(plan, folder)
        command = [sys.executable, "-c", _ALONE, str(folder), plan.identity]
        self.processes = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for _ in range(processes)
        ]
        self.runs, self.seconds = 0, 0.0

    def run(self, plan: Plan, shares: Sequence[Sequence[int]]) -> float:
        """Run each share in a process of its own, all at once; returns worlds a second."""
        began = perf_counter()
        busy = list(zip(self.processes, shares, strict=False))
        for process, share in busy:
            assert process.stdin is not None
            print(*share, file=process.stdin, flush=True)
        for process, _ in busy:
            assert process.stdout is not None
            if not process.stdout.readline():
                raise RuntimeError("a process that was measured failed")
        seconds, runs = perf_counter() - began, sum(plan.blocks[k].runs for share in shares for k in share)
        self.runs, self.seconds = self.runs + runs, self.seconds + seconds
        return runs / seconds

    def end(self) -> None:
        """End the processes."""
        for process in self.processes:
            process.communicate()


class Resting(Processes):
    """Processes that rest after every so many blocks, while those beside run the last ones of them again."""

    def __init__(self, workers: int, plan: Plan, beside: Beside) -> None:
        super().__init__(workers)
        self.plan, self.beside = plan, beside
        self.every = max(-(-len(plan.blocks) // RESTS), workers)
        self.given: list[int] = []
        self.under_way: list[Future[Any]] = []
        self.rested = 0.0

    def start(self, workers: int) -> Executor:
        """A new pool, of which is noted what it is given."""
        pool = super().start(workers)
        submit = pool.submit

        def noted(work: Callable[..., Any], /, *arguments: Any) -> Future[Any]:
            future = submit(work, *arguments)
            self.given.append(int(arguments[-1]))
            self.under_way.append(future)
            return future

        pool.submit = noted  # type: ignore[method-assign, assignment]
        return pool

    def width(self) -> int:
        """None while the pool runs dry for a rest."""
        if len(self.given) < self.every:
            return self.workers
        if not all(future.done() for future in self.under_way):
            return 0
        began = perf_counter()
        last = self.given[-2 * self.workers :]
        self.beside.run(self.plan, [last[k :: self.workers] for k in range(self.workers)])
        self.rested += perf_counter() - began
        self.given, self.under_way = [], []
        return self.workers


def bench_batch(
    worlds: int, out: Path | None = None, listener: Listener | None = None, workers: int = 2, block: int = BLOCK
) -> dict[str, Any]:
    """Run a batch of so many worlds, and in turns with it the same blocks in plain processes.

    Args:
        worlds    of the batch; its blocks are as many as that fills
        out       where the batch is kept, and goes on if it was stopped; default nowhere
        listener  is told how far it is
        workers   processes
        block     worlds in a block
    Returns: the figures by name. The ceiling is what `workers` processes that know nothing of each other do with blocks
        of the same batch, in turns with it; the batch takes so many times longer than that, its start included.
    Raises: ValueError if the directory holds another batch; BatchFailed if it cannot be written.
    """
    plan = make_plan(request_of([SCENARIO], worlds, block=block))
    with tempfile.TemporaryDirectory(prefix="gigawatt-") as name:
        folder = Path(name) / "batch" if out is None else out
        if not (folder / MANIFEST).exists():
            begin(plan, folder)
        elif reopen(folder).identity != plan.identity:
            raise ValueError(f"{folder}: holds another batch than --batch {worlds} would run")
        beside = Beside(plan, Path(name) / "beside", workers)
        try:
            first = [[k % len(plan.blocks)] for k in range(workers)]
            beside.run(plan, first)  # to warm up
            one = beside.run(plan, [[0, min(1, len(plan.blocks) - 1)]])
            beside.runs, beside.seconds = 0, 0.0
            engine = Resting(workers, plan, beside)
            standing = drive(folder, plan, engine, listener)
            if not beside.runs:
                beside.run(plan, first)
        finally:
            beside.end()
    figures = {
        "scenario": SCENARIO,
        "worlds": worlds,
        "workers": workers,
        "block_worlds": block,
        "worlds_found": standing.found_runs,
        "bytes_per_world": standing.bytes / max(standing.done_runs, 1),
        "worlds_per_second_of_one_process": one,
        "worlds_per_second_of_independent_processes": beside.runs / beside.seconds,
    }
    ran = standing.done_runs - standing.found_runs
    if ran:
        seconds = standing.seconds - engine.rested
        figures |= _speed(standing, ran, seconds)
        figures["times_the_time_of_independent_processes"] = seconds / ran * beside.runs / beside.seconds
        figures["times_longer_by_mesa_batch_run"] = _by_mesa(workers) * ran / seconds
    return figures


def _speed(standing: Standing, ran: int, seconds: float) -> dict[str, Any]:
    """What was measured of the worlds that ran now."""
    return {
        "seconds": seconds,
        "worlds_per_second": ran / seconds,
        "hours_for_a_million_worlds": seconds / ran * 1e6 / 3600.0,
        "processor_hours_for_a_million_worlds": standing.cpu_seconds / ran * 1e6 / 3600.0,
        "peak_memory_in_all_mb": standing.peak_bytes / 1e6,
        "median_block_seconds": _tenths(standing.block_seconds),
        "median_block_processor_seconds": _tenths(standing.block_cpu_seconds),
    }


def _tenths(times: Sequence[float]) -> dict[str, float]:
    """Whether blocks get slower: those of the last tenth against those of the first."""
    part = max(len(times) // 10, 1)
    first, last = median(times[:part]), median(times[-part:])
    return {"first_tenth": first, "last_tenth": last, "ratio": last / first}


def _by_mesa(workers: int) -> float:
    """Seconds for a world by Mesa's own runner on as many processes."""
    quarters = ComputeMarket(SCENARIO).quarters
    began = perf_counter()
    mesa.batch_run(
        ComputeMarket,
        parameters={"scenario": SCENARIO, "first_world": list(range(WORLDS_BY_MESA))},
        number_processes=workers,
        max_steps=quarters,
        data_collection_period=-1,
        display_progress=False,
    )
    return (perf_counter() - began) / WORLDS_BY_MESA


__all__ = ["bench_batch"]
