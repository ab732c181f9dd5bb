"""Lists of the record for a terminal: the observed series, and the table of the backtest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from runs.backtest import Backtest
from runs.rivals_naive import LAST, LOCAL, TREND
from runs.score_table import TOTAL, TableRow
from viz.tables import Line, figure, plain_table, wrapped


def history_lines(rows: Sequence[Mapping[str, Any]], values: bool, width: int) -> list[Line]:
    """Each series with its unit, how many values it has and since when, and its counterpart."""
    cells = []
    for row in rows:
        seen = [v for v in row["values"] if v["status"] != "forecast"]
        periods = [v["period"] for v in row["values"]]
        span = periods[0] if len(periods) == 1 else f"{periods[0]} to {periods[-1]}"
        count = str(len(seen)) + (f" + {len(periods) - len(seen)} forecast" if len(seen) < len(periods) else "")
        like = "" if row["metric"] is None else row["metric"] + (f" {row['member']}" if row["member"] else "")
        use = " and ".join(word for word, said in (("informs", row["informs"]), ("scored", row["scored"])) if said)
        cells.append([row["series"], row["unit"], count, span, like, use])
    lines = plain_table(("series", "unit", "values", "periods", "metric of the model", "use"), cells, width)
    if values:
        for row in rows:
            lines += [Line(""), *wrapped(f"{row['series']}, {row['unit']}", width, "heading")]
            for v in row["values"]:
                bounds = "" if v["low"] is None else f" ({v['low']:g} to {v['high']:g})"
                said = "" if v["status"] == "observed" else f" {v['status']}"
                lines += wrapped(f"{v['period']:<11}{v['value']:>12,g}{bounds}{said}  {v['source']}", width, "figure")
    matched = sum(row["metric"] is not None for row in rows)
    note = f"{len(rows)} series, {matched} with a counterpart in the model (runs/counterparts.csv)."
    return [*lines, Line(""), *wrapped(note, width, "note")]


def backtest_lines(found: Backtest, rows: Sequence[TableRow], forecasts: bool, width: int) -> list[Line]:
    """How the forecasts did by series and overall, and if asked for each of them."""
    one = len(found.origins) < 2
    lines = wrapped("Forecasts scored on what came" if one else "Backtest: forecasts from past origins", width, "title")
    about = f"{found.scenario} · {found.worlds:,} worlds, seed {found.seed}"
    for origin in found.origins:
        about += f" · known until {origin.day}: {origin.rows} observations, worth {origin.effective:,.0f} worlds"
        about += "" if origin.power == 1.0 else f" (weights flattened to the power {origin.power:.2f})"
    lines += [*wrapped(about, width, "note"), Line("")]
    if not rows:
        return [*lines, *wrapped("Nothing was scored.", width, "answer")]
    heads = ("", "n", "in 50 %", "in 90 %", "model", "last", "trend", "local", "best", "bias")
    cells = [
        [
            row.name,
            str(row.forecasts),
            _share(row.cover_50),
            _share(row.cover_90),
            _score(row.crps),
            *(_score(row.rivals[name]) for name in (LAST, TREND, LOCAL)),
            {LAST: "last", TREND: "trend", LOCAL: "local", None: ""}.get(row.best, row.best or ""),
            "" if row.bias is None else f"{row.bias:+.1f}",
        ]
        for row in rows
    ]
    lines += plain_table(heads, cells, width, 0, range(1, 8))
    note = (
        "Share of observations inside the 50 and 90 % bands; mean CRPS (lower is better) of the model and of three "
        "naive rivals, and bias, in mean absolute changes of the series per quarter before the origin; blank where a "
        "series had been seen less than twice."
    )
    lines += [Line(""), *wrapped(note, width, "note")]
    lines += _projections(rows, width)
    if forecasts:
        lines += [Line(""), *_forecast_lines(found, width)]
    return lines


def _projections(rows: Sequence[TableRow], width: int) -> list[Line]:
    """The firms' own projections beside the model, on the forecasts that have one."""
    lines: list[Line] = []
    for row in rows:
        if row.projection is not None and row.name != TOTAL and not row.name.startswith("origin") and ":" in row.name:
            count, mine, theirs = row.projection
            forecasts = "1 forecast" if count == 1 else f"{count:,} forecasts"
            said = f"{row.name}: {forecasts} beside the firm's own projection; mean error {100 * mine:.0f} % of "
            lines += wrapped(f"{said}the observation against {100 * theirs:.0f} % of the projection.", width, "answer")
    return [Line(""), *lines] if lines else []


def _forecast_lines(found: Backtest, width: int) -> list[Line]:
    cells = []
    for f in found.forecasts:
        q = f.model.quantiles
        band = f"{figure(q[0])} to {figure(q[4])}"
        cells.append([f.series, f.origin.isoformat(), f.period, figure(f.observed), figure(q[2]), band, f.unit])
    heads = ("series", "known until", "period", "observed", "median", "90 % band", "unit")
    return plain_table(heads, cells, width, 0, (3, 4, 5))


def left_out_lines(found: Backtest, width: int) -> list[Line]:
    """What was not scored, and why."""
    if not found.left_out:
        return []
    lines = [Line(""), *wrapped("Left out", width, "heading")]
    for name, reason in found.left_out:
        lines += wrapped(f"{name}: {reason}", width, "figure", "  ", "    ")
    return lines


def _share(value: float | None) -> str:
    return "" if value is None else f"{100.0 * value:.0f} %"


def _score(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


__all__ = ["backtest_lines", "history_lines", "left_out_lines"]
