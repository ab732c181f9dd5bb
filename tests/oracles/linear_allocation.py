"""The transportation problem of one world as a linear programme for scipy."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog


def largest_sum_one_world(worth: np.ndarray, offered: np.ndarray, wanted: np.ndarray) -> float:
    """The largest sum of worth times allocation; (tenants, offers), (offers,), (tenants,)."""
    tenants, offers = worth.shape
    money, amount = float(worth.max()), float(max(offered.max(), wanted.max()))
    if money <= 0.0 or amount <= 0.0:
        return 0.0
    limits = np.zeros((offers + tenants, tenants * offers))
    for tenant in range(tenants):
        for offer in range(offers):
            limits[offer, tenant * offers + offer] = 1.0
            limits[offers + tenant, tenant * offers + offer] = 1.0
    # In units of the largest worth and amount, since the solver's tolerances are absolute.
    solved = linprog(
        -np.maximum(worth, 0.0).ravel() / money, A_ub=limits, b_ub=np.concatenate([offered, wanted]) / amount
    )
    assert solved.success, solved.message
    return -solved.fun * money * amount


def best_exchange_one_world(worth: np.ndarray, allocated: np.ndarray, offered: np.ndarray, wanted: np.ndarray) -> float:
    """The most that one unit could still gain by any ring of exchanges, at or below zero for an optimum.

    Every simple ring is found by a loop over all pairs and way points (Floyd and Warshall). The yard holds what is
    not sold and what is not served. Amounts below 1e-12 of what is traded are dust, and each link costs 2e-12 of the
    largest worth, so that ties that differ by rounding are no gain.
    """
    tenants, offers = worth.shape
    dust = 1e-12 * min(offered.sum(), wanted.sum())
    yard = tenants + offers
    gain = np.full((yard + 1, yard + 1), -np.inf)
    for offer in range(offers):
        node = tenants + offer
        gain[node, yard] = 0.0
        if offered[offer] - allocated[:, offer].sum() > dust:
            gain[yard, node] = 0.0
        for tenant in range(tenants):
            if worth[tenant, offer] > 0.0:
                gain[node, tenant] = worth[tenant, offer]
            if allocated[tenant, offer] > dust:
                gain[tenant, node] = -worth[tenant, offer]
    for tenant in range(tenants):
        gain[yard, tenant] = 0.0
        if wanted[tenant] - allocated[tenant].sum() > dust:
            gain[tenant, yard] = 0.0
    gain -= 2e-12 * max(float(worth.max()), 0.0)
    for way in range(yard + 1):
        for start in range(yard + 1):
            for end in range(yard + 1):
                gain[start, end] = max(gain[start, end], gain[start, way] + gain[way, end])
    return float(np.diag(gain).max())
