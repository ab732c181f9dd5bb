"""Oracle: a provider that builds only against signed leases, and on debt."""

from __future__ import annotations

from typing import Any

import numpy as np

from agents.base import policy
from agents.operators import Operator
from agents.views import CapacityOrder, ClusterBid, FirmView, LeaseOffer, MarketView
from world.arrays import PerWorld, ratio
from world.costs import HOURS_PER_YEAR, annuity_value, price_over_lease
from world.credit import debt_carried_usd_bn
from world.planning import order_gap

NAME = "oracle"


@policy(NAME, "lever-on-leases")
class LeverOnLeases:
    """Underwrites leases as far as lenders go."""

    def finance_share(self, firm: Operator, own: FirmView) -> PerWorld:
        """Share of a year's free cash flow it is willing to put behind new leases in one quarter."""
        share: PerWorld = firm.parameters.equity_use
        return share


@policy(NAME, "guard-the-rating")
class GuardTheRating:
    """Puts half as much behind leases."""

    def finance_share(self, firm: Operator, own: FirmView) -> PerWorld:
        """Half of what the default would use."""
        return 0.5 * firm.parameters.equity_use


@policy(NAME, "deleverage-first")
class DeleverageFirst:
    """Underwrites less the more it owes: nothing new beyond four years of its cash flow."""

    def finance_share(self, firm: Operator, own: FirmView) -> PerWorld:
        """What the default would use up to three years of cash flow owed, then less, nothing from four on."""
        years = ratio(own.debt_usd_bn, 4.0 * np.maximum(own.operating_cash_flow_usd_bn, 0.0), 10.0)
        return firm.parameters.equity_use * (4.0 - years).clip(0.0, 1.0)


class Oracle(Operator):
    """Owner of the chips in leased shells; its pipeline follows its lease book.

    State besides an operator's: sponsors_paid_usd_bn, what Stargate's sponsors have paid of their pledge.
    """

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.sponsors_paid_usd_bn = self.zeros()

    @property
    def sponsor_equity_usd_bn(self) -> PerWorld:
        """What the sponsors pledged and have not paid, $bn."""
        return np.maximum(self.parameters.sponsor_equity_usd_bn * self.money - self.sponsors_paid_usd_bn, 0.0)

    def settle_sponsors(self, paid_usd_bn: PerWorld) -> None:
        """Take note of sponsors' equity that was paid."""
        self.sponsors_paid_usd_bn = self.sponsors_paid_usd_bn + paid_usd_bn

    def order_capacity(self, view: MarketView, own: FirmView) -> CapacityOrder:
        """Power for all it has let, chips for what must run when they arrive, and its share of the market's order.

        The latter stands for its signed contracts with everybody who is not a lab. Changes nothing.
        """
        market_sites, market_chips = self.share_of_orders(view) * self.appetite(view, own)
        free_power = own.power_gw + own.coming_power_gw - own.chips_power_gw
        sites = order_gap(
            own.let_h100e_m, own.fleet_h100e_m + own.backlog_h100e_m, np.maximum(free_power, 0.0) / view.power_kw
        )
        chips = order_gap(own.let_at_chip_lead_h100e_m, own.fleet_h100e_m, own.backlog_h100e_m)
        return self.within_means(view, own, sites + market_sites, chips + market_chips)

    def affordable_h100e_m(self, view: MarketView, own: FirmView) -> PerWorld:
        """A signed lease is financed by what lenders give on it."""
        means = np.maximum(own.operating_cash_flow_usd_bn, 0.0) + np.maximum(own.debt_room_usd_bn, 0.0)
        return means / view.capital_usd_bn

    def offer_lease(self, view: MarketView, own: FirmView, coming_h100e_m: PerWorld) -> LeaseOffer:
        """Offer to build for the tenant: as much as lenders finance and landlords have shells for."""
        p = self.parameters
        price = self.reservation_usd_h(view, own)
        # Lenders finance most of a lease on its own rent, as far as that covers its debt; the rest is equity.
        income = (1.0 - p.running_share) * (HOURS_PER_YEAR / 1000.0) * price * view.usefulness
        rate = np.maximum(view.base_rate + p.spread_oracle + view.tenant_spread + view.credit_cycle, 0.0)
        capacity = debt_carried_usd_bn(income, annuity_value(rate, p.lease_term_years), p.min_dscr)
        bankable = capacity >= p.project_debt_share * view.capital_usd_bn
        # Of what it has let and not built yet, the equity is spoken for.
        equity_each = (1.0 - p.project_debt_share) * view.capital_usd_bn
        unspent = equity_each * np.maximum(own.let_h100e_m - own.fleet_h100e_m - own.backlog_h100e_m, 0.0)
        equity = np.maximum(4.0 * np.maximum(own.operating_cash_flow_usd_bn, 0.0) - unspent, 0.0)
        pledged = np.maximum(self.sponsor_equity_usd_bn - unspent, 0.0)
        means = self.decide("finance_share", own) * (equity + pledged)
        financed = np.where(bankable, means / equity_each, 0.0)
        return LeaseOffer(np.minimum(financed, coming_h100e_m), price, p.build_quarters + 1.0)

    def bid_for_cluster(self, view: MarketView, own: FirmView, cost_usd_bn: PerWorld) -> ClusterBid:
        """Landlords' shells and its own chips, mostly on debt that the tenant's rent serves. Changes nothing.

        Args: cost_usd_bn: (worlds,) capital that the cluster takes.
        """
        p = self.parameters
        debt_rate = np.maximum(view.base_rate + p.spread_oracle + view.tenant_spread + view.credit_cycle, 0.0)
        equity_share = 1.0 - p.project_debt_share
        rate = p.project_debt_share * debt_rate + equity_share * view.cost_of_capital
        capital = view.capital_usd_bn / view.usefulness
        price = price_over_lease(capital, annuity_value(rate, p.lease_term_years), view.running_usd_h)
        price *= 1.0 + p.lease_hurdle
        # Lenders look at the rent that is left for them, the equity comes from its cash flow and the sponsors.
        income = (1.0 - p.running_share) * (HOURS_PER_YEAR / 1000.0) * price
        carried = debt_carried_usd_bn(income, annuity_value(debt_rate, p.lease_term_years), p.min_dscr)
        equity = 4.0 * np.maximum(own.operating_cash_flow_usd_bn, 0.0) + self.sponsor_equity_usd_bn
        able = (carried >= p.project_debt_share * capital) & (equity >= equity_share * cost_usd_bn)
        return ClusterBid(price, rate, p.build_quarters + p.expected_slippage, able)

    def reservation_usd_h(self, view: MarketView, own: FirmView) -> PerWorld:
        """Nothing is built without the lease, so only its cost and hurdle count."""
        p = self.parameters
        return view.long_run_cost_usd_h * view.term_level * (1.0 + p.lease_hurdle)
