"""Rounds, room, the profit share and loans worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import brentq

from world.credit import credit_spread, debt_capacity_usd_bn, debt_service_usd_bn, dscr
from world.funding import dilute, funding_need_usd_bn, grant, loan_to_value, price_round, room_usd_bn
from world.profit_share import conversion_bargain, profit_share_total, profit_share_value_usd_bn


def one(value: float) -> np.ndarray:
    return np.array([value])


@pytest.mark.parametrize(
    ("profit", "cap", "total"),
    [
        (-5.0, 92.0, 0.0),
        (10.0, 92.0, 7.5),
        (13.0 / 0.75, 92.0, 13.0),
        (20.0, 92.0, 13.0 + 0.49 * (20.0 - 52.0 / 3.0)),
        (117.0 + 1.0 / 3.0, 92.0, 62.0),
        (500.0, 92.0, 92.0),
        (100.0, 40.0, 40.0),
        (10.0, 5.0, 5.0),
    ],
)
def test_the_profit_share_to_its_target_and_beyond(profit: float, cap: float, total: float) -> None:
    assert float(profit_share_total(one(profit), cap)[0]) == pytest.approx(total, rel=1e-12)


def test_the_rest_of_a_profit_share_by_hand() -> None:
    # Losses of 20, then profits of 30, 20 and -5: the high goes from 0 to 10 to 30, paying 7.5 and then up to 19.2067.
    expected = np.array([[30.0], [20.0], [-5.0]])
    value = profit_share_value_usd_bn(one(-20.0), one(0.0), expected, 92.0, 0.1)
    at_thirty = 13.0 + 0.49 * (30.0 - 52.0 / 3.0)
    assert float(value[0]) == pytest.approx(7.5 * math.exp(-0.05) + (at_thirty - 7.5) * math.exp(-0.15), rel=1e-12)


def test_a_conversion_by_hand() -> None:
    # A share worth 40, a gain of 100 split evenly, a firm worth 500: 90 / 500. No gain, no conversion.
    happens, stake = conversion_bargain(np.full(2, 40.0), np.array([100.0, -1.0]), np.full(2, 500.0), 0.5)
    assert happens.tolist() == [True, False]
    np.testing.assert_allclose(stake, [0.18, 0.0], rtol=1e-12)


def test_room_by_hand() -> None:
    # H 180, D 30, limit 25 %: (45 - 30) / 0.75 = 20; 8 are due, 5 of assets go. At 35 %: (63 - 30) / 0.65.
    assert float(room_usd_bn(one(180.0), one(30.0), 0.25)[0]) == pytest.approx(20.0, rel=1e-12)
    assert float(room_usd_bn(one(180.0), one(30.0), 0.25, 8.0)[0]) == pytest.approx(12.0, rel=1e-12)
    assert float(room_usd_bn(one(180.0), one(30.0), 0.25, 8.0, asset_sales_usd_bn=5.0)[0]) == pytest.approx(
        17.0, rel=1e-12
    )
    assert float(room_usd_bn(one(180.0), one(30.0), 0.35)[0]) == pytest.approx(33.0 / 0.65, rel=1e-12)
    assert float(room_usd_bn(one(180.0), one(50.0), 0.25)[0]) == 0.0
    assert float(loan_to_value(one(180.0), one(30.0))[0]) == pytest.approx(1.0 / 6.0, rel=1e-12)


@pytest.mark.parametrize(("debt", "sales", "due"), [(30.0, 0.0, 0.0), (-12.0, 0.0, 4.0), (44.0, 9.0, 3.0)])
def test_room_is_where_the_limit_binds(debt: float, sales: float, due: float) -> None:
    limit, holdings = 0.25, 180.0

    def slack(invested: float) -> float:
        return limit * (holdings - sales + due + invested) - (debt - sales + due + invested)

    room = room_usd_bn(one(holdings), one(debt), limit, due, asset_sales_usd_bn=sales)
    assert float(room[0]) == pytest.approx(brentq(slack, 0.0, 1e4, xtol=1e-12), rel=1e-10)


def test_a_round_of_six_point_six_at_one_hundred_and_fifty_seven() -> None:
    # The others would cover the ask at 150 (they supply 6.6 there): the fallback. The anchor carries half of the round
    # and values the firm at 151.6; the issuer's weight of a half lifts the price by a quarter of 1.6.
    done = price_round(one(6.6), one(150.0), one(100.0), one(3.3), one(151.6), one(6.6), 4.0, 0.5)
    assert float(done.pre_money[0]) == pytest.approx(150.4, rel=1e-12)
    assert float(done.by_anchor[0]) == pytest.approx(3.3, rel=1e-12)
    assert float(done.by_others[0]) == pytest.approx(3.3, rel=1e-12)
    assert float(done.post_money[0]) == pytest.approx(157.0, rel=1e-12)
    stakes = dilute(np.array([[0.6], [0.4], [0.0]]), done.pre_money, np.array([[0.0], [3.3], [3.3]]))
    np.testing.assert_allclose(stakes[:, 0], [90.24 / 157.0, 63.46 / 157.0, 3.3 / 157.0], rtol=1e-12)


def test_rounds_at_the_edges() -> None:
    # No anchor: an ask of 20 where 10 are supplied at 150, elasticity 1, is covered at 75, or at 80 up to 18.75.
    cheap = price_round(one(20.0), one(150.0), one(60.0), one(0.0), one(500.0), one(10.0), 1.0, 0.5)
    assert float(cheap.pre_money[0]) == pytest.approx(75.0, rel=1e-12)
    assert float(cheap.raised[0]) == pytest.approx(20.0, rel=1e-12)
    proud = price_round(one(20.0), one(150.0), one(80.0), one(0.0), one(500.0), one(10.0), 1.0, 0.5)
    assert float(proud.raised[0]) == pytest.approx(18.75, rel=1e-12)
    # An anchor alone pays the way to its valuation for all that it carries; below the reservation it stays out.
    alone = price_round(one(20.0), one(150.0), one(100.0), one(20.0), one(300.0), one(0.0), 1.0, 0.25)
    assert (float(alone.pre_money[0]), float(alone.raised[0])) == (150.0, 20.0)
    out = price_round(one(20.0), one(150.0), one(100.0), one(20.0), one(99.0), one(0.0), 1.0, 0.25)
    assert (float(out.pre_money[0]), float(out.raised[0])) == (100.0, 0.0)
    nothing = price_round(one(0.0), one(150.0), one(100.0), one(20.0), one(300.0), one(10.0), 1.0, 0.25)
    assert (float(nothing.pre_money[0]), float(nothing.raised[0])) == (100.0, 0.0)


def test_a_grant_and_a_need_by_hand() -> None:
    stakes = grant(np.array([[0.75], [0.25]]), np.array([[0.0], [0.2]]))
    np.testing.assert_allclose(stakes[:, 0], [0.6, 0.4], rtol=1e-12)
    # Burning 2 a quarter with 5 in hand and six quarters wanted: 7 more.
    assert float(funding_need_usd_bn(one(5.0), one(2.0), 6.0)[0]) == pytest.approx(7.0, rel=1e-12)


def test_a_loan_by_hand() -> None:
    # 1 bn a year at 7 % over 15 years, covered 1.3 times: (1 - exp(-1.05)) / 0.07 / 1.3 = 7.1443.
    debt = debt_capacity_usd_bn(one(1.0), 0.07, 15.0, 1.3)
    assert float(debt[0]) == pytest.approx((1.0 - math.exp(-1.05)) / 0.07 / 1.3, rel=1e-12)
    assert float(dscr(one(1.0), debt_service_usd_bn(debt, 0.07, 15.0))[0]) == pytest.approx(1.3, rel=1e-12)
    assert float(dscr(one(3.0), one(2.0))[0]) == 1.5
    assert float(dscr(one(3.0), one(0.0))[0]) == 100.0


def test_spreads_are_those_of_the_record() -> None:
    # A loan on chips: 6.25 % over the base rate for a tenant of investment grade, 13 % for one below it.
    good = credit_spread(0.0625, one(0.7), one(1.5), 0.0, 0.0)
    weak = credit_spread(0.0625, one(0.7), one(1.5), 0.0675, 0.0)
    assert float(good[0]) == pytest.approx(0.0625, rel=1e-12)
    assert float(weak[0]) == pytest.approx(0.13, rel=1e-12)
    tight = credit_spread(0.0625, one(0.9), one(1.1), 0.0, 0.1)
    assert float(tight[0]) == pytest.approx(0.0625 * math.exp(0.2 + 0.2 + 0.1), rel=1e-12)
