"""Random rental markets for laws and oracles: wide distributions from one seed, with the knife edges of numerics."""

from __future__ import annotations

import numpy as np

from world.market import RentalClearing, clear_rental_market

Market = dict[str, np.ndarray | float]
"""The arguments of `clear_rental_market` by name, with a last axis of worlds wherever it may have one."""

ELASTICITIES = (0.05, 0.25, 0.6, 1.0 - 1e-9, 1.0, 1.0 + 1e-9, 2.0)
BANDS = (1e-3, 0.02, 0.1, 0.3, 1.0, 5.0)
SCALES = (1e-6, 1.0, 1.0, 1e6)


def random_market(seed: int, worlds: int, buyers: int = 0, suppliers: int = 0, generations: int = 0) -> Market:
    """Markets over wide ranges; sizes of 0 are drawn. Zeros in demand, capacity and suitability, ties in reserves."""
    draw = np.random.default_rng(seed)
    buyers = buyers or int(draw.integers(1, 9))
    suppliers = suppliers or int(draw.integers(1, 6))
    generations = generations or int(draw.integers(1, 7))
    substitution = draw.uniform(1.1, 30.0, (buyers, worlds))
    elasticity = np.minimum(draw.choice(ELASTICITIES, (buyers, worlds)), 0.95 * substitution)
    suitability = draw.lognormal(0.0, draw.choice([0.1, 1.0]), (buyers, generations, worlds))
    suitability[draw.random(suitability.shape) < 0.15] = 0.0
    demand = draw.lognormal(0.0, draw.choice([0.3, 2.0]), (buyers, worlds))
    demand[draw.random(demand.shape) < 0.1] = 0.0
    capacity = draw.lognormal(0.0, draw.choice([0.3, 2.0]), (suppliers, generations, worlds))
    capacity[draw.random(capacity.shape) < 0.2] = 0.0
    reserve = draw.lognormal(-1.0, draw.choice([0.1, 0.6]), (suppliers, generations, worlds))
    if draw.random() < 0.3:
        reserve[:] = reserve[:1]
    scale = draw.choice(SCALES)
    return {
        "demand_scale": demand * scale * draw.choice([0.1, 1.0, 10.0]),
        "price_elasticity": elasticity,
        "substitution": substitution,
        "suitability": suitability,
        "capacity": capacity * scale,
        "reserve_price": reserve,
        "band": float(draw.choice(BANDS)),
    }


def usual_market(seed: int, worlds: int, buyers: int = 8, suppliers: int = 5, generations: int = 6) -> Market:
    """Markets as a run has them: inelastic demand, close substitutes, one generation that only some buyers can use."""
    draw = np.random.default_rng(seed)
    h100e_per_chip = np.array([0.3, 1.0, 2.5, 5.0, 9.0, 4.0])[:generations]
    stock = np.array([0.1, 1.0, 2.0, 1.0, 0.3, 0.3])[:generations]
    suitability = h100e_per_chip**-0.45 * draw.lognormal(0.0, 0.05, (buyers, generations))
    suitability[3:, -1] = 0.0
    return {
        "demand_scale": draw.lognormal(0.0, 0.8, (buyers, worlds)),
        "price_elasticity": draw.uniform(0.1, 0.5, buyers),
        "substitution": draw.uniform(8.0, 25.0, buyers),
        "suitability": suitability,
        "capacity": draw.lognormal(0.0, 0.6, (suppliers, generations, worlds)) * stock[:, None],
        "reserve_price": draw.uniform(0.2, 0.6, (suppliers, generations)),
        "band": 0.3,
    }


def a_quarter_later(market: Market, seed: int) -> Market:
    """The same market after a quarter of growth: demand and capacity up by 8 %, more or less, in each row and world."""
    draw = np.random.default_rng(seed)
    grown = dict(market)
    for name, spread in (("demand_scale", 0.06), ("capacity", 0.05)):
        quantity = np.asarray(market[name])
        grown[name] = quantity * draw.lognormal(0.08, spread, quantity.shape)
    return grown


def worlds_of(market: Market) -> int:
    """Number of worlds of a market."""
    return np.asarray(market["demand_scale"]).shape[-1]


def some_worlds(market: Market, chosen: np.ndarray) -> Market:
    """The market of the chosen worlds, in that order; what has no axis of worlds stays."""
    worlds, offers = worlds_of(market), np.asarray(market["capacity"])
    full = {"demand_scale": 2, "price_elasticity": 2, "substitution": 2, "suitability": 3, "reserve_price": 3}
    full |= {"band": 1, "price_floor": 1, "price_cap": 1, "start_price": 2, "capacity": offers.ndim}
    picked = dict(market)
    for name, value in market.items():
        array = np.asarray(value)
        if array.ndim == full[name]:
            assert array.shape[-1] == worlds
            picked[name] = array[..., chosen]
    return picked


def clear(market: Market) -> RentalClearing:
    """Clear it, with every floating-point trap but underflow set."""
    with np.errstate(divide="raise", over="raise", invalid="raise"):
        return clear_rental_market(**market)  # type: ignore[arg-type]
