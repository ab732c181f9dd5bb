"""The price of a whole quarter, all checks on, in the one unit that nobody can slow down."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

MOST_ADDS = 25_000
MOST_RUNS = 150
ROOT = Path(__file__).resolve().parents[2]

# Run in a process of its own, with its memory held as every command holds it: under pytest every call of ours is
# type-checked. Quarters and additions take turns, so that whatever else the machine does slows both; of six runs the
# one counts that was disturbed least, and of many more, two minutes of them, while all of them are above the limit:
# neighbours on the machine that take its caches slow quarters and not additions, but leave them for seconds at a time.
MEASURE = """
import gc
import sys
from statistics import median
from time import perf_counter
from runs.bench import SCENARIO, seconds_of_an_addition
from runs.memory import memory_held
from runs.model import ComputeMarket


def median_additions(seed):
    gc.collect()
    ratios, market = [], ComputeMarket(SCENARIO, worlds=1000, rng=seed)
    while market.running:
        add = seconds_of_an_addition(2000)
        begin = perf_counter()
        market.step()
        ratios.append((perf_counter() - begin) / (0.5 * (add + seconds_of_an_addition(2000))))
    return median(ratios)


with memory_held():
    ComputeMarket(SCENARIO, until="2025Q1").step()
    medians = [median_additions(seed) for seed in range(1, 7)]
    while min(medians) > float(sys.argv[1]) and len(medians) < int(sys.argv[2]):
        medians.append(median_additions(len(medians) + 1))
    print(min(medians))
"""


@pytest.mark.timed
def test_a_quarter_of_1000_worlds_costs_few_additions(tell: Callable[[str], None]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(MOST_ADDS), str(MOST_RUNS)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr
    ratio = float(done.stdout)
    tell(f"a quarter of 1,000 worlds costs {ratio:,.0f} additions of two vectors of 1,000")
    assert ratio <= MOST_ADDS
