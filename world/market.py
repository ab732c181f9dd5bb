"""The rental market for accelerators: one uniform price per generation, all generations at once, in every world.

Buyers substitute between generations, suppliers offer above their reserve price, and the prices minimise a convex
dual, so that they exist, are unique where something is traded, and come with a certificate (DESIGN 6.1).
`rental_curves.py` holds demand and supply, `dual_newton.py` the minimiser.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from world.arrays import Numbers, PerWorld, fold, not_negative, positive, ratio, require
from world.dual_newton import minimise_dual
from world.rental_curves import SCRATCH, RentalCurves, RentalPoint, evaluate, fold_pairs

MOST_STEPS = 500
"""Steps tried in one world before the clearing gives up; a warm start needs three to six."""
NARROWEST_BAND = 1e-4
"""A narrower band would be crossed by less than the rounding of a price at the default tolerance."""
FINEST_TOLERANCE = 1e-12
"""Excess demand below this share of the trade is rounding."""
LARGEST_LOG_SPENDING = 600.0
"""exp of more overflows soon after."""


class ClearingError(RuntimeError):
    """The prices of some worlds did not converge; the message names the worlds."""


@dataclass(frozen=True)
class RentalClearing:
    """Prices, trades and the certificate of one clearing. Worlds are the last axis."""

    price: np.ndarray
    """(generations, worlds) USD per H100e-hour. A generation that nobody trades reports the cap if nobody has any,
    else the lowest reserve price of those who do; it is no market price and enters no average."""
    bought: np.ndarray
    """(buyers, generations, worlds) M H100e traded; over buyers it adds up to `sold` over suppliers."""
    sold: np.ndarray
    """(suppliers, generations, worlds) M H100e traded, at most the capacity."""
    excess_demand: np.ndarray
    """(generations, worlds) M H100e, demand minus supply at the price before the longer side is scaled down."""
    duality_gap: np.ndarray
    """(worlds,) M USD per hour, >= 0: no allocation gains more than this over the one at these prices."""
    iterations: np.ndarray
    """(worlds,) Newton steps."""
    rationed: np.ndarray
    """(generations, worlds) whether the price is at the cap and buyers still want more than there is."""


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
        Each of them but `tolerance` is also accepted with a last axis of worlds.
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
    start = start_prices(curves, lowest_reserve, start_price)
    price, steps, solved = minimise_dual(curves, start, tolerance, MOST_STEPS)
    if not solved.all():
        unsolved = np.flatnonzero(~solved)
        named = ", ".join(str(world) for world in unsolved[:10]) + (" ..." if unsolved.size > 10 else "")
        raise ClearingError(f"rental market: no prices found in {MOST_STEPS} steps in {unsolved.size} worlds: {named}")

    # Below the lowest reserve nobody offers: a demand too small to see then has that price, whatever the solver tried.
    price = np.where(curves.traded, np.maximum(price, np.minimum(lowest_reserve, curves.cap)), price)
    return trade(curves, price, evaluate(curves, price), steps, tolerance)


def trade(
    curves: RentalCurves, price: np.ndarray, point: RentalPoint, steps: np.ndarray, tolerance: float
) -> RentalClearing:
    """Trade what both sides want, the longer side scaled down in proportion, and certify the prices."""
    excess = point.demand - point.supply
    served = np.minimum(ratio(point.supply, point.demand), 1.0)
    let = np.minimum(ratio(point.demand, point.supply), 1.0)
    generations, buyers, worlds = point.spending.shape
    bought = np.empty((buyers, generations, worlds))
    np.multiply(point.spending.swapaxes(0, 1), served / price, out=bought)
    sold = np.empty((curves.capacity.shape[1], generations, worlds))
    np.multiply(curves.capacity.swapaxes(0, 1), point.offered_share.swapaxes(0, 1), out=sold)
    sold *= let
    # A fictitious seller at the cap and buyer at the floor would close every gap: what they would earn bounds the
    # distance of these prices from the optimum over the box.
    gap = fold(np.maximum(excess, 0.0) * (curves.cap - price) + np.maximum(-excess, 0.0) * (price - curves.floor))
    return RentalClearing(
        price=price,
        bought=bought,
        sold=sold,
        excess_demand=excess,
        duality_gap=gap,
        iterations=steps,
        rationed=(price >= curves.cap) & (excess > tolerance * point.supply) & curves.traded,
    )


def prepare(
    demand_scale: np.ndarray,
    price_elasticity: np.ndarray,
    substitution: np.ndarray,
    suitability: np.ndarray,
    capacity: np.ndarray,
    reserve_price: np.ndarray,
    band: np.ndarray | float,
    price_floor: np.ndarray | float,
    price_cap: np.ndarray | float,
) -> tuple[RentalCurves, np.ndarray]:
    """Check the arguments and bring them into the solver's form; also the lowest reserve, (generations, worlds).

    Raises: ValueError naming argument, index and world.
    """
    scale = require(demand_scale, not_negative, "demand_scale", "a finite number, >= 0")
    offers = require(capacity, not_negative, "capacity", "a finite number, >= 0")
    expect(scale.ndim == 2 and scale.size > 0, "demand_scale", "(buyers, worlds)", scale.shape)
    buyers, worlds = scale.shape
    expect(
        offers.ndim == 3 and offers.size > 0 and offers.shape[2] == worlds,
        "capacity",
        f"(suppliers, generations, {worlds})",
        offers.shape,
    )
    suppliers, generations, _ = offers.shape
    elasticity = checked(price_elasticity, (buyers,), worlds, "price_elasticity")
    sigma = checked(substitution, (buyers,), worlds, "substitution")
    too_low = sigma <= np.maximum(1.0, elasticity)
    require(np.where(too_low, np.nan, sigma), np.isfinite, "substitution", "above 1 and above price_elasticity")
    taste = checked(suitability, (buyers, generations), worlds, "suitability", zero=True)
    reserve = checked(reserve_price, (suppliers, generations), worlds, "reserve_price")
    width = checked(band, (), worlds, "band", least=NARROWEST_BAND)
    floor = checked(price_floor, (), worlds, "price_floor")
    cap = checked(price_cap, (), worlds, "price_cap")
    require(np.where(cap <= floor, np.nan, cap), np.isfinite, "price_cap", "above price_floor")

    offered = fold(offers)
    log_taste, usable = log_tastes(taste, sigma, scale, offered)
    scale = np.where(usable.any(axis=0), scale, 0.0)
    spending_power = 1.0 - elasticity
    check_spending(log_taste, sigma, spending_power, floor, cap)
    at_one = spending_power == 0.0
    lowest = np.where(offers > 0.0, reserve, np.inf).min(axis=0)
    by_generation = offers.swapaxes(0, 1)
    reserve = np.ascontiguousarray(reserve.swapaxes(0, 1))
    per_band = 1.0 / (width * reserve)
    curves = RentalCurves(
        log_taste=log_taste,
        taste_power=1.0 - sigma,
        index_power=1.0 / (1.0 - sigma),
        spending_power=spending_power,
        scale=scale,
        welfare_scale=np.where(at_one, 0.0, scale / np.where(at_one, 1.0, spending_power)),
        log_welfare_scale=np.where(at_one, scale, 0.0),
        capacity=by_generation,
        reserve=reserve,
        per_band=per_band,
        half_band=0.5 * (width * reserve),
        steepness=np.multiply(by_generation, per_band, out=SCRATCH.array("steepness", by_generation.shape)),
        offered=offered,
        traded=usable.any(axis=1),
        grain=offered * (4.0 * np.finfo(np.float64).eps * (1.0 + 1.0 / width)),
        floor=floor,
        cap=cap,
    )
    return curves, lowest


def log_tastes(
    taste: np.ndarray, sigma: np.ndarray, scale: np.ndarray, offered: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """sigma log theta, -inf where not usable, and whether a buyer that wants anything can use what is offered there.

    Both (generations, buyers, worlds); `taste` is (buyers, generations, 1 or worlds). A buyer with nothing usable
    keeps a taste of zero for everything, and buys none for want of a scale.
    """
    by_generation = taste.swapaxes(0, 1)
    suits = by_generation > 0.0
    usable = suits & (scale > 0.0) & (offered > 0.0)[:, None]
    log_taste = SCRATCH.array("log_taste", usable.shape)
    log_taste[...] = sigma * np.log(np.where(suits, by_generation, 1.0))
    np.copyto(log_taste, -np.inf, where=~usable)
    np.copyto(log_taste, 0.0, where=~usable.any(axis=0))
    return log_taste, usable


def check_spending(
    log_taste: np.ndarray, sigma: np.ndarray, spending_power: np.ndarray, floor: np.ndarray, cap: np.ndarray
) -> None:
    """Refuse a suitability so near zero, with little substitution, that spending overflows inside the box.

    Raises: ValueError naming suitability, buyer and world.
    """
    shift = log_taste.max(axis=0) / (1.0 - sigma)
    spread = np.abs(shift) + np.maximum(np.abs(np.log(floor)), np.abs(np.log(cap)))
    too_much = np.abs(spending_power) * spread > LARGEST_LOG_SPENDING
    if too_much.any():
        buyer, world = (int(i) for i in np.argwhere(too_much)[0])
        raise ValueError(
            f"suitability: buyer {buyer}, world {world}: the largest theta is so far from 1 that spending overflows "
            f"at a substitution of {np.broadcast_to(sigma, shift.shape)[buyer, world]}; wanted values nearer to 1"
        )


def start_prices(curves: RentalCurves, lowest_reserve: np.ndarray, start_price: np.ndarray | None) -> np.ndarray:
    """Where the solver starts: at the guess where it is one, else at a rough solution; untraded prices are set.

    A guess at the cap is no guess: that is what a generation reports before its launch.
    """
    generations, worlds = lowest_reserve.shape
    untraded = np.clip(np.where(curves.offered > 0.0, lowest_reserve, curves.cap), curves.floor, curves.cap)
    start = np.broadcast_to(curves.cap, untraded.shape)
    if start_price is not None:
        start = np.clip(checked(start_price, (generations,), worlds, "start_price"), curves.floor, curves.cap)
    unknown = (start >= curves.cap) & curves.traded
    lost = unknown.any(axis=0)
    if lost.any():
        rough = np.empty_like(untraded)
        rough[:, lost] = rough_prices(curves.pick(lost))
        start = np.where(unknown, np.clip(rough, untraded, curves.cap, where=unknown, out=untraded.copy()), start)
    return np.where(curves.traded, start, untraded)


def rough_prices(curves: RentalCurves) -> np.ndarray:
    """Prices at which one average buyer would take up all capacity, (generations, worlds).

    A single buyer with substitution sigma buys in proportion to theta^sigma p^-sigma; equal to capacity, that is
    p = theta capacity^(-1/sigma) up to a level, and demand falls with the level's power -epsilon.
    """
    known = np.isfinite(curves.log_taste)
    weight = np.where(known, curves.scale, 0.0)
    over_all = np.maximum(fold_pairs(weight, 1), 1e-300)
    sigma = 1.0 - curves.taste_power
    taste = fold_pairs(weight * np.where(known, curves.log_taste, 0.0), 1) / over_all
    steepness = fold_pairs(weight * sigma, 1) / over_all
    elasticity = fold(curves.scale * (1.0 - curves.spending_power)) / np.maximum(fold(curves.scale), 1e-300)
    reach = (taste - np.log(np.maximum(curves.offered, 1e-300))) / np.maximum(steepness, 1.0)
    shape = np.where(curves.traded, np.exp(np.clip(reach, -20.0, 20.0)), 1.0)
    point = evaluate(curves, shape)
    worth = fold(np.where(curves.traded, shape * curves.offered, 0.0))
    level = np.log(np.maximum(fold(fold(point.spending)), 1e-300) / np.maximum(worth, 1e-300))
    return shape * np.exp(np.clip(level / np.maximum(elasticity, 0.05), -20.0, 20.0))


def checked(
    value: object, shape: tuple[int, ...], worlds: int, name: str, *, zero: bool = False, least: float = 0.0
) -> np.ndarray:
    """An argument as float64 of `shape` with a last axis of 1 or `worlds`.

    Raises: ValueError naming the argument and its shape, or its index and world if a number is not allowed.
    """
    array = np.asarray(value, dtype=np.float64)
    if array.shape == shape:
        array = array[..., None]
    expect(array.shape[:-1] == shape and array.shape[-1] in (1, worlds), name, f"{shape} or {(*shape, worlds)}", array.shape)
    if zero:
        return require(array, not_negative, name, "a finite number, >= 0")
    if least > 0.0:
        return require(array, lambda given: np.isfinite(given) & (given >= least), name, f"a finite number, >= {least}")
    return require(array, positive, name, "a finite number, > 0")


def expect(holds: bool, name: str, wanted: str, given: tuple[int, ...]) -> None:
    """Raise ValueError naming the argument unless its shape is as wanted."""
    if not holds:
        raise ValueError(f"{name}: expected shape {wanted}, got {given}")
