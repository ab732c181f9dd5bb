"""Metrics of credit: debt, when it falls due and what it costs, coverage, loan to value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runs.credit import MOST_LEVERAGE
from runs.registry import simple
from world.arrays import PerWorld, ratio
from world.credit import dscr

if TYPE_CHECKING:
    from runs.model import ComputeMarket


def oracle_dscr(m: ComputeMarket) -> PerWorld:
    """Yearly cash flow before debt service over interest and principal."""
    interest = m.state.flow["oracle_interest_usd_bn"]
    return dscr(m.cash_flow["oracle"] + interest, interest + m.state.flow["oracle_principal_usd_bn"])


def before_rent(m: ComputeMarket) -> PerWorld:
    """Oracle's cash flow of the quarter before interest and rent of shells."""
    flow = m.state.flow
    return m.cash_flow["oracle"] + flow["oracle_interest_usd_bn"] + flow["oracle_shell_rent_usd_bn"]


def oracle_fixed_charge_cover(m: ComputeMarket) -> PerWorld:
    """Yearly cash flow before debt service and rent of shells over both: rent is owed like debt."""
    flow = m.state.flow
    service = flow["oracle_interest_usd_bn"] + flow["oracle_principal_usd_bn"]
    return dscr(before_rent(m), service + flow["oracle_shell_rent_usd_bn"])


def oracle_leverage(m: ComputeMarket) -> PerWorld:
    """Net debt and leased shells over a year's cash flow before interest and rent: what rating agencies look at."""
    ledger = m.state.ledger
    owed = ledger.debt("oracle") + ledger.lease_liability("oracle") - ledger.cash("oracle")
    return ratio(owed, 4.0 * before_rent(m), MOST_LEVERAGE).clip(0.0, MOST_LEVERAGE)


simple(
    "debt_usd_bn",
    "bn USD",
    "Debt",
    lambda m: m.state.ledger.balance["debt"][m.cast.sector_rows(m.cast.actors)],
    dimension="firm",
    axis="actors",
)
simple("oracle_debt_usd_bn", "bn USD", "Oracle's debt", lambda m: m.state.ledger.debt("oracle"))
simple("oracle_dscr", "ratio", "Oracle's cash flow over debt service", oracle_dscr)
simple("softbank_ltv", "share", "SoftBank's loan to value", lambda m: m.state.flow["ltv"])
simple(
    "softbank_breach",
    "flag",
    "SoftBank above its hard cap",
    lambda m: m.firms["softbank"].breach(m.state.flow["ltv"]).astype(float),
)
simple(
    "softbank_call_usd_bn",
    "bn USD",
    "Holdings that SoftBank sells because its lenders call",
    lambda m: m.state.flow["call_sold_usd_bn"],
    flow=True,
)
simple(
    "softbank_lapsed_usd_bn",
    "bn USD",
    "Equity that SoftBank promised OpenAI on a condition and owes no more",
    lambda m: m.state.flow["tranche_lapsed_usd_bn"],
    flow=True,
)
simple(
    "oracle_fixed_charge_cover",
    "ratio",
    "Oracle's cash flow before rent over debt service and rent of shells",
    oracle_fixed_charge_cover,
)
simple(
    "oracle_leverage",
    "turns",
    "Oracle's net debt and leased shells over a year's cash flow before interest and rent",
    oracle_leverage,
)
simple(
    "lease_liability_usd_bn",
    "bn USD",
    "Leased shells on the books, at cost less what has run",
    lambda m: m.state.ledger.balance["lease_liability"][m.cast.sector_rows(m.cast.operators)],
    dimension="firm",
    axis="operators",
)
simple(
    "debt_due_usd_bn",
    "bn USD",
    "Principal that falls due within a year",
    lambda m: m.state.debt.due_within_year_usd_bn,
    dimension="debtor",
    axis="debtors",
)
simple(
    "coupon_rate",
    "rate per year",
    "Average coupon on debt",
    lambda m: m.state.debt.coupon,
    dimension="debtor",
    axis="debtors",
)
simple(
    "borrowing_rate",
    "rate per year",
    "What lenders ask for new debt",
    lambda m: m.state.flow["rates"],
    dimension="debtor",
    axis="debtors",
)
simple(
    "tenant_spread_rate",
    "rate per year",
    "What lenders add for OpenAI's credit on debt behind its leases",
    lambda m: m.state.flow["tenant_spread"],
)
simple(
    "phase_loan_share",
    "share",
    "Debt over cost that lenders give on a new phase let to OpenAI",
    lambda m: m.state.flow["loan_share.openai"],
)
simple(
    "lapsed_h100e_m",
    "M H100e",
    "Leases given up because the provider was late",
    lambda m: m.state.flow["lapsed_h100e_m"],
    dimension="pair",
    axis="pair_names",
    flow=True,
)
