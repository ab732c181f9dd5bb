"""What a worker does: run one block of a batch, write it, say what it took."""

from __future__ import annotations

import gc
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from runs.batch_design import SobolParameters
from runs.batch_plan import Block, Plan, unlike
from runs.batch_request import with_source
from runs.batch_worker import peak_bytes
from runs.model import ComputeMarket
from runs.posterior import PRIOR, drawn_from, load_posterior
from runs.saving import set_parameters
from runs.simulate import step_to_the_end
from runs.store_files import POSTERIOR, STATE, read_plan, write_block
from runs.store_schema import drawn_parameters
from runs.store_tables import Payments, Ran, tables_of
from world.draws import Draws
from world.parameters import resolve, specifications


class UnlikeWorker(RuntimeError):
    """A worker runs another program, or on another kind of machine: its worlds would have other bits."""


@dataclass(frozen=True)
class Report:
    """What became of a block."""

    index: int
    runs: int
    seconds: float
    cpu_seconds: float
    bytes: int
    worker: str
    peak_bytes: int


def run_block(folder: str, identity: str, index: int) -> Report:
    """Run one block of the batch in `folder` and write it there.

    Args:
        folder    the batch's directory, as the worker sees it
        identity  the seal of its manifest
        index     which block
    Raises: UnlikeWorker; LawBroken or RunFailed if the run breaks; OSError if it cannot be written.
    """
    began, spent = perf_counter(), process_time()
    plan = _plan(folder, identity)
    block = plan.blocks[index]
    with threadpool_limits(1):
        written = write_block(Path(folder), block, tables_of(plan, block, run_worlds(plan, block, Path(folder))))
    # Model and agents refer to each other: without this, dozens of finished blocks would wait for the collector.
    gc.collect()
    worker = f"{socket.gethostname()}:{os.getpid()}"
    seconds, cpu_seconds = perf_counter() - began, process_time() - spent
    return Report(index, block.runs, seconds, cpu_seconds, written, worker, peak_bytes())


def run_worlds(plan: Plan, block: Block, folder: Path) -> Ran:
    """Run the worlds of a block to their horizon."""
    request = plan.request
    scenario = request.scenarios[block.scenario]
    worlds, points = plan.places(block)
    if request.state is None:
        given = parameters_of(plan, with_source(scenario, request.parameters), worlds, points)
        if request.posterior is not None:
            given = drawn_from(load_posterior(folder / POSTERIOR), request.seed, worlds, scenario.start) | given
        market = ComputeMarket(scenario, worlds, request.seed, 0, request.until, given, PRIOR)
    else:
        market = futures(plan, folder / STATE, worlds, points)
    ran = Ran(market, market.parameters, Payments() if request.keep == "full" else None)

    def observe(_: int, __: int) -> None:
        if ran.payments is not None:
            ran.payments.note(market)

    step_to_the_end(market, f"{scenario.name}, block {block.index}", 0, 1, observe)
    return ran


def parameters_of(plan: Plan, given: Mapping[str, Any], worlds: np.ndarray, points: np.ndarray) -> dict[str, Any]:
    """What is given, with the quasi-random draws and the points of the design: each a number or one per world."""
    request, given = plan.request, dict(given)
    if request.draws == "sobol":
        given |= SobolParameters(drawn_parameters(request), request.seed).values(worlds)
    values = np.array(request.design.points, dtype=np.float64)
    for place, name in enumerate(request.design.names):
        given[name] = values[points, place]
    return given


def futures(plan: Plan, state: Path, worlds: np.ndarray, points: np.ndarray) -> ComputeMarket:
    """Futures of the saved market, with what is set and varied holding from their first quarter on."""
    market = ComputeMarket.load(state, worlds, plan.request.seed, plan.request.cast)
    table = specifications()
    given = parameters_of(plan, plan.request.parameters, worlds, points)
    set_parameters(market, resolve(Draws(0, worlds), given, table={name: table[name] for name in given}))
    return market


@lru_cache(maxsize=4)
def _plan(folder: str, identity: str) -> Plan:
    """The plan of a directory, read once in a worker, if this worker may run it."""
    plan = read_plan(Path(folder))
    if plan.identity != identity:
        raise UnlikeWorker(f"the worker on {socket.gethostname()} sees another batch in {folder}")
    found = unlike(plan)
    if found:
        raise UnlikeWorker(f"the worker on {socket.gethostname()} is unlike the driver: {'; '.join(found)}")
    return plan


__all__ = ["Report", "UnlikeWorker", "run_block"]
