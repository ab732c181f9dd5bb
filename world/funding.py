"""Equity: what a firm needs, what a leveraged holder can still invest, how a round is priced, who owns what after it.

Money is bn USD; stakes are shares of the firm. An *anchor investor* is the one that negotiates the price of a round;
*other investors* follow with an upward-sloping supply of equity. The profit share and its conversion are in
profit_share.py, lenders in credit.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from world.arrays import (
    PerRow,
    PerWorld,
    below_one,
    fold,
    not_negative,
    part_of,
    positive,
    power,
    require,
    zero_to_one,
)

MOST_LOAN_TO_VALUE = 10.0
"""Loan-to-value is reported within plus or minus this: beyond it there is nothing left to compare."""


def funding_need_usd_bn(
    cash_usd_bn: PerWorld, expected_burn_usd_bn: PerWorld, target_runway_quarters: PerWorld | float
) -> PerWorld:
    """Cash that a firm lacks to its target runway, at the burn per quarter that it expects.

    Args:   cash_usd_bn              (worlds,)   bn USD
            expected_burn_usd_bn     (worlds,)   bn USD per quarter, positive when cash falls
            target_runway_quarters   (worlds,)   quarters, >= 0
    Returns:                         (worlds,)   bn USD, >= 0
    """
    require(target_runway_quarters, not_negative, "target_runway_quarters", "at least zero")
    return cash_lacking(cash_usd_bn, np.maximum(expected_burn_usd_bn, 0.0), target_runway_quarters)


def cash_lacking(cash_usd_bn: PerWorld, burn_usd_bn: PerWorld, runway_quarters: PerWorld | float) -> PerWorld:
    """As `funding_need_usd_bn`, of a burn and a runway that are known to be at least zero."""
    return np.maximum(burn_usd_bn * runway_quarters - cash_usd_bn, 0.0)


def loan_to_value(holdings_usd_bn: PerWorld, net_debt_usd_bn: PerWorld) -> PerWorld:
    """Net debt over gross holdings, below zero with net cash, within plus or minus MOST_LOAN_TO_VALUE.

    Args: both (worlds,) bn USD, holdings >= 0. Returns: (worlds,) ratio.
    Laws: rises with debt; falls with holdings where there is debt.
    Raises: ValueError if holdings are negative.
    """
    require(holdings_usd_bn, not_negative, "holdings_usd_bn", "at least zero")
    return debt_over_holdings(holdings_usd_bn, net_debt_usd_bn)


def debt_over_holdings(holdings_usd_bn: PerWorld, net_debt_usd_bn: PerWorld) -> PerWorld:
    """As `loan_to_value`, of holdings that are known to be right."""
    smallest = np.abs(net_debt_usd_bn) / MOST_LOAN_TO_VALUE
    value = np.maximum(holdings_usd_bn, smallest)
    return net_debt_usd_bn / np.where(value > 0.0, value, 1.0)


def room_usd_bn(
    holdings_usd_bn: PerWorld,
    net_debt_usd_bn: PerWorld,
    limit: PerWorld | float,
    due_within_year_usd_bn: PerWorld | float = 0.0,
    *,
    asset_sales_usd_bn: PerWorld | float = 0.0,
) -> PerWorld:
    """What a leveraged holder can newly invest without breaking its loan-to-value limit, tranches due taken out first.

    Borrowing x and investing it adds x to debt and to holdings; selling s and investing it changes neither:
    D - s + x <= limit (H - s + x) gives x = (limit H - D) / (1 - limit) + s.

    Args:                       shape        unit
        holdings_usd_bn         (worlds,)    bn USD, gross holdings H, >= 0
        net_debt_usd_bn         (worlds,)    bn USD, D, below zero with net cash
        limit                   (worlds,)    loan-to-value limit, in [0, 1)
        due_within_year_usd_bn  (worlds,)    bn USD, tranches due within four quarters, >= 0
        asset_sales_usd_bn      (worlds,)    bn USD, what it would sell, at most its holdings
    Returns:                    (worlds,)    bn USD, >= 0
    Laws (tests/invariants/test_funding.py): a lower limit never raises it; after investing it the limit holds; falls
        with debt and dues, rises with holdings and sales; proportional to money.
    Raises: ValueError naming argument and world if a limit is outside [0, 1) or an amount out of range.
    Source: docs/model.md; oracle: bisection on the limit in tests/oracles/test_funding_by_hand.py.
    """
    _require_room(holdings_usd_bn, limit, due_within_year_usd_bn, asset_sales_usd_bn)
    return room_left(holdings_usd_bn, net_debt_usd_bn, limit, due_within_year_usd_bn, asset_sales_usd_bn)


def room_left(
    holdings_usd_bn: PerWorld,
    net_debt_usd_bn: PerWorld,
    limit: PerWorld | float,
    due_within_year_usd_bn: PerWorld | float,
    asset_sales_usd_bn: PerWorld | float = 0.0,
) -> PerWorld:
    """As `room_usd_bn`, of arrays that are known to be right."""
    borrowed = (limit * holdings_usd_bn - net_debt_usd_bn) / (1.0 - np.asarray(limit))
    # At most the holdings are sold, so a holder with D >= H has no room whatever the limit: the law holds there too.
    return np.maximum(borrowed + asset_sales_usd_bn - due_within_year_usd_bn, 0.0)


def _require_room(
    holdings_usd_bn: PerWorld,
    limit: PerWorld | float,
    due_within_year_usd_bn: PerWorld | float,
    asset_sales_usd_bn: PerWorld | float,
) -> None:
    """Refuse amounts and limits that are out of range."""
    require(holdings_usd_bn, not_negative, "holdings_usd_bn", "at least zero")
    require(limit, below_one, "limit", "a ratio in [0, 1)")
    require(due_within_year_usd_bn, not_negative, "due_within_year_usd_bn", "at least zero")
    require(asset_sales_usd_bn, not_negative, "asset_sales_usd_bn", "at least zero")
    if np.any(asset_sales_usd_bn > holdings_usd_bn):
        world = int(np.argmax(np.broadcast_to(asset_sales_usd_bn > holdings_usd_bn, holdings_usd_bn.shape)))
        raise ValueError(
            f"asset_sales_usd_bn: world {world} sells more than its holdings; wanted at most holdings_usd_bn"
        )


@dataclass(frozen=True)
class Round:
    """An equity round, all in bn USD and (worlds,); raised = by_anchor + by_others."""

    raised: PerWorld
    pre_money: PerWorld
    by_anchor: PerWorld
    by_others: PerWorld

    @property
    def post_money(self) -> PerWorld:
        """Pre-money plus what was raised."""
        return self.pre_money + self.raised


def equity_supply_usd_bn(
    pre_money_usd_bn: PerWorld, value_usd_bn: PerWorld, supply_at_value_usd_bn: PerWorld, slope: PerWorld | float
) -> PerWorld:
    """What other investors put in at a pre-money valuation: the cheaper the firm, the more.

    Args: all (worlds,); valuations and supply bn USD (> 0, > 0, >= 0), slope an elasticity > 0.
    Returns: (worlds,) bn USD: supply_at_value (value / pre_money)^slope.
    Source: upward-sloping supply of equity in the return that it is promised (docs/model.md).
    """
    return supply_at_value_usd_bn * power(value_usd_bn / pre_money_usd_bn, slope)


def price_round(
    ask_usd_bn: PerWorld,
    issuer_value_usd_bn: PerWorld,
    issuer_reservation_usd_bn: PerWorld,
    anchor_room_usd_bn: PerWorld,
    anchor_value_usd_bn: PerWorld,
    others_supply_usd_bn: PerWorld,
    others_slope: PerWorld | float,
    weight: PerWorld | float,
) -> Round:
    """Price an equity round: issuer and anchor bargain, what the other investors would do is the outside option.

    Without the anchor the issuer sells to the others at the price where their supply meets its ask, never below its
    reservation: that is its fallback. The anchor moves the price from the fallback towards its own valuation, by the
    issuer's weight and by the part of the round that the anchor carries. One price holds for all, and the others put
    in what they supply at it, up to what the anchor leaves open.

    Args:                           shape        unit
        ask_usd_bn                  (worlds,)    bn USD wanted, >= 0
        issuer_value_usd_bn         (worlds,)    pre-money value in the eyes of the other investors, > 0
        issuer_reservation_usd_bn   (worlds,)    least pre-money value that the issuer takes, > 0
        anchor_room_usd_bn          (worlds,)    most that the anchor can invest, >= 0 (room_usd_bn)
        anchor_value_usd_bn         (worlds,)    pre-money value in the eyes of the anchor, >= 0
        others_supply_usd_bn        (worlds,)    bn USD that the others put in at issuer_value_usd_bn, >= 0
        others_slope                (worlds,)    elasticity of their supply to value over price, > 0
        weight                      (worlds,)    the issuer's share of the gain from the anchor, in [0, 1]
    Returns: Round; where nothing is asked pre_money is the reservation
    Laws (tests/invariants/test_funding.py): pre_money >= reservation; the anchor takes part only at or below its own
        valuation and within its room; the others are on their supply curve; by_anchor <= raised <= ask. The price rises
        with weight, room, supply and both valuations, what is raised with the others' supply, and with room as long as
        slope x weight x (anchor_value / fallback - 1) <= 1: beyond it the dearer price drives away more than the anchor
        brings. Proportional to money. An anchor below the fallback stays out.
    Raises: ValueError naming argument and world if an amount is out of range.
    Source: docs/model.md; hand-worked rounds in tests/oracles/test_funding_by_hand.py.
    """
    require(ask_usd_bn, not_negative, "ask_usd_bn", "at least zero")
    require(issuer_value_usd_bn, positive, "issuer_value_usd_bn", "above zero")
    require(issuer_reservation_usd_bn, positive, "issuer_reservation_usd_bn", "above zero")
    require(anchor_room_usd_bn, not_negative, "anchor_room_usd_bn", "at least zero")
    require(anchor_value_usd_bn, not_negative, "anchor_value_usd_bn", "at least zero")
    require(others_supply_usd_bn, not_negative, "others_supply_usd_bn", "at least zero")
    require(others_slope, positive, "others_slope", "above zero")
    require(weight, zero_to_one, "weight", "a share in [0, 1]")
    return bargain_round(
        ask_usd_bn,
        issuer_value_usd_bn,
        issuer_reservation_usd_bn,
        anchor_room_usd_bn,
        anchor_value_usd_bn,
        others_supply_usd_bn,
        others_slope,
        weight,
    )


def bargain_round(
    ask_usd_bn: PerWorld,
    issuer_value_usd_bn: PerWorld,
    issuer_reservation_usd_bn: PerWorld,
    anchor_room_usd_bn: PerWorld,
    anchor_value_usd_bn: PerWorld,
    others_supply_usd_bn: PerWorld,
    others_slope: PerWorld | float,
    weight: PerWorld | float,
) -> Round:
    """As `price_round`, of arrays that are known to be right."""
    asks = ask_usd_bn > 0.0
    supply_over_ask = others_supply_usd_bn / np.where(asks, ask_usd_bn, 1.0)
    covered = asks & (supply_over_ask > 0.0)
    without_anchor = issuer_value_usd_bn * power(
        np.where(covered, supply_over_ask, 1.0), 1.0 / np.asarray(others_slope)
    )
    fallback = np.maximum(issuer_reservation_usd_bn, np.where(covered, without_anchor, 0.0))

    by_anchor = np.where(anchor_value_usd_bn >= fallback, np.minimum(anchor_room_usd_bn, ask_usd_bn), 0.0)
    carried = part_of(by_anchor, ask_usd_bn)
    pre_money = fallback + weight * carried * np.maximum(anchor_value_usd_bn - fallback, 0.0)
    supply = equity_supply_usd_bn(pre_money, issuer_value_usd_bn, others_supply_usd_bn, others_slope)
    by_others = np.minimum(supply, ask_usd_bn - by_anchor)
    return Round(by_anchor + by_others, pre_money, by_anchor, by_others)


def dilute(stakes: PerRow, pre_money_usd_bn: PerWorld, by_holder_usd_bn: PerRow) -> PerRow:
    """Stakes after a round in which each holder put in so much at one pre-money valuation.

    Args:   stakes             (holders, worlds)   shares of the firm, >= 0, summing to one
            pre_money_usd_bn   (worlds,)           bn USD, > 0
            by_holder_usd_bn   (holders, worlds)   bn USD put in, >= 0
    Returns:                   (holders, worlds)   shares of the firm, summing to one
    Laws: sum to one; who puts in nothing never gains; who puts in its pro rata keeps its share.
    Raises: ValueError if a valuation is not above zero, an amount negative, or the stakes do not sum to one.
    """
    require(pre_money_usd_bn, positive, "pre_money_usd_bn", "above zero")
    require(by_holder_usd_bn, not_negative, "by_holder_usd_bn", "at least zero")
    _require_whole(stakes)
    post_money = pre_money_usd_bn + fold(by_holder_usd_bn)
    return shared_anew(stakes, pre_money_usd_bn / post_money, dict(enumerate(by_holder_usd_bn / post_money)))


def grant(stakes: PerRow, granted: PerRow) -> PerRow:
    """Stakes after new shares are granted: each holder gets `granted` of the firm, all old stakes shrink alike.

    Args:   stakes    (holders, worlds)   shares of the firm, summing to one
            granted   (holders, worlds)   shares of the firm after the grant, >= 0, summing to at most one
    Returns:          (holders, worlds)   shares of the firm, summing to one
    Raises: ValueError if stakes do not sum to one or more than the whole firm is granted.
    """
    require(granted, not_negative, "granted", "at least zero")
    _require_whole(stakes)
    part = require(fold(granted), lambda total: total <= 1.0, "granted", "at most the whole firm")
    return shared_anew(stakes, 1.0 - part, dict(enumerate(granted)))


def shared_anew(stakes: PerRow, kept: PerWorld, taken: Mapping[int, PerWorld]) -> PerRow:
    """Stakes once old ones have shrunk to the share `kept` and some holders, by row, have taken parts of the firm.

    It is what `dilute` and `grant` come to, of arrays that are known to be right: both add up to one.
    """
    after = stakes * kept
    for holder, part in taken.items():
        after[holder] += part
    return after


def cancel_shares(stakes: PerRow, holder: int, part: PerWorld) -> PerRow:
    """Stakes after one holder gives back a part of its shares, which are cancelled: all others' stakes grow alike.

    Args:   stakes    (holders, worlds)   shares of the firm, summing to one
            part      (worlds,)           part of the holder's own stake, 0 to 1, not all of a firm it owns alone
    Returns:          (holders, worlds)   shares of the firm, summing to one
    Laws: sum to one; nobody else's stake falls; at the same price of a share nobody else's holding changes its worth.
    Raises: ValueError if stakes do not sum to one, a part is none, or nothing of the firm would be left.
    """
    require(part, zero_to_one, "part", "0 to 1")
    _require_whole(stakes)
    require(1.0 - stakes[holder] * part, positive, "part", "something of the firm left")
    return without_shares(stakes, holder, part)


def without_shares(stakes: PerRow, holder: int, part: PerWorld) -> PerRow:
    """As `cancel_shares`, of stakes and parts that are known to be right."""
    kept = stakes.copy()
    kept[holder] = stakes[holder] * (1.0 - part)
    return kept / fold(kept)


def _require_whole(stakes: PerRow) -> None:
    require(stakes, not_negative, "stakes", "at least zero")
    require(fold(stakes), lambda total: np.abs(total - 1.0) <= 1e-9, "stakes", "a sum of one over the holders")
