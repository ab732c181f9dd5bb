"""The page's charts, one function each: Altair declarations without data, which the page fills by name.

The data come as columns (viz/page/figures*.py). A chart's parameters are the page's signals: `now` the quarter of the
scrubber, `shown` the last quarter to show, and those that a card sets, such as the ends of its axes. Colours are the
style sheet's variables, so that light and dark need no second chart.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import altair as alt

INK, GREY, LINE, ACCENT = "var(--ink)", "var(--grey)", "var(--line)", "var(--accent)"
PAPER = "var(--card)"
FONT = 'system-ui, -apple-system, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif'
HALF = 0.125
"""Half a quarter, in years."""

CHARTS: dict[str, Callable[[], alt.TopLevelMixin]] = {}
"""By the name that a card gives."""


def chart(work: Callable[[], Any]) -> Callable[[], Any]:
    """Register a chart under its function's name (a decorator)."""
    CHARTS[work.__name__] = work
    return work


def signals(**more: Any) -> list[alt.Parameter]:
    """The page's parameters, and a chart's own with their first values."""
    common = {"now": 0.0, "shown": 9999.0, "first": 2023.0, "last": 2031.0}
    return [alt.param(name=name, value=value) for name, value in (common | more).items()]


def dress(shown: alt.TopLevelMixin, height: int) -> Any:
    """The look that all charts share."""
    return (
        shown.properties(width="container", height=height, background="transparent", padding=2)  # type: ignore[attr-defined]
        .configure(font=FONT, aria=False)
        .configure_view(stroke=None)
        .configure_mark(aria=False)
        .configure_axis(
            domain=False, ticks=False, gridColor=LINE, labelColor=GREY, titleColor=GREY, labelFontSize=11,
            titleFontSize=11, titleFontWeight="normal", labelPadding=5, aria=False,
        )
        .configure_legend(labelColor=GREY, title=None, labelFontSize=11, orient="top", aria=False)
    )  # fmt: skip


def years(field: str = "x") -> alt.X:
    """The axis of time, in years; a quarter stands at its middle."""
    scale = alt.Scale(domain=[alt.ExprRef("first"), alt.ExprRef("last")], nice=False, zero=False)
    label = "datum.value == floor(datum.value) ? \"'\" + substring(toString(datum.value), 2, 4) : ''"
    values = alt.ExprRef("sequence(ceil(first), last, (last - first) * 42 > width ? 2 : 1)")
    return alt.X(f"{field}:Q", title=None, scale=scale, axis=alt.Axis(grid=False, labelExpr=label, values=values))


def amounts(field: str = "mid", log: bool = False) -> alt.Y:
    """The axis of an amount, with the card's ends, format and prefix."""
    ends = [alt.ExprRef("bottom"), alt.ExprRef("top")]
    scale = alt.Scale(domain=ends, type="log" if log else "linear", nice=False, zero=False, clamp=True)
    axis = alt.Axis(labelExpr=LABEL, tickCount=3 if log else 4)
    return alt.Y(f"{field}:Q", title=None, scale=scale, axis=axis)


ENDS = [alt.ExprRef("bottom"), alt.ExprRef("top")]
LABEL = "(datum.value < 0 ? '−' : '') + prefix + format(abs(datum.value), form)"
THICK = alt.RelativeBandSize(band=0.62)
AMOUNT: dict[str, Any] = {"bottom": 0.0, "top": 1.0, "form": "~g", "prefix": ""}


def narrow(phone: float, desk: float) -> alt.ExprRef:
    """A size that differs between a phone and a desk."""
    return alt.ExprRef(f"containerSize()[0] < 430 ? {phone} : {desk}")


def cursor() -> list[alt.Chart]:
    """The line of the quarter on the scrubber."""
    marker = alt.Chart(alt.InlineData(values=[{"at": 0}])).transform_calculate(x="now")
    return [marker.mark_rule(color=GREY, strokeWidth=1).encode(x="x:Q")]


def columns_of_time(data: str, tooltip: list[alt.Tooltip]) -> alt.Chart:
    """What the mouse feels: a strip for each quarter, which says its figures and moves the scrubber at a click."""
    strips = alt.Chart(alt.NamedData(data)).transform_filter("datum.x <= shown")
    strips = strips.transform_calculate(x1=f"datum.x - {HALF}", x2=f"datum.x + {HALF}")
    return strips.mark_rect(opacity=0, cursor="pointer").encode(x="x1:Q", x2="x2:Q", tooltip=tooltip)


def _fan(log: bool) -> Any:
    form = "prefix + format(datum.{0}, fine) + '–' + prefix + format(datum.{1}, fine)"
    band = alt.Chart(alt.NamedData("band")).transform_filter("datum.x <= shown && isValid(datum.mid)")
    x, c = years(), "var(--c)"
    outer = band.mark_area(color=c, opacity=0.16).encode(x=x, y=amounts("lo5", log), y2="hi95:Q")
    inner = band.mark_area(color=c, opacity=0.30).encode(x=x, y=amounts("lo25", log), y2="hi75:Q")
    middle = band.mark_line(color=c, strokeWidth=2).encode(x=x, y=amounts("mid", log))
    other = band.transform_filter("isValid(datum.other)")
    dashed = other.mark_line(color=INK, strokeWidth=1.4, strokeDash=[4, 3]).encode(x=x, y="other:Q")
    record = alt.Chart(alt.NamedData("record"))
    spread = record.transform_filter("isValid(datum.low)").mark_rule(color=GREY).encode(x=x, y="low:Q", y2="high:Q")
    told = [alt.Tooltip("quarter:N", title="record"), alt.Tooltip("value:Q", format=",.3~g")]
    dots = record.mark_point(color=INK, size=16, filled=True, opacity=0.75).encode(x=x, y="value:Q", tooltip=told)
    one = alt.Chart(alt.NamedData("one")).transform_filter("datum.x <= now && isValid(datum.y)")
    path = one.mark_line(color=INK, strokeWidth=1, opacity=0.65).encode(x=x, y="y:Q")
    here = band.transform_filter("abs(datum.x - now) < 0.01")
    dot = here.mark_point(color=PAPER, fill=c, size=52, strokeWidth=2, opacity=1).encode(x=x, y="mid:Q")
    tooltip = [alt.Tooltip("quarter:N"), alt.Tooltip("middle:N", title="median")]
    tooltip += [alt.Tooltip("half:N", title="50 %"), alt.Tooltip("most:N", title="90 %")]
    strips = columns_of_time("band", tooltip).transform_calculate(
        half=form.format("lo25", "hi75"), most=form.format("lo5", "hi95"), middle="prefix + format(datum.mid, fine)"
    )
    layers = [outer, inner, *cursor(), spread, middle, dashed, path, dot, strips, dots]
    return dress(alt.layer(*layers).add_params(*signals(**AMOUNT, fine=".1f")), 128)


@chart
def fan() -> Any:
    """Median, middle half and 90 % band over the worlds, the record as dots, one world as a thin line."""
    return _fan(log=False)


@chart
def fan_log() -> Any:
    """The same on a logarithmic axis."""
    return _fan(log=True)


@chart
def lines() -> Any:
    """Medians of several members with their middle halves, each named at its end."""
    rows = alt.Chart(alt.NamedData("lines")).transform_filter("datum.x <= shown && isValid(datum.mid)")
    x, y = years(), amounts()
    colour = alt.Color("colour:N", scale=None)
    band = rows.mark_area(opacity=0.14).encode(x=x, y=amounts("lo25"), y2="hi75:Q", color=colour, detail="member:N")
    line = rows.mark_line(strokeWidth=2).encode(x=x, y=y, color=colour, detail="member:N")
    record = alt.Chart(alt.NamedData("record"))
    told = [alt.Tooltip("quarter:N", title="record"), alt.Tooltip("value:Q", format=",.3~g")]
    dots = record.mark_point(size=16, filled=True, opacity=0.7).encode(x=x, y="value:Q", color=colour, tooltip=told)
    here = rows.transform_filter("abs(datum.x - now) < 0.01")
    dot = here.mark_point(stroke=PAPER, filled=True, size=46, opacity=1).encode(x=x, y="mid:Q", color=colour)
    names = alt.Chart(alt.NamedData("names")).mark_text(align="left", dx=6, fontSize=11, fontWeight=600, clip=False)
    named = names.encode(x=alt.value(alt.ExprRef("width")), y="y:Q", text="name:N", color=colour)
    tooltip = [alt.Tooltip("quarter:N"), alt.Tooltip("all:N", title="medians")]
    strips = columns_of_time("strips", tooltip)
    shown = alt.layer(band, *cursor(), line, dot, named, strips, dots).add_params(*signals(**AMOUNT))
    return dress(shown, 168)


@chart
def stack() -> Any:
    """Parts of a whole as means over the worlds, which add up, each named at its end."""
    rows = alt.Chart(alt.NamedData("parts")).transform_filter("datum.x <= shown")
    colour = alt.Color("colour:N", scale=None)
    scale = alt.Scale(domain=[alt.ExprRef("bottom"), alt.ExprRef("top")], nice=False)
    axis = alt.Axis(labelExpr=LABEL, tickCount=4)
    y = alt.Y("y0:Q", title=None, scale=scale, axis=axis)
    areas = rows.mark_area(opacity=0.85, stroke=PAPER, strokeWidth=0.7)
    shown = areas.encode(x=years(), y=y, y2="y1:Q", color=colour, detail="member:N")
    names = alt.Chart(alt.NamedData("names")).mark_text(align="left", dx=6, fontSize=11, fontWeight=600)
    named = names.encode(x=alt.value(alt.ExprRef("width")), y="y:Q", text="name:N", color=colour)
    tooltip = [alt.Tooltip("quarter:N"), alt.Tooltip("all:N", title="means")]
    layers = [shown, *cursor(), named, columns_of_time("strips", tooltip)]
    return dress(alt.layer(*layers).add_params(*signals(**AMOUNT)), 168)


@chart
def bars() -> Any:
    """Sums by year as stacked bars, means over the worlds."""
    rows = alt.Chart(alt.NamedData("bars")).transform_filter("datum.from <= shown")
    axis = alt.Axis(labelExpr=LABEL, tickCount=4)
    y = alt.Y("y0:Q", title=None, scale=alt.Scale(domain=ENDS, nice=False), axis=axis)
    tooltip = [alt.Tooltip("year:N"), alt.Tooltip("member:N", title="from"), alt.Tooltip("text:N", title="mean")]
    marks = rows.mark_rect(opacity=0.9, stroke=PAPER, strokeWidth=0.7).encode(
        x=alt.X("year:O", title=None, axis=alt.Axis(labelAngle=0, grid=False), scale=alt.Scale(paddingInner=0.3)),
        y=y, y2="y1:Q", color=alt.Color("colour:N", scale=None), tooltip=tooltip,
    )  # fmt: skip
    zero = alt.Chart(alt.InlineData(values=[{"y": 0}])).mark_rule(color=GREY).encode(y="y:Q")
    return dress(alt.layer(marks, zero).add_params(*signals(**AMOUNT)), 150)


@chart
def tornado() -> Any:
    """Main effects: the figure's mean where a parameter is low and where it is high; a click sets the slider."""
    order = alt.Y("name:N", sort=None, title=None, axis=alt.Axis(labelLimit=170, labelFontSize=11, grid=False))
    scale = alt.Scale(domain=ENDS, nice=False, zero=False)
    axis = alt.Axis(labelExpr=LABEL, tickCount=3)
    rows = alt.Chart(alt.NamedData("effects"))
    tooltip = [alt.Tooltip("full:N", title="input"), alt.Tooltip("low_text:N", title="where low")]
    tooltip += [alt.Tooltip("high_text:N", title="where high"), alt.Tooltip("share_text:N", title="of the variance")]
    x = alt.X("mean:Q", title=None, scale=scale, axis=axis)
    at_low = rows.transform_calculate(parameter="datum.parameter", value="datum.low_value")
    at_high = rows.transform_calculate(parameter="datum.parameter", value="datum.high_value")
    low = at_low.mark_bar(color=ACCENT, opacity=0.42, cursor="pointer", height=THICK).encode(
        y=order, x=x, x2="low:Q", tooltip=tooltip
    )
    high = at_high.mark_bar(color=ACCENT, opacity=0.95, cursor="pointer", height=THICK).encode(
        y=order, x=x, x2="high:Q", tooltip=tooltip
    )
    middle = rows.mark_rule(color=INK, strokeWidth=1).encode(x="mean:Q")
    share = rows.mark_text(align="left", color=GREY, fontSize=11).encode(
        y=order, x=alt.value(alt.ExprRef("width + 6")), text="share_text:N"
    )
    shown = alt.layer(low, high, middle, share).add_params(*signals(**AMOUNT))
    return dress(shown, 190)


@chart
def forest() -> Any:
    """Paired differences between two runs on the same luck: mean and its 95 % interval, in per cent."""
    order = alt.Y(
        "name:N", sort=None, title=None, axis=alt.Axis(labelLimit=narrow(110, 290), labelFontSize=11, grid=False)
    )
    rows = alt.Chart(alt.NamedData("differences"))
    tooltip = [alt.Tooltip("name:N", title="figure"), alt.Tooltip("was:N", title="compared with"),
               alt.Tooltip("is:N", title="on show"), alt.Tooltip("change:N", title="difference")]  # fmt: skip
    axis = alt.Axis(labelExpr="(datum.value > 0 ? '+' : '') + format(datum.value, '~g') + ' %'", tickCount=5)
    spread = rows.mark_rule(color=ACCENT, strokeWidth=5, opacity=0.35).encode(
        y=order, x=alt.X("low:Q", title=None, scale=alt.Scale(domain=ENDS, nice=False), axis=axis), x2="high:Q"
    )
    dots = rows.mark_point(color=ACCENT, filled=True, size=60, opacity=1).encode(y=order, x="mean:Q", tooltip=tooltip)
    zero = alt.Chart(alt.InlineData(values=[{"x": 0}])).mark_rule(color=INK).encode(x="x:Q")
    text = rows.mark_text(align="left", color=GREY, fontSize=11).encode(
        y=order, x=alt.value(alt.ExprRef("width + 6")), text="change:N"
    )
    shown = alt.layer(zero, spread, dots, text).add_params(*signals(**AMOUNT))
    return dress(shown, 230)
