"""The schedule against a dictionary of slots, world by world."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.invariants.formula_inputs import WORLDS, Inputs, seeds
from tests.oracles.loop_schedule import LoopSchedule
from world.schedule import Schedule

LANES, SLOTS = 3, 11


@given(seed=seeds, additions=st.lists(st.integers(0, 3), min_size=1, max_size=12), until=st.integers(0, SLOTS - 2))
def test_a_random_history_equals_the_loop(seed: int, additions: list[int], until: int) -> None:
    inputs = Inputs(seed)
    schedule = Schedule(LANES, SLOTS, WORLDS)
    loops = [[LoopSchedule(SLOTS) for _ in range(WORLDS)] for _ in range(LANES)]
    quarters = iter(range(until + 1))
    for step, spread in enumerate(additions):
        lane = step % LANES
        slot = inputs.between(-2.0, SLOTS + 3.0)
        slot = np.where(inputs.shares() > 0.9, np.inf, np.where(inputs.shares() > 0.7, np.round(slot), slot))
        amount, earliest = inputs.with_zeros(), inputs.between(-1.0, SLOTS + 1.0)
        schedule.add_spread(lane, slot, amount, spread=spread, earliest=earliest if step % 2 else None)
        for world, loop in enumerate(loops[lane]):
            loop.add(slot[world], amount[world], spread, earliest[world] if step % 2 else 0.0)
        if step % 3 == 2 and (quarter := next(quarters, None)) is not None:
            taken = schedule.take(quarter)
            np.testing.assert_allclose(taken, [[loop.take(quarter) for loop in row] for row in loops], rtol=1e-12)

    start = schedule.next_quarter
    date = inputs.between(-1.0, SLOTS + 2.0)
    held = np.array([[[loop.due[slot] for loop in row] for slot in range(SLOTS)] for row in loops])
    np.testing.assert_allclose(schedule.amount, held, rtol=1e-12, atol=1e-14)
    pending = [[loop.pending(start) for loop in row] for row in loops]
    np.testing.assert_allclose(schedule.pending(), pending, rtol=1e-12, atol=1e-14)
    within = [[loop.within(start, date[world]) for world, loop in enumerate(row)] for row in loops]
    np.testing.assert_allclose(schedule.within(start, date), within, rtol=1e-12, atol=1e-14)


def test_an_arrival_around_a_date_by_hand() -> None:
    schedule = Schedule(1, 10, 2)
    schedule.add(0, np.array([3.25, 4.0]), np.array([8.0, 8.0]))
    np.testing.assert_allclose(schedule.amount[0, 3:5], [[6.0, 0.0], [2.0, 8.0]])
    schedule.add_spread(0, np.array([5.0, np.inf]), np.array([9.0, 9.0]), spread=2)
    np.testing.assert_allclose(schedule.amount[0, 3:8, 0], [7.0, 4.0, 3.0, 2.0, 1.0])
    assert schedule.amount[0, 9, 1] == 9.0
    np.testing.assert_allclose(schedule.within(0, np.array([3.5, 3.5])), [[7.0 + 2.0, 4.0]])
