"""Distress: the price of a rescue against default, and what providers give up rather than let a tenant fail."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from world.arrays import PerRow, PerWorld, fold, not_negative, ratio, require, zero_to_one

MOST_CUT = 0.95
"""No lease is cut to nothing: below this it is given up instead."""


@dataclass(frozen=True, slots=True)
class Rescue:
    """A rescue round.

    Attributes:     shape        unit
        paid        (worlds,)    bn USD that the rescuers put in
        fallback    (worlds,)    bn USD, what the holders would keep in a default
        pre_money   (worlds,)    bn USD, what the holders' part is counted at: the price
    """

    paid: PerWorld
    fallback: PerWorld
    pre_money: PerWorld


def price_rescue(
    short_usd_bn: PerWorld,
    value_usd_bn: PerWorld,
    kept_in_default: PerWorld | float,
    weight: PerWorld | float,
    most_share: PerWorld | float,
) -> Rescue:
    """Price a rescue: the holders bargain with those who could save the firm, the way out of both is its default.

    In a default the holders keep a part of the firm's value and the rescuers keep their money. Saved, the firm is
    worth its value and the money put in. The holders get what they would keep and their weight of the gain.

    Args:                  shape        unit
        short_usd_bn       (worlds,)    bn USD that the firm lacks, >= 0
        value_usd_bn       (worlds,)    bn USD, what it is worth if it goes on, before the money, > 0
        kept_in_default    (worlds,)    share of that value that holders keep in a default, in [0, 1]
        weight             (worlds,)    the holders' share of the gain, in [0, 1]
        most_share         (worlds,)    most that the rescuers put in over the price, >= 0
    Returns: Rescue
    Laws (tests/invariants/test_rescue.py): fallback <= pre_money <= value; the rescuers' part of the saved firm is
        worth what they pay at least; paid within the need and the most; the price rises with value, weight and what is
        kept in default; proportional to money.
    Raises: ValueError naming argument and world if an amount or a share is out of range.
    Source: Nash bargaining with default as the disagreement point; docs/negotiation.md solves a case.
    """
    require(short_usd_bn, not_negative, "short_usd_bn", "at least zero")
    require(value_usd_bn, not_negative, "value_usd_bn", "at least zero")
    require(most_share, not_negative, "most_share", "at least zero")
    for name, share in (("kept_in_default", kept_in_default), ("weight", weight)):
        require(share, zero_to_one, name, "a share in [0, 1]")
    fallback = kept_in_default * value_usd_bn
    pre_money = np.minimum(fallback + weight * (value_usd_bn - fallback), value_usd_bn)
    return Rescue(np.minimum(short_usd_bn, most_share * pre_money), fallback, pre_money)


def cut_rents(gap_usd_bn: PerWorld, rent_usd_bn: PerRow, relet_usd_bn: PerRow) -> PerRow:
    """What each lease of a tenant that cannot pay is cut by, (leases, worlds), as a share of its rent.

    A provider whose tenant fails re-lets at the market. It gives up rent down to that, where the lease is dearer, and
    no more; the leases share what the tenant lacks in proportion to what each can give up.

    Args: gap_usd_bn: (worlds,) what the tenant lacks this quarter, bn USD, >= 0; rent_usd_bn, relet_usd_bn: (leases,
        worlds) rent of the quarter and what the same capacity would bring at the market, bn USD, >= 0.
    Laws: 0 <= cut <= MOST_CUT; what is left is at least what the market would bring; nothing is cut beyond the gap; a
        provider whose market is better gives up no more, and so do all together.
    Raises: ValueError naming argument and world if an amount is negative or no number.
    """
    require(gap_usd_bn, not_negative, "gap_usd_bn", "at least zero")
    require(rent_usd_bn, not_negative, "rent_usd_bn", "at least zero")
    require(relet_usd_bn, not_negative, "relet_usd_bn", "at least zero")
    above = np.maximum(np.minimum(rent_usd_bn - relet_usd_bn, MOST_CUT * rent_usd_bn), 0.0)
    share = np.minimum(ratio(gap_usd_bn, fold(above)), 1.0)
    return ratio(above * share, rent_usd_bn)
