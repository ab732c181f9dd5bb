"""Oracle: a provider that builds only against signed leases, and on debt."""

from __future__ import annotations

import numpy as np

from agents.base import policy
from agents.operators import Operator
from agents.views import CapacityOrder, FirmView, LeaseOffer, MarketView
from world.arrays import PerWorld
from world.planning import order_gap

NAME = "oracle"


@policy(NAME, "lever-on-leases")
class LeverOnLeases:
    """Underwrites leases as far as lenders go."""

    def finance_share(self, firm: Operator, own: FirmView) -> PerWorld:
        """Share of the debt room it is willing to use in one quarter."""
        share: PerWorld = firm.parameters.debt_room_use
        return share


@policy(NAME, "guard-the-rating")
class GuardTheRating:
    """Uses half of the room."""

    def finance_share(self, firm: Operator, own: FirmView) -> PerWorld:
        """Half of what the default would use."""
        return 0.5 * firm.parameters.debt_room_use


class Oracle(Operator):
    """Owner of the chips in leased shells; its pipeline follows its lease book."""

    def order_capacity(self, view: MarketView, own: FirmView) -> CapacityOrder:
        """Power for all it has let, chips for what must run when they arrive. Changes nothing."""
        free_power = own.power_gw + own.coming_power_gw - own.chips_power_gw
        sites = order_gap(own.let_h100e_m, own.fleet_h100e_m + own.backlog_h100e_m, np.maximum(free_power, 0.0) / view.power_kw)
        chips = order_gap(own.let_at_chip_lead_h100e_m, own.fleet_h100e_m, own.backlog_h100e_m)
        return self.within_means(view, own, sites, chips)

    def affordable_h100e_m(self, view: MarketView, own: FirmView) -> PerWorld:
        """A signed lease is financed by what lenders give on it."""
        means = np.maximum(own.operating_cash_flow_usd_bn, 0.0) + np.maximum(own.debt_room_usd_bn, 0.0)
        return means / view.capital_usd_bn

    def offer_lease(self, view: MarketView, own: FirmView, coming_h100e_m: PerWorld) -> LeaseOffer:
        """Offer to build for the tenant: as much as lenders finance and landlords have shells for."""
        p = self.parameters
        unspent = np.maximum(own.let_h100e_m - own.fleet_h100e_m - own.backlog_h100e_m, 0.0) * view.capital_usd_bn
        means = self.policy.finance_share(self, own) * np.maximum(own.debt_room_usd_bn - unspent * p.lease_debt_share, 0.0)
        financed = means / (view.capital_usd_bn * p.lease_debt_share)
        quantity = np.minimum(financed, coming_h100e_m)
        return LeaseOffer(quantity, self.reservation_usd_h(view, own), p.build_quarters + 1.0, financed < coming_h100e_m)

    def reservation_usd_h(self, view: MarketView, own: FirmView) -> PerWorld:
        """Nothing is built without the lease, so only its cost and hurdle count."""
        p = self.parameters
        return view.long_run_cost_usd_h * (1.0 + p.hurdle)
