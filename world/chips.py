"""Chip vendors: wafers, the mix of generations, list prices, who is served first, and an own chip's present value.

Rows of a vendor's arrays are its generations from the oldest to the newest. Wafers are packaging wafers in
thousands per quarter, chip prices thousand USD, quantities million H100e.
"""

from __future__ import annotations

import numpy as np

from world.arrays import (
    Limits,
    PerGeneration,
    PerRow,
    PerWorld,
    a_number,
    at_least_0,
    below_one,
    fold,
    not_negative,
    positive,
    power,
    ratio,
    require,
    zero_to_one,
)
from world.calendar import HOURS_PER_QUARTER
from world.costs import annuity_value

FIRST_QUARTER_SHARE = 0.36
"""Share of a vendor's wafers that a new generation takes in its first quarter (Blackwell: 0.36)."""
RAMP_STEEPNESS = 3.6
"""How fast the rest is taken: Blackwell's 0.36, 0.75, 0.85, 0.93, 0.99 against 0.36, 0.74, 0.89, 0.96, 0.98 here."""

LEAST_PRESSURE, MOST_PRESSURE = 1e-3, 1e3
"""Backlog over its target is read within these bounds: growth is capped well inside them."""

LEAST_BACKLOG_RATIO, MOST_BACKLOG_RATIO = 0.2, 5.0
"""Backlog over its target as far as list prices answer it."""
MOST_PRICE_ELASTICITY = 0.1
"""List prices hardly answer scarcity, which shows as lead time and allocation."""
LEAST_SHARE = 1e-4
"""Share of all customers below which the vendor knows nobody by size."""
_LEAST_PLAN = 1e-300
MOST_DECLINE = 0.02
"""Most log decline of packaging capacity in a quarter: tools are not sold off."""
_ELASTICITIES = Limits(0.0, MOST_PRICE_ELASTICITY)


def wafer_mix(quarters_since_launch: np.ndarray, ramp_quarters: np.ndarray) -> np.ndarray:
    """Share of a vendor's wafers that goes to each generation: the newest takes most, the one before it the rest.

    Args:                       shape                       unit
        quarters_since_launch   (generations, ..., worlds)  quarters; 0 in the first quarter, <= -1 not on sale yet
                                                            (-inf: never); between -1 and 0 a launch within the quarter
        ramp_quarters           as these, or broadcast      quarters from launch to nearly all wafers, > 0
    Returns:                    (generations, ..., worlds)  shares that sum to one
    Laws: sums to one; a generation not on sale has none; the newest one's share rises to one with its age; continuous
        in the launch, so that a launch a little later changes a little.
    Raises: ValueError if the oldest generation is not on sale or a ramp is not above zero.
    Source: Blackwell's shares of data-centre units by quarter (docs/sources.md).
    """
    require(ramp_quarters, positive, "ramp_quarters", "above zero")
    require(quarters_since_launch, a_number, "quarters_since_launch", "a number of quarters")
    require(quarters_since_launch[0], at_least_0, "quarters_since_launch[0]", "the oldest generation on sale")
    # What each takes of the wafers that newer ones leave, and then, written over it, what it gets.
    shares = np.maximum(quarters_since_launch, 0.0) / ramp_quarters
    shares *= -RAMP_STEEPNESS
    np.exp(shares, out=shares)
    shares *= FIRST_QUARTER_SHARE - 1.0
    shares += 1.0
    shares *= (quarters_since_launch + 1.0).clip(0.0, 1.0)
    left = np.ones(shares.shape[1:])
    for share in shares[:0:-1]:
        left -= np.multiply(share, left, out=share)
    shares[0] = left
    return shares


def backlog_ahead(
    backlog: PerWorld,
    ordered: PerWorld,
    capacity: PerWorld,
    order_growth: PerWorld,
    capacity_growth: PerWorld,
    quarters: PerWorld,
) -> PerWorld:
    """Orders that will be waiting some quarters ahead, at the paces of ordering and of shipping known now.

    Args:   backlog           (worlds,)   orders not yet delivered, in any unit, >= 0
            ordered           (worlds,)   ordered in a quarter, in the same unit, >= 0
            capacity          (worlds,)   what can be shipped in a quarter, in the same unit, >= 0
            order_growth      (worlds,)   log per quarter
            capacity_growth   (worlds,)   log per quarter
            quarters          (worlds,)   how far ahead, >= 0
    Returns:                  (worlds,)   in the same unit, >= 0
    Laws: today's backlog at no distance; rises with backlog and orders, falls with capacity; scaling the three
        together scales it. Each flow counts at its pace of half way.
    """
    half = 0.5 * quarters
    coming = ordered * np.exp(order_growth * half)
    going = capacity * np.exp(capacity_growth * half)
    return np.maximum(backlog + quarters * (coming - going), 0.0)


def backlog_pressure(backlog: PerWorld, shipped: PerWorld, target_lead: PerWorld | float) -> PerWorld:
    """Backlog over what the vendor plans for, MOST_PRESSURE at most.

    Args:   backlog        (worlds,)   orders not yet delivered, in any unit, >= 0
            shipped        (worlds,)   deliveries of this quarter, in the same unit, >= 0
            target_lead    (worlds,)   backlog in quarters of shipments that the vendor plans for, > 0
    Returns:               (worlds,)   one at the target lead; no shipments: the most with a backlog, else none
    Raises: ValueError if the target is not above zero or a quantity negative.
    """
    require(backlog, not_negative, "backlog", "at least zero")
    require(shipped, not_negative, "shipped", "at least zero")
    require(np.atleast_1d(target_lead), positive, "target_lead", "above zero")
    # A plan below a ten-thousandth of the backlog is beyond the most that is read.
    planned = np.maximum(target_lead * shipped, backlog * (0.1 / MOST_PRESSURE) + _LEAST_PLAN)
    pressure: PerWorld = np.minimum(backlog / planned, MOST_PRESSURE)
    return pressure


def wafer_growth(pressure: PerWorld, lag_quarters: PerWorld | float, max_growth: PerWorld | float) -> PerWorld:
    """Log growth of packaging capacity in a quarter, towards the backlog with a lag.

    Args:   pressure       (worlds,)   backlog over what the vendor plans for (backlog_pressure)
            lag_quarters   (worlds,)   quarters to close the log gap, 4 to 8, > 0
            max_growth     (worlds,)   most log growth in a quarter
    Returns:               (worlds,)   log per quarter
    Laws: nothing at the target lead; rises with the backlog, between -MOST_DECLINE and max_growth; scaling backlog and
        shipments together changes nothing.
    Raises: ValueError if a lag is not above zero.
    Source: growth of packaging capacity in the record (docs/sources.md).
    """
    require(lag_quarters, positive, "lag_quarters", "above zero")
    growth: PerWorld = (np.log(np.maximum(pressure, LEAST_PRESSURE)) / lag_quarters).clip(-MOST_DECLINE, max_growth)
    return growth


def list_price_k(
    launch_price_k: PerGeneration,
    quarters_since_launch: PerGeneration,
    yearly_drift: PerWorld | float,
    backlog_ratio: PerWorld | float,
    elasticity: PerWorld | float,
) -> PerGeneration:
    """List price of each generation: set at launch, drifting down, hardly answering the backlog.

    Args:   launch_price_k          (generations, worlds)   thousand USD, >= 0
            quarters_since_launch   (generations, worlds)   quarters; no drift before the launch
            yearly_drift            (worlds,)               fall per year, 0.07 to 0.25, in [0, 1)
            backlog_ratio           (worlds,)               backlog over its target; read within 0.2 to 5
            elasticity              (worlds,)               in [0, 0.1]
    Returns:                        (generations, worlds)   thousand USD
    Laws: falls with age; rises with the backlog, by at most 5^0.1 = 1.17; the launch price at age 0 and ratio 1.
    Raises: ValueError if drift or elasticity is out of range.
    Source: chip prices by generation in the record.
    """
    require(yearly_drift, below_one, "yearly_drift", "a share in [0, 1)")
    require(elasticity, _ELASTICITIES, "elasticity", f"at most {MOST_PRICE_ELASTICITY}, at least zero")
    scarcity = np.log(np.atleast_1d(backlog_ratio).clip(LEAST_BACKLOG_RATIO, MOST_BACKLOG_RATIO))
    price = np.maximum(quarters_since_launch, 0.0) * (0.25 * np.log1p(-np.asarray(yearly_drift)))
    price += elasticity * scarcity
    np.exp(price, out=price)
    price *= launch_price_k
    return price


def allocation_weight(size: PerRow, prepaid_share: PerRow, size_power: PerWorld, prepayment_pull: PerWorld) -> PerRow:
    """Weight of each customer when chips are short: size, prepayment, and the vendor's wish for many customers.

    Args:   size              (customers, worlds)   what each owns and has on order, any unit, >= 0
            prepaid_share     (customers, worlds)   share of its orders paid in advance, in [0, 1]
            size_power        (worlds,)             below one the vendor favours small customers: it wants many
            prepayment_pull   (worlds,)             more weight for orders prepaid in full, >= 0
    Returns:                  (customers, worlds)   > 0; a share of size below LEAST_SHARE counts as that
    Laws: rises with size and prepayment; scaling all sizes changes nothing; at power zero size does not count.
    Raises: ValueError if a size is negative or a share out of range.
    """
    require(size, not_negative, "size", "at least zero")
    require(prepaid_share, zero_to_one, "prepaid_share", "a share in [0, 1]")
    share = np.maximum(ratio(size, fold(size)), LEAST_SHARE)
    return power(share, size_power) * (1.0 + prepayment_pull * prepaid_share)


def programme_npv_usd_bn(
    volume_h100e_m: PerWorld,
    cost_bought_usd_h: PerWorld,
    cost_own_usd_h: PerWorld,
    development_cost_usd_bn: PerWorld | float,
    lead_quarters: PerWorld | float,
    horizon_quarters: PerWorld | float,
    discount_rate_per_quarter: PerWorld | float,
) -> PerWorld:
    """Present value of developing an own chip: what it saves per hour after the lead time, less the development.

    Args:                            shape                  unit
        volume_h100e_m               (worlds,)              million H100e of own chips in use each quarter from then on
        cost_bought_usd_h            (worlds,)              USD per H100e-hour with bought chips
        cost_own_usd_h               (worlds,)              USD per H100e-hour with own chips
        development_cost_usd_bn      (worlds,) or number    bn USD, spent evenly over the lead time
        lead_quarters                (worlds,) or number    quarters from the start to the first chips, > 0
        horizon_quarters             (worlds,) or number    quarters from the start; nothing is saved within the lead
        discount_rate_per_quarter    (worlds,) or number    per quarter, continuous
    Returns:                         (worlds,)              bn USD; above zero: undertake it
    Laws: rises with volume where the own chip is cheaper, and with the horizon then; falls with the development cost;
        proportional to money.
    Raises: ValueError if a volume is negative or a lead time not above zero.
    Source: docs/model.md; oracle: a sum over small steps in tests/oracles/test_chips_by_hand.py.
    """
    require(volume_h100e_m, not_negative, "volume_h100e_m", "at least zero")
    require(lead_quarters, positive, "lead_quarters", "above zero")
    rate, lead = discount_rate_per_quarter, lead_quarters
    saving_usd_bn = volume_h100e_m * (cost_bought_usd_h - cost_own_usd_h) * (HOURS_PER_QUARTER / 1000.0)
    quarters_of_saving = np.maximum(np.asarray(horizon_quarters) - lead, 0.0)
    saved = saving_usd_bn * annuity_value(rate, quarters_of_saving) * np.exp(-np.asarray(rate) * lead)
    return saved - development_cost_usd_bn * annuity_value(rate, lead) / lead
