"""Two scenarios of a batch on the same luck: paired differences of what the table of worlds holds, out of core."""

from __future__ import annotations

import math
from collections.abc import Sequence

from runs.compare import NORMAL_95, Difference
from runs.store import Batch
from world.parameters import unknown


def paired_differences(batch: Batch, a: str, b: str, wanted: Sequence[tuple[str, str | None]]) -> list[Difference]:
    """Compare two scenarios of a batch world by world at each time that is kept of a metric.

    Args:
        a, b     names of scenarios; the differences are b minus a
        wanted   metrics with their member
    Returns: a row for each metric and time, metrics in the order wanted; `quarter` is the horizon of a stock, the
        calendar year over which a flow is summed. A world counts where both have a figure at the same point.
    Laws (tests/page/test_stored.py): what the paths of the same worlds say; nothing against itself.
    Raises: ValueError naming an unknown scenario.
    """
    for name in (a, b):
        if name not in batch.scenarios:
            raise ValueError(f"scenario: {unknown(name, batch.scenarios, 'scenario of this batch')}")
    entries = [e for key in wanted for e in batch.tables["worlds"] if (e.get("metric"), e.get("member")) == key]
    parts = [part for entry in entries for part in _figures(entry["name"])]
    first, second = (name.replace("'", "''") for name in (a, b))
    sql = f"SELECT {', '.join(parts)} FROM worlds a JOIN worlds b USING (point, world)"
    _, rows = batch.query(f"{sql} WHERE a.scenario = '{first}' AND b.scenario = '{second}'")
    each = len(parts) // max(len(entries), 1)
    found = []
    for place, entry in enumerate(entries):
        count, mean_a, mean_b, mean, spread, middle, above, apart = rows[0][each * place : each * (place + 1)]
        error = None if spread is None else NORMAL_95 * float(spread) / math.sqrt(count)
        low, high = (None, None) if error is None else (mean - error, mean + error)
        ratio = float(spread) ** 2 / apart if apart else None
        about = (entry["metric"], entry["member"], entry["time"], entry["unit"], int(count))
        found.append(Difference(*about, mean_a, mean_b, mean, low, high, middle, above, ratio))
    return found


def _figures(column: str) -> list[str]:
    """What is worked out of one column, as SQL: eight figures in the order in which they are read."""
    x, y = f'a."{column}"::DOUBLE', f'b."{column}"::DOUBLE'
    figures = ["count(*)", f"avg({x})", f"avg({y})", f"avg({y} - {x})", f"stddev_samp({y} - {x})"]
    figures += [f"median({y} - {x})", f"avg(CASE WHEN {y} > {x} THEN 1.0 ELSE 0.0 END)"]
    both = f"FILTER (WHERE isfinite({x}) AND isfinite({y}))"
    return [f"{figure} {both}" for figure in figures] + [f"(var_samp({x}) {both}) + (var_samp({y}) {both})"]


__all__ = ["paired_differences"]
