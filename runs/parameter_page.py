"""The page of all parameters, made from their table: `python -m runs.parameter_page > docs/parameters.md`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from itertools import groupby

from world.parameters import Specification, specifications

OWNERS = {
    "market": "The rental market and leases",
    "chips": "Chips",
    "costs": "Cost of compute, power and depreciation",
    "customers": "Customers and the growth of demand",
    "planners": "What planners believe",
    "operators": "All builders (a firm's own row of the same name wins)",
    "labs": "All labs (a firm's own row of the same name wins)",
    "microsoft": "Microsoft",
    "oracle": "Oracle",
    "xai": "xAI",
    "rival_clouds": "Rival clouds",
    "rival_labs": "Rival labs",
    "openai": "OpenAI",
    "softbank": "SoftBank",
    "nvidia": "Nvidia",
    "broadcom": "Broadcom",
    "lenders": "Lenders",
    "landlords": "Landlords",
    "grid": "Power",
    "services": "AI services and capability",
    "investors": "Other investors",
    "backers": "Rates",
    "currency": "Currency",
}
"""Headings by owner, in the order of the page; an owner that is not here comes last under its own name."""

HEAD = """\
# Parameters

Made from `world/data/parameters.csv` by `python -m runs.parameter_page > docs/parameters.md`. Do not edit this page.

There are {count} parameters. Each world draws its own value of each from *low*, *central* and *high*; {fixed} are fixed
at *central*. *Limits* are what a user may set. {guesses} sources begin with "guess": the figure is a judgement and no
row of the record fixes it. What a parameter does stands in [model.md](model.md).

The draw is {usual} unless the last column says otherwise.
"""
USUAL = "triangular"


def parameter_page(table: Mapping[str, Specification] | None = None) -> str:
    """The page as Markdown, with one table for each owner; default table: that of world/data/parameters.csv."""
    rows = list((specifications() if table is None else table).values())
    places = {owner: place for place, owner in enumerate(OWNERS)}
    rows.sort(key=lambda row: places.get(row.owner, len(places)))
    parts = [
        HEAD.format(
            count=len(rows),
            fixed=sum(row.distribution == "fixed" for row in rows),
            guesses=sum(row.source.startswith("guess") for row in rows),
            usual=USUAL,
        )
    ]
    for owner, group in groupby(rows, key=lambda row: row.owner):
        parts.append(f"\n## {OWNERS.get(owner, owner)}\n\n{_table(list(group))}")
    return "".join(parts)


def _table(rows: list[Specification]) -> str:
    lines = [
        "| parameter | meaning | unit | low | central | high | limits | source |",
        "|---|---|---|---:|---:|---:|---|---|",
    ]
    for row in rows:
        source = row.source if row.distribution == USUAL else f"{row.source} ({row.distribution})"
        cells = [
            f"`{row.name}`",
            row.description,
            row.unit,
            f"{row.low:g}",
            f"{row.central:g}",
            f"{row.high:g}",
            f"{row.minimum:g} to {row.maximum:g}",
            source,
        ]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(parameter_page())
