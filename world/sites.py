"""Named sites: phases with landlord, chip owner, tenant, programme and power source, each kept single.

A programme (Stargate is one) is a label on phases and leases, not an owner: a phase names who owns the shell, who
owns the chips and bills, and who uses them. What is not named is pooled in world/site_pipeline.py, and a GW is in
one of the two only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from world.arrays import (
    Flags,
    PerOperatorGeneration,
    PerRow,
    at_least_0,
    below_zero,
    fold,
    not_negative,
    require,
    some,
)
from world.incidence import Incidence
from world.schedule import Amount
from world.site_pipeline import (
    ANNOUNCED,
    BUILDING,
    CONTRACTED,
    ENERGISED,
    EQUIPPED,
    STATES,
    SitePipeline,
    SiteResiduals,
)

__all__ = [
    "ANNOUNCED",
    "BUILDING",
    "CONTRACTED",
    "ENERGISED",
    "EQUIPPED",
    "STATES",
    "NamedPhases",
    "PhaseSpec",
    "SitePipeline",
    "SiteResiduals",
]


@dataclass(frozen=True)
class PhaseSpec:
    """A phase of a named site: who owns the shell, who owns the chips and bills, who uses them, and under what label.

    facility_gw in GW of facility power; ramp_quarters is the time from the first powered hall to the last.
    """

    name: str
    site: str
    landlord: str
    operator: str
    tenant: str
    programme: str
    power_source: str
    facility_gw: float
    ramp_quarters: float = 0.0


class NamedPhases:
    """Phases of named sites, each single, with five dates in every world.

    date (phases, states, worlds): quarters from the start of the run at which a state was reached, negative before
    the start, inf while it is not; due_slot (phases, worlds): when power is expected, inf exactly until financed;
    energised_gw (phases, worlds): what has power; facility_gw (phases, worlds): what the phase is built for.
    Laws (tests/invariants/test_sites.py): the dates of a phase are in the order of the states, and a date that is
        set never changes; nothing is energised before it is financed; energised within facility and never falling.
    """

    def __init__(self, phases: Sequence[PhaseSpec], worlds: int) -> None:
        self.phases: tuple[PhaseSpec, ...] = tuple(phases)
        count = len(self.phases)
        if len({p.name for p in self.phases}) < count:
            raise ValueError(f"phases: each name once, got {[p.name for p in self.phases]}")
        self.worlds = worlds
        self.date: np.ndarray = np.full((count, len(STATES), worlds), np.inf)
        self.due_slot: np.ndarray = np.full((count, worlds), np.inf)
        self.energised_gw: np.ndarray = np.zeros((count, worlds))
        planned = np.array([p.facility_gw for p in self.phases], dtype=np.float64).reshape(count, 1)
        self.facility_gw: np.ndarray = np.repeat(require(planned, not_negative, "facility_gw", ">= 0"), worlds, axis=1)
        self._places: dict[tuple[str, tuple[str, ...]], Incidence] = {}
        ramp = np.array([p.ramp_quarters for p in self.phases], dtype=np.float64)
        self._share_a_quarter = 1.0 / (ramp + 1.0).reshape(count, 1)

    def index(self, phase: str | int) -> int:
        """The row of a phase. Raises: ValueError naming the phase if there is none."""
        if isinstance(phase, (int, np.integer)) and 0 <= phase < len(self.phases):
            return int(phase)
        names = [p.name for p in self.phases]
        if phase in names:
            return names.index(str(phase))
        raise ValueError(f"phase: wanted one of {names} or its number, got {phase}")

    def open(self, phase: str | int, dates: Sequence[Amount], due_slot: Amount = np.inf) -> None:
        """Enter what a phase had reached when the run starts: the dates of its first states, in order, <= 0.

        dates: up to five, each (worlds,) or a number, in quarters from the start; a phase that is building needs
        `due_slot`. What should have power by the start has it (see `advance`).
        """
        row = self.index(phase)
        for state, date in enumerate(dates):
            self.date[row, state] = date
        due = self.date[row, ENERGISED] if len(dates) > ENERGISED else due_slot
        self.due_slot[row] = np.where(np.isfinite(self.date[row, BUILDING]), due, np.inf)
        if self.check().disordered.any():
            raise ValueError(f"dates: wanted them in the order {STATES} for {self.phases[row].name}, got {list(dates)}")
        self.energised_gw[row] = self._powered_gw(-1.0)[row]

    def announce(self, phase: str | int, quarter: float | int, flags: Flags | bool = True) -> Flags:
        """Announce a phase in the worlds flagged; returns where that is new."""
        return self._reach(self.index(phase), ANNOUNCED, quarter, flags)

    def contract(self, phase: str | int, quarter: float | int, flags: Flags | bool = True) -> Flags:
        """Contract a phase in the worlds flagged, announcing it if it was not; returns where that is new."""
        self.announce(phase, quarter, flags)
        return self._reach(self.index(phase), CONTRACTED, quarter, flags)

    def finance(
        self,
        phase: str | int,
        quarter: float | int,
        flags: Flags | bool,
        lead_quarters: Amount,
        slippage: Amount = 0.0,
    ) -> Flags:
        """Finance and start building a phase where it is contracted and flagged; returns where that is new.

        Its power is due at quarter + lead + slippage (each (worlds,) or a number, >= 0), not before the next quarter.
        """
        lead = require(np.atleast_1d(lead_quarters), at_least_0, "lead_quarters", ">= 0")
        late = require(np.atleast_1d(slippage), at_least_0, "slippage", ">= 0")
        row = self.index(phase)
        new = self._reach(row, BUILDING, quarter, flags)
        if not some(new):
            return new
        due = np.maximum(quarter + lead + late, quarter + 1.0)
        self.due_slot[row] = np.where(new, due, self.due_slot[row])
        return new

    def delay(self, phase: str | int, quarters: Amount) -> None:
        """Put off the power of a phase, (worlds,) quarters >= 0, where it is financed and has none yet."""
        row = self.index(phase)
        late = require(np.atleast_1d(quarters), at_least_0, "quarters", ">= 0")
        self.due_slot[row] += np.where(np.isinf(self.date[row, ENERGISED]), late, 0.0)

    def advance(self, quarter: int) -> PerRow:
        """Begin a quarter: financed phases whose power is due get it; returns the new power, (phases, worlds) GW.

        A due date within a quarter gives the share of it that is left, as in `Schedule`; a phase with a ramp gets
        its halls evenly over the ramp.
        """
        before = self.energised_gw
        due, dark = self.due_slot < quarter + 1.0, np.isinf(self.date[:, ENERGISED])
        if not some(due & (dark | (before < self.facility_gw))):
            return np.zeros(before.shape)
        np.copyto(self.date[:, ENERGISED], self.due_slot, where=due & dark)
        self.energised_gw = np.maximum(before, self._powered_gw(float(quarter)))
        newly: np.ndarray = self.energised_gw - before
        return newly

    def equip(self, phase: str | int, quarter: float | int, flags: Flags | bool = True) -> Flags:
        """Chips run in a phase, where it has power and is flagged; returns where that is new."""
        return self._reach(self.index(phase), EQUIPPED, quarter, flags)

    def bare(self) -> np.ndarray:
        """Where a phase has power and no chips yet, (phases, worlds)."""
        bare: np.ndarray = np.isinf(self.date[:, EQUIPPED]) & (self.energised_gw > 0.0)
        return bare

    def equip_all(self, quarter: float | int, flags: np.ndarray) -> np.ndarray:
        """`equip` of every phase, all (phases, worlds)."""
        return self._reach(slice(None), EQUIPPED, quarter, flags)

    @property
    def state_gw(self) -> PerOperatorGeneration:
        """GW in each of the five states, (states, phases, worlds); each GW once, none before the announcement."""
        reached = np.isfinite(self.date).swapaxes(0, 1)
        states = np.empty(reached.shape)
        dark = self.facility_gw - self.energised_gw
        # A truth value is more than another where it alone holds.
        np.multiply(dark, reached[ANNOUNCED] > reached[CONTRACTED], out=states[ANNOUNCED])
        np.multiply(dark, reached[CONTRACTED] > reached[BUILDING], out=states[CONTRACTED])
        np.multiply(dark, reached[BUILDING], out=states[BUILDING])
        np.multiply(self.energised_gw, reached[EQUIPPED], out=states[EQUIPPED])
        np.subtract(self.energised_gw, states[EQUIPPED], out=states[ENERGISED])
        return states

    @property
    def building_gw(self) -> PerRow:
        """Financed and not yet energised, (phases, worlds), GW."""
        return np.where(np.isfinite(self.date[:, BUILDING]), self.facility_gw - self.energised_gw, 0.0)

    def due_within(self, quarter: int, lead_quarters: Amount) -> PerRow:
        """Financed, without power now, and due to have it by quarter + lead (worlds,), (phases, worlds), GW."""
        later = self._powered_gw(quarter + np.asarray(lead_quarters, np.float64))
        return np.maximum(later - self.energised_gw, 0.0)

    def add_by(self, field: str, names: Sequence[str], values: np.ndarray | None = None) -> PerRow:
        """Add up a figure per phase (phases, worlds; default energised_gw) by site, operator, tenant, programme ...

        field: a field of `PhaseSpec`; names: the rows of the answer, (names, worlds); other phases are left out.
        """
        values = self.energised_gw if values is None else values
        key = (field, tuple(names))
        if key not in self._places:
            rows = [row for row, spec in enumerate(self.phases) if getattr(spec, field) in names]
            index = [key[1].index(getattr(self.phases[row], field)) for row in rows]
            self._places[key] = Incidence(index, rows, [1] * len(rows), len(names))
        return self._places[key].fold(values)

    def check(self) -> SiteResiduals:
        """The distance from the laws, the same function for production and tests."""
        states = self.state_gw
        known = np.where(np.isfinite(self.date[:, ANNOUNCED]), self.facility_gw, 0.0)
        difference = np.abs(known - fold(states)) / np.maximum(known, 1e-3)
        early = self.date[:, 1:] < self.date[:, :-1]
        disordered = np.count_nonzero(early, axis=(0, 1)).astype(np.float64) if some(early) else np.zeros(self.worlds)
        return SiteResiduals(below_zero(states), difference.max(axis=0, initial=0.0), disordered)

    def state(self) -> dict[str, np.ndarray]:
        """All that a saved run needs, as copies."""
        return {name: getattr(self, name).copy() for name in ("date", "due_slot", "energised_gw", "facility_gw")}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Return to a saved state. Raises: ValueError if the shape is another."""
        for name in ("date", "due_slot", "energised_gw", "facility_gw"):
            if state[name].shape != getattr(self, name).shape:
                raise ValueError(f"{name}: expected shape {getattr(self, name).shape}, got {state[name].shape}")
            setattr(self, name, state[name].copy())

    def _reach(self, row: int | slice, state: int, quarter: float | int, flags: np.ndarray | bool) -> np.ndarray:
        """Set the date of a state where flagged, not yet set, and the state before it is reached."""
        new = np.isinf(self.date[row, state]) & flags
        if not some(new):
            return new
        earlier = self.date[row, state - 1] if state > ANNOUNCED else np.full(self.worlds, -np.inf)
        new &= earlier < np.inf
        # Never before the earlier state: a quarter that has begun may hold a fractional date of power.
        np.copyto(self.date[row, state], np.maximum(earlier, quarter), where=new)
        return new

    def _powered_gw(self, quarter: Amount) -> PerRow:
        share = (quarter + 1.0 - self.due_slot) * self._share_a_quarter
        return np.minimum(np.maximum(share, 0.0), 1.0) * self.facility_gw
