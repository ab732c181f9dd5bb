"""What stands behind others: savers behind lenders and investors, landlords' shells behind operators."""

from __future__ import annotations

import numpy as np

from world.arrays import PerWorld, lowest
from world.ledger import Ledger
from world.parameters import Parameters

SAVERS = {"lenders": "loan", "investors": "equity"}
"""How the rest of the world hands money to a backer: deposits to lenders, subscriptions to investors' funds."""


def shell_cost_usd_bn(parameters: Parameters) -> PerWorld:
    """What a powered shell costs, (worlds,) $bn per GW of facility power; $m per MW are $bn per GW."""
    costs = parameters.of("costs")
    cost: PerWorld = costs.shell_usd_m_per_it_mw * parameters["currency.scale"] / costs.facility_over_it
    return cost


def bring_cash(ledger: Ledger) -> None:
    """Let savers bring what backers paid out beyond their cash, before the quarter's dues are settled.

    So no loan and no round is paid with money that nobody had: only the rest of the world may owe cash.
    """
    for backer, kind in SAVERS.items():
        cash = ledger.cash(backer)
        if lowest(cash) < 0.0:  # adding nothing in the other worlds changes none of their bits
            ledger.pay(kind, "rest_of_world", backer, np.maximum(0.0 - cash, 0.0))
