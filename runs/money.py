"""Corporate funding: tranches, equity rounds and the conversion."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from agents.cast import HOLDERS
from agents.views import MarketView
from runs.firm_books import purse
from runs.tranches import ANCHOR, Books, anchor_books, buy_shares, conditional_usd_bn, promise_rest, take_due
from world.arrays import PerRow, PerWorld, fold, part_of, pick_worlds, some
from world.funding import Round, bargain_round, shared_anew
from world.profit_share import FIRST_TARGET_USD_BN, conversion_bargain, value_of_share

if TYPE_CHECKING:
    from runs.model import ComputeMarket

OTHERS = HOLDERS.index("investors")

MARKED_HOLDERS = tuple(holder for holder in HOLDERS if holder != "investors")
"""Whose stakes are marked to the last round."""
MATURITY = np.minimum(np.arange(1.0, 9.0) / 6.0, 1.0)[:, np.newaxis]
"""Share of its mature margin that a lab is expected to earn in each year to come."""
BURNING = np.arange(3.0, 0.0, -1.0)[:, np.newaxis]
"""How many times the burn of one and a half quarters it is expected to lose besides in each of the next years."""
MARKED = [HOLDERS.index(holder) for holder in MARKED_HOLDERS]


def fund(market: ComputeMarket, view: MarketView) -> None:
    """Pay tranches that are due, run equity rounds, and convert OpenAI where both sides gain."""
    s = market.state
    value = openai_value(market)
    pay_tranches(market, value)
    keep_ltv(market)
    convert(market, value)
    round_, by_anchor_now = openai_round(market, view, value)
    s.flow |= {
        "owners_value_usd_bn": value,
        "raised_usd_bn": round_.raised,
        "pre_money_usd_bn": round_.pre_money,
        "by_anchor_usd_bn": round_.by_anchor,
        "by_others_usd_bn": round_.by_others,
    }
    raised = {name: lab_round(market, name, view) for name in market.cast.funded[1:]}
    equity = np.array([by_anchor_now, round_.by_others, *raised.values()])
    labs = market.cast.funded
    s.ledger.pay("equity", ("softbank",) + ("investors",) * len(labs), ("openai", *labs), equity)
    s.flow |= {f"raised.{name}": amount for name, amount in raised.items()}


def openai_value(market: ComputeMarket) -> PerWorld:
    """What OpenAI's owners think it is worth, $bn."""
    value: PerWorld = market.firms["openai"].value_usd_bn()
    return value


def pay_tranches(market: ComputeMarket, value: PerWorld) -> None:
    """The anchor investor pays what it promised; what depends on the conversion waits for it until its date."""
    paid = take_due(market, value)
    borrow_for_stake(market, paid)
    market.state.ledger.pay("equity", "softbank", "openai", paid)
    market.state.flow["tranche_usd_bn"] = paid


def borrow_for_stake(market: ComputeMarket, need: PerWorld) -> None:
    """The anchor finds the cash: cash above its bond reserve, then asset sales over the limit, then margin loans."""
    if not some(need):
        return
    s = market.state
    softbank = market.firms["softbank"]
    spare = np.maximum(s.ledger.cash("softbank") - softbank.parameters.cash_reserve_usd_bn * market.money, 0.0)
    missing = np.maximum(need - spare, 0.0)
    stake, net_debt = anchor_books(market)
    sold = np.zeros(s.worlds)
    over = anchor_over(market, (stake + need, net_debt + need), softbank.limit())
    if over is not None:
        sold = np.minimum(np.minimum(over, softbank.sell_for(missing)), s.ledger.stakes("softbank"))
        s.ledger.pay("stake_sale", "investors", "softbank", sold)
        softbank.settle_sale(sold)
    borrowed = np.maximum(missing - sold, 0.0)
    s.ledger.pay("loan", "lenders", "softbank", borrowed)
    if market.recorder is not None:
        market.recorder.note("anchor_cash", sold=sold, borrowed=borrowed)


def keep_ltv(market: ComputeMarket) -> None:
    """Bring the anchor back under its own limit of loan to value, then under the cap at which lenders call."""
    s, (stake, net_debt) = market.state, anchor_books(market)
    proceeds = defend_ltv(market, (stake, net_debt))
    proceeds = proceeds + call_margin(market, (stake, net_debt - proceeds), proceeds)
    if some(proceeds):
        s.ledger.pay("stake_sale", "investors", "softbank", proceeds)
        s.ledger.pay("principal", "softbank", "lenders", np.minimum(proceeds, s.ledger.debt("softbank")))
    if market.recorder is not None:
        market.recorder.note("anchor_cash", sold=proceeds, borrowed=np.zeros(s.worlds))
    s.flow["called_ltv"] = anchor_ltv(market)


def defend_ltv(market: ComputeMarket, books: Books) -> PerWorld:
    """The anchor sells holdings to come back under its limit, as fast as markets take them; its proceeds, $bn."""
    softbank = market.firms["softbank"]
    over = anchor_over(market, books, softbank.limit())
    if over is None:
        return np.zeros(market.worlds)
    sold: PerWorld = np.minimum(softbank.sell_for(over), market.state.ledger.stakes("softbank"))
    softbank.settle_sale(sold)
    return sold


def anchor_over(
    market: ComputeMarket, books: Books, limit: PerWorld, discount: PerWorld | float = 0.0
) -> PerWorld | None:
    """Holdings that the anchor must sell at a discount to be back at a limit of loan to value once it has repaid.

    None where no world is over it.
    """
    stake, net_debt = books
    over: PerWorld = net_debt - limit * (market.firms["softbank"].other_holdings_usd_bn + stake)
    if not some(over > 0.0):
        return None
    return np.maximum(over, 0.0) / np.maximum(1.0 - discount - limit, 0.1)


def anchor_ltv(market: ComputeMarket) -> PerWorld:
    """The anchor's loan to value, OpenAI at its last round."""
    ltv: PerWorld = market.firms["softbank"].ltv(*anchor_books(market))
    return ltv


def call_margin(market: ComputeMarket, books: Books, sold_before: PerWorld) -> PerWorld:
    """Above the hard cap of loan to value lenders call: the anchor sells at a discount, or is flagged; its proceeds.

    Args: books: after what it sold before, for `sold_before`, $bn.
    """
    s, softbank = market.state, market.firms["softbank"]
    p = softbank.parameters
    nothing = np.zeros(s.worlds)
    asked = anchor_over(market, books, p.ltv_cap, p.call_discount)
    if asked is None:
        s.flow |= dict.fromkeys(("call_asked_usd_bn", "call_sold_usd_bn", "call_most_usd_bn"), nothing)
        return nothing
    most = p.call_share * softbank.other_holdings_usd_bn
    sold = np.minimum(asked, most)
    softbank.settle_sale(sold)
    s.flow |= {"call_asked_usd_bn": asked, "call_sold_usd_bn": sold, "call_most_usd_bn": most}
    proceeds: PerWorld = np.minimum(sold * (1.0 - p.call_discount), s.ledger.stakes("softbank") - sold_before)
    return proceeds


def openai_round(market: ComputeMarket, view: MarketView, value: PerWorld) -> tuple[Round, PerWorld]:
    """OpenAI's round: bargained with the anchor, other investors' bids as the outside option.

    The anchor pays in two tranches. Returns: also the first one, which is paid with the rounds of all labs.
    """
    s = market.state
    lab, softbank, investors = market.firms["openai"], market.firms["softbank"], market.firms["investors"]
    own = purse(market, "openai")
    stake, net_debt = anchor_books(market)
    due = own.committed_usd_bn
    room = softbank.room(stake, net_debt, due)
    mood = investors.parameters.mood_noise * market.draws.normal("investors.mood", market.calendar_quarter)
    bid = investors.bid(value, mood)
    asked = unless_raised(market, "openai", lab.ask_for_funds(view, own))
    bid = np.maximum(bid, 0.5 * market.money)
    reservation = np.maximum(value * (1.0 - lab.parameters.down_round_tolerance), 0.5 * market.money)
    supply, anchor_value = investors.supply(value), value * (1.0 + softbank.parameters.optimism)
    slope, weight = investors.parameters.supply_slope, softbank.parameters.issuer_weight
    s.flow["anchor_room_usd_bn"] = room
    result = bargain_round(asked, bid, reservation, room, anchor_value, supply, slope, weight)
    if market.recorder is not None:
        bids = {"others_value": bid, "others_supply": supply, "anchor_value": anchor_value, "room": room, "due": due}
        stand = {"own": own, "stakes": s.cap.stakes}
        market.recorder.note("round", asked=asked, reservation=reservation, **bids, **stand, result=result)
    post_money = result.post_money
    bought = {ANCHOR: result.by_anchor / post_money, OTHERS: result.by_others / post_money}
    s.cap.stakes = shared_anew(s.cap.stakes, result.pre_money / post_money, bought)
    s.cap.valuation_usd_bn = np.where(result.raised > 0.0, post_money, s.cap.valuation_usd_bn)
    now = result.by_anchor * (1.0 - softbank.parameters.deferred_share)
    borrow_for_stake(market, now)
    units = buy_shares(s, result.by_anchor) * softbank.parameters.deferred_share
    promise_rest(market, result.by_anchor - now, units)
    return result, now


def unless_raised(market: ComputeMarket, name: str, ask_usd_bn: PerWorld) -> PerWorld:
    """What a lab asks for, unless a round of the record or of the scenario was closed this quarter already."""
    closed = market.state.flow.get(f"event_round.{name}")
    return ask_usd_bn if closed is None else np.where(closed > 0.0, 0.0, ask_usd_bn)


def lab_round(market: ComputeMarket, name: str, view: MarketView) -> PerWorld:
    """What a rival raises in its round with the other investors alone, $bn."""
    lab, investors = market.firms[name], market.firms["investors"]
    own = purse(market, name)
    asked, value = lab.ask_for_funds(view, own), rival_value(market, name)
    raised: PerWorld = np.minimum(unless_raised(market, name, asked), 2.0 * investors.supply(value))
    if market.recorder is not None:
        market.recorder.note("lab_round", issuer=name, asked=asked, value=value, raised=raised, own=own)
    return raised


def rival_value(market: ComputeMarket, name: str) -> PerWorld:
    """What a rival is worth, $bn: its owners' value, and what it may become.

    A young lab's promise is worth something before its revenue shows it; it grows like the root of the pool.
    """
    promise = np.sqrt(market.firms["customers"].pool_usd_bn / market.start_pool_usd_bn) * market.promise_usd_bn[name]
    return np.maximum(market.firms[name].value_usd_bn() + promise, 0.5 * market.money)


def convert(market: ComputeMarket, value: PerWorld) -> None:
    """OpenAI's conversion: Microsoft's profit share is swapped for a stake where both sides gain.

    What the other holders gain is that investors' conditional money comes free and that new equity is cheaper.
    """
    s = market.state
    lab = market.firms["openai"]
    p = lab.parameters
    open_ = (lab.converted == 0.0) & (s.quarter + 1 >= p.conversion_quarters)
    s.flow["converted_now"], s.flow["conversion_left_usd_bn"] = np.zeros(s.worlds), np.zeros(s.worlds)
    s.flow.setdefault("bargained_stake", np.zeros(s.worlds))
    gain = (p.conversion_gain - p.conversion_cost) * value + conditional_usd_bn(market)
    # A record wants to know of all worlds.
    worlds = np.flatnonzero(open_ & (gain > 0.0)) if market.recorder is None else np.arange(s.worlds)
    if not worlds.size:
        return
    partner, value, gain = p.microsoft_weight[worlds], value[worlds], gain[worlds]
    share = value_of_share(
        s.cap.cumulative_profit_usd_bn[worlds],
        s.cap.profit_high_usd_bn[worlds],
        expected_profit(market, worlds),
        (p.profit_share_cap_usd_bn * market.money)[worlds],
        p.cost_of_equity[worlds],
        first_target_usd_bn=FIRST_TARGET_USD_BN * market.money[worlds],
    )
    claim = np.maximum(share, s.cap.stakes[0, worlds] * value * p.as_converted_share[worlds])
    happens, stake = conversion_bargain(claim, gain, np.maximum(value, 1e-6), partner)
    happens = happens & open_[worlds]
    if market.recorder is not None:
        terms = {"claim": claim, "gain": gain, "value": value, "stake": stake}
        market.recorder.note("conversion", **terms, open=open_, happens=happens, before=lab.converted)
    if not some(happens):
        return
    worlds, gain, partner, stake = (found.compress(happens) for found in (worlds, gain, partner, stake))
    converts = np.zeros(s.worlds, dtype=bool)
    converts[worlds] = True
    lab.settle_conversion(converts)
    swap_stake(market, worlds, stake)
    s.flow["converted_now"] = converts.astype(float)
    # What it leaves to OpenAI's side can buy the end of exclusivity in the same package.
    s.flow["conversion_left_usd_bn"][worlds] = (1.0 - partner) * np.maximum(gain, 0.0)


def expected_profit(market: ComputeMarket, worlds: np.ndarray) -> PerRow:
    """OpenAI's profit in each of the coming years as its owners see it in some worlds, (years, these worlds) $bn."""
    lab = market.firms["openai"]
    margin, burn = lab.parameters.mature_margin[worlds], 1.5 * np.maximum(market.burn["openai"][worlds], 0.0)
    grown = np.exp(2.0 * np.minimum(lab.growth_smoothed[worlds], 0.2))
    revenue = np.empty((len(MATURITY), len(worlds)))
    np.multiply(4.0 * lab.potential_usd_bn[worlds], grown, revenue[0])
    for before, after in pairwise(revenue):
        np.multiply(before, grown, after)
    revenue *= MATURITY * margin
    revenue[: len(BURNING)] -= BURNING * burn
    return revenue


def swap_stake(market: ComputeMarket, worlds: np.ndarray, stake: PerWorld) -> None:
    """Microsoft's old claim on profits becomes the bargained stake in some worlds; the others share the rest."""
    s = market.state
    others = pick_worlds(s.cap.stakes, worlds)
    others[0] = 0.0
    rest = fold(others)
    s.cap.stakes = s.cap.stakes.copy()
    s.cap.stakes[:, worlds] = shared_anew(part_of(others, rest), 1.0 - stake, {0: stake})
    bargained = s.flow.setdefault("bargained_stake", np.zeros(s.worlds))
    bargained[worlds] = np.maximum(bargained[worlds], stake)


def mark_stakes(market: ComputeMarket) -> None:
    """Holders carry OpenAI at the last round and the anchor its other holdings at the market."""
    s, cast = market.state, market.cast
    worth = s.cap.stakes[MARKED] * s.cap.valuation_usd_bn
    worth[MARKED_HOLDERS.index("softbank")] += market.firms["softbank"].other_holdings_usd_bn
    rows = cast.sector_rows(MARKED_HOLDERS)
    s.ledger.revalue(MARKED_HOLDERS, worth - s.ledger.balance["stakes"][rows])
