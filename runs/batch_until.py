"""Convergence: a condition like `stargate_share@2030Q4 p>=0.75 within 0.01` that ends a batch once it is met.

It is judged on the first k blocks for k = 1, 2, ..., whatever the order in which they came, so that a batch ends at
the same block on any number of workers.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from world.parameters import unknown

FORM = "METRIC[MEMBER]@TIME p>=LEVEL within WIDTH, or METRIC@TIME mean within WIDTH"
_TEXT = re.compile(
    r"\s*(?P<metric>\w+)\s*(?:\[(?P<member>[^\]]+)\])?\s*@\s*(?P<time>\d{4}(?:Q[1-4])?)\s+"
    r"(?:p\s*(?P<sign>>=|<=|>|<)\s*(?P<level>[-+0-9.eE]+)|(?P<mean>mean))\s+within\s+(?P<width>[0-9.eE+-]+)\s*"
)
_SIGNS = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}
Z = 1.959963984540054
"""Two-sided 95 %."""
LEAST = 100
"""Worlds below which no interval is believed."""


@dataclass
class Tally:
    """What has been seen of one scenario and point: numbers, and their running mean and squares."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def add(self, values: np.ndarray) -> None:
        """Take over more values, (n,); those that are no number are left out."""
        values = np.asarray(values, dtype=np.float64)
        values = values[~np.isnan(values)]
        if not values.size:
            return
        mean = float(values.mean())
        squares = float(((values - mean) * (values - mean)).sum())
        count = self.count + values.size
        step = mean - self.mean
        self.squares += squares + step * step * self.count * values.size / count
        self.mean += step * values.size / count
        self.count = count


@dataclass
class Until:
    """The condition, and how wide each interval is by now.

    Raises: ValueError naming what is wrong with the text.
    """

    text: str
    tallies: dict[tuple[int, int], Tally] = field(default_factory=dict)

    def __post_init__(self) -> None:
        found = _TEXT.fullmatch(self.text)
        if found is None:
            raise ValueError(f"--until-ci: wanted {FORM}, got {self.text!r}")
        self.metric, self.member, self.time = found["metric"], found["member"], found["time"]
        self.sign = None if found["mean"] else found["sign"]
        try:
            self.level = float(found["level"]) if self.sign else 0.0
            self.width = float(found["width"])
        except ValueError:
            raise ValueError(f"--until-ci: wanted {FORM}, got {self.text!r}") from None
        if not (math.isfinite(self.width) and self.width > 0.0):
            raise ValueError(f"--until-ci: the width must be above 0, got {found['width']}")
        self.column = ""

    def check(self, columns: Sequence[Mapping[str, Any]]) -> None:
        """Find the column that it speaks of; raises ValueError if the table of worlds has none."""
        known = [row for row in columns if row.get("metric")]
        of_metric = [row for row in known if row["metric"] == self.metric]
        if not of_metric:
            raise ValueError(f"--until-ci: {unknown(self.metric, {row['metric'] for row in known}, 'metric')}")
        members = sorted({row["member"] for row in of_metric if row["member"]})
        if (self.member or None) not in {row["member"] for row in of_metric}:
            raise ValueError(f"--until-ci: {self.metric}: wanted a member of {', '.join(members) or 'none'}")
        times = [row["time"] for row in of_metric if row["member"] == self.member]
        if self.time not in times:
            raise ValueError(f"--until-ci: {self.metric}: the summary holds {', '.join(times)}, not {self.time}")
        self.column = next(
            row["name"] for row in of_metric if row["member"] == self.member and row["time"] == self.time
        )

    def add(self, scenario: int, point: np.ndarray, values: np.ndarray) -> None:
        """Take over one block: the points (runs,) and the values (runs,) of its runs."""
        happens = values if self.sign is None else _happens(values, self.sign, self.level)
        for place in np.unique(point):
            self.tallies.setdefault((scenario, int(place)), Tally()).add(happens[point == place])

    def widest(self) -> float:
        """Half the widest 95 % interval over scenarios and points; infinite while there are few worlds."""
        return max((self._half(tally) for tally in self.tallies.values()), default=math.inf)

    def met(self, groups: int) -> bool:
        """Whether all so many groups of a scenario and a point are known as closely as asked."""
        return len(self.tallies) == groups and self.widest() <= self.width

    def _half(self, tally: Tally) -> float:
        n = tally.count
        if n < LEAST:
            return math.inf
        if self.sign is None:
            return Z * math.sqrt(tally.squares / (n - 1) / n)
        share = tally.mean
        return Z * math.sqrt(share * (1.0 - share) / n + Z * Z / (4.0 * n * n)) / (1.0 + Z * Z / n)


def _happens(values: np.ndarray, sign: str, level: float) -> np.ndarray:
    return np.where(np.isnan(values), np.nan, _SIGNS[sign](values, level).astype(float))
