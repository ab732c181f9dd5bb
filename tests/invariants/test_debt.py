"""Laws of debt by maturity: what was borrowed falls due, no more and no less, at the coupon agreed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.invariants.formula_inputs import seeds
from world.debt import BUCKET_YEARS, DebtBook, ladder

BORROWERS, WORLDS = 3, 7


def drawn(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Amounts (with zeros), rates and tenors, (borrowers, worlds) each."""
    rng = np.random.default_rng(seed)
    shape = (BORROWERS, WORLDS)
    amount = np.exp(rng.normal(2.0, 2.0, shape)) * (rng.random(shape) > 0.2)
    return amount, rng.uniform(0.0, 0.2, shape), rng.uniform(0.3, 25.0, shape)


def filled(seed: int) -> DebtBook:
    book = DebtBook(BORROWERS, WORLDS)
    for step in range(3):
        amount, rate, tenor = drawn(seed + step)
        book.borrow(amount, rate, ladder(tenor))
    return book


@given(seeds)
def test_a_ladder_is_whole_and_longer_tenors_fall_due_later(seed: int) -> None:
    _, _, tenor = drawn(seed)
    shares, longer = ladder(tenor), ladder(tenor * 1.5)
    assert shares.min() >= -1e-15
    np.testing.assert_allclose(shares.sum(axis=0), 1.0, rtol=1e-14)
    assert np.all(longer.cumsum(axis=0) <= shares.cumsum(axis=0) + 1e-14)


def test_a_ladder_has_the_tenor_it_was_asked_for() -> None:
    middle = np.cumsum(BUCKET_YEARS) - 0.5 * BUCKET_YEARS
    # Where twice the tenor is an edge of a bucket, each bucket is filled evenly, so its middle stands for it.
    for tenor in (0.5, 1.5, 2.5, 5.0, 10.0):
        shares = ladder(np.full((1, 1), tenor))[:, 0, 0]
        assert shares @ middle == pytest.approx(tenor)


@given(seeds, st.integers(1, 12))
def test_debt_is_what_was_borrowed_less_what_was_taken_off(seed: int, quarters: int) -> None:
    book = filled(seed)
    owed = book.total_usd_bn.copy()
    for _ in range(quarters):
        due = book.principal_due_usd_bn.copy()
        assert np.all((due >= 0.0) & (due <= owed * (1.0 + 1e-12)))
        book.take_off(due)
        book.age()
        owed = owed - due
        assert book.distance(owed).max() < 1e-12
        assert book.outstanding.min() >= -1e-12


def test_all_of_it_falls_due_in_time() -> None:
    book = filled(1)
    first = book.total_usd_bn.copy()
    for _ in range(4 * 120):
        book.take_off(book.principal_due_usd_bn)
        book.age()
    assert np.all(book.total_usd_bn < 1e-3 * first + 1e-12)


@given(seeds)
def test_the_coupon_is_an_average_of_the_loans(seed: int) -> None:
    book, rates, amounts = DebtBook(BORROWERS, WORLDS), [], []
    for step in range(3):
        amount, rate, tenor = drawn(seed + step)
        book.borrow(amount, rate, ladder(tenor))
        rates.append(rate)
        amounts.append(amount)
    interest = sum(amount * rate for amount, rate in zip(amounts, rates, strict=True))
    np.testing.assert_allclose(4.0 * book.interest_due_usd_bn, interest, rtol=1e-12, atol=1e-15)
    borrowed = np.stack(amounts).sum(axis=0) > 0.0
    high = np.where(np.stack(amounts) > 0.0, np.stack(rates), -np.inf).max(axis=0)
    assert np.all(book.coupon[borrowed] <= high[borrowed] + 1e-12)
    assert np.all(book.coupon[~borrowed] == 0.0)


@given(seeds)
def test_repayment_takes_the_nearest_first_and_never_more_than_there_is(seed: int) -> None:
    book = filled(seed)
    before, near = book.total_usd_bn.copy(), book.due_within_year_usd_bn.copy()
    part = 0.5 * near
    book.take_off(part)
    np.testing.assert_allclose(book.due_within_year_usd_bn, near - part, rtol=1e-12)
    book.take_off(2.0 * before)
    assert np.all(book.total_usd_bn == 0.0)


def test_a_world_is_the_same_alone() -> None:
    whole = filled(5)
    whole.take_off(whole.principal_due_usd_bn)
    whole.age()
    for world in range(WORLDS):
        alone = DebtBook(BORROWERS, 1)
        for step in range(3):
            amount, rate, tenor = (values[:, [world]] for values in drawn(5 + step))
            alone.borrow(amount, rate, ladder(tenor))
        alone.take_off(alone.principal_due_usd_bn)
        alone.age()
        assert np.array_equal(alone.outstanding[..., 0], whole.outstanding[..., world])
        assert np.array_equal(alone.coupon[:, 0], whole.coupon[:, world])


def test_a_saved_book_is_restored_and_another_shape_is_refused() -> None:
    book, twin = filled(2), DebtBook(BORROWERS, WORLDS)
    twin.restore(book.state())
    book.age()
    twin.age()
    assert np.array_equal(book.outstanding, twin.outstanding)
    with pytest.raises(ValueError, match="outstanding: expected shape"):
        DebtBook(BORROWERS, WORLDS + 1).restore(book.state())
