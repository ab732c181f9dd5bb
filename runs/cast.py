"""Building the cast: every agent with its parameters, its policy and its own start figures."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from agents.additions import AddedFirm
from agents.backers import Grid, Investors, Landlords, Lenders
from agents.base import Firm
from agents.cast import Cast
from agents.customers import Customers
from agents.microsoft import InHouseLab, Microsoft
from agents.openai import OpenAI
from agents.oracle import Oracle
from agents.rivals import RivalClouds, RivalLabs
from agents.softbank import SoftBank
from agents.vendors import Vendor
from agents.xai import XAI
from runs.opening import ASIC_LANDED_SHARE
from world.arrays import PerWorld, fold
from world.chips import programme_npv_usd_bn
from world.costs import annuity_value
from world.parameters import Parameters, specifications, unknown
from world.planning import growth_over
from world.record import StartState

if TYPE_CHECKING:
    from runs.model import ComputeMarket

INHERITS = {
    "microsoft": ("planners", "operators"),
    "oracle": ("planners", "operators"),
    "rival_clouds": ("planners", "operators"),
    "xai": ("planners", "labs", "operators"),
    "openai": ("planners", "labs", "operators"),
    "rival_labs": ("planners", "labs"),
    "microsoft_lab": ("planners", "labs"),
}
"""Groups whose parameters a firm takes over; its own rows of the same name win."""


YEARS_OF_GROWTH = {"a_year_of_growth": 4.0, "two_years_of_growth": 8.0, "three_years_of_growth": 12.0}
"""What growth of one a quarter comes to after so many quarters, under the name that a firm knows it by."""
GROWTH_UNTIL = {"growth_at_horizon": "planning_quarters", "growth_in_runway": "runway_quarters"}
"""The same after the quarters of a parameter of the firm."""


def own_parameters(parameters: Parameters, name: str, cast: Cast) -> SimpleNamespace:
    """A firm's parameters as attributes: those of its groups, the elasticities of the market, then its own.

    A firm that was added has those of its parent. Beside them stand what growth of one comes to in all, in years and at
    the horizons of a lab's plans, what a planner's bias takes off a quarter of the first year, what is left of demand
    at long-run cost once a hurdle comes on top, and what a multiple three years on, a saving as long as the exclusive
    contract counts and an own chip are worth today.
    """
    values: dict[str, Any] = {}
    added = {firm.name: firm for firm in cast.added}.get(name)
    name = name if added is None else added.PARENT
    market = parameters.of("market")
    values["elasticity_short"], values["elasticity_long"] = market.elasticity_short, market.elasticity_long
    values["growth_persistence"] = parameters.of("planners").growth_persistence
    values["min_dscr"], values["spread_oracle"] = parameters["lenders.min_dscr"], parameters["lenders.spread_oracle"]
    values["money"] = parameters["currency.scale"]
    values["contract_quarters"] = parameters["openai.contract_quarters"]
    values["lease_term_years"] = parameters["labs.lease_term_quarters"] / 4.0
    for group in (*INHERITS.get(name, ()), name):
        values |= parameters.owned_by(group)
    if added is not None:
        values |= _of_its_own(added, values)
    persistence = values["growth_persistence"]
    values["log_persistence"], values["growth_in_all"] = np.log(persistence), 1.0 / (1.0 - persistence)
    if "planning_bias" in values:
        values["planning_cut"] = np.log1p(values["planning_bias"]) / 4.0
    if "hurdle" in values:
        values["demand_at_hurdle"] = np.exp(-values["elasticity_long"] * np.log1p(values["hurdle"]))
    horizons = dict(YEARS_OF_GROWTH) | {name: values[of] for name, of in GROWTH_UNTIL.items() if of in values}
    one = np.ones_like(persistence)
    values |= {name: growth_over(one, quarters, persistence) for name, quarters in horizons.items()}
    if "mature_multiple" in values:
        values["multiple_in_three_years"] = values["mature_multiple"] * np.exp(
            -3.0 * np.log1p(values["cost_of_equity"])
        )
        values["saving_over_contract"] = annuity_value(
            np.log1p(values["cost_of_equity"]) / 4.0, values["contract_quarters"]
        )
    if "chip_horizon_quarters" in values:
        values |= _chip_programme(values)
    return SimpleNamespace(**values)


def _chip_programme(values: Mapping[str, PerWorld]) -> dict[str, PerWorld]:
    """An own chip's present value by its two parts: of $1 an hour saved on a M H100e, and of the development, $bn."""
    rate = np.log1p(values["cost_of_equity"]) / 4.0
    terms = values["chip_lead_quarters"], values["chip_horizon_quarters"], rate
    one, nothing = np.ones_like(rate), np.zeros_like(rate)
    development = values["chip_development_usd_bn"] * values["money"]
    return {
        "chip_saving_worth": programme_npv_usd_bn(one, one, nothing, nothing, *terms),
        "chip_development_worth_usd_bn": -programme_npv_usd_bn(nothing, one, nothing, development, *terms),
    }


def _of_its_own(firm: AddedFirm, values: Mapping[str, PerWorld]) -> dict[str, PerWorld]:
    """What an added firm has instead of its parent's parameters. Raises: ValueError naming what is wrong."""
    table, own = specifications(), {}
    groups = (firm.PARENT, *reversed(INHERITS[firm.PARENT]))
    for name, value in firm.parameters.items():
        row = next((table[f"{group}.{name}"] for group in groups if f"{group}.{name}" in table), None)
        where = f"{firm.WORD} {firm.name}: parameters"
        if row is None:
            known = [key.partition(".")[2] for key in table if key.partition(".")[0] in groups]
            raise ValueError(f"{where}: {unknown(name, known, 'parameter')}")
        if not row.minimum <= value <= row.maximum:
            raise ValueError(f"{where}: {name}: {value:g} is out of range; allowed: {row.allowed}")
        own[name] = np.full_like(values[name], value)
    return own


def build_cast(
    market: ComputeMarket, start: StartState, parameters: Parameters, policies: Mapping[str, str]
) -> dict[str, Firm]:
    """Create every agent of the model; returns them by name."""
    worlds, money, members = market.worlds, market.money, market.cast

    def make(kind: type[Firm], name: str, *arguments: Any, **keywords: Any) -> Firm:
        keywords["policy"] = policies.get(f"{name}.policy")
        return kind(market, name, own_parameters(parameters, name, members), worlds, *arguments, **keywords)

    def revenue(name: str) -> PerWorld:
        return start.value(name, "revenue_usd_bn") * money

    added = {name: start.value(name, "sold_last_quarter_h100e_m") for name in members.builders}
    merchant = sum(added.values())
    labs = ("openai", "xai", "rival_labs", "microsoft_lab", *members.rivals[1:])
    pool = fold(np.stack([revenue(name) for name in labs]))
    # The custom vendor ships what was sold in the start quarter; it is found from the stock and its growth.
    asic = start.value("rival_clouds", "sold_h100e_m.rival_asic")
    asic_flow = asic * ASIC_LANDED_SHARE
    cast = [
        make(
            OpenAI,
            "openai",
            revenue("openai"),
            start.value("openai", "staff_cost_usd_bn") * money,
            exclusivity=start.value("openai", "exclusivity_state"),
            converted=start.value("openai", "converted"),
            chip_started=start.value("openai", "own_chip_state"),
        ),
        make(Microsoft, "microsoft", addition_share=added["microsoft"] / merchant),
        make(Oracle, "oracle", addition_share=added["oracle"] / merchant),
        make(SoftBank, "softbank", holdings_usd_bn=start.value("softbank", "gross_holdings_usd_bn") * money),
        make(XAI, "xai", revenue("xai")),
        make(InHouseLab, "microsoft_lab", revenue("microsoft_lab")),
        make(RivalLabs, "rival_labs", revenue("rival_labs")),
        *(make(lab.kind, lab.name, revenue(lab.name)) for lab in members.labs_added),
        make(RivalClouds, "rival_clouds", addition_share=added["rival_clouds"] / merchant),
        *(make(cloud.kind, cloud.name, addition_share=added[cloud.name] / merchant) for cloud in members.clouds_added),
        make(
            Vendor,
            "nvidia",
            capacity=start.value("market", "wafers_per_quarter_k"),
            expansion=start.value("market", "wafer_growth_per_quarter"),
        ),
        make(
            Vendor,
            "broadcom",
            capacity=asic_flow,
            expansion=start.value("market", "wafer_growth_per_quarter"),
        ),
        make(Lenders, "lenders"),
        make(Landlords, "landlords"),
        make(Grid, "grid"),
        make(Investors, "investors"),
        make(
            Customers,
            "customers",
            pool_usd_bn=pool,
            services_growth=start.value("openai", "revenue_growth_per_quarter"),
            services_projection=start.value("openai", "projected_growth_per_quarter"),
            demand_growth=start.value("market", "demand_growth_per_quarter"),
        ),
    ]
    return {agent.name: agent for agent in cast}
