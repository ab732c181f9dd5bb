"""Who carries out the blocks of a batch: anything with the interface of `concurrent.futures.Executor`."""

from __future__ import annotations

import logging
import multiprocessing
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from inspect import signature
from typing import Any

from runs.batch_worker import begin_work

ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
SECONDS_TO_ANSWER = 10
SECONDS_FOR_WORKERS = 60
DEATHS: tuple[str, ...] = ("BrokenProcessPool", "BrokenExecutor", "CancelledError")
DEATHS += ("KilledWorker",)  # Dask
DEATHS += ("WorkerCrashedError", "NodeDiedError", "LocalRayletDiedError")  # Ray
"""Errors that say that a worker died, by the names that engines give them."""


class Engine(ABC):
    """Makes executors, again and again where one breaks; a context that leaves no worker of its own behind."""

    def __init__(self, workers: int, rebuilds: bool = True) -> None:
        self.workers = workers
        self.rebuilds = rebuilds
        """Whether a dead worker breaks the executor, with every block that is under way in it."""
        self.executor: Executor | None = None

    @abstractmethod
    def start(self, workers: int) -> Executor:
        """A new executor."""

    def ready(self, workers: int | None = None) -> Executor:
        """The executor, made if there is none."""
        if self.executor is None:
            self.executor = self.start(self.workers if workers is None else workers)
        return self.executor

    def width(self) -> int:
        """How many blocks should be under way."""
        return self.workers

    def alive(self) -> bool:
        """Whether anybody still answers."""
        return True

    def drop(self) -> None:
        """Give up the executor with whatever is under way."""
        if self.executor is not None:
            # Not every executor knows how to cancel: loky's takes `wait` only.
            knows = "cancel_futures" in signature(self.executor.shutdown).parameters
            self.executor.shutdown(wait=False, **({"cancel_futures": True} if knows else {}))
            self.executor = None

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self.drop()


class Processes(Engine):
    """Processes of this machine, spawned, each with one thread for linear algebra."""

    def __init__(self, workers: int) -> None:
        super().__init__(workers)
        self._before: set[int | None] = set()

    def start(self, workers: int) -> Executor:
        """A new pool."""
        context = multiprocessing.get_context("spawn")
        self._before = {process.pid for process in multiprocessing.active_children()}
        with _environment(dict.fromkeys(ONE_THREAD, "1")):
            pool = ProcessPoolExecutor(workers, context, begin_work, (os.getpid(),))
            # Processes start with the first task, while the environment is still set.
            for _ in range(workers):
                pool.submit(os.getpid)
        return pool

    def drop(self) -> None:
        """End the pool's processes; a block under way is written whole or not at all."""
        if self.executor is None:
            return
        mine = [p for p in multiprocessing.active_children() if p.pid not in self._before]
        self.executor.shutdown(wait=False, cancel_futures=True)
        for process in mine:
            process.terminate()
        for process in mine:
            process.join(SECONDS_TO_ANSWER)
        self.executor = None


class Cluster(Engine):
    """A Dask cluster that is already there, by the address of its scheduler."""

    def __init__(self, address: str) -> None:
        super().__init__(1, rebuilds=False)
        self.address = address
        self.client: Any = None

    def start(self, workers: int) -> Executor:
        """Connect, once; as many blocks are under way as there are threads in the cluster.

        Raises: ValueError if nobody answers, or there are no workers.
        """
        import distributed

        # Its tracebacks of a lost connection are no news: what is lost is said once, in one line.
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        connect: Any = distributed.Client
        try:
            self.client = connect(self.address, timeout=SECONDS_TO_ANSWER, set_as_default=False)
        except (OSError, ValueError) as error:
            raise ValueError(f"--scheduler: {self.address} does not answer ({_first_line(error)})") from None
        try:
            self.client.wait_for_workers(1, timeout=SECONDS_FOR_WORKERS)
        except TimeoutError:
            self.drop()
            raise ValueError(f"--scheduler: {self.address} has no workers") from None
        executor: Executor = self.client.get_executor(pure=False)
        return executor

    def width(self) -> int:
        """One block for each thread that the cluster has by now, and one that waits."""
        self.ready()
        try:
            return sum(self.client.nthreads().values()) + 1 if self.client.status == "running" else 0
        except OSError:  # the connection broke while it was asked; the client tries to mend it
            return 0

    def alive(self) -> bool:
        """Whether the scheduler answers, or its client still tries to reach it again."""
        return self.client is None or self.client.status in ("running", "connecting")

    def drop(self) -> None:
        """Let the cluster go; it is not ours to end. Its executor takes no argument but `wait`."""
        if self.executor is not None and self.client.status == "running":
            self.executor.shutdown(wait=False)
        if self.client is not None:
            self.client.close(timeout=2)
        self.executor = self.client = None


class Plugged(Engine):
    """Another engine: a factory `module:attribute`, called with the number of workers, that gives an Executor."""

    def __init__(self, factory: str, workers: int) -> None:
        super().__init__(workers)
        self.factory = _attribute(factory)

    def start(self, workers: int) -> Executor:
        """A new executor of that engine."""
        executor = self.factory(workers)
        if not (hasattr(executor, "submit") and hasattr(executor, "shutdown")):
            raise ValueError(f"--engine: wanted a factory of executors, got one of {type(executor).__name__}")
        return executor


def engine_for(workers: int, scheduler: str | None = None, factory: str | None = None) -> Engine:
    """The engine that was asked for: a Dask cluster, another engine's factory, or processes of this machine."""
    if scheduler is not None and factory is not None:
        raise ValueError("--scheduler and --engine: give one of the two")
    if scheduler is not None:
        return Cluster(scheduler)
    if factory is not None:
        return Plugged(factory, workers)
    return Processes(workers)


def is_death(error: BaseException) -> bool:
    """Whether an error says that a worker died, rather than that a block failed."""
    return any(kind.__name__ in DEATHS for kind in type(error).__mro__)


def is_final(error: BaseException) -> bool:
    """Whether an engine that replaces its workers itself has given a block up: Dask does after three more deaths."""
    return type(error).__name__ == "KilledWorker"


def _attribute(factory: str) -> Callable[[int], Executor]:
    module, colon, name = factory.partition(":")
    if not (module and colon and name):
        raise ValueError(
            f"--engine: wanted module:attribute, like concurrent.futures:ThreadPoolExecutor, got {factory!r}"
        )
    try:
        found: Any = import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"--engine: {factory}: {error}") from None
    if not callable(found):
        raise ValueError(f"--engine: {factory} is not something that can be called")
    return found  # type: ignore[no-any-return]


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Variables of the environment, set while it lasts."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


__all__ = ["Engine", "engine_for", "is_death", "is_final"]
