"""Distress: how shortfalls are met before dues are cleared, and what becomes of what stays unpaid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agents.cast import FUNDED, OPERATORS, PAIRS
from runs.backing import pay_out
from runs.chip_orders import cancel_orders
from runs.credit import BORROWERS, DEBTORS
from runs.money import OTHERS
from world.arrays import PerWorld, ratio
from world.funding import dilute
from world.ledger import Unpaid

if TYPE_CHECKING:
    from runs.model import ComputeMarket


def fill_shortfalls(market: ComputeMarket) -> None:
    """Before dues are cleared: credit lines, then a rescue round at a price."""
    s = market.state
    s.flow["rescue_usd_bn"] = np.zeros(s.worlds)
    for name in BORROWERS:
        room = np.maximum(market.debt_room.get(name, np.zeros(s.worlds)), 0.0)
        principal = s.flow["principal_due_usd_bn"][DEBTORS.index(name)]
        limit = room + principal if name in ("oracle", "xai") else np.full(s.worlds, np.inf)
        low = np.maximum(market.reserve(name) - s.ledger.cash(name), 0.0)
        pay_out(s.ledger, "loan", "lenders", name, np.minimum(np.maximum(s.ledger.shortfall(name), low), limit))
    for name in FUNDED:
        short = s.ledger.shortfall(name)
        line = np.maximum(market.credit_line(name) - s.ledger.debt(name), 0.0) if name != "xai" else np.zeros(s.worlds)
        drawn = np.minimum(short, line)
        pay_out(s.ledger, "loan", "lenders", name, drawn)
        rescue(market, name, short - drawn)


def rescue(market: ComputeMarket, name: str, short: PerWorld) -> None:
    """Investors put in what is missing at a discount, as long as the firm is worth more than that."""
    s = market.state
    investors = market.firms["investors"]
    if name == "openai":
        value = s.cap.valuation_usd_bn
        discounted = value * (1.0 - investors.parameters.rescue_discount)
        paid = np.minimum(short, investors.parameters.rescue_share * discounted)
        holders = np.zeros_like(s.cap.stakes)
        holders[OTHERS] = paid
        s.cap.stakes = dilute(s.cap.stakes, np.maximum(discounted, 1e-3), holders)
        s.cap.valuation_usd_bn = np.where(paid > 0.0, discounted + paid, value)
        s.flow["rescue_usd_bn"] = paid
    else:
        paid = np.minimum(
            short,
            investors.parameters.rescue_share
            * np.maximum(20.0 * market.money, 8.0 * market.firms[name].revenue_usd_bn),
        )
    if market.recorder is not None:
        market.recorder.note("rescue", issuer=name, short=short, paid=paid)
    pay_out(s.ledger, "equity", "investors", name, paid)


def work_out(market: ComputeMarket, unpaid: list[Unpaid]) -> None:
    """What stays unpaid is restructured: leases shrink by the unpaid share of their rent, debts are forgiven."""
    s = market.state
    s.flow["default"] = np.zeros(s.worlds)
    s.flow["cancelled_h100e_m"] = np.zeros((len(OPERATORS), s.worlds))
    for item in unpaid:
        missing = item.amount > 1e-9 * market.money
        if item.kind == "lease_rent":
            pairs = [k for k, pair in enumerate(PAIRS) if pair[0] == item.payee and pair[1] == item.payer]
            for k in pairs:
                s.leases.reduce(k, ratio(item.amount, s.flow["rent_usd_bn"][k]).clip(0.0, 1.0))
        if item.kind == "chips":
            bill = s.ledger.paid("chips", item.payer, item.payee) + item.amount
            cancel_orders(market, item.payer, ratio(item.amount, bill).clip(0.0, 1.0))
        if item.kind in ("principal", "interest") and item.payee == "lenders":
            s.ledger.forgive(item.payer, "lenders", np.minimum(item.amount, s.ledger.debt(item.payer)))
        if item.payer == "openai":
            s.flow["default"] = np.maximum(s.flow["default"], missing.astype(float))
        s.flow["unpaid_usd_bn"] = s.flow.get("unpaid_usd_bn", np.zeros(s.worlds)) + item.amount
