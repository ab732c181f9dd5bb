"""Figures of those who carry the debt: Oracle and SoftBank."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from runs.history import observed
from runs.reading import Reader
from runs.results import quantiles
from viz.style import (
    BANDS,
    COLOURS,
    INK,
    RECORD,
    Sheet,
    dots,
    end_labels,
    fan,
    from_zero,
    heading,
    mark,
    moments,
    per_cent,
    time_axis,
)

RECORD_SINCE = 2024.0
POLICY, CAP = 0.25, 0.35
RED = "#b3261e"


def oracle_debt(run: Reader) -> Figure:
    """Oracle's debt, what covers it, how levered it is, and what it has been promised."""
    sheet = Sheet(run, "Oracle's debt and its coverage", f"{BANDS[0].upper()}{BANDS[1:]}; {RECORD}", 11.0, 8.2)
    debt_axes, cover_axes, leverage_axes, backlog_axes = sheet.axes(
        2, 2, left=0.06, right=0.93, wspace=0.3, hspace=0.32
    )
    x, colour = moments(run), COLOURS["oracle"]
    debt = run.path("oracle_debt_usd_bn")
    middle = fan(debt_axes, x, debt, colour)
    from_zero(debt_axes, debt)
    time_axis(debt_axes, run, RECORD_SINCE, short=True)
    dots(debt_axes, observed("oracle_debt_usd_bn"), run, colour)
    end_labels(debt_axes, [(f"${middle[-1]:,.0f}bn", float(middle[-1]), colour)])
    heading(debt_axes, "Debt, $bn", colour)

    cover = _yearly_mean(run.path("oracle_dscr"))
    middle = fan(cover_axes, x, cover, colour)
    high = quantiles(cover, (0.95,))[0]
    cover_axes.set_ylim(min(0.0, float(quantiles(cover, (0.05,)).min())), min(max(2.0, 1.05 * float(high.max())), 15.0))
    time_axis(cover_axes, run, short=True)
    mark(cover_axes, 1.0, "cash flow just covers it", RED)
    end_labels(cover_axes, [(f"{middle[-1]:.1f}", float(middle[-1]), colour)])
    heading(cover_axes, "Cash flow over debt service, 4 quarters", colour)

    leverage = _yearly_mean(run.path("oracle_leverage"))
    middle = fan(leverage_axes, x, leverage, colour)
    from_zero(leverage_axes, leverage)
    time_axis(leverage_axes, run, short=True)
    end_labels(leverage_axes, [(f"{middle[-1]:.1f}", float(middle[-1]), colour)])
    heading(leverage_axes, "Net debt and leased shells over yearly cash flow, 4 quarters", colour)

    backlog = run.path("backlog_usd_bn", "oracle")
    middle = fan(backlog_axes, x, backlog, colour)
    from_zero(backlog_axes, backlog)
    time_axis(backlog_axes, run, short=True)
    end_labels(backlog_axes, [(f"${middle[-1]:,.0f}bn", float(middle[-1]), colour)])
    heading(backlog_axes, "Compute rent still contracted, $bn", colour)
    return sheet.figure


def _yearly_mean(path: np.ndarray) -> np.ndarray:
    """The mean of a quarter and up to three before it."""
    return np.stack([path[max(k - 3, 0) : k + 1].mean(axis=0) for k in range(path.shape[0])])


def softbank_ltv(run: Reader) -> Figure:
    """SoftBank's loan to value, and the odds that it is above its limits."""
    sheet = Sheet(
        run, "SoftBank's loan to value", f"Net debt over gross holdings, OpenAI at its last round; {RECORD}", 11.0
    )
    left, right = sheet.axes(1, 2, left=0.06, right=0.925, wspace=0.34)
    x, colour = moments(run), COLOURS["softbank"]
    ltv = run.path("softbank_ltv")
    middle = fan(left, x, ltv, colour)
    low, high = quantiles(ltv, (0.05, 0.95))
    left.set_ylim(min(0.0, float(low.min())), max(0.42, min(1.05 * float(high.max()), 1.0)))
    time_axis(left, run, RECORD_SINCE)
    per_cent(left)
    dots(left, observed("softbank_ltv"), run, colour)
    mark(left, POLICY, "its policy, 25 %", INK)
    mark(left, CAP, "its cap in an emergency, 35 %", RED)
    end_labels(left, [(f"{100.0 * middle[-1]:.0f} %", float(middle[-1]), colour)])
    heading(left, f"Loan to value; {BANDS}", colour)
    entries = []
    for level, shade, name in ((POLICY, INK, "over 25 %"), (CAP, RED, "over 35 %")):
        share = (ltv > level + 1e-6).mean(axis=-1)
        right.plot(x, share, color=shade, linewidth=2.0)
        entries.append((name, float(share[-1]), shade))
    right.set_ylim(-0.01, 1.0)
    per_cent(right)
    time_axis(right, run)
    end_labels(right, entries)
    heading(right, "Share of worlds above, in that quarter")
    return sheet.figure
