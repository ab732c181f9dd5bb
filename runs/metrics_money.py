"""Metrics of money: revenue, burn, funding, capital spending, debt, ownership and distress."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agents.cast import ACTORS, HOLDERS, LABS, OPERATORS, PAIRS, PROVIDERS
from runs.accounts import LET, PROVIDER_OF_LET
from runs.credit import debtor_rows
from runs.distress import CREDITORS
from runs.registry import simple
from runs.stargate import SPONSORS
from runs.state import PAIR, USER
from world.arrays import PerRow, PerWorld, fold, fold_sectors, ratio

if TYPE_CHECKING:
    from runs.model import ComputeMarket

ACTOR_ROWS = debtor_rows(ACTORS)
"""Rows of the actors in the books."""
TO_OPENAI = [PAIR[(provider, "openai")] for provider in PROVIDERS]
"""Rows of the leases for which OpenAI pays rent to others."""
OF_OPENAI = [k for k, pair in enumerate(PAIRS) if pair[1] == "openai"]
"""Rows of all its leases, of its own chips too."""


def idle_cost(m: ComputeMarket) -> PerWorld:
    """Leased beyond use, at the average lease price."""
    s = m.state
    held = fold(s.leases.active[TO_OPENAI])
    used = fold(s.market.bought_h100e_m[USER["openai"]])
    return ratio(np.maximum(held - used, 0.0), held) * fold(s.flow["rent_usd_bn"][TO_OPENAI])


def backlog(m: ComputeMarket) -> PerRow:
    """Remaining contracted rent by provider."""
    return fold_sectors(m.state.leases.backlog_usd_bn[LET], PROVIDER_OF_LET, len(OPERATORS))


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
    lambda m: fold(m.state.flow["rent_usd_bn"][OF_OPENAI]),
    flow=True,
)
simple("openai_idle_usd_bn", "bn USD", "Rent of leased compute that OpenAI does not use", idle_cost, flow=True)
simple(
    "lab_revenue_usd_bn",
    "bn USD",
    "Revenue from AI services",
    lambda m: m.state.flow["served_usd_bn"],
    dimension="lab",
    members=LABS,
    flow=True,
)
simple(
    "unserved_usd_bn",
    "bn USD",
    "Demand for AI services that a lab could not serve",
    lambda m: m.state.flow["unserved_usd_bn"],
    dimension="lab",
    members=LABS,
    flow=True,
)
simple(
    "capex_usd_bn",
    "bn USD",
    "Capital spending",
    lambda m: m.state.flow["capex_usd_bn"],
    dimension="firm",
    members=OPERATORS,
    flow=True,
)
simple(
    "backlog_usd_bn",
    "bn USD",
    "Contracted rent still to be received",
    backlog,
    dimension="firm",
    members=OPERATORS,
)
simple(
    "cash_usd_bn",
    "bn USD",
    "Cash",
    lambda m: m.state.ledger.balance["cash"][ACTOR_ROWS],
    dimension="firm",
    members=ACTORS,
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
    members=CREDITORS,
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
    lambda m: m.state.ledger.balance["fixed"][ACTOR_ROWS],
    dimension="firm",
    members=ACTORS,
)
