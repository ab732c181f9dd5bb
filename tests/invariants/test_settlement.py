"""Laws of settlement: conserved, funded, the greatest clearing there is, monotone, blind to order and world."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.invariants.mechanism_inputs import (
    SEEDS,
    WORLDS,
    assert_worlds_are_independent,
    at_most,
    close,
    quantities,
)
from tests.oracles.loop_settlement import clear_one_world, greatest_of_all, sweep_one_world
from world.arrays import fold, fold_sectors
from world.settlement import clear_dues

SHAPES = st.sampled_from([(2, 2), (3, 5), (5, 9), (7, 24)])


class Books(NamedTuple):
    """What is owed, in the order of the arguments of `clear_dues`."""

    cash: np.ndarray
    payer: list[int]
    payee: list[int]
    amount: np.ndarray
    rank: list[int]


def draw(seed: int, shape: tuple[int, int]) -> tuple[np.random.Generator, Books]:
    """Rings of debt, sectors without cash or owing themselves, several dues between two sectors, one rank or more."""
    rng = np.random.default_rng(seed)
    sectors, dues = shape
    payer = rng.integers(0, sectors, dues)
    payee = rng.integers(0, sectors, dues) if rng.random() < 0.3 else (payer + rng.integers(1, sectors, dues)) % sectors
    payer, payee = payer.tolist(), payee.tolist()
    amount = quantities(rng, (dues, WORLDS))
    cash = quantities(rng, (sectors, WORLDS)) * (rng.random((sectors, WORLDS)) < 0.5)
    net = fold_sectors(amount, payer, sectors) - fold_sectors(amount, payee, sectors)
    just_enough = np.maximum(net, 0.0)
    cash = np.where(rng.random((sectors, WORLDS)) < 0.3, just_enough, cash)
    cash = np.where(rng.random(WORLDS) < 0.1, 0.0, cash)
    return rng, Books(cash, payer, payee, amount, rng.integers(0, rng.integers(1, 5), dues).tolist())


def whole(seed: int, shape: tuple[int, int]) -> Books:
    """The same in whole millions, so that sums are exact and nobody is short by rounding alone."""
    rng, books = draw(seed, shape)
    amount = rng.integers(0, 5, books.amount.shape).astype(float)
    cash = rng.integers(0, 4, books.cash.shape) * (rng.random(books.cash.shape) < 0.6)
    return books._replace(cash=cash.astype(float), amount=amount)


def after(books: Books, paid: np.ndarray) -> np.ndarray:
    sectors = len(books.cash)
    return books.cash - fold_sectors(paid, books.payer, sectors) + fold_sectors(paid, books.payee, sectors)


def money(books: Books) -> np.ndarray:
    return fold(books.cash) + fold(books.amount)


@given(SEEDS, SHAPES)
def test_agrees_with_fictitious_default_in_exact_fractions(seed, shape):
    books = whole(seed, shape)
    paid = clear_dues(*books[:-1])
    for world in range(WORLDS if shape[0] < 7 else 4):
        column = books.cash[:, world].tolist(), books.payer, books.payee, books.amount[:, world].tolist()
        np.testing.assert_allclose(paid[:, world], clear_one_world(*column), rtol=1e-12, atol=1e-14)


@given(SEEDS, st.sampled_from([(2, 3), (3, 5), (3, 8), (4, 7)]))
def test_agrees_with_the_greatest_of_all_ways_to_end_in_exact_fractions(seed, shape):
    books = whole(seed, shape)
    books = books._replace(rank=np.random.default_rng(seed).integers(0, 3, shape[1]).tolist())
    paid = clear_dues(*books)
    for world in range(2):
        column = books.cash[:, world].tolist(), books.payer, books.payee, books.amount[:, world].tolist(), books.rank
        np.testing.assert_allclose(paid[:, world], greatest_of_all(*column), rtol=1e-12, atol=1e-12)


@given(SEEDS, SHAPES)
def test_plain_sweeps_from_above_come_down_to_it(seed, shape):
    books = whole(seed, shape)
    paid = clear_dues(*books)
    for world in range(0, WORLDS, 4):
        column = books.cash[:, world].tolist(), books.payer, books.payee, books.amount[:, world].tolist(), books.rank
        early, late = sweep_one_world(*column, 3), sweep_one_world(*column, 10_000)
        assert np.all(paid[:, world] <= np.array(early) + 1e-12)
        np.testing.assert_allclose(paid[:, world], late, rtol=0.0, atol=1e-9)


@given(SEEDS, SHAPES)
def test_within_the_dues_conserved_and_funded(seed, shape):
    _, books = draw(seed, shape)
    paid = clear_dues(*books)
    assert np.all(paid >= 0.0)
    assert np.all(paid <= books.amount)
    left = after(books, paid)
    assert at_most(-left, 0.0, money(books))
    assert close(fold(left), fold(books.cash), money(books))


@given(SEEDS, SHAPES)
def test_one_share_of_a_rank_seniors_first_and_who_is_short_has_spent_all(seed, shape):
    _, books = draw(seed, shape)
    paid = clear_dues(*books)
    senior_open = np.zeros((shape[0], WORLDS), dtype=bool)
    for rank in sorted(set(books.rank)):
        of = [due for due, number in enumerate(books.rank) if number == rank]
        payers = [books.payer[due] for due in of]
        owes, pays = (fold_sectors(rows[of], payers, shape[0]) for rows in (books.amount, paid))
        for due, sector in zip(of, payers, strict=True):
            assert close(paid[due] * owes[sector], books.amount[due] * pays[sector], books.amount[due] * owes[sector])
        assert at_most(np.where(senior_open, pays, 0.0), 0.0, money(books))
        senior_open |= pays < owes - 1e-12 * money(books)
    assert at_most(np.where(senior_open, after(books, paid), 0.0), 0.0, money(books))


@given(SEEDS, SHAPES)
def test_more_cash_anywhere_never_lowers_a_payment(seed, shape):
    rng, books = draw(seed, shape)
    richer = books._replace(cash=books.cash + quantities(rng, books.cash.shape) * (rng.random(books.cash.shape) < 0.4))
    assert at_most(clear_dues(*books), clear_dues(*richer), money(richer), 1e-11)


@given(SEEDS, SHAPES)
def test_order_is_irrelevant_and_a_due_may_be_split(seed, shape):
    rng = np.random.default_rng(seed)
    books = whole(seed, shape)
    paid = clear_dues(*books)
    dues, sectors = rng.permutation(shape[1]), rng.permutation(shape[0])
    name = np.argsort(sectors)  # sector s stands at place name[s] of the shuffled books
    shuffled = clear_dues(
        books.cash[sectors],
        [int(name[books.payer[due]]) for due in dues],
        [int(name[books.payee[due]]) for due in dues],
        books.amount[dues],
        [books.rank[due] for due in dues],
    )
    assert close(shuffled, paid[dues], money(books))
    halves = clear_dues(
        books.cash,
        books.payer * 2,
        books.payee * 2,
        np.concatenate([books.amount * 0.5, books.amount * 0.5]),
        books.rank * 2,
    )
    assert close(halves[: shape[1]] + halves[shape[1] :], paid, money(books))


@given(SEEDS, SHAPES)
def test_worlds_are_independent_and_money_scales(seed, shape):
    rng, books = draw(seed, shape)

    def run(cash: np.ndarray, amount: np.ndarray) -> list[np.ndarray]:
        return [clear_dues(cash, books.payer, books.payee, amount, books.rank)]

    assert_worlds_are_independent(run, (books.cash, books.amount), rng)
    in_cents = run(books.cash * 128.0, books.amount * 128.0)[0]
    assert np.array_equal(in_cents, clear_dues(*books) * 128.0)


def test_rich_payers_pay_in_full_to_the_bit_beside_a_world_that_is_short():
    rng = np.random.default_rng(5)
    amount = rng.lognormal(size=(6, 2))
    cash = np.array([[100.0, 0.1], [100.0, 0.0], [100.0, 0.0]])
    paid = clear_dues(cash, [0, 0, 1, 1, 2, 2], [1, 2, 0, 2, 0, 1], amount)
    assert np.array_equal(paid[:, 0], amount[:, 0])
    assert np.array_equal(
        paid[:, [0]], clear_dues(cash[:, [0]], [0, 0, 1, 1, 2, 2], [1, 2, 0, 2, 0, 1], amount[:, [0]])
    )


def test_a_ring_of_debt_without_cash_pays_itself_and_a_leak_empties_it():
    """Two firms that owe each other 5 and hold nothing clear it all; owing a third party anything, they pay nothing."""
    ring = clear_dues(np.zeros((3, 1)), [0, 1], [1, 0], np.array([[5.0], [5.0]]))
    assert ring[:, 0].tolist() == [5.0, 5.0]
    leaking = clear_dues(np.zeros((3, 1)), [0, 1, 0], [1, 0, 2], np.array([[5.0], [5.0], [1e-3]]))
    assert leaking[:, 0].tolist() == [0.0, 0.0, 0.0]
    nearly = clear_dues(np.array([[1e-9], [0.0], [0.0]]), [0, 1, 0], [1, 0, 2], np.array([[5.0], [5.0], [1e-3]]))
    np.testing.assert_allclose(nearly[:, 0], [5e-6, 5e-6, 1e-9], rtol=1e-14)


def test_an_example_by_hand():
    """A holds 1 and owes B 4; B holds 0 and owes C 2: A pays 1, B passes the 1 on."""
    paid = clear_dues(np.array([[1.0], [0.0], [0.0]]), [0, 1], [1, 2], np.array([[4.0], [2.0]]))
    assert paid[:, 0].tolist() == [1.0, 1.0]


def test_wages_come_first_whenever_the_cash_comes_in():
    """A holds nothing and owes wages of 4 and a supplier 3; its tenant B holds 5 and owes it rent, the junior rank."""
    paid = clear_dues(np.array([[0.0], [5.0], [0.0]]), [0, 0, 1], [2, 2, 0], np.array([[4.0], [3.0], [6.0]]), [0, 1, 2])
    assert paid[:, 0].tolist() == [4.0, 1.0, 5.0]


def test_money_that_ends_in_a_senior_rank_by_the_default_of_another():
    """A and B hold 1 and 2, owe wages of 2 each, then A owes B 3 and B owes A 2, then B owes C 4: a ring that sinks.

    With both wages paid, A has -1 and what B pays it, B has 0 and what A pays: whatever they pay each other, A would
    have 1 less than it pays. So A's money ends in its wages. B pays it what is left after its own, 0, and A pays 1.
    """
    cash = np.array([[1.0], [2.0], [0.0]])
    paid = clear_dues(
        cash, [0, 1, 0, 1, 1], [2, 2, 1, 0, 2], np.array([[2.0], [2.0], [3.0], [2.0], [4.0]]), [0, 0, 1, 1, 2]
    )
    np.testing.assert_allclose(paid[:, 0], [1.0, 2.0, 0.0, 0.0, 0.0], atol=1e-15)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"cash": np.array([[1.0, -1.0], [1.0, 1.0]])}, r"cash: index \(0,\), world 1 is -1.0"),
        ({"amount": np.array([[1.0, np.nan]])}, r"amount: index \(0,\), world 1 is nan"),
        ({"amount": np.ones((1, 3))}, r"amount: expected 2 worlds as in cash, got shape \(1, 3\)"),
        ({"payer": [2]}, "payer: index 0 is 2; wanted a sector number from 0 to 1"),
        ({"rank": [-1]}, "rank: index 0 is -1; wanted a rank from 0 to 63"),
        ({"payee": [0, 1]}, "payee: expected 1 numbers, one per due, got 2"),
    ],
)
def test_bad_input_names_argument_and_world(changed, message):
    good = {"cash": np.ones((2, 2)), "payer": [0], "payee": [1], "amount": np.ones((1, 2))}
    with pytest.raises(ValueError, match=message):
        clear_dues(**{**good, **changed})
