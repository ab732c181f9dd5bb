"""The claims of the two source articles (October 2024 and early 2025) beside what a run says of them.

Each claim has one or more measures (runs/claim_measures.py): a figure for each world, the claimed value where the
articles name one, and the odds that the claim holds. What ended before a scenario's start is not the model's to say:
such a row holds no figures, and its note says when it was decided.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from runs.claim_measures import CLAIMS, DATE, Measure
from runs.claim_paths import NotRecordedError, OutsideTheRunError, Paths
from world.calendar import quarter_number, quarter_of

LOW, HIGH = 0.05, 0.95
"""The ends of the 90 % band."""


def claims_table(dataset: xr.Dataset) -> list[dict[str, Any]]:
    """Every claim as plain rows, fit for JSON, in the order of the design.

    Args:
        dataset   of `simulate` with keep="paths"
    Returns: a list of {claim, measure, claimed, unit, median, low, high, odds, note}; low and high end the 90 % band
        over worlds, odds is the share of worlds in which the claim holds. None where there is no such figure: the
        claim names no value, the run does not reach that far, most worlds never get there, or it was decided before.
    """
    paths = Paths(dataset)
    return [_row(claim, measure, paths) for claim, measures in CLAIMS.items() for measure in measures]


def _row(claim: str, measure: Measure, paths: Paths) -> dict[str, Any]:
    row: dict[str, Any] = {
        "claim": claim,
        "measure": measure.measure,
        "claimed": measure.claimed,
        "unit": measure.unit,
        "median": None,
        "low": None,
        "high": None,
        "odds": None,
        "note": measure.note,
    }
    if measure.decided is not None and quarter_number(measure.decided) <= quarter_number(paths.start):
        return row | {"note": f"decided by {measure.decided}, before the start"}
    try:
        values = measure.read(paths)
    except (OutsideTheRunError, NotRecordedError) as reason:
        return row | {"note": str(reason)}
    if measure.event and measure.decided and quarter_number(measure.decided) <= quarter_of(paths.known_until):
        row["note"] = "known to this scenario, which takes it from the record"
    given = np.compress(~np.isnan(values), values)
    # Worlds are not averaged where one of them never gets there: never is later than any date.
    whole = measure.unit == DATE or bool(np.isinf(given).any())
    if given.size:
        levels = np.array([LOW, 0.5, HIGH])
        ends = np.quantile(given, levels, method="inverted_cdf") if whole else np.quantile(given, levels)
        row |= {name: _plain(value) for name, value in zip(("low", "median", "high"), ends, strict=True)}
        if measure.unit == DATE and not np.isfinite(ends[1]):
            often = "in most worlds" if np.isfinite(given).any() else "in any world"
            row["note"] = f"not by {paths.labels[-1]} {often}"
    else:
        row["note"] = "in no world is there such a figure"
    if measure.holds is not None:
        with np.errstate(invalid="ignore"):
            row["odds"] = float(np.mean(measure.holds(values)))
    return row


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


__all__ = ["CLAIMS", "claims_table"]
