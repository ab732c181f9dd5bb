"""The exclusive contract of a lab with its provider: what is put to its holder, and what a step to freedom costs.

A sole provider supplies itself what it can, at its own price and date, and consents to a part of the rest. Under a
right of first refusal it matches price and date or lets go. Each step is bought: the tenant pays with leases that it
commits to, and with a stake for what they do not cover.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from agents.openai import OPEN, SOLE_PROVIDER
from agents.views import LeaseOffer, MarketView
from world.arrays import Flags, PerRow, PerWorld, fold, part_of, ratio, some
from world.funding import shared_anew
from world.lease_terms import Leases
from world.refusal import match_or_waive
from world.release import agree_on_release, pay_with_commitment

if TYPE_CHECKING:
    from runs.model import ComputeMarket

COMMITTED_PARTS, PARTS_APART = 4, 2.0
"""What is committed starts in four parts, half a year apart: halls are not built at once."""
MOST_STAKE = 0.25
"""No board gives more of a firm for a clause of a contract."""


@dataclass(frozen=True)
class Put:
    """What became of the outside offers that a tenant under the contract would take; (worlds,) M H100e."""

    allocated: PerRow
    """(offers, worlds) what the tenant takes from each offer now."""
    outside: PerWorld
    matched: PerWorld
    waived: PerWorld
    refused: PerWorld
    matched_by_right: PerWorld
    """What the holder would match if all that it had were the right of first refusal."""


@dataclass(frozen=True)
class Stakes:
    """What a tender tells about the worth of the contract; bn USD per M H100e over the term unless said otherwise."""

    worth: PerRow
    """(offers, worlds) what the tenant gains on each offer over its way out."""
    reservation: PerWorld
    """Least that the holder takes."""
    weight: PerWorld
    """The provider's bargaining weight."""
    per_price: PerWorld
    """bn USD per M H100e over the term for a price of one $/H100e-hour."""
    term_quarters: PerWorld
    lacking: PerWorld
    """M H100e that the tenant lacks at its horizon after this quarter's tender."""


def put_to_holder(
    market: ComputeMarket,
    allocated: PerRow,
    holder_left: PerWorld,
    offers: list[LeaseOffer],
    cost: PerRow,
    holder_price: PerWorld,
    wanted_from_holder: Flags,
) -> Put:
    """Put outside offers that OpenAI would take to the holder of the contract.

    Args: allocated: (offers, worlds) what it would take; holder_left: (worlds,) what is left of the holder's offer once
        every tenant has its part, M H100e; cost: (offers, worlds) effective cost; holder_price: (worlds,) its least;
        wanted_from_holder: (worlds,) whether the tenant would rather lease from the holder than go without.
    """
    state = market.firms["openai"].exclusivity
    outside = fold(allocated[1:])
    price = np.where(allocated[1:] > 0.0, cost[1:], np.inf).min(axis=0)
    own_lead = offers[0].lead_quarters
    answer = match_or_waive(price, offers[1].lead_quarters, holder_price, own_lead, holder_left, outside, state > OPEN)
    matched, waived, refused = answer.matched, answer.waived, np.zeros(market.worlds)
    sole = state == SOLE_PROVIDER
    if some(sole):
        # A sole provider need not match: what it has and its tenant would take, it supplies; to the rest it consents
        # as far as it likes.
        # Without negotiation whatever is put to it is let go.
        negotiates = market.settings.negotiate
        consent = market.parameters.of("microsoft").consent_share if negotiates else np.ones(market.worlds)
        supplied = np.where(wanted_from_holder, np.minimum(outside, holder_left), 0.0)
        matched = np.where(sole, supplied, matched)
        refused = np.where(sole, (outside - matched) * (1.0 - consent), 0.0)
        waived = np.where(sole, outside - matched - refused, waived)
    if market.recorder is not None:
        terms = {"state": state, "matched": matched, "waived": waived, "refused": refused}
        best = np.where(outside > 0.0, price, cost[0])
        market.recorder.note("refusal", before=allocated, left=holder_left, price=best, **terms)
    after = allocated * part_of(np.maximum(outside - matched - refused, 0.0), outside)
    np.add(allocated[0], matched, out=after[0])
    return Put(after, outside, matched, waived, refused, answer.matched)


def negotiate_release(
    market: ComputeMarket, view: MarketView, used_h100e_m: PerWorld, before: PerRow, put: Put, stakes: Stakes
) -> list[Leases]:
    """Bargain over the next step of freedom where one is left: at the conversion over all that are left at once.

    Args: used_h100e_m: (worlds,) by OpenAI last quarter; before: (offers, worlds) what it would have taken without
        the contract.
    Returns: the leases that it commits to for it.
    """
    s, lab = market.state, market.firms["openai"]
    s.flow |= {name: np.zeros(s.worlds) for name in ("release_price_usd_bn", "commitment_usd_bn", "release_stake")}
    bound = lab.exclusivity > OPEN
    if not (some(bound) and market.settings.negotiate):
        return []
    cost, worth = worth_of_contract(market, before, put, stakes)
    lab.settle_contract_cost(cost)
    market.firms["microsoft"].settle_contract_worth(worth)
    package = s.flow["converted_now"] > 0.0
    pressed = bound & (lab.presses(used_h100e_m) | package)
    # A record wants to know of all worlds.
    worlds = np.flatnonzero(pressed) if market.recorder is None else np.arange(s.worlds)
    return bargain_step(market, view, stakes, worlds, pressed, package) if worlds.size else []


def bargain_step(
    market: ComputeMarket, view: MarketView, stakes: Stakes, worlds: np.ndarray, pressed: Flags, package: Flags
) -> list[Leases]:
    """Bargain over the next step in some worlds, and take it where both sides gain and it is pressed for.

    Args: worlds: positions; pressed, package: (worlds,) of the run, where the step is on the table, and where all are.
    """
    s, lab, holder = market.state, market.firms["openai"], market.firms["microsoft"]
    state, pressed_here, whole = (each.take(worlds) for each in (lab.exclusivity, pressed, package))
    steps = np.array([state == SOLE_PROVIDER, (state < SOLE_PROVIDER) | whole]) & (state > OPEN)
    gain, loss = lab.freedom_gain_usd_bn(steps, worlds), holder.freedom_loss_usd_bn(view, steps, worlds)
    row = market.cast.pair["microsoft", "openai"]
    late, running = s.leases.late[row].take(worlds), s.leases.active[row].take(worlds)
    excuse = part_of(late, late + running)
    left = np.where(whole, s.flow["conversion_left_usd_bn"].take(worlds), 0.0)
    offered = agree_on_release(gain, loss, excuse, lab.parameters.microsoft_weight.take(worlds), left)
    # The holder gets all that the tenant would gain on what it commits to, and values the rent as it does what it
    # loses. A commitment that costs the tenant more than it is worth to the holder is no way to pay.
    room = stakes.worth[0].take(worlds)
    above = np.maximum(room, 0.0)
    price = stakes.reservation.take(worlds) + above
    unit = above + holder.parameters.influence_share.take(worlds) * price
    commits = lab.parameters.commitment_share.take(worlds) * np.maximum(stakes.lacking.take(worlds), 0.0)
    value = np.maximum(s.flow["owners_value_usd_bn"].take(worlds), 1e-3 * market.money.take(worlds))
    due, most = np.where(pressed_here, offered.price, 0.0), np.where(-room <= unit, commits, 0.0)
    commitment, stake = pay_with_commitment(due, unit, most, value)
    happens = pressed_here & offered.happens & (stake <= MOST_STAKE)
    paid = {"commitment": commitment, "rent": commitment * price, "stake": stake}
    if market.recorder is not None:
        talk = {"state": lab.exclusivity, "pressed": pressed, "package": package, "happens": happens}
        terms = {"gain": gain, "loss": loss, "excuse": excuse, "besides": left, "offered": offered, "unit": unit}
        shown = {name: np.where(happens, row, 0.0) for name, row in paid.items()}
        asked = np.where(offered.happens, stake, 0.0)
        market.recorder.note("release", **talk, stake_asked=asked, value=value, **terms, **shown)
    if not some(happens):
        return []
    taken = worlds.compress(happens)
    flags = np.zeros(s.worlds, dtype=bool)
    flags[taken] = True
    lab.settle_release(flags, package)
    paid["price"] = offered.price
    return settle_release(market, taken, stakes, {name: row.compress(happens) for name, row in paid.items()})


def worth_of_contract(market: ComputeMarket, before: PerRow, put: Put, stakes: Stakes) -> tuple[np.ndarray, np.ndarray]:
    """What the contract costs its tenant and what it is worth to its holder in a quarter like this one.

    Returns: both (2, worlds) bn USD a quarter: what goes with the first step, and what with the second.
    """
    m = market.parameters.of("microsoft")
    outside = part_of(fold(before[1:] * stakes.worth[1:]), put.outside)
    own = np.maximum(stakes.worth[0], 0.0)
    # What is refused stays lacking and is asked for again: it costs a quarter of its term each quarter that it lasts.
    refused = ratio(put.refused, market.parameters.of("labs").tender_share * stakes.term_quarters)
    forced = np.maximum(put.matched - put.matched_by_right, 0.0)
    dearer = np.maximum(outside - own, 0.0)
    cost = np.array([refused * outside + forced * dearer, put.matched_by_right * dearer])
    margin = stakes.weight * own
    margin = margin + m.influence_share * (stakes.reservation + margin)
    return cost, np.array([(refused + forced) * margin, put.matched_by_right * margin])


def settle_release(
    market: ComputeMarket, worlds: np.ndarray, stakes: Stakes, paid: dict[str, PerWorld]
) -> list[Leases]:
    """Grant the stake in the worlds where the step was taken; returns the leases that are committed.

    Args: paid: for each of these worlds, "price" and "rent" of what is committed, both bn USD over the term,
        "commitment", M H100e, and "stake", a share of the firm.
    """
    s = market.state
    flow = {"release_price_usd_bn": "price", "commitment_usd_bn": "rent", "release_stake": "stake"}
    for name, what in flow.items():
        s.flow[name][worlds] = paid[what]
    if some(paid["stake"]):
        stake = s.flow["release_stake"]
        s.cap.stakes = shared_anew(s.cap.stakes, 1.0 - stake, {0: stake})
        s.ledger.grant_stake("microsoft", stake * s.cap.valuation_usd_bn)
    commits = paid["commitment"] > 0.0
    if not some(commits):
        return []
    pair = market.cast.pair["microsoft", "openai"]
    world, quantity = worlds.compress(commits), paid["commitment"].compress(commits)
    s.flow["signed_h100e_m"][pair, world] += quantity
    first = (s.quarter + market.firms["microsoft"].site_lead_quarters).take(world)
    start = (first + PARTS_APART * np.arange(COMMITTED_PARTS)[:, np.newaxis]).reshape(-1)
    rent = paid["rent"].compress(commits) / stakes.per_price.take(world) / COMMITTED_PARTS
    world, part, rent, term = (
        np.concatenate([each] * COMMITTED_PARTS)
        for each in (world, quantity / COMMITTED_PARTS, rent, stakes.term_quarters.take(world))
    )
    rows, firm = np.full(world.size, pair), np.ones(world.size)
    return [Leases(rows, world, part, rent, firm, start, term)]
