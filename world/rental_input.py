"""From the arguments of the rental market to the solver's form: checks, broadcasting, and a price to start from."""

from __future__ import annotations

import numpy as np

from world.arrays import Limits, finite, fold, not_negative, positive, require, some
from world.rental_curves import RentalCurves, evaluate, fold_rows

NARROWEST_BAND = 1e-4
"""A narrower band would be crossed by less than the rounding of a price at the default tolerance."""
GRAIN = 4.0 * float(np.finfo(np.float64).eps)
"""Relative rounding of a price, with some to spare."""
LARGEST_LOG_SPENDING = 600.0
"""exp of more overflows soon after."""
LARGEST_LOG_WEIGHT = 300.0
"""Where weights in a price index and spending stay below exp of this, no product of them overflows."""


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
    if scale.ndim != 2 or not scale.size:
        raise ValueError(f"demand_scale: expected shape (buyers, worlds), got {scale.shape}")
    buyers, worlds = scale.shape
    if offers.ndim != 3 or not offers.size or offers.shape[2] != worlds:
        raise ValueError(f"capacity: expected shape (suppliers, generations, {worlds}), got {offers.shape}")
    suppliers, generations, _ = offers.shape
    elasticity = checked_row(price_elasticity, buyers, worlds, "price_elasticity")
    sigma = checked_row(substitution, buyers, worlds, "substitution")
    too_low = sigma <= np.maximum(1.0, elasticity)
    if some(too_low):
        require(np.where(too_low, np.nan, sigma), np.isfinite, "substitution", "above 1 and above price_elasticity")
    taste = checked(suitability, (buyers, generations), worlds, "suitability", zero=True)
    reserve = checked(reserve_price, (suppliers, generations), worlds, "reserve_price")
    width = checked(band, (), worlds, "band", least=NARROWEST_BAND)
    floor = checked(price_floor, (), worlds, "price_floor")
    cap = checked(price_cap, (), worlds, "price_cap")
    if some(cap <= floor):
        require(np.where(cap <= floor, np.nan, cap), np.isfinite, "price_cap", "above price_floor")

    offered = fold(offers)
    log_taste, best_taste, usable = log_tastes(taste, sigma, scale, offered)
    scale = scale * usable.any(axis=0)
    spending_power = 1.0 - elasticity
    steep = check_spending(best_taste, sigma, spending_power, floor, cap)
    at_one = spending_power == 0.0
    lowest = np.where(offers > 0.0, reserve, np.inf).min(axis=0)
    by_generation = offers.swapaxes(0, 1)
    reserve = np.ascontiguousarray(reserve.swapaxes(0, 1))
    wide = width * reserve
    curves = RentalCurves(
        taste=np.exp(log_taste),
        log_taste=log_taste,
        best_taste=best_taste,
        steep=steep if some(steep) else None,
        taste_power=1.0 - sigma,
        index_power=1.0 / (1.0 - sigma),
        spending_power=spending_power,
        scale=scale,
        welfare_scale=scale * ~at_one / np.where(at_one, 1.0, spending_power),
        log_welfare_scale=scale * at_one if some(at_one) else None,
        capacity=by_generation,
        reserve=reserve,
        per_band=1.0 / wide,
        half_band=0.5 * wide,
        offered=offered,
        traded=np.asarray(usable.any(axis=1)),
        grain=offered * (GRAIN * (1.0 + 1.0 / width)),
        floor=floor,
        cap=cap,
    )
    return curves, lowest


def log_tastes(
    taste: np.ndarray, sigma: np.ndarray, scale: np.ndarray, offered: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """sigma log theta less the buyer's best, that best, and whether a buyer can use what is offered there.

    (generations, buyers, worlds), (buyers, worlds) and (generations, buyers, worlds); -inf where not usable, and by a
    buyer that wants nothing. `taste` is (buyers, generations, 1 or worlds). A buyer with nothing usable keeps a taste
    of zero for everything, and buys none for want of a scale.
    """
    by_generation = np.ascontiguousarray(taste.swapaxes(0, 1))
    usable = (by_generation > 0.0) & (scale > 0.0)
    usable &= (offered > 0.0)[:, None]
    log_taste = sigma * np.log(np.maximum(by_generation, 1e-300))
    if log_taste.shape != usable.shape:
        log_taste = np.broadcast_to(log_taste, usable.shape).copy()
    np.putmask(log_taste, ~usable, -np.inf)
    best = log_taste.max(axis=0)
    nothing = best == -np.inf
    if some(nothing):
        best[nothing] = 0.0
        np.copyto(log_taste, 0.0, where=nothing)
    log_taste -= best
    return log_taste, best, usable


def check_spending(
    best_taste: np.ndarray, sigma: np.ndarray, spending_power: np.ndarray, floor: np.ndarray, cap: np.ndarray
) -> np.ndarray:
    """Worlds with weights or spending so large that products of them could overflow, (worlds,) bool.

    Raises: ValueError naming suitability, buyer and world, for a suitability so near zero, with little substitution,
        that spending itself overflows inside the box.
    """
    shift = best_taste / (1.0 - sigma)
    widest = np.maximum(np.abs(np.log(floor)), np.abs(np.log(cap)))
    spending = np.abs(spending_power) * (np.abs(shift) + widest)
    too_much = spending > LARGEST_LOG_SPENDING
    if some(too_much):
        buyer, world = (int(i) for i in np.argwhere(too_much)[0])
        raise ValueError(
            f"suitability: buyer {buyer}, world {world}: the largest theta is so far from 1 that spending overflows "
            f"at a substitution of {np.broadcast_to(sigma, shift.shape)[buyer, world]}; wanted values nearer to 1"
        )
    steep: np.ndarray = ((spending > LARGEST_LOG_WEIGHT) | ((sigma - 1.0) * widest > LARGEST_LOG_WEIGHT)).any(axis=0)
    return steep


def start_prices(curves: RentalCurves, lowest_reserve: np.ndarray, start_price: np.ndarray | None) -> np.ndarray:
    """Where the solver starts: at the guess where it is one, else at a rough solution; untraded prices are set.

    A guess at the cap is no guess: that is what a generation reports before its launch.
    """
    generations, worlds = lowest_reserve.shape
    untraded = untraded_prices(curves, lowest_reserve)
    start = np.broadcast_to(curves.cap, untraded.shape)
    if start_price is not None:
        start = checked(start_price, (generations,), worlds, "start_price").clip(curves.floor, curves.cap)
    unknown = (start >= curves.cap) & curves.traded
    lost = np.flatnonzero(unknown.any(axis=0))
    if lost.size:
        rough = np.empty_like(untraded)
        rough[:, lost] = rough_prices(curves.pick(lost))
        start = np.where(unknown, np.clip(rough, untraded, curves.cap, where=unknown, out=untraded.copy()), start)
    return np.where(curves.traded, start, untraded)


def untraded_prices(curves: RentalCurves, lowest_reserve: np.ndarray) -> np.ndarray:
    """What a generation that nobody trades reports: the lowest reserve of those who have any, else the cap."""
    return np.where(curves.offered > 0.0, lowest_reserve, curves.cap).clip(curves.floor, curves.cap)


def rough_prices(curves: RentalCurves) -> np.ndarray:
    """Prices at which one average buyer would take up all capacity, (generations, worlds).

    A single buyer with substitution sigma buys in proportion to theta^sigma p^-sigma; equal to capacity, that is
    p = theta capacity^(-1/sigma) up to a level, and demand falls with the level's power -epsilon.
    """
    known = curves.log_taste > -np.inf
    weight = np.where(known, curves.scale, 0.0)
    over_all = np.maximum(fold_rows(weight), 1e-300)
    sigma = 1.0 - curves.taste_power
    taste = fold_rows(weight * np.where(known, curves.log_taste + curves.best_taste, 0.0)) / over_all
    steepness = fold_rows(weight * sigma) / over_all
    elasticity = fold(curves.scale * (1.0 - curves.spending_power)) / np.maximum(fold(curves.scale), 1e-300)
    reach = (taste - np.log(np.maximum(curves.offered, 1e-300))) / np.maximum(steepness, 1.0)
    shape = np.exp(reach.clip(-20.0, 20.0)).clip(curves.floor, curves.cap)
    point = evaluate(curves, shape)
    worth = fold(np.where(curves.traded, shape * curves.offered, 0.0))
    level = np.log(np.maximum(fold(point.earned), 1e-300) / np.maximum(worth, 1e-300))
    return shape * np.exp((level / np.maximum(elasticity, 0.05)).clip(-20.0, 20.0))


def checked_row(value: object, buyers: int, worlds: int, name: str) -> np.ndarray:
    """A positive number for each buyer, (buyers, 1 or worlds), or one row if it is given once for all buyers.

    Raises: as `checked`.
    """
    array = np.asarray(value, dtype=np.float64)
    return checked(array, (1,) if len(array.shape) and len(array) == 1 else (buyers,), worlds, name)


def checked(
    value: object, shape: tuple[int, ...], worlds: int, name: str, *, zero: bool = False, least: float = 0.0
) -> np.ndarray:
    """An argument as float64 of `shape` with a last axis of 1 or `worlds`.

    Raises: ValueError naming the argument and its shape, or its index and world if a number is not allowed.
    """
    array = np.asarray(value, dtype=np.float64)
    if array.shape == shape:
        array = array[..., None]
    if array.shape[:-1] != shape or array.shape[-1] not in (1, worlds):
        raise ValueError(f"{name}: expected shape {shape} or {(*shape, worlds)}, got {array.shape}")
    if zero:
        return require(array, not_negative, name, "a finite number, >= 0")
    if least > 0.0:
        return require(array, Limits(least, finite.most), name, f"a finite number, >= {least}")
    return require(array, positive, name, "a finite number, > 0")
