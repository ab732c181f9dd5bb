"""AI services: how much customers spend, which lab gets it, what labs can serve, and what they learn.

Money is bn USD per quarter, compute million H100e. Rows are labs unless a docstring says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from world.arrays import (
    Limits,
    PerRow,
    PerWorld,
    below_one,
    finite,
    fold,
    not_negative,
    positive,
    power,
    ratio,
    require,
    zero_to_one,
)
from world.calendar import HOURS_PER_QUARTER

_ABOVE_TWO = Limits(float(np.nextafter(2.0, 3.0)))


def scaled_innovation(
    draw: PerWorld, degrees_of_freedom: PerWorld | float, deviation: PerWorld | float, *, limit: PerWorld | float = 8.0
) -> PerWorld:
    """A Student t draw rescaled to a standard deviation: mostly calm, now and then large.

    Args:   draw                 (worlds,)             Student t with these degrees of freedom
            degrees_of_freedom   (worlds,) or number   > 2; the fewer, the fatter the tails
            deviation            (worlds,) or number   standard deviation of the result, >= 0
            limit                (worlds,) or number   most standard deviations that one quarter can bring
    Returns:                     (worlds,)             the unit of `deviation`
    Laws: odd in the draw, rising with it, proportional to the deviation, at most limit times it.
    Raises: ValueError if the degrees of freedom are not above two: the variance would not exist.
    Source: tails of growth in AI spending (docs/sources.md).
    """
    freedom = require(np.atleast_1d(degrees_of_freedom), _ABOVE_TWO, "degrees_of_freedom", "above two")
    standard = draw * np.sqrt((freedom - 2.0) / freedom)
    return deviation * standard.clip(-np.asarray(limit), limit)


def local_trend(
    growth: PerWorld, long_run_growth: PerWorld | float, persistence: PerWorld | float, innovation: PerWorld | float
) -> PerWorld:
    """Next quarter's trend growth: it forgets slowly and returns to the long run, with no regimes to be told apart.

    Args:   growth            (worlds,)   log growth per quarter
            long_run_growth   (worlds,)   log growth per quarter
            persistence       (worlds,)   in [0, 1]; 1 is a random walk
            innovation        (worlds,)   log growth per quarter (scaled_innovation)
    Returns:                  (worlds,)   long_run + (growth - long_run) persistence + innovation
    Raises: ValueError if a persistence is outside [0, 1].
    Source: local linear trend with a damped slope (docs/sources.md).
    """
    require(persistence, zero_to_one, "persistence", "a share in [0, 1]")
    return long_run_growth + (growth - long_run_growth) * persistence + innovation


def market_shares(
    capability: PerRow,
    distribution: PerRow,
    unserved: PerRow,
    capability_weight: PerWorld | float,
    distribution_weight: PerWorld | float,
    unserved_weight: PerWorld | float,
) -> PerRow:
    """How customers divide their spending among labs: a logit on capability, distribution and past refusals.

    Args:                     shape             unit
        capability            (labs, worlds)    log of effective training compute
        distribution          (labs, worlds)    log reach: standing with customers, any origin
        unserved              (labs, worlds)    share of last quarter's demand that the lab could not serve, in [0, 1]
        capability_weight     (worlds,)         log odds per unit of capability, >= 0
        distribution_weight   (worlds,)         log odds per unit of distribution, >= 0
        unserved_weight       (worlds,)         log odds lost by a lab that served nobody, >= 0
    Returns:                  (labs, worlds)    shares that sum to one
    Laws: each share rises with the lab's own capability and falls with its rivals'; adding one number to all
        capabilities changes nothing; stable for differences of hundreds.
    Raises: ValueError if an unserved share is outside [0, 1] or a capability not finite.
    Source: multinomial logit (docs/sources.md); oracle: tests/oracles/test_services_by_hand.py.
    """
    require(capability, finite, "capability", "a finite number")
    require(unserved, zero_to_one, "unserved", "a share in [0, 1]")
    return shares_of_spending(
        capability, distribution, unserved, capability_weight, distribution_weight, unserved_weight
    )


def shares_of_spending(
    capability: PerRow,
    distribution: PerRow,
    unserved: PerRow,
    capability_weight: PerWorld | float,
    distribution_weight: PerWorld | float,
    unserved_weight: PerWorld | float,
) -> PerRow:
    """As `market_shares`, of arrays that are known to be right."""
    utility = capability_weight * capability + distribution_weight * distribution - unserved_weight * unserved
    weight = np.exp(utility - utility.max(axis=0))
    return weight / fold(weight)


@dataclass(frozen=True)
class Served:
    """Who served what of the demand: `served` + `lost` summed over labs is the demand."""

    served_usd_bn: PerRow
    """(labs, worlds): own demand served plus what came over from rivals."""
    received_usd_bn: PerRow
    """(labs, worlds): demand that came over from rivals who could not serve it."""
    unserved_usd_bn: PerRow
    """(labs, worlds): own demand that the lab could not serve, wherever it went."""
    lost_usd_bn: PerWorld
    """(worlds,): demand that nobody served."""


def serve(demand_usd_bn: PerRow, capacity_usd_bn: PerRow, spill_share: PerWorld | float) -> Served:
    """Serve demand up to capacity; what a lab cannot serve partly goes to rivals with room, the rest is lost.

    Args:   demand_usd_bn     (labs, worlds)   spending that wants this lab, bn USD per quarter, >= 0
            capacity_usd_bn   (labs, worlds)   spending that its inference compute can serve, >= 0
            spill_share       (worlds,)        share of refused customers who try a rival, in [0, 1]
    Returns: Served; rivals receive in proportion to their room
    Laws: nobody serves more than its capacity; money is conserved (served + lost = demand); more capacity of one lab
        never lowers what is served in total, nor by itself; with room everywhere each serves its own demand.
    Raises: ValueError if demand or capacity is negative or the share outside [0, 1].
    Source: docs/model.md.
    """
    require(demand_usd_bn, not_negative, "demand_usd_bn", "at least zero")
    require(capacity_usd_bn, not_negative, "capacity_usd_bn", "at least zero")
    require(spill_share, zero_to_one, "spill_share", "a share in [0, 1]")
    own = np.minimum(demand_usd_bn, capacity_usd_bn)
    unserved = demand_usd_bn - own
    room = capacity_usd_bn - own
    refused, all_room = fold(unserved), fold(room)
    moved = np.minimum(spill_share * refused, all_room)
    received = np.minimum(room, room * ratio(moved, all_room))
    return Served(own + received, received, unserved, np.maximum(refused - fold(received), 0.0))


def unserved_share(unserved_usd_bn: PerRow, demand_usd_bn: PerRow) -> PerRow:
    """Share of a lab's demand that it could not serve, in [0, 1]; zero where nobody asked. (labs, worlds)."""
    return np.minimum(ratio(unserved_usd_bn, demand_usd_bn), 1.0)


def next_capability(
    capability: np.ndarray,
    training_compute_flow: np.ndarray,
    algorithmic_progress: np.ndarray | float,
    depreciation: PerWorld | float,
) -> np.ndarray:
    """Capability a quarter on: the log of a depreciating stock of effective training compute.

    Args:                        shape              unit
        capability               (..., worlds)      log of the stock, million H100e-quarters at the start's algorithms
        training_compute_flow    (..., worlds)      million H100e used for R&D this quarter, >= 0
        algorithmic_progress     (..., worlds)      log of how much further compute goes than at the start
        depreciation             (worlds,)          share of the stock that is outdated each quarter, in [0, 1)
    Returns:                     (..., worlds)      log((1 - depreciation) exp(capability) + flow exp(progress))
    Laws: rises with each of capability, flow and progress; falls with depreciation; without training it falls by
        -log(1 - depreciation); a lab that trains at a constant effective flow f tends to log(f / depreciation).
    Raises: ValueError if a flow is negative or depreciation outside [0, 1).
    Source: scaling laws with algorithmic efficiency (docs/sources.md).
    """
    flow = require(training_compute_flow, not_negative, "training_compute_flow", "at least zero")
    require(depreciation, below_one, "depreciation", "a share in [0, 1)")
    kept = capability + np.log1p(-np.asarray(depreciation))
    # In logs, relative to what is kept: no overflow however large the stock is.
    gained = flow * np.exp(np.minimum(algorithmic_progress - kept, 600.0))
    return kept + np.log1p(gained)


def split_inference(
    bought: np.ndarray,
    wanted_inference: np.ndarray,
    wanted_rd: np.ndarray,
    *,
    inference_priority: PerWorld | float = 0.5,
) -> tuple[np.ndarray, np.ndarray]:
    """Split the compute that a lab got between serving customers and R&D.

    Args:   bought               (..., worlds)   million H100e, >= 0
            wanted_inference     (..., worlds)   million H100e, >= 0
            wanted_rd            (..., worlds)   million H100e, >= 0
            inference_priority   (worlds,)       0: both are cut alike in shortage; 1: customers first
    Returns: inference, rd       (..., worlds)   million H100e; together what was bought
    Laws: inference <= wanted_inference; inference rises with bought and with the priority; what inference does not
        want goes to R&D.
    Raises: ValueError if a quantity is negative or not a number.
    """
    require(bought, not_negative, "bought", "at least zero")
    require(wanted_inference, not_negative, "wanted_inference", "at least zero")
    require(wanted_rd, not_negative, "wanted_rd", "at least zero")
    priority = np.asarray(inference_priority)
    cut_alike = wanted_inference * np.minimum(ratio(bought, wanted_inference + wanted_rd, otherwise=1.0), 1.0)
    customers_first = np.minimum(wanted_inference, bought)
    inference = np.minimum(cut_alike + priority * (customers_first - cut_alike), customers_first)
    return inference, bought - inference


def budget_for_income(
    income_usd_bn: PerWorld,
    price_usd_h: PerWorld,
    slow_index_usd_h: PerWorld,
    long_run_cost_usd_h: PerWorld,
    elasticity_short: PerWorld,
    elasticity_long: PerWorld,
) -> PerWorld:
    """Budget whose demand, at prices as they are, is what an income buys at them and no more.

    A budget is what would be spent at long-run cost. Money that comes from high prices themselves, as the gain on a
    lease does, must not count as if it were spent at cost: demand would rise with the price.

    Args:   income_usd_bn         (worlds,)   bn USD per quarter
            price_usd_h           (worlds,)   p, USD per effective H100e-hour, > 0
            slow_index_usd_h      (worlds,)   the slow index that long-run demand follows, same unit, > 0
            long_run_cost_usd_h   (worlds,)   c', same unit, > 0
            elasticity_short, elasticity_long   (worlds,)   eps_S, eps_L, absolute
    Returns:                      (worlds,)   income (p/c')^(eps_S - 1) (slow/c')^(eps_L - eps_S), bn USD per quarter
    Laws: the income itself where all prices are at cost; with budget_to_demand_scale, p times demand is the income.
    Source: docs/model.md.
    """
    now = (elasticity_short - 1.0) * np.log(price_usd_h / long_run_cost_usd_h)
    slowly = (elasticity_long - elasticity_short) * np.log(slow_index_usd_h / long_run_cost_usd_h)
    return income_usd_bn * np.exp(now + slowly)


def budget_to_demand_scale(
    budget_usd_bn: np.ndarray, long_run_cost_usd_h: np.ndarray, elasticity_long: PerWorld | float
) -> np.ndarray:
    """Demand scale A at which, with price and its slow average at long-run cost, demand is what the budget buys.

    Args:   budget_usd_bn         (..., worlds)   bn USD per quarter, >= 0
            long_run_cost_usd_h   (..., worlds)   c', USD per H100e-hour, > 0
            elasticity_long       (worlds,)       eps_L, absolute
    Returns:                      (..., worlds)   A = budget 1000/2190 c'^(eps_L - 1), million H100e at a price of one
    Laws: A c'^(-eps_L) c' 2190/1000 = budget; proportional to the budget.
    Raises: ValueError if a budget is negative or a cost not above zero.
    Source: docs/model.md.
    """
    require(budget_usd_bn, not_negative, "budget_usd_bn", "at least zero")
    require(long_run_cost_usd_h, positive, "long_run_cost_usd_h", "above zero")
    return demand_scale(budget_usd_bn, long_run_cost_usd_h, elasticity_long)


def demand_scale(
    budget_usd_bn: np.ndarray, long_run_cost_usd_h: np.ndarray, elasticity_long: PerWorld | float
) -> np.ndarray:
    """As `budget_to_demand_scale`, of arrays that are known to be right."""
    return budget_usd_bn * (1000.0 / HOURS_PER_QUARTER) * power(long_run_cost_usd_h, np.asarray(elasticity_long) - 1.0)
