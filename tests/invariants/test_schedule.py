"""Laws of a schedule: nothing is lost, dates keep their mean, worlds are apart, a saved one goes on as it was."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.invariants.formula_inputs import (
    MANY,
    Inputs,
    assert_number_is_per_world,
    assert_worlds_apart,
    same_bits,
    seeds,
)
from world.schedule import Schedule, arrival_shares

LANES, SLOTS = 3, 11


def history(
    slot: np.ndarray | float, amount: np.ndarray, earliest: np.ndarray | float, spread: int = 2, quarters: int = 4
) -> tuple[np.ndarray, ...]:
    """Add to every lane, live through some quarters, add again; all that can be asked at the end."""
    schedule = Schedule(LANES, SLOTS, amount.shape[-1])
    schedule.add_spread(slice(None), slot, amount, spread=spread)
    taken = [schedule.take(quarter) for quarter in range(quarters)]
    schedule.add_spread(1, slot, amount[0], spread=spread, earliest=earliest)
    schedule.add(2, slot, amount[1])
    schedule.scale(0, 0.5 + 0.0 * amount[0])
    return (*taken, schedule.amount, schedule.pending(), schedule.within(2, slot), schedule.check().unaccounted)


def inputs_of(seed: int, worlds: int = 7) -> dict[str, np.ndarray]:
    inputs = Inputs(seed, worlds)
    slot = inputs.between(-3.0, SLOTS + 4.0)
    slot = np.where(inputs.shares() > 0.9, np.inf, np.where(inputs.shares() > 0.6, np.round(slot), slot))
    return {"amount": inputs.with_zeros(LANES), "slot": slot, "earliest": inputs.between(-2.0, SLOTS + 2.0)}


@given(seed=seeds, spread=st.integers(0, 3), quarters=st.integers(0, SLOTS - 1))
def test_nothing_is_lost_and_nothing_is_late_or_early(seed: int, spread: int, quarters: int) -> None:
    arguments = inputs_of(seed)
    schedule = Schedule(LANES, SLOTS, 7)
    schedule.add_spread(slice(None), arguments["slot"], arguments["amount"], spread, arguments["earliest"])
    for quarter in range(SLOTS):
        early = quarter < np.minimum(arguments["earliest"], SLOTS - 1)
        assert not schedule.amount[:, quarter, early].any()
    total = sum((schedule.take(quarter) for quarter in range(quarters)), np.zeros((LANES, 7)))
    schedule.add(0, arguments["slot"], arguments["amount"][1])
    assert not schedule.amount[:, :quarters].any()

    added = arguments["amount"] + np.stack([arguments["amount"][1], np.zeros(7), np.zeros(7)])
    np.testing.assert_allclose(total + schedule.pending(), added, rtol=1e-12, atol=0.0)
    residuals = schedule.check()
    assert not residuals.negative.any() and not residuals.stranded.any()
    assert residuals.unaccounted.max() < 1e-12


@given(seed=seeds, spread=st.integers(0, 3))
def test_the_mean_date_is_kept_away_from_both_ends(seed: int, spread: int) -> None:
    inputs = Inputs(seed)
    slot, amount = inputs.between(4.0, 15.0), inputs.amounts()
    schedule = Schedule(1, 20, 7)
    schedule.add_spread(0, slot, amount, spread)
    mean = (np.arange(20.0)[:, None] * schedule.amount[0]).sum(axis=0) / amount
    np.testing.assert_allclose(mean, slot, rtol=1e-12)


@given(seed=seeds, spread=st.integers(0, 3), step=st.floats(0.0, 3.0))
def test_later_dates_are_never_due_sooner(seed: int, spread: int, step: float) -> None:
    arguments = inputs_of(seed)
    soon, late = Schedule(LANES, SLOTS, 7), Schedule(LANES, SLOTS, 7)
    soon.add_spread(slice(None), arguments["slot"], arguments["amount"], spread)
    late.add_spread(slice(None), arguments["slot"] + step, arguments["amount"], spread)
    allowed = 1e-12 * arguments["amount"]
    for date in np.arange(-1.0, SLOTS, 0.25):
        within = soon.within(0, date)
        assert np.all(late.within(0, date) <= within + allowed)
        assert np.all(within <= arguments["amount"] + allowed)
    np.testing.assert_allclose(soon.within(0, np.inf), soon.pending(), rtol=1e-12)


@given(seed=seeds, spread=st.integers(0, 3), quarter=st.integers(0, SLOTS - 2))
def test_shares_by_quarter_come_when_their_spread_does(seed: int, spread: int, quarter: int) -> None:
    inputs = Inputs(seed, MANY)
    lead, amount = inputs.between(0.0, 6.0), inputs.with_zeros(LANES)
    shares = arrival_shares(lead, spread)
    np.testing.assert_allclose(shares.sum(axis=0), 1.0, rtol=1e-12)
    spread_out, shared_out = Schedule(LANES, SLOTS, MANY), Schedule(LANES, SLOTS, MANY)
    spread_out.add_spread(slice(None), quarter + lead, amount, spread, earliest=quarter + 1)
    shared_out.add_shares(quarter + 1, shares, amount)
    np.testing.assert_allclose(shared_out.amount, spread_out.amount, rtol=1e-12, atol=1e-12 * amount.max())
    assert same_bits(shared_out.pending(), spread_out.pending())
    for world in (0, MANY - 1):
        alone = Schedule(LANES, SLOTS, 1)
        alone.add_shares(quarter + 1, arrival_shares(lead[[world]], spread), amount[:, [world]])
        assert same_bits(alone.amount, np.ascontiguousarray(shared_out.amount[..., [world]]))


@given(seed=seeds, quarters=st.integers(1, 4))
def test_measures_go_together_and_only_those_asked_for_are_summed(seed: int, quarters: int) -> None:
    inputs = Inputs(seed)
    amount = np.stack([part := inputs.with_zeros(LANES), 3.0 * part])
    place, slot = np.flatnonzero(part), inputs.between(-1.0, SLOTS + 2.0, LANES).reshape(-1)[np.flatnonzero(part)]
    all_summed, first_summed = Schedule(2 * LANES, SLOTS, 7, 2), Schedule(2 * LANES, SLOTS, 7, 2, summed=1)
    all_summed.add_all(amount, place, slot)
    first_summed.add_some(place, slot, amount.reshape(2, -1)[:, place])
    assert same_bits(all_summed.amount, first_summed.amount)
    stock = np.ones((LANES, 7))
    for quarter in range(quarters):
        taken, before = all_summed.take(quarter), stock.copy()
        first_summed.move(quarter, stock)
        np.testing.assert_allclose(stock - before, taken[:LANES], atol=1e-12 * (1.0 + part.max()))
    for schedule in (all_summed, first_summed):
        schedule.keep(slice(1, None, LANES), np.array([2, 5]), np.array([0.5, 0.0]))
        assert schedule.check().unaccounted.max() < 1e-12
    assert same_bits(all_summed.pending()[:LANES], first_summed.pending())
    one_by_one = Schedule(2 * LANES, SLOTS, 7, 2)
    one_by_one.restore(all_summed.state())
    worlds, share = np.array([1, 4, 6]), inputs.between(0.0, 1.0, 2)[:, :3]
    for schedule in (all_summed, first_summed):
        schedule.keep_rows(1, np.array([2, 0]), worlds, share)
    for row, part in zip((2, 0), share, strict=True):
        one_by_one.keep(LANES + row, worlds, part)
    assert same_bits(one_by_one.amount, all_summed.amount)
    assert same_bits(one_by_one.amount, first_summed.amount)
    assert same_bits(one_by_one.pending(), all_summed.pending())
    other = Schedule(2 * LANES, SLOTS, 7, 2, summed=1)
    other.restore(first_summed.state())
    assert same_bits(other.take(quarters), all_summed.take(quarters))
    assert same_bits(other.pending(), all_summed.pending()[:LANES])


@settings(max_examples=15)
@given(seed=seeds, spread=st.integers(0, 3))
def test_a_world_knows_no_other(seed: int, spread: int) -> None:
    arguments = inputs_of(seed, MANY)
    assert_worlds_apart(lambda **given: history(**given, spread=spread), arguments)
    assert_number_is_per_world(lambda **given: history(**given, spread=spread), arguments, "slot", "earliest")


@given(seed=seeds)
def test_a_saved_schedule_goes_on_as_it_was(seed: int) -> None:
    arguments = inputs_of(seed)
    first, second = Schedule(LANES, SLOTS, 7), Schedule(LANES, SLOTS, 7)
    first.add_spread(slice(None), arguments["slot"], arguments["amount"])
    first.take(2)
    second.restore(first.state())
    for schedule in (first, second):
        schedule.add(1, arguments["slot"], arguments["amount"][0])
    assert same_bits(first.take(4), second.take(4))
    assert same_bits(first.pending(), second.pending())
    assert same_bits(first.check(), second.check())


def test_a_negative_slot_is_found() -> None:
    schedule = Schedule(2, 6, 3)
    schedule.add(0, 2.5, 1.0)
    assert not schedule.negative().any()
    # A factor beyond its range is what could write one.
    schedule.scale(0, np.array([1.0, -1.0, 0.5]))
    np.testing.assert_allclose(schedule.negative(), [0.0, 1.0, 0.0])
    schedule.slot(3)[1, 2] = -2.0
    np.testing.assert_allclose(schedule.check().negative, [0.0, 1.0, 2.0])


def test_what_is_wrong_is_named() -> None:
    schedule = Schedule(2, 5, 3)
    with pytest.raises(ValueError, match=r"amount: world 1 is -2\.0"):
        schedule.add(0, 1.0, np.array([1.0, -2.0, 3.0]))
    with pytest.raises(ValueError, match="slot: world 2 is nan"):
        schedule.add(0, np.array([1.0, 2.0, np.nan]), np.ones(3))
    with pytest.raises(ValueError, match="spread"):
        schedule.add_spread(0, 1.0, 1.0, spread=-1)
    schedule.take(1)
    with pytest.raises(ValueError, match=r"\(2 to 3\), got 1"):
        schedule.take(1)
    with pytest.raises(ValueError, match=r"\(2 to 3\), got 4"):
        schedule.take(4)
    with pytest.raises(ValueError, match="amount: expected shape"):
        schedule.restore(Schedule(2, 6, 3).state())
    with pytest.raises(ValueError, match="1 slots"):
        Schedule(2, 1, 3)
