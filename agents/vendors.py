"""Chip vendors: Nvidia, who rations the merchant chips, and Broadcom, whose slots the custom chips share."""

from __future__ import annotations

from typing import Any

import numpy as np

from agents.base import Firm, policy
from world.arrays import PerRow, PerWorld, not_negative, ratio, some
from world.chips import MOST_DECLINE, allocation_weight, backlog_ahead, backlog_pressure, wafer_growth
from world.rationing import share_supply


@policy("nvidia", "diversify-customers")
class DiversifyCustomers:
    """Serves the small before the large when supply is short: the default."""

    def weight(self, firm: Firm, size_h100e_m: PerRow, prepaid_share: PerRow) -> PerRow:
        """Rationing weight of each customer: grows less than in proportion to its size, and with what it prepaid."""
        p = firm.parameters
        return allocation_weight(size_h100e_m, prepaid_share, p.size_weight, p.prepayment_pull)


@policy("nvidia", "largest-first")
class LargestFirst:
    """Serves in proportion to size."""

    def weight(self, firm: Firm, size_h100e_m: PerRow, prepaid_share: PerRow) -> PerRow:
        """Rationing weight in proportion to what a customer owns and has on order."""
        return allocation_weight(size_h100e_m, prepaid_share, np.ones(firm.worlds), np.zeros(firm.worlds))


class Vendor(Firm):
    """A vendor of chips limited by packaging wafers.

    State: capacity (a quarter: thousand wafers, of the custom vendor M H100e), expansion (log growth a quarter of what
    is already being installed), shipped_h100e_m of the last quarter, ordered_h100e_m (the pace of orders, smoothed),
    backlog_h100e_m (below zero before the first quarter), and queue_quarters, the backlog in quarters of capacity.
    """

    def __init__(self, *arguments: Any, capacity: PerWorld | float, expansion: float, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.capacity = capacity * np.ones(self.worlds)
        self.expansion = np.full(self.worlds, expansion)
        self.shipped_h100e_m = self.zeros()
        self.ordered_h100e_m = self.zeros()
        self.backlog_h100e_m = np.full(self.worlds, -1.0)
        self.queue_quarters = np.ones(self.worlds)

    def allocate(
        self, queue_h100e_m: PerRow, size_h100e_m: PerRow, capacity_h100e_m: PerWorld, prepaid_share: PerRow
    ) -> PerRow:
        """Who is served this quarter: weighted max-min fairness over the queue, M H100e. Changes nothing.

        Args:
            queue_h100e_m: (customers, worlds) due orders.
            size_h100e_m: (customers, worlds) what each owns and has on order; sets the weights.
            capacity_h100e_m: (worlds,) what can be shipped.
            prepaid_share: (customers, worlds) share of its orders that each has paid in advance.
        """
        if not self.policy:
            return share_supply(queue_h100e_m, np.ones_like(queue_h100e_m), capacity_h100e_m)
        weight = self.decide("weight", size_h100e_m, prepaid_share, shape=queue_h100e_m.shape, high=not_negative.most)
        return share_supply(queue_h100e_m, weight, capacity_h100e_m)

    def settle_shipments(
        self, shipped_h100e_m: PerWorld, backlog_h100e_m: PerWorld, capacity_h100e_m: PerWorld, growth: PerWorld
    ) -> None:
        """Note how long a new order would wait, and turn the expansion towards what the backlog will ask for.

        Tools and halls ordered earlier arrive meanwhile: the rate of expansion itself changes with a lag. So the
        vendor looks at the backlog that will be left by then, at the pace of orders and of its own growth, and
        counts on part of the growth of demand that everybody believes in.
        """
        p = self.parameters
        lag = p.expansion_lag_quarters
        new = np.maximum(backlog_h100e_m - self.backlog_h100e_m + shipped_h100e_m, 0.0)
        pace, known = 0.5 * (self.ordered_h100e_m + new), self.backlog_h100e_m >= 0.0
        if some(~known):
            # At the start the pace of orders is not on record: the backlog is taken to have grown with demand.
            start = shipped_h100e_m + backlog_h100e_m * -np.expm1(-np.maximum(growth, 0.0))
            pace = np.where(known, pace, start)
        self.ordered_h100e_m = pace
        self.shipped_h100e_m = shipped_h100e_m
        self.backlog_h100e_m = backlog_h100e_m
        self.queue_quarters = ratio(backlog_h100e_m, capacity_h100e_m, 1.0)
        capacity_then = capacity_h100e_m * np.exp(self.expansion * lag)
        believed = p.growth_weight * growth
        backlog_then = backlog_ahead(
            backlog_h100e_m, self.ordered_h100e_m, capacity_h100e_m, believed, self.expansion, lag
        )
        pressure = backlog_pressure(backlog_then, capacity_then, p.target_lead_quarters)
        wanted = wafer_growth(pressure, p.expansion_response, p.max_expansion)
        aim = (wanted + believed * np.minimum(pressure, 1.0)).clip(-MOST_DECLINE, p.max_expansion)
        self.expansion = self.expansion + (aim - self.expansion) / lag

    def expand(self) -> None:
        """What was ordered for this quarter is installed."""
        self.capacity = self.capacity * np.exp(self.expansion)
