"""Leases of compute: signed, started by delivery, paid for, ended, reduced; pooled by pair and quarter.

A pair is a provider, a tenant and the programme that the capacity belongs to. Its leases are pooled by the
quarter in which they start and, once started, by the quarter in which they end; capacity and rent are carried
side by side, so that prices average correctly. Named contracts of the record are kept single beside the pool.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from world.arrays import PerRow, PerWorld, a_number, at_least_0, below_one, part_of, ratio, require
from world.calendar import HOURS_PER_QUARTER
from world.incidence import Incidence
from world.lease_pools import CAPACITY, FIRM, RENT, LeasePools
from world.lease_terms import Contract, LeaseResiduals, Leases, Pair, a_share, checked_terms
from world.schedule import Amount

USD_BN_PER_RENT = HOURS_PER_QUARTER / 1000.0
"""$bn a quarter for one M H100e at one $/H100e-hour."""


class LeaseBook:
    """All leases between pairs, in every world.

    A lease is *pending* from signing until it is delivered, *active* while it is paid for, then *ended*. Delivery
    is physical: `start_due` says what should run by now, `deliver` starts as much as there is capacity for, and
    what is not delivered waits, with its whole term still to run. Leases of a pair that start together are pooled
    at their rent-weighted mean term, which keeps their value.
    Laws (tests/invariants/test_leases.py): signed = pending + active + ended + reduced, in capacity; what is
        contracted = paid + backlog + reduced + given up by repricing, in money; nothing negative.
    Oracle: tests/oracles/loop_leases.py (every lease single).
    """

    def __init__(self, pairs: Sequence[Pair], slots: int, worlds: int) -> None:
        self.pairs: tuple[Pair, ...] = tuple((p[0], p[1], p[2]) for p in pairs)
        if len(set(self.pairs)) < len(self.pairs):
            raise ValueError(f"pairs: each provider, tenant and programme once, got {self.pairs}")
        self.worlds = worlds
        self.providers: tuple[str, ...] = tuple(dict.fromkeys(p[0] for p in self.pairs))
        self.tenants: tuple[str, ...] = tuple(dict.fromkeys(p[1] for p in self.pairs))
        rows = [self.providers.index(p[0]) for p in self.pairs]
        self._by_provider = Incidence(rows, range(len(rows)), np.ones(len(rows)), len(self.providers))
        self.quarter = -1
        self.named: list[Contract] = []
        count = len(self.pairs)
        self._pools = LeasePools(count, slots, worlds)
        self.signed: np.ndarray = np.zeros((count, worlds))
        self.ended: np.ndarray = np.zeros((count, worlds))
        self.reduced: np.ndarray = np.zeros((count, worlds))

    # ------------------------------------------------------------------ who

    def index(self, pair: Pair | int) -> int:
        """The row of a pair. Raises: ValueError naming the pair if the book does not have it."""
        if isinstance(pair, (int, np.integer)):
            if 0 <= pair < len(self.pairs):
                return int(pair)
        elif tuple(pair) in self.pairs:
            return self.pairs.index((pair[0], pair[1], pair[2]))
        raise ValueError(f"pair: wanted one of {self.pairs} or its number, got {pair}")

    def by_provider(self, values: np.ndarray) -> PerRow:
        """Add up a figure per pair (pairs, worlds) by provider, in the order of `providers`."""
        return self._by_provider.fold(values)

    def sign(
        self,
        pair: Pair | int,
        quantity_h100e_m: Amount,
        price_usd_h: Amount,
        take_or_pay: Amount,
        start_slot: Amount,
        term_quarters: Amount,
        label: str | None = None,
    ) -> None:
        """Sign a lease; it becomes due at `start_slot` (not before the next quarter to begin) and runs its whole term.

        Args (each (worlds,) or a number):     unit
            quantity_h100e_m                   M H100e, >= 0
            price_usd_h                        $/H100e-hour, > 0 where there is a quantity
            take_or_pay                        share of the rent due even if idle, 0 to 1
            start_slot                         quarters from the start of the run
            term_quarters                      quarters, >= 1
            label                              keep the contract by name, for display
        Raises: ValueError naming argument, index and world.
        """
        row, shape = self.index(pair), (self.worlds,)
        terms = checked_terms(shape, quantity_h100e_m, price_usd_h, take_or_pay, term_quarters)
        if label is not None:
            self._name(label, row, terms[0], price_usd_h, take_or_pay, start_slot, terms[3])
        worlds = np.flatnonzero(terms[0] > 0.0)
        start = require(np.broadcast_to(start_slot, shape).take(worlds), a_number, "slot", "a number of quarters")
        self._enter(row * self.worlds + worlds, start, tuple(each.take(worlds) for each in terms))

    def sign_some(self, leases: Leases) -> None:
        """Sign single leases, as `sign`; they are taken as they are. One call with all of them is cheaper than many."""
        terms = leases.quantity_h100e_m, leases.rent, leases.rent * leases.take_or_pay, leases.term_quarters
        self._enter(leases.rows * self.worlds + leases.worlds, leases.start_slot, terms)

    def _enter(self, place: np.ndarray, start: np.ndarray, terms: tuple[np.ndarray, ...]) -> None:
        """Enter leases (quantity, rent, firm rent, term) at row x worlds + position of the world; all (entries,)."""
        if place.size:
            quantity, rent, firm, term = terms
            self._pools.enter(place, start, np.array([quantity, rent, firm, rent * term]), term)
            np.add.at(self.signed.reshape(-1), place, quantity)

    def open(
        self,
        pair: Pair | int,
        quantity_h100e_m: Amount,
        price_usd_h: Amount,
        take_or_pay: Amount,
        remaining_quarters: Amount,
        label: str | None = None,
    ) -> None:
        """Enter a lease that is already running when the run starts and is paid for `remaining_quarters` (>= 1) more.

        Raises: ValueError as `sign`, and if the first quarter has begun.
        """
        if self.quarter >= 0:
            raise ValueError(f"open: only before the first quarter, but quarter {self.quarter} has begun")
        row, shape = self.index(pair), (self.worlds,)
        quantity, rent, firm, term = checked_terms(
            shape, quantity_h100e_m, price_usd_h, take_or_pay, remaining_quarters
        )
        if label is not None:
            self._name(label, row, quantity, price_usd_h, take_or_pay, 0.0, term)
        self.signed[row] += quantity
        place = row * self.worlds + np.arange(self.worlds)
        self._pools.open(place, np.array([quantity, rent, firm]), term)

    def start_due(self, quarter: int) -> PerRow:
        """What should be running by this quarter and is not yet, (pairs, worlds) in M H100e; late ones included."""
        self._pools.fall_due(quarter)
        self.quarter = max(self.quarter, quarter)
        return self.late

    def deliver(self, pair: Pair | int, quantity_h100e_m: Amount | None = None) -> PerWorld:
        """Start the leases of a pair that are due, as far as `quantity` (default: all) goes; returns what started.

        They are paid for from this quarter on. Call `start_due` or `advance` of the quarter first.
        """
        row = self.index(pair)
        due = self._pools.due[CAPACITY, row]
        share = np.zeros((len(self.pairs), self.worlds))
        share[row] = 1.0
        if quantity_h100e_m is not None:
            wanted = require(np.atleast_1d(quantity_h100e_m), at_least_0, "quantity_h100e_m", ">= 0")
            share[row] = np.where(wanted >= due, 1.0, ratio(np.minimum(wanted, due), due))
        return self._pools.start(share, self.quarter)[row]

    def deliver_shares(self, share: np.ndarray) -> None:
        """Start a share (pairs, worlds) in [0, 1] of the leases of every pair that are due, all pairs together."""
        self._pools.start(a_share(share, "share"), self.quarter)

    def lapse(self, share: np.ndarray) -> PerRow:
        """Tenants give up a share in [0, 1] of what is late, (worlds,) or (pairs, worlds); returns the M H100e."""
        given_up = self._pools.lapse(a_share(share, "share"))
        self.reduced += given_up
        return given_up

    def advance(self, quarter: int, deliver_all: bool = False) -> PerRow:
        """Begin a quarter: leases whose end has come end, those whose start has come are due; returns what ended.

        With `deliver_all` every due lease also starts; otherwise they wait for `deliver`.
        """
        self._pools.fall_due(quarter)
        self.quarter = max(self.quarter, quarter)
        ended = self._pools.end(quarter)
        self.ended += ended
        if deliver_all:
            self.deliver_shares(np.ones((len(self.pairs), self.worlds)))
        return ended

    def reduce(self, pair: Pair | int, fraction: Amount) -> PerWorld:
        """Take away a share (worlds,) of all leases of a pair, pending and active; returns the M H100e taken away."""
        row = self.index(pair)
        fraction = np.broadcast_to(a_share(fraction, "fraction"), (self.worlds,))
        removed = self._pools.scale(row, 1.0 - fraction)
        self.reduced[row] += removed
        return removed

    def reprice(self, pair: Pair | int, cut: Amount) -> None:
        """Cut the price of all leases of a pair by a share (worlds,) in [0, 1); their capacity stays.

        Raises: ValueError naming the world for a share outside [0, 1).
        """
        share = np.broadcast_to(a_share(cut, "cut"), (self.worlds,))
        require(share, below_one, "cut", "below one")
        self.reprice_some([self.index(pair)], np.arange(self.worlds), share[np.newaxis])

    def reprice_some(self, rows: Sequence[int], worlds: np.ndarray, cut: np.ndarray) -> None:
        """As `reprice`, unchecked: pairs by row, each once; worlds by position (entries,); cut (rows, entries)."""
        self._pools.reprice(np.asarray(rows), worlds, 1.0 - cut)

    # ------------------------------------------------------------------ what there is

    @property
    def active(self) -> PerRow:
        """Capacity let and paid for now, (pairs, worlds), M H100e; read only."""
        return self._pools.running(CAPACITY)

    @property
    def price(self) -> PerRow:
        """Average price of the active leases, (pairs, worlds), $/H100e-hour; 0 where there are none."""
        return part_of(self._pools.running(RENT), self._pools.running(CAPACITY))

    @property
    def take_or_pay(self) -> PerRow:
        """Share of the active leases' rent that is due even if idle, (pairs, worlds); 0 where there are none."""
        return np.minimum(ratio(self._pools.running(FIRM), self._pools.running(RENT)), 1.0)

    @property
    def late(self) -> PerRow:
        """Capacity whose start has come without delivery, (pairs, worlds), M H100e; part of `pending_total`."""
        late: np.ndarray = self._pools.due[CAPACITY].copy()
        return late

    @property
    def pending_total(self) -> PerRow:
        """Capacity signed and not yet delivered, (pairs, worlds), M H100e; read only."""
        return self._pools.waiting

    @property
    def contracted(self) -> PerRow:
        """Capacity under contract, active or not yet delivered, (pairs, worlds), M H100e; read only."""
        return self._pools.contracted

    def rent_usd_bn(self, used_share: Amount | None = None) -> PerRow:
        """Rent of the active leases for one quarter, (pairs, worlds), $bn.

        used_share (pairs, worlds), (worlds,) or a number in [0, 1]: how much of the capacity the tenant uses. It pays
        the larger of that share and the take-or-pay share of the rent; without it all of the rent.
        """
        rent = self._pools.running(RENT)
        if used_share is None:
            return np.multiply(rent, USD_BN_PER_RENT)
        # Of an amount that is used up rounding may leave more firm rent than rent.
        paid = np.maximum(rent * a_share(used_share, "used_share"), np.minimum(self._pools.running(FIRM), rent))
        return np.multiply(paid, USD_BN_PER_RENT, out=paid)

    @property
    def backlog_usd_bn(self) -> PerRow:
        """Contracted rent still to be paid after the current quarter, pending leases included, (pairs, worlds), $bn."""
        return np.multiply(self._pools.owed_after(self.quarter), USD_BN_PER_RENT)

    def contracted_at(self, quarter: Amount, rows: Sequence[int] | None = None) -> PerRow:
        """Capacity under contract at a date `quarter` (worlds,), linear between quarters, (pairs, worlds), M H100e.

        Active leases that have not ended by then, and pending ones that have started and not ended; what is late
        counts as starting now. Of all pairs, or of the `rows` that are named, in their order.
        """
        date = require(np.atleast_1d(quarter), a_number, "quarter", "a number of quarters")
        return self._pools.capacity_at(date, max(self.quarter, 0), rows)

    # ------------------------------------------------------------------ laws, saving

    def check(self, capacity_h100e_m: Mapping[str, np.ndarray] | np.ndarray | None = None) -> LeaseResiduals:
        """The distance from the laws, the same function for production and tests.

        capacity_h100e_m: what each provider has to let, by name -> (worlds,) or (providers, worlds) in the order of
        `providers`; providers that are not named are not checked.
        """
        # The slots themselves are added up, and the sums that everybody reads are held against them.
        found, read = self._pools.accounted(), self.contracted
        apart = np.maximum(np.abs(self.signed - self.ended - self.reduced - found), np.abs(found - read))
        unaccounted = apart / np.maximum(self.signed, 1e-3)
        oversold = np.zeros(self.worlds)
        if capacity_h100e_m is not None:
            named = isinstance(capacity_h100e_m, Mapping)
            room = capacity_h100e_m if named else dict(zip(self.providers, capacity_h100e_m, strict=True))
            for provider, let in zip(self.providers, self.by_provider(self.active), strict=True):
                oversold = np.maximum(oversold, let - room[provider] if provider in room else 0.0)
        return LeaseResiduals(self._pools.negative(), oversold, unaccounted.max(axis=0, initial=0.0))

    def state(self) -> dict[str, np.ndarray]:
        """All that a saved run needs, as copies of arrays; the named contracts as labels, pairs and terms."""
        saved = self._pools.state()
        for name in _STOCKS:
            saved[name] = getattr(self, name).copy()
        saved["quarter"] = np.asarray(self.quarter)
        saved["named.label"] = np.asarray([c.label for c in self.named], dtype=np.str_)
        saved["named.pair"] = np.asarray([self.index(c.pair) for c in self.named], dtype=np.int64)
        terms = [np.array([getattr(c, field) for field in _NAMED_TERMS]) for c in self.named]
        saved["named.terms"] = np.asarray(terms).reshape(len(terms), len(_NAMED_TERMS), self.worlds)
        return saved

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Return to a saved state. Raises: ValueError if the shape is another."""
        self._pools.restore(state)
        for name in _STOCKS:
            getattr(self, name)[...] = state[name]
        self.quarter = int(state["quarter"])
        self.named = [
            Contract(str(label), self.pairs[int(row)], *(term.copy() for term in terms))
            for label, row, terms in zip(state["named.label"], state["named.pair"], state["named.terms"], strict=True)
        ]

    # ------------------------------------------------------------------ inside

    def _name(
        self,
        label: str,
        row: int,
        quantity: np.ndarray,
        price: Amount,
        firm: Amount,
        start: Amount,
        term: np.ndarray,
    ) -> None:
        values = (quantity, price, firm, start, start + term)
        quantities = [np.array(np.broadcast_to(value, (self.worlds,)), dtype=np.float64) for value in values]
        self.named.append(Contract(label, self.pairs[row], *quantities))


_STOCKS = ("signed", "ended", "reduced")
_NAMED_TERMS = ("quantity_h100e_m", "price_usd_h", "take_or_pay", "start_slot", "end_slot")
