"""The ledger: payments, dues and bookings between all sectors, in every world at once.

Cash moves from a payer to a payee and from nowhere else, so it is conserved; each entry keeps assets equal to
liabilities plus net worth on both books (the table is in `world.entries`). What is due in a quarter is queued and
settled together, class by class, so the order in which firms act is irrelevant.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from world.arrays import PerWorld, fold_sectors, pick_worlds
from world.books import Books, FlowKey, accumulate, locked
from world.entries import CASH_KINDS, CLASSES, KINDS, Kind
from world.settlement import clear_dues

# A gap below this share of a due is the rounding of the clearing and nobody's default.
_ROUNDING_OF_A_DUE = 1e-12
_KIND_ORDER = {kind: i for i, kind in enumerate(KINDS)}


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
        if (kind, payer, payee) in self._dues:
            self._dues[kind, payer, payee] = np.maximum(owed - given, 0.0)

    def shortfall(self, sector: str) -> PerWorld:
        """What a sector lacks to pay all its queued dues if all that it is owed comes in, $bn (worlds,) >= 0.

        Zero does not promise payment: a debtor may fail, or pay in a later class than the sector's own due. Always
        zero for a sector without a budget.
        """
        missing = -self.cash(sector)
        for key in self._queue():
            if key[1] == sector:
                missing += self._dues[key]
            elif key[2] == sector:
                missing -= self._dues[key]
        return np.zeros(self.worlds) if sector in self.may_be_negative else np.maximum(missing, 0.0)

    def settle(self) -> list[Unpaid]:
        """Pay what is due, class by class, each payer the same share of all its dues in a class; empties the queue.

        Returns: what could not be paid, one row for each kind, payer and payee that fell short in some world.
        """
        unpaid: list[Unpaid] = []
        queue = self._queue()
        for due_class in CLASSES:
            keys = [key for key in queue if KINDS[key[0]].due_class == due_class]
            if not keys:
                continue
            dues = [self._dues[key] for key in keys]
            paid = self._payable(keys, dues)
            for (kind, payer, payee), owed, part in zip(keys, dues, paid, strict=True):
                self._enter(KINDS[kind], payer, payee, part)
                if part is owed:
                    continue
                gap = owed - part
                gap = np.where(gap > _ROUNDING_OF_A_DUE * owed, gap, 0.0)
                if gap.any():
                    unpaid.append(Unpaid(kind, payer, payee, locked(gap)))
        self._dues, self._ordered = {}, []
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
        self._dues, self._ordered = dues, []

    def copy(self) -> Ledger:
        """An independent ledger with the same balances, flows and dues."""
        twin = Ledger(self.sectors, self.worlds, self.may_be_negative)
        twin.restore(self.state())
        return twin

    # ------------------------------------------------------------------ inside

    def _payment(self, kind: str, payer: str, payee: str) -> Kind:
        """The row of the table for a payment between two known and different sectors."""
        if kind not in CASH_KINDS:
            raise ValueError(f"unknown kind of payment {kind!r}; allowed are {', '.join(CASH_KINDS)}")
        self._require_two(kind, payer, payee)
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
        return self._ordered

    def _payable(self, keys: Sequence[FlowKey], dues: Sequence[np.ndarray]) -> Sequence[np.ndarray]:
        """What is paid of each due of one class; a due itself if it is paid in full in every world."""
        owed: dict[str, np.ndarray] = {}
        for (_, payer, _), due in zip(keys, dues, strict=True):
            if payer not in self.may_be_negative:
                owed[payer] = owed[payer] + due if payer in owed else due
        short = np.zeros(self.worlds, dtype=bool)
        for payer, total in owed.items():
            short |= np.maximum(self._rows[self._index[payer]]["cash"], 0.0) < total
        worlds = np.flatnonzero(short)
        if not worlds.size:
            return dues

        # Only these worlds need a clearing: in the others every payer's own cash covers all that it owes.
        payer_rows = [self._index[payer] for _, payer, _ in keys]
        payee_rows = [self._index[payee] for _, _, payee in keys]
        amounts = np.stack([due[worlds] for due in dues])
        # A sector without a budget gets twice what it owes, so that rounding cannot make it fall short.
        unlimited = 2.0 * fold_sectors(amounts, payer_rows, len(self.sectors))
        cash = np.maximum(pick_worlds(self._stock[0], worlds), 0.0)
        available = np.where(self._limited[:, None], cash, unlimited)
        cleared = clear_dues(available, payer_rows, payee_rows, amounts)
        paid = list(dues)
        for row in (int(row) for row in np.flatnonzero((cleared != amounts).any(axis=1))):
            paid[row] = dues[row].copy()
            paid[row][worlds] = cleared[row]
        return paid
