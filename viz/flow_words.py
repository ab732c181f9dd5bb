"""The flow matrix for a terminal: a table whose rows and columns add up, and the largest payments in words."""

from __future__ import annotations

import numpy as np

from runs.flows import FlowMatrix
from runs.results import title
from viz.plain_words import listed, usd
from viz.tables import Line, wrapped

CELL = 10
NAME = 10
LARGEST = 15
"""How many payments are told one by one."""


def flow_lines(found: FlowMatrix, chosen: str, firm: str | None, width: int) -> list[Line]:
    """Who pays (rows) whom (columns), $bn, then the largest payments with what they are for.

    Args: firm: only the payments of this sector are told.
    """
    lines = wrapped(f"Money of {found.quarter} in world {found.world}, bn USD", width, "title")
    note = f"{found.scenario}" + (f"; {chosen}" if chosen else "")
    lines += wrapped(note + ". Each row pays, each column receives.", width, "note")
    lines += [Line(""), *(matrix_lines(found, width) if firm is None else partner_lines(found, firm, width)), Line("")]
    flows = [flow for flow in found.flows if firm in (None, flow.payer, flow.payee)]
    lines += wrapped("The largest payments", width, "heading")
    for flow in flows[:LARGEST]:
        names = f"{title(flow.payer)} to {title(flow.payee)}"
        told = f"{names}: {usd(flow.usd_bn)}, {flow.kind.replace('_', ' ')} ({flow.about})"
        lines += wrapped(told, width, "answer")
    rest = flows[LARGEST:]
    if rest:
        lines += wrapped(
            f"and {len(rest)} smaller ones, {usd(sum(flow.usd_bn for flow in rest))} together", width, "note"
        )
    lines += [Line(""), *wrapped(balance_words(found, firm), width, "answer")]
    return lines


def matrix_lines(found: FlowMatrix, width: int) -> list[Line]:
    """The table in as many blocks of columns as the width asks for; totals last."""
    payers, payees = np.flatnonzero(found.paid > 0.0).tolist(), np.flatnonzero(found.received > 0.0).tolist()
    size = max((width - NAME - CELL) // CELL, 1)
    lines: list[Line] = []
    for first in range(0, len(payees), size):
        part = payees[first : first + size]
        last = first + size >= len(payees)
        header = "".join(f"{short(found.sectors[k])[: CELL - 1]:>{CELL}}" for k in part)
        lines.append(Line(" " * NAME + header + (f"{'paid':>{CELL}}" if last else ""), "header"))
        for k in payers:
            cells = "".join(cell(found.matrix[k, other]) for other in part)
            total = cell(found.paid[k]) if last else ""
            lines.append(Line(f"{short(found.sectors[k]):<{NAME}}{cells}{total}", "figure"))
        total = "".join(cell(found.received[k]) for k in part) + (cell(float(found.paid.sum())) if last else "")
        lines += [Line(f"{'received':<{NAME}}{total}", "label"), Line("")]
    return lines[:-1]


def partner_lines(found: FlowMatrix, firm: str, width: int) -> list[Line]:
    """What one sector pays and receives, by partner."""
    lines = []
    row = found.sectors.index(firm) if firm in found.sectors else None
    for verb, totals in (
        ("pays", None if row is None else found.matrix[row]),
        ("receives", None if row is None else found.matrix[:, row]),
    ):
        amounts = np.zeros(len(found.sectors)) if totals is None else totals
        order = [k for k in np.argsort(-amounts, kind="stable").tolist() if amounts[k] > 0.0]
        told = listed(f"{title(found.sectors[k])} {usd(float(amounts[k]))}" for k in order)
        lines += wrapped(f"{title(firm)} {verb} {usd(float(amounts.sum()))}: {told}.", width, "answer")
    return lines


def short(sector: str) -> str:
    """A name that fits beside and above the figures."""
    return {"rest_of_world": "World", "rival_clouds": "R. clouds", "rival_labs": "R. labs"}.get(sector, title(sector))


def cell(usd_bn: float) -> str:
    """One figure of the table; a dot for none."""
    if usd_bn <= 0.0:
        return f"{'.':>{CELL}}"
    return f"{usd_bn:>{CELL},.{0 if usd_bn >= 999.5 else 1 if usd_bn >= 9.95 else 2}f}"


def balance_words(found: FlowMatrix, firm: str | None) -> str:
    """What the flows did to cash: the largest movements."""
    change = found.received - found.paid
    order = [k for k in np.argsort(-np.abs(change), kind="stable") if abs(change[k]) > 0.0005]
    if firm in found.sectors:
        order = [found.sectors.index(firm)]
    told = [f"{title(found.sectors[k])} {'+' if change[k] > 0 else ''}{usd(float(change[k]))}" for k in order[:6]]
    return f"Cash moves by what is received less what is paid: {listed(told)}."
