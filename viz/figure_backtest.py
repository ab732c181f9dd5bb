"""Figures of the backtest: for each series what was said at each origin beside what came, and who scores best."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MultipleLocator

from runs.backtest import Backtest, Forecast
from runs.rivals_naive import LAST, LOCAL, TREND
from runs.score_table import table
from viz.figure_history import middle, short
from viz.style import GREY, INK, tidy

ORIGIN_COLOURS = ("#0069a6", "#00805d", "#b84f00", "#ad4a86", "#4a3f8f", "#8a6d00")
COLUMNS = 4
SHEET = 20
RIVAL_COLOURS = {LAST: "#71809a", TREND: "#b58a1c", LOCAL: "#9a8478"}


def draw_backtest(found: Backtest, folder: Path) -> list[Path]:
    """Draw every figure of a backtest into a folder that exists, and return the files."""
    files = []
    figures = {f"series_{_plain(name)}": series_figure(found, [name]) for name in series_of(found)}
    figures |= {"scores": score_figure(found), "calibration_of_bands": pit_figure(found)}
    for name, figure in figures.items():
        file = folder / f"{name}.png"
        figure.savefig(file)
        files.append(file)
    return files


def series_of(found: Backtest) -> list[str]:
    """The series that were scored, in their order."""
    return list(dict.fromkeys(f.series for f in found.forecasts))


def series_figure(found: Backtest, names: Sequence[str], title: str = "What was said, and what came") -> Figure:
    """The forecasts of some series from each origin, with 50 and 90 % bands, over the record."""
    columns = min(COLUMNS, len(names))
    lines = math.ceil(len(names) / columns)
    alone = len(names) == 1
    width, height = (7.5, 4.6) if alone else (12.5, 1.25 + 2.0 * lines)
    figure = _sheet(width, height, title, _legend(found))
    grid = figure.add_gridspec(
        lines, columns, left=0.10 if alone else 0.05, right=0.97, top=1.0 - 1.15 / height, bottom=0.4 / height,
        hspace=0.6, wspace=0.28,
    )  # fmt: skip
    for place, name in enumerate(names):
        axes = tidy(figure.add_subplot(grid[place // columns, place % columns]))
        _series(axes, found, [f for f in found.forecasts if f.series == name], name, 9.0 if alone else 7.0)
    return figure


def _series(axes: Axes, found: Backtest, forecasts: Sequence[Forecast], name: str, size: float) -> None:
    seen = {(o.period, o.value) for f in forecasts for o in f.known} | {(f.period, f.observed) for f in forecasts}
    record = sorted((middle(name, period), value) for period, value in seen)
    shown = [value for _, value in record]
    for place, origin in enumerate(found.origins):
        mine = sorted((f for f in forecasts if f.origin == origin.day), key=lambda f: f.end)
        colour = ORIGIN_COLOURS[place % len(ORIGIN_COLOURS)]
        shift = 0.022 * (place - (len(found.origins) - 1) / 2.0)
        for f in mine:
            x, q = middle(name, f.period) + shift, f.model.quantiles
            axes.vlines(x, q[0], q[4], color=colour, linewidth=1.6, alpha=0.35)
            axes.vlines(x, q[1], q[3], color=colour, linewidth=3.2, alpha=0.55)
            axes.plot(x, q[2], "_", color=colour, markersize=6.0, markeredgewidth=1.6)
            shown += [q[1], q[3], min(q[4], 3.0 * max(abs(v) for _, v in record))]
    axes.plot(*zip(*record, strict=True), "o-", color=INK, markersize=3.0, linewidth=0.8, zorder=5)
    low = min(0.0, *shown)
    axes.set_ylim(1.05 * low, 1.08 * max(shown))
    axes.set_xlim(2023.0, max([2026.1, *(x + 0.2 for x, _ in record)]))
    axes.xaxis.set_major_locator(MultipleLocator(1.0))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:.0f}"))
    axes.yaxis.set_major_formatter(FuncFormatter(short))
    axes.tick_params(labelsize=size - 0.5)
    unit = forecasts[0].unit
    axes.set_title(f"{name[:46]}\n{unit}", loc="left", fontsize=size, color=INK, pad=3)


def score_figure(found: Backtest) -> Figure:
    """The mean scaled score of the model and of each rival, by series."""
    rows = [row for row in table(found) if row.crps is not None]
    height = 1.5 + 0.27 * len(rows)
    about = "mean CRPS in changes of the series per quarter, logarithmic; further left is better"
    figure = _sheet(9.5, height, "Model and naive rivals, by series", about)
    axes = tidy(
        figure.add_axes((0.36, 0.55 / height, 0.60, 1.0 - 1.45 / height)),
    )
    y = -np.arange(len(rows), dtype=float)
    for name, colour in RIVAL_COLOURS.items():
        axes.plot(
            np.array([row.rivals[name] for row in rows], dtype=float),
            y,
            "o",
            color=colour,
            markersize=4.5,
            alpha=0.8,
            label=name,
        )
    axes.plot(np.array([row.crps for row in rows], dtype=float), y, "D", color="#0069a6", markersize=5.5, label="model")
    axes.set_xscale("log")
    axes.set_yticks(y, [row.name for row in rows], fontsize=7.5)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    axes.grid(axis="x", color="#dfe3e8", linewidth=0.6)
    axes.set_ylim(y[-1] - 0.7, 0.7)
    figure.legend(*axes.get_legend_handles_labels(), loc="upper right", ncol=4, fontsize=8, frameon=False)
    return figure


def pit_figure(found: Backtest) -> Figure:
    """Where observations fall in their forecasts: flat if the bands are honest."""
    figure = _sheet(
        7.5, 3.8, "Where observations fall in their forecasts", "share of forecasts; level if bands are honest"
    )
    (axes,) = [tidy(figure.add_axes((0.10, 0.16, 0.86, 0.56)))]
    at = [f.model.pit for f in found.forecasts if f.model.pit is not None]
    counts, edges = np.histogram(at, bins=20, range=(0.0, 1.0))
    axes.bar(edges[:-1] + 0.025, counts / max(len(at), 1), 0.046, color="#0069a6", alpha=0.75)
    axes.axhline(0.05, color=INK, linewidth=1.0, linestyle=(0, (5, 3)))
    axes.set_xlim(0.0, 1.0)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{100 * v:.0f} %"))
    axes.set_xlabel("below all of the forecast: 0, above all of it: 1", fontsize=8, color=GREY)
    return figure


def _legend(found: Backtest) -> str:
    names = ("blue", "green", "orange", "pink", "violet", "ochre")
    said = ", ".join(f"{o.label} {names[k % len(names)]}" for k, o in enumerate(found.origins))
    return f"dots: the record; bars: 50 and 90 % bands\nby what was known at the end of {said}"


def _sheet(width: float, height: float, title: str, about: str) -> Figure:
    figure = Figure(figsize=(width, height), dpi=110, facecolor="white")
    FigureCanvasAgg(figure)
    figure.text(0.02, 1.0 - 0.28 / height, title, fontsize=12.5, fontweight="bold", color=INK, va="center")
    figure.text(0.02, 1.0 - 0.5 / height, about, fontsize=8.0, color=GREY, va="top" if "\n" in about else "center")
    return figure


def _plain(name: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in name).strip("_").lower()


__all__ = ["ORIGIN_COLOURS", "SHEET", "draw_backtest", "pit_figure", "score_figure", "series_figure", "series_of"]
