"""What differs between two runs, world by world: the card of differences, and the sentence on the other run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from runs.compare import compare_datasets
from runs.metrics import REGISTRY
from viz.page.cards import place
from viz.page.look import BILLIONS, DOLLARS_H, GIGAWATTS, PERCENT, Columns, Filling, Format, Look

place("difference", "What is different here", "on show less compared with, at the end: mean, 95 % interval",
      "difference", "forest", size="full")  # fmt: skip

POINTS = replace(PERCENT, words=".1f", suffix=" points")
"""Differences of shares."""
COMPARED: dict[tuple[str, str | None], tuple[str, Format]] = {
    ("h100_price_usd_h", None): ("Price of an H100-hour", DOLLARS_H),
    ("stargate_share", None): ("Stargate's share of OpenAI's compute", PERCENT),
    ("used_h100e_m", "openai"): ("Compute that OpenAI uses, M H100e", Format(".1f", suffix=" M")),
    ("openai_revenue_usd_bn", None): ("OpenAI's revenue", BILLIONS),
    ("openai_burn_usd_bn", None): ("OpenAI's burn", BILLIONS),
    ("openai_raised_usd_bn", None): ("Equity into OpenAI", BILLIONS),
    ("openai_payments_to_microsoft_usd_bn", None): ("OpenAI's payments to Microsoft", BILLIONS),
    ("oracle_debt_usd_bn", None): ("Oracle's debt", BILLIONS),
    ("softbank_ltv", None): ("SoftBank's loan to value", PERCENT),
    ("abilene_facility_gw", None): ("Power at Abilene", GIGAWATTS),
}
"""What the card compares, by metric and member: a stock at the end, a flow over the year that ends there."""


@dataclass(frozen=True)
class Change:
    """A figure of the other run, of the one on show, and their difference with its 95 % interval."""

    was: float
    now: float
    mean: float
    low: float
    high: float


def difference(look: Look) -> Filling:
    """Paired differences, the run on show less the one it is compared with, at the last quarter that both have."""
    assert look.other is not None
    found = compare_datasets(look.other.dataset, look.dataset)
    changes = {}
    for key in COMPARED:
        row = found.find(*key)
        if row.mean is not None and row.mean_a is not None and row.mean_b is not None:
            changes[key] = Change(row.mean_a, row.mean_b, row.mean, row.low or 0.0, row.high or 0.0)
    return forest(changes, "last year")


def forest(changes: Mapping[tuple[str, str | None], Change], year: str) -> Filling:
    """The card of differences, in per cent of the other run's figure.

    Args: changes: by metric and member, of COMPARED; year: what flows are summed over, in words.
    """
    rows: Columns = {name: [] for name in ("name", "mean", "low", "high", "was", "is", "change")}
    for key, change in changes.items():
        label, form = COMPARED[key]
        size = max(abs(change.was), 1e-9)
        rows["name"].append(f"{label}, {year}" if REGISTRY[key[0]].flow else label)
        for name, value in (("mean", change.mean), ("low", change.low), ("high", change.high)):
            rows[name].append(round(100.0 * value / size, 3))
        rows["was"].append(form.figure(change.was * form.scale))
        rows["is"].append(form.figure(change.now * form.scale))
        step = POINTS if form is PERCENT else form
        half = step.bare((change.high - change.low) / 2.0 * form.scale)
        sign, moved = "" if change.mean <= 0 else "+", step.bare(change.mean * form.scale)
        rows["change"].append(f"{sign}{moved} ±{half}{step.suffix}")
    left, right = min([*rows["low"], -1.0]), max([*rows["high"], 1.0])
    room = 0.05 * (right - left)
    signals = {"bottom": left - room, "top": right + room}
    words = "; ".join(f"{n} {c}" for n, c in zip(rows["name"], rows["change"], strict=True))
    return Filling({"differences": rows}, signals, spoken=f"Mean paired differences: {words}.")


def versus(look: Look, name: str) -> str:
    """One sentence on the run that it is compared with."""
    if look.other is None:
        return ""
    medians = [
        float(np.median(run.path(metric)[-1]))
        for metric in ("h100_price_usd_h", "stargate_share")
        for run in (look.other, look.run)
    ]
    return versus_words(name, *medians)


def versus_words(name: str, price_there: float, price: float, share_there: float, share: float) -> str:
    """The sentence from medians at the end: prices in dollars, shares of one."""
    return (
        f"Dashed: {name}, on the same luck. There an H100-hour ends at {DOLLARS_H.figure(price_there)} "
        f"({DOLLARS_H.figure(price)} here), Stargate's share at {PERCENT.figure(100.0 * share_there)} "
        f"({PERCENT.figure(100.0 * share)} here)."
    )
