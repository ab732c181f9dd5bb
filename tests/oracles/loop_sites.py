"""One operator's pooled sites in one world, and one named phase in one world, step by step."""

from __future__ import annotations

import math

from tests.oracles.loop_schedule import LoopSchedule


class LoopPipeline:
    def __init__(self, slots: int) -> None:
        self.energised = 0.0
        self.building = LoopSchedule(slots)

    def advance(self, quarter: int) -> float:
        newly = self.building.take(quarter)
        self.energised += newly
        return newly

    def states(self, used: float) -> list[float]:
        equipped = min(used, self.energised)
        return [self.building.pending(0), self.energised - equipped, equipped]


class LoopPhase:
    """The dates are kept by name; a date that is missing has not come."""

    ORDER = ("announced", "contracted", "building", "energised", "equipped")

    def __init__(self, gw: float, ramp: float) -> None:
        self.gw, self.ramp = gw, ramp
        self.dates: dict[str, float] = {}
        self.due = math.inf
        self.energised = 0.0

    def reach(self, state: str, quarter: float) -> bool:
        if state in self.dates:
            return False
        before = self.ORDER.index(state) - 1
        if before >= 0 and self.ORDER[before] not in self.dates:
            return False
        earlier = self.dates[self.ORDER[before]] if before >= 0 else quarter
        self.dates[state] = max(quarter, earlier)
        return True

    def contract(self, quarter: float) -> bool:
        self.reach("announced", quarter)
        return self.reach("contracted", quarter)

    def finance(self, quarter: float, lead: float, late: float) -> bool:
        if not self.reach("building", quarter):
            return False
        self.due = max(quarter + lead + late, quarter + 1.0)
        return True

    def delay(self, quarters: float) -> None:
        if "energised" not in self.dates:
            self.due += quarters

    def powered(self, date: float) -> float:
        if "building" not in self.dates or date + 1.0 <= self.due:
            return 0.0
        return self.gw * min((date + 1.0 - self.due) / (self.ramp + 1.0), 1.0)

    def advance(self, quarter: int) -> float:
        if "building" in self.dates and "energised" not in self.dates and self.due < quarter + 1:
            self.dates["energised"] = self.due
        newly = max(self.powered(quarter) - self.energised, 0.0)
        self.energised += newly
        return newly

    def states(self) -> list[float]:
        split = [0.0] * 5
        dark = [state for state in self.ORDER[:3] if state in self.dates]
        if dark:
            split[self.ORDER.index(dark[-1])] = self.gw - self.energised
        split[4 if "equipped" in self.dates else 3] = self.energised
        return split
