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
from agents.views import FirmView, MarketView
from world.arrays import PerWorld, power, ratio

NAME = "microsoft"


@policy(NAME, "cautious")
class CautiousBuilder:
    """Builds less the riskier the return: the default."""

    def appetite(self, firm: Operator, view: MarketView, own: FirmView) -> PerWorld:
        """Share of the asked capacity it builds: expected price over cost with its risk premium, between 0 and 1."""
        p = firm.parameters
        concentration = ratio(own.let_to_largest_h100e_m, own.fleet_h100e_m + own.backlog_h100e_m)
        required = 1.0 + p.caution * (p.price_spread + np.minimum(concentration, 1.0))
        earned = view.term_price_usd_h / (view.long_run_cost_usd_h * view.term_level * (1.0 + p.hurdle))
        return np.clip(power(earned / required, p.return_response), 0.0, 1.0)


@policy(NAME, "match-every-request")
class MatchEveryRequest:
    """Builds whatever is asked for."""

    def appetite(self, firm: Operator, view: MarketView, own: FirmView) -> PerWorld:
        """All of it."""
        return np.ones(firm.worlds)


@policy(NAME, "cap-one-tenant")
class CapOneTenant:
    """Builds in full, but less and less the nearer its largest tenant comes to six tenths of its chips."""

    def appetite(self, firm: Operator, view: MarketView, own: FirmView) -> PerWorld:
        """All of it while one tenant holds 30 % at most, nothing at 60 %."""
        concentration = ratio(own.let_to_largest_h100e_m, own.fleet_h100e_m + own.backlog_h100e_m)
        return np.clip((0.60 - concentration) / 0.30, 0.0, 1.0)


class Microsoft(Operator):
    """The provider. State besides an operator's: waived_h100e_m and matched_h100e_m under its first refusal."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.waived_h100e_m = self.zeros()
        self.matched_h100e_m = self.zeros()

    def appetite(self, view: MarketView, own: FirmView) -> PerWorld:
        """As its policy says."""
        return self.decide("appetite", view, own, high=1.0)

    def settle_refusals(self, matched_h100e_m: PerWorld, waived_h100e_m: PerWorld) -> None:
        """Count what it matched and what it waived: waivers are how capacity went elsewhere."""
        self.matched_h100e_m = self.matched_h100e_m + matched_h100e_m
        self.waived_h100e_m = self.waived_h100e_m + waived_h100e_m


class InHouseLab(Lab):
    """The team that came from Inflection: competes with OpenAI for customers and for Microsoft's capacity."""
