"""Laws of the ring of slots: it holds what a table of all slots would, however few pages it begins with."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.invariants.formula_inputs import Inputs, same_bits, seeds
from world import slots as module
from world.schedule import Schedule
from world.slots import Slots

LANES, SLOTS, WORLDS = 3, 40, 7


@given(seed=seeds, pages=st.integers(1, 20))
def test_a_ring_holds_what_a_table_holds(seed: int, pages: int) -> None:
    rng, table = np.random.default_rng(seed), np.zeros((SLOTS, LANES, WORLDS))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "FIRST_PAGES", pages)
        ring = Slots(LANES, SLOTS, WORLDS)
    begin = 0
    while begin < SLOTS - 3:
        for slot in rng.integers(begin, min(begin + 12, SLOTS), 4):
            numbers = rng.lognormal(size=(LANES, WORLDS))
            ring.hold(int(slot))
            ring.page(int(slot))[...] += numbers
            table[slot] += numbers
        at, places = int(rng.integers(begin, ring.reach + 1)), ring.places()
        ring.flat[places[at] : places[at] + WORLDS] += 1.0
        table[at, 0] += 1.0
        first, end = np.sort(rng.integers(begin, SLOTS + 1, 2))
        total = np.zeros((LANES, WORLDS))
        for slot in range(first, end):
            total += table[slot]
        assert same_bits(ring.fold(int(first), int(end)), total)
        assert same_bits(ring.fold(int(first), int(end), [2, 0]), total[[2, 0]])
        assert same_bits(ring.whole(), np.ascontiguousarray(table.swapaxes(0, 1)))
        assert not ring.stranded().any()
        taken = int(rng.integers(begin, min(begin + 3, SLOTS - 1)))
        due = table[begin].copy()
        for slot in range(begin + 1, taken + 1):
            due += table[slot]
        np.testing.assert_allclose(ring.due(taken), due, rtol=1e-12)
        ring.drop(taken)
        table[: taken + 1], begin = 0.0, taken + 1
        other = Slots(LANES, SLOTS, WORLDS)
        other.restore(ring.whole(), begin)
        assert same_bits(other.whole(), ring.whole()) and other.begin == begin


@given(seed=seeds, pages=st.integers(1, 8))
def test_a_schedule_is_the_same_however_few_pages_it_begins_with(seed: int, pages: int) -> None:
    answers = []
    for first in (pages, SLOTS):
        inputs = Inputs(seed, WORLDS)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "FIRST_PAGES", first)
            schedule = Schedule(LANES, SLOTS, WORLDS)
        for quarter in range(0, SLOTS - 2, 2):
            schedule.add_spread(slice(None), quarter + inputs.between(0.0, 25.0), inputs.with_zeros(LANES))
            late = quarter + inputs.between(0.0, 25.0, LANES)
            schedule.add_spread(slice(None), late, inputs.amounts(LANES), earliest=quarter + inputs.between(0.0, 3.0))
            place, amount = np.array([0, 2, 2]) * WORLDS + np.array([1, 4, 4]), inputs.amounts(1)[:, :3]
            schedule.add_some(place, quarter + inputs.between(0.0, 25.0)[:3], amount)
            schedule.scale(1, inputs.shares())
            answers.append((schedule.within(quarter, quarter + inputs.between(0.0, 20.0)), schedule.take(quarter + 1)))
            assert schedule.check().unaccounted.max() < 1e-12
    half = len(answers) // 2
    assert same_bits(answers[:half], answers[half:])


def test_what_stands_for_no_quarter_to_come_is_found() -> None:
    ring = Slots(1, 30, 2)
    ring.hold(3)
    ring.page(5)[0, 1] = 2.0
    assert ring.stranded().tolist() == [0.0, 2.0]
