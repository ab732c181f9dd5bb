"""Circular funding: how much of the equity that an investor puts into labs comes back to it as its own sales.

Money has no name, so it is traced in proportion: of every dollar that a lab holds or takes in during a quarter the same
part is spent, and what is spent goes to its payees as the lab's own payments do. Equity comes back to a provider as
rent, and to a chip vendor as chips: those that the lab buys itself, and those that a provider buys out of the lab's
rent, again in proportion to the provider's own payments (one step, no further).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from world.arrays import PerRow, PerWorld, fold, ratio
from world.entries import CASH_KINDS

if TYPE_CHECKING:
    from runs.model import ComputeMarket

INVESTORS = ("microsoft", "nvidia", "softbank", "investors")
"""Who puts equity into labs; the first two also sell to them."""
SELLERS = INVESTORS[:2]
"""Microsoft is paid in rent, Nvidia in chips."""
RENT, CHIPS = ("lease_rent", "spot_rent"), "chips"
VENDORS = ("nvidia", "broadcom")

Flows = Mapping[tuple[str, str, str], PerWorld]


def trace_equity(market: ComputeMarket) -> None:
    """Follow the equity of each investor through the quarter's payments; writes what it finds into the flow.

    Rows of what is written: INVESTORS x funded labs for what labs still hold (`equity_held_usd_bn`), INVESTORS for what
    was put in and what reached chip vendors since the start, SELLERS for what came back, since the start and now.
    """
    s, cast, worlds = market.state, market.cast, market.worlds
    labs = cast.funded
    flows, last = s.ledger.flows, s.last
    total = payments_by(flows, (*labs, *cast.operators), worlds)
    spent = np.array([total[lab] for lab in labs])
    left = np.array([s.ledger.cash(lab) for lab in labs])
    paid = np.array([[flow(flows, "equity", who, lab, worlds) for lab in labs] for who in INVESTORS])
    held = last.get("equity_held_usd_bn", np.zeros_like(paid)) + paid
    gone = held * ratio(spent, spent + np.maximum(left, 0.0))

    rents = {name: np.array([rent(flows, lab, name, worlds) for lab in labs]) for name in cast.providers}
    vendors = {name: np.array([flow(flows, CHIPS, lab, name, worlds) for lab in labs]) for name in VENDORS}
    for kind, provider, vendor in [(CHIPS, p, v) for p in cast.providers for v in VENDORS]:
        if (kind, provider, vendor) in flows:
            onward = ratio(flows[kind, provider, vendor], total[provider])
            vendors[vendor] = vendors[vendor] + rents[provider] * onward
    part = ratio(np.array([rents["microsoft"], vendors["nvidia"], fold(np.array(list(vendors.values())))]), spent)
    given = fold(paid.swapaxes(0, 1))
    home = np.array([fold(gone[row] * part[row]) for row in range(len(SELLERS))])
    chips = fold((gone * part[-1]).swapaxes(0, 1))
    s.flow |= {
        "equity_held_usd_bn": held - gone,
        "equity_given_usd_bn": given,
        "equity_home_usd_bn": home,
        "equity_given_sum_usd_bn": last.get("equity_given_sum_usd_bn", np.zeros_like(given)) + given,
        "equity_home_sum_usd_bn": last.get("equity_home_sum_usd_bn", np.zeros_like(home)) + home,
        "equity_chips_sum_usd_bn": last.get("equity_chips_sum_usd_bn", np.zeros_like(chips)) + chips,
    }


def payments_by(flows: Flows, payers: tuple[str, ...], worlds: int) -> dict[str, PerWorld]:
    """All cash that each payer paid this quarter, $bn (worlds,)."""
    total = {name: np.zeros(worlds) for name in payers}
    for key in sorted(key for key in flows if key[1] in total and key[0] in CASH_KINDS):
        total[key[1]] += flows[key]
    return total


def flow(flows: Flows, kind: str, payer: str, payee: str, worlds: int) -> PerWorld:
    """One flow of the quarter, $bn (worlds,); zero if there was none."""
    found = flows.get((kind, payer, payee))
    return np.zeros(worlds) if found is None else found


def rent(flows: Flows, tenant: str, provider: str, worlds: int) -> PerWorld:
    """Rent of a tenant to a provider, under leases and at the market, $bn (worlds,)."""
    return flow(flows, RENT[0], tenant, provider, worlds) + flow(flows, RENT[1], tenant, provider, worlds)


def circular_share(market: ComputeMarket) -> PerRow:
    """Share of what each seller put into labs since the start that has come back as its sales, (sellers, worlds)."""
    s = market.state
    return ratio(s.flow["equity_home_sum_usd_bn"], s.flow["equity_given_sum_usd_bn"][: len(SELLERS)])


def to_chips_share(market: ComputeMarket) -> PerWorld:
    """Share of all equity put into labs since the start that has reached chip vendors, (worlds,)."""
    s = market.state
    return ratio(fold(s.flow["equity_chips_sum_usd_bn"]), fold(s.flow["equity_given_sum_usd_bn"]))
