"""The metrics that say most about a run: Mesa's data collector reports them, a typical world is near their medians."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from runs.model import ComputeMarket

HEADLINES = (
    "h100_price_usd_h",
    "price_over_cost",
    "merchant_sold_h100e_m",
    "stargate_share",
    "openai_revenue_usd_bn",
    "openai_burn_usd_bn",
    "openai_cash_usd_bn",
    "oracle_debt_usd_bn",
    "oracle_dscr",
    "softbank_ltv",
    "abilene_facility_gw",
)
"""Metrics that Mesa's data collector reports as plain numbers."""


def headline(market: ComputeMarket, name: str) -> float:
    """A metric of the quarter as one plain number: the world's own, or the mean over worlds."""
    figures = market.history.now(name)[0]
    return float(np.add.reduce(figures)) / figures.size
