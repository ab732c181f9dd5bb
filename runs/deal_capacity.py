"""The capacity part of the deal sheet: what tenants asked, what each provider offered, and why it was taken or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from agents.cast import Cast
from agents.openai import OPEN, SOLE_PROVIDER
from runs.deal_reasons import Reason
from runs.firm_books import BUILDS_TO_LEASES
from runs.recorder import Page, of_world
from world.calendar import HOURS_PER_QUARTER, quarter_label

HOLDS_THE_PROMISE = "openai"
"""The tenant whose outside offers are first put to its provider, and that counts dependence as a cost."""
LEAST_H100E_M = 1e-9
"""Quantities below this are the rounding of an allocation."""


@dataclass(frozen=True)
class OfferTalk:
    """One provider's offer to one tenant; prices in $ per H100e-hour of the newest chip, quantities in M H100e."""

    provider: str
    programme: str
    offered_h100e_m: float
    reservation_usd_h: float
    """The least that the provider takes: its cost with its hurdle, or what the capacity would earn elsewhere."""
    delay_usd_h: float
    """What its lateness costs the tenant."""
    dependence_usd_h: float
    """What leaning on this provider costs the tenant."""
    lead_quarters: float
    signed_h100e_m: float
    price_usd_h: float | None
    """Bargained price; None where nothing is signed."""
    payment_usd_bn: float
    """Rent over the whole term."""
    starts: str | None
    provider_gain_usd_bn: float
    """What it gets above its reservation, over the term."""
    marginal_usd_bn: float
    """What the tenant would lose without this provider, every other offer and the market re-optimised."""
    provider_weight: float | None
    """Its share of that loss: its bargaining weight."""
    reason: Reason


@dataclass(frozen=True)
class RefusalTalk:
    """The answer of the provider under an exclusive contract to what its tenant would take from outside."""

    holder: str
    put_h100e_m: float
    outside_price_usd_h: float
    holder_least_usd_h: float
    holder_left_h100e_m: float
    matched_h100e_m: float
    waived_h100e_m: float
    refused_h100e_m: float
    """What a sole provider does not consent to."""
    reason: Reason


@dataclass(frozen=True)
class CapacityTalk:
    """One tenant's tender."""

    kind: str
    parties: tuple[str, ...]
    tenant: str
    asked_h100e_m: float
    asked_gw: float
    """The same in facility power of the newest chip."""
    term_years: float
    worth_usd_h: float
    """The most that it would pay."""
    market_usd_h: float
    """Its outside option: the rental market as it expects it over the term."""
    signed_h100e_m: float
    unmet_h100e_m: float
    surplus_usd_bn: float
    """What both sides gain together over the terms signed."""
    tenant_gain_usd_bn: float
    offers: tuple[OfferTalk, ...]
    first_refusal: RefusalTalk | None


def capacity_talks(page: Page, world: int, quarter: int, negotiates: bool, cast: Cast) -> list[CapacityTalk]:
    """The tenders of a recorded quarter in one world, one for each tenant.

    Args: world: its place on the recorded axis; quarter: calendar number; negotiates: whether the scenario does.
    """
    table = _Table(page, world, quarter, negotiates, cast)
    return [table.talk(row, tenant) for row, tenant in enumerate(cast.tenants)]


class _Table:
    """The tables of one tender in one world, with the questions that the sheet asks of them."""

    def __init__(self, page: Page, world: int, quarter: int, negotiates: bool, cast: Cast) -> None:
        self.quarter, self.negotiates, self.cast = quarter, negotiates, cast
        self.tender: dict[str, Any] = of_world(page.one("tender"), world)
        self.deals: dict[str, Any] = of_world(page.one("deals"), world)
        self.refused: dict[str, Any] = of_world(page.one("refusal"), world)
        self.sizes = {note["provider"]: note for note in of_world(page.all("offer"), world)}
        self.useful: float = self.tender["view"]["usefulness"]

    def talk(self, row: int, tenant: str) -> CapacityTalk:
        """One tenant's tender."""
        ask, deal = self.tender["asks"][tenant], self.deals["deals"][tenant]
        offers = tuple(self.offer(row, place) for place in range(len(self.cast.offers)))
        signed = float(np.sum(deal["quantity"]))
        return CapacityTalk(
            kind="capacity",
            parties=tuple(dict.fromkeys((tenant, *(offer.provider for offer in offers)))),
            tenant=tenant,
            asked_h100e_m=ask["wanted_h100e_m"],
            asked_gw=ask["wanted_h100e_m"] * self.tender["view"]["power_kw"],
            term_years=ask["term_quarters"] / 4.0,
            worth_usd_h=ask["worth_usd_h"] * self.useful,
            market_usd_h=self.deals["outside"],
            signed_h100e_m=signed,
            unmet_h100e_m=max(ask["wanted_h100e_m"] - signed, 0.0),
            surplus_usd_bn=deal["surplus"],
            tenant_gain_usd_bn=deal["tenant_gain"],
            offers=offers,
            first_refusal=self.first_refusal() if tenant == HOLDS_THE_PROMISE else None,
        )

    def offer(self, row: int, place: int) -> OfferTalk:
        """One provider's offer to one tenant and what became of it."""
        tenant, provider = self.cast.tenants[row], self.cast.offers[place]
        deal, offer = self.deals["deals"][tenant], self.tender["offers"][place]
        quantity, payment, marginal = (float(deal[key][place]) for key in ("quantity", "payment", "marginal"))
        reservation = offer["reservation_usd_h"] * self.useful
        hours = self.tender["asks"][tenant]["term_quarters"] * HOURS_PER_QUARTER / 1000.0
        some = quantity > LEAST_H100E_M
        gain = max(payment - reservation * quantity * hours, 0.0) if some else 0.0
        starts = self.quarter + int(np.ceil(offer["lead_quarters"]))
        return OfferTalk(
            provider=provider,
            programme=self.cast.pairs[self.cast.pair[provider, tenant]][2],
            offered_h100e_m=offer["quantity_h100e_m"],
            reservation_usd_h=reservation,
            delay_usd_h=float(self.tender["delay"][place]),
            dependence_usd_h=float(self.tender["dependence"][place]) if tenant == HOLDS_THE_PROMISE else 0.0,
            lead_quarters=offer["lead_quarters"],
            signed_h100e_m=quantity,
            price_usd_h=payment / (quantity * hours) if some else None,
            payment_usd_bn=payment,
            starts=quarter_label(starts) if some else None,
            provider_gain_usd_bn=gain,
            marginal_usd_bn=marginal,
            provider_weight=gain / marginal if marginal > LEAST_H100E_M else None,
            reason=self.reason(row, place, quantity),
        )

    def reason(self, row: int, place: int, quantity: float) -> Reason:
        """Why an offer was taken or not: the first thing that stands against it."""
        ask, offer = self.tender["asks"][self.cast.tenants[row]], self.tender["offers"][place]
        if quantity > LEAST_H100E_M:
            return Reason.SIGNED if self.negotiates else Reason.FIXED
        if place == len(self.cast.offers) - 1 and self.cast.tenants[row] == HOLDS_THE_PROMISE:
            return Reason.KEPT
        if ask["wanted_h100e_m"] <= LEAST_H100E_M:
            return Reason.NOTHING_ASKED
        if offer["quantity_h100e_m"] <= LEAST_H100E_M:
            return self.nothing_offered(self.cast.offers[place])
        if not self.negotiates:
            return Reason.NO_SHARE
        if self.deals["worth"][row, place] <= 0.0:
            cheap = ask["worth_usd_h"] * self.useful < self.deals["outside"]
            return Reason.NOT_WORTH_IT if cheap else Reason.DEARER_THAN_MARKET
        if self.cast.tenants[row] == HOLDS_THE_PROMISE and self.refused["before"][place] > LEAST_H100E_M:
            return Reason.MATCHED if self.refused["refused"] <= LEAST_H100E_M else Reason.NO_CONSENT
        filled = float(np.sum(self.deals["deals"][self.cast.tenants[row]]["quantity"]))
        whole = filled >= ask["wanted_h100e_m"] * (1.0 - 1e-9)
        return Reason.CHEAPER_FIRST if whole else Reason.GONE_TO_OTHERS

    def nothing_offered(self, provider: str) -> Reason:
        """Why a provider offers nothing: to build for a lease takes shells and finance, to let what there is will."""
        size = self.sizes[provider]
        if provider in BUILDS_TO_LEASES:
            return Reason.NO_SHELLS if size["coming"] <= LEAST_H100E_M else Reason.NO_FINANCE
        own = size["own"]
        free = own["fleet_h100e_m"] + size["coming"] - own["let_h100e_m"] - own["used_h100e_m"]
        return Reason.NOTHING_FREE if free <= LEAST_H100E_M else Reason.NO_APPETITE

    def first_refusal(self) -> RefusalTalk:
        """What was put to the holder of the right of first refusal, and its answer."""
        matched, waived, refused = (self.refused[key] for key in ("matched", "waived", "refused"))
        if self.refused["state"] <= OPEN:
            reason = Reason.NO_RIGHT
        elif matched + waived + refused <= LEAST_H100E_M:
            reason = Reason.NOTHING_PUT
        elif self.refused["state"] >= SOLE_PROVIDER:
            reason = Reason.SOLE_REFUSES if refused > LEAST_H100E_M else Reason.SOLE_CONSENTS
        elif matched <= LEAST_H100E_M:
            reason = Reason.RIGHT_WAIVED
        else:
            reason = Reason.RIGHT_MATCHED if waived <= LEAST_H100E_M else Reason.RIGHT_PARTLY
        holder = self.cast.offers[0]
        return RefusalTalk(
            holder=holder,
            put_h100e_m=matched + waived + refused,
            outside_price_usd_h=self.refused["price"],
            holder_least_usd_h=self.tender["offers"][0]["reservation_usd_h"] * self.useful,
            holder_left_h100e_m=self.refused["left"],
            matched_h100e_m=matched,
            waived_h100e_m=waived,
            refused_h100e_m=refused,
            reason=reason,
        )
