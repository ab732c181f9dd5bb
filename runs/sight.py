"""The frozen views that agents decide on, made from the state once for each step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from agents.views import MarketView
from runs.state import CHIPS_AHEAD, GENERATION, MERCHANT_ROWS, State
from world.arrays import PerRow, PerWorld, fold, locked, ratio
from world.chips import list_price_k
from world.costs import HOURS_PER_YEAR, capital_usd_h, running_usd_h, term_price
from world.parameters import Parameters
from world.planning import demand_at_cost
from world.student import tail_polynomial

if TYPE_CHECKING:
    from runs.model import ComputeMarket


def price_chips(market: ComputeMarket) -> None:
    """Work out this quarter's chip prices and costs, once, into the flow."""
    s, p = market.state, market.parameters
    g, chips, costs = s.generations, p.of("chips"), p.of("costs")
    vendor = market.firms["nvidia"]
    pressure = vendor.queue_quarters / vendor.parameters.target_lead_quarters
    price = list_price_k(
        g.launch_price_k, s.quarter - g.priced_from, chips.price_drift, pressure, chips.price_elasticity
    )
    # Its later versions give more for the money, as everybody's do.
    learning = np.exp(-p.of("openai").chip_improvement * (s.quarter + 1) / 4.0)
    price[GENERATION["own_chip"]] = p.of("openai").chip_price_k * market.money * learning
    for_one_h100e = price / g.h100e
    power = power_price(market)
    cash = running_usd_h(
        for_one_h100e,
        g.kw_per_h100e,
        system_multiple=costs.system_multiple,
        power_usd_mwh=power,
        power_draw=costs.power_draw,
        operations_share=costs.operations_share,
    )
    capital = capital_usd_h(
        for_one_h100e,
        g.kw_it_per_h100e,
        cost_of_capital=costs.capital_premium + s.ten_year_rate,
        rent_fall=costs.rent_fall,
        chip_life_years=costs.chip_life_years,
        system_multiple=costs.system_multiple,
        shell_usd_m_per_it_mw=costs.shell_usd_m_per_it_mw * market.money,
        shell_life_years=costs.shell_life_years,
        utilisation=costs.utilisation,
    )
    s.flow |= {"chip_price_k": price, "cash_cost_usd_h": cash, "cost_usd_h": capital + cash, "power_usd_mwh": power}
    # k$ for one H100e are $bn for a million of them.
    new_chips = fold(s.ordered_shares * for_one_h100e[MERCHANT_ROWS])
    s.flow |= {"h100e_price_k": for_one_h100e, "new_chips_usd_bn": new_chips}


def power_price(market: ComputeMarket) -> PerWorld:
    """Delivered power, $/MWh."""
    costs = market.parameters.of("costs")
    price: PerWorld = market.money * costs.power_usd_mwh * np.exp(costs.power_growth * (market.state.quarter + 1) / 4.0)
    return price


STANDING = (
    "new_usefulness",
    "new_cost_usd_h",
    "new_kw",
    "new_capital_usd_bn",
    "new_running_usd_h",
    "new_shell_usd_bn",
    "term_level",
    "power_gw",
    "power_needed_gw",
    "owned_h100e_m",
    "deployed_h100e_m",
    "deployed_by_generation_h100e_m",
    "sold_by_generation_h100e_m",
    "standing_effective_m",
    "waiting_effective_m",
)
"""Figures of the newest chips and of the fleets that nothing changes between delivery and the quarter's end."""


def standing_figures(market: ComputeMarket) -> Mapping[str, np.ndarray]:
    """The figures named in STANDING: those noted at delivery this quarter, else as they are now."""
    s = market.state
    return s.flow if STANDING[0] in s.flow else measure_standing(market)


def measure_standing(market: ComputeMarket) -> dict[str, np.ndarray]:
    """Work out the figures named in STANDING."""
    s, p = market.state, market.parameters
    g, rows = s.generations, MERCHANT_ROWS
    weight = s.ordered_shares
    useful, kw = (figure[s.quarter + CHIPS_AHEAD] for figure in s.newest)
    sold, by_generation = s.fleet.sold, fold(s.fleet.deployed)
    sold_by_generation = fold(sold)
    standing = fold(by_generation * g.usefulness)
    costs = p.of("costs")
    # A million H100e at so many kW each are as many GW; a shell at $m per MW is as many $bn per GW.
    shell = kw * costs.shell_usd_m_per_it_mw * market.money / costs.facility_over_it
    rent = shell * p.of("landlords").yield_on_cost * 1000.0 / HOURS_PER_YEAR
    return {
        "new_usefulness": useful,
        "new_cost_usd_h": fold(weight * s.flow["cost_usd_h"][rows]) / useful,
        "new_kw": kw,
        "new_running_usd_h": (fold(weight * s.flow["cash_cost_usd_h"][rows]) + rent) / useful,
        "new_shell_usd_bn": shell,
        "new_capital_usd_bn": s.flow["new_chips_usd_bn"] * costs.system_multiple,
        "term_level": p.once(term_level),
        "power_gw": power_gw(s),
        "power_needed_gw": fold((sold * g.kw_per_h100e).swapaxes(0, 1)),
        "owned_h100e_m": fold(sold.swapaxes(0, 1)),
        "deployed_h100e_m": fold(s.fleet.deployed.swapaxes(0, 1)),
        "deployed_by_generation_h100e_m": by_generation,
        "sold_by_generation_h100e_m": sold_by_generation,
        "standing_effective_m": standing,
        "waiting_effective_m": fold(sold_by_generation * g.usefulness) - standing,
    }


def term_level(parameters: Parameters) -> PerWorld:
    """Level price of a lease over its term for a spot price of one that falls as rents are expected to, (worlds,)."""
    fall, years = parameters["costs.rent_fall"], parameters["labs.lease_term_quarters"] / 4.0
    return locked(term_price(np.ones(fall.shape), -fall / 4.0, years, 1.0, discount_rate_per_quarter=0.02))


def core_growth_factor(parameters: Parameters) -> PerWorld:
    """By what everybody's core business grows in a quarter."""
    factor: PerWorld = np.exp(parameters["operators.core_growth"])
    return factor


def tails_of_demand(parameters: Parameters) -> PerRow:
    """How the common innovations of growth are drawn out of normal numbers, (powers, worlds)."""
    return tail_polynomial(parameters["customers.tail_freedom"])


def market_view(market: ComputeMarket) -> MarketView:
    """What everybody sees now."""
    s, p = market.state, market.parameters
    g, m = s.generations, p.of("market")
    fixed = standing_figures(market)
    useful, kw = fixed["new_usefulness"], fixed["new_kw"]
    power = fixed["power_gw"]
    idle = np.maximum(power - fixed["power_needed_gw"], 0.0)
    coming_power = fold(idle + building_gw(s)) / kw * useful
    backlog = fold(backlog_h100e_m(s)) * useful + s.asic_queue_h100e_m * g.usefulness[GENERATION["rival_asic"]]
    index = unit_rent(s)
    # The slow index is one of the users' (with the variety gain of many generations): put on the same footing.
    kind = market.cast.kind_of_user[market.cast.user["enterprise"]]
    slow = np.exp(s.market.log_slow_index[kind] - s.market.log_index[kind]) * index
    level, cost, capacity = fixed["term_level"], fixed["new_cost_usd_h"], fixed["standing_effective_m"]
    return MarketView(
        quarter=s.first_quarter + 1 + s.quarter,
        elapsed=s.quarter + 1,
        price_usd_h=s.market.price_usd_h,
        index_usd_h=index,
        slow_index_usd_h=slow,
        term_price_usd_h=index * level * m.lease_risk_premium,
        term_level=level,
        posted_usd_h=s.market.posted_usd_h,
        long_run_cost_usd_h=cost,
        usefulness=useful,
        power_kw=kw,
        capital_usd_bn=fixed["new_capital_usd_bn"],
        growth=s.growth_believed,
        capacity_effective_m=capacity,
        demand_at_cost_m=demand_at_cost(capacity, index, slow, cost, m.elasticity_short, m.elasticity_long),
        power_effective_m=coming_power,
        chips_effective_m=np.maximum(fixed["waiting_effective_m"], 0.0) + backlog,
        chip_lead_quarters=chip_lead(market),
        base_rate=s.base_rate,
        credit_cycle=market.firms["lenders"].credit_cycle,
        cost_of_capital=p.of("costs").capital_premium + s.ten_year_rate,
        running_usd_h=fixed["new_running_usd_h"],
        shell_usd_bn=fixed["new_shell_usd_bn"],
        tenant_spread=s.flow["tenant_spread"] if "tenant_spread" in s.flow else np.zeros(s.worlds),
    )


def unit_rent(s: State) -> PerWorld:
    """Average rent of one effective unit of merchant compute, $/effective H100e-hour: what a builder can earn."""
    if s.market.rent_usd_h is None:
        sold, price = s.market.sold_h100e_m[MERCHANT_ROWS], s.market.price_usd_h[MERCHANT_ROWS]
        units = fold(sold * s.generations.usefulness[MERCHANT_ROWS])
        s.market.rent_usd_h = ratio(fold(sold * price), units, 1.0)
    return s.market.rent_usd_h


def chip_lead(market: ComputeMarket) -> PerWorld:
    """Quarters from order to deployment of merchant chips today."""
    vendor = market.firms["nvidia"]
    lead: PerWorld = vendor.parameters.production_quarters + np.minimum(vendor.queue_quarters, 1.5) + 1.0
    return lead


def power_gw(s: State) -> PerRow:
    """Energised facility power of each operator, named sites included, (operators, worlds)."""
    if "power_gw" in s.flow:
        return s.flow["power_gw"]
    return s.sites.energised_gw + s.phases.add_by("operator", s.cast.operators)


def building_gw(s: State) -> PerRow:
    """Facility power under construction, named sites included, (operators, worlds); kept until sites are ordered."""
    if "building_gw" not in s.flow:
        named = s.phases.add_by("operator", s.cast.operators, s.phases.building_gw)
        s.flow["building_gw"] = locked(s.sites.building_gw + named)
    return s.flow["building_gw"]


def backlog_h100e_m(s: State) -> PerRow:
    """Merchant chips ordered and not delivered, (operators, worlds)."""
    return s.production.pending() + s.queue_h100e_m
