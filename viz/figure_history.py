"""Figures of the record itself: every series that was seen more than once, small and side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MultipleLocator

from runs.observations import Observation
from viz.style import GREY, INK, tidy

COLUMNS, ROWS = 4, 5
SEEN, MATCHED = "#667080", "#0069a6"


def draw_history(rows: Sequence[Mapping[str, Any]], folder: Path) -> list[Path]:
    """Draw the series (runs/record_table.py) into a folder that exists, twenty to a sheet, and return the files."""
    shown = [row for row in rows if sum(v["status"] != "forecast" for v in row["values"]) > 1] or list(rows)
    files = []
    for place in range(0, len(shown), COLUMNS * ROWS):
        file = folder / f"history_{1 + place // (COLUMNS * ROWS)}.png"
        history_sheet(shown[place : place + COLUMNS * ROWS]).savefig(file)
        files.append(file)
    return files


def history_sheet(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """One sheet of series; those with a counterpart in the model in colour."""
    lines = math.ceil(len(rows) / COLUMNS)
    height = 1.0 + 1.75 * lines
    figure = Figure(figsize=(12.0, height), dpi=110, facecolor="white")
    FigureCanvasAgg(figure)
    figure.text(0.02, 1.0 - 0.28 / height, "The record", fontsize=14, fontweight="bold", color=INK, va="center")
    about = "observed values with published ranges; blue: has a counterpart in the model; hollow: somebody's forecast"
    figure.text(0.02, 1.0 - 0.54 / height, about, fontsize=9, color=GREY, va="center")
    grid = figure.add_gridspec(
        lines, COLUMNS, left=0.05, right=0.985, top=1.0 - 0.95 / height, bottom=0.35 / height, hspace=0.75, wspace=0.3
    )
    for place, row in enumerate(rows):
        axes = tidy(figure.add_subplot(grid[place // COLUMNS, place % COLUMNS]))
        colour = SEEN if row["metric"] is None else MATCHED
        moments = []
        for value in row["values"]:
            x = middle(row["series"], value["period"])
            moments.append(x)
            if value["low"] is not None and value["high"] is not None:
                axes.vlines(x, value["low"], value["high"], color=colour, linewidth=0.9, alpha=0.6)
            face = "white" if value["status"] == "forecast" else colour
            axes.plot(x, value["value"], "o", markersize=3.4, color=colour, markerfacecolor=face, markeredgewidth=0.9)
        axes.set_xlim(min([*moments, 2022.9]) - 0.1, max([*moments, 2026.0]) + 0.1)
        axes.xaxis.set_major_locator(MultipleLocator(1.0 if max(moments) < 2027.5 else 2.0))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:.0f}"))
        axes.yaxis.set_major_formatter(FuncFormatter(short))
        axes.tick_params(labelsize=6.5)
        if min(v["value"] for v in row["values"]) >= 0.0:
            axes.set_ylim(0.0, None)
        name = row["series"] if len(row["series"]) <= 44 else row["series"][:42] + "…"
        axes.set_title(f"{name}\n{row['unit']}", loc="left", fontsize=6.8, color=INK, pad=3)
    return figure


def middle(series: str, period: str) -> float:
    """The middle of what a figure covers, in years."""
    seen = Observation(series, period, 0.0, "", known_from=_ANY_DAY)
    end = seen.end.year + (seen.end.timetuple().tm_yday) / 365.25
    return end - seen.months / 24.0


def short(value: float, _: object = None) -> str:
    """A number in few characters."""
    size = abs(value)
    for limit, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if size >= limit:
            return f"{value / (1e3 if letter == 'k' else limit):g}{letter}"
    return f"{value:g}"


_ANY_DAY = date.min

__all__ = ["draw_history", "history_sheet", "middle", "short"]
