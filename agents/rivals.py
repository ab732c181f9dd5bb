"""The rest of the field: rival labs funded by their parents, and rival clouds that build on their own cash flow."""

from __future__ import annotations

import numpy as np

from agents.base import policy
from agents.labs import Lab
from agents.operators import Operator
from agents.views import CapacityOrder, FirmView, MarketView
from world.arrays import PerWorld

LABS_NAME, CLOUDS_NAME = "rival_labs", "rival_clouds"


class RivalLabs(Lab):
    """Anthropic, Google's and Meta's labs and the rest as one lab. State besides a lab's: its parents' support."""

    def settle_support(self, growth: PerWorld) -> None:
        """Parents' support follows the clouds' demand for compute."""
        self.support_usd_bn = self.support_usd_bn * np.exp(growth)


@policy(CLOUDS_NAME, "hedged")
class Hedged:
    """Part of the additions are ASICs of their own: the default."""

    def asic_share(self, firm: Operator) -> PerWorld:
        """Share of the ordered H100e that goes to their own chips."""
        share: PerWorld = firm.parameters.asic_share
        return share


@policy(CLOUDS_NAME, "merchant-only")
class MerchantOnly:
    """Every new chip is bought from the merchant vendor."""

    def asic_share(self, firm: Operator) -> PerWorld:
        """None."""
        return np.zeros(firm.worlds)


class RivalClouds(Operator):
    """Google, Amazon, Meta, CoreWeave and everybody else who owns chips."""

    def asic_share(self) -> PerWorld:
        """As their policy says."""
        return self.decide("asic_share", high=1.0)

    def order_capacity(self, view: MarketView, own: FirmView) -> CapacityOrder:
        """Their share of what the market will lack."""
        return super().order_capacity(view, own)


class Cloud(Operator):
    """A cloud that a plugin adds: it builds its share of what the market lacks, and what it has let beyond that."""

    def order_capacity(self, view: MarketView, own: FirmView) -> CapacityOrder:
        """Power and chips for its share of the market's order and for leases that it cannot serve yet; as its means go.

        Changes nothing.
        """
        market_sites, market_chips = self.share_of_orders(view) * self.appetite(view, own)
        coming = np.maximum(own.power_gw + own.coming_power_gw - own.chips_power_gw, 0.0) / view.power_kw
        owed = np.maximum(own.let_h100e_m - own.fleet_h100e_m - own.backlog_h100e_m, 0.0)
        return self.within_means(view, own, market_sites + np.maximum(owed - coming, 0.0), market_chips + owed)
