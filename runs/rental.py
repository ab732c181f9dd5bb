"""Clear and operate: labs budget, the rental market clears, labs split what they bought, serve, earn and learn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agents.views import MarketView
from runs.firm_books import purse
from runs.sight import standing_figures
from runs.state import GENERATION
from runs.use import use_at, used_h100e_m
from world.arrays import PerRow, PerWorld, fold, ratio
from world.costs import close_gap, step_list_price
from world.incidence import fold_groups
from world.leases import USD_BN_PER_RENT
from world.nested_clearing import NestedClearing, clear_nested_market
from world.nested_market import NestedMarket
from world.parameters import Parameters
from world.planning import learn_growth, slow_speed
from world.services import (
    demand_scale,
    next_capability,
    serve,
    shares_of_spending,
    split_inference,
    unserved_share,
)

if TYPE_CHECKING:
    from runs.model import ComputeMarket

PRICE_FLOOR_USD_H, PRICE_CAP_USD_H = 0.01, 100.0
"""Bounds of the clearing price, far outside what any market has seen."""
LEAST_RESERVE_USD_H = 1e-3
"""Least that a holder takes for an hour, whatever power and operations cost."""


def clear(market: ComputeMarket, view: MarketView) -> None:
    """Labs set budgets, workloads grow, and the rental market clears gross: everybody bids for all that it uses.

    Args: view: what everybody saw this quarter before orders were placed.
    """
    s, cast, before = market.state, market.cast, market.state.market
    m = market.parameters.of("market")
    scale = demand_scales(market, view)
    observed = np.log(fold(scale) / fold(before.scale))
    s.growth_believed = learn_growth(s.growth_believed, observed, market.parameters.of("planners").learning)

    of_user = cast.kind_of_user
    now = scale * np.exp((m.elasticity_short - m.elasticity_long) * before.log_slow_index).take(of_user, axis=0)
    pooled = fold_groups(now, of_user, len(cast.kinds))
    result = clear_held(market, pooled)
    price, traded = result.price, result.sold > 0.0
    spot_hopper = price[GENERATION["hopper"]]
    # The posted index follows a one-year price: spot as it is expected to move over the year.
    target = spot_hopper * market.parameters.once(year_over_spot)
    posted = close_gap(
        before.posted_usd_h, np.where(traded[GENERATION["hopper"]], target, before.posted_usd_h), m.index_speed
    )
    speed = market.parameters.once(speed_of_slow_index)
    s.market = type(before)(
        price_usd_h=price,
        traded=traded,
        taken_h100e_m=result.taken,
        strength=now * ratio(result.strength, pooled).take(of_user, axis=0),
        sold_h100e_m=result.sold,
        log_index=result.log_index,
        log_slow_index=before.log_slow_index + speed * (result.log_index - before.log_slow_index),
        posted_usd_h=posted,
        list_usd_h=step_list_price(before.list_usd_h, posted * m.list_premium, m.list_threshold),
        rationed=result.rationed,
        scale=scale,
    )
    s.flow["excess_demand"] = result.excess_demand
    s.flow["spent_usd_bn"] = use_at(s, result.taken * price) * USD_BN_PER_RENT


def clear_held(market: ComputeMarket, scale: PerRow) -> NestedClearing:
    """Clear what is held of each generation, `scale` (kinds, worlds) being what each kind of users demands at $1.

    Users who can use the same chips demand alike, and so do holders offer whose chips cost the same to run: each kind
    enters the market as one and shares its trade in proportion, which is what all of them would get one by one.
    """
    s, m, g = market.state, market.parameters.of("market"), market.state.generations
    nested = NestedMarket(
        captive_to=np.array(market.cast.captive_to),
        log_theta=g.log_usefulness,
        capacity=standing_figures(market)["deployed_by_generation_h100e_m"],
        reserve=np.maximum(s.flow["cash_cost_usd_h"], LEAST_RESERVE_USD_H),
        band=m.band,
        scale=scale,
        elasticity=m.elasticity_short,
        substitution=m.substitution,
    )
    # Its own prices nearly always clear it.
    guess, s.flow["average_log_index"] = nested.prices(s.market.log_index, s.last.get("average_log_index"))
    floor, cap = PRICE_FLOOR_USD_H * market.money, PRICE_CAP_USD_H * market.money
    return clear_nested_market(nested, guess, floor, cap)


def year_over_spot(parameters: Parameters) -> PerWorld:
    """A one-year price over spot, which falls on as rents do, (worlds,)."""
    return np.exp(-parameters["costs.rent_fall"] / 8.0) * parameters["market.one_year_premium"]


def speed_of_slow_index(parameters: Parameters) -> PerWorld:
    """Share of its gap to the index that the slow one closes in a quarter, in logarithms, (worlds,)."""
    m = parameters.of("market")
    return slow_speed(m.slow_speed, m.elasticity_short, m.elasticity_long)


def demand_scales(market: ComputeMarket, view: MarketView) -> PerRow:
    """Long-run demand scale A of every user: labs from budgets, workloads from the growth of their demand."""
    s, cast = market.state, market.cast
    m = market.parameters.of("market")
    share_out_pool(market)
    labs = [market.firms[name] for name in cast.labs]
    best = np.array([lab.capability for lab in labs]).max(axis=0)
    budgets = [lab.plan_budget(view, purse(market, lab.name), best - lab.capability) for lab in labs]
    for lab, budget in zip(labs, budgets, strict=True):
        lab.settle_budget(budget)
    inference = s.flow["budget_inference_usd_bn"] = np.array([budget.inference_usd_bn for budget in budgets])
    research = s.flow["budget_rd_usd_bn"] = np.array([budget.rd_usd_bn for budget in budgets])
    total = inference + research
    wanted = total / (USD_BN_PER_RENT * view.long_run_cost_usd_h * view.usefulness)
    for lab, row in zip(labs, wanted, strict=True):
        lab.settle_wanted(row)
    scales = market.start_scale * market.firms["customers"].workload_scale
    asked = demand_scale(total, view.long_run_cost_usd_h, m.elasticity_long)
    for name, row in zip(cast.labs, asked, strict=True):
        scales[cast.user[name]] = row
    return scales


def share_out_pool(market: ComputeMarket) -> None:
    """Customers' spending falls to labs by capability, distribution and what each could not serve."""
    s = market.state
    p = market.parameters.of("services")
    labs = [market.firms[name] for name in market.cast.labs]
    shares = shares_of_spending(
        np.array([lab.capability for lab in labs]),
        np.array([lab.distribution for lab in labs]),
        1.0 - np.array([lab.served for lab in labs]),
        p.capability_weight,
        1.0,
        p.unserved_weight,
    )
    potential = shares * market.firms["customers"].pool_usd_bn
    for lab, row in zip(labs, potential, strict=True):
        lab.observe_revenue(row)
    s.flow["potential_usd_bn"] = potential


def operate(market: ComputeMarket) -> None:
    """Labs split compute between customers and R&D, serve what they can, earn and learn."""
    s, cast = market.state, market.cast
    p = market.parameters.of("services")
    cost_usd_h = standing_figures(market)["new_cost_usd_h"]
    labs = [market.firms[name] for name in cast.labs]
    rows = [cast.user[name] for name in cast.labs]
    by_user = used_h100e_m(s), s.flow["spent_usd_bn"], use_at(s, s.market.taken_h100e_m * s.generations.usefulness)
    raw, spent, effective = (each.take(rows, axis=0) for each in by_user)
    budgets = (s.flow["budget_inference_usd_bn"], s.flow["budget_rd_usd_bn"])
    wanted = [budget / (USD_BN_PER_RENT * cost_usd_h) for budget in budgets]
    inference, research = split_inference(effective, wanted[0], wanted[1], inference_priority=p.inference_priority)
    to_raw = ratio(raw, effective)
    potential = s.flow["potential_usd_bn"]
    # A little of the R&D compute can be turned over to customers, a lab's own and those that a rival refused.
    capacity = potential * ratio(inference + p.flexible_share * research, wanted[0], 1.0)
    served = serve(potential, capacity, p.spill_share)
    inference = np.minimum(wanted[0] * ratio(served.served_usd_bn, potential), effective)
    research = effective - inference
    progress = p.algorithmic_progress * (s.quarter + 1) / 4.0
    known = np.array([lab.capability for lab in labs])
    capability = next_capability(known, research, progress, p.capability_depreciation)
    share = 1.0 - unserved_share(served.unserved_usd_bn, potential)
    got = inference * to_raw, research * to_raw
    for row, lab in enumerate(labs):
        lab.revenue_usd_bn = served.served_usd_bn[row]
        lab.settle_compute(got[0][row], got[1][row], share[row], capability[row])
    share_inference = ratio(inference, inference + research)
    s.flow |= {
        "served_usd_bn": served.served_usd_bn,
        "unserved_usd_bn": served.unserved_usd_bn,
        "lab_compute_usd_bn": spent,
        "inference_usd_bn": spent * share_inference,
        "rd_usd_bn": spent - spent * share_inference,
        "inference_h100e_m": got[0],
        "rd_h100e_m": got[1],
    }
