"""The look of the figures: colours, axes of time, bands, labels at the end of a line, dots of the record, footer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MultipleLocator

from runs.history import Dot
from runs.reading import Reader
from runs.results import LEVELS, quantiles

INK, GREY, PALE = "#1d2733", "#667080", "#dfe3e8"
COLOURS = {
    "openai": "#00805d", "microsoft": "#0069a6", "oracle": "#b84f00", "softbank": "#ad4a86", "xai": "#2b2b2b",
    "price": "#8a6d00", "nvidia": "#4f7a00", "rival_clouds": "#71809a", "rival_labs": "#7a55a8", "own": "#35b394",
    "microsoft_lab": "#5aa7d6", "investors": "#b58a1c", "landlords": "#9a8478",
    "ampere": "#b9a877", "hopper": "#8a6d00", "blackwell": "#b84f00", "rubin": "#9c2f5f", "feynman": "#4a3f8f",
    "own_chip": "#00805d", "rival_asic": "#71809a",
    "demand": "#7d8898", "power": "#b58a1c", "shells": "#9a8478", "chips": "#4f7a00", "finance": "#ad4a86",
    "appetite": "#0069a6",
}  # fmt: skip
"""Dark enough to be read as text on white, for whoever is named in words."""
SPARE = ("#8f2d56", "#3d5a80", "#6b705c", "#7f4f24")
"""Colours of firms that plugins add."""


def colour_of(name: str) -> str:
    """The colour of a member of the cast; for one that a plugin adds always the same of the spare ones."""
    return COLOURS.get(name, SPARE[sum(map(ord, name)) % len(SPARE)])


class Sheet:
    """One figure on its way: axes, the run behind it, title, footer."""

    def __init__(self, run: Reader, title: str, subtitle: str, width: float = 10.0, height: float = 5.4) -> None:
        self.run = run
        self.figure = Figure(figsize=(width, height), dpi=144, facecolor="white")
        FigureCanvasAgg(self.figure)
        left = 0.35 / width
        self.figure.text(left, 1.0 - 0.30 / height, title, fontsize=14, fontweight="bold", color=INK, va="center")
        self.figure.text(left, 1.0 - 0.60 / height, subtitle, fontsize=9.5, color=GREY, va="center")
        self.figure.text(left, 0.18 / height, footer(run.dataset), fontsize=7.5, color=GREY, va="center")
        self.top, self.bottom = 1.0 - 1.05 / height, 0.72 / height

    def axes(self, rows: int = 1, columns: int = 1, **grid: float) -> list[Axes]:
        """Plain axes in a grid that leaves room for title and footer."""
        spec = self.figure.add_gridspec(
            rows, columns, top=self.top, bottom=self.bottom,
            **({"left": 0.07, "right": 0.90, "wspace": 0.34, "hspace": 0.42} | grid),
        )  # fmt: skip
        return [tidy(self.figure.add_subplot(spec[row, column])) for row in range(rows) for column in range(columns)]


def footer(dataset: xr.Dataset) -> str:
    """Where a figure comes from."""
    a = dataset.attrs
    return (
        f"gigawatt {a['version']} · scenario {a['scenario']} · {a['worlds']:,} world{'s' if a['worlds'] > 1 else ''}, "
        f"seed {a['seed']} · simulated {a['quarters'].split()[0]} to {a['until']} · conditional on its assumptions"
    )


def tidy(axes: Axes) -> Axes:
    """Take away what says nothing."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color("#9aa3ae")
    axes.tick_params(colors=GREY, labelsize=8, length=3)
    axes.grid(axis="y", color=PALE, linewidth=0.7)
    axes.set_axisbelow(True)
    return axes


def heading(axes: Axes, text: str, colour: str = INK) -> None:
    """What a panel shows, with its unit."""
    axes.set_title(text, loc="left", fontsize=9.5, color=colour, fontweight="bold", pad=6)


# ---------------------------------------------------------------------- time


def moment(label: str) -> float:
    """The middle of a quarter, or of a year, in years."""
    return int(label[:4]) + ((int(label[5]) - 0.5) / 4.0 if "Q" in label else 0.5)


def moments(run: Reader) -> np.ndarray:
    """The middle of each quarter of a run, in years."""
    return np.array([moment(label) for label in run.quarters])


def time_axis(axes: Axes, run: Reader, since: float | None = None, short: bool = False) -> None:
    """Years along the bottom, from `since` or the start of the run to its end; a line where it starts."""
    first, last = moment(run.quarters[0]) - 0.125, moment(run.end) + 0.125
    begin = first if since is None else min(since, first)
    axes.set_xlim(begin, last)
    step = 1.0 if last - begin <= 9.0 and not short else 2.0
    axes.xaxis.set_major_locator(MultipleLocator(step if last - begin > 1.5 else 0.25))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:.0f}" if abs(x - round(x)) < 1e-6 else ""))
    if begin < first - 0.1:
        axes.axvline(first, color="#9aa3ae", linewidth=0.8, linestyle=(0, (2, 2)), zorder=1)


def tight(axes: Axes, x: np.ndarray) -> np.ndarray:
    """Let the horizontal axis hold these moments and nothing else; returns them, a single one as its two edges."""
    shown = x if x.size > 1 else x[0] + np.array([-WIDE, WIDE])
    axes.set_xlim(shown[0], shown[-1])
    return shown


# ---------------------------------------------------------------------- marks


def fan(axes: Axes, x: np.ndarray, values: np.ndarray, colour: str, outer: bool = True) -> np.ndarray:
    """Median, middle half and (if `outer`) 90 % band of values (quarters, worlds). Returns the median."""
    low, first, middle, third, high = quantiles(values, LEVELS)
    if x.size == 1:
        x, low, first, middle, third, high = (np.repeat(row, 2) for row in (x, low, first, middle, third, high))
        x = x + np.array([-WIDE, WIDE])
    if values.shape[-1] > 1:
        if outer:
            axes.fill_between(x, low, high, color=colour, alpha=0.13, linewidth=0)
        axes.fill_between(x, first, third, color=colour, alpha=0.26, linewidth=0)
    axes.plot(x, middle, color=colour, linewidth=2.0, solid_capstyle="round")
    return middle


def yearly(axes: Axes, x: np.ndarray, values: np.ndarray, colour: str, width: float = 0.5) -> None:
    """A box per year for values (years, worlds): 90 % band pale, middle half darker, the median a line."""
    low, first, middle, third, high = quantiles(values, LEVELS)
    if values.shape[-1] > 1:
        axes.bar(x, high - low, width, bottom=low, color=colour, alpha=0.16, linewidth=0)
        axes.bar(x, third - first, width, bottom=first, color=colour, alpha=0.34, linewidth=0)
    axes.hlines(middle, x - width / 2.0, x + width / 2.0, color=colour, linewidth=2.4)


def dots(axes: Axes, record: Sequence[Dot], run: Reader, colour: str, factor: float = 1.0) -> bool:
    """The record: full dots for what lies before the run's start, hollow ones for what the run did not know."""
    begin = moment(run.quarters[0]) - 0.125
    for label, value, low, high in record:
        x = moment(label)
        if not axes.get_xlim()[0] <= x <= axes.get_xlim()[1]:
            continue
        if low is not None and high is not None:
            axes.vlines(x, low * factor, high * factor, color=colour, linewidth=0.9, alpha=0.7, zorder=4)
        face = colour if x < begin else "white"
        axes.plot(
            x, value * factor, "o", markersize=4.6, color=colour, markerfacecolor=face, markeredgewidth=1.1, zorder=5
        )
    return bool(record)


def mark(axes: Axes, level: float, text: str, colour: str = INK) -> None:
    """A dashed level with its meaning written above it at the left."""
    axes.axhline(level, color=colour, linewidth=1.0, linestyle=(0, (5, 3)), zorder=3)
    axes.annotate(
        text, (0.012, level), xycoords=("axes fraction", "data"), xytext=(0, 3), textcoords="offset points",
        fontsize=8, color=colour, va="bottom",
    )  # fmt: skip


def end_labels(axes: Axes, entries: Sequence[tuple[str, float, str]], size: float = 8.5) -> None:
    """Names beside the right ends of lines, (text, height, colour), moved apart where they would overlap."""
    entries = [entry for entry in entries if np.isfinite(entry[1])]
    if not entries:
        return
    axes.get_ylim()  # settles what is still to be scaled
    box = axes.bbox
    gap = size * axes.figure.dpi / 72.0 * 1.22
    order = sorted(range(len(entries)), key=lambda k: entries[k][1])
    heights = [axes.transData.transform((0.0, entries[k][1]))[1] for k in order]
    placed: list[float] = []
    for height in heights:
        placed.append(max(height, placed[-1] + gap if placed else box.y0))
    over = placed[-1] - max(box.y1, *heights)
    if over > 0.0:
        placed = [height - over for height in placed]
        for k in range(len(placed) - 2, -1, -1):
            placed[k] = min(placed[k], placed[k + 1] - gap)
    for k, height in zip(order, placed, strict=True):
        text, _, colour = entries[k]
        axes.annotate(
            text, (1.0, (height - box.y0) / box.height), xycoords="axes fraction", xytext=(5, 0),
            textcoords="offset points", fontsize=size, color=colour, va="center", annotation_clip=False,
        )  # fmt: skip


def stack(axes: Axes, x: np.ndarray, rows: Sequence[tuple[str, np.ndarray, str]]) -> None:
    """Means over the worlds of parts (name, (quarters, worlds), colour), piled up and named at the right.

    Means, for the mean of a sum is the sum of the means, which medians do not obey.
    """
    shown = tight(axes, x)
    base = np.zeros(shown.size)
    entries = []
    total = np.sum([values.mean(axis=-1) for _, values, _ in rows], axis=0)
    whole = max(float(total.max()), 1e-9)
    for name, values, colour in rows:
        mean = np.resize(values.mean(axis=-1), shown.size)
        if float(mean.max()) <= 0.002 * whole:
            continue
        axes.fill_between(shown, base, base + mean, color=colour, alpha=0.78, linewidth=0.6, edgecolor="white")
        if name:
            entries.append((name, float(base[-1] + mean[-1] / 2.0), colour))
        base = base + mean
    axes.set_ylim(0.0, max(float(base.max()) * 1.03, 1e-9))
    end_labels(axes, entries)


def from_zero(axes: Axes, *values: np.ndarray, room: float = 1.06) -> None:
    """The vertical axis from zero to a little above the 95 % quantiles of the values (quarters, worlds)."""
    top = max(float(np.nanmax(quantiles(v, (0.95,)))) for v in values)
    axes.set_ylim(0.0, room * top if top > 0.0 else 1.0)


def per_cent(axes: Axes) -> None:
    """Shares as per cents along the vertical axis."""
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{100.0 * y:.0f} %"))


def plain_logarithm(axes: Axes) -> None:
    """A logarithmic vertical axis with plain numbers."""
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:,.0f}" if y >= 1.0 else f"{y:g}"))
    axes.yaxis.set_minor_formatter(FuncFormatter(lambda *_: ""))


WIDE = 0.1
"""Half the width, in years, of the only quarter of a run."""
BANDS = "median, 50 % and 90 % bands"
RECORD = "dots: the record, hollow after the start"
