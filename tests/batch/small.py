"""Small batches for the tests of this room: one quarter, a few blocks."""

from __future__ import annotations

import hashlib
import shutil
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

from runs.batch import drive
from runs.batch_engine import Engine
from runs.batch_folder import begin
from runs.batch_plan import Plan, make_plan
from runs.batch_request import Request, request_of
from runs.batch_standing import Standing
from runs.store_tables import BITS, rounded

SCENARIO = {"name": "small", "extends": "as-of-2024q3"}
UNTIL = "2024Q4"


class Here(Executor):
    """Carries out what it is given at once, in this process; it may die at chosen calls, or fail in another way."""

    def __init__(self, calls: list[int], faults: dict[int, BaseException]) -> None:
        self.calls, self.faults = calls, faults

    def submit(self, work: Any, /, *arguments: Any, **keywords: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.calls.append(arguments[-1])
        fault = self.faults.pop(len(self.calls), None)
        try:
            if fault is not None:
                raise fault
            future.set_result(work(*arguments, **keywords))
        except Exception as error:
            future.set_exception(error)
        return future


class InThisProcess(Engine):
    """An engine without processes, that remembers which blocks it was given and breaks when it is told to."""

    def __init__(self, faults: dict[int, BaseException] | None = None) -> None:
        super().__init__(1)
        self.calls: list[int] = []
        self.faults = faults or {}

    def start(self, workers: int) -> Executor:
        return Here(self.calls, self.faults)


def small(worlds: int = 10, block: int = 3, **more: Any) -> Request:
    """A request of a few worlds."""
    scenarios = more.pop("scenarios", [SCENARIO])
    return request_of(scenarios, worlds, **{"seed": 3, "until": UNTIL, "block": block, **more})


def run_here(folder: Path, request: Request, engine: Engine | None = None) -> tuple[Plan, Standing]:
    """Begin and run a batch in this process."""
    plan = make_plan(request)
    begin(plan, folder)
    return plan, drive(folder, plan, engine or InThisProcess())


def kept(values: Any) -> Any:
    """Values as the table `worlds` keeps them."""
    return rounded(values, BITS["worlds"])


def contents(folder: Path) -> dict[str, str]:
    """Digest of every file of a batch's directory by its name."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "aside" not in path.relative_to(folder).parts
    }


def copied(folder: Path, target: Path) -> Path:
    """A copy of a batch's directory, to be harmed."""
    shutil.copytree(folder, target)
    return target
