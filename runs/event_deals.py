"""Events that are deals: rounds, commitments, loans, the conversion, exclusivity, leases and the own chip.

Amounts of money are $bn of the record and follow `currency.scale`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from agents.cast import HOLDERS
from agents.openai import FIRST_REFUSAL, OPEN
from agents.views import MarketView
from runs.event_arguments import Argument, Event, Known, amounts, choice, kind, number, quarter
from runs.money import borrow_for_stake, openai_value, swap_stake
from runs.sight import market_view, price_chips
from runs.tranches import buy_shares, promise
from world.arrays import PerWorld
from world.calendar import HOURS_PER_QUARTER, quarter_number
from world.funding import dilute

if TYPE_CHECKING:
    from runs.model import ComputeMarket

INVESTORS = tuple(name for name in HOLDERS if name != "staff")
MOST_USD_BN = 10_000.0


def one_valuation(given: Mapping[str, Any], _: Known) -> None:
    """Refuse two valuations, or one that the money alone exceeds."""
    stated = [name for name in ("pre_money_usd_bn", "post_money_usd_bn") if given[name] is not None]
    if len(stated) > 1:
        raise ValueError("wanted pre_money_usd_bn or post_money_usd_bn, got both")
    raised = given["usd_bn"] if "usd_bn" in given else sum(given["by"].values())
    if given["post_money_usd_bn"] is not None and given["post_money_usd_bn"] <= raised:
        raise ValueError(
            f"post_money_usd_bn: wanted more than the {raised:g} raised, got {given['post_money_usd_bn']:g}"
        )


@kind(
    "equity_round",
    "a lab sells equity: investors pay in full and holders are diluted; default valuation is what the lab is worth",
    Argument("issuer", choice(lambda cast: cast.funded), "who sells", "openai"),
    Argument("by", amounts(INVESTORS, MOST_USD_BN, "bn USD"), "who pays how much"),
    Argument("pre_money_usd_bn", number(0.1, 100_000.0, "bn USD"), "valuation before the money", None),
    Argument("post_money_usd_bn", number(0.1, 100_000.0, "bn USD"), "valuation after the money", None),
    agree=one_valuation,
)
def equity_round(market: ComputeMarket, event: Event) -> None:
    """Pay the round and dilute; only OpenAI's holders are kept one by one."""
    given = event.arguments
    paid = {name: np.full(market.worlds, usd_bn * market.money) for name, usd_bn in given["by"].items() if usd_bn > 0.0}
    if given["issuer"] == "openai" and paid:
        sell_stakes(market, event, paid)
    note_round(market, given["issuer"], sum(paid.values(), np.zeros(market.worlds)))
    for name, usd_bn in paid.items():
        raise_cash(market, name, usd_bn)
        market.state.ledger.pay("equity", name, given["issuer"], usd_bn)


@kind(
    "commitment",
    "SoftBank promises equity to OpenAI: its stake counts from now on, the money comes in the quarter due",
    Argument("usd_bn", number(0.0, MOST_USD_BN, "bn USD"), "amount promised"),
    Argument("due", quarter, "quarter in which it is paid"),
    Argument("pre_money_usd_bn", number(0.1, 100_000.0, "bn USD"), "valuation before the money", None),
    Argument("post_money_usd_bn", number(0.1, 100_000.0, "bn USD"), "valuation after the money", None),
    agree=one_valuation,
)
def commitment(market: ComputeMarket, event: Event) -> None:
    """Dilute now and schedule the payment; what depends on the conversion waits for it as in any tranche."""
    given, s = event.arguments, market.state
    if given["usd_bn"] == 0.0:
        return
    amount = np.full(market.worlds, given["usd_bn"] * market.money)
    note_round(market, "openai", amount)
    units = sell_stakes(market, event, {"softbank": amount})
    promise(s, float(slot_of(market, given["due"])), amount, units, s.quarter)


def note_round(market: ComputeMarket, issuer: str, usd_bn: PerWorld) -> None:
    """Note what an issuer raised by events: it has had its round of this quarter."""
    flow, name = market.state.flow, f"event_round.{issuer}"
    flow[name] = flow.get(name, np.zeros(market.worlds)) + usd_bn


def sell_stakes(market: ComputeMarket, event: Event, paid: dict[str, PerWorld]) -> PerWorld:
    """Dilute OpenAI's holders at the valuation that the event names, else at what OpenAI is worth to them.

    Returns: (worlds,) units of the shares that the anchor bought.
    """
    s, given = market.state, event.arguments
    raised = sum(paid.values(), np.zeros(market.worlds))
    if given["pre_money_usd_bn"] is not None:
        pre_money = np.full(market.worlds, given["pre_money_usd_bn"] * market.money)
    elif given["post_money_usd_bn"] is not None:
        pre_money = given["post_money_usd_bn"] * market.money - raised
    else:
        pre_money = np.maximum(openai_value(market), 0.5 * market.money)
    holders = np.zeros_like(s.cap.stakes)
    for name, usd_bn in paid.items():
        holders[HOLDERS.index(name)] = usd_bn
    s.cap.stakes = dilute(s.cap.stakes, pre_money, holders)
    s.cap.valuation_usd_bn = pre_money + raised
    return buy_shares(s, paid.get("softbank", np.zeros(market.worlds)))


def raise_cash(market: ComputeMarket, investor: str, usd_bn: PerWorld) -> None:
    """Let a firm that invests find the cash: SoftBank by its own rules, other investors from savers, a firm borrows."""
    s = market.state
    if investor == "softbank":
        borrow_for_stake(market, usd_bn)
    elif investor != "investors":  # these get it from savers before the quarter is settled
        s.ledger.pay("loan", "lenders", investor, np.maximum(usd_bn - s.ledger.cash(investor), 0.0))


@kind(
    "debt",
    "a firm borrows",
    Argument("borrower", choice(lambda cast: cast.debtors), "who borrows"),
    Argument("usd_bn", number(0.0, MOST_USD_BN, "bn USD"), "amount drawn"),
)
def debt(market: ComputeMarket, event: Event) -> None:
    """Lenders pay out a loan; interest and repayment follow the borrower's terms."""
    drawn = event.arguments["usd_bn"] * market.money
    market.state.ledger.pay("loan", "lenders", event.arguments["borrower"], drawn)


@kind(
    "conversion",
    "OpenAI becomes a company that investors can own; Microsoft's claim on profits becomes a stake",
    Argument("microsoft_stake", number(0.0, 0.95, "share"), "Microsoft's stake after it"),
)
def conversion(market: ComputeMarket, event: Event) -> None:
    """Convert where it has not happened yet; what is left of exclusivity ends with it."""
    lab = market.firms["openai"]
    happens = lab.converted == 0.0
    worlds = np.flatnonzero(happens)
    swap_stake(market, worlds, np.full(len(worlds), event.arguments["microsoft_stake"]))
    lab.settle_conversion(happens)
    lab.exclusivity = np.where(happens, OPEN, lab.exclusivity)


@kind(
    "exclusivity",
    "Microsoft's hold on OpenAI's compute loosens; where it is looser already nothing changes",
    Argument("state", choice(("first-refusal", "open")), "what is left of it"),
)
def exclusivity(market: ComputeMarket, event: Event) -> None:
    """Lower the state of exclusivity to what the event leaves of it."""
    lab = market.firms["openai"]
    left = FIRST_REFUSAL if event.arguments["state"] == "first-refusal" else OPEN
    lab.exclusivity = np.minimum(lab.exclusivity, left)


def a_pair(given: Mapping[str, Any], known: Known) -> None:
    """Refuse a provider that lets nothing to the tenant, naming the pairs there are."""
    provider, tenant = given["provider"], given["tenant"]
    if (provider, tenant) not in known.cast.pair:
        allowed = ", ".join(f"{pair[0]} to {pair[1]}" for pair in known.cast.pairs if pair[0] != pair[1])
        raise ValueError(f"provider: {provider} lets nothing to {tenant}; allowed: {allowed}")


@kind(
    "capacity_lease",
    "a lab leases compute; size in H100e, facility power of the newest chip, or the contract's dollars",
    Argument("provider", choice(lambda cast: cast.providers), "who lets"),
    Argument("tenant", choice(lambda cast: cast.lessees), "who leases"),
    Argument("h100e_m", number(0.0, 1_000.0, "M H100e"), "compute", None),
    Argument("facility_gw", number(0.0, 1_000.0, "GW facility"), "power of the compute", None),
    Argument("usd_bn", number(0.0, 100_000.0, "bn USD"), "rent over the whole term", None),
    Argument("start", quarter, "first quarter of the term"),
    Argument("term_quarters", number(1.0, 120.0, "quarters"), "length of the term", 20.0),
    Argument(
        "price_usd_h", number(0.001, 100.0, "$/H100e-h"), "rent; default the market's price for such a term", None
    ),
    Argument("take_or_pay", number(0.0, 1.0, "share"), "share of the rent due even if idle", 0.92),
    Argument("ramp_quarters", number(1.0, 40.0, "quarters"), "quarters over which it starts", 1.0),
    one_of=("h100e_m", "facility_gw", "usd_bn"),
    agree=a_pair,
)
def capacity_lease(market: ComputeMarket, event: Event) -> None:
    """Sign the lease in even parts over its ramp; it starts when its provider can deliver."""
    s, given = market.state, event.arguments
    row = market.cast.pair[given["provider"], given["tenant"]]
    view = view_now(market)
    price = view.term_price_usd_h * view.usefulness
    if given["price_usd_h"] is not None:
        price = np.full(market.worlds, given["price_usd_h"] * market.money)
    if given["h100e_m"] is not None:
        quantity = np.full(market.worlds, given["h100e_m"])
    elif given["facility_gw"] is not None:
        quantity = given["facility_gw"] / view.power_kw
    else:
        quantity = given["usd_bn"] * market.money / (price * HOURS_PER_QUARTER / 1000.0 * given["term_quarters"])
    parts = round(given["ramp_quarters"])
    first = slot_of(market, given["start"])
    for part in range(parts):
        s.leases.sign(row, quantity / parts, price, given["take_or_pay"], float(first + part), given["term_quarters"])


@kind("own_chip", "OpenAI starts its chip programme, where it has not yet")
def own_chip(market: ComputeMarket, event: Event) -> None:  # noqa: ARG001  every kind has the same form
    """Start the programme whatever its expected value."""
    lab = market.firms["openai"]
    lab.chip_age_quarters = np.maximum(lab.chip_age_quarters, 0.0)


def view_now(market: ComputeMarket) -> MarketView:
    """What everybody sees at the beginning of the quarter, at last quarter's prices."""
    price_chips(market)
    return market_view(market)


def slot_of(market: ComputeMarket, label: str) -> int:
    """A calendar quarter as quarters from the start of the run, the current one at the earliest."""
    return max(quarter_number(label) - market.state.first_quarter - 1, market.state.quarter)
