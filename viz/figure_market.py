"""Figures of the market: prices, who holds the compute, what binds builders, power."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from runs.history import observed
from runs.reading import Reader
from runs.results import quantiles, title
from viz.style import (
    BANDS,
    COLOURS,
    INK,
    RECORD,
    Sheet,
    colour_of,
    dots,
    end_labels,
    fan,
    from_zero,
    heading,
    mark,
    moments,
    plain_logarithm,
    stack,
    tidy,
    tight,
    time_axis,
)

RECORD_SINCE = 2023.0
GENERATIONS_SHOWN = ("hopper", "blackwell", "rubin", "feynman")


def price_by_generation(run: Reader) -> Figure:
    """The posted price of an H100, and the spot price of each generation."""
    sheet = Sheet(run, "Price of a GPU-hour by generation", f"$ per H100-equivalent hour; {BANDS}; {RECORD}", 11.0, 5.6)
    x = moments(run)
    grid = sheet.figure.add_gridspec(
        2, 4, top=sheet.top, bottom=sheet.bottom, left=0.055, right=0.985, wspace=0.28, hspace=0.42,
        width_ratios=[1.15, 1.15, 1.0, 1.0],
    )  # fmt: skip
    main = tidy(sheet.figure.add_subplot(grid[:, :2]))
    posted = run.path("h100_price_usd_h")
    fan(main, x, posted, COLOURS["price"])
    record = observed("h100_price_usd_h")
    from_zero(main, posted)
    main.set_ylim(0.0, max(main.get_ylim()[1], 1.1 * max((value for _, value, *_ in record), default=0.0)))
    time_axis(main, run, RECORD_SINCE)
    dots(main, record, run, COLOURS["price"])
    heading(main, "H100, posted one-year contract, $/h", COLOURS["price"])
    shown = [name for name in GENERATIONS_SHOWN if name in run.members("spot_price_usd_h")]
    paths = {name: run.path("spot_price_usd_h", name) for name in shown}
    high = max((float(np.nanmax(quantiles(p, (0.95,)))) for p in paths.values() if not np.isnan(p).all()), default=1.0)
    for place, name in enumerate(shown[:4]):
        axes = tidy(sheet.figure.add_subplot(grid[place // 2, 2 + place % 2]))
        if not np.isnan(paths[name]).all():
            fan(axes, x, paths[name], COLOURS[name])
        axes.set_ylim(0.0, 1.06 * high)
        time_axis(axes, run, RECORD_SINCE, short=True)
        dots(axes, observed("spot_price_usd_h", name), run, COLOURS[name])
        heading(axes, f"{title(name)}, spot", COLOURS[name])
    return sheet.figure


def who_holds_compute(run: Reader) -> Figure:
    """Chips owned by each builder, on one logarithmic axis."""
    owners = [m for m in run.members("sold_h100e_m") if float(run.path("sold_h100e_m", m)[-1].mean()) > 1e-4]
    lines = max(-(-(len(owners) + 2) // 3), 2)  # besides the owners all chips, and the shares
    sheet = Sheet(
        run,
        "Who holds the compute",
        f"Chips owned, million H100 equivalents, logarithmic; {BANDS}; {RECORD}",
        11.0,
        3.0 * lines,
    )
    x = moments(run)
    panels = [(title(m), run.path("sold_h100e_m", m), observed("sold_h100e_m", m), colour_of(m)) for m in owners]
    merchant = run.path("merchant_sold_h100e_m")
    panels.append(("All Nvidia chips", merchant, observed("merchant_sold_h100e_m"), COLOURS["nvidia"]))
    all_axes = sheet.axes(lines, 3, left=0.06, right=0.985, wspace=0.18, hspace=0.40)
    floor = min(float(quantiles(p, (0.05,))[0].min()) for _, p, *_ in panels)
    known = [value for *_, record, _ in panels for _, value, *_ in record]
    for axes, (name, path, record, colour) in zip(all_axes, panels, strict=False):
        middle = fan(axes, x, path, colour)
        plain_logarithm(axes)
        axes.set_ylim(max(min(floor, *known) * 0.8, 0.03), float(quantiles(merchant, (0.95,)).max()) * 1.6)
        time_axis(axes, run, RECORD_SINCE, short=True)
        dots(axes, record, run, colour)
        heading(axes, f"{name}: {middle[-1]:,.3g} M in {run.end}", colour)
    for axes in all_axes[len(panels) :]:
        axes.set_visible(False)
    if len(panels) < len(all_axes):
        _shares(all_axes[len(panels)], run, owners)
    return sheet.figure


def _shares(axes: Axes, run: Reader, owners: Sequence[str]) -> None:
    """Each owner's share of all chips, on average over the worlds."""
    paths = np.stack([run.path("sold_h100e_m", m) for m in owners])
    shares = 100.0 * paths / np.maximum(sum(paths), 1e-12)
    axes.set_visible(True)
    x = moments(run)
    stack(axes, x, [("", values, colour_of(m)) for m, values in zip(owners, shares, strict=True)])
    axes.set_ylim(0.0, 100.0)
    time_axis(axes, run, short=True)
    tight(axes, x)
    heading(axes, "Share of all chips, %, mean over worlds")


def binding_constraints(run: Reader) -> Figure:
    """What keeps builders from ordering more."""
    sheet = Sheet(
        run, "What binds the builders of compute",
        "Share of orders bound by each constraint, weighted by fleet; mean over worlds, four-quarter average",
    )  # fmt: skip
    (axes,) = sheet.axes(left=0.07, right=0.86)
    x = moments(run)
    rows = []
    for member in run.members("binding_share"):
        rows.append((title(member), _smooth(run.path("binding_share", member)), COLOURS.get(member, INK)))
    stack(axes, x, [(name, 100.0 * values, colour) for name, values, colour in rows])
    axes.set_ylim(0.0, 100.0)
    time_axis(axes, run)
    tight(axes, x)
    heading(axes, "% of orders")
    return sheet.figure


def _smooth(path: np.ndarray) -> np.ndarray:
    """The mean of a quarter and up to three before it."""
    summed = np.cumsum(path, axis=0)
    out = np.empty_like(path)
    for place in range(path.shape[0]):
        back = max(place - 4, -1)
        out[place] = (summed[place] - (summed[back] if back >= 0 else 0.0)) / (place - back)
    return out


def power_and_abilene(run: Reader) -> Figure:
    """Power energised by owner, and Abilene's."""
    sheet = Sheet(run, "Power for AI: energised by owner, and Abilene", "GW of facility power", 11.0)
    left, right = sheet.axes(1, 2, left=0.055, right=0.945, wspace=0.52)
    x = moments(run)
    owners = run.members("energised_facility_gw")
    stack(left, x, [(title(m), run.path("energised_facility_gw", m), colour_of(m)) for m in owners])
    time_axis(left, run)
    tight(left, x)
    heading(left, "Energised by owner, GW, mean over worlds")
    abilene = run.path("abilene_facility_gw")
    middle = fan(right, x, abilene, COLOURS["oracle"])
    right.set_ylim(0.0, max(2.3, 1.06 * float(quantiles(abilene, (0.95,)).max())))
    time_axis(right, run, 2024.0)
    dots(right, observed("abilene_facility_gw"), run, COLOURS["oracle"])
    mark(right, 1.2, "planned 1.2 GW", "#667080")
    mark(right, 2.0, "2 GW, if more power is granted")
    end_labels(right, [(f"{middle[-1]:.2g} GW", float(middle[-1]), COLOURS["oracle"])])
    heading(right, f"Abilene, GW; {BANDS}", COLOURS["oracle"])
    return sheet.figure
