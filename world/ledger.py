"""The ledger: payments, dues and bookings between all sectors, in every world at once.

Cash moves from a payer to a payee and from nowhere else, so it is conserved; each entry keeps assets equal to
liabilities plus net worth on both books (the table is in `world.entries`). What is due in a quarter is queued and
settled together, class by class, so the order in which firms act is irrelevant.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import groupby

import numpy as np

from world.arrays import PerRow, PerWorld, locked, some
from world.books import Books
from world.entries import CASH_KINDS, INCOME_CLASSES, Entries, FlowKey, Names
from world.journal import tagged
from world.settlement import ROUNDING, Unpaid, clear_where_short
from world.stretches import add_up

Amounts = np.ndarray | float
"""$bn: one number, (worlds,), or (rows, worlds)."""

# A gap below this share of a due is the rounding of the clearing and nobody's default.
_ROUNDING_OF_A_DUE = 1e-12


class Ledger(Books):
    """Books on which payments are made, dues are queued and settled, and values are booked without cash.

    Arguments, state, shapes and units are those of `Books`. Sectors in `may_be_negative` are without a budget: they
    pay what they owe in full, whatever they hold.
    Laws (tests/invariants/test_ledger.py): those of `world.identities`; a world alone equals its column, bit for bit;
        the order of dues is irrelevant, bit for bit.
    Raises: ValueError naming kind, sectors and world for an amount that is negative or not a finite number, and naming
        what is allowed for an unknown sector, kind or account.
    Source: double entry, and the greatest clearing vector of Eisenberg and Noe (2001) class by class in order of
        seniority; oracle: tests/oracles/loop_ledger.py.
    """

    def __init__(self, sectors: Sequence[str], worlds: int, may_be_negative: Collection[str] = ()) -> None:
        super().__init__(sectors, worlds, may_be_negative)
        self._dues: dict[Entries, np.ndarray] = {}
        self._by_class: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        self._to_pay: np.ndarray | None = None

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
        value = self._amounts(entries, amount)
        if entries in self._dues:
            self._dues[entries] += value
        else:
            self._dues[entries] = value
        self._changed(entries)

    def owed(self, kind: str, payer: str, payee: str) -> PerWorld:
        """What is queued of a due, a copy, $bn (worlds,)."""
        self._payments(kind, payer, payee)
        total = np.zeros(self.worlds)
        for row in self._rows_of((kind, payer, payee)):
            total += row
        return total

    def waive(self, kind: str, payer: str, payee: str, amount: PerWorld | float) -> None:
        """The payee gives up part of a due that is queued, $bn (worlds,), at most what is owed.

        Raises: ValueError naming the world in which more would be given up than is owed.
        """
        owed, entries = self.owed(kind, payer, payee), self._payments(kind, payer, payee)
        given = self._amounts(entries, amount)[0]
        over = given > owed * (1.0 + _ROUNDING_OF_A_DUE)
        if over.any():
            world = int(np.argmax(over))
            raise ValueError(f"{kind}, {payer} to {payee}: world {world} is owed {owed[world]}, got {given[world]}")
        for due in self._rows_of((kind, payer, payee)):
            part = np.minimum(given, due)
            np.subtract(due, part, out=due)
            given = given - part
        self._changed(entries)

    def shortfall(self, sector: Names, keep: Amounts = 0.0) -> np.ndarray:
        """What a sector lacks to pay all its queued dues if all that it is owed comes in, $bn (worlds,) >= 0.

        Args: sector: one, or several for (sectors, worlds); keep: the same shape, cash that is to be left after, $bn.
        Zero does not promise payment: a debtor may fail, or pay in a later class than the sector's own due. Always
        zero for a sector without a budget.
        """
        rows = self._at(sector) if isinstance(sector, str) else [self._at(name) for name in sector]
        lacking = np.maximum(keep - self._stock[0, rows] + self._owed_less_due()[rows], 0.0)
        return np.where(self._limited[rows, np.newaxis] if lacking.ndim > 1 else self._limited[rows], lacking, 0.0)

    def settle(self) -> list[Unpaid]:
        """Pay what is due, class by class, each payer the same share of all its dues in a class; empties the queue.

        Returns: what could not be paid, one row for each kind, payer and payee that fell short in some world.
        """
        unpaid: dict[FlowKey, np.ndarray] = {}
        for due_class, queued in self._classes().items():
            payable = self._payable(queued)
            self._enter_class(due_class, queued, payable)
            for entries, paid in zip(queued, payable, strict=True):
                owed = self._dues[entries]
                if paid is owed:
                    continue
                gap = owed - paid
                gap = np.where(gap > _ROUNDING_OF_A_DUE * owed, gap, 0.0)
                for row in np.flatnonzero(gap.any(axis=1)).tolist():
                    key = entries.keys[row]
                    unpaid[key] = unpaid[key] + gap[row] if key in unpaid else gap[row]
        self._dues, self._by_class, self._to_pay = {}, {}, None
        return [Unpaid(*key, locked(gap)) for key, gap in unpaid.items()]

    # ------------------------------------------------------------------ bookings without cash

    def depreciate(self, sector: Names, amount: Amounts) -> None:
        """Fixed assets lose value with age, $bn (worlds,)."""
        self._book("depreciation", sector, sector, amount)

    def revalue(self, sector: Names, amount: Amounts) -> None:
        """Stakes are marked up or, with a negative amount, down, $bn (worlds,)."""
        self._book("revaluation", sector, sector, amount, signed=True)

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
        return super().state() | {f"due|{tagged(entries)}": amounts.copy() for entries, amounts in self._dues.items()}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Take over what `state` gave, in a ledger of the same sectors and worlds; errors as in `Books`."""
        dues = [
            self._untagged(name, name.removeprefix("due|"), amounts)
            for name, amounts in state.items()
            if name.startswith("due|")
        ]
        super().restore(state)
        self._dues, self._by_class, self._to_pay = dict(dues), {}, None

    def copy(self) -> Ledger:
        """An independent ledger with the same balances, flows and dues."""
        twin = Ledger(self.sectors, self.worlds, self.may_be_negative)
        twin.restore(self.state())
        return twin

    # ------------------------------------------------------------------ inside

    def _payments(self, kind: str, payers: Names, payees: Names) -> Entries:
        """The entries for payments between known and different sectors."""
        if kind not in CASH_KINDS:
            raise ValueError(f"unknown kind of payment {kind!r}; allowed are {', '.join(CASH_KINDS)}")
        return self._entries(kind, payers, payees)

    def _book(self, kind: str, first: Names, second: Names, amount: Amounts, signed: bool = False) -> None:
        """Make entries without cash."""
        entries = self._entries(kind, first, second)
        self._enter(entries, self._amounts(entries, amount, signed))

    def _rows_of(self, key: FlowKey) -> list[np.ndarray]:
        """The queued amounts of a due, themselves, in the order of the queue."""
        return [self._dues[entries][entries.keys.index(key)] for entries in self._queue() if key in entries.keys]

    def _queue(self) -> list[Entries]:
        """The dues in an order that does not depend on who queued first: additions then round the same way."""
        return sorted(self._dues, key=lambda entries: entries.place)

    def _classes(self) -> dict[str, list[Entries]]:
        """The queue by class, the most senior first."""
        return {
            due_class: list(group)
            for due_class, group in groupby(self._queue(), key=lambda entries: entries.kind.due_class or "")
        }

    def _changed(self, entries: Entries) -> None:
        """What is owed in the class of these entries must be added up again."""
        self._by_class.pop(entries.kind.due_class or "", None)
        self._to_pay = None

    def _added_up(self, queued: Sequence[Entries]) -> tuple[PerRow, PerRow]:
        """What each sector owes in one class and what it is owed, both (sectors, worlds); kept until one changes."""
        due_class = queued[0].kind.due_class or ""
        if due_class not in self._by_class:
            self._by_class[due_class] = self._totals(queued, [self._dues[entries] for entries in queued])
        return self._by_class[due_class]

    def _totals(self, queued: Sequence[Entries], pages: Sequence[np.ndarray]) -> tuple[PerRow, PerRow]:
        """What each sector pays and what it is paid of pages of amounts, both (sectors, worlds)."""
        paid, received = np.zeros((2, len(self.sectors), self.worlds))
        for entries, amounts in zip(queued, pages, strict=True):
            add_up(paid, entries.payer_stretches, amounts)
            add_up(received, entries.payee_stretches, amounts)
        return paid, received

    def _enter_class(self, due_class: str, queued: Sequence[Entries], paid: Sequence[np.ndarray]) -> None:
        """Make the payments of one class; where all of them are income, each sector's accounts move once."""
        if due_class not in INCOME_CLASSES:
            for entries, amounts in zip(queued, paid, strict=True):
                self._enter(entries, amounts)
            return
        in_full = all(amounts is self._dues[entries] for entries, amounts in zip(queued, paid, strict=True))
        costs, revenue = self._added_up(queued) if in_full else self._totals(queued, paid)
        self._posting.enter_income(revenue - costs)
        for entries, amounts in zip(queued, paid, strict=True):
            self._note(entries, amounts)

    def _owed_less_due(self) -> PerRow:
        """What each sector has to pay less what it is to be paid, (sectors, worlds) $bn; kept until a due changes."""
        if self._to_pay is None:
            self._to_pay = np.zeros((len(self.sectors), self.worlds))
            for queued in self._classes().values():
                owed, due = self._added_up(queued)
                self._to_pay += owed
                self._to_pay -= due
        return self._to_pay

    def _short_of_cash(self, queued: Sequence[Entries]) -> np.ndarray | None:
        """Who cannot pay a class out of its own cash, (sectors, worlds), in the worlds in which that matters.

        Where everybody could pay with all that it is owed in the class, everybody does. Nothing if that is everywhere.
        """
        owed, due = self._added_up(queued)
        cash = self._stock[0]
        short = np.asarray(cash < owed)
        short[~self._limited] = False
        if not some(short):
            return None
        # Who can just pay in full is not short: as in the clearing.
        lost = short & (cash + due < owed * (1.0 - ROUNDING))
        if not some(lost):
            return None
        return short & lost.any(axis=0) & (owed > 0.0)

    def _payable(self, queued: Sequence[Entries]) -> Sequence[np.ndarray]:
        """What is paid of each page of dues of one class; the dues themselves if all are paid in every world."""
        dues = [self._dues[entries] for entries in queued]
        short = self._short_of_cash(queued)
        if short is None or not some(short):
            return dues

        payers = [row for entries in queued for row in entries.payer_rows]
        payees = [row for entries in queued for row in entries.payee_rows]
        places = [(page, row) for page, amounts in enumerate(dues) for row in range(len(amounts))]
        lines = [row for amounts in dues for row in amounts]
        paid = list(dues)
        for at, part in clear_where_short(self._stock[0], short, payers, payees, [0] * len(lines), lines).items():
            page, row = places[at]
            if paid[page] is dues[page]:
                paid[page] = dues[page].copy()
            paid[page][row] = part
        return paid
