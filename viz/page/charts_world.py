"""The charts of one world: who leases from whom, the sites in time, the payments of the quarter."""

from __future__ import annotations

from typing import Any

import altair as alt

from viz.page.charts import AMOUNT, ENDS, GREY, INK, PAPER, THICK, chart, cursor, dress, narrow, signals, years

STEPS = ", ".join(f"{k / 14:.4f}" for k in range(15))


@chart
def ribbons() -> Any:
    """Leases of the quarter as ribbons from provider (left) to tenant (right), as wide as the compute let."""
    rows = alt.Chart(alt.NamedData("ribbons")).transform_filter("abs(datum.x - now) < 0.01")
    scale = alt.Scale(domain=[0, 1], nice=False)
    height = alt.Scale(domain=[0, 1], nice=False, reverse=True)
    soft = "datum.t * datum.t * (3 - 2 * datum.t)"
    curves = rows.transform_calculate(t=f"[{STEPS}]").transform_flatten(["t"])
    curves = curves.transform_calculate(
        at="0.02 + 0.96 * datum.t",
        y0=f"datum.l0 + (datum.r0 - datum.l0) * {soft}",
        y1=f"datum.l1 + (datum.r1 - datum.l1) * {soft}",
    )
    told = [alt.Tooltip("name:N", title="lease"), alt.Tooltip("text:N", title="compute")]
    told += [alt.Tooltip("price:N", title="average price")]
    band = curves.mark_area(opacity=0.45).encode(
        x=alt.X("at:Q", scale=scale, axis=None), y=alt.Y("y0:Q", scale=height, axis=None), y2="y1:Q",
        color=alt.Color("colour:N", scale=None), detail="name:N", tooltip=told,
    )  # fmt: skip
    ends = alt.Chart(alt.NamedData("ends")).transform_filter("abs(datum.x - now) < 0.01")
    blocks = ends.mark_rect(opacity=0.95).encode(
        x=alt.X("from:Q", scale=scale), x2="to:Q", y=alt.Y("y0:Q", scale=height), y2="y1:Q",
        color=alt.Color("colour:N", scale=None),
    )  # fmt: skip
    left = ends.transform_filter("datum.from < 0.5").mark_text(align="right", dx=-6, fontSize=11, color=INK)
    right = ends.transform_filter("datum.from > 0.5").mark_text(align="left", dx=6, fontSize=11, color=INK)
    named = [part.encode(x=alt.X("edge:Q", scale=scale), y="middle:Q", text="name:N") for part in (left, right)]
    shown = alt.layer(band, blocks, *named).add_params(*signals())
    return dress(shown, 230)


@chart
def sites() -> Any:
    """Every named phase as a bar in time by its state, as far as the quarter on the scrubber."""
    rows = alt.Chart(alt.NamedData("sites")).transform_filter("datum.from < now + 0.125")
    rows = rows.transform_calculate(begin="max(datum.from, first)", end="min(datum.to, now + 0.125)")
    rows = rows.transform_filter("datum.end > datum.begin")
    axis = alt.Axis(labelLimit=narrow(130, 160), labelFontSize=11, grid=False)
    scale = alt.Scale(domain=alt.ExprRef("pluck(data('phases'), 'name')"))
    order = alt.Y("name:N", sort=None, title=None, axis=axis, scale=scale)
    states = ["announced", "contracted", "building", "energised", "equipped"]
    range_ = [f"var(--state-{k})" for k in range(1, 6)]
    colour = alt.Color(
        "state:N",
        scale=alt.Scale(domain=states, range=range_),
        legend=alt.Legend(symbolType="square", columns=narrow(2, 3)),
    )
    told = [alt.Tooltip("name:N", title="phase"), alt.Tooltip("who:N", title="built for"),
            alt.Tooltip("state:N"), alt.Tooltip("since:N", title="since")]  # fmt: skip
    marks = rows.mark_bar(height=THICK, stroke=PAPER, strokeWidth=0.5).encode(
        x=years("begin"), x2="end:Q", y=order, color=colour, tooltip=told
    )
    phases = alt.Chart(alt.NamedData("phases")).mark_text(opacity=0).encode(y=order)
    return dress(alt.layer(phases, marks, *cursor()).add_params(*signals()), 300)


@chart
def flows() -> Any:
    """The largest payments of the quarter between the firms of the market."""
    rows = alt.Chart(alt.NamedData("flows")).transform_filter("abs(datum.x - now) < 0.01")
    axis = alt.Axis(labelLimit=narrow(190, 250), labelFontSize=11, grid=False)
    order = alt.Y("name:N", sort=alt.EncodingSortField("usd_bn", order="descending"), title=None, axis=axis)
    money = alt.Axis(labelExpr="'$' + datum.label + 'bn'", tickCount=3)
    x = alt.X("usd_bn:Q", title=None, scale=alt.Scale(domain=ENDS, nice=False), axis=money)
    told = [alt.Tooltip("name:N", title="payment"), alt.Tooltip("text:N", title="$bn")]
    bar = rows.mark_bar(height=THICK, opacity=0.9).encode(
        y=order, x=x, color=alt.Color("colour:N", scale=None), tooltip=told
    )
    text = rows.mark_text(align="left", dx=4, fontSize=11, color=GREY).encode(y=order, x="usd_bn:Q", text="text:N")
    return dress(alt.layer(bar, text).add_params(*signals(**AMOUNT)), 300)
