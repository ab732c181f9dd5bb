"""The record beside the model, as figures show it: by quarter or by year, in the metric's unit."""

from __future__ import annotations

from runs.counterparts import Counterpart, counterparts
from runs.observations import convert
from world.calendar import parse_period, quarter_label, quarter_of
from world.record import series
from world.tables import HistoryRow

Dot = tuple[str, float, float | None, float | None]
"""A quarter (or year) label, the value, and bounds of the value where the source gives them."""

SAME: dict[tuple[str, str | None], tuple[str, str | None]] = {
    ("colossus_h100e_m", None): ("sold_h100e_m", "xai"),
    ("lab_revenue_usd_bn", "openai"): ("openai_revenue_usd_bn", None),
}
"""Metrics that are another one's member."""


def shown() -> list[tuple[str, str | None]]:
    """The metrics and members that have a record to show."""
    return [*dict.fromkeys((row.metric, row.member or None) for row in counterparts().values() if row.dots), *SAME]


def observed(metric: str, member: str | None = None) -> list[Dot]:
    """The record of a metric by quarter: (label, value, low, high) in the metric's unit, earliest first.

    A year's figure of a stock stands at its last quarter; a year's flow is left out (`observed_years`). Of several
    rows in a quarter the last counts. Empty if the record has nothing like the metric.
    """
    return _labelled(metric, member, years=False)


def observed_years(metric: str, member: str | None = None) -> list[Dot]:
    """The record of a flow by calendar year: (label, value, low, high), as far as whole years are on record."""
    return _labelled(metric, member, years=True)


def _labelled(metric: str, member: str | None, years: bool) -> list[Dot]:
    key = SAME.get((metric, member), (metric, member))
    mine = [row for row in counterparts().values() if row.dots and (row.metric, row.member or None) == key]
    found: dict[str, Dot] = {}
    for counterpart in mine:
        entity, _, name = counterpart.series.partition(":")
        for row in series(entity, name):
            if row.status not in ("observed", "derived"):
                continue
            whole_year_flow = len(row.period) == 4 and counterpart.reading == "flow"
            if whole_year_flow == years:
                label = row.period if years else quarter_label(quarter_of(parse_period(row.period)[1]))
                found[label] = (label, *_converted(row, counterpart))
    return [found[label] for label in sorted(found)]


def _converted(row: HistoryRow, counterpart: Counterpart) -> tuple[float, float | None, float | None]:
    factor = convert(1.0, row.unit, counterpart.unit) * counterpart.to_metric
    low, high = (None if bound is None else bound * factor for bound in (row.low, row.high))
    return row.value * factor, low, high


__all__ = ["Dot", "observed", "observed_years", "shown"]
