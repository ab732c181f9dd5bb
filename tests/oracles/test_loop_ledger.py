"""The ledger against a plain journal of debits and credits, and against a quarter worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracles.loop_ledger import AGAINST_CASH, ORDER_OF_CLASSES, WITHOUT_CASH, LoopLedger
from world.entries import ACCOUNTS, CASH_KINDS, CLASSES, KINDS
from world.ledger import Ledger

SECTORS = ("lab", "cloud", "bank", "vendor", "staff", "world")
WORLDS = 7


def test_the_classes_and_accounts_are_those_of_the_oracle() -> None:
    assert len(CLASSES) == len(ORDER_OF_CLASSES)
    for due_class, kinds in zip(CLASSES, ORDER_OF_CLASSES, strict=True):
        assert {kind for kind in CASH_KINDS if KINDS[kind].due_class == due_class} == kinds
    assert set(CASH_KINDS) == set().union(*ORDER_OF_CLASSES)
    assert set(AGAINST_CASH) <= set(CASH_KINDS)
    assert len(KINDS) - len(CASH_KINDS) == len(WITHOUT_CASH)


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32 - 1), entries=st.integers(1, 25), scale=st.sampled_from([1e-6, 1.0, 1e6]))
def test_a_quarter_of_random_entries_equals_the_journal_in_every_world(seed: int, entries: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    ledger = Ledger(SECTORS, WORLDS, {"world"})
    journals = [LoopLedger(SECTORS, {"world"}) for _ in range(WORLDS)]
    for sector in SECTORS:
        for account in ("cash", "fixed", "loans", "debt", "stakes"):
            amount = scale * rng.lognormal(0.0, 1.0, WORLDS) * (rng.random(WORLDS) < 0.7)
            ledger.open(account, sector, amount)
            for world, journal in enumerate(journals):
                journal.open(account, sector, float(amount[world]))

    for _ in range(entries):
        first, second = (SECTORS[i] for i in rng.choice(len(SECTORS), 2, replace=False))
        amount = scale * rng.lognormal(-1.0, 1.5, WORLDS) * (rng.random(WORLDS) < 0.8)
        road = rng.choice(["pay", "due", "book"], p=[0.2, 0.6, 0.2])
        if road == "book":
            entry = str(rng.choice(sorted(WITHOUT_CASH)))
            sectors = [first, second][: len(WITHOUT_CASH[entry])]
            make_booking(ledger, entry, sectors, amount)
        else:
            kind = str(rng.choice(CASH_KINDS))
            getattr(ledger, road)(kind, first, second, amount)
        for world, journal in enumerate(journals):
            if road == "book":
                journal.book(entry, sectors, float(amount[world]))
            else:
                getattr(journal, road)(kind, first, second, float(amount[world]))

    unpaid = {(row.kind, row.payer, row.payee): row.amount for row in ledger.settle()}
    size = scale * (entries + len(SECTORS))
    for world, journal in enumerate(journals):
        expected = journal.settle()
        for key in set(expected) | set(unpaid):
            assert unpaid.get(key, np.zeros(WORLDS))[world] == pytest.approx(expected[key], rel=1e-9, abs=1e-10 * size)
        for sector in SECTORS:
            for account in ACCOUNTS:
                known = journal.balance(account, sector)
                assert ledger.holding(account, sector)[world] == pytest.approx(known, rel=1e-9, abs=1e-10 * size)


def make_booking(ledger: Ledger, entry: str, sectors: list[str], amount: np.ndarray) -> None:
    if entry == "capitalise_prepaid":
        ledger.use_prepaid(*sectors, amount, capitalise=True)
    else:
        getattr(ledger, entry)(*sectors, amount)


def test_a_quarter_worked_by_hand() -> None:
    """A lab raises 10, prepays 4 and owes wages of 3 and rent of 8: it pays the wages and 3/8 of the rent."""
    ledger = Ledger(("lab", "cloud", "investors", "staff"), 1)
    ledger.open("cash", "investors", 25.0)
    ledger.begin_quarter()
    ledger.pay("equity", "investors", "lab", 10.0)
    ledger.pay("prepayment", "lab", "cloud", 4.0)
    ledger.use_prepaid("lab", "cloud", 1.5)
    ledger.revalue("investors", 2.0)
    ledger.due("lease_rent", "lab", "cloud", 8.0)
    ledger.due("wages", "lab", "staff", 3.0)
    assert ledger.shortfall("lab").tolist() == [5.0]
    assert ledger.shortfall("cloud").tolist() == [0.0]

    (unpaid,) = ledger.settle()
    assert (unpaid.kind, unpaid.payer, unpaid.payee, unpaid.amount.tolist()) == ("lease_rent", "lab", "cloud", [5.0])
    assert _not_zero(ledger, "lab") == {"prepaid": 2.5, "net_worth": 2.5}
    assert _not_zero(ledger, "cloud") == {"cash": 7.0, "deferred": 2.5, "net_worth": 4.5}
    assert _not_zero(ledger, "investors") == {"cash": 15.0, "stakes": 12.0, "net_worth": 27.0}
    assert _not_zero(ledger, "staff") == {"cash": 3.0, "net_worth": 3.0}
    assert ledger.paid("prepaid_use").tolist() == [1.5]


def test_a_loan_and_its_restructuring_worked_by_hand() -> None:
    """A cloud borrows 20, buys chips for 12, wears 3 off, repays 5 and is forgiven 6."""
    ledger = Ledger(("cloud", "bank", "vendor"), 1)
    ledger.open("cash", "bank", 30.0)
    ledger.pay("loan", "bank", "cloud", 20.0)
    ledger.pay("chips", "cloud", "vendor", 12.0)
    ledger.depreciate("cloud", 3.0)
    ledger.pay("principal", "cloud", "bank", 5.0)
    ledger.pay("interest", "cloud", "bank", 0.5)
    ledger.forgive("cloud", "bank", 6.0)
    ledger.recognise_lease("cloud", 9.0)
    ledger.run_off_lease("cloud", 4.0)
    assert _not_zero(ledger, "cloud") == {
        "cash": 2.5, "fixed": 9.0, "leased": 5.0, "debt": 9.0, "lease_liability": 5.0, "net_worth": 2.5,
    }  # fmt: skip
    assert _not_zero(ledger, "bank") == {"cash": 15.5, "loans": 9.0, "net_worth": 24.5}
    assert _not_zero(ledger, "vendor") == {"cash": 12.0, "net_worth": 12.0}


def _not_zero(ledger: Ledger, sector: str) -> dict[str, float]:
    held = {account: float(ledger.holding(account, sector)[0]) for account in ACCOUNTS}
    return {account: amount for account, amount in held.items() if amount != 0.0}
