"""Metrics of the very large cluster: who bids what, and who builds it."""

from __future__ import annotations

from runs.cluster import BIDDERS
from runs.registry import simple

simple(
    "cluster_bid",
    "state",
    "Who builds the very large cluster: 0 nobody yet, 1 Microsoft, 2 Oracle on debt",
    lambda m: m.firms["openai"].cluster,
)
simple(
    "cluster_price_usd_h",
    "$/effective H100e-h",
    "Level price of a bid for the very large cluster",
    lambda m: m.state.flow["cluster_price_usd_h"],
    dimension="bidder",
    members=BIDDERS,
)
simple(
    "cluster_capital_rate",
    "rate per year",
    "Cost of capital of a bid for the very large cluster",
    lambda m: m.state.flow["cluster_capital_rate"],
    dimension="bidder",
    members=BIDDERS,
)
simple(
    "cluster_able",
    "flag",
    "Whether a bidder for the very large cluster has the means at a price that OpenAI would pay",
    lambda m: m.state.flow["cluster_able"],
    dimension="bidder",
    members=BIDDERS,
)
