"""Memory of a process that runs worlds: it stays while that is asked for, and no longer."""

from __future__ import annotations

import ctypes
import gc
import platform
import subprocess
import sys

import pytest

from runs.memory import memory_held
from runs.model import ComputeMarket
from runs.simulate import simulate

# In a process of its own: what other tests left free would hide the difference.
FAULTS = """
import resource
import numpy as np
from runs.memory import memory_held

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        [np.ones(200_000) for _ in range(8)]
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

with memory_held():
    faults()
    print(faults())
print(faults())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have no mallopt")
def test_freed_arrays_come_back_without_the_system_while_memory_is_held() -> None:
    done = subprocess.run([sys.executable, "-c", FAULTS], capture_output=True, text=True, check=True, timeout=60)
    held, usual = map(int, done.stdout.split())
    assert held < 100 < usual


def test_the_collector_passes_over_what_is_loaded_while_memory_is_held() -> None:
    before = gc.get_freeze_count()
    with memory_held():
        assert gc.get_freeze_count() > before + 10_000
    assert gc.get_freeze_count() == before


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(_: object) -> object:
        return object()

    monkeypatch.setattr(ctypes, "CDLL", none)
    with memory_held():
        pass


def test_a_chunk_begins_without_the_market_of_the_one_before() -> None:
    gc.collect()
    before, most = _markets(), []
    simulate("as-of-2024q3", 6, until="2025Q1", chunk=2, progress=lambda *_: most.append(_markets() - before))
    assert most == [1] * 6


def _markets() -> int:
    return sum(isinstance(thing, ComputeMarket) for thing in gc.get_objects())
