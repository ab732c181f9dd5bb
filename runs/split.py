"""The start state of a cast: what an added firm takes its parent gives, so totals are kept; the rest comes on top."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from agents.additions import PARENT_OF_LABS, AddedCloud, AddedFirm
from agents.cast import Cast
from world.arrays import PerWorld
from world.record import StartState
from world.tables import StartRow

SPLIT_IN_LEASES = ("h100e_m", "pending_h100e_m")
"""What of a lease is an amount; its prices and dates are those of its parent."""
RATES = ("debt_coupon",)
"""What of a firm is no amount either."""

Rows = dict[tuple[str, str], StartRow]


def split_start(start: StartState, cast: Cast) -> StartState:
    """The same figures with rows of their own for the firms that were added; the same object if there are none."""
    if not cast.added:
        return start
    # Labs come first, so that clouds also split what these lease.
    rows = _split_off(_split_off(dict(start.rows), cast.labs_added), cast.clouds_added)
    for cloud in cast.clouds_added:
        _put_on_top(rows, cloud)
    return StartState(start.label, start.known_until, rows)


def over_rivals(total: PerWorld, cast: Cast) -> dict[str, PerWorld]:
    """A figure of the rival labs that is not in the start table, shared out over them and the labs split from them."""
    added = cast.labs_added
    shares = {PARENT_OF_LABS: 1.0 - sum(lab.share for lab in added)} | {lab.name: lab.share for lab in added}
    return {name: total * share for name, share in shares.items()}


def _split_off(whole: Rows, firms: Sequence[AddedFirm]) -> Rows:
    """The rows with those of firms, each its part of its parent's figures, which are less by it."""
    rows = dict(whole)
    for (subject, quantity), row in whole.items():
        for firm in firms:
            mine = (subject.replace(firm.PARENT, firm.name), quantity.replace(firm.PARENT, firm.name))
            if mine == (subject, quantity):
                continue
            if quantity in RATES or (subject.startswith("lease.") and quantity not in SPLIT_IN_LEASES):
                part, left = 1.0, row.value
            else:
                part = firm.part(subject, quantity)
                left = rows[subject, quantity].value - part * row.value
            note = f"split from {firm.PARENT} by a plugin"
            rows[mine] = replace(row, subject=mine[0], quantity=mine[1], value=part * row.value, note=note)
            rows[subject, quantity] = replace(row, value=left)
    return rows


def _put_on_top(rows: Rows, cloud: AddedCloud) -> None:
    """Add the figures that a cloud brings."""
    for quantity, figure in cloud.figures.items():
        row = rows[cloud.name, quantity]
        rows[cloud.name, quantity] = replace(row, value=row.value + figure, note=f"with {figure:g} by a plugin")
