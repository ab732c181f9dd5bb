"""Two scenarios of a batch on the same luck: paired differences of what the table of worlds holds, out of core."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from runs.compare import NORMAL_95
from runs.store import Batch
from world.parameters import unknown


@dataclass(frozen=True)
class Paired:
    """Scenario b less scenario a in one column of the table of worlds, over the worlds that both have."""

    metric: str
    member: str | None
    unit: str
    time: str
    """The horizon of a stock, the calendar year over which a flow is summed."""
    worlds: int
    mean_a: float | None
    mean_b: float | None
    mean: float | None
    low: float | None
    """Lower end of the 95 % interval of the mean difference; None where a spread needs another world."""
    high: float | None


def paired_differences(batch: Batch, a: str, b: str, wanted: Sequence[tuple[str, str | None]]) -> list[Paired]:
    """Compare two scenarios of a batch world by world at each time that is kept of a metric.

    Args:
        a, b     names of scenarios; the differences are b minus a
        wanted   metrics with their member, in the order of the answer
    Returns: a row for each metric and time; a world counts where both scenarios have a figure at the same point.
    Laws (tests/page/test_stored.py): what `runs.compare` finds of the same worlds; nothing against itself.
    Raises: ValueError naming an unknown scenario.
    """
    for name in (a, b):
        if name not in batch.scenarios:
            raise ValueError(f"scenario: {unknown(name, batch.scenarios, 'scenario of this batch')}")
    entries = [e for key in wanted for e in batch.tables["worlds"] if (e.get("metric"), e.get("member")) == key]
    parts = []
    for entry in entries:
        x, y = f'a."{entry["name"]}"::DOUBLE', f'b."{entry["name"]}"::DOUBLE'
        both = f"FILTER (WHERE isfinite({x}) AND isfinite({y}))"
        figures = ("count(*)", f"avg({x})", f"avg({y})", f"avg({y} - {x})", f"stddev_samp({y} - {x})")
        parts += [f"{figure} {both}" for figure in figures]
    names = [name.replace("'", "''") for name in (a, b)]
    sql = f"SELECT {', '.join(parts)} FROM worlds a JOIN worlds b USING (point, world) "
    _, rows = batch.query(f"{sql} WHERE a.scenario = '{names[0]}' AND b.scenario = '{names[1]}'")
    found = []
    for place, entry in enumerate(entries):
        count, mean_a, mean_b, mean, spread = rows[0][5 * place : 5 * place + 5]
        error = None if spread is None else NORMAL_95 * float(spread) / math.sqrt(count)
        low, high = (None, None) if error is None else (mean - error, mean + error)
        about = (entry["metric"], entry["member"], entry["unit"], entry["time"])
        found.append(Paired(*about, int(count), mean_a, mean_b, mean, low, high))
    return found


__all__ = ["Paired", "paired_differences"]
