"""The deal sheet in plain words: a few lines for each negotiation, with who, what, how much, at what price and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from runs.deal_capacity import CapacityTalk, OfferTalk, RefusalTalk
from runs.deal_cluster import ClusterTalk
from runs.deal_credit import LoanTalk
from runs.deal_distress import DefaultTalk, ReliefTalk, RescueTalk
from runs.deal_finance import FinanceTalk
from runs.deal_money import (
    ConversionTalk,
    LabRoundTalk,
    RoundTalk,
    TrancheTalk,
)
from runs.deal_reasons import Reason
from runs.deal_release import ReleaseTalk
from runs.deal_sheet import DealSheet, RecordTalk
from runs.deal_supply import ChipTalk, OwnChipTalk, SupplyTalk
from runs.results import title
from viz.deal_words_distress import default_words, loan_words, relief_words, rescue_words
from viz.deal_words_money import (
    conversion_words,
    finance_words,
    lab_round_words,
    round_words,
    tranche_words,
)
from viz.plain_words import LEAST, chips, does, listed, percent, rate, sentence_case, usd
from viz.tables import Line, wrapped


def sheet_lines(sheet: DealSheet, chosen: str, width: int) -> list[Line]:
    """The sheet for a terminal: what world and quarter, then each negotiation.

    Args: chosen: why this world is shown, or nothing.
    """
    lines = wrapped(f"Deals of {sheet.quarter} in world {sheet.world}", width, "title")
    lines += wrapped(f"{sheet.scenario}, seed {sheet.seed}" + (f"; {chosen}" if chosen else ""), width, "note")
    told = [(head, sentences) for talk in sheet.talks for head, sentences in [tell_talk(talk)] if head]
    if not told:
        lines += [Line(""), *wrapped("No negotiation of this quarter involves this firm.", width, "answer")]
    for head, sentences in told:
        lines += [Line(""), *wrapped(head, width, "heading")]
        for sentence in sentences:
            lines += indented(sentence, width)
    return lines


def indented(sentence: str, width: int) -> list[Line]:
    """A sentence as a bullet whose lines hang."""
    rows = wrapped(sentence, max(width - 4, 20), "answer")
    return [Line(("  - " if place == 0 else "    ") + row.text, row.style) for place, row in enumerate(rows)]


def tell_talk(talk: Any) -> tuple[str, list[str]]:
    """Heading and sentences of one negotiation; no heading: there is nothing to tell."""
    words: dict[type, Callable[[Any], tuple[str, list[str]]]] = {
        RecordTalk: record_words,
        TrancheTalk: tranche_words,
        ConversionTalk: conversion_words,
        RoundTalk: round_words,
        LabRoundTalk: lab_round_words,
        LoanTalk: loan_words,
        RescueTalk: rescue_words,
        ReliefTalk: relief_words,
        DefaultTalk: default_words,
        FinanceTalk: finance_words,
        CapacityTalk: capacity_words,
        ReleaseTalk: release_words,
        ClusterTalk: cluster_words,
        ChipTalk: chip_words,
        SupplyTalk: supply_words,
        OwnChipTalk: own_chip_words,
    }
    return words[type(talk)](talk)


# ---------------------------------------------------------------------- capacity


def capacity_words(talk: CapacityTalk) -> tuple[str, list[str]]:
    """A tender: what was asked, each offer and its fate, first refusal, and who gained what."""
    tenant = title(talk.tenant)
    if talk.asked_h100e_m <= LEAST:
        return f"Capacity for {tenant}", [f"{does(talk.tenant, 'ask')} for none: what is contracted covers the plans."]
    head = f"Capacity for {tenant}: {chips(talk.asked_h100e_m)} asked, {chips(talk.signed_h100e_m)} signed"
    sentences = [
        (
            f"{does(talk.tenant, 'tender')} for {chips(talk.asked_h100e_m)} ({talk.asked_gw:.2f} GW) over "
            f"{talk.term_years:.1f} years. Worth up to {rate(talk.worth_usd_h)} (per H100e-hour) there; the way out is "
            f"the rental market, expected to cost {rate(talk.market_usd_h)}."
        )
    ]
    sentences += [offer_words(offer, talk.tenant) for offer in talk.offers if offer.reason is not Reason.KEPT]
    if talk.first_refusal is not None:
        sentences.append(refusal_words(talk.first_refusal))
    if talk.surplus_usd_bn > LEAST:
        kept = percent(talk.tenant_gain_usd_bn / talk.surplus_usd_bn)
        sentences.append(
            f"The leases signed are worth {usd(talk.surplus_usd_bn)} to both sides together; "
            f"{does(talk.tenant, 'keep')} {kept}."
        )
    return head, sentences


def offer_words(offer: OfferTalk, tenant: str) -> str:
    """One offer and what became of it."""
    label = " for Stargate" if offer.programme == "stargate" else ""
    if offer.offered_h100e_m <= LEAST:
        return f"{title(offer.provider)}: {offer.reason.value}."
    extra = []
    if offer.delay_usd_h >= 0.005:
        extra.append(f"lateness {rate(offer.delay_usd_h)}")
    if offer.dependence_usd_h >= 0.005:
        extra.append(f"dependence {rate(offer.dependence_usd_h)}")
    burden = f", to which {does(tenant, 'add')} {listed(extra)}" if extra else ""
    if offer.price_usd_h is None:
        return (
            f"{does(offer.provider, 'offer')} {chips(offer.offered_h100e_m)}{label} in "
            f"{offer.lead_quarters:.0f} quarters for at least {rate(offer.reservation_usd_h)}{burden}. "
            f"{sentence_case(offer.reason.value)}."
        )
    told = (
        f"{does(offer.provider, 'let')} {chips(offer.signed_h100e_m)}{label}, of "
        f"{chips(offer.offered_h100e_m)} offered, at {rate(offer.price_usd_h)} from {offer.starts}, "
        f"{usd(offer.payment_usd_bn)} over the term"
    )
    if offer.reason is not Reason.SIGNED:
        return f"{told}. {sentence_case(offer.reason.value)}."
    told += f"; {rate(offer.reservation_usd_h)} would have been taken{burden}."
    if offer.provider_weight is not None:
        told += (
            f" Without it {title(tenant)} would lose {usd(offer.marginal_usd_bn)}; bargaining leaves "
            f"{percent(offer.provider_weight)} of that to {title(offer.provider)}."
        )
    else:
        told += " Others could replace it at no loss, so that is all it gets."
    return told


def refusal_words(talk: RefusalTalk) -> str:
    """What the provider under contract was asked, and its answer."""
    holder = title(talk.holder)
    if talk.put_h100e_m <= LEAST:
        return f"Right of first refusal: {talk.reason.value}."
    if talk.reason in (Reason.SOLE_CONSENTS, Reason.SOLE_REFUSES):
        return (
            f"Sole provider: {chips(talk.put_h100e_m)} from outside would be taken. {holder} supplies "
            f"{chips(talk.matched_h100e_m)} of it itself, consents to {chips(talk.waived_h100e_m)} and refuses "
            f"{chips(talk.refused_h100e_m)} ({talk.reason.value})."
        )
    return (
        f"Right of first refusal: {chips(talk.put_h100e_m)} from outside at {rate(talk.outside_price_usd_h)} is put to "
        f"{holder}, which takes no less than {rate(talk.holder_least_usd_h)} and has "
        f"{chips(talk.holder_left_h100e_m)} left. It matches {chips(talk.matched_h100e_m)} and waives "
        f"{chips(talk.waived_h100e_m)} ({talk.reason.value})."
    )


def release_words(talk: ReleaseTalk) -> tuple[str, list[str]]:
    """The next step of freedom, what it is worth to either side, and what paid for it."""
    tenant, holder = title(talk.tenant), title(talk.holder)
    late = (
        f" {percent(talk.late_share)} of what it had to deliver is late, which lowers its claim to "
        f"{usd(talk.claim_usd_bn)}."
        if talk.late_share > LEAST
        else ""
    )
    values = (
        f"{tenant} would save {usd(talk.gain_usd_bn)} by it: the most that it pays"
        + (f", with {usd(talk.besides_usd_bn)} from the conversion besides." if talk.besides_usd_bn > LEAST else ".")
        + f" {holder} would lose {usd(talk.loss_usd_bn)} of margin and influence.{late}"
    )
    result = sentence_case(talk.reason.value)
    if talk.reason is Reason.RELEASED:
        paid = []
        if talk.committed_h100e_m > LEAST:
            rent = f"{usd(talk.rent_usd_bn)} of take-or-pay rent"
            paid.append(f"a commitment to {chips(talk.committed_h100e_m)} ({rent})")
        if talk.stake > LEAST:
            paid.append(f"{percent(talk.stake)} of itself, worth {usd(talk.stake_usd_bn)}")
        result += f". {holder} gets {usd(talk.price_usd_bn)}: {listed(paid)}"
    return f"{holder}'s hold on {tenant}: from {talk.state} to {talk.wanted}", [values, result + "."]


def cluster_words(talk: ClusterTalk) -> tuple[str, list[str]]:
    """The two bids for the very large cluster, as long as nobody builds it."""
    project = (
        f"A cluster of {usd(talk.cost_usd_bn)} would be {chips(talk.size_h100e_m)}; OpenAI lacks "
        f"{chips(talk.lacking_h100e_m)} at its planning horizon and would pay {rate(talk.worth_usd_h)} at most (per "
        f"effective H100e-hour)."
    )
    bids = [
        f"{does(bid.bidder, 'bid')} {rate(bid.price_usd_h)}, with capital at {percent(bid.capital_rate)} a year and "
        f"power in {bid.lead_quarters:.0f} quarters; delay and dependence make it {rate(bid.effective_usd_h)}. "
        f"{sentence_case(bid.reason.value)}."
        for bid in talk.bids
    ]
    won = "nobody builds it yet" if talk.signed_by is None else f"{title(talk.signed_by)} builds it"
    return f"The {usd(talk.cost_usd_bn)} cluster: {won}", [project, *bids]


# ---------------------------------------------------------------------- supply and the record


def chip_words(talk: ChipTalk) -> tuple[str, list[str]]:
    """The merchant vendor's deliveries."""
    if talk.due_h100e_m <= LEAST:
        return "", []
    served = listed(
        f"{title(customer.operator)} {percent(customer.shipped_h100e_m / customer.due_h100e_m)} of "
        f"{chips(customer.due_h100e_m)}"
        for customer in talk.customers
        if customer.due_h100e_m > LEAST
    )
    told = (
        f"{chips(talk.due_h100e_m)} was due and {title(talk.vendor)} could ship {chips(talk.capacity_h100e_m)}; all "
        f"that is on order is {talk.queue_quarters:.1f} quarters of its capacity. {sentence_case(talk.reason.value)} "
        f"({talk.policy.replace('-', ' ')}): {served}."
    )
    return f"Chips: {chips(talk.shipped_h100e_m)} shipped by {title(talk.vendor)}", [told]


def supply_words(talk: SupplyTalk) -> tuple[str, list[str]]:
    """Power and chips that one operator orders."""
    if talk.asked_gw < 0.005 and talk.ordered_h100e_m <= LEAST:
        return "", []
    power = f"{does(talk.operator, 'ask')} for {talk.asked_gw:.2f} GW of new power; {talk.granted_gw:.2f} GW is granted"
    if talk.shells_gw < talk.asked_gw - 0.005:
        power += f" (landlords have shells for {talk.shells_gw:.2f} GW of it with what it builds itself)"
    told = (
        f"{power}. Demand asks for {chips(talk.demanded_h100e_m)}, {chips(talk.ordered_h100e_m)} is ordered; "
        f"what limits it: {talk.binds}."
    )
    return f"{does(talk.operator, 'order')} {chips(talk.ordered_h100e_m)} and {talk.granted_gw:.2f} GW", [told]


def own_chip_words(talk: OwnChipTalk) -> tuple[str, list[str]]:
    """The own chip."""
    state = "not started" if talk.age_quarters < 0.0 else f"in its quarter {talk.age_quarters:.0f}"
    told = (
        f"The programme with Broadcom is {state}. Against buying from Nvidia its expected value is "
        f"{usd(talk.value_usd_bn)}: {rate(talk.cost_usd_h)} against {rate(talk.merchant_cost_usd_h)} per effective "
        f"H100e-hour over its life."
    )
    return "OpenAI's own chip", [told]


def record_words(talk: RecordTalk) -> tuple[str, list[str]]:
    """What the record or the scenario brings."""
    sentences = []
    for event in talk.events:
        given = ", ".join(f"{name} {value}" for name, value in event["arguments"].items() if value is not None)
        sentences.append(f"{sentence_case(event['kind'].replace('_', ' '))}: {given}.")
    if talk.leases:
        leases = listed(f"{title(x.provider)} to {title(x.tenant)} {chips(x.h100e_m)}" for x in talk.leases)
        sentences.append(f"Leases signed: {leases}.")
    if talk.payments:
        paid = listed(f"{title(x.payer)} to {title(x.payee)} {usd(x.usd_bn)} ({x.kind})" for x in talk.payments)
        sentences.append(f"Paid: {paid}.")
    return "Set by the record or the scenario, not negotiated", sentences
