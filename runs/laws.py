"""The invariants that every run checks after every quarter; the tests call the same functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from runs.rental import PRICE_FLOOR_USD_H
from runs.state import State
from runs.tranches import MONEY, SHARES
from runs.use import bought_h100e_m
from world.arrays import PerGeneration, PerWorld, below_zero, beyond, fold, highest
from world.calendar import quarter_label

if TYPE_CHECKING:
    from runs.model import ComputeMarket

TOLERANCE = 1e-9
CERTIFIED = 1e-8
"""Excess demand that a clearing may leave, as a share of what is deployed."""
ANCHORED = ("microsoft", "openai")
"""Who may let to OpenAI without being offered to the holder of its contract first: the holder, and OpenAI itself."""


class LawBroken(RuntimeError):
    """A law of the model does not hold: names law, quarter and first world."""


class Law(NamedTuple):
    """A law and how far each world is from it; zero is perfect."""

    name: str
    distance: PerWorld
    allowed: float = TOLERANCE


def measure_laws(market: ComputeMarket) -> list[Law]:
    """How far the state is from every law, (worlds,) each."""
    s, cast = market.state, market.cast
    fleet, leases, sites, phases = s.fleet.check(), s.leases.check(), s.sites.check(), s.phases.check()
    bought, sold = bought_h100e_m(s), s.market.sold_h100e_m
    volume = np.maximum(fold(sold), 1e-9)
    deployed = fold(s.fleet.deployed)
    anchor = market.firms["openai"].exclusivity > 0.0
    outside = fold(s.flow["signed_h100e_m"][[k for k in cast.held_by["openai"] if cast.pairs[k][0] not in ANCHORED]])
    bypassed = np.where(anchor, np.maximum(outside - s.flow["waived_h100e_m"], 0.0), 0.0)
    stakes, owed = s.cap.stakes, s.ledger.balance["debt"][cast.sector_rows(cast.debtors)]
    # Above the cap lenders call: only who has sold all that markets take may stay there, and is flagged by the metric.
    sold_out = s.flow["call_sold_usd_bn"] >= s.flow["call_most_usd_bn"] * (1.0 - 1e-9)
    p = market.firms["softbank"].parameters
    # Where the discount eats what a sale frees, selling is no way down at all.
    excused = ((s.flow["call_asked_usd_bn"] > 0.0) & sold_out) | (p.ltv_cap + p.call_discount > 0.9)
    above_cap = np.where(excused, 0.0, np.maximum(s.flow["called_ltv"] - p.ltv_cap, 0.0))
    return [
        Law("fleet: nothing negative", fleet.negative_h100e_m),
        Law("fleet: deployed within chips", fleet.undeployable_h100e_m),
        Law("fleet: deployed within power", fleet.overdrawn_gw),
        Law("fleet: chips accounted for", fleet.unaccounted),
        Law("leases: nothing negative", leases.negative_h100e_m),
        Law("leases: signed capacity accounted for", leases.unaccounted),
        Law("sites: nothing negative", np.maximum(sites.negative_gw, phases.negative_gw)),
        Law("sites: power accounted for", np.maximum(sites.unaccounted, phases.unaccounted)),
        Law("sites: states in order", phases.disordered),
        Law("market: bought equals sold", np.abs(bought - sold).max(axis=0) / volume, 1e-12),
        Law("market: allocation within capacity", beyond(sold, deployed) / volume, 1e-12),
        Law("market: clears with its certificate", uncleared(market, deployed), CERTIFIED),
        Law("debt: maturities add up to the books", s.debt.distance(owed)),
        Law("stakes: sum to one", np.abs(fold(stakes) - 1.0)),
        Law("stakes: none negative", below_zero(stakes)),
        Law("tranches: promised money accounted for", promised_apart(s)),
        Law("first refusal: never bypassed", bypassed),
        Law("loan to value: within its cap, or all is sold that markets take", above_cap),
        Law(
            "round: the anchor within its room",
            np.maximum(s.flow["by_anchor_usd_bn"] - s.flow["anchor_room_usd_bn"], 0.0),
        ),
        Law(
            "profit share: within profit",
            np.maximum(s.cap.profit_share_paid_usd_bn - np.maximum(s.cap.profit_high_usd_bn, 0.0), 0.0),
        ),
    ]


def uncleared(market: ComputeMarket, deployed: PerGeneration) -> PerWorld:
    """Largest excess demand or supply of a generation that is no business of floor or cap, as a share of `deployed`."""
    s = market.state
    excess = s.flow["excess_demand"]
    apart = np.abs(excess) / np.maximum(deployed, 1e-12 * fold(deployed) + 1e-300)
    if not highest(apart) <= CERTIFIED:
        # At the floor less may be wanted than is offered; at the cap more, and the world is flagged as rationed.
        at_floor = s.market.price_usd_h <= PRICE_FLOOR_USD_H * (1.0 + 1e-9) * market.money
        apart[~s.market.traded | s.market.rationed | (at_floor & (excess < 0.0))] = 0.0
    largest: PerWorld = apart.max(axis=0)
    return largest


def promised_apart(s: State) -> PerWorld:
    """How far promised equity is from paid, lapsed and still to come, or its shares from being the anchor's."""
    to_come = s.cap.tranches.pending() + s.cap.waiting.pending()
    promised = s.cap.promised_usd_bn
    apart = np.abs(promised - s.cap.settled_usd_bn - to_come[MONEY]) / np.maximum(promised, 1.0)
    return np.maximum(apart, np.maximum(to_come[SHARES] - s.cap.anchor_units, 0.0))


def check_laws(market: ComputeMarket) -> None:
    """Raise LawBroken for the first law that some world breaks, books included, naming quarter and world."""
    where = quarter_label(market.calendar_quarter)
    for breach in market.state.ledger.check().breaches(TOLERANCE):
        raise LawBroken(f"law broken: books: quarter {where}: {breach}")
    for law in measure_laws(market):
        if not highest(law.distance) <= law.allowed:  # nor if it is not a number
            position = int(np.argmin(law.distance <= law.allowed))
            raise LawBroken(
                f"law broken: {law.name}; quarter {where}, world {int(market.draws.world_numbers[position])}: "
                f"off by {float(law.distance[position]):.3g}, allowed {law.allowed:.0e}"
            )


__all__ = ["Law", "LawBroken", "check_laws", "measure_laws"]
