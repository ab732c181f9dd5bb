"""Chip vendors: Nvidia, who rations the merchant chips, and Broadcom, whose slots the custom chips share."""

from __future__ import annotations

import numpy as np

from agents.base import Firm, policy
from world.arrays import PerRow, PerWorld, fold, ratio
from world.chips import next_wafers
from world.rationing import ration


@policy("nvidia", "diversify-customers")
class DiversifyCustomers:
    """Serves the small before the large when supply is short: the default."""

    def weight(self, firm: Firm, size_h100e_m: PerRow) -> PerRow:
        """Rationing weight of each customer: grows less than in proportion to its size."""
        share = ratio(size_h100e_m, fold(size_h100e_m)[None, :], 0.0)
        return np.exp(firm.parameters.size_weight * np.log(np.maximum(share, 1e-4)))


@policy("nvidia", "largest-first")
class LargestFirst:
    """Serves in proportion to size."""

    def weight(self, firm: Firm, size_h100e_m: PerRow) -> PerRow:
        """Rationing weight in proportion to the order."""
        return np.maximum(ratio(size_h100e_m, fold(size_h100e_m)[None, :], 0.0), 1e-4)


class Vendor(Firm):
    """A vendor of chips limited by packaging wafers.

    State: wafers_k (thousand a quarter), shipped_h100e_m and capacity_h100e_m of the last quarter, and the
    price pressure of its backlog (1 when the lead time is normal).
    """

    def __init__(self, *arguments: object, wafers_k: float, **keywords: object) -> None:
        super().__init__(*arguments, **keywords)  # type: ignore[arg-type]
        self.wafers_k = np.full(self.worlds, wafers_k)
        self.shipped_h100e_m = self.zeros()
        self.queue_quarters = np.ones(self.worlds)

    def allocate(self, queue_h100e_m: PerRow, size_h100e_m: PerRow, capacity_h100e_m: PerWorld) -> PerRow:
        """Who is served this quarter: weighted max-min fairness over the queue, M H100e. Changes nothing.

        Args:
            queue_h100e_m: (customers, worlds) due orders.
            size_h100e_m: (customers, worlds) what each owns and has on order; sets the weights.
            capacity_h100e_m: (worlds,) what can be shipped.
        """
        weight = self.policy.weight(self, size_h100e_m) if self.policy else np.ones_like(queue_h100e_m)
        return ration(queue_h100e_m, weight, capacity_h100e_m)

    def settle_shipments(self, shipped_h100e_m: PerWorld, backlog_h100e_m: PerWorld, capacity_h100e_m: PerWorld) -> None:
        """Expand packaging towards the backlog, with a lag, and note how long a new order would wait."""
        p = self.parameters
        self.shipped_h100e_m = shipped_h100e_m
        self.queue_quarters = ratio(backlog_h100e_m, capacity_h100e_m, 1.0)
        self.wafers_k = next_wafers(
            self.wafers_k,
            backlog_h100e_m,
            capacity_h100e_m,
            lag_quarters=p.expansion_lag_quarters,
            target_lead=p.target_lead_quarters,
            max_growth=p.max_expansion,
        )
