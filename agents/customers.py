"""Customers: how much they spend on AI services, and how the demand for compute grows with them."""

from __future__ import annotations

from typing import Any

import numpy as np

from agents.base import Firm
from world.arrays import PerWorld
from world.services import local_trend


class Customers(Firm):
    """State: pool_usd_bn (spending on AI services a quarter), both growth rates, and the scale of workloads.

    Growth is a local trend: it fades towards its long-run value and takes rare large innovations, which
    spending on services and the demand for compute share in part.
    """

    def __init__(
        self,
        *arguments: Any,
        pool_usd_bn: PerWorld,
        services_growth: float,
        services_projection: float,
        demand_growth: float,
        **keywords: Any,
    ) -> None:
        super().__init__(*arguments, **keywords)
        p = self.parameters
        self.pool_usd_bn = pool_usd_bn.copy()
        # What has been growing, and what the largest lab had told its investors by then.
        self.services_growth = services_growth + p.projection_weight * (services_projection - services_growth)
        self.demand_growth = np.full(self.worlds, demand_growth) * p.start_growth_factor
        self.workload_scale = np.ones(self.worlds)

    def settle_quarter(self, common: PerWorld, own: PerWorld, level: PerWorld) -> None:
        """Grow one quarter.

        Args:
            common: (worlds,) innovation of growth with fat tails, shared by services and compute; unit variance.
            own: (worlds,) innovation of growth of the services alone.
            level: (worlds,) ordinary noise of the level.
        """
        p = self.parameters
        noise = p.level_noise * level
        self.workload_scale = self.workload_scale * np.exp(self.demand_growth + noise)
        # Spending levels off as it nears what the economy can spend on such services at all.
        room = np.maximum(1.0 - self.pool_usd_bn / (p.pool_ceiling_usd_bn * self.money), -0.5)
        self.pool_usd_bn = self.pool_usd_bn * np.exp(self.services_growth * room + noise)
        mixed = p.common_share * common + np.sqrt(1.0 - p.common_share * p.common_share) * own
        self.demand_growth = local_trend(
            self.demand_growth, p.demand_growth_late, p.growth_persistence, p.growth_noise * common
        )
        self.services_growth = local_trend(
            self.services_growth, p.services_growth_late, p.services_persistence, p.services_noise * mixed
        )
