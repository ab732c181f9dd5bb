"""Microsoft: provider, investor, and through its in-house team a lab.

It builds for a tenant only where the risk-adjusted return beats its hurdle; what the spread of prices and the
share already let to one tenant take away is its *caution*.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from agents.base import policy
from agents.labs import Lab
from agents.operators import Operator
from agents.views import CapacityOrder, ClusterBid, FirmView, MarketView
from world.arrays import PerRow, PerWorld, fold, pick_worlds, power, ratio
from world.costs import annuity_value, price_over_lease

NAME = "microsoft"


@policy(NAME, "cautious")
class CautiousBuilder:
    """Builds less the riskier the return: the default."""

    def appetite(self, firm: Operator, view: MarketView, own: FirmView) -> PerWorld:
        """Share of the asked capacity it builds: expected price over cost with its risk premium, between 0 and 1."""
        p = firm.parameters
        required = 1.0 + self.risk_premium(firm, own)
        earned = view.term_price_usd_h / (view.long_run_cost_usd_h * view.term_level * (1.0 + p.hurdle))
        return power(earned / required, p.return_response).clip(0.0, 1.0)

    def risk_premium(self, firm: Operator, own: FirmView) -> PerWorld:
        """What it adds to its hurdle for uncertain prices and for what is let to one tenant already."""
        p = firm.parameters
        concentration = ratio(own.let_to_largest_h100e_m, own.fleet_h100e_m + own.backlog_h100e_m)
        premium: PerWorld = p.caution * (p.price_spread + np.minimum(concentration, 1.0))
        return premium


@policy(NAME, "match-every-request")
class MatchEveryRequest:
    """Builds whatever is asked for."""

    def appetite(self, firm: Operator, view: MarketView, own: FirmView) -> PerWorld:
        """All of it."""
        return np.ones(firm.worlds)

    def risk_premium(self, firm: Operator, own: FirmView) -> PerWorld:
        """None."""
        return np.zeros(firm.worlds)


@policy(NAME, "cap-one-tenant")
class CapOneTenant(CautiousBuilder):
    """Builds in full, but less and less the nearer its largest tenant comes to six tenths of its chips."""

    def appetite(self, firm: Operator, view: MarketView, own: FirmView) -> PerWorld:
        """All of it while one tenant holds 30 % at most, nothing at 60 %."""
        concentration = ratio(own.let_to_largest_h100e_m, own.fleet_h100e_m + own.backlog_h100e_m)
        return ((0.60 - concentration) / 0.30).clip(0.0, 1.0)


class Microsoft(Operator):
    """The provider. State besides an operator's: contract_worth_usd_bn, what its exclusive contract earns it."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.contract_worth_usd_bn = np.zeros((2, self.worlds))

    def appetite(self, view: MarketView, own: FirmView) -> PerWorld:
        """As its policy says."""
        return self.decide("appetite", view, own, high=1.0)

    def order_capacity(self, view: MarketView, own: FirmView) -> CapacityOrder:
        """Its share of what the market will lack, and what it let beyond what it has and builds. Changes nothing."""
        sites, chips = self.share_of_orders(view) * self.appetite(view, own)
        coming = np.maximum(own.power_gw + own.coming_power_gw - own.chips_power_gw, 0.0) / view.power_kw
        standing = own.fleet_h100e_m + own.backlog_h100e_m
        owed = np.maximum(own.let_h100e_m + own.used_h100e_m - standing, 0.0)
        return self.within_means(view, own, sites + np.maximum(owed - coming, 0.0), chips + owed)

    def bid_for_cluster(self, view: MarketView, own: FirmView, cost_usd_bn: PerWorld) -> ClusterBid:
        """Its own hardware on its own balance sheet, at its cost of capital and with its caution. Changes nothing.

        Args: cost_usd_bn: (worlds,) capital that the cluster takes.
        """
        p = self.parameters
        rate = view.cost_of_capital
        capital = view.capital_usd_bn / view.usefulness
        price = price_over_lease(capital, annuity_value(rate, p.lease_term_years), view.running_usd_h)
        premium = self.decide("risk_premium", own)
        # It builds over two years beside everything else that it does.
        able = 0.5 * cost_usd_bn <= p.cluster_cash_share * 4.0 * np.maximum(own.operating_cash_flow_usd_bn, 0.0)
        return ClusterBid(price * (1.0 + p.hurdle + premium), rate, p.build_quarters + p.expected_slippage, able)

    def settle_contract_worth(self, worth_usd_bn: PerRow) -> None:
        """Remember, with fading weight, what its hold on its tenant is worth in a quarter, (2, worlds) by step."""
        self.contract_worth_usd_bn = 0.5 * self.contract_worth_usd_bn + 0.5 * worth_usd_bn

    def freedom_loss_usd_bn(self, view: MarketView, steps: np.ndarray, worlds: np.ndarray) -> PerWorld:
        """What it would lose over the years that the contract still counts, discounted, in some worlds.

        Args: steps: (2, these worlds) which are given up; worlds: their positions.
        """
        lost = fold(np.where(steps, pick_worlds(self.contract_worth_usd_bn, worlds), 0.0))
        rate, quarters = np.log1p(view.cost_of_capital[worlds]) / 4.0, self.parameters.contract_quarters[worlds]
        return lost * annuity_value(rate, quarters)


class InHouseLab(Lab):
    """The team that came from Inflection: competes with OpenAI for customers and for Microsoft's capacity."""
