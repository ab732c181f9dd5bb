"""Figures of OpenAI: its compute by provider, cash and burn, funding, inference and R&D, and the race."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from runs.history import observed, observed_years
from runs.reading import Reader
from runs.results import quantiles, title
from viz.style import (
    BANDS,
    COLOURS,
    GREY,
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
    per_cent,
    plain_logarithm,
    stack,
    tight,
    time_axis,
    yearly,
)

GOAL = 0.75
STARGATE = ("oracle", "own")
"""Providers whose leases to OpenAI belong to the Stargate programme."""
RECORD_SINCE = 2023.0
YEARS_SINCE = 2023.5


def compute_by_provider(run: Reader) -> Figure:
    """Where OpenAI's compute comes from, and Stargate's share of it."""
    sheet = Sheet(
        run,
        "OpenAI's compute by provider",
        f"Does Stargate (at the bottom: Oracle, own chips) supply three quarters of it? {BANDS}",
        11.5,
        5.2,
    )
    parts, share_axes, total = sheet.axes(1, 3, left=0.05, right=0.955, wspace=0.52)
    x = moments(run)
    rows = []
    members = run.members("openai_share")
    for member in sorted(members, key=lambda m: (m not in STARGATE, members.index(m))):
        name = {"own": "Own chips", "rival_clouds": "Rival clouds"}.get(member, title(member))
        rows.append((name, run.path("openai_share", member), colour_of(member)))
    stack(parts, x, rows)
    parts.set_ylim(0.0, 1.0)
    parts.axhline(GOAL, color="white", linewidth=1.2, linestyle=(0, (5, 3)))
    time_axis(parts, run, short=True)
    tight(parts, x)
    per_cent(parts)
    heading(parts, "Share by provider, mean over worlds")

    share = run.path("stargate_share")
    middle = fan(share_axes, x, share, COLOURS["oracle"])
    share_axes.set_ylim(0.0, 1.0)
    time_axis(share_axes, run, short=True)
    per_cent(share_axes)
    mark(share_axes, GOAL, "the plan: 75 % by 2030")
    reached = (share[-1] >= GOAL - 1e-6).mean()
    end_labels(share_axes, [(f"{100.0 * middle[-1]:.0f} %", float(middle[-1]), COLOURS["oracle"])])
    heading(share_axes, "Stargate's share", COLOURS["oracle"])
    share_axes.annotate(
        f"at or above 75 % in {run.end}:\n{100.0 * reached:.0f} % of worlds", (0.03, 0.97), xycoords="axes fraction",
        va="top", fontsize=8.5, color=INK,
    )  # fmt: skip

    used = run.path("used_h100e_m", "openai")
    middle = fan(total, x, used, COLOURS["openai"])
    plain_logarithm(total)
    total.set_ylim(0.08, float(quantiles(used, (0.95,)).max()) * 1.5)
    time_axis(total, run, RECORD_SINCE, short=True)
    dots(total, observed("used_h100e_m", "openai"), run, COLOURS["openai"])
    end_labels(total, [(f"{middle[-1]:.3g} M", float(middle[-1]), COLOURS["openai"])])
    heading(total, "Used, M H100e, log; dots: record", COLOURS["openai"])
    return sheet.figure


def cash_and_burn(run: Reader) -> Figure:
    """Burn by calendar year and cash by quarter."""
    sheet = Sheet(run, "OpenAI's cash and burn", f"Billion dollars; {BANDS}; {RECORD}", 10.5, 6.2)
    above, below = sheet.axes(2, 1, left=0.065, right=0.93, hspace=0.38)
    burn = run.path("openai_burn_usd_bn")
    _by_year(above, run, burn, COLOURS["openai"])
    dots(above, observed_years("openai_burn_usd_bn"), run, COLOURS["openai"])
    mark(above, 20.0, "$20bn, the articles' figure for 2027", GREY)
    above.axhline(0.0, color=INK, linewidth=0.8)
    heading(above, "Cash burnt in the calendar year, before equity and debt, $bn", COLOURS["openai"])
    x = moments(run)
    cash = run.path("openai_cash_usd_bn")
    middle = fan(below, x, cash, COLOURS["openai"])
    from_zero(below, cash)
    time_axis(below, run, YEARS_SINCE)
    above.set_xlim(below.get_xlim())
    dots(below, observed("openai_cash_usd_bn"), run, COLOURS["openai"])
    end_labels(below, [(f"${middle[-1]:,.0f}bn", float(middle[-1]), COLOURS["openai"])])
    heading(below, "Cash at the end of the quarter, $bn", COLOURS["openai"])
    return sheet.figure


def _by_year(axes: Axes, run: Reader, flow: np.ndarray, colour: str) -> None:
    """Boxes of a flow's sum by year; single quarters where the run covers no whole year."""
    sums = run.sum_of(flow)
    places = np.array([0.5 * (moments(run)[c.first] + moments(run)[c.last]) for c in run.columns])
    time_axis(axes, run, YEARS_SINCE)
    low, high = float(quantiles(sums, (0.05,)).min()), float(quantiles(sums, (0.95,)).max())
    axes.set_ylim(min(1.15 * low, 0.0), max(1.1 * high, 25.0))
    yearly(axes, places, sums, colour, 0.55 if "Q" not in run.columns[0].label else 0.2)


def funding_by_source(run: Reader) -> Figure:
    """Equity paid into OpenAI and debt, piled up since the start."""
    sheet = Sheet(run, "Who funds OpenAI", f"Billion dollars from {run.quarters[0]} on; {BANDS}", 11.0)
    left, right = sheet.axes(1, 2, left=0.055, right=0.93, wspace=0.42)
    x = moments(run)
    anchor = np.cumsum(run.path("softbank_paid_usd_bn"), axis=0)
    raised = np.cumsum(run.path("openai_raised_usd_bn"), axis=0)
    debt = run.path("debt_usd_bn", "openai")
    rows = [
        ("SoftBank", anchor, COLOURS["softbank"]),
        ("Others' equity", raised - anchor, COLOURS["investors"]),
        *([("Debt", debt, COLOURS["landlords"])] if debt.max() > 0.05 else []),
    ]
    stack(left, x, rows)
    time_axis(left, run)
    tight(left, x)
    owed = ", and debt owed" if debt.max() > 0.05 else ""
    heading(left, f"Equity by source{owed}, mean over worlds")
    middle = fan(right, x, raised, COLOURS["openai"])
    burnt = np.cumsum(run.path("openai_burn_usd_bn"), axis=0)
    burnt_middle = quantiles(burnt, (0.5,))[0]
    right.plot(x, burnt_middle, color=GREY, linewidth=1.6, linestyle=(0, (4, 2)))
    from_zero(right, raised)
    right.set_ylim(
        min(0.0, 1.1 * float(burnt_middle.min())), max(right.get_ylim()[1], 1.06 * float(burnt_middle.max()))
    )
    time_axis(right, run)
    labels = [("equity", float(middle[-1]), COLOURS["openai"]), ("burn", float(burnt_middle[-1]), GREY)]
    end_labels(right, labels)
    heading(right, "Equity paid in, with bands; cash burnt, median")
    return sheet.figure


def inference_and_training(run: Reader) -> Figure:
    """What OpenAI's compute costs, by use."""
    sheet = Sheet(run, "OpenAI's compute: running models against R&D", f"At market prices; {BANDS}; {RECORD}", 11.0)
    left, right = sheet.axes(1, 2, left=0.055, right=0.935, wspace=0.36)
    inference, training = run.path("inference_cost_usd_bn"), run.path("rd_cost_usd_bn")
    x = moments(run)
    one = fan(left, x, 4.0 * training, COLOURS["rival_labs"])
    two = fan(left, x, 4.0 * inference, COLOURS["openai"])
    plain_logarithm(left)
    low, high = float(quantiles(4.0 * inference, (0.05,)).min()), float(quantiles(4.0 * inference, (0.95,)).max())
    left.set_ylim(max(min(low, 2.0) * 0.7, 0.05), high * 1.4)
    time_axis(left, run, RECORD_SINCE)
    dots(left, observed_years("inference_cost_usd_bn"), run, COLOURS["openai"])
    dots(left, observed_years("rd_cost_usd_bn"), run, COLOURS["rival_labs"])
    end_labels(left, [("R&D", float(one[-1]), COLOURS["rival_labs"]), ("Inference", float(two[-1]), COLOURS["openai"])])
    heading(left, "Cost at a yearly rate, $bn, logarithmic")
    over = np.maximum.accumulate(inference > training, axis=0).mean(axis=-1)
    right.plot(x, over, color=INK, linewidth=2.0)
    right.plot(x, (inference > training).mean(axis=-1), color=COLOURS["openai"], linewidth=1.6)
    right.set_ylim(0.0, 1.0)
    per_cent(right)
    time_axis(right, run)
    end_labels(
        right,
        [("has been", float(over[-1]), INK), ("is", float((inference[-1] > training[-1]).mean()), COLOURS["openai"])],
    )
    heading(right, "Share of worlds where inference is, or has been, dearer")
    return sheet.figure


def the_race(run: Reader) -> Figure:
    """Revenue and capability of the labs."""
    sheet = Sheet(
        run,
        "The race of the labs",
        "Median, 50 % and 90 % bands for revenue; median and 50 % band for compute; dots: the record",
        11.0,
    )
    left, right = sheet.axes(1, 2, left=0.06, right=0.905, wspace=0.50)
    x = moments(run)
    entries, lowest, highest = [], np.inf, 0.0
    for lab in run.members("lab_revenue_usd_bn"):
        path = np.maximum(4.0 * run.path("lab_revenue_usd_bn", lab), 1e-4)
        middle = fan(left, x, path, colour_of(lab))
        entries.append((_short(lab), float(middle[-1]), colour_of(lab)))
        lowest = min(lowest, float(quantiles(path, (0.05,)).min()))
        highest = max(highest, float(quantiles(path, (0.95,)).max()))
    plain_logarithm(left)
    left.set_ylim(max(lowest * 0.8, 1e-3), highest * 1.4)
    time_axis(left, run, RECORD_SINCE, short=True)
    dots(left, observed_years("lab_revenue_usd_bn", "openai"), run, COLOURS["openai"])
    end_labels(left, entries)
    heading(left, "Revenue at a yearly rate, $bn, logarithmic")
    entries = []
    for lab in run.members("capability"):
        path = run.path("capability", lab) / np.log(10.0)
        middle = fan(right, x, path, colour_of(lab), outer=False)
        entries.append((_short(lab), float(middle[-1]), colour_of(lab)))
    time_axis(right, run, short=True)
    end_labels(right, entries)
    heading(right, "Effective training compute, powers of ten")
    return sheet.figure


def _short(lab: str) -> str:
    return {"microsoft_lab": "Microsoft's lab", "rival_labs": "Rival labs (all)"}.get(lab, title(lab))
