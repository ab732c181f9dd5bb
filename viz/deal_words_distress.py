"""The distress part of the deal sheet in plain words: loans, rescues, rents that are cut, and what stays unpaid."""

from __future__ import annotations

from runs.deal_credit import LoanTalk
from runs.deal_distress import DefaultTalk, LeaseRelief, ReliefTalk, RescueTalk
from runs.results import title
from viz.plain_words import LEAST, MANY, does, listed, percent, sentence_case, usd


def loan_words(talk: LoanTalk) -> tuple[str, list[str]]:
    """A loan or a credit line."""
    borrower = title(talk.borrower)
    asked = (
        f"{does(talk.borrower, 'ask')} lenders for {usd(talk.asked_usd_bn)}, on {their(talk.borrower, talk.rests_on)}"
    )
    if talk.limit_usd_bn is None:
        limit = "No limit is set but by the rate"
    else:
        owed = f", {usd(talk.owed_usd_bn)} of it owed before" if talk.kind == "credit line" else ""
        limit = f"The limit is {usd(talk.limit_usd_bn)}{owed}"
    price = f"{100.0 * talk.rate:.1f}\u00a0% a year, {100.0 * talk.spread:.1f} points of it spread"
    told = f"{asked}. {limit}; the rate is {price}. {sentence_case(talk.reason.value)}."
    return f"{sentence_case(talk.kind)} of {borrower}: {usd(talk.drawn_usd_bn)} of {usd(talk.asked_usd_bn)}", [told]


def their(name: str, text: str) -> str:
    """`its` or `their`, by who it is."""
    return text.replace("its ", "their ", 1) if name in MANY else text


def rescue_words(talk: RescueTalk) -> tuple[str, list[str]]:
    """A rescue and its price."""
    issuer, paid = title(talk.issuer), sum(payment.usd_bn for payment in talk.payments)
    way_out = (
        f"{issuer} is {usd(talk.short_usd_bn)} short of its dues. Going on it is worth {usd(talk.value_usd_bn)}; its "
        f"holders would keep {usd(talk.fallback_usd_bn)} in a default."
    )
    result = (
        f"Investors put in {usd(paid)}, at most {usd(talk.most_usd_bn)}, at {usd(talk.pre_money_usd_bn)} before the "
        f"money: {percent(talk.stake_sold)} of it. {sentence_case(talk.reason.value)}."
    )
    return f"Rescue of {issuer}: {usd(paid)} of {usd(talk.short_usd_bn)}", [way_out, result]


def relief_words(talk: ReliefTalk) -> tuple[str, list[str]]:
    """What providers give up rather than lose their tenant."""
    tenant = title(talk.tenant)
    told = f"{tenant} still lacks {usd(talk.gap_usd_bn)}. {sentence_case(talk.reason.value)}."
    return f"Leases of {tenant}: {usd(talk.relief_usd_bn)} of rent cut", [told, *map(lease_words, talk.leases)]


def lease_words(lease: LeaseRelief) -> str:
    """One provider's part."""
    verb = "are" if lease.provider in MANY else "is"
    due = f"{verb} owed {usd(lease.rent_usd_bn)}; another tenant would bring {usd(lease.relet_usd_bn)}"
    cut = f"{percent(lease.cut)} less: " if lease.cut > LEAST else ""
    return f"{title(lease.provider)} {due}. {sentence_case(cut + lease.reason.value)}."


def default_words(talk: DefaultTalk) -> tuple[str, list[str]]:
    """Dues that stay unpaid."""
    dues = listed(f"{usd(due.usd_bn)} to {title(due.payee)} ({due.kind.replace('_', ' ')})" for due in talk.unpaid)
    total = usd(sum(due.usd_bn for due in talk.unpaid))
    told = f"{does(talk.debtor, 'leave')} {dues} unpaid. {sentence_case(talk.reason.value)}."
    return f"Default of {title(talk.debtor)}: {total} unpaid", [told]
