"""The start state with labs split from their parent: what a lab takes, its parent gives, so every total is kept."""

from __future__ import annotations

from dataclasses import replace

from agents.additions import PARENT
from agents.cast import ADDED_LABS
from world.arrays import PerWorld
from world.record import StartState
from world.tables import StartRow

SPLIT_IN_LEASES = ("h100e_m", "pending_h100e_m")
"""What of a lease is an amount; its prices and dates are those of its parent."""
RATES = ("debt_coupon",)
"""What of a lab is no amount either."""


def split_start(start: StartState) -> StartState:
    """The same figures with rows of their own for the labs that plugins add; the same object if there are none."""
    if not ADDED_LABS:
        return start
    rows = dict(start.rows)
    for (subject, quantity), row in start.rows.items():
        for lab in ADDED_LABS:
            _split(rows, row, subject, quantity, lab.name, lab.part(subject, quantity))
    return StartState(start.label, start.known_until, rows)


def over_rivals(total: PerWorld) -> dict[str, PerWorld]:
    """A figure of PARENT that is not in the start table, shared out over it and the labs split from it."""
    shares = {PARENT: 1.0 - sum(lab.share for lab in ADDED_LABS)} | {lab.name: lab.share for lab in ADDED_LABS}
    return {name: total * share for name, share in shares.items()}


def _split(
    rows: dict[tuple[str, str], StartRow], row: StartRow, subject: str, quantity: str, name: str, part: float
) -> None:
    """Give a lab its row of one of its parent's figures, and take it off the parent's."""
    mine = (subject.replace(PARENT, name), quantity.replace(PARENT, name))
    if mine == (subject, quantity):
        return
    if quantity in RATES or (subject.startswith("lease.") and quantity not in SPLIT_IN_LEASES):
        part, left = 1.0, row.value
    else:
        left = rows[subject, quantity].value - part * row.value
    note = f"split from {PARENT} by a plugin"
    rows[mine] = replace(row, subject=mine[0], quantity=mine[1], value=part * row.value, basis=row.basis, note=note)
    rows[subject, quantity] = replace(row, value=left)
