"""One lane of a schedule in one world, with a plain dictionary of slots."""

from __future__ import annotations

import math


class LoopSchedule:
    def __init__(self, slots: int) -> None:
        self.last = slots - 1
        self.next = 0
        self.due: dict[int, float] = dict.fromkeys(range(slots), 0.0)

    def add(self, slot: float, amount: float, spread: int = 0, earliest: float = 0.0) -> None:
        first = min(max(math.ceil(earliest), self.next), self.last)
        if math.isinf(slot):
            self.due[self.last if slot > 0 else first] += amount
            return
        width = spread + 1
        for quarter in range(math.floor(slot) - width, math.ceil(slot) + width + 1):
            share = (1.0 - abs(quarter - slot) / width) / width
            if share > 0.0:
                self.due[min(max(quarter, first), self.last)] += share * amount

    def take(self, quarter: int) -> float:
        taken = 0.0
        for slot in range(self.next, quarter + 1):
            taken += self.due[slot]
            self.due[slot] = 0.0
        self.next = quarter + 1
        return taken

    def pending(self, start: int) -> float:
        return sum(amount for slot, amount in self.due.items() if slot >= start)

    def within(self, start: int, date: float) -> float:
        total = 0.0
        for slot, amount in self.due.items():
            if slot < start:
                continue
            if slot <= date:
                total += amount
            elif slot - 1 < date:
                total += amount * (date - (slot - 1))
        return total
