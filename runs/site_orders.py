"""Where granted power goes: the named phases that lenders finance first, unnamed sites after them."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import TYPE_CHECKING

import numpy as np

from runs.opening_books import build_quarters
from runs.record_sites import phases_to_come
from runs.state import State
from world.arrays import Flags, PerRow, PerWorld, some
from world.credit import ProjectLoan, size_project_loan
from world.draws import exponential
from world.sites import BUILDING

if TYPE_CHECKING:
    from runs.model import ComputeMarket


def forget_sites(s: State) -> None:
    """Drop what is kept about sites: some were energised or ordered, or an event befell them."""
    s.flow.pop("building_gw", None)


def place_sites(market: ComputeMarket, granted_gw: PerRow) -> np.ndarray:
    """Put each operator's granted power into its named phases first, the rest into unnamed sites.

    Returns: (operators, worlds) whether a phase of the operator has its power and waits for its loan.
    """
    s, cast = market.state, market.cast
    slippage = market.parameters.of("grid").slippage_quarters
    luck = [market.draws.uniform(f"slippage:{name}", market.calendar_quarter) for name in cast.operators]
    late = slippage * exponential(np.array(luck))
    lead = market.parameters.once(build_quarters, cast)
    banked = bank_phases(market)
    to_come = phases_to_come(market)
    left, unbanked = granted_gw.copy(), np.zeros(granted_gw.shape, dtype=bool)
    for name in dict.fromkeys(phase.operator for phase in s.phases.phases):
        row = cast.operator[name]
        left[row], unbanked[row] = place_phases(market, name, granted_gw[row], lead[row], late[row], banked, to_come)
    s.sites.order(slice(0, len(cast.operators)), np.maximum(left, 0.0), lead, late, s.quarter)
    forget_sites(s)
    return unbanked


def bank_phases(market: ComputeMarket) -> dict[str, Flags]:
    """Whether lenders give enough on a new phase, by tenant: of the largest one and of all with a phase to be begun."""
    s = market.state
    open_ = np.isinf(s.phases.date[:, BUILDING])
    tenants = ("openai", *(phase.tenant for row, phase in enumerate(s.phases.phases) if some(open_[row])))
    # Only the largest tenant's promises are weighed against its means: all others get the same loan.
    credit = {name: s.flow["tenant_spread"] if name == "openai" else np.zeros(s.worlds) for name in tenants}
    loan = phase_loan(market, np.array(list(credit.values())))
    enough = loan.debt_usd_bn >= market.parameters.of("landlords").least_loan
    for row, name in enumerate(credit):
        s.flow[f"loan_share.{name}"], s.flow[f"loan_rate.{name}"] = loan.debt_usd_bn[row], loan.rate[row]
    return dict(zip(credit, enough, strict=True))


def phase_loan(market: ComputeMarket, tenant_credit: PerRow) -> ProjectLoan:
    """The loan that lenders give on a new phase of cost one, let in the end to a tenant of that credit.

    The shell is let for its yield on cost; whether that rent comes depends on the tenant behind the operator.

    Args: tenant_credit: (tenants, worlds) what lenders add to the rate for each tenant, per year.
    """
    s, p = market.state, market.parameters
    landlords, lenders = p.of("landlords"), p.of("lenders")
    return size_project_loan(
        np.ones_like(tenant_credit),
        landlords.yield_on_cost,
        most_share=landlords.loan_to_cost,
        base_rate=s.base_rate,
        base_spread=lenders.spread_landlords,
        tenant_credit=tenant_credit,
        cycle=market.firms["lenders"].credit_cycle,
        years=landlords.loan_years,
        min_dscr=lenders.min_dscr,
    )


def place_phases(
    market: ComputeMarket,
    name: str,
    gigawatts: PerWorld,
    lead: PerWorld,
    late: PerWorld,
    banked: Mapping[str, Flags],
    to_come: Set[int],
) -> tuple[PerWorld, Flags]:
    """Put an operator's power into its named phases, in order.

    A phase starts once all of its power is granted and its loan closes; what is granted meanwhile for the next phase
    is kept for it, from half of a phase on, and the rest goes to unnamed sites.

    Args:    banked: tenant -> (worlds,) whether lenders give enough on a phase let to it.
             to_come: phases that the record begins later.
    Returns: (worlds,) GW left for unnamed sites, and whether a phase waits for its loan alone.
    """
    s = market.state
    left = s.last.get(f"unplaced.{name}", np.zeros(s.worlds)) + gigawatts
    kept, unbanked = np.zeros(s.worlds), np.zeros(s.worlds, dtype=bool)
    for phase in [k for k, p in enumerate(s.phases.phases) if p.operator == name]:
        size = s.phases.facility_gw[phase]
        open_ = np.isinf(s.phases.date[phase, BUILDING])
        if not some(open_) or phase in to_come:  # under way everywhere, or not yet to be begun
            continue
        open_ &= market.phase_granted(phase)
        ready, started = open_ & (left >= size), np.zeros(s.worlds, dtype=bool)
        if some(ready):
            loan = banked[s.phases.phases[phase].tenant]
            s.phases.contract(phase, float(s.quarter), ready)
            started = s.phases.finance(phase, float(s.quarter), ready & loan, lead, late)
            unbanked |= ready & ~loan
            left = np.where(started, left - size, left)
        waits = open_ & ~started & (kept == 0.0) & (left >= 0.5 * size)
        kept = np.where(waits, left, kept)
        left = np.where(waits, 0.0, left)
    s.flow[f"unplaced.{name}"] = kept
    return left, unbanked
