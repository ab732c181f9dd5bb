"""The mix of generations against the record, capacity and prices by hand, and an own chip's value in small steps."""

from __future__ import annotations

import math

import numpy as np
import pytest

from runs.state import Generations
from world.chips import (
    allocation_weight,
    backlog_pressure,
    list_price_k,
    programme_npv_usd_bn,
    wafer_growth,
    wafer_mix,
)


def test_the_mix_follows_the_last_change_of_generation() -> None:
    quarters = np.arange(5.0)
    mix = wafer_mix(np.stack([np.full(5, 20.0), quarters]), np.full((2, 5), 4.0))
    np.testing.assert_allclose(mix[1], [0.36, 0.75, 0.85, 0.93, 0.99], atol=0.05)


def test_the_mix_of_three_generations_by_hand() -> None:
    # The newest takes 0.36 in its first quarter; the one before it, two ramps old, 1 - 0.64 exp(-7.2) of the rest.
    mix = wafer_mix(np.array([[30.0], [8.0], [0.0], [-3.0]]), np.full((4, 1), 4.0))
    second = (1.0 - 0.64 * math.exp(-7.2)) * 0.64
    np.testing.assert_allclose(mix[:, 0], [0.64 - second, second, 0.36, 0.0], rtol=1e-12)


def test_a_quarter_of_shipments_by_hand() -> None:
    # 27 thousand wafers: 29 x 1 H100e of a chip that takes all of them, then 15 x 2.53 on 0.36 of them.
    h100e, packages, ramp = np.array([[1.0], [2.53]]), np.array([[29.0], [15.0]]), np.full((2, 1), 4.0)
    launch, other = np.array([[-8.0], [1.0]]), np.ones((2, 1))
    shipped = 27.0 * Generations(h100e, other, other, packages, launch, ramp, other, other).from_wafers(2)
    np.testing.assert_allclose(shipped[:, :, 0], [[0.783, 0.64 * 0.783], [0.0, 0.36 * 1.02465]], rtol=1e-12)


def test_wafers_close_a_gap_in_logs() -> None:
    # A backlog of 4 quarters against a target of 2, closed over 6 quarters: 2^(1/6); the cap binds at 0.05.
    pressure = backlog_pressure(np.full(2, 4.0), np.full(2, 1.0), 2.0)
    growth = wafer_growth(pressure, 6.0, np.array([0.3, 0.05]))
    np.testing.assert_allclose(growth, [math.log(2.0) / 6.0, 0.05], rtol=1e-12)
    empty = wafer_growth(backlog_pressure(np.array([0.0, 3.0]), np.zeros(2), 2.0), 6.0, 0.3)
    np.testing.assert_allclose(empty, [-0.02, 0.3], rtol=1e-12)


def test_a_list_price_two_years_on() -> None:
    price = list_price_k(np.array([[37.0]]), np.array([[8.0]]), 0.1, 2.0, 0.1)
    assert float(price[0, 0]) == pytest.approx(37.0 * 0.81 * 2.0**0.1, rel=1e-12)


def test_a_weight_by_hand() -> None:
    # Shares of 0.2 and 0.8, to the power of a half; half of the first one's orders are prepaid at a pull of 0.4.
    size, prepaid = np.array([[1.0], [4.0]]), np.array([[0.5], [0.0]])
    weight = allocation_weight(size, prepaid, np.array([0.5]), np.array([0.4]))
    assert weight[:, 0] == pytest.approx([math.sqrt(0.2) * 1.2, math.sqrt(0.8)], rel=1e-12)


@pytest.mark.parametrize(("rate", "horizon"), [(0.03, 32.0), (0.0, 32.0), (0.03, 5.0)])
def test_an_own_chip_in_small_steps(rate: float, horizon: float) -> None:
    volume, bought, own, development, lead = 2.0, 1.4, 1.0, 3.5, 9.0
    step = 0.001
    value = 0.0
    for index in range(round(max(horizon, lead) / step)):
        quarter = (index + 0.5) * step
        flow = -development / lead if quarter < lead else volume * (bought - own) * 2.19 * (quarter < horizon)
        value += flow * math.exp(-rate * quarter) * step
    found = programme_npv_usd_bn(
        np.array([volume]), np.array([bought]), np.array([own]), development, lead, horizon, rate
    )
    assert float(found[0]) == pytest.approx(value, rel=1e-6)
