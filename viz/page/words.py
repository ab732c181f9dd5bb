"""Sentences and cells that need no run: settings in words, claims as rows of text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from viz.listings import claim_cells


def settings_words(settings: Sequence[tuple[str, float]]) -> str:
    """`with market.band = 0.5 in every world`, or nothing."""
    if not settings:
        return ""
    return "with " + ", ".join(f"{name} = {value:g}" for name, value in settings) + " in every world"


def claims_rows(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The claims as text cells, with the odds as a number for the bar."""
    found = []
    for row in rows:
        name, (claimed, median, band, odds) = claim_cells(row)
        cells = {"claimed": claimed, "median": median, "band": band, "odds": odds, "bar": row["odds"]}
        found.append({"claim": row["claim"], "measure": name, **cells, "note": row["note"] or ""})
    return found
