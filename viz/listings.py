"""Lists for a terminal: the claims beside the run, a comparison, parameters, the benchmark."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import xarray as xr

from runs.compare import Comparison, Difference
from runs.results import title
from viz.tables import NARROW, Line, figure, plain_table, wrapped

SHOWN_IN_COMPARISON: tuple[tuple[str, str | None, str], ...] = (
    ("stargate_share", None, "Stargate's share of OpenAI's compute"),
    ("used_h100e_m", "openai", "OpenAI's compute"),
    ("openai_revenue_usd_bn", None, "OpenAI's revenue"),
    ("openai_burn_usd_bn", None, "OpenAI's burn"),
    ("openai_cash_usd_bn", None, "OpenAI's cash"),
    ("openai_raised_usd_bn", None, "OpenAI's equity raised"),
    ("openai_valuation_usd_bn", None, "OpenAI's valuation"),
    ("openai_payments_to_microsoft_usd_bn", None, "OpenAI pays Microsoft"),
    ("unmet_h100e_m", None, "OpenAI's tenders not served"),
    ("waived_h100e_m", None, "Requests waived by Microsoft"),
    ("capex_usd_bn", "microsoft", "Microsoft's capex"),
    ("backlog_usd_bn", "microsoft", "Microsoft's lease backlog"),
    ("sold_h100e_m", "microsoft", "Microsoft's chips"),
    ("sold_h100e_m", "oracle", "Oracle's chips"),
    ("oracle_debt_usd_bn", None, "Oracle's debt"),
    ("oracle_dscr", None, "Oracle's debt coverage"),
    ("softbank_ltv", None, "SoftBank's loan to value"),
    ("h100_price_usd_h", None, "H100, one-year contract"),
    ("price_over_cost", None, "Rent over long-run cost"),
    ("abilene_facility_gw", None, "Abilene"),
    ("nvidia_revenue_usd_bn", None, "Nvidia's data-centre revenue"),
)
"""What a comparison shows unless metrics are named: (metric, member, label)."""

DATE, QUARTER = "calendar year", "quarter"
PLAIN_UNITS = {QUARTER: "", "bn USD": "$bn", "calendar year": "", "flag": "% of worlds", "share": "%", "ratio": "ratio"}


# ---------------------------------------------------------------------- claims


def claims_lines(dataset: xr.Dataset, rows: Sequence[Mapping[str, Any]], width: int) -> list[Line]:
    """Each claim, and below it what it says and what the run finds."""
    a = dataset.attrs
    lines = wrapped("The claims of the two articles beside the model", width, "title")
    about = f"{a['scenario']} · {a['worlds']:,} worlds, seed {a['seed']} · {a['quarters'].split()[0]} to {a['until']}"
    lines += wrapped(about, width, "note")
    wide = width >= NARROW
    label = max(width - 42, 24)
    columns = (8, 9, 17, 7)
    if wide:
        heads = ("claimed", "median", "90 % band", "odds")
        lines.append(Line(" " * label + _columns(heads, columns), "header"))
    last = ""
    for row in rows:
        if row["claim"] != last:
            last = row["claim"]
            lines += [Line(""), *wrapped(last, width, "heading")]
        lines += _claim_lines(row, label if wide else 0, columns, width)
    note = "Odds: the share of worlds in which the claim holds. A date is the quarter in which it first does."
    return [*lines, Line(""), *wrapped(note, width, "note")]


def claims_pair_lines(
    datasets: tuple[xr.Dataset, xr.Dataset],
    rows: tuple[Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]]],
    width: int,
) -> list[Line]:
    """Each claim beside what two scenarios find: median and 90 % band, and the odds that it holds."""
    lines = wrapped("The claims of the two articles beside two scenarios", width, "title")
    for place, dataset in zip(("First", "Second"), datasets, strict=True):
        a = dataset.attrs
        about = f"{place}: {a['scenario']} · {a['worlds']:,} worlds, seed {a['seed']} · {a['quarters'].split()[0]} to "
        lines += wrapped(about + f"{a['until']} · parameters from the {a['parameters_from']}", width, "note")
    others = {(row["claim"], row.get("measure")): row for row in rows[1]}
    last = ""
    cells: list[list[str]] = []
    for row in rows[0]:
        other = others.get((row["claim"], row.get("measure")))
        if row["claim"] != last and cells:
            lines += _pair_table(last, cells, width)
            cells = []
        last = row["claim"]
        name, (claimed, middle, band, odds) = claim_cells(row)
        beside = ("", "", "", "") if other is None else claim_cells(other)[1]
        cells.append([name, claimed, f"{middle} {band}".strip(), odds, f"{beside[1]} {beside[2]}".strip(), beside[3]])
    lines += _pair_table(last, cells, width)
    note = "Median and 90 % band, and the share of worlds in which the claim holds. A date is when it first does."
    return [*lines, Line(""), *wrapped(note, width, "note")]


def _pair_table(claim: str, cells: Sequence[Sequence[str]], width: int) -> list[Line]:
    heads = ("", "claimed", "first", "odds", "second", "odds")
    return [Line(""), *wrapped(claim, width, "heading"), *plain_table(heads, cells, width, 0, range(1, 6))]


def claim_cells(row: Mapping[str, Any]) -> tuple[str, tuple[str, str, str, str]]:
    """A claim's measure with its unit, and its cells: claimed, median, 90 % band, odds."""
    unit = str(row["unit"])
    figures = [row[key] for key in ("low", "median", "high")]
    if unit == DATE and ("quarter" in str(row.get("measure")).lower() or any((x or 0.0) % 1.0 for x in figures)):
        unit = QUARTER
    low, middle, high = (_claimed(value, unit) for value in figures)
    between = ".." if (row["low"] or 0.0) < 0.0 else "–"
    last = "never" if unit in (DATE, QUARTER) else "∞"
    band = f"{low}{between}{high or last}" if row["low"] is not None and low != high else ""
    odds = "" if row["odds"] is None else f"{100.0 * row['odds']:.0f} %"
    if row["median"] is None and odds and unit in (DATE, QUARTER):
        middle = last  # the note says how often
    shown = PLAIN_UNITS.get(unit, unit)
    name = str(row.get("measure", row["claim"])) + (f", {shown}" if shown else "")
    claimed = _claimed(row["claimed"], DATE if unit == QUARTER else unit)
    return name, (claimed, "" if row["odds"] is not None and unit == "flag" else middle, band, odds)


def _claim_lines(row: Mapping[str, Any], label: int, columns: Sequence[int], width: int) -> list[Line]:
    name, cells = claim_cells(row)
    note = str(row.get("note", ""))
    lines: list[Line] = []
    if label:
        parts = wrapped(name, label - 2, "figure", "  ", "    ")
        lines = [Line(f"{parts[0].text:<{label}}{_columns(cells, columns)}".rstrip(), "figure"), *parts[1:]]
    else:
        lines = wrapped(name, width, "label", "  ", "    ")
        said = [
            f"{head} {cell}" for head, cell in zip(("claimed", "median", "band", "odds"), cells, strict=True) if cell
        ]
        lines += wrapped(", ".join(said) or "no figure", width, "figure", "    ")
    return lines + (wrapped(note, width, "note", "    ") if note else [])


def _columns(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "".join(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))


def _claimed(value: float | None, unit: str) -> str:
    """A claim's figure in the way of its unit: a date as a quarter, a share in per cent."""
    if value is None:
        return ""
    if unit in (DATE, QUARTER):
        year, part = divmod(value, 1.0)
        return f"{year:.0f}Q{1 + int(4.0 * part)}" if unit == QUARTER else f"{year:.0f}"
    return figure(100.0 * value, 0) if unit in ("share", "flag") else figure(value)


# ---------------------------------------------------------------------- comparison


def comparison_lines(comparison: Comparison, names: tuple[str, str], metrics: Sequence[str], width: int) -> list[Line]:
    """The paired differences at the end of the run, or by year where metrics are named."""
    lines = wrapped(f"{names[1]} against {names[0]}", width, "title")
    last = comparison.quarters[-1]
    about = (
        f"{comparison.worlds:,} worlds, seed {comparison.seed}, the same random numbers in both; means over worlds at "
        f"{last}, flows over the four quarters to then"
    )
    lines += [*wrapped(about if not metrics else about.replace(f" at {last}", ""), width, "note"), Line("")]
    rows = []
    for label, row in _differences(comparison, metrics):
        scale, unit = (100.0, "%") if row.unit in ("share", "flag") else (1.0, PLAIN_UNITS.get(row.unit, row.unit))
        change = _number(row.mean, scale, True)
        spread = (
            "" if row.low is None or row.high is None else f"{_number(row.low, scale)} to {_number(row.high, scale)}"
        )
        higher = "" if row.share_positive is None else f"{100.0 * row.share_positive:.0f} %"
        rows.append(
            [f"{label}, {unit}", _number(row.mean_a, scale), _number(row.mean_b, scale), change, spread, higher]
        )
    lines += plain_table(("", "first", "second", "change", "95 % interval", "higher in"), rows, width, 0, range(1, 6))
    ratios = [row.variance_ratio for _, row in _differences(comparison, metrics) if row.variance_ratio is not None]
    note = "First is " + names[0] + ", second " + names[1] + ". The interval is that of the mean change."
    if ratios:
        middle = sorted(ratios)[len(ratios) // 2]
        note += (
            f" Sharing the random numbers leaves {100.0 * middle:.0f} % of the variance that two independent seeds "
            f"would give (median of these rows)."
        )
    return [*lines, Line(""), *wrapped(note, width, "note")]


def _differences(comparison: Comparison, metrics: Sequence[str]) -> list[tuple[str, Difference]]:
    last = comparison.quarters[-1]
    if metrics:
        found = []
        for metric in metrics:
            comparison.find(metric, next((row.member for row in comparison.rows if row.metric == metric), None))
            for row in comparison.rows:
                if row.metric == metric:
                    member = "" if row.member is None else f" {title(row.member)}"
                    found.append((f"{metric}{member} {row.quarter}", row))
        return found
    known = {(row.metric, row.member): row for row in comparison.rows if row.quarter == last}
    return [(label, known[name, member]) for name, member, label in SHOWN_IN_COMPARISON if (name, member) in known]


def _number(value: float | None, scale: float = 1.0, signed: bool = False) -> str:
    if value is None or math.isnan(value):
        return "."
    text = figure(scale * value)
    return f"+{text}" if signed and scale * value > 0.0 and text != "0" else text


# ---------------------------------------------------------------------- parameters and bench


def parameter_lines(rows: Sequence[Mapping[str, Any]], width: int) -> list[Line]:
    """Name, range drawn from, unit and meaning of each parameter."""
    cells = [[str(row["name"]), _range(row), str(row["unit"]), str(row["description"])] for row in rows]
    note = "low .. central .. high of what is drawn, or one fixed value; limits and sources: --json"
    return [
        *plain_table(("parameter", "value", "unit", "meaning"), cells, width),
        Line(""),
        *wrapped(note, width, "note"),
    ]


def _range(row: Mapping[str, Any]) -> str:
    if row["distribution"] == "fixed":
        return f"{row['central']:g}"
    return f"{row['low']:g} .. {row['central']:g} .. {row['high']:g}"


def bench_lines(result: Mapping[str, Any], width: int, indent: str = "") -> list[Line]:
    """What the benchmark measured, as it is named there."""
    lines: list[Line] = []
    for name, value in result.items():
        if isinstance(value, Mapping):
            lines += [Line(f"{indent}{name}", "label"), *bench_lines(value, width, indent + "  ")]
        else:
            shown = f"{value:,.4g}" if isinstance(value, float) else str(value)
            lines.append(Line(f"{indent}{name}: {shown}"[:width], "figure"))
    return lines


__all__ = ["bench_lines", "claim_cells", "claims_lines", "claims_pair_lines", "comparison_lines", "parameter_lines"]
