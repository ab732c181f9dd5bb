"""The books of one firm as it sees them at a step of the quarter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING

import numpy as np

from agents.views import FirmView, MarketView, Purse
from runs.sight import backlog_h100e_m, building_gw, standing_figures
from runs.state import GENERATION, State
from runs.use import used_h100e_m
from world.arrays import PerRow, PerWorld, fold

if TYPE_CHECKING:
    from runs.model import ComputeMarket

OWN_USERS = {
    "microsoft": ("microsoft_lab", "microsoft_workloads"),
    "xai": ("xai",),
    "rival_clouds": ("rival_workloads",),
}
"""Users of compute that belong to an operator."""

BUILDS_TO_LEASES = ("oracle",)
"""Operators who order chips for the leases that will run when they arrive; only these are told how much that is."""


def operator_views(
    market: ComputeMarket, view: MarketView, names: Sequence[str], to_order: bool = False
) -> dict[str, FirmView]:
    """The books of the named operators, made together because they share the fleet arrays.

    Only who is about to order is told what will stand and what must be let when chips ordered now arrive.
    """
    s, cast = market.state, market.cast
    fixed, lead, nothing = standing_figures(market), view.chip_lead_quarters, np.zeros(s.worlds)
    backlog = backlog_h100e_m(s)
    chips_power = fixed["power_needed_gw"] + backlog * view.power_kw
    asics, rivals = s.asic_queue_h100e_m, cast.operator["rival_clouds"]
    backlog[rivals] += asics
    chips_power[rivals] += asics * s.generations.kw_per_h100e[GENERATION["rival_asic"]]
    building = building_gw(s)
    at_lead = power_at_lead_gw(s, fixed["power_gw"], lead) if to_order else np.zeros_like(building)
    signed = s.leases.contracted
    let, sectors = cast.by_provider.fold(signed), cast.sector_rows(names)
    cash, debt, prepaid = (s.ledger.balance[account].take(sectors, axis=0) for account in ("cash", "debt", "prepaid"))
    views = {}
    for place, name in enumerate(names):
        row = cast.operator[name]
        provided, held = cast.let_by[name], [k for k in cast.held_by.get(name, ()) if cast.pairs[k][0] != name]
        views[name] = FirmView(
            **money(market, name, cash[place], debt[place], prepaid[place], nothing),
            fleet_h100e_m=fixed["owned_h100e_m"][row],
            deployed_h100e_m=fixed["deployed_h100e_m"][row],
            power_gw=fixed["power_gw"][row],
            coming_power_gw=building[row],
            power_at_chip_lead_gw=at_lead[row],
            chips_power_gw=chips_power[row],
            backlog_h100e_m=backlog[row],
            let_h100e_m=let[row],
            let_to_largest_h100e_m=np.maximum.reduce(signed[provided]) if provided else nothing,
            let_at_chip_lead_h100e_m=fold(s.leases.contracted_at(s.quarter + lead, provided))
            if to_order and name in BUILDS_TO_LEASES
            else nothing,
            used_h100e_m=own_use(s, name),
            held_h100e_m=fold(signed[held]) if held else nothing,
        )
    return views


def with_leases(own: FirmView, to_tenants: PerRow) -> FirmView:
    """The same books once leases were signed: nothing else has changed.

    Args: to_tenants: (leases that it provides, worlds) what is then let and signed, M H100e.
    """
    return replace(own, let_h100e_m=fold(to_tenants), let_to_largest_h100e_m=np.maximum.reduce(to_tenants))


def power_at_lead_gw(s: State, power: PerRow, lead: PerWorld) -> PerRow:
    """Power of each operator when chips ordered now arrive, (operators, worlds) GW."""
    named = s.phases.add_by("operator", s.cast.operators, s.phases.due_within(s.quarter, lead))
    return power + s.sites.due_within(s.quarter, lead) + named


def purse(market: ComputeMarket, name: str) -> Purse:
    """The financial part of a lab's books, which is all that its budget goes by; an operator's own lab has no purse."""
    s, nothing = market.state, np.zeros(market.worlds)
    if name == "microsoft_lab":
        return Purse(*(nothing for _ in fields(Purse)))
    committed = s.cap.tranches.within(s.quarter + 1, float(s.quarter + 4))[0] if name == "openai" else nothing
    return Purse(**money(market, name, s.ledger.cash(name), s.ledger.debt(name), s.ledger.prepaid(name), committed))


def money(
    market: ComputeMarket, name: str, cash: PerWorld, debt: PerWorld, prepaid: PerWorld, committed: PerWorld
) -> dict[str, PerWorld]:
    """The financial part of a firm's own view, $bn: what its accounts hold, and the last quarter's flows."""
    nothing = np.zeros(market.worlds)
    return {
        "cash_usd_bn": cash,
        "debt_usd_bn": debt,
        "burn_usd_bn": market.burn.get(name, nothing),
        "committed_usd_bn": committed,
        "credits_usd_bn": prepaid,
        "debt_room_usd_bn": market.debt_room.get(name, nothing),
        "operating_cash_flow_usd_bn": market.cash_flow.get(name, nothing),
    }


def own_use(s: State, operator: str) -> PerWorld:
    """Compute that an operator's own users took last quarter, M H100e."""
    used = used_h100e_m(s)
    rows = [used[s.cast.user[user]] for user in OWN_USERS.get(operator, ())]
    return sum(rows[1:], rows[0]) if rows else np.zeros(s.worlds)
