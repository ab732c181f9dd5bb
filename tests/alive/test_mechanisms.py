"""Every mechanism does something: one parameter or switch of each moves the metric that it must, in the stated sign.

Worlds are paired: the same luck with the parameter at its one and at its other value. Along a whole path feedback
acts, so the paired mean must move by more than three standard errors, and by at least the stated share.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

from runs.model import ComputeMarket
from tests.model.ensembles import Variants, finished, run_variants

pytestmark = pytest.mark.slow

WORLDS = 40
ERRORS = 3.0


class Mover(NamedTuple):
    """A parameter at two values, and what the second one does to a metric."""

    scenario: str
    parameter: str
    low: float
    high: float
    metric: str
    member: str | None
    when: str
    sign: int
    least: float


BACKTEST, NOW, NEVER_CONVERTED, GLUT, WINTER = "as-of-2024q3", "baseline", "never converted", "glut", "hard winter"
SCENARIOS: dict[str, tuple[Any, str | None]] = {
    BACKTEST: (BACKTEST, None),
    NOW: (NOW, None),
    NEVER_CONVERTED: ({"extends": BACKTEST, "parameters": {"openai.conversion_quarters": 60.0}}, "2032Q4"),
    GLUT: (
        {
            "extends": NOW,
            "parameters": {"market.band": 3.0},
            "events": [
                {"quarter": "2026Q3", "kind": "demand_shock", "arguments": {"level": -1.5, "of": "workloads"}},
            ],
        },
        "2026Q4",
    ),
}
SCENARIOS[WINTER] = (
    {
        "extends": "demand-winter",
        "events": [
            {"quarter": "2027Q2", "kind": "demand_shock", "arguments": {"level": -1.0, "of": "services"}},
        ],
    },
    "2029Q4",
)
"""Where a mechanism shows: the profit share before a conversion, idle capacity in a glut."""
MOVERS = (
    # the rental market and the prices that people quote
    Mover(BACKTEST, "market.elasticity_short", 0.05, 0.6, "rental_index_usd_h", None, "swing", -1, 0.05),
    Mover(BACKTEST, "market.elasticity_long", 0.8, 2.0, "used_h100e_m", "enterprise", "end", +1, 0.2),
    Mover(BACKTEST, "market.substitution", 8.0, 30.0, "spot_price_usd_h", "hopper", "mean", -1, 0.05),
    Mover(BACKTEST, "market.hedonic_exponent", 0.48, 0.85, "long_run_cost_usd_h", None, "end", -1, 0.1),
    Mover(BACKTEST, "market.slow_speed", 0.01, 1.0, "openai_compute_bill_usd_bn", None, "mean", +1, 0.05),
    Mover(BACKTEST, "market.index_speed", 0.05, 1.0, "h100_price_usd_h", None, "swing", +1, 0.1),
    Mover(BACKTEST, "market.one_year_premium", 0.95, 1.15, "h100_price_usd_h", None, "mean", +1, 0.1),
    Mover(BACKTEST, "market.list_premium", 2.0, 3.5, "list_price_usd_h", None, "mean", +1, 0.3),
    Mover(BACKTEST, "market.list_threshold", 0.0, 0.6, "list_price_usd_h", None, "swing", -1, 0.02),
    # rationing of chips and power
    Mover(BACKTEST, "nvidia.size_weight", 0.0, 2.0, "colossus_h100e_m", None, "mean", -1, 0.02),
    Mover(BACKTEST, "grid.size_weight", 0.0, 1.0, "energised_facility_gw", "oracle", "end", -1, 0.1),
    # tender, first refusal and bargaining
    Mover(NOW, "microsoft.caution", 0.0, 3.0, "sold_h100e_m", "microsoft", "end", -1, 0.1),
    Mover(BACKTEST, "microsoft.caution", 0.0, 3.0, "backlog_usd_bn", "microsoft", "mean", -1, 0.1),
    Mover(BACKTEST, "openai.dependence_premium", 0.0, 1.5, "openai_compute_bill_usd_bn", None, "mean", -1, 0.1),
    Mover(BACKTEST, "market.delay_cost_per_quarter", 0.0, 0.2, "backlog_usd_bn", "oracle", "mean", -1, 0.05),
    Mover(BACKTEST, "openai.patience_share", 0.0, 20.0, "exclusivity", None, "mean", +1, 0.1),
    Mover(BACKTEST, "microsoft.consent_share", 0.0, 1.0, "exclusivity", None, "soon", +1, 0.2),
    Mover(BACKTEST, "microsoft.influence_share", 0.0, 0.2, "exclusivity", None, "mean", +1, 0.05),
    Mover(BACKTEST, "openai.contract_quarters", 8.0, 28.0, "release_price_usd_bn", None, "mean", +1, 0.2),
    Mover(BACKTEST, "openai.commitment_share", 0.0, 2.0, "release_commitment_usd_bn", None, "mean", +1, 0.5),
    Mover(BACKTEST, "market.provider_weight", 0.0, 1.0, "backlog_usd_bn", "oracle", "end", +1, 0.05),
    Mover(BACKTEST, "labs.tender_share", 0.3, 0.8, "backlog_usd_bn", "rival_clouds", "mean", +1, 0.05),
    # the very large cluster
    Mover(NOW, "openai.cluster_usd_bn", 50.0, 400.0, "cluster_bid", None, "mean", -1, 0.2),
    Mover(BACKTEST, "microsoft.cluster_cash_share", 0.0, 0.5, "cluster_able", "microsoft", "mean", +1, 0.2),
    Mover(BACKTEST, "lenders.min_dscr", 1.15, 1.5, "cluster_able", "oracle", "mean", -1, 0.02),
    # leases
    Mover(BACKTEST, "labs.lease_term_quarters", 16.0, 24.0, "backlog_usd_bn", "rival_clouds", "end", +1, 0.2),
    Mover(NOW, "market.sublet_friction", 0.0, 0.4, "openai_burn_usd_bn", None, "mean", +1, 0.01),
    Mover(BACKTEST, "market.late_patience_quarters", 1.0, 20.0, "pending_h100e_m", "oracle>openai", "mean", +1, 0.05),
    Mover(GLUT, "market.take_or_pay", 0.0, 1.0, "openai_compute_bill_usd_bn", None, "mean", +1, 0.001),
    # fleets, sites and power
    Mover(BACKTEST, "chips.attrition", 0.02, 0.05, "generation_h100e_m", "hopper", "end", -1, 0.05),
    Mover(BACKTEST, "oracle.build_quarters", 5.0, 10.0, "energised_facility_gw", "oracle", "mean", -1, 0.1),
    Mover(BACKTEST, "grid.additions_gw", 3.5, 7.5, "energised_facility_gw", "rival_clouds", "end", +1, 0.1),
    Mover(BACKTEST, "grid.slippage_quarters", 0.0, 4.0, "building_facility_gw", "oracle", "mean", +1, 0.1),
    Mover(BACKTEST, "grid.turbines_gw", 0.25, 0.9, "colossus_h100e_m", None, "end", +1, 0.1),
    Mover(NOW, "grid.expansion_grant_odds", 0.0, 1.0, "abilene_facility_gw", None, "end", +1, 0.2),
    Mover(BACKTEST, "landlords.shells_floor_gw", 0.8, 2.5, "energised_facility_gw", "oracle", "end", +1, 0.1),
    # investment
    Mover(BACKTEST, "planners.planning_bias", 0.0, 1.0, "building_facility_gw", "rival_clouds", "mean", -1, 0.1),
    Mover(NOW, "planners.planning_bias", 0.05, 0.3, "merchant_sold_h100e_m", None, "end", -1, 0.03),
    Mover(BACKTEST, "planners.chips_ahead_of_power", 1.02, 1.15, "waiting_h100e_m", "rival_clouds", "mean", +1, 0.3),
    Mover(NOW, "xai.ambition", 0.5, 3.0, "colossus_h100e_m", None, "end", +1, 0.1),
    Mover(NOW, "operators.hurdle", -0.15, 0.3, "merchant_sold_h100e_m", None, "end", -1, 0.02),
    Mover(NOW, "operators.cut_quarters", 1.0, 8.0, "merchant_sold_h100e_m", None, "mean", +1, 0.02),
    # chips
    Mover(BACKTEST, "xai.prepayment_share", 0.0, 1.0, "colossus_h100e_m", None, "soon", +1, 0.02),
    Mover(BACKTEST, "nvidia.prepayment_pull", 0.0, 30.0, "colossus_h100e_m", None, "soon", +1, 0.005),
    Mover(BACKTEST, "operators.prepayment_share", 0.0, 1.0, "cash_usd_bn", "nvidia", "first", +1, 0.05),
    Mover(BACKTEST, "nvidia.max_expansion", 0.18, 0.3, "wafers_k", None, "mean", +1, 0.03),
    Mover(BACKTEST, "chips.launch_slip_quarters", 0.0, 2.0, "generation_h100e_m", "feynman", "mean", -1, 0.1),
    Mover(BACKTEST, "chips.price_drift", 0.07, 0.25, "long_run_cost_usd_h", None, "end", -1, 0.2),
    Mover(BACKTEST, "chips.rubin_h100e", 4.0, 8.84, "generation_h100e_m", "rubin", "mean", +1, 0.2),
    Mover(BACKTEST, "rival_clouds.asic_share", 0.2, 0.35, "generation_h100e_m", "rival_asic", "end", +1, 0.2),
    Mover(NOW, "openai.chip_share", 0.1, 0.35, "generation_h100e_m", "own_chip", "end", +1, 0.3),
    Mover(BACKTEST, "openai.chip_price_k", 15.0, 25.0, "own_chip_value_usd_bn", None, "mean", -1, 0.1),
    # services, capability and training
    Mover(BACKTEST, "customers.services_growth_late", 0.02, 0.07, "openai_revenue_usd_bn", None, "end", +1, 0.2),
    Mover(BACKTEST, "customers.demand_growth_late", 0.015, 0.065, "used_h100e_m", "enterprise", "end", +1, 0.1),
    Mover(BACKTEST, "services.capability_weight", 0.1, 0.45, "lab_revenue_usd_bn", "microsoft_lab", "mean", -1, 0.05),
    Mover(BACKTEST, "services.inference_priority", 0.6, 0.95, "unserved_usd_bn", "openai", "mean", -1, 0.1),
    Mover(BACKTEST, "services.spill_share", 0.0, 1.0, "lab_revenue_usd_bn", "xai", "mean", +1, 0.001),
    Mover(BACKTEST, "services.algorithmic_progress", 0.7, 1.6, "capability", "openai", "end", +1, 0.1),
    Mover(BACKTEST, "labs.rd_revenue_share", 0.22, 0.42, "rd_cost_usd_bn", None, "mean", +1, 0.1),
    Mover(BACKTEST, "labs.inference_cost_share_late", 0.1, 0.8, "inference_cost_usd_bn", None, "end", +1, 0.02),
    # funding
    Mover(BACKTEST, "softbank.ltv_limit", 0.15, 0.35, "openai_stake", "softbank", "end", +1, 0.1),
    Mover(BACKTEST, "softbank.room_use", 0.3, 0.8, "openai_stake", "softbank", "end", +1, 0.1),
    Mover(NEVER_CONVERTED, "softbank.condition_quarters", 1.0, 60.0, "softbank_lapsed_usd_bn", None, "mean", -1, 0.9),
    Mover(BACKTEST, "investors.supply_share", 0.02, 0.08, "cash_usd_bn", "xai", "mean", +1, 0.2),
    Mover(BACKTEST, "labs.runway_quarters", 7.0, 12.0, "openai_cash_usd_bn", None, "mean", +1, 0.1),
    Mover(BACKTEST, "openai.revenue_share", 0.09, 0.18, "openai_burn_usd_bn", None, "mean", +1, 0.05),
    Mover(BACKTEST, "openai.as_converted_share", 0.4, 0.7, "microsoft_bargained_stake", None, "mean", +1, 0.1),
    Mover(BACKTEST, "openai.conversion_gain", 0.0, 0.1, "converted", None, "mean", +1, 0.1),
    Mover(NEVER_CONVERTED, "openai.profit_share_cap_usd_bn", 0.0, 1000.0, "profit_share_usd_bn", None, "mean", +1, 0.1),
    Mover(BACKTEST, "lenders.min_dscr", 1.15, 1.5, "sold_h100e_m", "oracle", "mean", -1, 0.05),
    Mover(BACKTEST, "lenders.spread_oracle", 0.013, 0.028, "oracle_dscr", None, "mean", -1, 0.05),
    Mover(NOW, "lenders.tenor_years", 8.0, 15.0, "debt_due_usd_bn", "oracle", "mean", -1, 0.1),
    Mover(NOW, "lenders.tenant_spread", 0.0, 0.06, "phase_loan_share", None, "mean", -1, 0.02),
    Mover(NOW, "landlords.least_loan", 0.0, 0.9, "energised_facility_gw", "oracle", "mean", -1, 0.01),
    Mover(NOW, "landlords.loan_years", 15.0, 22.0, "phase_loan_share", None, "mean", +1, 0.02),
    Mover(BACKTEST, "oracle.equity_use", 0.1, 2.0, "backlog_usd_bn", "oracle", "mean", +1, 0.1),
    # distress
    Mover(WINTER, "investors.rescue_share", 0.02, 0.35, "rescue_usd_bn", None, "mean", +1, 0.2),
    Mover(WINTER, "investors.rescue_share", 0.02, 0.35, "lease_relief_usd_bn", None, "mean", -1, 0.1),
    Mover(WINTER, "investors.rescue_weight", 0.0, 1.0, "rescue_usd_bn", None, "mean", +1, 0.1),
    Mover(WINTER, "investors.kept_in_default", 0.0, 0.5, "rescue_usd_bn", None, "mean", +1, 0.1),
    Mover(WINTER, "softbank.ltv_cap", 0.3, 0.45, "softbank_call_usd_bn", None, "mean", -1, 0.2),
    Mover(WINTER, "softbank.call_discount", 0.0, 0.3, "softbank_call_usd_bn", None, "mean", +1, 0.1),
    Mover(WINTER, "softbank.call_share", 0.0, 0.4, "softbank_breach", None, "mean", -1, 0.1),
    # money
    Mover(BACKTEST, "openai.credit_use", 0.0, 1.0, "openai_burn_usd_bn", None, "first", -1, 0.2),
    Mover(BACKTEST, "costs.power_usd_mwh", 60.0, 110.0, "long_run_cost_usd_h", None, "end", +1, 0.02),
    Mover(BACKTEST, "landlords.loan_to_cost", 0.68, 0.9, "debt_usd_bn", "landlords", "end", +1, 0.1),
    Mover(BACKTEST, "operators.core_growth", 0.015, 0.035, "cash_usd_bn", "microsoft", "end", +1, 0.05),
)


class Switch(NamedTuple):
    """A scenario that changes one rule or adds one event, and what that does to a metric."""

    name: str
    start: str
    change: dict[str, Any]
    metric: str
    member: str | None
    when: str
    sign: int
    least: float


def policy(firm: str, name: str) -> dict[str, Any]:
    return {"policies": {f"{firm}.policy": name}}


def event(quarter: str, kind: str, **arguments: Any) -> dict[str, Any]:
    return {"events": [{"quarter": quarter, "kind": kind, "arguments": arguments}]}


SWITCHES = (
    Switch("no caution", NOW, policy("microsoft", "match-every-request"), "sold_h100e_m", "microsoft", "end", +1, 0.02),
    Switch("rating", BACKTEST, policy("oracle", "guard-the-rating"), "backlog_usd_bn", "oracle", "mean", -1, 0.02),
    Switch("ltv stop", BACKTEST, policy("softbank", "hard-ltv-stop"), "openai_stake", "softbank", "end", -1, 0.02),
    Switch("all in", BACKTEST, policy("softbank", "all-in"), "openai_stake", "softbank", "end", +1, 0.05),
    Switch("one tenant", NOW, policy("microsoft", "cap-one-tenant"), "sold_h100e_m", "microsoft", "end", -1, 0.2),
    Switch("azure", NOW, policy("openai", "stay-with-azure"), "openai_share", "microsoft", "mean", +1, 0.05),
    Switch("deleverage", BACKTEST, policy("oracle", "deleverage-first"), "backlog_usd_bn", "oracle", "mean", -1, 0.05),
    Switch("outbuild", NOW, policy("xai", "outbuild-everybody"), "colossus_h100e_m", None, "end", +1, 0.05),
    Switch("ltv stop now", NOW, policy("softbank", "hard-ltv-stop"), "softbank_ltv", None, "mean", -1, 0.02),
    Switch(
        "vendor equity",
        BACKTEST,
        event("2025Q1", "equity_round", issuer="openai", by={"nvidia": 10.0, "microsoft": 5.0}),
        "circular_funding_share",
        "nvidia",
        "end",
        +1,
        0.0,
    ),
    Switch(
        "partner equity",
        BACKTEST,
        event("2025Q1", "equity_round", issuer="openai", by={"nvidia": 10.0, "microsoft": 5.0}),
        "circular_funding_share",
        "microsoft",
        "end",
        +1,
        0.0,
    ),
    Switch("no ambition", NOW, policy("xai", "follow-demand"), "colossus_h100e_m", None, "end", -1, 0.02),
    Switch(
        "no asics",
        BACKTEST,
        policy("rival_clouds", "merchant-only"),
        "generation_h100e_m",
        "rival_asic",
        "end",
        -1,
        0.2,
    ),
    Switch(
        "cheapest",
        BACKTEST,
        policy("openai", "cheapest-provider"),
        "openai_share",
        "microsoft",
        "mean",
        +1,
        0.1,
    ),
    Switch(
        "largest first",
        BACKTEST,
        policy("nvidia", "largest-first"),
        "backlog_h100e_m",
        "rival_clouds",
        "mean",
        -1,
        0.003,
    ),
    Switch("no negotiation", BACKTEST, {"negotiate": False}, "openai_share", "rival_clouds", "mean", -1, 0.1),
    Switch(
        "demand", NOW, event("2026Q2", "demand_shock", growth=-0.05), "merchant_sold_h100e_m", None, "end", -1, 0.05
    ),
    Switch(
        "power", NOW, event("2026Q2", "power_price_shock", change=0.5), "long_run_cost_usd_h", None, "end", +1, 0.03
    ),
    Switch("rates", NOW, event("2026Q2", "rate_shock", base=0.03), "oracle_dscr", None, "mean", -1, 0.01),
    Switch(
        "delay",
        NOW,
        event("2026Q1", "site_delay", site="Abilene", quarters=4),
        "abilene_facility_gw",
        None,
        "mean",
        -1,
        0.05,
    ),
)


@pytest.fixture(scope="module")
def paired() -> dict[str, Variants]:
    """All parameters of a scenario in one ensemble: two variants for each row of the table."""
    return {
        scenario: run_variants(
            SCENARIOS[scenario][0],
            [{row.parameter: value} for row in MOVERS if row.scenario == scenario for value in (row.low, row.high)],
            WORLDS,
            until=SCENARIOS[scenario][1],
        )
        for scenario in SCENARIOS
    }


@pytest.fixture(scope="module")
def unchanged() -> dict[str, ComputeMarket]:
    return {scenario: finished(scenario, WORLDS) for scenario in (BACKTEST, NOW)}


def assert_moves(before: np.ndarray, after: np.ndarray, sign: int, least: float) -> None:
    """The paired mean moves by the sign, by more than its error and by the least share of the mean before."""
    change = sign * (after - before)
    error = change.std(ddof=1) / np.sqrt(change.size)
    assert change.mean() > ERRORS * error, (
        f"moves by {sign * change.mean():.4g} +- {error:.2g} (of {before.mean():.4g})"
    )
    assert change.mean() > least * np.abs(before).mean(), f"moves by {sign * change.mean():.4g} of {before.mean():.4g}"


@pytest.mark.parametrize("row", MOVERS, ids=[f"{row.parameter}-{row.metric}" for row in MOVERS])
def test_a_mechanism_is_alive(row: Mover, paired: dict[str, Variants]) -> None:
    place = [other for other in MOVERS if other.scenario == row.scenario].index(row)
    figure = paired[row.scenario].read(row.metric, row.member, row.when)
    assert_moves(figure[2 * place], figure[2 * place + 1], row.sign, row.least)


@pytest.mark.parametrize("row", SWITCHES, ids=[row.name for row in SWITCHES])
def test_a_switch_is_alive(row: Switch, unchanged: dict[str, ComputeMarket]) -> None:
    switched = finished({"extends": row.start, **row.change}, WORLDS)
    figures = [
        Variants({row.metric: market.history.values[row.metric][:, :, None]}).read(row.metric, row.member, row.when)[0]
        for market in (unchanged[row.start], switched)
    ]
    assert_moves(figures[0], figures[1], row.sign, row.least)
