"""Metrics of circular funding: equity into labs, and what of it comes back to those who sell to them."""

from __future__ import annotations

from runs.circular import INVESTORS, SELLERS, circular_share, to_chips_share
from runs.registry import simple

simple(
    "lab_equity_usd_bn",
    "bn USD",
    "Equity put into labs, by investor",
    lambda m: m.state.flow["equity_given_usd_bn"],
    dimension="investor",
    members=INVESTORS,
    flow=True,
)
simple(
    "circular_funding_usd_bn",
    "bn USD",
    "A seller's equity in labs that comes back to it as rent or as chip orders, traced in proportion",
    lambda m: m.state.flow["equity_home_usd_bn"],
    dimension="seller",
    members=SELLERS,
    flow=True,
)
simple(
    "circular_funding_share",
    "share",
    "Share of a seller's equity in labs since the start that has come back to it; 0 where it put in nothing",
    circular_share,
    dimension="seller",
    members=SELLERS,
)
simple(
    "lab_equity_to_chips_share",
    "share",
    "Share of all equity put into labs since the start that has reached chip vendors",
    to_chips_share,
)
