"""Laws of the lease book: what was signed is somewhere, what is owed is paid or still owed, worlds are apart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from tests.invariants.formula_inputs import (
    MANY,
    Inputs,
    assert_number_is_per_world,
    assert_worlds_apart,
    same_bits,
    seeds,
)
from world.lease_terms import Leases
from world.leases import LeaseBook

PAIRS = (("cloud", "lab", "own"), ("cloud", "rival", "own"), ("builder", "lab", "programme"))
SLOTS = 12


def arguments_of(seed: int, worlds: int = 7) -> dict[str, np.ndarray]:
    inputs = Inputs(seed, worlds)
    rows = len(PAIRS)
    return {
        "running": inputs.with_zeros(rows),
        "quantity": inputs.with_zeros(rows),
        "price": inputs.amounts(rows, spread=0.5),
        "firm": inputs.shares(),
        "start": np.where(inputs.shares() > 0.9, np.inf, inputs.between(-1.0, SLOTS + 2.0)),
        "term": inputs.between(1.0, 20.0),
        "capacity": inputs.with_zeros(rows),
        "fraction": inputs.shares(),
    }


def history(
    running: np.ndarray,
    quantity: np.ndarray,
    price: np.ndarray,
    firm: np.ndarray | float,
    start: np.ndarray | float,
    term: np.ndarray | float,
    capacity: np.ndarray,
    fraction: np.ndarray | float,
) -> tuple[np.ndarray, ...]:
    """Live through some quarters with everything that can happen; all that can be asked, every quarter."""
    book = LeaseBook(PAIRS, SLOTS, running.shape[-1])
    for pair in range(len(PAIRS)):
        book.open(pair, running[pair], price[pair], firm, term)
    seen: list[np.ndarray] = []
    for quarter in range(6):
        seen += [book.advance(quarter), book.start_due(quarter)]
        for pair in range(len(PAIRS)):
            seen.append(book.deliver(pair, capacity[pair]))
            book.sign(pair, quantity[pair] * (1.0 + quarter), price[pair], firm, start, term)
        if quarter == 3:
            seen.append(book.reduce(1, fraction))
        seen += [book.active, book.price, book.take_or_pay, book.pending_total, book.late, book.backlog_usd_bn]
        seen += [book.rent_usd_bn(), book.rent_usd_bn(fraction), book.contracted_at(start)]
        seen.append(book.by_provider(book.active))
        residuals = book.check()
        assert residuals.negative_h100e_m.max() == 0.0
        assert residuals.unaccounted.max() < 1e-12
    return tuple(seen)


@settings(max_examples=12)
@given(seeds)
def test_what_was_signed_is_accounted_for_and_a_world_knows_no_other(seed: int) -> None:
    arguments = arguments_of(seed, MANY)
    assert_worlds_apart(history, arguments)
    assert_number_is_per_world(history, arguments, "firm", "start", "term", "fraction")


@given(seeds)
def test_what_is_owed_is_paid_or_still_owed(seed: int) -> None:
    given_ = arguments_of(seed)
    book = LeaseBook(PAIRS, SLOTS, 7)
    for pair in range(len(PAIRS)):
        book.open(pair, given_["running"][pair], given_["price"][pair], given_["firm"], given_["term"])
        book.sign(
            pair, given_["quantity"][pair], given_["price"][pair], given_["firm"], given_["start"], given_["term"]
        )
    both = given_["running"] + given_["quantity"]
    owed = both * given_["price"] * given_["term"] * 2190.0 / 1000.0
    np.testing.assert_allclose(book.backlog_usd_bn, owed, rtol=1e-11)
    paid = np.zeros_like(owed)
    for quarter in range(SLOTS - 1):
        book.advance(quarter)
        for pair in range(len(PAIRS)):
            book.deliver(pair, given_["capacity"][pair] * (1.0 + quarter))
        paid += book.rent_usd_bn()
        np.testing.assert_allclose(paid + book.backlog_usd_bn, owed, rtol=1e-11)


@given(seeds)
def test_delivery_is_limited_by_what_is_due_and_by_what_there_is(seed: int) -> None:
    given_ = arguments_of(seed)
    book = LeaseBook(PAIRS, SLOTS, 7)
    for pair in range(len(PAIRS)):
        book.sign(pair, given_["quantity"][pair], 2.0, 0.5, 0.0, given_["term"])
    due = book.start_due(0)
    np.testing.assert_allclose(due, given_["quantity"])
    capacity = given_["capacity"]
    started = np.stack([book.deliver(pair, capacity[pair]) for pair in range(len(PAIRS))])
    np.testing.assert_allclose(started, np.minimum(due, capacity), rtol=1e-12)
    np.testing.assert_allclose(book.late, due - started, rtol=1e-9, atol=1e-12 * due.max())
    by_name = {"cloud": started[0] + started[1], "builder": started[2]}
    assert book.check(by_name).oversold_h100e_m.max() <= 1e-12 * due.max()
    assert same_bits(
        book.check(by_name).oversold_h100e_m, book.check(np.stack(list(by_name.values()))).oversold_h100e_m
    )
    short = {"builder": 0.5 * started[2]}
    np.testing.assert_allclose(book.check(short).oversold_h100e_m, 0.5 * started[2])


@given(seeds)
def test_a_share_taken_away_takes_that_share_of_everything(seed: int) -> None:
    given_ = arguments_of(seed)
    book = LeaseBook(PAIRS, SLOTS, 7)
    for pair in range(len(PAIRS)):
        book.open(pair, given_["running"][pair], given_["price"][pair], given_["firm"], given_["term"])
        book.sign(pair, given_["quantity"][pair], 2.0, 0.5, given_["start"], given_["term"])
    book.advance(0)
    book.deliver(0, given_["capacity"][0])
    kept = np.ones((len(PAIRS), 7))
    kept[0] = 1.0 - given_["fraction"]
    before = [book.active, book.pending_total, book.backlog_usd_bn, book.contracted_at(3.5), book.rent_usd_bn()]
    price, firm = book.price, book.take_or_pay
    book.reduce(0, given_["fraction"])
    after = [book.active, book.pending_total, book.backlog_usd_bn, book.contracted_at(3.5), book.rent_usd_bn()]
    for was, is_ in zip(before, after, strict=True):
        np.testing.assert_allclose(is_, was * kept, rtol=1e-10, atol=1e-14)
    left = book.active > 0.0
    np.testing.assert_allclose(book.price[left], price[left], rtol=1e-10)
    np.testing.assert_allclose(book.take_or_pay[left], firm[left], rtol=1e-10, atol=1e-14)


def test_what_was_handed_out_never_changes() -> None:
    book = LeaseBook(PAIRS, SLOTS, 7)
    book.open(0, 1.0, 2.0, 0.5, 3.0)
    active, pending = book.active, book.pending_total
    copies = active.copy(), pending.copy()
    book.sign(0, 1.0, 2.0, 0.5, 0.0, 3.0)
    book.advance(0, deliver_all=True)
    assert same_bits((active, pending), copies)
    assert book.active[0, 0] == 2.0
    with pytest.raises(ValueError, match="read-only"):
        active += 1.0


@given(seeds)
def test_asking_changes_no_bit_of_what_follows(seed: int) -> None:
    inputs = Inputs(seed)
    asked, silent = LeaseBook(PAIRS, SLOTS, 7), LeaseBook(PAIRS, SLOTS, 7)
    for _ in range(5):
        quantity, start = inputs.amounts(), inputs.between(0.0, 4.0)
        for book in (asked, silent):
            book.sign(0, quantity, 2.0, 0.5, start, 5.0)
    for quarter in range(4):
        assert asked.pending_total.shape == asked.active.shape
        for book in (asked, silent):
            book.advance(quarter)
            if quarter % 2 == 0:
                book.deliver(0, quantity)
    assert same_bits(asked.pending_total, silent.pending_total)
    assert same_bits(asked.active, silent.active)
    assert same_bits(asked.backlog_usd_bn, silent.backlog_usd_bn)


@settings(max_examples=15)
@given(seeds)
def test_a_saved_book_goes_on_as_it_was(seed: int) -> None:
    given_ = arguments_of(seed)
    first, second = LeaseBook(PAIRS, SLOTS, 7), LeaseBook(PAIRS, SLOTS, 7)
    first.open(0, given_["running"][0], given_["price"][0], 0.5, given_["term"], label="old")
    first.sign(1, given_["quantity"][1], given_["price"][1], 0.5, given_["start"], given_["term"], label="new")
    first.sign(1, given_["quantity"][2], given_["price"][2], 0.9, 1.0, 9.0)
    first.advance(0)
    first.advance(1)
    first.deliver(1, given_["capacity"][1])
    second.restore(first.state())
    assert [c.label for c in second.named] == ["old", "new"]
    for before, after in zip(first.named, second.named, strict=True):
        assert before.pair == after.pair and same_bits(before.end_slot, after.end_slot)
    for book in (first, second):
        book.advance(2)
        book.deliver(1)
        book.reduce(0, given_["fraction"])
    assert same_bits(first.backlog_usd_bn, second.backlog_usd_bn)
    assert same_bits(first.contracted_at(4.5), second.contracted_at(4.5))
    for name, value in first.state().items():
        assert np.array_equal(value, second.state()[name]) or name.endswith("reach"), name


def test_what_is_wrong_is_named() -> None:
    book = LeaseBook(PAIRS, SLOTS, 3)
    one = np.ones(3)
    with pytest.raises(ValueError, match="quantity_h100e_m: world 1"):
        book.sign(0, np.array([1.0, -1.0, 1.0]), one, 0.5, 0.0, 4.0)
    with pytest.raises(ValueError, match="price_usd_h: world 2"):
        book.sign(0, one, np.array([1.0, 2.0, 0.0]), 0.5, 0.0, 4.0)
    with pytest.raises(ValueError, match="take_or_pay"):
        book.sign(0, one, one, 1.5, 0.0, 4.0)
    with pytest.raises(ValueError, match="term_quarters"):
        book.sign(0, one, one, 0.5, 0.0, 0.5)
    with pytest.raises(ValueError, match="slot: world 0 is nan"):
        book.sign(0, one, one, 0.5, np.nan, 4.0)
    with pytest.raises(ValueError, match="pair: wanted one of"):
        book.sign(("cloud", "nobody", "own"), one, one, 0.5, 0.0, 4.0)
    with pytest.raises(ValueError, match="fraction"):
        book.reduce(0, 1.1)
    book.advance(0)
    with pytest.raises(ValueError, match="quarter 0 has begun"):
        book.open(0, one, one, 0.5, 4.0)
    with pytest.raises(ValueError, match="got 0"):
        book.advance(0)
    with pytest.raises(ValueError, match="each provider"):
        LeaseBook([PAIRS[0], PAIRS[0]], SLOTS, 3)


@given(seeds)
def test_starting_all_pairs_together_is_starting_one_after_the_other(seed: int) -> None:
    given_ = arguments_of(seed)
    share = Inputs(seed + 1, 7).shares(len(PAIRS))
    books = LeaseBook(PAIRS, SLOTS, 7), LeaseBook(PAIRS, SLOTS, 7)
    for quarter in range(5):
        for book in books:
            book.advance(quarter)
        late = books[0].late
        books[0].deliver_shares(share)
        for pair in range(len(PAIRS)):
            books[1].deliver(pair, late[pair] * share[pair])
        for book in books:
            for pair in range(len(PAIRS)):
                book.sign(
                    pair,
                    given_["quantity"][pair],
                    given_["price"][pair],
                    given_["firm"],
                    given_["start"],
                    given_["term"],
                )
        together, apart = books[0].state(), books[1].state()
        for name in (name for name in together if not name.startswith("named")):
            np.testing.assert_allclose(together[name], apart[name], rtol=1e-12, atol=1e-12)
        assert books[0].check().unaccounted.max() < 1e-12


@given(seeds)
def test_signing_single_leases_is_signing_those_of_a_pair_in_all_worlds(seed: int) -> None:
    inputs, pairs = Inputs(seed, 7), np.array([2, 0, 2])
    quantity, price = inputs.with_zeros(len(pairs)), inputs.amounts(len(pairs), spread=0.5)
    start, term = inputs.between(-1.0, SLOTS + 2.0) + quantity, inputs.between(1.0, 20.0) + price
    books = LeaseBook(PAIRS, SLOTS, 7), LeaseBook(PAIRS, SLOTS, 7)
    at = quantity.nonzero()
    firm = np.full(at[0].size, 0.5)
    leases = Leases(pairs[at[0]], at[1], quantity[at], quantity[at] * price[at], firm, start[at], term[at])
    some = np.arange(at[0].size) % 3 == 0
    books[0].sign_some(Leases.joined([Leases(*(each[part] for each in leases)) for part in (some, ~some)]))
    for row, pair in enumerate(pairs):
        books[1].sign(int(pair), quantity[row], price[row], 0.5, start[row], term[row])
    together, apart = books[0].state(), books[1].state()
    for name in (name for name in together if not name.startswith("named")):
        np.testing.assert_allclose(together[name], apart[name], rtol=1e-12)


@given(seeds)
def test_the_sums_that_are_read_are_the_sums_of_the_slots(seed: int) -> None:
    arguments = arguments_of(seed)
    book = LeaseBook(PAIRS, SLOTS, 7)
    for quarter in range(SLOTS - 1):
        for pair in range(3):
            quantity, price = arguments["quantity"][pair], arguments["price"][pair]
            book.sign(pair, quantity, price, arguments["firm"], arguments["start"], 1.0 + quarter)
        book.advance(quarter)
        book.deliver_shares(np.broadcast_to(arguments["fraction"], (3, 7)))
        book.lapse(np.broadcast_to(0.5 * arguments["fraction"], (3, 7)))
        book.reprice(1, 0.5 * arguments["fraction"])
        for schedule in (book._pools.to_start, book._pools.to_end):
            slots = schedule.slots_from(schedule.next_quarter, slice(0, len(schedule.to_come)))
            np.testing.assert_allclose(schedule.pending(), slots, rtol=1e-9, atol=1e-9 * arguments["quantity"].max())
    ends = book._pools.to_end
    ends._slots.hold(max(ends.reach, ends.next_quarter))  # nothing may ever have begun
    ends.slot(ends.reach)[0, 3] += 1.0
    unaccounted = book.check().unaccounted
    assert unaccounted[3] > 0.0 and np.delete(unaccounted, 3).max() < 1e-12
