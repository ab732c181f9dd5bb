"""The rental market at the start: prices and demand at which everything deployed is used as the record says."""

from __future__ import annotations

import numpy as np

from agents.cast import GENERATIONS, Cast
from runs.state import GENERATION, Generations, Market
from world.arrays import PerWorld, fold, ratio
from world.fleets import Fleet
from world.nested_market import PerKind
from world.parameters import Parameters
from world.record import StartState


def open_market(
    start: StartState, fleet: Fleet, generations: Generations, parameters: Parameters, cast: Cast
) -> Market:
    """The market at rest: prices at which everything deployed is used as the record says, in closed form.

    With m_b = a_b P_b^(sigma - eps) a user buys m_b theta_g^sigma p_g^-sigma of each generation that it can use.
    Shares of merchant compute give m_b up to one number, which the price of the Hopper generation fixes; the
    captive chips then clear at the price that their own users pay.
    """
    m = parameters.of("market")
    theta, sigma = generations.usefulness, m.substitution
    capacity = fold(fleet.deployed)
    worlds = capacity.shape[-1]
    hopper = GENERATION["hopper"]
    price_hopper = start.value("market", "spot_price_hopper_usd_h") * parameters.of("currency").scale
    log_price = np.full((len(GENERATIONS), worlds), np.nan)
    total = np.log(capacity[hopper]) + sigma * (np.log(price_hopper) - np.log(theta[hopper]))
    shares = np.array([[start.value("market", f"used_share.{user}")] for user in cast.users])
    shares = shares / shares.sum()
    has = capacity > 1e-9
    safe = np.where(has, capacity, 1.0)
    for row in range(len(GENERATIONS)):
        access = float((shares[:, 0] * cast.access[:, row, 0]).sum())
        log_price[row] = np.log(theta[row]) + (total + np.log(access) - np.log(safe[row])) / sigma
    price = np.where(has, np.exp(log_price), 100.0 * parameters.of("currency").scale)
    log_index = kind_index(price, theta, sigma, has, cast)
    eps_long = m.elasticity_long
    # a_b = m_b P_b^(eps - sigma), and A_b = a_b Pbar_b^(eps_L - eps_S) with Pbar_b = P_b.
    log_scale = np.log(shares) + total + (eps_long - sigma) * log_index[cast.kind_of_user]
    taste = np.where(has, np.exp(sigma * (np.log(theta) - np.log(price))), 0.0)
    strength = shares * np.exp(total)
    taken = taste * ratio(capacity, cast.nests.takers.fold(strength) * taste)
    posted = np.full(worlds, start.value("market", "posted_one_year_usd_h")) * parameters.of("currency").scale
    return Market(
        price_usd_h=price,
        traded=has,
        taken_h100e_m=taken,
        strength=strength,
        sold_h100e_m=capacity,
        log_index=log_index,
        log_slow_index=log_index.copy(),
        posted_usd_h=posted,
        list_usd_h=posted * m.list_premium,
        rationed=np.zeros(worlds, dtype=bool),
        scale=np.exp(log_scale),
    )


def kind_index(price: np.ndarray, theta: np.ndarray, sigma: PerWorld, has: np.ndarray, cast: Cast) -> PerKind:
    """Log of the price index of each kind of users over what it can use, (kinds, worlds), $/effective H100e-hour."""
    weight = np.where(has, np.exp(sigma * np.log(theta) + (1.0 - sigma) * np.log(price)), 0.0)
    return np.log(cast.nests.usable.fold(weight)) / (1.0 - sigma)
