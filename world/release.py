"""Buying a right back: what a tenant pays the holder of an exclusive right for a step towards its freedom."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from world.arrays import Flags, PerWorld, not_negative, ratio, require, zero_to_one


@dataclass(frozen=True, slots=True)
class Release:
    """What became of a step.

    Attributes:     shape        unit
        happens     (worlds,)    whether it is agreed
        claim       (worlds,)    bn USD, the least that the holder takes
        price       (worlds,)    bn USD, what the holder gets; zero where nothing is agreed
    """

    happens: Flags
    claim: PerWorld
    price: PerWorld


def bargain_release(
    gain_usd_bn: PerWorld,
    loss_usd_bn: PerWorld,
    excuse: PerWorld | float,
    weight: PerWorld | float,
    besides_usd_bn: PerWorld | float = 0.0,
) -> Release:
    """Bargain over giving up a right: Nash bargaining over the tenant's gain less the holder's claim.

    The holder claims what it expects to lose, less the part that its own failure to deliver excuses: a right that is
    not honoured is worth that much less to press. Where the step is one part of a package, the tenant may also spend
    what it gains from the rest; the holder then gets its claim and no more.

    Args:                  shape        unit
        gain_usd_bn        (worlds,)    bn USD, what the tenant gains from the step, >= 0
        loss_usd_bn        (worlds,)    bn USD, what the holder loses by it, >= 0
        excuse             (worlds,)    share of what the holder had to deliver that is late, in [0, 1]
        weight             (worlds,)    the holder's share of the gain, in [0, 1]
        besides_usd_bn     (worlds,)    bn USD that the tenant gains from the rest of a package, >= 0
    Returns: Release
    Laws (tests/invariants/test_release.py): claim <= price <= the tenant's gains wherever it happens; nothing happens
        for a tenant that gains nothing; the price rises with gain, loss and weight, and falls with the excuse; a step
        that happens still does with more gain, a smaller loss or more of an excuse; proportional to money.
    Raises: ValueError naming argument and world if an amount or a share is out of range.
    Source: docs/negotiation.md, where a case is solved by hand (tests/oracles/test_release_by_hand.py).
    """
    require(gain_usd_bn, not_negative, "gain_usd_bn", "at least zero")
    require(loss_usd_bn, not_negative, "loss_usd_bn", "at least zero")
    require(besides_usd_bn, not_negative, "besides_usd_bn", "at least zero")
    for name, share in (("excuse", excuse), ("weight", weight)):
        require(share, zero_to_one, name, "a share in [0, 1]")
    return agree_on_release(gain_usd_bn, loss_usd_bn, excuse, weight, besides_usd_bn)


def agree_on_release(
    gain_usd_bn: PerWorld,
    loss_usd_bn: PerWorld,
    excuse: PerWorld | float,
    weight: PerWorld | float,
    besides_usd_bn: PerWorld | float,
) -> Release:
    """As `bargain_release`, of amounts and shares that are known to be right."""
    claim = loss_usd_bn * (1.0 - np.asarray(excuse))
    surplus = gain_usd_bn - claim
    happens = (gain_usd_bn > 0.0) & (surplus + besides_usd_bn >= 0.0)
    price = claim + weight * np.maximum(surplus, 0.0)
    return Release(happens, claim, np.where(happens, price, 0.0))


def pay_with_commitment(
    price_usd_bn: PerWorld, unit_usd_bn: PerWorld, most_h100e_m: PerWorld, value_usd_bn: PerWorld
) -> tuple[PerWorld, PerWorld]:
    """Pay a price with leases that the tenant commits to, and what they do not cover with a stake.

    Args:                 shape        unit
        price_usd_bn      (worlds,)    bn USD, >= 0
        unit_usd_bn       (worlds,)    bn USD that the holder gains on 1 M H100e committed; none can pay where <= 0
        most_h100e_m      (worlds,)    M H100e, the most that the tenant commits to, >= 0
        value_usd_bn      (worlds,)    bn USD, what the tenant is worth, > 0
    Returns: commitment   (worlds,)    M H100e
             stake        (worlds,)    share of the tenant, above one where it is not worth the price
    Laws: commitment x unit + stake x value = price; no more than the most is committed.
    """
    useful = np.maximum(unit_usd_bn, 0.0)
    commitment = np.minimum(ratio(price_usd_bn, useful), most_h100e_m)
    left = np.maximum(price_usd_bn - commitment * useful, 0.0)
    return commitment, left / value_usd_bn
