"""The engine room: answers are kept, the queue is bounded, who leaves takes the request along."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from viz.page.engine import MOST_WAITING, BusyError, Engine
from viz.page.state import Shelf

SHELF = Shelf()


def within(engine: Engine, work: Callable[[Engine], object]) -> None:
    """Run a coroutine against an engine, and close it."""
    try:
        asyncio.run(asyncio.wait_for(work(engine), 30))  # type: ignore[arg-type]
    finally:
        engine.close()


def test_the_same_request_is_worked_out_once() -> None:
    done: list[int] = []

    async def scene(engine: Engine) -> None:
        def work() -> bytes:
            done.append(1)
            return b"x"

        replies = await asyncio.gather(*(engine.answer("same", work) for _ in range(5)))
        assert {reply.body for reply in replies} == {b"x"}
        assert (await engine.answer("same", work)).engine_seconds == 0.0

    within(Engine(SHELF), scene)
    assert done == [1]


def test_a_full_queue_refuses() -> None:
    gate = threading.Event()

    async def scene(engine: Engine) -> None:
        def held() -> bytes:
            gate.wait(20)
            return b""

        waiting = [asyncio.ensure_future(engine.answer(k, held)) for k in range(MOST_WAITING)]
        await asyncio.sleep(0.05)
        with pytest.raises(BusyError, match="try again"):
            await engine.answer("one too many", held)
        gate.set()
        await asyncio.gather(*waiting)

    within(Engine(SHELF), scene)


def test_nothing_is_worked_out_for_who_has_left() -> None:
    gate, done = threading.Event(), []

    async def scene(engine: Engine) -> None:
        def held() -> bytes:
            gate.wait(20)
            return b""

        first = asyncio.ensure_future(engine.answer("first", held))
        left = asyncio.ensure_future(engine.answer("left", lambda: bytes(done.append("left") or b"")))
        last = asyncio.ensure_future(engine.answer("last", lambda: bytes(done.append("last") or b"")))
        await asyncio.sleep(0.05)
        left.cancel()
        await asyncio.sleep(0.05)
        gate.set()
        await asyncio.gather(first, last)

    within(Engine(SHELF), scene)
    assert done == ["last"]


def test_a_run_stops_once_nobody_waits() -> None:
    async def scene(engine: Engine) -> None:
        def work() -> bytes:
            engine.run("baseline", (), 400, 1)
            return b""

        task = asyncio.ensure_future(engine.answer("long", work))
        await asyncio.sleep(0.3)
        task.cancel()
        await asyncio.sleep(0)
        assert (await engine.answer("next", lambda: b"served")).body == b"served"
        assert engine.simulated == 0

    within(Engine(SHELF), scene)


def test_an_error_goes_to_who_asked_and_the_engine_goes_on() -> None:
    async def scene(engine: Engine) -> None:
        def broken() -> bytes:
            raise ValueError("no")

        with pytest.raises(ValueError, match="no"):
            await engine.answer("broken", broken)
        assert (await engine.answer("whole", lambda: b"yes")).body == b"yes"

    within(Engine(SHELF), scene)
