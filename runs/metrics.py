"""All metrics, and the history that keeps them: one registry feeds tables, JSON, figures and expressions."""

from __future__ import annotations

from functools import cached_property
from itertools import accumulate
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

MOST_IN_ONE_PIECE = 2**24
"""Numbers that a history keeps in one piece of memory; to find large pages for more may take longer than they save."""


class History:
    """Every metric of every quarter, in every world: arrays (members, quarters, worlds) by name."""

    def __init__(self, market: ComputeMarket) -> None:
        self._rows = registry_of(market.cast)
        self._shape = market.quarters, market.worlds
        self._written = 0
        self._blank = False

    @cached_property
    def _room(self) -> dict[str, np.ndarray]:
        quarters, worlds = self._shape
        rows = sum(row.rows for row in self._rows.values())
        if rows * quarters * worlds > MOST_IN_ONE_PIECE:
            return {name: np.empty((row.rows, quarters, worlds)) for name, row in self._rows.items()}
        # Quarter after quarter: each fills a few large pages of memory whole instead of a part of many small ones.
        whole = np.empty((quarters, rows, worlds)).swapaxes(0, 1)
        ends = accumulate(row.rows for row in self._rows.values())
        return {name: whole[end - row.rows : end] for (name, row), end in zip(self._rows.items(), ends, strict=True)}

    @property
    def values(self) -> dict[str, np.ndarray]:
        """The arrays, NaN in quarters to come; who has room for them elsewhere sets them before the first quarter."""
        if not self._blank:  # a run to its horizon writes every number, and need not write it twice
            for array in self._room.values():
                array[:, self._written :] = np.nan
            self._blank = True
        return self._room

    @values.setter
    def values(self, arrays: dict[str, np.ndarray]) -> None:
        self._room, self._blank = arrays, True

    def now(self, name: str) -> np.ndarray:
        """The last quarter of a metric, (members, worlds)."""
        return self._room[name][:, self._written - 1]

    def record(self, market: ComputeMarket) -> None:
        """Write this quarter, once."""
        note(market)
        q, room = market.state.quarter, self._room
        for name, row in self._rows.items():
            room[name][:, q] = row.read(market)
        self._written = q + 1


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
    service = ("interest", "principal", "shell_rent")
    for kind, paid in zip(service, s.ledger.paid_of_each(service, "oracle"), strict=True):
        s.flow[f"oracle_{kind}_usd_bn"] = paid


__all__ = ["REGISTRY", "History", "Metric", "registry_of"]
