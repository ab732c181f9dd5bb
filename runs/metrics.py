"""All metrics, and the history that keeps them: one registry feeds tables, JSON, figures and expressions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import runs.metrics_circular
import runs.metrics_cluster
import runs.metrics_compute
import runs.metrics_credit
import runs.metrics_money  # noqa: F401  each registers its rows
from runs.circular import trace_equity
from runs.contracts import used_by_provider
from runs.registry import REGISTRY, Metric, registry_of
from runs.sight import market_view
from runs.state import GENERATION

if TYPE_CHECKING:
    from runs.model import ComputeMarket


class History:
    """Every metric of every quarter, in every world: arrays (members, quarters, worlds) by name."""

    def __init__(self, market: ComputeMarket) -> None:
        self.values: dict[str, np.ndarray] = {}
        for name, row in registry_of(market.cast).items():
            self.values[name] = np.full((max(len(row.members), 1), market.quarters, market.worlds), np.nan)

    def record(self, market: ComputeMarket) -> None:
        """Write this quarter, once."""
        note(market)
        q = market.state.quarter
        for name, row in REGISTRY.items():
            self.values[name][:, q] = row.read(market)


def note(market: ComputeMarket) -> None:
    """Work out figures that several metrics share."""
    s = market.state
    view = market_view(market)
    own = GENERATION["own_chip"]
    trace_equity(market)
    s.flow["openai_by_provider"] = used_by_provider(s)
    s.flow["long_run_cost_usd_h"] = view.long_run_cost_usd_h
    s.flow["own_cost_usd_h"] = s.flow["cost_usd_h"][own] / s.generations.usefulness[own]
    s.flow["chip_value_usd_bn"] = market.firms["openai"].chip_value_usd_bn(view, s.flow["own_cost_usd_h"])


__all__ = ["REGISTRY", "History", "Metric", "registry_of"]
