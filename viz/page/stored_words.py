"""What the page says of a finished batch: the answer, four figures, the table, and what is opened."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from runs.batch_status import status
from runs.store import Batch, Quantiles
from viz.page.cards import Card
from viz.page.look import BILLIONS, DOLLARS_H, GIGAWATTS, PERCENT, RATIO, Format

Told = tuple[Quantiles, str, Format]
"""A line of the table: the quantiles, what they are of, and how they are written."""
TOLD = (
    ("h100_price_usd_h", None, "Price of an H100 for an hour, one-year contract", DOLLARS_H),
    ("stargate_share", None, "Stargate's share of OpenAI's compute", PERCENT),
    ("used_h100e_m", "openai", "Compute that OpenAI uses, H100e", Format(".1f", suffix=" M")),
    ("openai_revenue_usd_bn", None, "OpenAI's revenue in the year", BILLIONS),
    ("openai_burn_usd_bn", None, "OpenAI's burn in the year", BILLIONS),
    ("openai_raised_usd_bn", None, "Equity into OpenAI in the year", BILLIONS),
    ("openai_cash_usd_bn", None, "OpenAI's cash", BILLIONS),
    ("openai_payments_to_microsoft_usd_bn", None, "OpenAI's payments to Microsoft in the year", BILLIONS),
    ("oracle_debt_usd_bn", None, "Oracle's debt", BILLIONS),
    ("oracle_dscr", None, "Oracle's cover of its debt service", RATIO),
    ("softbank_ltv", None, "SoftBank's loan to value", PERCENT),
    ("abilene_facility_gw", None, "Power at Abilene", GIGAWATTS),
)
"""What the table tells of every batch: stocks at the horizon, flows by calendar year."""


def resume(folder: Path) -> str:
    """How an unfinished batch is finished."""
    return f"gigawatt batch --resume {folder} finishes it"


def opened_words(batch: Batch, missing: Sequence[Card]) -> list[str]:
    """What is opened, how whole it is, and what is not on show."""
    now, plan = status(batch.folder), batch.plan
    found = [
        f"Read-only: the batch {batch.folder}. Tables: {', '.join(batch.tables)}.",
        "Its assumptions cannot be moved; gigawatt view SCENARIO runs worlds anew.",
    ]
    if not now["complete"]:
        found.append(
            f"Unfinished: {now['worlds_done']:,} of {now['worlds']:,} runs are there, and only they are shown; "
            f"{'it is being run' if now['driver_at_work'] else resume(batch.folder)}."
        )
    if plan.points > 1:
        named = ", ".join(plan.request.design.names)
        found.append(f"All {plan.points} points of the design ({named}) are shown together.")
    if plan.request.parameters:
        told = ", ".join(f"{name} = {value}" for name, value in plan.request.parameters.items())
        found.append(f"Run with {told}.")
    if not batch.by_quarter("h100_price_usd_h"):
        found.append("No paths are kept, so there are no charts by quarter; gigawatt batch --keep paths keeps them.")
    elif missing:
        found.append(
            f"Not on show, since the tables kept cannot tell it: {'; '.join(_named(card) for card in missing)}."
        )
    return found


def _named(card: Card) -> str:
    """What a card shows, where its heading alone does not say it."""
    return f"compute of {card.title}" if card.section == "compute" else card.title


def sentence(rows: Sequence[Told], worlds: int) -> str:
    """Price and share at the horizon."""
    (price, _, dollars), (share, _, percent) = rows[0], rows[1]
    low, middle, high = _band(price, -1, dollars)
    few, mid, many = _band(share, -1, percent)
    return (
        f"In the {worlds:,} stored runs an H100-hour costs {middle} in {price.times[-1]} ({low} to {high} in "
        f"90\u00a0% of them), and Stargate supplies {mid} of OpenAI's compute ({few} to {many})."
    )


def _band(row: Quantiles, place: int, form: Format) -> tuple[str, str, str]:
    """5 %, 50 % and 95 % in words."""
    low, middle, high = (form.figure(float(row.values[k, place]) * form.scale) for k in (0, 2, 4))
    return low, middle, high


def tiles(rows: Sequence[Told]) -> list[dict[str, str]]:
    """Four figures: those of a live page."""
    found = []
    for row, label, form in (rows[0], rows[1], rows[2], rows[4]):
        place = row.times.index("2027") if "2027" in row.times else len(row.times) - 1
        low, middle, high = _band(row, place, form)
        spread = f"90 % of worlds: {low.removesuffix(form.suffix)} to {high.removesuffix(form.suffix)}"
        found.append({"label": f"{label}, {row.times[place]}", "value": middle, "spread": spread})
    return found


def table(rows: Sequence[Told]) -> dict[str, Any]:
    """A line for each metric, one column for the horizon and one for each year: median and 90 % band, or nothing."""
    known = {time for row, _, _ in rows for time, worlds in zip(row.times, row.worlds, strict=True) if worlds}
    times = sorted(known, key=lambda time: ("Q" not in time, time))
    lines = []
    for row, label, form in rows:
        told: dict[str, list[str]] = {}
        for place, time in enumerate(row.times):
            if row.worlds[place]:
                low, middle, high = _band(row, place, form)
                told[time] = [middle, f"{low} to {high}"]
        lines.append({"name": label, "cells": [told.get(time, []) for time in times]})
    return {"times": times, "lines": lines}
