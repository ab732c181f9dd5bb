"""xAI: a lab that builds its own cluster, fast, on its own turbines."""

from __future__ import annotations

import numpy as np

from agents.base import policy
from agents.labs import Lab
from agents.operators import Operator
from agents.views import CapacityOrder, FirmView, MarketView
from world.arrays import PerWorld
from world.planning import growth_over, order_gap

NAME = "xai"


@policy(NAME, "build-fast")
class BuildFast:
    """Builds ahead of its own demand: the default."""

    def ambition(self, firm: Operator) -> PerWorld:
        """Factor on the growth it plans for."""
        answer: PerWorld = firm.parameters.ambition
        return answer


@policy(NAME, "follow-demand")
class FollowDemand:
    """Plans for the growth that everybody sees."""

    def ambition(self, firm: Operator) -> PerWorld:
        """No more than the market's growth."""
        return np.ones(firm.worlds)


@policy(NAME, "outbuild-everybody")
class OutbuildEverybody:
    """Builds for twice the growth that its default plans for."""

    def ambition(self, firm: Operator) -> PerWorld:
        """Twice its ambition."""
        return 2.0 * firm.parameters.ambition


class XAI(Lab, Operator):
    """A lab and an operator: it orders power and chips for its own wanted use."""

    def order_capacity(self, view: MarketView, own: FirmView) -> CapacityOrder:
        """Build for its own demand at the lead times, as far as cash and lenders carry. Changes nothing."""
        arrival = np.array([self.site_lead_quarters, view.chip_lead_quarters]) + 1.0
        growth = self.decide("ambition") * growth_over(view.growth, arrival, self.parameters.growth_persistence)
        sites, chips = self.wanted_h100e_m * np.exp(growth) - own.held_h100e_m
        standing = own.fleet_h100e_m + own.backlog_h100e_m
        free_power = own.power_gw + own.coming_power_gw - own.chips_power_gw
        sites = order_gap(sites, standing, np.maximum(free_power, 0.0) / view.power_kw)
        return self.within_means(view, own, sites, np.maximum(chips - standing, 0.0))

    def affordable_h100e_m(self, view: MarketView, own: FirmView) -> PerWorld:
        """Cash above half a year of burn, and what lenders give against chips."""
        reserve = 2.0 * np.maximum(own.burn_usd_bn, 0.0)
        means = np.maximum(own.cash_usd_bn - reserve, 0.0) / 2.0 + np.maximum(own.debt_room_usd_bn, 0.0) / 2.0
        return means / view.capital_usd_bn
