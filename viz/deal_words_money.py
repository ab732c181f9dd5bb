"""The funding part of the deal sheet in plain words: rounds, tranches, the conversion, finance for sites."""

from __future__ import annotations

from runs.deal_finance import FinanceTalk
from runs.deal_money import (
    ConversionTalk,
    LabRoundTalk,
    RoundTalk,
    TrancheTalk,
)
from runs.deal_reasons import Reason
from runs.results import title
from viz.plain_words import LEAST, does, listed, percent, sentence_case, usd


def round_words(talk: RoundTalk) -> tuple[str, list[str]]:
    """OpenAI's equity round."""
    issuer, anchor = title(talk.issuer), title(talk.anchor)
    if talk.need_usd_bn <= LEAST:
        return "", []
    head = f"Equity round of {issuer}: {usd(talk.raised_usd_bn)} of {usd(talk.need_usd_bn)}"
    lasts = "" if talk.runway_quarters is None else f" (cash and promises last {talk.runway_quarters:.1f} quarters)"
    need = (
        f"{issuer} lacks {usd(talk.need_usd_bn)} to its target runway{lasts}. It sells at no less than "
        f"{usd(talk.reservation_usd_bn)} before the money."
    )
    bids = (
        f"Its way out are the other investors, who value it at {usd(talk.others_value_usd_bn)} and would put in "
        f"{usd(talk.others_supply_usd_bn)} at its own valuation. {anchor} values it at {usd(talk.anchor_value_usd_bn)} "
        f"and has room for {usd(talk.anchor_room_usd_bn)} under its limit of loan to value, once the "
        f"{usd(talk.anchor_due_usd_bn)} promised for the coming year are set aside."
    )
    result = f"{sentence_case(talk.reason.value)}."
    if talk.raised_usd_bn > LEAST:
        moves = [
            f"{title(name)} {percent(talk.stakes_before[name])} to {percent(share)}"
            for name, share in talk.stakes_after.items()
            if max(share, talk.stakes_before[name]) > LEAST
        ]
        result = (
            f"{usd(talk.raised_usd_bn)} at {usd(talk.pre_money_usd_bn)} before the money: {anchor} "
            f"{usd(talk.by_anchor_usd_bn)}, others {usd(talk.by_others_usd_bn)}; {talk.reason.value}. "
            f"Stakes move: {', '.join(moves)}."
        )
    return head, [need, bids, result]


def lab_round_words(talk: LabRoundTalk) -> tuple[str, list[str]]:
    """Another lab's round."""
    if talk.need_usd_bn <= LEAST:
        return "", []
    told = (
        f"{does(talk.issuer, 'ask')} the other investors for {usd(talk.need_usd_bn)} at a value of "
        f"{usd(talk.value_usd_bn)} in the owners' eyes; {usd(talk.raised_usd_bn)} comes in. "
        f"{sentence_case(talk.reason.value)}."
    )
    return f"Equity round of {title(talk.issuer)}: {usd(talk.raised_usd_bn)} of {usd(talk.need_usd_bn)}", [told]


def tranche_words(talk: TrancheTalk) -> tuple[str, list[str]]:
    """What the anchor pays of its promises, how it finds the cash, and its lenders' call."""
    told = []
    if max(talk.paid_usd_bn, talk.waiting_usd_bn) > LEAST:
        waits = f"; {usd(talk.waiting_usd_bn)} waits for the conversion" if talk.waiting_usd_bn > LEAST else ""
        told.append(f"SoftBank pays {usd(talk.paid_usd_bn)} that it promised OpenAI before{waits}.")
    if talk.reason in (Reason.LAPSED, Reason.CONDITION_WAIVED):
        amount = usd(talk.lapsed_usd_bn + talk.waived_usd_bn)
        back = f" ({percent(talk.stake_returned)} of OpenAI)" if talk.reason is Reason.LAPSED else ""
        told.append(
            f"{amount} had waited for the conversion until its date; the shares for it are worth "
            f"{usd(talk.worth_usd_bn)} to SoftBank. {sentence_case(talk.reason.value)}{back}."
        )
    found = []
    if talk.margin_loans_usd_bn > LEAST:
        found.append(f"{usd(talk.margin_loans_usd_bn)} of new loans")
    if talk.assets_sold_usd_bn > LEAST:
        found.append(f"{usd(talk.assets_sold_usd_bn)} of assets sold")
    if found:
        told.append(f"In this quarter it finds cash by {listed(found)}.")
    if talk.reason in (Reason.CALL_MET, Reason.CALL_UNMET):
        told.append(
            f"{sentence_case(talk.reason.value)}: holdings worth {usd(talk.called_usd_bn)} go; its loan to value is "
            f"{percent(talk.loan_to_value)}, its cap {percent(talk.cap)}."
        )
    head = f"SoftBank's tranche: {usd(talk.paid_usd_bn)}" if talk.paid_usd_bn > LEAST else "SoftBank's cash"
    return head, told


def conversion_words(talk: ConversionTalk) -> tuple[str, list[str]]:
    """The conversion, as long as it has not happened."""
    if talk.reason is Reason.CONVERTED_BEFORE:
        return "", []
    told = (
        f"Microsoft's claim on OpenAI's profits is worth {usd(talk.claim_usd_bn)}: the least that it takes. Being rid "
        f"of it and able to sell plain shares is worth {usd(talk.gain_usd_bn)} more to the others."
    )
    result = sentence_case(talk.reason.value)
    if talk.reason is Reason.CONVERTED:
        result += f": Microsoft swaps it for {percent(talk.stake)} of a firm worth {usd(talk.value_usd_bn)}"
    return "OpenAI's conversion", [told, result + "."]


def finance_words(talk: FinanceTalk) -> tuple[str, list[str]]:
    """Project finance and the phases that it lets begin."""
    name = title(talk.operator)
    more = f"would lend {usd(talk.room_usd_bn)} more" if talk.room_usd_bn > 0.0 else "lend nothing more on its coverage"
    sentences = [f"{name} owes {usd(talk.debt_usd_bn)}; lenders ask {percent(talk.rate)} a year and {more}."]
    sentences.append(
        f"On a new phase let to OpenAI they give {percent(talk.loan_share)} of its cost at {percent(talk.loan_rate)}."
    )
    if talk.payments:
        paid = listed(f"{title(payment.payer)} {usd(payment.usd_bn)}" for payment in talk.payments)
        sentences.append(
            f"Sponsors pay into Stargate's sites: {paid}; {usd(talk.pledged_usd_bn)} of the pledge is left."
        )
    for reason in (Reason.UNDER_WAY, Reason.WAITS_FOR_LOAN, Reason.WAITS_FOR_POWER, Reason.WAITS_FOR_GRANT):
        mine = [
            f"{phase.name} ({title(phase.operator)}, {phase.facility_gw:.2f} GW)"
            for phase in talk.phases
            if phase.reason is reason
        ]
        if mine:
            sentences.append(f"{sentence_case(reason.value)}: {listed(mine)}.")
    return "Finance for sites", sentences
