"""Credit: what lenders ask of each borrower, what they would still lend, and the debt that falls due."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agents.cast import Cast
from world.arrays import PerRow, PerWorld, fold, part_of, ratio
from world.costs import annuity_value
from world.credit import debt_carried_usd_bn
from world.debt import DebtBook, ladder
from world.leases import USD_BN_PER_RENT

if TYPE_CHECKING:
    from runs.model import ComputeMarket
    from world.ledger import Ledger
    from world.parameters import Parameters
    from world.record import StartState

MOST_LEVERAGE = 12.0
"""Debt over yearly cash flow beyond which leverage adds no more to a spread; also that of a firm without cash flow."""
MOST_PRICE_USD_H = 5.0
"""No lender counts on more per H100e-hour of a lease that waits."""
LAB_TENOR_YEARS = 3.0
"""Average tenor of the bank lines and notes of a lab without plant."""


def open_debt(start: StartState, ledger: Ledger, parameters: Parameters, cast: Cast) -> DebtBook:
    """The debt on the opening books, laddered over its tenor, at the coupon on record or at today's rate."""
    book = DebtBook(len(cast.debtors), ledger.worlds)
    spreads = parameters.once(spreads_of, cast)
    known = [start.optional(name, "debt_coupon") for name in cast.debtors]
    coupon = np.array(
        [
            start.value("market", "base_rate") + spreads[row] if rate is None else np.full(ledger.worlds, rate)
            for row, rate in enumerate(known)
        ]
    )
    book.borrow(ledger.balance["debt"][cast.sector_rows(cast.debtors)], coupon, parameters.once(ladders, cast))
    return book


def ladders(parameters: Parameters, cast: Cast) -> np.ndarray:
    """Shares of each debtor's new debt in the maturity buckets, (buckets, debtors, worlds)."""
    years = parameters.of("lenders").tenor_years
    short = np.full_like(years, LAB_TENOR_YEARS)
    return ladder(np.array([years if name in cast.borrowers else short for name in cast.debtors]))


def spreads_of(parameters: Parameters, cast: Cast) -> PerRow:
    """Spread of each debtor at comfortable leverage, (debtors, worlds) per year."""
    return np.array([spread_of(parameters, name, cast) for name in cast.debtors])


def spread_of(parameters: Parameters, name: str, cast: Cast) -> PerWorld:
    """Spread of a borrower at comfortable leverage, (worlds,) per year."""
    p = parameters.of("lenders")
    own = {cloud.name: cloud.spread for cloud in cast.clouds_added if cloud.spread is not None}
    if name in own:
        return np.full_like(p.spread_prime, own[name])
    spreads = {
        "oracle": p.spread_oracle,
        "landlords": p.spread_landlords,
        "softbank": p.spread_softbank,
    } | dict.fromkeys(cast.funded, p.spread_lab)
    found: PerWorld = spreads.get(name, p.spread_prime)
    return found


def lend(market: ComputeMarket) -> None:
    """Lenders set rates and what they would still lend to each borrower."""
    s, cast = market.state, market.cast
    lenders = market.firms["lenders"]
    p = lenders.parameters
    debt = s.ledger.balance["debt"].take(cast.sector_rows(cast.borrowers), axis=0)
    nothing = np.zeros(s.worlds)
    flow = 4.0 * np.array([market.cash_flow.get(name, nothing) for name in cast.borrowers])
    rent = s.leases.rent_usd_bn()
    waiting = pending_rent_usd_bn(market, rent)
    # A firm that owes money and earns none is as levered as can be.
    leverage = np.minimum(part_of(debt, flow), MOST_LEVERAGE)
    spreads, count = market.parameters.once(spreads_of, cast), len(cast.borrowers)
    asked = lenders.rate(s.base_rate, spreads[:count], leverage)
    s.flow["rates"] = np.concatenate([asked, s.base_rate + spreads[count:]])
    # Only builders are bounded by what lenders give: the anchor investor keeps its loan-to-value limit itself.
    of = [cast.borrowers.index(name) for name in cast.buyers]
    debt, flow, rate = (each.take(of, axis=0) for each in (debt, flow, asked))
    served = flow + 4.0 * p.contract_haircut * cast.by_buyer.fold(waiting)
    by_flow = debt_carried_usd_bn(served, annuity_value(rate, p.tenor_years), p.min_dscr)
    collateral = p.collateral_share * s.ledger.balance["fixed"].take(cast.sector_rows(cast.buyers), axis=0)
    market.debt_room = dict(zip(cast.buyers, np.maximum(by_flow, collateral) - debt, strict=True))
    s.flow["tenant_spread"] = tenant_spread(market, 4.0 * fold((rent + waiting)[cast.held_by["openai"]]))


def pending_rent_usd_bn(market: ComputeMarket, rent_usd_bn: PerRow) -> PerRow:
    """A quarter's rent of what is signed and waits, at the average price of all that is signed, (pairs, worlds) $bn.

    That price is at least the price of what runs. Args: rent_usd_bn: (pairs, worlds) of what runs.
    """
    leases = market.state.leases
    signed = part_of(leases.backlog_usd_bn, 16.0 * leases.contracted)
    running = part_of(rent_usd_bn, leases.active)
    return leases.pending_total * np.maximum(
        running, np.minimum(signed, MOST_PRICE_USD_H * USD_BN_PER_RENT * market.money)
    )


def tenant_spread(market: ComputeMarket, promised: PerWorld) -> PerWorld:
    """What lenders add, per year, on debt that is served out of the rent of the tenant who leases most.

    Its promises are the rent of all that it signed once that runs; its means are the revenue expected two years on
    and half of its cash. Nothing is added while the means cover the promises; at twice the means it is
    `lenders.tenant_spread`, and three times that at most.

    Args: promised: (worlds,) the rent of all that it signed, $bn a year.
    """
    lab = market.firms["openai"]
    grown = np.exp(lab.growth_smoothed * lab.parameters.two_years_of_growth)
    means = 4.0 * lab.revenue_usd_bn * grown + 0.5 * np.maximum(market.state.ledger.cash("openai"), 0.0)
    strain = (ratio(promised, means, 1.0) - 1.0).clip(0.0, 3.0)
    spread: PerWorld = market.parameters.of("lenders").tenant_spread * strain
    return spread


def debt_dues(market: ComputeMarket) -> None:
    """Queue the interest at the coupons agreed and the principal that falls due; lenders may refinance the latter."""
    s, cast = market.state, market.cast
    interest = s.debt.interest_due_usd_bn
    owed = s.ledger.balance["debt"][cast.sector_rows(cast.debtors)]
    principal = np.minimum(s.debt.principal_due_usd_bn, owed)
    s.flow["principal_due_usd_bn"] = principal
    s.ledger.due("interest", cast.debtors, "lenders", interest)
    s.ledger.due("principal", cast.debtors, "lenders", principal)


def roll_debt(market: ComputeMarket) -> None:
    """After settlement: what was repaid or forgiven leaves the ladder, what was borrowed joins it at today's rate."""
    s, cast = market.state, market.cast
    gone = s.ledger.paid_by(("principal", "forgiveness"), cast.debtors)
    borrowed = s.ledger.paid_to("loan", cast.debtors)
    s.debt.borrow(borrowed, s.flow["rates"], market.parameters.once(ladders, cast))
    s.debt.take_off(gone)
    s.debt.age()
