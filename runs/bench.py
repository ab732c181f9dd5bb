"""How fast it is on this machine: worlds a second, where a quarter's time goes, and what many worlds at once save."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from statistics import median
from time import perf_counter
from typing import Any

import mesa
import numpy as np

import runs.model
from runs.memory import memory_held
from runs.model import ComputeMarket

SCENARIO = "as-of-2024q3"
CHUNKS = (250, 500, 1000, 2000, 4000)
YARDSTICK_WORLDS = 1000
STEPS = (
    "begin_quarter",
    "apply_events",
    "move_outside_world",
    "deliver",
    "lend",
    "fund",
    "tender",
    "order",
    "clear",
    "operate",
    "settle",
    "observe",
)
"""The steps of the quarter, in its order: functions of `runs.model`, or methods of the market."""

# In a process of its own: the peak of this one is that of the largest chunk.
_MEASURE_PEAK = """
import sys
from runs.simulate import simulate
def peak_mb():  # as the kernel of Linux counts it; a child's `ru_maxrss` would begin with its parent's
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("VmHWM"))
before = peak_mb()
simulate(sys.argv[1], worlds=int(sys.argv[2]))
print(peak_mb() - before)
"""


def bench(chunks: Sequence[int] = CHUNKS, repeats: int = 3, alone: int = 4) -> dict[str, Any]:
    """Measure the speed of a whole run; everything that is compared is measured in turns, and medians are reported.

    Args:
        chunks   numbers of worlds to step at once
        repeats  runs of each
        alone    worlds that are also run one by one, by a plain loop and by `mesa.batch_run`
    Returns: the figures by name, those that belong together under one name. A chunk's worlds per second are those of
        a whole run, its start included; microseconds are per world and quarter, the start left out; a ratio says how
        many times longer a world takes that way than in the best chunk.
    """
    ComputeMarket(SCENARIO, until="2025Q1").step()  # reads the tables of data, which stay in the process
    adds, runs_s, steps_s = [], {size: [] for size in chunks}, {name: [] for name in STEPS}  # type: ignore[var-annotated]
    quarters_s: dict[int, list[float]] = {size: [] for size in chunks}
    single_s: list[float] = []
    quarters = 0
    with memory_held():
        for _ in range(repeats):
            single_s.append(seconds_of(lambda: run(1)))
            for size in chunks:
                adds.append(seconds_of_an_addition())
                spent, opened_s, stepped_s, quarters = timed_run(size)
                runs_s[size].append(opened_s + stepped_s)
                quarters_s[size].append(stepped_s)
                if size == YARDSTICK_WORLDS or len(chunks) == 1:
                    for name in STEPS:
                        steps_s[name].append(spent[name] / (size * quarters))
        loop_s, mesa_s = seconds_of(lambda: loop(alone)) / alone, seconds_of(lambda: batch(alone, quarters)) / alone
    speed = {size: size / median(runs_s[size]) for size in chunks}
    best = max(speed, key=lambda size: speed[size])
    figures: dict[str, Any] = {
        "scenario": SCENARIO,
        "quarters": quarters,
        "worlds_per_second": speed[best],
        "best_chunk_worlds": best,
        "one_world_alone_s": median(single_s),
        "chunk_worlds": {
            str(size): {
                "worlds_per_second": speed[size],
                "us_per_world_quarter": 1e6 * median(quarters_s[size]) / (size * quarters),
            }
            for size in chunks
        },
        "step_us_per_world_quarter": {name: 1e6 * median(values) for name, values in steps_s.items() if values},
        "times_longer_than_in_the_best_chunk": {
            "loop_over_single_worlds": loop_s * speed[best],
            "mesa_batch_run": mesa_s * speed[best],
        },
        "addition_of_two_vectors_of_1000_us": 1e6 * median(adds),
        "peak_memory_of_1000_worlds_above_imports_mb": peak_megabytes(YARDSTICK_WORLDS),
    }
    if YARDSTICK_WORLDS in quarters_s:
        figures["quarter_of_1000_worlds_in_additions"] = median(quarters_s[YARDSTICK_WORLDS]) / quarters / median(adds)
    return figures


def timed_run(worlds: int) -> tuple[dict[str, float], float, float, int]:
    """A whole run: seconds by step, of its start, of its quarters; and how many of these there are."""
    gc.collect()  # the market before is a ring of objects: what it held is free for this one, as it is in `simulate`
    with timed_steps() as spent:
        begin = perf_counter()
        market = ComputeMarket(SCENARIO, worlds=worlds)
        started = perf_counter()
        finish(market)
        return spent, started - begin, perf_counter() - started, market.quarters


def run(worlds: int, seed: int = 1) -> ComputeMarket:
    """A whole run of so many worlds."""
    return finish(ComputeMarket(SCENARIO, worlds=worlds, rng=seed))


def finish(market: ComputeMarket) -> ComputeMarket:
    """Step a market to its horizon."""
    while market.running:
        market.step()
    return market


def loop(worlds: int) -> None:
    """So many worlds, one after the other."""
    for number in range(worlds):
        finish(ComputeMarket(SCENARIO, worlds=1, first_world=number))


def batch(worlds: int, quarters: int) -> None:
    """The same by Mesa's own runner, in this process."""
    mesa.batch_run(
        ComputeMarket,
        parameters={"scenario": SCENARIO, "first_world": list(range(worlds))},
        number_processes=1,
        max_steps=quarters,
        data_collection_period=-1,
        display_progress=False,
    )


def seconds_of(call: Callable[[], object]) -> float:
    """How long a call takes."""
    begin = perf_counter()
    call()
    return perf_counter() - begin


def seconds_of_an_addition(times: int = 4000) -> float:
    """How long NumPy takes to add two vectors of 1,000: the yardstick that nobody can slow down."""
    one, other = np.ones(YARDSTICK_WORLDS), np.ones(YARDSTICK_WORLDS)
    begin = perf_counter()
    for _ in range(times):
        np.add(one, other)
    return (perf_counter() - begin) / times


@contextmanager
def timed_steps() -> Iterator[dict[str, float]]:
    """While it lasts, the steps of every market's quarter add the seconds that they take to what this yields."""
    spent = dict.fromkeys(STEPS, 0.0)
    kept: list[tuple[object, str, Any]] = []
    try:
        for name in STEPS:
            owner: object = ComputeMarket if hasattr(ComputeMarket, name) else runs.model
            kept.append((owner, name, getattr(owner, name)))
            setattr(owner, name, _timed(name, getattr(owner, name), spent))
        yield spent
    finally:
        for holder, name, step in kept:
            setattr(holder, name, step)


def _timed(name: str, step: Callable[..., object], spent: dict[str, float]) -> Callable[..., object]:
    def call(*arguments: object) -> object:
        begin = perf_counter()
        try:
            return step(*arguments)
        finally:
            spent[name] += perf_counter() - begin

    return call


def peak_megabytes(worlds: int) -> float | str:
    """Peak memory of `simulate` in a fresh process above its imports, MB; or why it could not be measured."""
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE_PEAK, SCENARIO, str(worlds)], capture_output=True, text=True, check=False
    )
    return float(done.stdout) if done.returncode == 0 else f"not measured: {done.stderr.strip().splitlines()[-1:]}"
