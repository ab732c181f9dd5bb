"""The ledger: payments, dues and bookings between all sectors, in every world at once.

Cash moves from a payer to a payee and from nowhere else, so it is conserved; each entry keeps assets equal to
liabilities plus net worth on both books (the table is in `world.entries`). What is due in a quarter is queued and
settled together, class by class, so the order in which firms act is irrelevant.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from world.arrays import PerWorld, fold_sectors, some
from world.books import Books, FlowKey, accumulate, locked
from world.entries import CASH_KINDS, CLASSES, KINDS, Kind
from world.settlement import clear_dues

# A gap below this share of a due is the rounding of the clearing and nobody's default.
_ROUNDING_OF_A_DUE = 1e-12


def _class_of(kind: str) -> str:
    """The class in which a kind of due is settled."""
    return KINDS[kind].due_class or ""


_KIND_ORDER = {kind: i for i, kind in enumerate(sorted(CASH_KINDS, key=lambda kind: CLASSES.index(_class_of(kind))))}
"""Place of each kind of due in the queue: class by class, within a class as in the table."""


@dataclass(frozen=True)
class Unpaid:
    """What was due and could not be paid, $bn (worlds,); zero in the worlds where it was paid."""

    kind: str
    payer: str
    payee: str
    amount: PerWorld


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
        self._dues: dict[FlowKey, np.ndarray] = {}
        self._ordered: list[FlowKey] = []
        self._dues_of: dict[str, list[tuple[np.ufunc, np.ndarray]]] = {}
        self._allowed: set[FlowKey] = set()

    # ------------------------------------------------------------------ payments

    def pay(self, kind: str, payer: str, payee: str, amount: PerWorld | float) -> None:
        """Pay at once, $bn (worlds,) >= 0, whatever the payer holds: `check` finds an account that is overdrawn."""
        entry = self._payment(kind, payer, payee)
        self._enter(entry, payer, payee, self._amount(kind, (payer, payee), amount))

    def due(self, kind: str, payer: str, payee: str, amount: PerWorld | float) -> None:
        """Queue an amount, $bn (worlds,) >= 0, for `settle`; its class comes from the kind."""
        self._payment(kind, payer, payee)
        accumulate(self._dues, (kind, payer, payee), self._amount(kind, (payer, payee), amount))

    def owed(self, kind: str, payer: str, payee: str) -> PerWorld:
        """What is queued of a due, a copy, $bn (worlds,)."""
        self._payment(kind, payer, payee)
        queued = self._dues.get((kind, payer, payee))
        return np.zeros(self.worlds) if queued is None else queued.copy()

    def waive(self, kind: str, payer: str, payee: str, amount: PerWorld | float) -> None:
        """The payee gives up part of a due that is queued, $bn (worlds,), at most what is owed.

        Raises: ValueError naming the world in which more would be given up than is owed.
        """
        owed, given = self.owed(kind, payer, payee), self._amount(kind, (payer, payee), amount)
        over = given > owed * (1.0 + _ROUNDING_OF_A_DUE)
        if over.any():
            world = int(np.argmax(over))
            raise ValueError(f"{kind}, {payer} to {payee}: world {world} is owed {owed[world]}, got {given[world]}")
        queued = self._dues.get((kind, payer, payee))
        if queued is not None:  # in place: `shortfall` knows the due by this array
            np.maximum(owed - given, 0.0, out=queued)

    def shortfall(self, sector: str, keep: PerWorld | float = 0.0) -> PerWorld:
        """What a sector lacks to pay all its queued dues if all that it is owed comes in, $bn (worlds,) >= 0.

        Args: keep: (worlds,) cash that is to be left after that, $bn.
        Zero does not promise payment: a debtor may fail, or pay in a later class than the sector's own due. Always
        zero for a sector without a budget.
        """
        missing = keep - self.cash(sector)
        self._queue()
        for move, due in self._dues_of.get(sector, ()):
            move(missing, due, missing)
        return np.zeros(self.worlds) if sector in self.may_be_negative else np.maximum(missing, 0.0)

    def settle(self) -> list[Unpaid]:
        """Pay what is due, class by class, each payer the same share of all its dues in a class; empties the queue.

        Returns: what could not be paid, one row for each kind, payer and payee that fell short in some world.
        """
        unpaid: list[Unpaid] = []
        for _, group in groupby(self._queue(), key=lambda key: _class_of(key[0])):
            keys = list(group)
            dues = [self._dues[key] for key in keys]
            paid = self._payable(keys, dues)
            for (kind, payer, payee), owed, part in zip(keys, dues, paid, strict=True):
                self._enter(KINDS[kind], payer, payee, part)
                if part is owed:
                    continue
                gap = owed - part
                gap = np.where(gap > _ROUNDING_OF_A_DUE * owed, gap, 0.0)
                if some(gap):
                    unpaid.append(Unpaid(kind, payer, payee, locked(gap)))
        self._dues, self._ordered, self._dues_of = {}, [], {}
        return unpaid

    # ------------------------------------------------------------------ bookings without cash

    def depreciate(self, sector: str, amount: PerWorld | float) -> None:
        """Fixed assets lose value with age, $bn (worlds,)."""
        self._book("depreciation", sector, sector, amount)

    def write_off(self, sector: str, amount: PerWorld | float) -> None:
        """Fixed assets are given up, $bn (worlds,)."""
        self._book("write_off", sector, sector, amount)

    def revalue(self, sector: str, amount: PerWorld | float) -> None:
        """Stakes are marked up or, with a negative amount, down, $bn (worlds,)."""
        self._book("revaluation", sector, sector, amount, signed=True)

    def grant_stake(self, holder: str, amount: PerWorld | float) -> None:
        """A stake is received without payment, $bn (worlds,)."""
        self._book("stake_grant", holder, holder, amount)

    def recognise_lease(self, sector: str, amount: PerWorld | float) -> None:
        """A tenant takes a lease on its books, right of use against rent owed, $bn (worlds,)."""
        self._book("lease_recognition", sector, sector, amount)

    def run_off_lease(self, sector: str, amount: PerWorld | float) -> None:
        """A recognised lease is used up and both its sides fall, $bn (worlds,); rent is paid as `lease_rent`."""
        self._book("lease_run_off", sector, sector, amount)

    def forgive(self, borrower: str, lender: str, amount: PerWorld | float) -> None:
        """A lender gives up part of a loan: its loss is the borrower's gain, $bn (worlds,)."""
        self._book("forgiveness", borrower, lender, amount)

    def use_prepaid(self, customer: str, supplier: str, amount: PerWorld | float, capitalise: bool = False) -> None:
        """What was prepaid is delivered, $bn (worlds,): revenue of the supplier, cost or plant of the customer.

        The record of flows calls it `prepaid_use` either way.
        """
        entry = "prepaid_purchase" if capitalise else "prepaid_use"
        self._book(entry, customer, supplier, amount, recorded_as="prepaid_use")

    def forfeit_prepaid(self, customer: str, supplier: str, amount: PerWorld | float) -> None:
        """An order lapses and the supplier keeps the prepayment, $bn (worlds,)."""
        self._book("prepaid_forfeit", customer, supplier, amount)

    # ------------------------------------------------------------------ saving

    def state(self) -> dict[str, np.ndarray]:
        """Everything that changes, as copies: name -> array, fit for `restore` and for a NumPy archive."""
        return super().state() | self._tagged("due", self._dues)

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Take over what `state` gave, in a ledger of the same sectors and worlds; errors as in `Books`."""
        dues = self._untagged("due", state)
        super().restore(state)
        self._dues, self._ordered, self._dues_of = dues, [], {}

    def copy(self) -> Ledger:
        """An independent ledger with the same balances, flows and dues."""
        twin = Ledger(self.sectors, self.worlds, self.may_be_negative)
        twin.restore(self.state())
        return twin

    # ------------------------------------------------------------------ inside

    def _payment(self, kind: str, payer: str, payee: str) -> Kind:
        """The row of the table for a payment between two known and different sectors."""
        if (kind, payer, payee) not in self._allowed:
            if kind not in CASH_KINDS:
                raise ValueError(f"unknown kind of payment {kind!r}; allowed are {', '.join(CASH_KINDS)}")
            self._require_two(kind, payer, payee)
            self._allowed.add((kind, payer, payee))
        return KINDS[kind]

    def _require_two(self, kind: str, payer: str, payee: str) -> None:
        """Refuse an unknown sector and a payment of a sector to itself."""
        if self._at(payer) == self._at(payee):
            raise ValueError(f"{kind}: payer and payee are both {payer!r}; wanted two sectors")

    def _book(
        self,
        kind: str,
        first: str,
        second: str,
        amount: PerWorld | float,
        signed: bool = False,
        recorded_as: str | None = None,
    ) -> None:
        """Make an entry without cash."""
        entry = KINDS[kind]
        if entry.payee:
            self._require_two(kind, first, second)
        self._at(first)
        sectors = (first, second) if entry.payee else (first,)
        self._enter(entry, first, second, self._amount(kind, sectors, amount, signed), recorded_as)

    def _queue(self) -> list[FlowKey]:
        """The dues in an order that does not depend on who queued first: additions then round the same way."""
        if len(self._ordered) != len(self._dues):
            self._ordered = sorted(
                self._dues, key=lambda key: (_KIND_ORDER[key[0]], self._index[key[1]], self._index[key[2]])
            )
            self._dues_of = {}
            for key in self._ordered:
                self._dues_of.setdefault(key[1], []).append((np.add, self._dues[key]))
                self._dues_of.setdefault(key[2], []).append((np.subtract, self._dues[key]))
        return self._ordered

    def _payable(self, keys: Sequence[FlowKey], dues: Sequence[np.ndarray]) -> Sequence[np.ndarray]:
        """What is paid of each due of one class; a due itself if it is paid in full in every world."""
        owed: dict[str, np.ndarray] = {}
        for (_, payer, _), due in zip(keys, dues, strict=True):
            if payer not in self.may_be_negative:
                owed[payer] = owed[payer] + due if payer in owed else due
        short: dict[str, np.ndarray] = {}
        for payer, total in owed.items():
            lacking = np.maximum(self._rows[self._index[payer]]["cash"], 0.0) < total
            if some(lacking):
                short[payer] = lacking
        if not short:
            return dues

        # Only worlds and payers whose own cash does not cover all that they owe need a clearing, with what they owe
        # and are owed. Everybody else pays in full; twice what it owes cannot fall short by rounding.
        worlds = np.flatnonzero(np.logical_or.reduce(list(short.values())))
        rows = [row for row, (_, payer, payee) in enumerate(keys) if payer in short or payee in short]
        parties = sorted({self._index[party] for row in rows for party in keys[row][1:]})
        payer_rows = [parties.index(self._index[keys[row][1]]) for row in rows]
        payee_rows = [parties.index(self._index[keys[row][2]]) for row in rows]
        amounts = np.array([dues[row].take(worlds) for row in rows])
        available = 2.0 * fold_sectors(amounts, payer_rows, len(parties))
        for payer in short:
            cash = self._rows[self._index[payer]]["cash"].take(worlds)
            available[parties.index(self._index[payer])] = np.maximum(cash, 0.0)
        cleared = clear_dues(available, payer_rows, payee_rows, amounts)
        paid = list(dues)
        for k in np.flatnonzero((cleared != amounts).any(axis=1)).tolist():
            paid[rows[k]] = dues[rows[k]].copy()
            paid[rows[k]][worlds] = cleared[k]
        return paid
