"""Where the money of lenders and other investors comes from in the end: the savers behind them."""

from __future__ import annotations

import numpy as np

from world.arrays import PerWorld
from world.ledger import Ledger

SAVERS = {"lenders": "loan", "investors": "equity"}
"""How the rest of the world hands money to a backer: deposits to lenders, subscriptions to investors' funds."""


def pay_out(ledger: Ledger, kind: str, backer: str, payee: str, amount: PerWorld) -> None:
    """Pay an amount, $bn (worlds,), out of a backer's cash; what it lacks, savers bring first."""
    bring_cash(ledger, backer, amount)
    ledger.pay(kind, backer, payee, amount)


def bring_cash(ledger: Ledger, backer: str, amount: PerWorld) -> None:
    """Let savers bring what a backer's cash falls short of an amount, $bn (worlds,).

    So no loan and no round is paid with money that nobody had: only the rest of the world may owe cash.
    """
    lacking = np.maximum(amount - ledger.cash(backer), 0.0)
    if lacking.any():  # adding nothing in the other worlds changes none of their bits
        ledger.pay(SAVERS[backer], "rest_of_world", backer, lacking)
