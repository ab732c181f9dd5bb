"""Stargate's sponsor equity: what the programme's sponsors pledged goes into phases as their chips are bought.

The programme is a label on sites and leases, not an owner: a phase's capital is lenders' debt, the sponsors' equity
and the provider's own money. Sponsors pay in the shares of their plan, each within its means; what one cannot pay
stays pledged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from runs.money import borrow_for_stake
from world.arrays import PerWorld, fold, ratio, some

if TYPE_CHECKING:
    from runs.model import ComputeMarket

SPONSORS = {"softbank": 19.0 / 52.0, "openai": 19.0 / 52.0, "investors": 14.0 / 52.0}
"""Shares of the plan of January 2025: SoftBank 19, OpenAI 19, Oracle and MGX 7 each, of 52 bn; the provider's own part
is left to the other investors, since its money is counted as its own."""
PAID_IN = "sponsor_equity_usd_bn"
OPENAI_CASH_SHARE = 0.05
"""Part of its cash that OpenAI puts into sites in a quarter at most."""


def pay_sponsor_equity(market: ComputeMarket, capital_usd_bn: PerWorld) -> None:
    """Pay sponsors' equity into this quarter's purchases for Stargate leases.

    Args: capital_usd_bn: (worlds,) what the provider of Stargate's leases pays for chips this quarter, $bn.
    """
    s, cast = market.state, market.cast
    oracle = market.firms["oracle"]
    if not some(oracle.sponsor_equity_usd_bn):  # nothing is pledged
        s.flow |= dict.fromkeys((*(f"sponsor.{name}" for name in SPONSORS), PAID_IN), np.zeros(s.worlds))
        return
    book = s.leases.contracted
    let = fold(book[cast.let_by["oracle"]])
    stargate = ratio(book[cast.pair[("oracle", "openai")]], let)
    wanted = (1.0 - oracle.parameters.project_debt_share) * stargate * capital_usd_bn
    call = np.minimum(wanted, oracle.sponsor_equity_usd_bn)
    parts = np.empty((len(SPONSORS), s.worlds))
    for part, (sponsor, share) in zip(parts, SPONSORS.items(), strict=True):
        np.multiply(call, share, part)
        if sponsor == "openai":
            np.minimum(part, OPENAI_CASH_SHARE * np.maximum(s.ledger.cash("openai"), 0.0), out=part)
        if sponsor == "softbank":
            borrow_for_stake(market, part)
            market.firms["softbank"].settle_stake(part)
        s.flow[f"sponsor.{sponsor}"] = part
    s.ledger.pay("equity", tuple(SPONSORS), "oracle", parts)
    paid = fold(parts)
    oracle.settle_sponsors(paid)
    s.flow[PAID_IN] = paid
