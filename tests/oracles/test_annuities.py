"""Annuities against numerical integration, and the cost of an hour against what owners report."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad

from world.costs import (
    annuity_factor,
    annuity_value,
    capital_usd_h,
    running_usd_h,
    step_list_price,
    term_price,
)

# An H100 of its year and a GB200, each with the share of its rack: thousand USD, H100e, kW.
HOPPER, BLACKWELL = 0, 1
PRICE_K = np.array([[26.3], [37.0]])
H100E = np.array([[1.0], [2.53]])
KW_FACILITY = np.array([[1.889], [2.717]])
KW_IT = np.array([[1.453], [2.09]])
RUNNING = {"system_multiple": 1.5, "power_usd_mwh": 80.0, "power_draw": 0.75, "operations_share": 0.04}
CAPITAL = {
    "cost_of_capital": 0.103,
    "rent_fall": 0.2,
    "chip_life_years": 5.0,
    "system_multiple": 1.5,
    "shell_usd_m_per_it_mw": 13.0,
    "shell_life_years": 20.0,
    "utilisation": 0.9,
}


@pytest.mark.parametrize("rate", [-0.1, 0.0, 1e-9, 1e-7, 0.01, 0.303, 2.0])
@pytest.mark.parametrize("span", [0.25, 5.0, 20.0])
def test_an_annuity_is_the_integral_of_its_discounted_payments(rate: float, span: float) -> None:
    integral, _ = quad(lambda t: math.exp(-rate * t), 0.0, span, epsabs=1e-13, epsrel=1e-13)
    assert float(annuity_value(rate, span)) == pytest.approx(integral, rel=1e-11)


def test_a_rent_that_falls_pays_back_exactly() -> None:
    rate, fall, years = 0.103, 0.2, 5.0
    first_year = float(annuity_factor(rate, fall, years))
    paid, _ = quad(lambda t: first_year * math.exp(-(fall + rate) * t), 0.0, years, epsabs=1e-13)
    assert paid == pytest.approx(1.0, rel=1e-12)
    # By hand: 0.303 / (1 - exp(-1.515)) = 0.303 / 0.780194.
    assert first_year == pytest.approx(0.388365, abs=2e-6)
    assert float(annuity_factor(0.0, 0.0, 8.0)) == pytest.approx(0.125, rel=1e-14)


@pytest.mark.parametrize(("growth", "discount"), [(-0.05, 0.0), (-0.05, 0.02), (0.03, 0.02), (0.02, 0.02), (0.0, 0.0)])
def test_a_term_price_is_worth_the_spot_expected_over_it(growth: float, discount: float) -> None:
    spot, years, premium = 2.4, 3.0, 1.1
    expected, _ = quad(lambda q: spot * math.exp((growth - discount) * q), 0.0, 4.0 * years, epsabs=1e-13)
    weights, _ = quad(lambda q: math.exp(-discount * q), 0.0, 4.0 * years, epsabs=1e-13)
    price = term_price(np.array([spot]), growth, years, premium, discount_rate_per_quarter=discount)
    assert float(price[0]) == pytest.approx(premium * expected / weights, rel=1e-11)


def test_long_run_cost_is_what_owners_report() -> None:
    capital = capital_usd_h(PRICE_K / H100E, KW_IT / H100E, **CAPITAL)
    cost = capital + running_usd_h(PRICE_K / H100E, KW_FACILITY / H100E, **RUNNING)
    assert 2.3 < cost[HOPPER, 0] < 2.7
    assert 1.3 < cost[BLACKWELL, 0] < 1.5
    # By hand, Hopper: chips 26300 x 1.5 x 0.388365 / 7884; shell 1.453 x 13000 x 0.118033 / 7884;
    # electricity 1.889 x 0.75 x 0.08; operations 0.04 x 39450 / 8760.
    assert cost[HOPPER, 0] == pytest.approx(1.94330 + 0.28279 + 0.11334 + 0.18014, abs=1e-4)


def test_cash_cost_is_a_small_part_of_it() -> None:
    cash = running_usd_h(PRICE_K / H100E, KW_FACILITY / H100E, **RUNNING)
    assert cash[HOPPER, 0] == pytest.approx(0.11334 + 0.18014, abs=1e-5)
    assert 0.2 < cash[HOPPER, 0] < 0.45


def test_a_list_price_by_hand() -> None:
    stepped = step_list_price(np.array([4.0, 4.0, 4.0]), np.array([3.7, 3.0, 5.1]), 0.2)
    assert stepped.tolist() == [4.0, 3.0, 5.1]
