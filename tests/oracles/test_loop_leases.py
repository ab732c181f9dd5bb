"""The lease book against single leases in plain lists, and against a contract worked by hand."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.invariants.formula_inputs import WORLDS, Inputs, seeds
from tests.oracles.loop_leases import LoopLeases
from world.leases import LeaseBook

PAIRS = (("cloud", "lab", "own"), ("cloud", "rival", "own"), ("builder", "lab", "programme"))
SLOTS = 12


def assert_equal_books(book: LeaseBook, loops: list[list[LoopLeases]], date: np.ndarray, used: np.ndarray) -> None:
    def each(question: str, *arguments: np.ndarray) -> np.ndarray:
        values = [[getattr(loop, question)(*(a[w] for a in arguments)) for w, loop in enumerate(row)] for row in loops]
        return np.array(values, dtype=float)

    def near(left: np.ndarray, right: np.ndarray) -> None:
        np.testing.assert_allclose(left, right, rtol=1e-10, atol=1e-12)

    near(book.active, each("active"))
    near(book.backlog_usd_bn, each("backlog"))
    near(book.rent_usd_bn(used), each("rent", used))
    near(book.contracted_at(date), each("contracted_at", date))
    near(book.pending_total, np.array([[sum(w.quantity for w in loop.waiting) for loop in row] for row in loops]))
    assert np.array_equal(book.contracted, book.active + book.pending_total)
    near(book.late, np.array([[sum(w.quantity for w in loop.due()) for loop in row] for row in loops]))
    near(book.ended, np.array([[loop.ended for loop in row] for row in loops]))
    near(book.reduced, np.array([[loop.reduced for loop in row] for row in loops]))


@settings(max_examples=60)
@given(seed=seeds, steps=st.lists(st.sampled_from(["sign", "deliver", "reduce", "reprice", "advance"]), max_size=25))
def test_a_random_history_equals_the_loop(seed: int, steps: list[str]) -> None:
    inputs = Inputs(seed)
    book = LeaseBook(PAIRS, SLOTS, WORLDS)
    loops = [[LoopLeases(SLOTS) for _ in range(WORLDS)] for _ in PAIRS]
    for pair, row in enumerate(loops):
        quantity, price, firm = inputs.with_zeros(), inputs.amounts(spread=0.5), inputs.shares()
        remaining = inputs.between(1.0, SLOTS + 5.0)
        book.open(pair, quantity, price, firm, remaining)
        for w, loop in enumerate(row):
            loop.run(quantity[w], price[w], firm[w], remaining[w], 0)
    quarter = -1
    for count, step in enumerate(steps):
        pair = count % len(PAIRS)
        row = loops[pair]
        if step == "sign":
            quantity, price, firm = inputs.with_zeros(), inputs.amounts(spread=0.5), inputs.shares()
            start = np.where(inputs.shares() > 0.9, np.inf, inputs.between(-1.0, SLOTS + 2.0))
            start = np.where(inputs.shares() > 0.5, np.round(start), start)
            term = np.where(inputs.shares() > 0.5, 8.0, inputs.between(1.0, 20.0))
            book.sign(PAIRS[pair], quantity, price, firm, start, term)
            for w, loop in enumerate(row):
                loop.sign(quantity[w], price[w], firm[w], start[w], term[w])
        elif step == "deliver":
            capacity = inputs.with_zeros()
            started = book.deliver(pair, capacity)
            np.testing.assert_allclose(started, [loop.deliver(capacity[w]) for w, loop in enumerate(row)], rtol=1e-10)
        elif step == "reduce":
            fraction = inputs.shares()
            book.reduce(pair, fraction)
            for w, loop in enumerate(row):
                loop.reduce(fraction[w])
        elif step == "reprice":
            cut = 0.9 * inputs.shares()
            book.reprice(pair, cut)
            for w, loop in enumerate(row):
                loop.reprice(cut[w])
        elif quarter < SLOTS - 2:
            quarter += 1
            ended = book.advance(quarter)
            np.testing.assert_allclose(
                ended, [[loop.advance(quarter) for loop in r] for r in loops], rtol=1e-10, atol=1e-12
            )
        assert_equal_books(book, loops, inputs.between(-1.0, SLOTS + 3.0), inputs.shares())


def test_a_contract_by_hand() -> None:
    # 0.5 M H100e at $2 for four quarters from quarter 1: 0.5 x 2 x 2.19 = $2.19bn a quarter, $8.76bn in all.
    book = LeaseBook([("cloud", "lab", "own")], 10, 1)
    book.sign(("cloud", "lab", "own"), 0.5, 2.0, 0.8, 1.0, 4.0, label="first of its name")
    np.testing.assert_allclose(book.backlog_usd_bn, 8.76)
    book.advance(0)
    assert not book.start_due(0).any()
    book.advance(1)
    np.testing.assert_allclose(book.start_due(1), 0.5)
    # Half of it is delivered a quarter late, and still runs for its four quarters.
    np.testing.assert_allclose(book.deliver(0, np.array([0.25])), 0.25)
    np.testing.assert_allclose(book.rent_usd_bn(), 1.095)
    np.testing.assert_allclose(book.rent_usd_bn(0.1), 1.095 * 0.8)
    np.testing.assert_allclose(book.backlog_usd_bn, 8.76 - 1.095)
    np.testing.assert_allclose(book.contracted_at(2.0), 0.5)
    paid = [1.095]
    for quarter in range(2, 8):
        book.advance(quarter, deliver_all=True)
        paid.append(float(book.rent_usd_bn()[0, 0]))
    np.testing.assert_allclose(paid, [1.095, 2.19, 2.19, 2.19, 1.095, 0.0, 0.0])
    assert book.backlog_usd_bn[0, 0] == 0.0 and book.ended[0, 0] == 0.5
    (contract,) = book.named
    assert contract.label == "first of its name" and contract.end_slot[0] == 5.0
