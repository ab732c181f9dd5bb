"""The rank histogram of simulation-based calibration: level where the weighing of worlds is right."""

from __future__ import annotations

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from scipy.stats import binom

from runs.calibration_check import BINS, Ranks
from viz.style import GREY, INK, tidy

COLUMNS = 8


def rank_figure(ranks: Ranks) -> Figure:
    """One small histogram for each parameter and forecast, with the band that 99 % of level ones stay in."""
    groups = {**ranks.parameters, **ranks.forecasts}
    lines = -(-len(groups) // COLUMNS)
    height = 1.0 + 1.2 * lines
    figure = Figure(figsize=(12.5, height), dpi=100, facecolor="white")
    FigureCanvasAgg(figure)
    title = f"Ranks of the truth among weighted worlds, {ranks.records} synthetic records"
    figure.text(0.02, 1.0 - 0.26 / height, title, fontsize=12.5, fontweight="bold", color=INK, va="center")
    about = "level if the weighing is right; grey: where a bar of level ranks lies in 99 of 100 cases; blue: parameters"
    figure.text(0.02, 1.0 - 0.52 / height, about, fontsize=8.5, color=GREY, va="center")
    grid = figure.add_gridspec(
        lines, COLUMNS, left=0.02, right=0.99, top=1.0 - 0.9 / height, bottom=0.15 / height, hspace=0.55, wspace=0.12
    )
    low, high = binom.ppf((0.005, 0.995), ranks.records, 1.0 / BINS)
    x = np.arange(BINS)
    for place, (name, values) in enumerate(groups.items()):
        axes = tidy(figure.add_subplot(grid[place // COLUMNS, place % COLUMNS]))
        axes.axhspan(low, high, color="#dfe3e8", linewidth=0)
        axes.bar(x, ranks.counts(values), 0.9, color="#0069a6" if name in ranks.parameters else "#00805d", alpha=0.8)
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_title(name if len(name) <= 32 else name[:31] + "…", loc="left", fontsize=6.3, color=INK, pad=2)
    return figure


__all__ = ["rank_figure"]
