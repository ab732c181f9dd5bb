"""Those behind the builders: lenders, landlords and the grid, and the other investors."""

from __future__ import annotations

from typing import Any

import numpy as np

from agents.base import Firm
from world.arrays import PerRow, PerWorld
from world.rationing import share_supply


class Lenders(Firm):
    """Size and price of debt, by the borrower's cash flow, its leverage and the cycle.

    State: credit_cycle, an addition to every spread.
    """

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.credit_cycle = self.zeros()

    def rate(self, base_rate: PerWorld, spread: PerRow, leverage: PerRow) -> PerRow:
        """Yearly rate: base, the borrower's spread, more the higher its leverage, and the cycle."""
        p = self.parameters
        usual = (base_rate + self.credit_cycle) + spread
        rate = usual + p.leverage_spread * np.maximum(leverage - p.comfortable_leverage, 0.0)
        return np.maximum(rate, 0.5 * base_rate + 0.25 * spread)

    def settle_cycle(self, shock: PerWorld) -> None:
        """The credit cycle reverts to zero and takes this quarter's shock."""
        p = self.parameters
        self.credit_cycle = p.cycle_persistence * self.credit_cycle + p.cycle_noise * shock


class Landlords(Firm):
    """Shells: how much they start in a quarter. State: started_gw last quarter."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.started_gw = self.zeros()

    def shells_gw(self, building_gw: PerWorld, cycle: PerWorld) -> PerWorld:
        """Facility GW of shells they will start this quarter: a share of what they build, less in tight credit."""
        p = self.parameters
        return np.maximum(p.shells_floor_gw + p.shells_growth * building_gw, 0.0) * np.exp(
            -p.credit_sensitivity * cycle
        )

    def settle_started(self, started_gw: PerWorld) -> None:
        """Note what was started."""
        self.started_gw = started_gw


class Grid(Firm):
    """When power is energised: limits on what can be contracted for AI in a quarter, from the grid and on site.

    State: limit_gw of grid connections and turbines_gw of plant behind the meter, facility GW a quarter.
    """

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.limit_gw = self.parameters.additions_gw * np.ones(self.worlds)
        self.turbines_gw = self.parameters.turbines_gw * np.ones(self.worlds)

    def connect(self, ready_gw: PerRow, own_turbines: PerRow, weight: PerRow) -> tuple[PerRow, PerRow]:
        """Grant power, rationed where the grid or the makers of turbines are short.

        Args:   ready_gw      (operators, worlds) facility GW built and waiting for power
                own_turbines  (operators, worlds) share of it that runs on power behind the meter
                weight        (operators, worlds) standing with utilities, independent of the order
        Returns:              (operators, worlds) facility GW granted in all, and of it behind the meter
        """
        wanted = ready_gw * own_turbines
        # Two supplies, each rationed by itself: the second stands beside the first as if it were in other worlds.
        asked, weights = (np.concatenate(pair, axis=-1) for pair in ((wanted, ready_gw - wanted), (weight, weight)))
        granted = share_supply(asked, weights, np.concatenate((self.turbines_gw, self.limit_gw)))
        behind_meter, through_grid = granted[:, : self.worlds], granted[:, self.worlds :]
        return behind_meter + through_grid, behind_meter

    def quarterly_gw(self) -> PerWorld:
        """All power that can be contracted for AI in this quarter, facility GW."""
        return self.limit_gw + self.turbines_gw

    def settle_growth(self) -> None:
        """Utilities connect more each quarter, and makers of turbines and engines deliver more."""
        self.limit_gw = self.limit_gw * np.exp(self.parameters.growth_per_quarter)
        self.turbines_gw = self.turbines_gw * np.exp(self.parameters.turbine_growth_per_quarter)


class Investors(Firm):
    """Everybody who may buy a lab's equity besides the anchor investor."""

    def supply(self, value_usd_bn: PerWorld) -> PerWorld:
        """What they would put in at the issuer's own valuation, $bn: a share of that value, bounded by their depth.

        However high a firm is valued, the world's growth capital in a quarter is not: the supply levels off.
        """
        p = self.parameters
        return p.supply_share * value_usd_bn / (1.0 + value_usd_bn / (p.depth_usd_bn * self.money))

    def bid(self, value_usd_bn: PerWorld, mood: PerWorld) -> PerWorld:
        """What they think the issuer is worth, $bn."""
        return value_usd_bn * np.exp(mood)
