"""The price of a clearing, in the one unit that nobody can slow down: adding two vectors of 1,000."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

MOST_ADDS = 13_000
ROOT = Path(__file__).resolve().parents[2]

# Run in a process of its own: under pytest every call of ours is type-checked.
MEASURE = """
import time
import numpy as np
from tests.invariants.market_inputs import a_quarter_later, usual_market
from world.market import clear_rental_market

market = usual_market(1, 1000, buyers=8, suppliers=5, generations=6)
start = clear_rental_market(**market).price
later = a_quarter_later(market, 2)
one, other = np.random.default_rng(1).random((2, 1000))
clear_rental_market(**later, start_price=start)
adds, clearings = [], []
for _ in range(41):
    begin = time.perf_counter()
    for _ in range(2000):
        np.add(one, other)
    middle = time.perf_counter()
    clear_rental_market(**later, start_price=start)
    adds.append((middle - begin) / 2000)
    clearings.append(time.perf_counter() - middle)
print(np.median(clearings) / np.median(adds))
"""


@pytest.mark.timed
def test_a_warm_clearing_of_1000_worlds_costs_few_additions(tell: Callable[[str], None]) -> None:
    done = subprocess.run([sys.executable, "-c", MEASURE], cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    ratio = float(done.stdout)
    tell(f"a warm clearing of 1,000 worlds costs {ratio:,.0f} additions of two vectors of 1,000")
    assert ratio <= MOST_ADDS
