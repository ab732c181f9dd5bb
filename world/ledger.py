"""The ledger: payments, dues and bookings between all sectors, in every world at once.

Cash moves from a payer to a payee and from nowhere else, so it is conserved; each entry keeps assets equal to
liabilities plus net worth on both books (the table is in `world.entries`). What is due in a quarter is queued and
settled together, senior classes first, so the order in which firms act is irrelevant.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from world.arrays import locked, some
from world.books import Books
from world.dues import ROUNDING_OF_A_DUE, Dues
from world.entries import CASH_KINDS, Names
from world.journal import saved
from world.lines import Entries
from world.settlement import Unpaid

Amounts = np.ndarray | float
"""$bn: one number, (worlds,), or (rows, worlds)."""


class Ledger(Books):
    """Books on which payments are made, dues are queued and settled, and values are booked without cash.

    Arguments, state, shapes and units are those of `Books`. Sectors in `may_be_negative` are without a budget: they
    pay what they owe in full, whatever they hold.
    Laws (tests/invariants/test_ledger.py): those of `world.identities`; a world alone equals its column, bit for bit;
        the order of dues is irrelevant, bit for bit.
    Raises: ValueError naming kind, sectors and world for an amount that is negative or not a finite number, and naming
        what is allowed for an unknown sector, kind or account.
    Source: double entry, and the greatest clearing vector of Eisenberg and Noe (2001) with classes of
        seniority as in Elsinger (2009); oracle: tests/oracles/loop_ledger.py.
    """

    def __init__(self, sectors: Sequence[str], worlds: int, may_be_negative: Collection[str] = ()) -> None:
        super().__init__(sectors, worlds, may_be_negative)
        self._dues = Dues(self._lines, self._limited, self.worlds)

    # ------------------------------------------------------------------ payments

    def pay(self, kind: str, payer: Names, payee: Names, amount: Amounts) -> None:
        """Pay at once, $bn (worlds,) >= 0, whatever the payer holds: `check` finds an account that is overdrawn.

        With several payers or payees, row by row, the amounts are (rows, worlds): so for all entries below.
        """
        entries = self._payments(kind, payer, payee)
        self._enter(entries, self._amounts(entries, amount))

    def due(self, kind: str, payer: Names, payee: Names, amount: Amounts) -> None:
        """Queue an amount, $bn (worlds,) >= 0, for `settle`; its class comes from the kind."""
        entries = self._payments(kind, payer, payee)
        self._dues.add(entries, self._amounts(entries, amount))

    def owed(self, kind: str, payer: Names, payee: Names) -> np.ndarray:
        """What is queued of a due, a copy, $bn (worlds,); of several, row by row, (rows, worlds)."""
        entries = self._payments(kind, payer, payee)
        owed = self._dues.of(entries).copy()
        return owed[0] if isinstance(payer, str) and isinstance(payee, str) else owed

    def waive(self, kind: str, payer: Names, payee: Names, amount: Amounts) -> None:
        """The payee gives up part of a due that is queued, $bn (worlds,), at most what is owed.

        Raises: ValueError naming the world in which more would be given up than is owed.
        """
        entries = self._payments(kind, payer, payee)
        owed, given = self._dues.of(entries), self._amounts(entries, amount)
        over = given > owed * (1.0 + ROUNDING_OF_A_DUE)
        if some(over):
            row, world = (int(i) for i in np.argwhere(over)[0])
            worth = f"is owed {owed[row, world]}, got {given[row, world]}"
            raise ValueError(f"{entries.named(row)}: world {world} {worth}")
        self._dues.waive(entries, given)

    def shortfall(self, sector: Names, keep: Amounts = 0.0) -> np.ndarray:
        """What a sector lacks to pay all its queued dues if all that it is owed comes in, $bn (worlds,) >= 0.

        Args: sector: one, or several for (sectors, worlds); keep: the same shape, cash that is to be left after, $bn.
        Zero does not promise payment: a debtor may fail. Always zero for a sector without a budget.
        """
        rows = self._at(sector) if isinstance(sector, str) else [self._at(name) for name in sector]
        missing = np.maximum(keep - (self._stock[0, rows] + self._dues.net()[rows]), 0.0)
        limited = self._limited[rows]
        if not limited.all():
            missing[~limited] = 0.0
        return missing

    def settle(self) -> list[Unpaid]:
        """Pay all dues together, each payer its senior classes first and one share of a class; empties the queue.

        Returns: what could not be paid, one row for each kind, payer and payee that fell short in some world.
        """
        dues, lines = self._dues, self._lines
        cash, unpaid = dues.clear(self._stock[0])
        np.copyto(self._stock[0], cash)
        self._posting.enter_against_cash(lines, dues.queued, dues.amounts)
        dues.begin_anew(self.journal.take_over(dues.amounts))
        self._movements = None
        return [Unpaid(*lines.keys[number], locked(gap)) for number, gap in unpaid.items()]

    # ------------------------------------------------------------------ bookings without cash

    def depreciate(self, sector: Names, amount: Amounts) -> None:
        """Fixed assets lose value with age, $bn (worlds,)."""
        self._book("depreciation", sector, sector, amount)

    def revalue(self, sector: Names, amount: Amounts) -> None:
        """Stakes are marked up or, with a negative amount, down, $bn (worlds,)."""
        self._book("revaluation", sector, sector, amount)

    def grant_stake(self, holder: Names, amount: Amounts) -> None:
        """A stake is received without payment, $bn (worlds,)."""
        self._book("stake_grant", holder, holder, amount)

    def recognise_lease(self, sector: Names, amount: Amounts) -> None:
        """A tenant takes a lease on its books, right of use against rent owed, $bn (worlds,)."""
        self._book("lease_recognition", sector, sector, amount)

    def run_off_lease(self, sector: Names, amount: Amounts) -> None:
        """A recognised lease is used up and both its sides fall, $bn (worlds,); rent is paid as `lease_rent`."""
        self._book("lease_run_off", sector, sector, amount)

    def forgive(self, borrower: Names, lender: Names, amount: Amounts) -> None:
        """A lender gives up part of a loan: its loss is the borrower's gain, $bn (worlds,)."""
        self._book("forgiveness", borrower, lender, amount)

    def use_prepaid(self, customer: Names, supplier: Names, amount: Amounts, capitalise: bool = False) -> None:
        """What was prepaid is delivered, $bn (worlds,): revenue of the supplier, cost or plant of the customer.

        The record of flows calls it `prepaid_use` either way.
        """
        self._book("prepaid_purchase" if capitalise else "prepaid_use", customer, supplier, amount)

    def forfeit_prepaid(self, customer: Names, supplier: Names, amount: Amounts) -> None:
        """An order lapses and the supplier keeps the prepayment, $bn (worlds,)."""
        self._book("prepaid_forfeit", customer, supplier, amount)

    # ------------------------------------------------------------------ saving

    def state(self) -> dict[str, np.ndarray]:
        """Everything that changes, as copies: name -> array, fit for `restore` and for a NumPy archive."""
        return super().state() | {f"due|{name}": row for name, row in saved(self._lines, self._dues.amounts).items()}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Take over what `state` gave, in a ledger of the same sectors and worlds; errors as in `Books`."""
        due = self._named_lines(state, "due|")
        super().restore(state)
        self._dues.begin_anew(np.zeros_like(self._dues.amounts))
        for entries, amounts in due:
            self._dues.add(entries, amounts)

    def copy(self) -> Ledger:
        """An independent ledger with the same balances, flows and dues."""
        twin = Ledger(self.sectors, self.worlds, self.may_be_negative)
        twin.restore(self.state())
        return twin

    # ------------------------------------------------------------------ inside

    def _payments(self, kind: str, payers: Names, payees: Names) -> Entries:
        """The entries for payments between known and different sectors."""
        entries = self._known.get((kind, payers, payees))
        if entries is not None and entries.kind.due_class:
            return entries
        if kind not in CASH_KINDS:
            raise ValueError(f"unknown kind of payment {kind!r}; allowed are {', '.join(CASH_KINDS)}")
        return self._entries(kind, payers, payees)

    def _book(self, kind: str, first: Names, second: Names, amount: Amounts) -> None:
        """Make entries without cash."""
        entries = self._entries(kind, first, second)
        self._enter(entries, self._amounts(entries, amount))
