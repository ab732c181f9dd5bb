"""What the anchor investor promised OpenAI: tranches by quarter, and the part of each that waits for the conversion.

Shares are issued when money is promised. What is promised on condition has a date: once the condition is met it is
paid. Where it is not met by then, the anchor waives it and pays, if the shares are worth the money to it and it has
the room, or the promise lapses and its shares go back. Shares are counted in units of the anchor's own: purchases and
lapses change their number, dilution by others does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agents.cast import HOLDERS
from runs.state import State
from world.arrays import Flags, PerWorld, part_of, pick_worlds, ratio, some
from world.condition import Condition, settle_condition
from world.funding import without_shares
from world.schedule import arrival_shares

if TYPE_CHECKING:
    from runs.model import ComputeMarket
    from world.parameters import Parameters

ANCHOR = HOLDERS.index("softbank")
MONEY, SHARES = 0, 1
"""Lanes of what is promised: $bn, and units of the shares issued for it."""
BOTH = slice(MONEY, SHARES + 1)


Books = tuple[PerWorld, PerWorld]
"""The anchor's stake in OpenAI at its last round, and its debt less its cash, $bn."""


def anchor_books(market: ComputeMarket) -> Books:
    """The anchor's stake in OpenAI at its last round and its debt less its cash, both (worlds,) $bn."""
    s = market.state
    net_debt = s.ledger.debt("softbank") - s.ledger.cash("softbank")
    return s.cap.stakes[ANCHOR] * s.cap.valuation_usd_bn, net_debt


def buy_shares(s: State, usd_bn: PerWorld) -> PerWorld:
    """Note that the anchor bought for an amount at the last valuation, once stakes have it; returns units bought."""
    stake = s.cap.stakes[ANCHOR]
    bought = np.minimum(ratio(usd_bn, s.cap.valuation_usd_bn), stake)
    old = stake - bought
    units = np.where((old > 0.0) & (s.cap.anchor_units > 0.0), s.cap.anchor_units * ratio(bought, old), bought)
    s.cap.anchor_units = s.cap.anchor_units + units
    return units


def promise(s: State, slot: PerWorld | float, usd_bn: PerWorld, units: PerWorld, earliest: int) -> None:
    """Enter money that the anchor will pay, with the units of shares issued for it."""
    if not (some(usd_bn) or some(units)):
        return
    s.cap.promised_usd_bn = s.cap.promised_usd_bn + usd_bn
    s.cap.tranches.add(BOTH, slot, np.array([usd_bn, units]), earliest=earliest)


def promise_rest(market: ComputeMarket, usd_bn: PerWorld, units: PerWorld) -> None:
    """Enter the second part of a round, that the anchor pays once its usual delay is over."""
    s, shares = market.state, market.parameters.once(arrivals, "softbank.tranche_quarters")
    s.cap.promised_usd_bn = s.cap.promised_usd_bn + usd_bn
    s.cap.tranches.add_shares(s.quarter + 1, shares, np.array([usd_bn, units]))


def arrivals(parameters: Parameters, name: str) -> np.ndarray:
    """Which share comes one, two ... quarters from now, (quarters, worlds), of what comes after so many quarters."""
    return arrival_shares(parameters[name], 0)


def waiting_usd_bn(s: State) -> PerWorld:
    """Money that is due and waits for the conversion."""
    return s.cap.waiting.pending()[MONEY]


def conditional_usd_bn(market: ComputeMarket) -> PerWorld:
    """Money that the conversion would set free: what waits, and the conditional part of what is still to come."""
    share = market.parameters.of("softbank").conditional_share
    conditional: PerWorld = market.state.cap.tranches.pending()[MONEY] * share + waiting_usd_bn(market.state)
    return conditional


def take_due(market: ComputeMarket, value_usd_bn: PerWorld) -> PerWorld:
    """Take what is due off the promises: what the anchor pays this quarter, $bn; what lapses gives its shares back.

    Args: value_usd_bn: (worlds,) what OpenAI is worth to its owners.
    """
    s = market.state
    p = market.parameters.of("softbank")
    met = market.firms["openai"].converted > 0.0
    tranche = s.cap.tranches.take(s.quarter)
    # What has met its condition is free at once, whenever its date is.
    waits = s.cap.waiting.pending()
    free = waits[MONEY] * met
    freed = free > 0.0
    if some(freed):
        s.cap.waiting.scale(BOTH, np.where(freed, 0.0, 1.0))
    expired = s.cap.waiting.take(s.quarter)
    late = expire(market, expired[MONEY], expired[SHARES], value_usd_bn)
    held_back = np.where(met, 0.0, p.conditional_share)
    conditional = tranche * held_back
    if some(conditional):
        dates = market.parameters.once(arrivals, "softbank.condition_quarters")
        s.cap.waiting.add_shares(s.quarter + 1, dates, conditional)
    s.flow |= {
        "tranche_waiting_usd_bn": waiting_usd_bn(s),
        "tranche_waived_usd_bn": late.waived,
        "tranche_lapsed_usd_bn": late.lapsed,
        "tranche_stake_returned": give_back(s, late.lapsed > 0.0, expired[SHARES]),
    }
    paid = tranche[MONEY] - conditional[MONEY] + free + late.waived
    s.cap.settled_usd_bn = s.cap.settled_usd_bn + paid + late.lapsed
    return paid


def expire(market: ComputeMarket, due: PerWorld, units: PerWorld, value_usd_bn: PerWorld) -> Condition:
    """What becomes of money whose condition is not met by its date, $bn."""
    if not some(due) and market.recorder is None:
        return Condition(due, due)
    s, softbank = market.state, market.firms["softbank"]
    stake = s.cap.stakes[ANCHOR]
    worth = part_of(units, s.cap.anchor_units) * stake * value_usd_bn * (1.0 + softbank.parameters.optimism)
    worth_now, net_debt = anchor_books(market)
    soon = s.cap.tranches.within(s.quarter + 1, float(s.quarter + 4))[MONEY]
    room = softbank.room(worth_now, net_debt, soon)
    found = settle_condition(due, worth, room)
    if market.recorder is not None:
        market.recorder.note("condition", due=due, worth=worth, room=room)
    return found


def give_back(s: State, lapses: Flags, units: PerWorld) -> PerWorld:
    """Cancel the anchor's shares for what lapsed, at an unchanged price of a share; the part of the firm given back."""
    if not some(lapses):
        return np.zeros(s.worlds)
    part = np.minimum(part_of(units * lapses, s.cap.anchor_units), 1.0)
    gone: PerWorld = part * s.cap.stakes[ANCHOR]
    worlds = np.flatnonzero(gone)  # in the others nothing changes, by no rounding either
    s.cap.stakes = s.cap.stakes.copy()
    s.cap.stakes[:, worlds] = without_shares(pick_worlds(s.cap.stakes, worlds), ANCHOR, part[worlds])
    s.cap.valuation_usd_bn = s.cap.valuation_usd_bn * (1.0 - gone)
    s.cap.anchor_units = s.cap.anchor_units * (1.0 - part)
    return gone
