"""One world's rental market by general-purpose solvers: slow, obvious, and independent of the production code.

Demand, supply and the dual are the textbook formulas, power by power. SciPy minimises the dual over log-prices with a
quasi-Newton method; SciPy's root finder then polishes excess demand. An answer counts only with its certificate: excess
demand zero inside the box, >= 0 at the cap, <= 0 at the floor. The dual is convex, so there is no other answer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.optimize import brentq, minimize, root

CERTIFIED = 2e-12
"""Excess demand over offered capacity at which an answer is certified."""


@dataclass(frozen=True)
class OneMarket:
    """One world: every array without the axis of worlds."""

    demand_scale: np.ndarray
    price_elasticity: np.ndarray
    substitution: np.ndarray
    suitability: np.ndarray
    capacity: np.ndarray
    reserve_price: np.ndarray
    band: float
    floor: float
    cap: float

    @cached_property
    def weights(self) -> np.ndarray:
        """theta^sigma, zero where nobody offers the generation or the buyer wants nothing at all."""
        able = (self.capacity.sum(axis=0) > 0.0) & (self.suitability > 0.0) & (self.demand_scale > 0.0)[:, None]
        return np.where(able, self.suitability ** self.substitution[:, None], 0.0)

    @cached_property
    def offered(self) -> np.ndarray:
        """Offered capacity of each generation, at least 1e-12 of the world's: what relative means."""
        offered = self.capacity.sum(axis=0)
        return np.maximum(offered, 1e-12 * offered.sum())

    @cached_property
    def buying(self) -> np.ndarray:
        """Buyers who want something that is offered."""
        return self.weights.any(axis=1)

    def log_index(self, price: np.ndarray) -> np.ndarray:
        """Log of the price index of every buyer who buys."""
        sigma = self.substitution[self.buying]
        return np.log((self.weights[self.buying] * price ** (1.0 - sigma[:, None])).sum(axis=1)) / (1.0 - sigma)

    def demand(self, price: np.ndarray) -> np.ndarray:
        """(buyers, generations) at prices (generations,)."""
        rows, buying = np.zeros(self.suitability.shape), self.buying
        index, sigma = np.exp(self.log_index(price)), self.substitution[buying]
        wanted = self.demand_scale[buying] * index ** -self.price_elasticity[buying]
        rows[buying] = wanted[:, None] * self.weights[buying] * (price / index[:, None]) ** -sigma[:, None]
        return rows

    def supply(self, price: np.ndarray) -> np.ndarray:
        """(suppliers, generations) at prices (generations,)."""
        rise = (price - self.reserve_price) / (self.band * self.reserve_price)
        return self.capacity * np.minimum(np.maximum(rise, 0.0), 1.0)

    def dual(self, price: np.ndarray) -> float:
        """Indirect utility plus profit."""
        log_index, left = self.log_index(price), 1.0 - self.price_elasticity[self.buying]
        away = np.where(left == 0.0, 1.0, left)
        utility = np.where(left == 0.0, log_index, np.expm1(left * log_index) / away)
        total = -float(np.sum(self.demand_scale[self.buying] * utility))
        width = self.band * self.reserve_price
        inside = np.clip(price - self.reserve_price, 0.0, width)
        beyond = np.maximum(price - self.reserve_price - width, 0.0)
        return total + float(np.sum(self.capacity * (inside**2 / (2.0 * width) + beyond)))

    def traded(self) -> np.ndarray:
        """Generations that somebody offers and somebody who wants anything can use."""
        return self.weights.any(axis=0)


@dataclass(frozen=True)
class OracleClearing:
    """Prices, trades, excess demand and which generations are traded at all."""

    price: np.ndarray
    bought: np.ndarray
    sold: np.ndarray
    excess_demand: np.ndarray
    traded: np.ndarray


class OracleFailedError(RuntimeError):
    """No SciPy method certified an answer: the oracle, not the code under test, has to be improved."""


def clear_one(market: OneMarket) -> OracleClearing:
    """The market of one world, solved and certified."""
    traded = market.traded()
    offered = market.capacity > 0.0
    lowest = np.where(offered, market.reserve_price, np.inf).min(axis=0)
    price = np.clip(lowest, market.floor, market.cap)
    if traded.any():
        price[traded] = solve(market, traded, price)
    demand, supply = market.demand(price), market.supply(price)
    wanted, on_offer = demand.sum(axis=0), supply.sum(axis=0)
    trade = np.minimum(wanted, on_offer)
    return OracleClearing(
        price=price,
        bought=demand * np.divide(trade, wanted, out=np.zeros_like(trade), where=wanted > 0.0),
        sold=supply * np.divide(trade, on_offer, out=np.zeros_like(trade), where=on_offer > 0.0),
        excess_demand=wanted - on_offer,
        traded=traded,
    )


def solve(market: OneMarket, traded: np.ndarray, untraded_price: np.ndarray) -> np.ndarray:
    """Prices of the traded generations, from several starts and, at need, through ever narrower bands."""
    low, high = np.log(market.floor), np.log(market.cap)
    best = np.full(int(traded.sum()), 0.5 * (low + high))
    for eased_bands in ([], [market.band * 4.0**k for k in range(7, 0, -1)]):
        for start in (best, np.log(untraded_price[traded]), np.zeros_like(best)):
            x = np.clip(start, low, high)
            for band in [*eased_bands, market.band]:
                eased = replace(market, band=band)
                for _ in range(3):
                    x = polish(eased, traded, untraded_price, descend(eased, traded, untraded_price, x))
                    if error(eased, traded, untraded_price, x) <= CERTIFIED:
                        break
            if error(market, traded, untraded_price, x) <= CERTIFIED:
                return prices(market, x)
    for _ in range(200):
        x = polish(market, traded, untraded_price, one_by_one(market, traded, untraded_price, x))
        if error(market, traded, untraded_price, x) <= CERTIFIED:
            return prices(market, x)
    raise OracleFailedError(f"excess demand {error(market, traded, untraded_price, x)} at {np.exp(x)} in {market}")


def prices(market: OneMarket, x: np.ndarray) -> np.ndarray:
    """Prices from their logs, exactly at the box where they are at its log."""
    inside = np.where(x >= np.log(market.cap), market.cap, np.exp(x))
    return np.clip(np.where(x <= np.log(market.floor), market.floor, inside), market.floor, market.cap)


def excess(market: OneMarket, traded: np.ndarray, untraded_price: np.ndarray, x: np.ndarray) -> tuple:
    """Excess demand of the traded generations at log-prices x, what relative means, and all prices."""
    price = untraded_price.copy()
    price[traded] = prices(market, x)
    wanted, on_offer = market.demand(price).sum(axis=0)[traded], market.supply(price).sum(axis=0)[traded]
    return wanted - on_offer, market.offered[traded], price


def error(market: OneMarket, traded: np.ndarray, untraded_price: np.ndarray, x: np.ndarray) -> float:
    """Largest violation of the certificate, relative to the capacity offered."""
    gap, offered, price = excess(market, traded, untraded_price, x)
    gap = np.where((price[traded] >= market.cap) & (gap > 0.0), 0.0, gap)
    gap = np.where((price[traded] <= market.floor) & (gap < 0.0), 0.0, gap)
    rounding = 4e-16 * offered * (1.0 + 1.0 / market.band)
    return float(np.max(np.maximum(np.abs(gap) - rounding, 0.0) / offered))


def descend(market: OneMarket, traded: np.ndarray, untraded_price: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Minimise the dual over log-prices with SciPy's bounded quasi-Newton method."""
    unit = max(float(market.capacity.sum()), 1e-300)

    def value_and_slope(x: np.ndarray) -> tuple[float, np.ndarray]:
        gap, _, price = excess(market, traded, untraded_price, x)
        return market.dual(price) / unit, -gap * price[traded] / unit

    box = [(np.log(market.floor), np.log(market.cap))] * x.size
    found = minimize(
        value_and_slope,
        x,
        jac=True,
        method="L-BFGS-B",
        bounds=box,
        options={"ftol": 1e-16, "gtol": 1e-13, "maxiter": 2000},
    )
    return found.x


def one_by_one(market: OneMarket, traded: np.ndarray, untraded_price: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Clear one generation after the other by bisection, ten rounds: slow but sure, as they are substitutes."""
    x = x.copy()
    low, high = np.log(market.floor), np.log(market.cap)
    for _ in range(10):
        for g in range(x.size):

            def own_excess(log_price: float, g: int = g) -> float:
                return excess(market, traded, untraded_price, np.where(np.arange(x.size) == g, log_price, x))[0][g]

            if own_excess(low) <= 0.0:
                x[g] = low
            elif own_excess(high) >= 0.0:
                x[g] = high
            else:
                x[g] = brentq(own_excess, low, high, xtol=1e-15, rtol=1e-15)
    return x


def polish(market: OneMarket, traded: np.ndarray, untraded_price: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Solve relative excess demand = 0 for the prices that the box does not hold, with Powell's hybrid method."""
    gap, _, price = excess(market, traded, untraded_price, x)
    p = price[traded]
    free = ~(((p >= market.cap) & (gap >= 0.0)) | ((p <= market.floor) & (gap <= 0.0)))
    if not free.any():
        return x

    def residual(part: np.ndarray) -> np.ndarray:
        whole = x.copy()
        whole[free] = np.clip(part, np.log(market.floor) - 1.0, np.log(market.cap) + 1.0)
        gap, offered, _ = excess(market, traded, untraded_price, whole)
        return (gap / offered)[free]

    better = x.copy()
    for _ in range(3):
        step = root(residual, better[free], method="hybr", options={"xtol": 1e-15, "maxfev": 400}).x
        trial = better.copy()
        trial[free] = np.clip(step, np.log(market.floor), np.log(market.cap))
        if not error(market, traded, untraded_price, trial) < error(market, traded, untraded_price, better):
            break
        better = trial
    return better


def take_world(market: dict, world: int, floor: float = 0.01, cap: float = 100.0) -> OneMarket:
    """One world of the arguments of `clear_rental_market`, all of which but the band have an axis of worlds."""
    names = ("demand_scale", "price_elasticity", "substitution", "suitability", "capacity", "reserve_price")
    rows = {name: np.asarray(market[name])[..., world] for name in names}
    return OneMarket(**rows, band=float(market["band"]), floor=floor, cap=cap)
