"""How fast a batch is: against one process, against as many that know nothing of each other, and against Mesa's own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import mesa

from runs.batch import drive
from runs.batch_engine import Processes
from runs.batch_folder import begin
from runs.batch_plan import Plan, make_plan
from runs.batch_request import BLOCK, request_of
from runs.model import ComputeMarket

SCENARIO = "as-of-2024q3"
BLOCKS_ALONE = 3
"""Blocks that each process runs that knows nothing of the others, besides one to warm up."""
WORLDS_BY_MESA = 8

_ALONE = """
import json, sys
from runs.batch_block import run_block
folder, identity, *blocks = sys.argv[1:]
print(json.dumps([run_block(folder, identity, int(k)).seconds for k in blocks]))
"""


def bench_batch(worlds: int, workers: int = 2, block: int = BLOCK) -> dict[str, Any]:
    """Run a batch of so many worlds, and the same kind of blocks in plain processes beside it.

    Args:
        worlds   of the batch; its blocks are as many as that fills
        workers  processes
        block    worlds in a block
    Returns: the figures by name. The ceiling is what `workers` processes that know nothing of each other do; the batch
        takes so many times longer than that, its start included.
    """
    with tempfile.TemporaryDirectory(prefix="gigawatt-") as name:
        one = _alone(_planned(Path(name) / "one", block * (BLOCKS_ALONE + 1), block), Path(name) / "one", 1)
        many = _alone(
            _planned(Path(name) / "many", block * workers * (BLOCKS_ALONE + 1), block), Path(name) / "many", workers
        )
        plan, folder = _planned(Path(name) / "batch", worlds, block), Path(name) / "batch"
        began = perf_counter()
        standing = drive(folder, plan, Processes(workers))
        seconds = perf_counter() - began
    part = max(len(standing.block_seconds) // 10, 1)
    first, last = median(standing.block_seconds[:part]), median(standing.block_seconds[-part:])
    by_mesa = _by_mesa(workers)
    return {
        "scenario": SCENARIO,
        "worlds": worlds,
        "workers": workers,
        "block_worlds": block,
        "seconds": seconds,
        "worlds_per_second": worlds / seconds,
        "worlds_per_second_of_one_process": one,
        "worlds_per_second_of_independent_processes": many,
        "times_the_time_of_independent_processes": seconds * many / worlds,
        "hours_for_a_million_worlds": seconds / worlds * 1e6 / 3600.0,
        "processor_hours_for_a_million_worlds": standing.cpu_seconds / worlds * 1e6 / 3600.0,
        "bytes_per_world": standing.bytes / worlds,
        "peak_memory_in_all_mb": standing.peak_bytes / 1e6,
        "median_block_seconds": {"first_tenth": first, "last_tenth": last, "ratio": last / first},
        "times_longer_by_mesa_batch_run": by_mesa * worlds / seconds,
    }


def _planned(folder: Path, worlds: int, block: int) -> Plan:
    plan = make_plan(request_of([SCENARIO], worlds, block=block))
    begin(plan, folder)
    return plan


def _alone(plan: Plan, folder: Path, processes: int) -> float:
    """Worlds a second of so many processes at once, each with blocks of its own; the first block warms up."""
    shares: list[Sequence[int]] = [range(k, len(plan.blocks), processes) for k in range(processes)]
    started = [
        subprocess.Popen(
            [sys.executable, "-c", _ALONE, str(folder), plan.identity, *map(str, share)], stdout=subprocess.PIPE
        )
        for share in shares
    ]
    rates = []
    for process in started:
        out, _ = process.communicate()
        if process.returncode:
            raise RuntimeError("a process that was measured failed")
        rates.append(plan.request.block / median(json.loads(out)[1:]))
    return sum(rates)


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
