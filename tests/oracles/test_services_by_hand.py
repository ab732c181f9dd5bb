"""Shares, serving and capability against loops over worlds and labs that say the rule in its plainest form."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import t as student_t

from world.services import (
    budget_to_demand_scale,
    local_trend,
    market_shares,
    next_capability,
    scaled_innovation,
    serve,
    split_inference,
)


def test_an_innovation_has_the_deviation_it_claims() -> None:
    uniforms = (np.arange(400_000) + 0.5) / 400_000
    moved = scaled_innovation(student_t.ppf(uniforms, 6.0), 6.0, 0.02, limit=1000.0)
    assert float(np.std(moved)) == pytest.approx(0.02, rel=2e-3)


def test_a_trend_by_hand() -> None:
    # Growth 0.12 against 0.04 in the long run, three quarters kept, a shock of -0.01: 0.04 + 0.06 - 0.01.
    assert float(local_trend(np.array([0.12]), 0.04, 0.75, -0.01)[0]) == pytest.approx(0.09, rel=1e-12)


def test_shares_against_the_textbook_logit() -> None:
    generator = np.random.default_rng(3)
    capability, distribution = generator.normal(size=(3, 5)), generator.normal(size=(3, 5))
    unserved, weights = generator.uniform(size=(3, 5)), generator.uniform(0.2, 2.0, (3, 5))
    shares = market_shares(capability, distribution, unserved, *weights)
    for world in range(5):
        odds = [
            math.exp(
                weights[0, world] * capability[lab, world]
                + weights[1, world] * distribution[lab, world]
                - weights[2, world] * unserved[lab, world]
            )
            for lab in range(3)
        ]
        for lab in range(3):
            assert shares[lab, world] == pytest.approx(odds[lab] / sum(odds), rel=1e-12)


def test_refused_customers_by_hand() -> None:
    # Lab 0 refuses 4 of 10, half of them try rivals: 2 to rooms of 3 and 1. Then all try: 4 to rooms of 4 in all, and
    # with the rooms halved 2 are left over.
    demand = np.array([[10.0, 10.0, 10.0], [2.0, 2.0, 2.0], [1.0, 1.0, 1.0]])
    capacity = np.array([[6.0, 6.0, 6.0], [5.0, 5.0, 3.5], [2.0, 2.0, 1.5]])
    served = serve(demand, capacity, np.array([0.5, 1.0, 1.0]))
    np.testing.assert_allclose(served.served_usd_bn, [[6.0, 6.0, 6.0], [3.5, 5.0, 3.5], [1.5, 2.0, 1.5]], rtol=1e-14)
    np.testing.assert_allclose(served.received_usd_bn, [[0.0, 0.0, 0.0], [1.5, 3.0, 1.5], [0.5, 1.0, 0.5]], rtol=1e-14)
    np.testing.assert_allclose(served.unserved_usd_bn[0], [4.0, 4.0, 4.0], rtol=1e-14)
    np.testing.assert_allclose(served.lost_usd_bn, [2.0, 0.0, 2.0], atol=1e-14)


def test_capability_is_the_log_of_a_depreciating_stock() -> None:
    stock, progress = 1.7, 0.0
    capability = np.array([math.log(stock)])
    for quarter in range(40):
        flow = 0.2 + 0.01 * quarter
        progress += 0.2
        stock = 0.9 * stock + flow * math.exp(progress)
        capability = next_capability(capability, np.array([flow]), progress, 0.1)
    assert float(capability[0]) == pytest.approx(math.log(stock), rel=1e-12)
    steady = np.array([0.0])
    for _ in range(400):
        steady = next_capability(steady, np.array([0.5]), 0.0, 0.1)
    assert float(steady[0]) == pytest.approx(math.log(5.0), rel=1e-12)


def test_the_split_by_hand() -> None:
    # Wanted 3 and 1, got 2: cut alike 1.5, customers first 2, halfway 1.75. Got 5: what is not wanted goes to R&D.
    inference, rd = split_inference(np.array([2.0, 5.0]), np.array([3.0, 3.0]), np.array([1.0, 1.0]))
    np.testing.assert_allclose(inference, [1.75, 3.0], rtol=1e-14)
    np.testing.assert_allclose(rd, [0.25, 2.0], rtol=1e-14)


def test_a_budget_by_hand() -> None:
    # 4.38 bn a quarter at 2 USD an hour buys 1 M H100e; at elasticity 1 the scale is 2, at 2 it is 4.
    scale = budget_to_demand_scale(np.full(2, 4.38), np.full(2, 2.0), np.array([1.0, 2.0]))
    np.testing.assert_allclose(scale, [2.0, 4.0], rtol=1e-12)
