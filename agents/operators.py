"""What all owners of chips do: order power for demand at the site lead time and chips for demand at the chip lead."""

from __future__ import annotations

from typing import Any

import numpy as np

from agents.base import Firm
from agents.views import CapacityOrder, FirmView, LeaseOffer, MarketView
from world.arrays import PerRow, PerWorld
from world.planning import order_rate


class Operator(Firm):
    """An owner of chips and sites.

    State: addition_share, its share of the market's additions; site_lead_quarters, how long it builds.
    """

    def __init__(self, *arguments: Any, addition_share: float = 0.0, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.addition_share = np.full(self.worlds, addition_share)

    @property
    def site_lead_quarters(self) -> PerWorld:
        """From ground-breaking to first power, with the slippage that it counts on."""
        lead: PerWorld = self.parameters.build_quarters + self.parameters.expected_slippage
        return lead

    def appetite(self, view: MarketView, own: FirmView) -> PerWorld:
        """Share of what demand asks for that it is willing to build, between 0 and 1."""
        return np.ones(self.worlds)

    def growth_ahead(self, view: MarketView, quarters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Log growth of demand that it plans with over so many quarters (..., worlds), and in the one after them.

        It is what all believe, and less in the first year.
        """
        p = self.parameters
        then = view.growth * np.exp(quarters * p.log_persistence)
        biased = np.minimum(quarters, 4.0)
        growth = (view.growth - then) * p.growth_in_all - p.planning_cut * biased
        return growth, then - p.planning_cut * np.minimum(4.0 - biased, 1.0)

    def market_orders(self, view: MarketView, quarters: PerRow, coming: PerRow) -> PerRow:
        """Effective capacity that the whole market should order now to have it `quarters` ahead, in its eyes.

        Args: quarters, coming: (horizons, worlds).
        """
        p = self.parameters
        growth, a_quarter_on = self.growth_ahead(view, quarters)
        target = view.demand_at_cost_m * p.demand_at_hurdle * np.exp(growth)
        running = target * np.maximum(np.expm1(a_quarter_on), 0.0)
        return order_rate(target - view.capacity_effective_m - coming, running, p.cut_quarters)

    def order_capacity(self, view: MarketView, own: FirmView) -> CapacityOrder:
        """Order its share of what the market will lack, first in power, then in chips. Changes nothing."""
        sites, chips = self.share_of_orders(view)
        return self.within_means(view, own, sites, chips, self.appetite(view, own))

    def share_of_orders(self, view: MarketView) -> PerRow:
        """Its share of what the market should order now, in power and in chips, (2, worlds) M H100e."""
        ahead = np.array([self.site_lead_quarters, view.chip_lead_quarters])
        coming = np.array([view.power_effective_m, view.chips_effective_m])
        return self.market_orders(view, ahead, coming) * (self.addition_share / view.usefulness)

    def within_means(
        self,
        view: MarketView,
        own: FirmView,
        demanded_sites: PerWorld,
        demanded: PerWorld,
        appetite: PerWorld | float = 1.0,
    ) -> CapacityOrder:
        """Cut what demand asks for (M H100e of power, of chips) to its appetite, the power expected and its means.

        Chips may run ahead of power by a little: they then wait, visibly.
        """
        p = self.parameters
        sites, chips = demanded_sites * appetite, demanded * appetite
        free_gw = own.power_at_chip_lead_gw * p.chips_ahead_of_power - own.chips_power_gw
        powered = np.minimum(chips, np.maximum(free_gw, 0.0) / view.power_kw)
        affordable = np.maximum(self.affordable_h100e_m(view, own), 0.0)
        return CapacityOrder(
            facility_gw=np.minimum(sites, affordable) * view.power_kw,
            chips_h100e_m=np.minimum(powered, affordable),
            demanded_h100e_m=demanded,
            wanted_h100e_m=chips,
            wanted_sites_h100e_m=sites,
            powered_h100e_m=powered,
            affordable_h100e_m=affordable,
        )

    def affordable_h100e_m(self, view: MarketView, own: FirmView) -> PerWorld:
        """What its operating cash flow, its cash above the reserve and its borrowing carry this quarter."""
        p = self.parameters
        spare_cash = np.maximum(own.cash_usd_bn - p.cash_reserve_usd_bn * self.money, 0.0) / 4.0
        means = (
            p.capex_share * np.maximum(own.operating_cash_flow_usd_bn, 0.0) + spare_cash + own.debt_room_usd_bn / 4.0
        )
        return means / view.capital_usd_bn

    def free_to_let_h100e_m(self, own: FirmView, coming_h100e_m: PerWorld) -> PerWorld:
        """What it has or builds and neither let nor uses itself."""
        return np.maximum(own.fleet_h100e_m + coming_h100e_m - own.let_h100e_m - own.used_h100e_m, 0.0)

    def reservation_usd_h(self, view: MarketView, own: FirmView) -> PerWorld:
        """Least level price per effective H100e-hour over a lease: cost with hurdle, or the market's price if more."""
        p = self.parameters
        return np.maximum(
            view.long_run_cost_usd_h * view.term_level * (1.0 + p.hurdle), view.term_price_usd_h * p.market_price_weight
        )

    def offer_lease(self, view: MarketView, own: FirmView, coming_h100e_m: PerWorld) -> LeaseOffer:
        """Offer what is free of its fleet and pipeline, as far as its appetite goes. Changes nothing."""
        p = self.parameters
        quantity = p.lab_lease_share * self.appetite(view, own) * self.free_to_let_h100e_m(own, coming_h100e_m)
        return LeaseOffer(quantity, self.reservation_usd_h(view, own), p.lease_lead_quarters)

    def settle_additions(self, observed: PerWorld) -> None:
        """Its share follows its share of all additions, (worlds,), slowly; an entrant keeps a small one."""
        p = self.parameters
        self.addition_share = np.maximum(
            self.addition_share + p.share_inertia * (observed - self.addition_share), p.entrant_share
        )
