"""How much capacity the market wants when new capacity arrives, and how planners learn growth.

Capacity is counted in effective M H100e: H100e weighted with the usefulness of their generation, so that one
effective unit earns the same rent whatever chip it is on.
"""

from __future__ import annotations

import numpy as np

from world.arrays import PerWorld, power


def growth_over(growth: PerWorld, quarters: np.ndarray | float, persistence: PerWorld) -> np.ndarray:
    """Expected log growth over a horizon: each quarter counts `persistence` of the one before.

    Args:   growth        (worlds,)        log per quarter, now
            quarters      (..., worlds)    horizon, may be a fraction
            persistence   (worlds,)        in (0, 1)
    Returns:              (..., worlds)    log
    """
    return growth * (1.0 - power(persistence, quarters)) / (1.0 - persistence)


def demand_at_cost(
    capacity: PerWorld,
    price: PerWorld,
    smoothed_price: PerWorld,
    cost: PerWorld,
    elasticity_short: PerWorld,
    elasticity_long: PerWorld,
) -> PerWorld:
    """Capacity at which today's demand would clear at long-run cost.

    Args:   capacity          (worlds,)  effective M H100e in use now
            price             (worlds,)  $/effective H100e-hour, this quarter's index
            smoothed_price    (worlds,)  the same, the slow index that long-run demand follows
            cost              (worlds,)  long-run cost, same unit
            elasticity_short, elasticity_long   (worlds,)
    Returns:                  (worlds,)  effective M H100e
    """
    at_once = elasticity_short * np.log(price / cost)
    slowly = (elasticity_long - elasticity_short) * np.log(smoothed_price / cost)
    wanted: PerWorld = capacity * np.exp(at_once + slowly)
    return wanted


def slow_speed(speed: PerWorld, elasticity_short: PerWorld, elasticity_long: PerWorld) -> PerWorld:
    """Speed at which the slow index follows the price, kept below what would make prices swing by themselves.

    With supply given, log p = -(eps_L - eps_S)/eps_S log Pbar + ..., so Pbar moves by the factor
    1 - speed eps_L/eps_S in a quarter: a cobweb wherever speed eps_L > eps_S, an explosive one beyond twice that.
    What demand takes back a quarter later must not exceed what it gave up at once.

    Args:   speed, elasticity_short, elasticity_long   (worlds,)   share per quarter, elasticities > 0
    Returns:                                           (worlds,)   min(speed, 0.9 eps_S / eps_L)
    """
    return np.minimum(speed, 0.9 * elasticity_short / elasticity_long)


def learn_growth(believed: PerWorld, observed: PerWorld, gain: PerWorld) -> PerWorld:
    """Adaptive expectation of the growth of the demand scale (never of the price): g + gain (observed - g)."""
    return believed + gain * (observed - believed)


def order_gap(target: PerWorld, standing: PerWorld, coming: PerWorld) -> PerWorld:
    """What to order now: the target less what stands and what is already coming, never negative, not smoothed."""
    return np.maximum(target - standing - coming, 0.0)


def order_rate(gap: np.ndarray, running: np.ndarray, cut_quarters: PerWorld) -> np.ndarray:
    """What a builder orders in a quarter: all of a shortage at once, but a surplus is worked off over some time.

    Budgets are made by the year and programmes run on: where more stands or comes than the target asks for, orders
    fall below what growth alone asks for by a part of the surplus only.

    Args:   gap            (..., worlds)  target less what stands and comes, of either sign
            running        (..., worlds)  what growth asks for in one quarter, >= 0, the unit of `gap`
            cut_quarters   (worlds,)      over which a surplus is worked off, >= 1
    Returns:               (..., worlds)  >= 0
    Laws (tests/invariants/test_planning.py): never below max(gap, 0), equal to it where the gap is no less than
        growth's and where cut_quarters is one; rises with the gap and with growth, never steeper than it.
    Source: adjustment time of a stock, as in Sterman's stock management; asymmetric, see docs/design.md 6.7.
    """
    surplus = np.maximum(running - gap, 0.0)
    return np.maximum(gap + surplus * (1.0 - 1.0 / cut_quarters), 0.0)
