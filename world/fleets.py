"""Fleets of chips: landed, energised as far as the power goes, worn out and retired.

Chips are in M H100e by operator and generation; a M H100e at one kW each takes one GW. Three stocks are kept
apart: *landed this quarter* (sold, not yet installed), *installed* (landed earlier) and, of these, *deployed*
(energised). Sold is landed plus installed; the market clears what is deployed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from world.arrays import (
    PerGeneration,
    PerOperatorGeneration,
    PerRow,
    PerWorld,
    at_least_0,
    below_one,
    below_zero,
    beyond,
    fold,
    locked,
    not_negative,
    positive,
    power,
    require,
    some,
    zero_to_one,
)
from world.energising import PowerLine, switch_on
from world.schedule import Amount

_STOCKS = (
    "installed",
    "landed_this_quarter",
    "deployed",
    "received",
    "lost",
    "quarters_below",
    "power_used_gw",
    "power_available_gw",
)


@dataclass(frozen=True)
class FleetResiduals:
    """How far a fleet is from its laws, for each world, shape (worlds,).

    negative_h100e_m      most below zero of any stock
    undeployable_h100e_m  most deployed beyond what is installed
    overdrawn_gw          most power used beyond what an operator has
    unaccounted           |received - sold - lost|, the largest, relative to what was received
    """

    negative_h100e_m: PerWorld
    undeployable_h100e_m: PerWorld
    overdrawn_gw: PerWorld
    unaccounted: PerWorld


class Fleet:
    """The chips of every operator, by generation, in every world.

    All stocks are (operators, generations, worlds) in M H100e:
        installed             landed in an earlier quarter
        landed_this_quarter   landed now, deployable from the next quarter on
        sold                  both together: what the operator owns
        deployed              installed and energised, as of the last `deploy`
        received, lost        totals since the start; received includes the start stock, lost is worn out or scrapped
    Laws (tests/invariants/test_fleets.py): received = sold + lost; nothing negative; deployed within
        installed and within power.
    """

    def __init__(
        self,
        operators: int,
        generations: int,
        worlds: int,
        sold: np.ndarray | None = None,
        landed_this_quarter: np.ndarray | None = None,
    ) -> None:
        shape = (operators, generations, worlds)
        self.installed: np.ndarray = np.zeros(shape)
        self.landed_this_quarter: np.ndarray = np.zeros(shape)
        self.deployed: np.ndarray = np.zeros(shape)
        self.received: np.ndarray = np.zeros(shape)
        self.lost: np.ndarray = np.zeros(shape)
        self.quarters_below: np.ndarray = np.zeros(shape)
        self.power_used_gw: np.ndarray = np.zeros((operators, worlds))
        self.power_available_gw: np.ndarray = np.zeros((operators, worlds))
        self._sold: np.ndarray | None = None
        self._line: tuple[np.ndarray, PowerLine] | None = None
        if sold is not None:
            self.open(sold, landed_this_quarter)

    def open(self, sold: np.ndarray, landed_this_quarter: np.ndarray | None = None) -> None:
        """Enter the start stock: what is owned, and the part of it that landed in the quarter before the start.

        Raises: ValueError naming argument, index and world if a stock is negative or more landed than is owned.
        """
        shape = self.installed.shape
        owned = require(np.broadcast_to(sold, shape), not_negative, "sold", "a finite number >= 0")
        fresh = np.zeros(shape) if landed_this_quarter is None else np.broadcast_to(landed_this_quarter, shape)
        fresh = require(fresh, not_negative, "landed_this_quarter", "a finite number >= 0")
        require(owned - fresh, at_least_0, "sold - landed_this_quarter", "at least 0")
        self.installed[...] = owned - fresh
        self.landed_this_quarter[...] = fresh
        self.received[...] = owned
        self._sold = None

    @property
    def sold(self) -> PerOperatorGeneration:
        """What each operator owns, (operators, generations, worlds), M H100e; read only."""
        if self._sold is None:  # kept until chips land or are lost; what was handed out is never written
            self._sold = self.installed + self.landed_this_quarter
            self._sold.flags.writeable = False
        return self._sold

    def land(self, arrivals: np.ndarray) -> None:
        """Chips of this quarter arrive, (operators, generations, worlds), M H100e; those of the last are installed."""
        fresh = require(arrivals, not_negative, "arrivals", "a finite number >= 0")
        if fresh.shape != self.installed.shape:
            fresh = np.broadcast_to(fresh, self.installed.shape)
        self.installed = self.sold
        self.landed_this_quarter = locked(fresh.view())
        self.received += fresh
        self._sold = None

    def deploy(self, kw_per_h100e: np.ndarray, power_gw: PerRow) -> PerOperatorGeneration:
        """Energise what is installed (see world/energising.py), remember it and return it."""
        # What a generation needs does not change in a run: the line that an array gives is kept with it.
        if self._line is None or self._line[0] is not kw_per_h100e:
            require(kw_per_h100e, positive, "kw_per_h100e", "a finite number > 0")
            self._line = locked(kw_per_h100e), PowerLine.of(kw_per_h100e)
        available = require(power_gw, not_negative, "power_gw", "a finite number >= 0")
        power = self.installed * kw_per_h100e
        self.deployed = switch_on(self.installed, power, available, self._line[1])
        self.power_used_gw = fold(np.multiply(self.deployed, kw_per_h100e, out=power).swapaxes(0, 1))
        self.power_available_gw = np.array(power_gw, dtype=np.float64)
        return self.deployed

    @property
    def waiting(self) -> PerRow:
        """Installed chips without power, as of the last `deploy`, (operators, worlds), M H100e."""
        return fold((self.installed - self.deployed).swapaxes(0, 1))

    def power_needed_gw(self, kw_per_h100e: np.ndarray) -> PerRow:
        """Facility power that all chips owned would take, (operators, worlds), GW."""
        return fold((self.sold * kw_per_h100e).swapaxes(0, 1))

    def wear(self, attrition_per_year: Amount) -> PerOperatorGeneration:
        """Failures of one quarter at a yearly rate (worlds,) in [0, 1); returns what was lost, M H100e."""
        rate = require(np.atleast_1d(attrition_per_year), below_one, "attrition_per_year", "a share from 0 to below 1")
        return self._lose(1.0 - power(1.0 - rate, 0.25))

    def retire(
        self,
        price_usd_h: PerGeneration,
        cash_cost_usd_h: np.ndarray,
        hazard_per_quarter: Amount = 0.25,
        patience_quarters: Amount = 4.0,
    ) -> PerOperatorGeneration:
        """Scrap chips whose rent stays below their cash cost; returns what was scrapped, M H100e.

        Args:                    shape                                             unit
            price_usd_h          (generations, worlds)                             $/H100e-hour
            cash_cost_usd_h      (generations, worlds) or with operators in front  $/H100e-hour
            hazard_per_quarter   (worlds,) or a number                             share scrapped per quarter
            patience_quarters    (worlds,) or a number, > 0                        quarters until the full hazard
        The share rises from 1/patience of the hazard in the first quarter below cost to all of it, and the count
        starts anew when the price is back: one bad quarter scraps little, a lasting one scraps the generation.
        """
        hazard = require(np.atleast_1d(hazard_per_quarter), zero_to_one, "hazard_per_quarter", "0 to 1")
        patience = require(np.atleast_1d(patience_quarters), positive, "patience_quarters", "above 0")
        below = price_usd_h < cash_cost_usd_h
        before, self.quarters_below = self.quarters_below, np.zeros(self.installed.shape)
        # Mostly it is the oldest generation, or none.
        hit = [row for row in range(below.shape[-2]) if some(below[..., row, :])] if some(below) else []
        if not hit:
            return np.zeros(self.installed.shape)
        quarters = np.where(below[..., hit, :], before[:, hit] + 1.0, 0.0)
        self.quarters_below[:, hit] = quarters
        share = np.zeros(self.installed.shape)
        share[:, hit] = hazard * np.minimum(quarters / patience, 1.0)
        return self._lose(share)

    def check(self) -> FleetResiduals:
        """The distance from the laws, the same function for production and tests."""
        off = self.sold + self.lost
        off -= self.received
        np.abs(off, out=off)
        off /= np.maximum(self.received, 1e-3)
        return FleetResiduals(
            negative_h100e_m=below_zero(self.installed, self.landed_this_quarter, self.deployed),
            undeployable_h100e_m=beyond(self.deployed, self.installed),
            overdrawn_gw=beyond(self.power_used_gw, self.power_available_gw),
            unaccounted=off.max(axis=(0, 1)),
        )

    def state(self) -> dict[str, np.ndarray]:
        """All that a saved run needs, as copies."""
        return {name: getattr(self, name).copy() for name in _STOCKS}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Return to a saved state. Raises: ValueError if a shape is another."""
        for name in _STOCKS:
            if state[name].shape != getattr(self, name).shape:
                raise ValueError(f"{name}: expected shape {getattr(self, name).shape}, got {state[name].shape}")
            setattr(self, name, state[name].copy())
        self._sold = None

    def _lose(self, share: np.ndarray) -> PerOperatorGeneration:
        lost: np.ndarray = self.installed * share
        self.installed = self.installed - lost
        self._sold = None
        # Deployed chips fail like the others, so that deployed never exceeds installed before the next `deploy`.
        self.deployed = np.minimum(self.deployed, self.installed)
        self.lost += lost
        return lost
