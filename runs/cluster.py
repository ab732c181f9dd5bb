"""The very large cluster: two bids for one project, chosen by cost and availability in each world, possibly never.

One bidder builds with its own hardware on its own balance sheet, the other leases shells and borrows for the chips.
The lab takes the cheaper one, delay and dependence counted, once the capacity that it lacks at its planning horizon
would fill the cluster. It signs once; what it signs is a lease like any other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agents.openai import SOLE_PROVIDER
from agents.views import MarketView
from runs.contracts import Tendered, provider_shares
from runs.firm_books import with_leases
from world.arrays import PerRow, PerWorld, some
from world.lease_terms import Leases

if TYPE_CHECKING:
    from runs.model import ComputeMarket

BIDDERS = ("microsoft", "oracle")
NONE, OWN_HARDWARE, ON_DEBT = 0.0, 1.0, 2.0
"""Who builds it, as the metric `cluster_bid` counts: nobody yet, the first bidder, the second."""
MIDDLE_QUARTERS = 1.5
"""Its halls get power over a year: the lease starts when half of them have it."""


def bid_for_cluster(market: ComputeMarket, view: MarketView, tendered: Tendered) -> None:
    """Take both bids, choose, and sign the lease in the worlds where the lab wants the cluster and somebody can.

    With it all leases of the quarter are entered.
    """
    s = market.state
    lab = market.firms["openai"]
    cost_usd_bn = lab.parameters.cluster_usd_bn * market.money
    size = cost_usd_bn / (view.capital_usd_bn + view.shell_usd_bn)
    held = s.leases.contracted + s.flow["signed_h100e_m"]
    books = dict(tendered.books)
    # Only the one that builds on its own balance sheet looks at what it has let.
    books[BIDDERS[0]] = with_leases(books[BIDDERS[0]], held[s.cast.let_by[BIDDERS[0]]])
    bids = [market.firms[name].bid_for_cluster(view, books[name], cost_usd_bn) for name in BIDDERS]
    price, lead = (np.array([getattr(bid, name) for bid in bids]) for name in ("price_usd_h", "lead_quarters"))
    effective = effective_prices(market, price, lead, held)
    lacking = s.flow["lacking_h100e_m"]
    able = np.array([bid.able for bid in bids]) & (effective <= s.flow["worth_usd_h"])
    # A sole provider that can build it does not consent to another.
    able[1] &= ~((lab.exclusivity == SOLE_PROVIDER) & able[0])
    wanted = (lab.cluster == NONE) & (lacking >= size) & market.settings.negotiate
    offered = np.where(able, effective, np.inf)
    # Where both cost the same the lab stays with the provider that it has.
    second = offered[1] < offered[0]
    taken = np.array([wanted & able[0] & ~second, wanted & able[1] & second])
    leases = tendered.leases
    if some(taken):
        leases = [*leases, sign_cluster(market, taken * size, price * view.usefulness, lead)]
    s.leases.sign_some(Leases.joined(leases))
    if market.recorder is not None:
        terms = {"effective": effective, "size": size, "lacking": lacking, "worth": s.flow["worth_usd_h"]}
        market.recorder.note("cluster", bids=bids, able=able, taken=taken, state=lab.cluster, cost=cost_usd_bn, **terms)
    lab.settle_cluster(np.where(taken[0], OWN_HARDWARE, np.where(taken[1], ON_DEBT, lab.cluster)))
    s.flow |= {
        "cluster_price_usd_h": price,
        "cluster_capital_rate": np.array([bid.capital_rate for bid in bids]),
        "cluster_able": able.astype(float),
    }


def effective_prices(market: ComputeMarket, price_usd_h: PerRow, lead: PerRow, held: np.ndarray) -> PerRow:
    """Price of each bid with its delay and the dependence that it brings, (bidders, worlds) $/effective H100e-hour.

    Args: price_usd_h, lead: (bidders, worlds) of the bids; held: (pairs, worlds) all that is let and signed, M H100e.
    """
    m, lab = market.parameters.of("market"), market.firms["openai"]
    late = np.maximum(lead - m.patience_quarters, 0.0)
    shares = provider_shares(market.cast, held)[: len(BIDDERS)]
    # Both in the shares of a price that an ordinary offer is weighed with; the tenant governs what the second builds.
    more = m.delay_cost_per_quarter * late
    dependence = lab.dependence_cost(shares)
    more[0] += dependence[0]
    more[1] += dependence[1] * m.governed_dependence
    return price_usd_h * (1.0 + more)


def sign_cluster(market: ComputeMarket, size_h100e_m: PerRow, price_usd_h: PerRow, lead: PerRow) -> Leases:
    """The cluster's lease with the bidder that won. All (bidders, worlds)."""
    s, m = market.state, market.parameters.of("market")
    pairs = np.array([market.cast.pair[(name, "openai")] for name in BIDDERS])
    bidder, world = size_h100e_m.nonzero()
    term = market.parameters.of("labs").lease_term_quarters[world]
    start = s.quarter + lead[bidder, world] + MIDDLE_QUARTERS
    size, price = size_h100e_m[bidder, world], price_usd_h[bidder, world]
    s.flow["signed_h100e_m"][pairs[bidder], world] += size
    # A provider that held the right of first refusal and was not chosen has let it pass.
    held: PerWorld = np.where(market.firms["openai"].exclusivity > 0.0, size_h100e_m[1], 0.0)
    s.flow["waived_h100e_m"] = s.flow["waived_h100e_m"] + held
    return Leases(pairs[bidder], world, size, size * price, m.take_or_pay[world], start, term)
