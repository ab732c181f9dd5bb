"""Tender and leases: labs ask, providers offer, first refusal is exercised, prices are bargained, leases are signed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from agents.cast import Cast
from agents.views import FirmView, LeaseOffer, MarketView, Tender
from runs.exclusivity import Stakes, negotiate_release, put_to_holder
from runs.firm_books import operator_views
from runs.fixed_orders import as_ordered, fixed_shares
from runs.physical import builder_weights
from runs.state import State
from runs.use import used_h100e_m
from world.arrays import PerRow, fold, part_of, ratio
from world.bargaining import Bargain, allocate, bargain_allocated, left_over
from world.calendar import HOURS_PER_QUARTER
from world.lease_terms import Leases

if TYPE_CHECKING:
    from runs.model import ComputeMarket


class Tendered(NamedTuple):
    """What a tender leaves to those who act after it."""

    books: dict[str, FirmView]
    """The providers', as they were before anything was signed."""
    leases: list[Leases]
    """What was agreed on and is still to be entered, with what else is signed this quarter."""


def tender(market: ComputeMarket, view: MarketView) -> Tendered:
    """Run this quarter's tender over all tenants and providers at once."""
    s, cast = market.state, market.cast
    views = operator_views(market, view, cast.providers)
    offers = [make_offer(market, name, view, views[name]) for name in cast.providers]
    offers = split_rivals(market, offers)
    used = used_h100e_m(s)
    asks = make_tenders(market, view, used)
    openai = market.firms["openai"]
    m = market.parameters.of("market")

    # Contracts count H100e of the newest chip: prices per effective unit times its usefulness.
    useful = view.usefulness
    offered = np.array([offer.quantity_h100e_m for offer in offers])
    reservation = np.array([offer.reservation_usd_h for offer in offers]) * useful
    lead = np.array([offer.lead_quarters for offer in offers])
    cost_level = view.long_run_cost_usd_h * view.term_level * useful
    delay = m.delay_cost_per_quarter * cost_level * np.maximum(lead - m.patience_quarters, 0.0)
    shares = np.zeros(offered.shape)
    shares[:-1] = provider_shares(cast, s.leases.contracted)
    dependence = openai.dependence_cost(shares) * cost_level
    # Capacity on Stargate sites is governed by the tenant: only part of the dependence counts there.
    dependence[cast.offers.index("oracle")] *= m.governed_dependence

    # Everything per M H100e over the term: $/h x hours of a quarter x quarters of the term / 1000 = $bn.
    to_usd_bn = HOURS_PER_QUARTER / 1000.0 * asks["openai"].term_quarters
    outside = view.term_price_usd_h * useful * m.outside_premium
    cost = reservation + delay
    gain = np.empty((len(offers), len(asks), s.worlds))
    for row, ask in enumerate(asks.values()):
        np.subtract(np.minimum(outside, ask.worth_usd_h * useful), cost, out=gain[:, row])
    gain[:, 0] -= dependence
    gain *= to_usd_bn
    # What rival clouds keep for their own labs is a threat to other providers, and not OpenAI's to take.
    worth = gain.copy()
    worth[-1, 0] = 0.0
    wanted = np.array([ask.wanted_h100e_m for ask in asks.values()])
    if market.settings.negotiate:
        allocated = allocate(worth, offered, wanted)
    else:
        allocated = fixed_shares(market.start_shares, offered, wanted)
    # Without negotiation the holder of the right waives whatever is put to it.
    left = np.maximum(offered[0] - fold(allocated[0]), 0.0) * float(market.settings.negotiate)
    unbound = allocated[:, 0].copy()
    put = put_to_holder(market, unbound, left, offers, cost + dependence, reservation[0], worth[0, 0] > 0.0)
    allocated[:, 0] = put.allocated
    shortage = (view.index_usd_h / view.long_run_cost_usd_h - 1.0).clip(-0.5, 0.5)
    weight = (m.provider_weight + m.shortage_weight * shortage).clip(0.0, 1.0)

    least = reservation * to_usd_bn
    if market.settings.negotiate:
        bargains = bargain_allocated(allocated, least, gain, weight, left_over(allocated.swapaxes(0, 1), offered))
    else:
        bargains = as_ordered(allocated, least)
    if market.recorder is not None:
        deals = {name: bargains.of(row) for row, name in enumerate(asks)}
        market.recorder.note("tender", view=view, asks=asks, offers=offers, delay=delay, dependence=dependence)
        market.recorder.note("deals", outside=outside, worth=worth.swapaxes(0, 1), deals=deals)
    signed, leases = agreed(market, bargains, lead, asks)
    got = fold(bargains.quantity[:, 0])
    unmet = np.maximum(wanted[0] - got, 0.0) + put.waived
    openai.settle_tender(unmet)
    lacking = ratio(wanted[0], openai.parameters.tender_share) - got
    s.flow |= {
        "signed_h100e_m": signed,
        "lacking_h100e_m": lacking,
        "worth_usd_h": asks["openai"].worth_usd_h,
        "unmet_h100e_m": unmet,
        "waived_h100e_m": put.waived,
        "matched_h100e_m": put.matched,
    }
    stakes = Stakes(
        worth=worth[:, 0],
        reservation=least[0],
        weight=weight,
        per_price=to_usd_bn,
        term_quarters=asks["openai"].term_quarters,
        lacking=lacking,
    )
    released = negotiate_release(market, view, used[cast.user["openai"]], unbound, put, stakes)
    return Tendered(views, [leases, *released])


def make_offer(market: ComputeMarket, name: str, view: MarketView, own: FirmView) -> LeaseOffer:
    """One provider's offer; a builder for tenants may offer what landlords have shells for."""
    s = market.state
    if name == "oracle":
        oracle = market.firms["oracle"]
        shells = market.firms["landlords"].shells_gw(fold(s.sites.building_gw), view.credit_cycle)
        # No more than the power it can count on in a year, less what leases signed before still lack.
        lacking = np.maximum(own.let_h100e_m * view.power_kw - own.power_gw - own.coming_power_gw, 0.0)
        grants = 4.0 * builder_weights(market)[market.cast.operator[name]] * market.firms["grid"].quarterly_gw()
        coming = np.minimum(shells * oracle.parameters.shell_share, np.maximum(grants - lacking, 0.0)) / view.power_kw
    else:
        power = np.maximum(own.power_gw + own.coming_power_gw - own.chips_power_gw, 0.0) / view.power_kw
        coming = own.backlog_h100e_m + power
    if market.recorder is not None:
        market.recorder.note("offer", provider=name, coming=coming, own=own)
    return market.firms[name].offer_lease(view, own, coming)


def split_rivals(market: ComputeMarket, offers: list[LeaseOffer]) -> list[LeaseOffer]:
    """Rival clouds keep most of what is free for the labs that they fund or own, and offer the rest to anybody."""
    row = market.cast.providers.index("rival_clouds")
    whole, anybody = offers[row], market.firms["rival_clouds"].parameters.open_share
    quantity = whole.quantity_h100e_m
    split = [*offers, replace(whole, quantity_h100e_m=quantity * (1.0 - anybody))]
    split[row] = replace(whole, quantity_h100e_m=quantity * anybody)
    return split


def make_tenders(market: ComputeMarket, view: MarketView, used_h100e_m: PerRow) -> dict[str, Tender]:
    """Every lab's tender: what it will want beyond the leases that will then run, and its own chips.

    Args: used_h100e_m: (users, worlds) last quarter.
    """
    s, cast = market.state, market.cast
    # All labs plan as far ahead.
    contracted = s.leases.contracted_at(s.quarter + market.parameters.of("labs").planning_quarters)
    own = cast.by_tenant.fold(contracted)
    own[cast.tenants.index("openai")] += fold(s.fleet.sold[cast.operator["openai"]])
    return {
        name: market.firms[name].tender(view, used_h100e_m[cast.user[name]], held)
        for name, held in zip(cast.tenants, own, strict=True)
    }


def provider_shares(cast: Cast, held: PerRow) -> np.ndarray:
    """Each provider's share of what OpenAI holds and has signed, (providers, worlds), of that of all pairs."""
    rows = held.take([cast.pair[(provider, "openai")] for provider in cast.providers], axis=0)
    return part_of(rows, fold(rows))


def agreed(
    market: ComputeMarket, deals: Bargain, lead: PerRow, asks: Mapping[str, Tender]
) -> tuple[np.ndarray, Leases]:
    """The bargained leases, H100e of the newest chip: by pair, (pairs, worlds) M H100e, and one by one.

    Args: deals: of all tenants, (offers, tenants, worlds); lead: (offers, worlds) quarters.
    """
    s, cast = market.state, market.cast
    m = market.parameters.of("market")
    # What rival clouds keep for their own labs runs with what they offer to anybody: one lease of each pair.
    *providers, kept_by = cast.offers
    quantity, payment = deals.quantity[:-1].copy(), deals.payment[:-1].copy()
    for amount, kept in ((quantity, deals.quantity[-1]), (payment, deals.payment[-1])):
        amount[providers.index(kept_by)] += kept
    pairs = np.array([cast.pair[(provider, tenant)] for provider in providers for tenant in asks])
    signed = np.zeros((len(cast.pairs), s.worlds))
    signed[pairs] = quantity.reshape(len(pairs), -1)
    at = np.flatnonzero(quantity > 0.0)
    row, world = np.divmod(at, s.worlds)
    term = asks["openai"].term_quarters.take(world)  # all labs lease for as long
    rent = payment.take(at) / (HOURS_PER_QUARTER / 1000.0 * term)
    start = s.quarter + lead.take(row // len(asks) * s.worlds + world)
    return signed, Leases(pairs.take(row), world, quantity.take(at), rent, m.take_or_pay.take(world), start, term)


def used_by_provider(s: State) -> PerRow:
    """OpenAI's use by provider: what it holds first, the rest of its use from those who sell on the market.

    Rows: the providers, then its own chips. If it uses less than it holds, all holdings are scaled down alike.
    """
    cast = s.cast
    active = s.leases.active
    total = used_h100e_m(s)[cast.user["openai"]]
    own = fold(s.fleet.deployed[cast.operator["openai"]])
    held = np.concatenate([active[[cast.pair[(provider, "openai")] for provider in cast.providers]], own[None]])
    holding = fold(held)
    used = held * np.minimum(ratio(total, holding, 0.0), 1.0)
    let = s.leases.by_provider(active)[[s.leases.providers.index(provider) for provider in cast.providers]]
    deployed = s.flow["deployed_h100e_m"][[cast.operator[provider] for provider in cast.providers]]
    free = np.maximum(deployed - let, 0.0)
    used[:-1] += np.maximum(total - holding, 0.0) * ratio(free, fold(free))
    return used
