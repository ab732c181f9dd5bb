"""Sites: power and shells on their way from an announcement to racks that run, in GW of facility power.

`SitePipeline` pools the unnamed sites of each operator from their order on; world/sites.py keeps the phases of named
sites single. A GW is in one holder only, and there in one of five states: announced, contracted, building (financed),
energised, equipped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from world.arrays import (
    PerOperatorGeneration,
    PerRow,
    PerWorld,
    at_least_0,
    below_zero,
    fold,
    not_negative,
    ratio,
    require,
)
from world.schedule import Amount, Schedule

ANNOUNCED, CONTRACTED, BUILDING, ENERGISED, EQUIPPED = range(5)
STATES = ("announced", "contracted", "building", "energised", "equipped")
_POOLED = ("energised_gw", "used_gw", "entered_gw")


@dataclass(frozen=True)
class SiteResiduals:
    """How far sites are from their laws, for each world, shape (worlds,).

    negative_gw    most below zero of any stock
    unaccounted    |entered - in all states| of an operator or a phase, relative to what entered
    disordered     number of dates that come before the date of an earlier state (named phases)
    """

    negative_gw: PerWorld
    unaccounted: PerWorld
    disordered: PerWorld


class SitePipeline:
    """The unnamed sites of some operators in the last three states, in GW of facility power, in every world.

    An order announces, contracts and finances at once. Building is due by quarter; energised is what has power, and as
    much of it as chips use is equipped. Every step moves GW from one state to the next, so capacity counts once.
    Laws (tests/invariants/test_sites.py): entered = the three states; nothing is energised that was not ordered; the
        energised stock never falls.  Oracle: tests/oracles/loop_sites.py.
    """

    def __init__(self, operators: int, slots: int, worlds: int) -> None:
        self.building = Schedule(operators, slots, worlds)
        self.energised_gw: np.ndarray = np.zeros((operators, worlds))
        self.used_gw: np.ndarray = np.zeros((operators, worlds))
        self.entered_gw: np.ndarray = np.zeros((operators, worlds))

    def open(self, operator: int, gw: Amount) -> None:
        """Enter power that is already energised when the run starts, (worlds,) GW."""
        amount = _gw(gw)
        self.energised_gw[operator] += amount
        self.entered_gw[operator] += amount

    def order(
        self,
        operator: int | slice,
        gw: Amount,
        lead_quarters: Amount,
        slippage: Amount,
        quarter: int,
        spread: int = 2,
    ) -> None:
        """Build `gw`, energised around quarter + lead + slippage.

        Args:               shape                  unit
            operator        row, or a slice of rows: then the others may also be (rows, worlds)
            gw              (worlds,) or a number  GW of facility power, >= 0
            lead_quarters   (worlds,) or a number  quarters from the order to power, as planned, >= 0
            slippage        (worlds,) or a number  quarters on top, >= 0
            quarter         the current quarter; nothing is energised in the quarter of its order
            spread          quarters               arrivals are spread over +- so many quarters
        """
        amount = _gw(gw)
        lead = require(np.atleast_1d(lead_quarters), at_least_0, "lead_quarters", ">= 0")
        late = require(np.atleast_1d(slippage), at_least_0, "slippage", ">= 0")
        first = np.array([max(quarter + 1.0, float(self.building.next_quarter))])
        self.building.enter(operator, quarter + lead + late, amount, spread, first)
        self.entered_gw[operator] += amount

    def hand_over(self, operator: int, gw: Amount) -> PerWorld:
        """Give up to `gw` under construction to the named phases, evenly over its dates; returns it, (worlds,) GW."""
        coming = self.building.pending()[operator]
        moved: PerWorld = self.building.scale(operator, 1.0 - ratio(np.minimum(_gw(gw), coming), coming))
        self.entered_gw[operator] -= moved
        return moved

    def advance(self, quarter: int) -> PerRow:
        """Begin a quarter: what is due is energised; returns it, (operators, worlds) GW."""
        newly = self.building.take(quarter)
        self.energised_gw += newly
        return newly

    def equip(self, power_used_gw: np.ndarray) -> None:
        """Say how much power the chips of each operator use on these sites, (operators, worlds) GW."""
        self.used_gw[...] = require(power_used_gw, not_negative, "power_used_gw", "a finite number >= 0")

    @property
    def building_gw(self) -> PerRow:
        """Financed and not yet energised, (operators, worlds), GW."""
        return self.building.pending()

    @property
    def state_gw(self) -> PerOperatorGeneration:
        """GW that is building, energised without chips, and equipped, (3, operators, worlds); each GW once."""
        equipped = np.minimum(self.energised_gw, self.used_gw)
        bare = self.energised_gw - equipped
        return np.array([self.building_gw, bare, equipped])

    def due_within(self, quarter: int, lead_quarters: Amount) -> PerRow:
        """What is building and will be energised by quarter + lead (worlds,), linear between quarters, GW."""
        return self.building.within(self.building.next_quarter, quarter + np.asarray(lead_quarters, np.float64))

    def check(self) -> SiteResiduals:
        """The distance from the laws, the same function for production and tests."""
        states = self.state_gw
        negative = np.maximum(below_zero(states), self.building.negative())
        difference = np.abs(self.entered_gw - fold(states)) / np.maximum(self.entered_gw, 1e-3)
        return SiteResiduals(negative, difference.max(axis=0), np.zeros(negative.shape))

    def state(self) -> dict[str, np.ndarray]:
        """All that a saved run needs, as copies."""
        saved = {f"building.{name}": value for name, value in self.building.state().items()}
        return saved | {name: getattr(self, name).copy() for name in _POOLED}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Return to a saved state. Raises: ValueError if the shape is another."""
        prefix = "building."
        self.building.restore({k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)})
        for name in _POOLED:
            getattr(self, name)[...] = state[name]


def _gw(gw: Amount) -> np.ndarray:
    return require(np.atleast_1d(gw), not_negative, "gw", "a finite number >= 0")
