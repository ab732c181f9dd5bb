"""Circular funding: how much of the equity that an investor puts into labs comes back to it as its own sales.

Money has no name, so it is traced in proportion: of every dollar that a lab holds or takes in during a quarter the same
part is spent, and what is spent goes to its payees as the lab's own payments do. Equity comes back to a provider as
rent, and to a chip vendor as chips: those that the lab buys itself, and those that a provider buys out of the lab's
rent, again in proportion to the provider's own payments (one step, no further).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from world.arrays import PerRow, PerWorld, fold, part_of, ratio

if TYPE_CHECKING:
    from runs.model import ComputeMarket

INVESTORS = ("microsoft", "nvidia", "softbank", "investors")
"""Who puts equity into labs; the first two also sell to them."""
SELLERS = INVESTORS[:2]
"""Microsoft is paid in rent, Nvidia in chips."""
RENT, CHIPS = ("lease_rent", "spot_rent"), "chips"
VENDORS = ("nvidia", "broadcom")


def trace_equity(market: ComputeMarket) -> None:
    """Follow the equity of each investor through the quarter's payments; writes what it finds into the flow.

    Rows of what is written: INVESTORS x funded labs for what labs still hold (`equity_held_usd_bn`), INVESTORS for what
    was put in, SELLERS for what came back, since the start and this quarter. What reached chip vendors since the start
    is one figure, whoever put it in.
    """
    s, cast = market.state, market.cast
    labs, providers = cast.funded, cast.providers
    ledger, last = s.ledger, s.last
    total, lab_rows = ledger.cash_paid, cast.sector_rows(labs)
    spent, left = total[lab_rows], ledger.balance["cash"][lab_rows]
    paid = ledger.paid_between("equity", INVESTORS, labs)
    held = last["equity_held_usd_bn"] + paid if "equity_held_usd_bn" in last else paid
    # What goes of it with every dollar that the lab spends.
    of_all = ratio(np.ones_like(spent), spent + np.maximum(left, 0.0))
    along = held * of_all

    rents = ledger.paid_between(RENT, labs, providers)
    bought = ledger.paid_between(CHIPS, providers, VENDORS)
    onward = part_of(bought, total[cast.sector_rows(providers)][:, np.newaxis])
    chips = ledger.paid_between(CHIPS, labs, VENDORS)
    for provider, passed_on in enumerate(onward):
        chips += rents[:, provider, np.newaxis] * passed_on
    # What comes to Microsoft as rent, and to Nvidia as chips.
    to_sellers = rents[:, providers.index("microsoft")], chips[:, VENDORS.index("nvidia")]
    found = {
        "equity_given": fold(paid.swapaxes(0, 1)),
        "equity_home": np.array([fold(along[row] * part) for row, part in enumerate(to_sellers)]),
        "equity_chips": fold(fold(along) * fold(chips.swapaxes(0, 1))),
    }
    s.flow["equity_held_usd_bn"] = held * (1.0 - of_all * spent)
    for name, now in found.items():
        since_start = f"{name}_sum_usd_bn"
        s.flow[f"{name}_usd_bn"] = now
        s.flow[since_start] = last[since_start] + now if since_start in last else now


def circular_share(market: ComputeMarket) -> PerRow:
    """Share of what each seller put into labs since the start that has come back as its sales, (sellers, worlds)."""
    s = market.state
    return part_of(s.flow["equity_home_sum_usd_bn"], s.flow["equity_given_sum_usd_bn"][: len(SELLERS)])


def to_chips_share(market: ComputeMarket) -> PerWorld:
    """Share of all equity put into labs since the start that has reached chip vendors, (worlds,)."""
    s = market.state
    return ratio(s.flow["equity_chips_sum_usd_bn"], fold(s.flow["equity_given_sum_usd_bn"]))
