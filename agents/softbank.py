"""SoftBank: the investor that funds OpenAI out of a portfolio it may borrow against up to a limit."""

from __future__ import annotations

from typing import Any

import numpy as np

from agents.base import Firm, policy
from world.arrays import Flags, PerWorld
from world.funding import debt_over_holdings, room_left

NAME = "softbank"


@policy(NAME, "policy-limit")
class PolicyLimit:
    """Plans up to its policy limit of loan to value: the default."""

    def limit(self, firm: Firm) -> PerWorld:
        """Loan to value it plans with."""
        answer: PerWorld = firm.parameters.ltv_limit
        return answer


@policy(NAME, "all-in")
class AllIn:
    """Plans up to the hard cap."""

    def limit(self, firm: Firm) -> PerWorld:
        """Loan to value that its creditors would bear."""
        answer: PerWorld = firm.parameters.ltv_cap
        return answer


@policy(NAME, "hard-ltv-stop")
class HardStop:
    """Stays two points under its policy limit."""

    def limit(self, firm: Firm) -> PerWorld:
        """Policy limit less two points."""
        return np.maximum(firm.parameters.ltv_limit - 0.02, 0.01)


class SoftBank(Firm):
    """State: other_holdings_usd_bn (market value without OpenAI) and sold_usd_bn, what it sold of them this quarter."""

    def __init__(self, *arguments: Any, holdings_usd_bn: PerWorld, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.other_holdings_usd_bn = holdings_usd_bn.copy()
        self.sold_usd_bn = self.zeros()

    def ltv(self, openai_stake_usd_bn: PerWorld, net_debt_usd_bn: PerWorld) -> PerWorld:
        """Net debt over gross holdings."""
        return debt_over_holdings(self.other_holdings_usd_bn + openai_stake_usd_bn, net_debt_usd_bn)

    def limit(self) -> PerWorld:
        """Loan to value that it plans with, as its policy says."""
        return self.decide("limit", high=0.99)

    def room(self, openai_stake_usd_bn: PerWorld, net_debt_usd_bn: PerWorld, due_usd_bn: PerWorld) -> PerWorld:
        """What it can put into OpenAI now without passing its limit, $bn. Changes nothing.

        Args:
            openai_stake_usd_bn: (worlds,) value of its stake at the last round.
            net_debt_usd_bn: (worlds,) debt less cash.
            due_usd_bn: (worlds,) tranches promised for the coming year.
        """
        p = self.parameters
        holdings = self.other_holdings_usd_bn + openai_stake_usd_bn
        room = room_left(holdings, net_debt_usd_bn, self.limit(), due_usd_bn)
        return p.room_use * (room + p.asset_sales_share * self.other_holdings_usd_bn)

    def sell_for(self, need_usd_bn: PerWorld) -> PerWorld:
        """Assets it sells when borrowing alone would carry it over the limit, $bn. Changes nothing.

        Markets take no more than a share of its holdings in a quarter, whatever the reasons to sell.
        """
        most = self.parameters.asset_sales_share * self.other_holdings_usd_bn
        return np.minimum(need_usd_bn, np.maximum(most - self.sold_usd_bn, 0.0))

    def begin_quarter(self) -> None:
        """Nothing is sold yet."""
        self.sold_usd_bn = self.zeros()

    def settle_sale(self, sold_usd_bn: PerWorld) -> None:
        """Take what was sold out of the holdings."""
        self.sold_usd_bn = self.sold_usd_bn + sold_usd_bn
        self.other_holdings_usd_bn = np.maximum(self.other_holdings_usd_bn - sold_usd_bn, self.money)

    def settle_stake(self, paid_usd_bn: PerWorld) -> None:
        """Equity that it put into sites is a holding, at cost."""
        self.other_holdings_usd_bn = self.other_holdings_usd_bn + paid_usd_bn

    def settle_holdings(self, market_factor: PerWorld) -> None:
        """Holdings follow their market factor."""
        self.other_holdings_usd_bn = np.maximum(self.other_holdings_usd_bn * market_factor, self.money)

    def breach(self, ltv: PerWorld) -> Flags:
        """Where the hard cap is passed."""
        answer: Flags = ltv > self.parameters.ltv_cap
        return answer
