"""Entries that are made together are those made one by one, and their order is irrelevant."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from tests.invariants.test_ledger import IDENTITIES, SECTORS, SEEDS, WORLDS, stocks, with_cash
from world.entries import CASH_KINDS
from world.ledger import Ledger

FIRMS = ("lab", "cloud", "bank")


def of_a_quarter(seed: int, order: list[int], together: bool) -> Ledger:
    """Loans, dues of two classes and depreciation of several firms; some of them cannot pay all."""
    rng = np.random.default_rng(seed)
    ledger = with_cash(rng.lognormal(-1.0, 1.5, (len(SECTORS), WORLDS)))
    loans, chips, wages, lost = rng.lognormal(0.0, 1.0, (4, len(FIRMS), WORLDS))[:, order]
    firms = tuple(FIRMS[row] for row in order)
    if together:
        ledger.pay("loan", "world", firms, loans)
        ledger.due("chips", firms, "staff", chips)
        ledger.due("wages", "world", firms, wages)
    else:
        for row, firm in enumerate(firms):
            ledger.pay("loan", "world", firm, loans[row])
            ledger.due("chips", firm, "staff", chips[row])
            ledger.due("wages", "world", firm, wages[row])
    shortfall = ledger.shortfall(firms)
    np.testing.assert_array_equal(shortfall, np.array([ledger.shortfall(firm) for firm in firms]))
    ledger.settle()
    if together:
        ledger.depreciate(firms, lost)
    else:
        for row, firm in enumerate(firms):
            ledger.depreciate(firm, lost[row])
    return ledger


@given(seed=SEEDS)
def test_entries_made_together_are_those_made_one_by_one(seed: int) -> None:
    together, apart = (of_a_quarter(seed, [0, 1, 2], way) for way in (True, False))
    np.testing.assert_allclose(stocks(together), stocks(apart), rtol=1e-12, atol=1e-12)
    assert together.flows.keys() == apart.flows.keys()
    for key, amount in apart.flows.items():
        np.testing.assert_allclose(together.flows[key], amount, rtol=1e-12, atol=1e-12)
    residuals = together.check()
    for law in [*IDENTITIES, "overdrawn"]:
        assert getattr(residuals, law) < 1e-12, law


@given(seed=SEEDS)
def test_the_order_of_rows_changes_no_bit(seed: int) -> None:
    np.testing.assert_array_equal(
        stocks(of_a_quarter(seed, [0, 1, 2], True)), stocks(of_a_quarter(seed, [2, 0, 1], True))
    )


@given(seed=SEEDS)
def test_sums_by_sector_are_those_of_each(seed: int) -> None:
    """Of pages with several rows and with one, and of names that stand on none."""
    names = ("bank", "staff", "lab", "world")
    for together in (True, False):
        ledger = of_a_quarter(seed, [0, 1, 2], together)
        for kind in ("chips", "wages", "loan", "depreciation", "tax"):
            by = np.array([ledger.paid(kind, payer=name) for name in names])
            to = np.array([ledger.paid(kind, payee=name) for name in names])
            np.testing.assert_array_equal(ledger.paid_by(kind, names), by)
            np.testing.assert_array_equal(ledger.paid_to(kind, names), to)


def test_books_find_room_for_every_kind_between_everybody() -> None:
    """More lines than the tables had room for at first, some met while others are due."""
    ledger = with_cash(np.full((len(SECTORS), WORLDS), 1e6))
    pairs = [(payer, payee) for payer in SECTORS for payee in SECTORS if payer != payee]
    for kind in CASH_KINDS:
        for pair in pairs:
            ledger.due(kind, *pair, 1.0)
            ledger.pay(kind, *pair, 2.0)
    assert ledger.settle() == []
    assert len(ledger.flows) == len(CASH_KINDS) * len(pairs) > 256
    assert all(amount.tolist() == [3.0] * WORLDS for amount in ledger.flows.values())
    residuals = ledger.check()
    assert all(getattr(residuals, law) < 1e-12 for law in IDENTITIES)


def test_a_page_with_one_payer_twice_is_added_up() -> None:
    ledger = with_cash(np.full((len(SECTORS), WORLDS), 9.0))
    ledger.pay(
        "wages", ("lab", "lab", "cloud"), ("staff", "bank", "staff"), np.arange(1.0, 4.0)[:, None] * np.ones(WORLDS)
    )
    assert ledger.paid_by("wages", ("lab", "cloud"))[:, 0].tolist() == [3.0, 3.0]
    assert ledger.paid_to("wages", ("staff", "bank"))[:, 0].tolist() == [4.0, 2.0]
    assert ledger.cash("lab").tolist() == [6.0] * WORLDS
    assert ledger.check().breaches() == []


def test_a_sum_over_a_sector_that_there_is_not_is_refused() -> None:
    ledger = with_cash(np.full((len(SECTORS), WORLDS), 9.0))
    for asked in (
        lambda: ledger.paid_by("wages", ("lab", "word")),
        lambda: ledger.paid_to("wages", ("word",)),
        lambda: ledger.paid_of_each(("wages",), "word"),
        lambda: ledger.paid_between("wages", ("lab",), ("word",)),
    ):
        with pytest.raises(ValueError, match="unknown sector 'word'; the sectors are"):
            asked()
