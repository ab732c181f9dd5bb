"""Figures of a calibration: prior against posterior of what the record informs, and how little it tells of the rest."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from scipy.special import ndtri

from runs.identifiability import INFORMED, NOT_INFORMED
from runs.posterior import Posterior
from viz.style import GREY, INK, tidy

PRIOR, POSTERIOR, KEPT = "#9aa3ae", "#0069a6", "#b58a1c"
COLUMNS = 4


def draw_calibration(posterior: Posterior, folder: Path) -> list[Path]:
    """Draw the figures into a folder that exists, and return the files."""
    figures = {"contraction": contraction_figure(posterior)}
    if posterior.names:
        figures["prior_and_posterior"] = marginal_figure(posterior)
    files = []
    for name, figure in figures.items():
        files.append(folder / f"{name}.png")
        figure.savefig(files[-1])
    return files


def contraction_figure(posterior: Posterior) -> Figure:
    """Shift against contraction of every parameter, with the noise of both."""
    figure = _sheet(
        8.5, 5.4, "What the record tells of each parameter", "in standard deviations of the prior; band: noise"
    )
    axes = tidy(figure.add_axes((0.09, 0.11, 0.87, 0.74)))
    rows = posterior.about["parameters"]
    noise = 4.0 / math.sqrt(posterior.about["diagnostics"]["effective_worlds"])
    axes.axvspan(-noise, noise, color="#dfe3e8", alpha=0.6, linewidth=0)
    for row in rows:
        colour = {INFORMED: POSTERIOR, NOT_INFORMED: PRIOR}.get(row["verdict"], KEPT)
        axes.plot(row["shift"], 100.0 * row["contraction"], "o", color=colour, markersize=4.0)
        if row["verdict"] != NOT_INFORMED:
            left = row["shift"] > 0.3
            axes.annotate(
                row["parameter"],
                (row["shift"], 100.0 * row["contraction"]),
                xytext=(-5 if left else 5, 3),
                textcoords="offset points",
                ha="right" if left else "left",
                fontsize=7,
                color=colour,
            )
    axes.set_xlabel("shift of the mean; ochre: kept as prior by nature", fontsize=8, color=GREY)
    axes.set_ylabel("narrower by, %", fontsize=8, color=GREY)
    return figure


def marginal_figure(posterior: Posterior) -> Figure:
    """Density of the normal score of each informed parameter: the prior is the bell at zero."""
    names = posterior.names
    lines = math.ceil(len(names) / COLUMNS)
    height = 1.1 + 1.7 * lines
    about = "densities over the prior's quantiles; grey: prior, blue: posterior"
    figure = _sheet(11.5, height, "Parameters that the record informs", about)
    grid = figure.add_gridspec(
        lines, COLUMNS, left=0.03, right=0.985, top=1.0 - 0.95 / height, bottom=0.35 / height, hspace=0.6, wspace=0.12
    )
    x = np.linspace(-3.5, 3.5, 141)
    by_name = {row["parameter"]: row for row in posterior.about["parameters"]}
    for place, name in enumerate(names):
        axes = tidy(figure.add_subplot(grid[place // COLUMNS, place % COLUMNS]))
        scores = ndtri(posterior.probability[place])
        width = 0.28
        kernel = np.exp(-0.5 * ((x[:, None] - scores[None, :]) / width) ** 2) / (width * math.sqrt(2.0 * math.pi))
        axes.fill_between(x, np.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi), color=PRIOR, alpha=0.45, linewidth=0)
        axes.plot(x, (kernel * posterior.weights).sum(axis=1), color=POSTERIOR, linewidth=1.6)
        axes.set_yticks([])
        row = by_name[name]
        axes.set_xticks(
            [float(ndtri(p)) for p in (0.05, 0.5, 0.95)], [f"{row['prior'][k]:.3g}" for k in ("low", "middle", "high")]
        )
        axes.tick_params(labelsize=7)
        axes.set_title(f"{name}, {row['unit']}", loc="left", fontsize=7.5, color=INK, pad=3)
    return figure


def _sheet(width: float, height: float, title: str, about: str) -> Figure:
    figure = Figure(figsize=(width, height), dpi=110, facecolor="white")
    FigureCanvasAgg(figure)
    figure.text(0.02, 1.0 - 0.28 / height, title, fontsize=12.5, fontweight="bold", color=INK, va="center")
    figure.text(0.02, 1.0 - 0.55 / height, about, fontsize=8.5, color=GREY, va="center")
    return figure


__all__ = ["contraction_figure", "draw_calibration", "marginal_figure"]
