"""A rule machine over the ledger: random quarters of random entries, with every law checked after each.

A world that is kept alone and a batch with its worlds in another order take every step too, and must stay equal to
their columns bit for bit; a journal in plain Python keeps one world's books.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.oracles.loop_ledger import WITHOUT_CASH, LoopLedger
from world.entries import ACCOUNTS, CASH_KINDS
from world.ledger import Ledger

SECTORS = ("lab", "cloud", "bank", "vendor", "staff", "world")
WITHOUT_BUDGET = {"world"}
WORLDS = 7
ALONE = 4
ORDER = np.array([3, 6, 0, 4, 1, 5, 2])

pairs = st.permutations(SECTORS).map(lambda order: (order[0], order[1]))
kinds = st.sampled_from(CASH_KINDS)
seeds = st.integers(0, 2**32 - 1)


def amounts(seed: int) -> np.ndarray:
    """(worlds,) in $bn: lognormal, with zeros and ones among them."""
    rng = np.random.default_rng(seed)
    amount = rng.lognormal(0.0, 2.0, WORLDS)
    return np.select([rng.random(WORLDS) < 0.2, rng.random(WORLDS) < 0.1], [0.0, 1.0], amount)


class LedgerMachine(RuleBasedStateMachine):
    @initialize(seed=seeds)
    def start(self, seed: int) -> None:
        self.batch = Ledger(SECTORS, WORLDS, WITHOUT_BUDGET)
        self.permuted = Ledger(SECTORS, WORLDS, WITHOUT_BUDGET)
        self.alone = Ledger(SECTORS, 1, WITHOUT_BUDGET)
        self.journal = LoopLedger(SECTORS, WITHOUT_BUDGET)
        for i, sector in enumerate(SECTORS):
            self.open_all("cash", sector, amounts(seed + i))
        # What a sector owes is what another has lent or paid ahead.
        for asset, liability, holder, debtor in (
            ("loans", "debt", "bank", "cloud"),
            ("prepaid", "deferred", "lab", "cloud"),
        ):
            amount = amounts(seed + 10)
            self.open_all(asset, holder, amount)
            self.open_all(liability, debtor, amount)

    def everywhere(self, amount: np.ndarray, act: Callable[[Ledger, np.ndarray], object]) -> None:
        for ledger, part in (
            (self.batch, amount),
            (self.permuted, amount[ORDER]),
            (self.alone, amount[ALONE : ALONE + 1]),
        ):
            act(ledger, part)

    def open_all(self, account: str, sector: str, amount: np.ndarray) -> None:
        self.everywhere(amount, lambda ledger, part: ledger.open(account, sector, part))
        self.journal.open(account, sector, float(amount[ALONE]))

    @rule(kind=kinds, pair=pairs, seed=seeds, share=st.sampled_from([0.0, 0.3, 1.0]))
    def pay_out_of_cash(self, kind: str, pair: tuple[str, str], seed: int, share: float) -> None:
        payer, payee = pair
        amount = amounts(seed) if payer in WITHOUT_BUDGET else share * np.maximum(self.batch.cash(payer), 0.0)
        self.everywhere(amount, lambda ledger, part: ledger.pay(kind, payer, payee, part))
        self.journal.pay(kind, payer, payee, float(amount[ALONE]))

    @rule(kind=kinds, pair=pairs, seed=seeds)
    def owe(self, kind: str, pair: tuple[str, str], seed: int) -> None:
        amount = amounts(seed)
        self.everywhere(amount, lambda ledger, part: ledger.due(kind, *pair, part))
        self.journal.due(kind, *pair, float(amount[ALONE]))

    @rule(kind=kinds, pair=pairs)
    def owe_exactly_what_it_has(self, kind: str, pair: tuple[str, str]) -> None:
        amount = np.maximum(self.batch.cash(pair[0]), 0.0)
        self.everywhere(amount, lambda ledger, part: ledger.due(kind, *pair, part))
        self.journal.due(kind, *pair, float(amount[ALONE]))

    @rule(entry=st.sampled_from(sorted(WITHOUT_CASH)), pair=pairs, seed=seeds)
    def book(self, entry: str, pair: tuple[str, str], seed: int) -> None:
        sectors, amount = list(pair[: len(WITHOUT_CASH[entry])]), amounts(seed)
        if entry == "capitalise_prepaid":
            self.everywhere(amount, lambda ledger, part: ledger.use_prepaid(*sectors, part, capitalise=True))
        else:
            self.everywhere(amount, lambda ledger, part: getattr(ledger, entry)(*sectors, part))
        self.journal.book(entry, sectors, float(amount[ALONE]))

    @rule()
    def settle(self) -> None:
        unpaid = {(row.kind, row.payer, row.payee): row.amount for row in self.batch.settle()}
        self.permuted.settle()
        self.alone.settle()
        for key, expected in self.journal.settle().items():
            found = unpaid.get(key, np.zeros(WORLDS))[ALONE]
            assert found == pytest.approx(expected, rel=1e-8, abs=1e-9 * self.size())

    @rule()
    def begin_quarter(self) -> None:
        for ledger in (self.batch, self.permuted, self.alone):
            ledger.begin_quarter()

    @rule()
    def save_and_resume(self) -> None:
        resumed = Ledger(SECTORS, WORLDS, WITHOUT_BUDGET)
        resumed.restore(self.batch.state())
        self.batch = resumed
        self.alone = self.alone.copy()

    def size(self) -> float:
        """All that has been entered in the world of the journal, $bn."""
        return sum(line.amount for line in self.journal.journal) + 1e-300

    @invariant()
    def accounts_are_right(self) -> None:
        residuals = self.batch.check()
        # Bookings here are drawn blindly, so a stock may fall below zero: the ledger reports it and nothing else.
        for law in ("cash_conserved", "balance_sheets", "loans_are_debts", "prepaid_is_deferred", "cash_is_flows"):
            assert getattr(residuals, law) < 1e-9, residuals.places[law]
        assert residuals.overdrawn < 1e-9, residuals.places["overdrawn"]

    @invariant()
    def no_world_sees_another(self) -> None:
        for account in ACCOUNTS:
            columns = self.batch.balance[account]
            np.testing.assert_array_equal(self.permuted.balance[account], columns[:, ORDER])
            np.testing.assert_array_equal(self.alone.balance[account][:, 0], columns[:, ALONE])
        for sector in SECTORS:
            assert self.alone.shortfall(sector)[0] == self.batch.shortfall(sector)[ALONE]

    @invariant()
    def the_journal_agrees(self) -> None:
        for sector in SECTORS:
            for account in ACCOUNTS:
                assert self.alone.holding(account, sector)[0] == pytest.approx(
                    self.journal.balance(account, sector), rel=1e-9, abs=1e-9 * self.size()
                )


TestLedgerMachine = LedgerMachine.TestCase
TestLedgerMachine.settings = settings(max_examples=40, stateful_step_count=25)
