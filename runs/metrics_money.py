"""Metrics of money: revenue, burn, funding, capital spending, debt, ownership and distress."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agents.cast import HOLDERS
from runs.circular import RENT
from runs.registry import simple
from runs.stargate import SPONSORS
from runs.use import used_h100e_m
from world.arrays import PerRow, PerWorld, fold, part_of
from world.incidence import fold_groups

if TYPE_CHECKING:
    from runs.model import ComputeMarket


def idle_cost(m: ComputeMarket) -> PerWorld:
    """Leased beyond use, at the average lease price."""
    s = m.state
    rows = [m.cast.pair[provider, "openai"] for provider in m.cast.providers]
    active = s.leases.active
    held = fold(active[rows])
    used = used_h100e_m(s)[m.cast.user["openai"]]
    return part_of(np.maximum(held - used, 0.0), held) * fold(s.flow["rent_usd_bn"][rows])


def rent_received(m: ComputeMarket) -> PerRow:
    """Rent that each provider was paid."""
    return m.state.ledger.paid_to(RENT, m.cast.providers)


def backlog(m: ComputeMarket) -> PerRow:
    """Remaining contracted rent by provider."""
    return fold_groups(m.state.leases.backlog_usd_bn[m.cast.let], m.cast.provider_of_let, len(m.cast.operators))


simple(
    "nvidia_revenue_usd_bn",
    "bn USD",
    "Nvidia's data-centre revenue",
    lambda m: m.state.flow["vendor_revenue_usd_bn"],
    flow=True,
)
simple("nvidia_gross_margin", "share", "Nvidia's gross margin", lambda m: m.parameters.of("nvidia").gross_margin)
simple("openai_revenue_usd_bn", "bn USD", "OpenAI's revenue", lambda m: m.firms["openai"].revenue_usd_bn, flow=True)
simple(
    "openai_burn_usd_bn",
    "bn USD",
    "Cash that OpenAI burns, before equity and debt",
    lambda m: m.state.flow["burn.openai"],
    flow=True,
)
simple("openai_cash_usd_bn", "bn USD", "OpenAI's cash", lambda m: m.state.ledger.cash("openai"))
simple(
    "openai_valuation_usd_bn",
    "bn USD",
    "OpenAI's valuation after the last round",
    lambda m: m.state.cap.valuation_usd_bn,
)
simple(
    "openai_raised_usd_bn",
    "bn USD",
    "Equity paid into OpenAI",
    lambda m: m.state.ledger.paid("equity", payee="openai"),
    flow=True,
)
simple(
    "softbank_paid_usd_bn",
    "bn USD",
    "SoftBank's equity paid into OpenAI",
    lambda m: m.state.ledger.paid("equity", "softbank", "openai"),
    flow=True,
)
simple("openai_stake", "share", "Who owns OpenAI", lambda m: m.state.cap.stakes, dimension="holder", members=HOLDERS)
simple(
    "inference_cost_usd_bn",
    "bn USD",
    "OpenAI's inference compute at market prices",
    lambda m: m.state.flow["inference_usd_bn"][0],
    flow=True,
)
simple(
    "rd_cost_usd_bn",
    "bn USD",
    "OpenAI's R&D compute at market prices",
    lambda m: m.state.flow["rd_usd_bn"][0],
    flow=True,
)
simple(
    "openai_payments_to_microsoft_usd_bn",
    "bn USD",
    "OpenAI's payments to Microsoft",
    lambda m: m.state.flow["payments_to_microsoft_usd_bn"],
    flow=True,
)
simple(
    "openai_compute_bill_usd_bn",
    "bn USD",
    "OpenAI's rent under leases",
    lambda m: fold(m.state.flow["rent_usd_bn"][m.cast.held_by["openai"]]),
    flow=True,
)
simple("openai_idle_usd_bn", "bn USD", "Rent of leased compute that OpenAI does not use", idle_cost, flow=True)
simple(
    "lab_revenue_usd_bn",
    "bn USD",
    "Revenue from AI services",
    lambda m: m.state.flow["served_usd_bn"],
    dimension="lab",
    axis="labs",
    flow=True,
)
simple(
    "unserved_usd_bn",
    "bn USD",
    "Demand for AI services that a lab could not serve",
    lambda m: m.state.flow["unserved_usd_bn"],
    dimension="lab",
    axis="labs",
    flow=True,
)
simple(
    "rent_received_usd_bn",
    "bn USD",
    "Rent that a provider receives, under leases and at the market",
    rent_received,
    dimension="firm",
    axis="providers",
    flow=True,
)
simple(
    "capex_usd_bn",
    "bn USD",
    "Capital spending",
    lambda m: m.state.flow["capex_usd_bn"],
    dimension="firm",
    axis="operators",
    flow=True,
)
simple(
    "backlog_usd_bn",
    "bn USD",
    "Contracted rent still to be received",
    backlog,
    dimension="firm",
    axis="operators",
)
simple(
    "cash_usd_bn",
    "bn USD",
    "Cash",
    lambda m: m.state.ledger.balance["cash"][m.cast.sector_rows(m.cast.actors)],
    dimension="firm",
    axis="actors",
)
simple(
    "stargate_equity_usd_bn",
    "bn USD",
    "Equity that sponsors pay into Stargate phases",
    lambda m: np.array([m.state.flow[f"sponsor.{k}"] for k in SPONSORS]),
    dimension="sponsor",
    members=tuple(SPONSORS),
    flow=True,
)
simple("exclusivity", "state", "2 sole provider, 1 first refusal, 0 none", lambda m: m.firms["openai"].exclusivity)
simple(
    "release_price_usd_bn",
    "bn USD",
    "What Microsoft gets for a step of OpenAI's freedom, in commitments and stakes",
    lambda m: m.state.flow["release_price_usd_bn"],
    flow=True,
)
simple(
    "release_commitment_usd_bn",
    "bn USD",
    "Take-or-pay rent that OpenAI commits to for a step of its freedom, over its term",
    lambda m: m.state.flow["commitment_usd_bn"],
    flow=True,
)
simple("converted", "flag", "OpenAI converted", lambda m: m.firms["openai"].converted)
simple(
    "microsoft_bargained_stake",
    "share",
    "Stake that Microsoft got for its profit share, in the quarter of the conversion",
    lambda m: m.state.flow["bargained_stake"],
)
simple(
    "profit_share_usd_bn",
    "bn USD",
    "Profit share paid to Microsoft",
    lambda m: m.state.flow["profit_share_usd_bn"],
    flow=True,
)
simple(
    "revenue_share_usd_bn",
    "bn USD",
    "Revenue share paid to Microsoft, net",
    lambda m: m.state.flow["revenue_share_usd_bn"],
    flow=True,
)
simple("rescue_usd_bn", "bn USD", "Rescue rounds of OpenAI", lambda m: m.state.flow["rescue_usd_bn"], flow=True)
simple(
    "lease_relief_usd_bn",
    "bn USD",
    "Rent of the quarter that providers give up so that a tenant can pay the rest",
    lambda m: fold(m.state.flow["lease_relief_usd_bn"]),
    flow=True,
)
simple(
    "default_loss_usd_bn",
    "bn USD",
    "Dues that stay unpaid, by who loses them",
    lambda m: m.state.flow["default_loss_usd_bn"],
    dimension="creditor",
    axis="creditors",
    flow=True,
)
simple("openai_default", "flag", "OpenAI left a due unpaid", lambda m: m.state.flow["default"])
simple(
    "own_chip_value_usd_bn",
    "bn USD",
    "Expected present value of OpenAI's own chip",
    lambda m: m.state.flow["chip_value_usd_bn"],
)
simple(
    "fixed_assets_usd_bn",
    "bn USD",
    "Plant at book value",
    lambda m: m.state.ledger.balance["fixed"][m.cast.sector_rows(m.cast.actors)],
    dimension="firm",
    axis="actors",
)
