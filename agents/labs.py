"""What all labs do: budget compute, ask for funds, and learn from the compute they bought."""

from __future__ import annotations

from typing import Any

import mesa
import numpy as np

from agents.base import Firm
from agents.views import ComputeBudget, MarketView, Purse, Tender
from world.arrays import PerRow, PerWorld, ratio, some
from world.funding import cash_lacking
from world.services import budget_for_income


class Lab(Firm):
    """A lab that sells AI services and buys compute for inference and for research and development.

    State: revenue and potential revenue ($bn a quarter), capability (log), served share, the factors between
    budget rules and observed use at the start, and the compute it split last.
    """

    def __init__(
        self,
        model: mesa.Model,
        name: str,
        parameters: Any,
        worlds: int,
        revenue_usd_bn: PerWorld,
        staff_cost_usd_bn: PerWorld | None = None,
        policy: str | None = None,
    ) -> None:
        super().__init__(model, name, parameters, worlds, policy)
        self.revenue_usd_bn = revenue_usd_bn.copy()
        self.start_revenue_usd_bn = np.maximum(revenue_usd_bn, 1e-6)
        known = (
            self.start_revenue_usd_bn * parameters.staff_cost_share if staff_cost_usd_bn is None else staff_cost_usd_bn
        )
        self.start_staff_cost_usd_bn = known * np.ones(worlds)
        self.potential_usd_bn = self.revenue_usd_bn.copy()
        self.capability = self.zeros()
        self.served = np.ones(worlds)
        self.log_scale = np.zeros((2, worlds))
        self.inference_h100e_m = self.zeros()
        self.rd_h100e_m = self.zeros()
        self.support_usd_bn = self.zeros()
        self.lease_gain_usd_bn = self.zeros()
        self.research_usd_bn = self.zeros()
        self.wanted_h100e_m = self.zeros()
        self.growth_smoothed = self.zeros()
        self.distribution = self.zeros()

    def inference_cost_share(self, elapsed: int) -> PerWorld:
        """Inference compute over potential revenue; falls towards its long-run value as serving gets cheaper."""
        p = self.parameters
        fade = np.exp(-elapsed / p.inference_fade_quarters)
        return p.inference_cost_share_late + (p.inference_cost_share - p.inference_cost_share_late) * fade

    def plan_budget(self, view: MarketView, own: Purse, behind: PerWorld) -> ComputeBudget:
        """Inference in proportion to potential revenue; R&D out of next year's revenue and funds, more when behind."""
        p = self.parameters
        inference = self.inference_cost_share(view.elapsed) * self.potential_usd_bn
        funds = np.maximum(own.cash_usd_bn + own.committed_usd_bn, 0.0) + own.credits_usd_bn
        a_year_on = np.exp(self.growth_smoothed * p.a_year_of_growth)
        research = (
            p.rd_revenue_share * self.revenue_usd_bn * a_year_on + funds / p.rd_horizon_quarters + self.support_usd_bn
        )
        if some(self.lease_gain_usd_bn > 0.0):
            # What leases are worth beyond their rent buys compute at today's prices, not at cost.
            prices = view.index_usd_h, view.slow_index_usd_h, view.long_run_cost_usd_h
            gain = budget_for_income(self.lease_gain_usd_bn, *prices, p.elasticity_short, p.elasticity_long)
            research = research + p.gain_reinvested * np.maximum(gain, 0.0)
        research = research * np.minimum(np.maximum(1.0 + p.rd_urgency * behind, 0.5), 2.0)
        # However much money comes in, people and software absorb only so much more compute in a quarter.
        most = np.where(self.research_usd_bn > 0.0, self.research_usd_bn * (1.0 + p.rd_absorption), np.inf)
        scale, rule = self.scale_now(view.elapsed), np.minimum(research, most)
        return ComputeBudget(inference * scale[0], rule * scale[1], rule)

    def scale_now(self, elapsed: int) -> PerRow:
        """Factors from the rule to the budgets for inference and for R&D, (2, worlds).

        At the start what use then implies, fading to one as contracts and money raised are turned into compute.
        """
        fade = np.exp(-elapsed / self.parameters.scale_fade_quarters)
        return np.exp(self.log_scale * fade)

    def settle_scale(self, inference: PerWorld, rd: PerWorld) -> None:
        """Take over those factors as use at the start implies them."""
        self.log_scale = np.log(np.array([inference, rd]))

    def settle_budget(self, budget: ComputeBudget) -> None:
        """Remember what was budgeted for R&D: next quarter's cannot be far above it."""
        self.research_usd_bn = budget.rd_by_rule_usd_bn

    def staff_cost_usd_bn(self) -> PerWorld:
        """Cash for staff, sales and everything that is not compute: grows less than in proportion to revenue."""
        p = self.parameters
        scale = np.maximum(self.revenue_usd_bn / self.start_revenue_usd_bn, 0.1)
        return self.start_staff_cost_usd_bn * np.exp(p.staff_cost_growth * np.log(scale))

    def ask_for_funds(self, view: MarketView, own: Purse) -> PerWorld:
        """Cash to ask investors for, $bn: up to the target runway once the runway falls short of the trigger."""
        p = self.parameters
        expected_burn = np.maximum(own.burn_usd_bn, 0.0) * np.exp(view.growth * (0.5 * p.growth_in_runway))
        standing = own.cash_usd_bn + own.committed_usd_bn
        short = standing < p.runway_trigger_quarters * expected_burn
        ask: PerWorld = np.where(short, cash_lacking(standing, expected_burn, p.runway_quarters), 0.0)
        return ask

    def value_usd_bn(self) -> PerWorld:
        """What its owners think it is worth: revenue three years on at a mature multiple, discounted.

        The multiple falls with size: no firm is worth a multiple of the whole economy's growth.
        """
        p = self.parameters
        run_rate = 4.0 * np.maximum(self.potential_usd_bn, self.start_revenue_usd_bn * 0.1)
        expected = run_rate * np.exp(np.minimum(self.growth_smoothed * p.three_years_of_growth, 2.5))
        size = 1.0 + expected / (p.value_scale_usd_bn * self.money)
        worth: PerWorld = p.multiple_in_three_years * expected / size
        return worth

    def observe_revenue(self, potential_usd_bn: PerWorld) -> None:
        """Take note of this quarter's potential revenue (before what it cannot serve)."""
        growth = np.log(np.maximum(ratio(potential_usd_bn, self.potential_usd_bn, 1.0), 0.2))
        self.growth_smoothed = 0.7 * self.growth_smoothed + 0.3 * np.minimum(growth, 0.7)
        self.potential_usd_bn = potential_usd_bn

    def settle_leases(self, gain_usd_bn: PerWorld) -> None:
        """Take note of what its leases were worth at the market beyond their rent: leases fund, they never set."""
        self.lease_gain_usd_bn = gain_usd_bn

    def settle_compute(
        self, inference_h100e_m: PerWorld, rd_h100e_m: PerWorld, served: PerWorld, capability: PerWorld
    ) -> None:
        """Take over the compute it got, what it could serve, and what it learnt."""
        self.inference_h100e_m = inference_h100e_m
        self.rd_h100e_m = rd_h100e_m
        self.served = served
        self.capability = capability

    def settle_wanted(self, wanted_h100e_m: PerWorld) -> None:
        """Take note of the compute that its budget asks for at long-run cost."""
        self.wanted_h100e_m = wanted_h100e_m

    def tender(self, view: MarketView, used_h100e_m: PerWorld, contracted_h100e_m: PerWorld) -> Tender:
        """Ask for what it will want at its planning horizon beyond what is contracted then. Changes nothing.

        Args:
            used_h100e_m: (worlds,) compute that it took last quarter.
            contracted_h100e_m: (worlds,) leases that will be active at the horizon, own capacity included.
        """
        p = self.parameters
        growth = (view.growth + p.growth_optimism) * p.growth_at_horizon
        wanted = p.contract_cover * np.maximum(self.wanted_h100e_m, used_h100e_m) * np.exp(growth)
        gap = np.maximum(wanted - contracted_h100e_m, 0.0)
        worth = p.worth_multiple * view.long_run_cost_usd_h * view.term_level
        return Tender(gap * p.tender_share, worth, p.lease_term_quarters)
