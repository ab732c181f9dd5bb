"""The credit part of the deal sheet: who asks lenders for how much, the limit, the rate, and why not all is given."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from agents.cast import Cast
from runs.deal_money import LEAST_USD_BN, Payment, payments
from runs.deal_reasons import Reason
from runs.recorder import Page, of_world

ELSEWHERE = ("softbank",)
"""Whose margin loans stand on the sheet beside its tranches."""


@dataclass(frozen=True)
class LoanTalk:
    """A borrower that lacks cash for its dues and its lenders; $bn, rates per year."""

    kind: str
    parties: tuple[str, ...]
    borrower: str
    rests_on: str
    """What lenders look at: the revenue of a lab without plant, or cash flow, contracts and plant."""
    asked_usd_bn: float
    limit_usd_bn: float | None
    """What it may owe by this loan or line in all; None where the rate is the only limit."""
    owed_usd_bn: float
    """What of its debt counts against the limit."""
    drawn_usd_bn: float
    rate: float
    spread: float
    """Of the rate, what lenders add for the borrower and for the cycle."""
    payments: tuple[Payment, ...]
    reason: Reason


def loan_talks(page: Page, world: int, cast: Cast) -> list[LoanTalk]:
    """The loans that were asked for in a recorded quarter in one world."""
    notes = of_world(page.all("loan"), world)
    return [
        _loan(note, note["borrower"] in cast.borrowers)
        for note in notes
        if note["asked"] > LEAST_USD_BN and note["borrower"] not in ELSEWHERE
    ]


def _loan(note: dict[str, Any], on_plant: bool) -> LoanTalk:
    borrower, asked, drawn = note["borrower"], note["asked"], note["drawn"]
    if drawn >= asked * (1.0 - 1e-9):
        reason = Reason.LENT
    elif note["limit"] <= LEAST_USD_BN:
        reason = Reason.CARRIES_NO_DEBT if on_plant else Reason.NO_LINE
    elif drawn <= LEAST_USD_BN:
        reason = Reason.LINE_USED_UP
    else:
        reason = Reason.LENT_TO_THE_LIMIT
    return LoanTalk(
        kind="loan" if on_plant else "credit line",
        parties=(borrower, "lenders"),
        borrower=borrower,
        rests_on="its cash flow, contracts and plant" if on_plant else "its revenue",
        asked_usd_bn=asked,
        limit_usd_bn=note["limit"] if math.isfinite(note["limit"]) else None,
        owed_usd_bn=note["owed"],
        drawn_usd_bn=drawn,
        rate=note["rate"],
        spread=note["rate"] - note["base"],
        payments=payments(("loan", "lenders", borrower, drawn)),
        reason=reason,
    )


__all__ = ["LoanTalk", "loan_talks"]
