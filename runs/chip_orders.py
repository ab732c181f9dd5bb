"""What is paid for chips: part at the order, the rest on delivery; what cannot be paid for is cancelled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agents.cast import Cast
from runs.opening_books import of_operator
from runs.sight import backlog_h100e_m
from world.arrays import PerRow, PerWorld, part_of, some

if TYPE_CHECKING:
    from runs.model import ComputeMarket
    from world.parameters import Parameters


def order_value_usd_bn(market: ComputeMarket) -> PerWorld:
    """What one M H100e of the mix on order now costs at the vendor, network included, (worlds,) $bn."""
    value: PerWorld = market.state.flow["new_chips_usd_bn"] * market.parameters.of("nvidia").system_share
    return value


def prepaid_share(market: ComputeMarket) -> PerRow:
    """Share of its orders that each operator has paid in advance, (operators, worlds) within zero and one."""
    s, cast = market.state, market.cast
    share, rows = np.zeros((len(cast.operators), s.worlds)), cast.buyer_rows
    worth = backlog_h100e_m(s)[rows] * order_value_usd_bn(market)
    prepaid = s.ledger.balance["prepaid"][cast.sector_rows(cast.buyers)]
    share[rows] = np.minimum(part_of(prepaid, worth), 1.0)
    return share


def prepay_orders(market: ComputeMarket) -> None:
    """Queue the advance on the chips ordered this quarter."""
    cast = market.cast
    shares = market.parameters.once(prepayment_shares, cast)
    ordered = market.state.flow["ordered_merchant_h100e_m"].take(cast.buyer_rows, axis=0)
    market.state.ledger.due("prepayment", cast.buyers, "nvidia", shares * order_value_usd_bn(market) * ordered)


def prepayment_shares(parameters: Parameters, cast: Cast) -> PerRow:
    """Share of an order that each buyer pays in advance, (buyers, worlds)."""
    return np.array([of_operator(parameters, cast, name, "prepayment_share") for name in cast.buyers])


def pay_for_chips(market: ComputeMarket, bill_usd_bn: PerRow) -> None:
    """Set what was prepaid against buyers' bills, in the share of their orders that was delivered; queue the rest.

    Args: bill_usd_bn: (buyers, worlds) merchant chips and network delivered.
    """
    s, cast, rows = market.state, market.cast, market.cast.buyer_rows
    shipped = s.flow["shipped_h100e_m"]
    waiting = backlog_h100e_m(s) - s.flow["ordered_merchant_h100e_m"]
    delivered = np.minimum(part_of(shipped, shipped + np.maximum(waiting, 0.0)), 1.0).take(rows, axis=0)
    prepaid = s.ledger.balance["prepaid"][cast.sector_rows(cast.buyers)]
    used = np.minimum(prepaid * delivered, bill_usd_bn)
    s.ledger.use_prepaid(cast.buyers, "nvidia", used, capitalise=True)
    s.ledger.due("chips", cast.buyers, "nvidia", bill_usd_bn - used)


def cancel_orders(market: ComputeMarket, name: str, share: PerWorld) -> None:
    """Cancel a share (worlds,) of a buyer's orders, what it could not pay of this quarter's; its advance is forfeit."""
    s, cast = market.state, market.cast
    if name not in cast.buyers or not some(share):
        return
    row, kept = cast.operator[name], 1.0 - share
    before = backlog_h100e_m(s)[row]
    s.production.scale(row, kept)
    s.queue_h100e_m[row] *= kept
    s.flow["cancelled_h100e_m"][row] += before * share
    s.ledger.forfeit_prepaid(name, "nvidia", s.ledger.prepaid(name) * share)
