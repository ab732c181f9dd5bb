"""What stands behind others: savers behind lenders and investors, landlords' shells behind operators."""

from __future__ import annotations

import numpy as np

from world.arrays import PerWorld, fold, highest
from world.entries import Names
from world.ledger import Ledger
from world.parameters import Parameters

SAVERS = {"lenders": "loan", "investors": "equity"}
"""How the rest of the world hands money to a backer: deposits to lenders, subscriptions to investors' funds."""


def shell_cost_usd_bn(parameters: Parameters) -> PerWorld:
    """What a powered shell costs, (worlds,) $bn per GW of facility power; $m per MW are $bn per GW."""
    costs = parameters.of("costs")
    cost: PerWorld = costs.shell_usd_m_per_it_mw * parameters["currency.scale"] / costs.facility_over_it
    return cost


def pay_out(ledger: Ledger, kind: str, backer: str, payee: Names, amount: np.ndarray) -> None:
    """Pay an amount, $bn (worlds,), out of a backer's cash; what it lacks, savers bring first.

    With several payees the amounts are (payees, worlds).
    """
    bring_cash(ledger, backer, amount if isinstance(payee, str) else fold(amount))
    ledger.pay(kind, backer, payee, amount)


def bring_cash(ledger: Ledger, backer: str, amount: PerWorld) -> None:
    """Let savers bring what a backer's cash falls short of an amount, $bn (worlds,).

    So no loan and no round is paid with money that nobody had: only the rest of the world may owe cash.
    """
    lacking = amount - ledger.cash(backer)
    if highest(lacking) > 0.0:  # adding nothing in the other worlds changes none of their bits
        ledger.pay(SAVERS[backer], "rest_of_world", backer, np.maximum(lacking, 0.0))
