"""The rental market for accelerators: one uniform price per generation, all generations at once, in every world.

Buyers substitute between generations, suppliers offer above their reserve price, and the prices minimise a convex
dual, so that they exist, are unique where something is traded, and come with a certificate (DESIGN 6.1).
`rental_input.py` checks the arguments, `rental_curves.py` holds demand and supply, `dual_newton.py` the minimiser.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64

from world.arrays import Numbers, PerGeneration, PerWorld, fold, ratio
from world.dual_newton import minimise_dual
from world.memory import keep_freed_memory
from world.rental_curves import RentalCurves, RentalSolution
from world.rental_input import prepare, start_prices

keep_freed_memory()  # for the whole process: the arrays of a clearing come and go a hundred times a quarter

MOST_STEPS = 5_000
"""Steps tried in one world before the clearing gives up; a warm start needs six at most, mostly."""
FINEST_TOLERANCE = 1e-12
"""Excess demand below this share of the trade is rounding."""


class ClearingError(RuntimeError):
    """The prices of some worlds did not converge; the message names the worlds."""

    def __init__(self, worlds: Numbers) -> None:
        self.worlds = worlds
        named = ", ".join(str(world) for world in worlds[:10]) + (" ..." if worlds.size > 10 else "")
        super().__init__(f"rental market: no prices found in {MOST_STEPS} steps in {worlds.size} worlds: {named}")


@dataclass(frozen=True)
class RentalClearing:
    """Prices, trades and the certificate of one clearing. Worlds are the last axis."""

    price: PerGeneration
    """(generations, worlds) USD per H100e-hour. A generation that nobody trades reports the cap if nobody has any,
    else the lowest reserve price of those who do; it is no market price and enters no average."""
    bought: Float64[np.ndarray, "buyers generations worlds"]
    """(buyers, generations, worlds) M H100e traded; over buyers it adds up to `sold` over suppliers."""
    sold: Float64[np.ndarray, "suppliers generations worlds"]
    """(suppliers, generations, worlds) M H100e traded, at most the capacity."""
    excess_demand: PerGeneration
    """(generations, worlds) M H100e, demand minus supply at the price before the longer side is scaled down."""
    duality_gap: PerWorld
    """(worlds,) M USD per hour, >= 0: no allocation gains more than this over the one at these prices."""
    iterations: Int64[np.ndarray, "worlds"]
    """(worlds,) Newton steps."""
    rationed: Bool[np.ndarray, "generations worlds"]
    """(generations, worlds) whether the price is at the cap and buyers still want more than there is."""
    index: Float64[np.ndarray, "buyers worlds"]
    """(buyers, worlds) each buyer's price index P over what it can use; without a meaning where there is nothing."""


def clear_rental_market(
    demand_scale: np.ndarray,
    price_elasticity: np.ndarray,
    substitution: np.ndarray,
    suitability: np.ndarray,
    capacity: np.ndarray,
    reserve_price: np.ndarray,
    band: np.ndarray | float,
    *,
    price_floor: np.ndarray | float = 0.01,
    price_cap: np.ndarray | float = 100.0,
    start_price: np.ndarray | None = None,
    tolerance: float = 1e-10,
) -> RentalClearing:
    """Find the prices at which all generations clear, in every world at once.

    A buyer with index P = (sum_g theta_g^sigma p_g^(1-sigma))^(1/(1-sigma)) buys
    scale P^-epsilon theta_g^sigma (p_g / P)^-sigma; a supplier offers capacity x clip((p - r) / (band r), 0, 1).

    Args:                   shape                               unit
        demand_scale        (buyers, worlds)                    M H100e at an index of 1 USD per H100e-hour, >= 0
        price_elasticity    (buyers,)                           epsilon > 0
        substitution        (buyers,)                           sigma > max(1, epsilon)
        suitability         (buyers, generations)               theta >= 0; zero where the buyer cannot use it
        capacity            (suppliers, generations, worlds)    M H100e offered, >= 0
        reserve_price       (suppliers, generations)            USD per H100e-hour, > 0
        band                number                              share of the reserve over which the offer rises, >= 1e-4
        price_floor, price_cap  number                          USD per H100e-hour, 0 < floor < cap
        start_price         (generations, worlds)               USD per H100e-hour, > 0; a guess, moved into the box
        tolerance           number                              largest excess demand over what is traded, >= 1e-12
        Each of them but `tolerance` is also accepted with a last axis of worlds; an elasticity that is the same for
        all buyers may come as one row.
    Returns: RentalClearing. A generation that nobody offers in a world leaves every buyer's index there; a buyer who
        can use nothing that is offered leaves the market. At the cap what there is is shared in proportion to demand.
    Laws (tests/invariants/test_market.py): bought and sold agree to 1e-12; excess demand is zero strictly inside the
        box, >= 0 at the cap, <= 0 at the floor; more capacity raises no price and more demand lowers none; scaling
        all quantities scales the trades and leaves the prices; the order of buyers, suppliers and generations is
        irrelevant; a world alone equals its column here, bit for bit.
    Raises: ValueError naming argument, index and world; ClearingError naming the worlds that did not converge.
    Source: dual of the welfare of a competitive market with CES demand (docs/model.md); oracle:
        tests/oracles/rental_market.py.
    """
    curves, lowest_reserve = prepare(
        demand_scale,
        price_elasticity,
        substitution,
        suitability,
        capacity,
        reserve_price,
        band,
        price_floor,
        price_cap,
    )
    if not FINEST_TOLERANCE <= tolerance < 1.0:
        raise ValueError(f"tolerance: expected a number from {FINEST_TOLERANCE} to 1, got {tolerance}")
    return _clear(curves, lowest_reserve, start_prices(curves, lowest_reserve, start_price), tolerance)


def _clear(curves: RentalCurves, lowest_reserve: np.ndarray, start: np.ndarray, tolerance: float) -> RentalClearing:
    """Solve, trade, and certify."""
    solution = minimise_dual(curves, start, tolerance, MOST_STEPS)
    unsolved = np.flatnonzero(solution.steps < 0)
    if unsolved.size:
        raise ClearingError(unsolved)
    return trade(curves, solution, lowest_reserve, tolerance)


def trade(
    curves: RentalCurves, solution: RentalSolution, lowest_reserve: np.ndarray, tolerance: float
) -> RentalClearing:
    """Trade what both sides want, the longer side scaled down in proportion, and certify the prices."""
    # Below the lowest reserve nobody offers: a demand too small to see then has that price, whatever the solver tried.
    lowest = np.minimum(lowest_reserve, curves.cap)
    price = np.where(curves.traded, np.maximum(solution.price, lowest), solution.price)
    excess = solution.demand - solution.supply
    served = np.minimum(ratio(solution.supply, solution.demand), 1.0)
    let = np.minimum(ratio(solution.demand, solution.supply), 1.0)
    generations, buyers, worlds = solution.spending.shape
    bought = np.empty((buyers, generations, worlds))
    np.multiply(solution.spending.swapaxes(0, 1), served / solution.price, out=bought)
    sold = np.empty((curves.capacity.shape[1], generations, worlds))
    np.multiply(solution.quantity.swapaxes(0, 1), let, out=sold)
    # A fictitious seller at the cap and buyer at the floor would close every gap: what they would earn bounds the
    # distance of these prices from the optimum over the box.
    gap = fold(np.maximum(excess, 0.0) * (curves.cap - price) + np.maximum(-excess, 0.0) * (price - curves.floor))
    return RentalClearing(
        price=price,
        bought=bought,
        sold=sold,
        index=np.exp(solution.log_index),
        excess_demand=excess,
        duality_gap=gap,
        iterations=solution.steps,
        rationed=(price >= curves.cap) & (excess > tolerance * solution.supply) & curves.traded,
    )
