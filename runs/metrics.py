"""All metrics, and the history that keeps them: one registry feeds tables, JSON, figures and expressions."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from itertools import accumulate
from math import prod
from typing import TYPE_CHECKING

import numpy as np

import runs.metrics_circular
import runs.metrics_cluster
import runs.metrics_compute
import runs.metrics_credit
import runs.metrics_money  # noqa: F401  each registers its rows
from runs.circular import trace_equity
from runs.contracts import used_by_provider
from runs.money import anchor_ltv
from runs.registry import REGISTRY, Metric, registry_of
from runs.sight import standing_figures
from runs.state import GENERATION
from world.arrays import fold, ratio

if TYPE_CHECKING:
    from runs.model import ComputeMarket


def blank_arrays(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """Arrays of these shapes by name, NaN: the parts of one block, which the system hands over in large pages."""
    sizes = [prod(shape) for shape in shapes.values()]
    parts = np.split(np.full(sum(sizes), np.nan), list(accumulate(sizes))[:-1])
    return {name: part.reshape(shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)}


def blank_values(registry: Mapping[str, Metric], quarters: int, worlds: int) -> dict[str, np.ndarray]:
    """Room for every metric: arrays (members, quarters, worlds) by name, NaN."""
    return blank_arrays({name: (row.rows, quarters, worlds) for name, row in registry.items()})


class History:
    """Every metric of every quarter, in every world: arrays (members, quarters, worlds) by name."""

    def __init__(self, market: ComputeMarket) -> None:
        self._rows = registry_of(market.cast)
        self._shape = market.quarters, market.worlds

    @cached_property
    def values(self) -> dict[str, np.ndarray]:
        """The arrays, NaN in quarters to come; who has room for them elsewhere sets them before the first quarter."""
        return blank_values(self._rows, *self._shape)

    def record(self, market: ComputeMarket) -> None:
        """Write this quarter, once."""
        note(market)
        q, values = market.state.quarter, self.values
        for name, row in self._rows.items():
            values[name][:, q] = row.read(market)


def note(market: ComputeMarket) -> None:
    """Work out figures that several metrics share."""
    s = market.state
    own = GENERATION["own_chip"]
    trace_equity(market)
    s.flow["openai_by_provider"] = used_by_provider(s)
    s.flow["openai_share"] = ratio(s.flow["openai_by_provider"], fold(s.flow["openai_by_provider"]))
    s.flow["long_run_cost_usd_h"] = standing_figures(market)["new_cost_usd_h"]
    s.flow["own_cost_usd_h"] = s.flow["cost_usd_h"][own] / s.generations.usefulness[own]
    s.flow["chip_value_usd_bn"] = market.firms["openai"].chip_value_usd_bn(
        s.flow["long_run_cost_usd_h"], s.flow["own_cost_usd_h"]
    )
    s.flow["ltv"] = anchor_ltv(market)
    for kind in ("interest", "principal", "shell_rent"):
        s.flow[f"oracle_{kind}_usd_bn"] = s.ledger.paid(kind, "oracle")


__all__ = ["REGISTRY", "History", "Metric", "blank_arrays", "blank_values", "registry_of"]
