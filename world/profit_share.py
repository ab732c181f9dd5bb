"""A partner's share of a lab's profit: first a high share to a target, then a lower one to a cap; and its conversion.

Money is bn USD. The share is paid on the running maximum of cumulative profit, so that a profit is shared only once,
after all losses before it.
"""

from __future__ import annotations

import numpy as np

from world.arrays import Flags, PerRow, PerWorld, above_zero_to_one, not_negative, positive, require, zero_to_one

FIRST_TARGET_USD_BN = 13.0
"""What the partner is paid at the first share, in dollars; a market in another currency has its own number."""


def profit_share_total(
    cumulative_profit_high_usd_bn: PerWorld,
    cap_usd_bn: PerWorld | float,
    first_share: PerWorld | float = 0.75,
    first_target_usd_bn: PerWorld | float = FIRST_TARGET_USD_BN,
    second_share: PerWorld | float = 0.49,
) -> PerWorld:
    """All that the partner has a right to so far: min(0.75 Pi, 13 + 0.49 max(0, Pi - 13 / 0.75), cap).

    Args:                               shape                  unit
        cumulative_profit_high_usd_bn   (worlds,)              bn USD, Pi, running maximum of cumulative profit
        cap_usd_bn                      (worlds,) or number    bn USD, >= 0
        first_share, second_share       (worlds,) or number    shares with 0 < second <= first <= 1
        first_target_usd_bn             (worlds,) or number    bn USD paid at the first share
    Returns:                            (worlds,)              bn USD, >= 0; nothing for Pi <= 0
    Laws (tests/invariants/test_profit_share.py): rises with Pi, by at most first_share per unit; continuous; never
        above the cap nor above the profit itself; proportional to money.
    Raises: ValueError if a cap is negative or the shares are out of order.
    Source: terms as reported (docs/sources.md); hand-worked in tests/oracles/test_funding_by_hand.py.
    """
    _require_terms(cap_usd_bn, first_share, second_share)
    return share_of_profit(cumulative_profit_high_usd_bn, cap_usd_bn, first_share, first_target_usd_bn, second_share)


def _require_terms(cap: PerWorld | float, first_share: PerWorld | float, second_share: PerWorld | float) -> None:
    """Refuse a cap that is negative and shares that are none."""
    require(cap, not_negative, "cap_usd_bn", "at least zero")
    require(first_share, above_zero_to_one, "first_share", "a share in (0, 1]")
    require(second_share, zero_to_one, "second_share", "a share in [0, 1]")


def share_of_profit(
    high: np.ndarray,
    cap: PerWorld | float,
    first_share: PerWorld | float = 0.75,
    first_target: PerWorld | float = FIRST_TARGET_USD_BN,
    second_share: PerWorld | float = 0.49,
) -> np.ndarray:
    """As `profit_share_total`, of terms that are known to be right, (..., worlds)."""
    profit = np.maximum(high, 0.0)
    beyond_target = np.maximum(profit - np.asarray(first_target) / first_share, 0.0)
    return np.minimum(np.minimum(first_share * profit, first_target + second_share * beyond_target), cap)


def profit_share_due(total_usd_bn: PerWorld, paid_usd_bn: PerWorld) -> PerWorld:
    """What is due now: the right so far less what was paid, not below zero. (worlds,), bn USD."""
    return np.maximum(total_usd_bn - paid_usd_bn, 0.0)


def profit_share_value_usd_bn(
    cumulative_profit_usd_bn: PerWorld,
    cumulative_profit_high_usd_bn: PerWorld,
    expected_profit_usd_bn: PerRow,
    cap_usd_bn: PerWorld | float,
    discount_rate_per_year: PerWorld | float,
    first_share: PerWorld | float = 0.75,
    first_target_usd_bn: PerWorld | float = FIRST_TARGET_USD_BN,
    second_share: PerWorld | float = 0.49,
) -> PerWorld:
    """Present value of the rest of the profit share along an expected path of yearly profit.

    Args:                               shape              unit
        cumulative_profit_usd_bn        (worlds,)          bn USD so far, usually below zero
        cumulative_profit_high_usd_bn   (worlds,)          bn USD, its running maximum, at least the above and zero
        expected_profit_usd_bn          (years, worlds)    bn USD in each year to come
        cap_usd_bn, discount_rate_per_year, first_share, first_target_usd_bn, second_share   (worlds,) or number
    Returns:                            (worlds,)          bn USD, >= 0; each year's payment discounted from mid-year
    Laws: rises with the cap and with every year's profit at a zero rate; at most the cap less what is already due;
        proportional to money.
    Raises: ValueError if a cap is negative or the shares are out of order.
    """
    _require_terms(cap_usd_bn, first_share, second_share)
    terms = cap_usd_bn, discount_rate_per_year, first_share, first_target_usd_bn, second_share
    return value_of_share(cumulative_profit_usd_bn, cumulative_profit_high_usd_bn, expected_profit_usd_bn, *terms)


def value_of_share(
    cumulative_profit_usd_bn: PerWorld,
    cumulative_profit_high_usd_bn: PerWorld,
    expected_profit_usd_bn: PerRow,
    cap_usd_bn: PerWorld | float,
    discount_rate_per_year: PerWorld | float,
    first_share: PerWorld | float = 0.75,
    first_target_usd_bn: PerWorld | float = FIRST_TARGET_USD_BN,
    second_share: PerWorld | float = 0.49,
) -> PerWorld:
    """As `profit_share_value_usd_bn`, of terms that are known to be right."""
    so_far = cumulative_profit_usd_bn
    high = np.empty((len(expected_profit_usd_bn) + 1, *so_far.shape))
    high[0] = np.maximum(cumulative_profit_high_usd_bn, 0.0)
    for year, profit in enumerate(expected_profit_usd_bn):
        so_far = so_far + profit
        np.maximum(high[year], so_far, out=high[year + 1])
    total = share_of_profit(high, cap_usd_bn, first_share, first_target_usd_bn, second_share)
    a_year = np.exp(-np.asarray(discount_rate_per_year))
    discount, value = np.sqrt(a_year), np.zeros_like(so_far)
    for payment in total[1:] - total[:-1]:
        value = value + payment * discount
        discount = discount * a_year
    return value


def conversion_bargain(
    value_of_profit_share_usd_bn: PerWorld,
    issuer_gain_usd_bn: PerWorld,
    value_usd_bn: PerWorld,
    weight: PerWorld | float,
) -> tuple[Flags, PerWorld]:
    """Swap the profit share for a stake, where both sides gain: Nash bargaining over the gain from converting.

    The partner gives up the profit share, worth s; the other holders are rid of it and gain g besides (tranches
    conditional on the conversion, cheaper capital). The stake is worth T = s + weight g: at least s to the partner, at
    most s + g to the others.

    Args:                              shape        unit
        value_of_profit_share_usd_bn   (worlds,)    bn USD, s, >= 0 (profit_share_value_usd_bn)
        issuer_gain_usd_bn             (worlds,)    bn USD, g, what the other holders gain beyond being rid of the share
        value_usd_bn                   (worlds,)    bn USD, the whole firm once converted, > 0
        weight                         (worlds,)    the partner's share of the gain, in [0, 1]
    Returns: happens                   (worlds,)    true where g > 0 and the stake leaves something to the others
             stake                     (worlds,)    share of the converted firm; zero where it does not happen
    Laws: both sides gain wherever it happens; the stake rises with s, g and weight and falls with the firm's value.
    Raises: ValueError naming argument and world if an amount is out of range.
    Source: docs/model.md.
    """
    require(value_of_profit_share_usd_bn, not_negative, "value_of_profit_share_usd_bn", "at least zero")
    require(value_usd_bn, positive, "value_usd_bn", "above zero")
    require(weight, zero_to_one, "weight", "a share in [0, 1]")
    payment = value_of_profit_share_usd_bn + weight * np.maximum(issuer_gain_usd_bn, 0.0)
    stake = payment / value_usd_bn
    happens = (issuer_gain_usd_bn > 0.0) & (stake < 1.0)
    return happens, np.where(happens, stake, 0.0)
