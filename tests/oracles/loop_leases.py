"""The leases of one pair in one world, each a record of its own.

The one rule that the pool adds is kept: leases that start together continue at their rent-weighted mean term.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass
class Waiting:
    start: int
    quantity: float
    price: float
    firm: float
    term: float


@dataclass
class Running:
    quantity: float
    price: float
    firm: float
    end: int
    """First quarter that is not paid for any more; the slot after the horizon stands for all later ones."""
    extra: float = 0.0
    """Quarters paid for beyond the slot after the horizon."""


class LoopLeases:
    def __init__(self, slots: int) -> None:
        self.last = slots - 1
        self.quarter = -1
        self.begun = -1
        self.waiting: list[Waiting] = []
        self.running: list[Running] = []
        self.ended = 0.0
        self.reduced = 0.0

    def split(self, date: float, first: int) -> list[tuple[int, float]]:
        """A date between two quarters is part of each."""
        if math.isinf(date):
            return [(self.last, 1.0)]
        low = math.floor(date)
        shares = [(low, 1.0 - (date - low)), (low + 1, date - low)]
        return [(min(max(slot, first), self.last), share) for slot, share in shares if share > 0.0]

    def sign(self, quantity: float, price: float, firm: float, start: float, term: float) -> None:
        for slot, share in self.split(start, self.begun + 1):
            self.waiting.append(Waiting(slot, share * quantity, price, firm, term))

    def due(self) -> list[Waiting]:
        return [lease for lease in self.waiting if lease.start <= self.quarter]

    def deliver(self, capacity: float) -> float:
        due = self.due()
        quantity = sum(lease.quantity for lease in due)
        if quantity == 0.0:
            return 0.0
        share = min(capacity / quantity, 1.0)
        rent = sum(lease.quantity * lease.price for lease in due)
        term = sum(lease.quantity * lease.price * lease.term for lease in due) / rent
        for lease in due:
            self.run(share * lease.quantity, lease.price, lease.firm, term, max(self.quarter, 0))
            lease.quantity *= 1.0 - share
        return share * quantity

    def run(self, quantity: float, price: float, firm: float, term: float, now: int) -> None:
        extra = max(now + term - self.last, 0.0)
        for slot, part in self.split(now + term, now + 1):
            self.running.append(Running(part * quantity, price, firm, slot, extra))

    def advance(self, quarter: int) -> float:
        self.quarter = self.begun = quarter
        over = sum(lease.quantity for lease in self.running if lease.end <= quarter)
        self.running = [lease for lease in self.running if lease.end > quarter]
        self.ended += over
        return over

    def reduce(self, fraction: float) -> None:
        for lease in (*self.waiting, *self.running):
            self.reduced += lease.quantity * fraction
            lease.quantity *= 1.0 - fraction

    def reprice(self, cut: float) -> None:
        for lease in (*self.waiting, *self.running):
            lease.price *= 1.0 - cut

    def active(self) -> float:
        return sum(lease.quantity for lease in self.running)

    def rent(self, used: float | None) -> float:
        rent = sum(lease.quantity * lease.price for lease in self.running)
        firm = sum(lease.quantity * lease.price * lease.firm for lease in self.running)
        full = rent * 2190.0 / 1000.0
        return full if used is None or rent == 0.0 else full * max(used, firm / rent)

    def backlog(self) -> float:
        running = sum(
            lease.quantity * lease.price * (lease.end - self.quarter - 1 + lease.extra) for lease in self.running
        )
        waiting = sum(lease.quantity * lease.price * lease.term for lease in self.waiting)
        return (running + waiting) * 2190.0 / 1000.0

    def contracted_at(self, date: float) -> float:
        total = 0.0
        for lease in self.running:
            total += lease.quantity * (1.0 if lease.end == self.last else min(max(lease.end - date, 0.0), 1.0))
        now = max(self.quarter, 0)
        starts = {max(lease.start, now) if lease.start <= self.quarter else lease.start for lease in self.waiting}
        for start in starts:
            pool = [w for w in self.waiting if (max(w.start, now) if w.start <= self.quarter else w.start) == start]
            rent = sum(lease.quantity * lease.price for lease in pool)
            if rent > 0.0:
                term = sum(lease.quantity * lease.price * lease.term for lease in pool) / rent
                share = min(max(min(date - start + 1.0, start + term - date), 0.0), 1.0)
                total += share * sum(lease.quantity for lease in pool)
        return total
