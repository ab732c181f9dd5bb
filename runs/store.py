"""Reading a batch, whole blocks only, whether it is finished or still being written.

batch = open_batch("results/mine")
batch.metrics                                     # what there is: name, member, unit, times
batch.quantiles("openai_cash_usd_bn")             # exact, out of core
batch.query("SELECT scenario, avg(stargate_share_2030Q4) FROM worlds GROUP BY scenario")
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from runs.batch_plan import Block, Plan
from runs.metrics import Metric, registry_of
from runs.results import LEVELS
from runs.store_files import damage, file_name, read_plan
from runs.store_quantiles import exact_quantiles
from runs.store_schema import LONG, MEMBER, WIDE, identifier, quarters
from world.calendar import quarter_label, quarter_number
from world.parameters import unknown

MEMORY = "1GB"
"""What DuckDB may hold in memory; beyond it works on disk."""

QUESTIONS = ("SELECT", "MULTI")
"""Statements that only read, as DuckDB calls them. PIVOT is a MULTI; EXPLAIN may carry out what it explains."""
_ALONE: Any = {"python_enable_replacements": False}
"""A question does not see the variables of this program."""


@dataclass(frozen=True)
class Quantiles:
    """Quantiles of one metric: by quarter where paths are kept, else at the horizon or by calendar year."""

    metric: str
    member: str | None
    unit: str
    times: tuple[str, ...]
    probs: tuple[float, ...]
    values: np.ndarray
    """(probs, times); NaN where no world has a number."""
    worlds: np.ndarray
    """(times,) worlds that have a number."""


class Batch:
    """A batch's directory, read; `refresh` sees what was finished since."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.plan: Plan = read_plan(folder)
        self.blocks: list[Block] = []
        self.refresh()

    def refresh(self) -> None:
        """Take in the blocks that are whole by now."""
        done = {path.stem for path in (self.folder / "done").glob("*.sha256")}
        self.blocks = [block for block in self.plan.blocks if block.name in done]

    @property
    def scenarios(self) -> tuple[str, ...]:
        """Names of the scenarios."""
        return tuple(scenario.name for scenario in self.plan.request.scenarios)

    @property
    def runs(self) -> int:
        """Worlds times points that are done, over all scenarios."""
        return sum(block.runs for block in self.blocks)

    @property
    def tables(self) -> dict[str, list[dict[str, Any]]]:
        """The tables with their columns: name, type, unit, description."""
        return dict(self.plan.document["tables"])

    @property
    def metrics(self) -> list[dict[str, Any]]:
        """Every metric by member: name, member, unit, description, flow, and the times of which quantiles are known."""
        found: dict[tuple[str, str | None], dict[str, Any]] = {}
        for entry in self.tables["worlds"]:
            if "metric" not in entry:
                continue
            row = self.registry[entry["metric"]]
            about = {"name": row.name, "member": entry["member"], "unit": row.unit, "flow": row.flow}
            known = found.setdefault((row.name, entry["member"]), about | {"description": row.description, "times": []})
            known["times"].append(entry["time"])
        for (name, _), known in found.items():
            if self._path_table(name) in self.tables:
                known["times"] = quarters(self.plan.request)
        return list(found.values())

    @property
    def registry(self) -> Mapping[str, Metric]:
        """Every metric by name, with its members in the batch's cast."""
        return registry_of(self.plan.request.cast)

    def by_quarter(self, metric: str, member: str | None = None) -> bool:
        """Whether a metric's path is kept, of one member if it has any."""
        table = self._path_table(metric)
        column = metric if table in LONG else identifier(metric, member or "")
        return any(entry["name"] == column for entry in self.tables.get(table, ()))

    def quarters(self, scenario: str | None = None) -> tuple[str, ...]:
        """The quarters of a scenario's paths."""
        asked = self.plan.request.scenarios[self._scenario(scenario)]
        first, last = quarter_number(asked.start) + 1, quarter_number(self.plan.document["batch"]["until"])
        return tuple(quarter_label(k) for k in range(first, last + 1))

    def files(self, table: str, scenario: str | None = None) -> list[Path]:
        """The files of a table that belong to whole blocks, in their order; of one scenario if it is named."""
        if table not in self.tables:
            raise ValueError(f"{self.folder}: {unknown(table, self.tables, 'table')}; kept: {', '.join(self.tables)}")
        place = None if scenario is None else self._scenario(scenario)
        return [self.folder / file_name(table, block) for block in self.blocks if place in (None, block.scenario)]

    def verify(self) -> list[str]:
        """What is wrong with the blocks that are there, a sentence each."""
        wrong = ((block, damage(self.folder, self.plan, block)) for block in self.blocks)
        return [f"block {block.index}: {text}" for block, text in wrong if text is not None]

    # ------------------------------------------------------------------ quantiles

    def quantiles(
        self,
        metric: str,
        member: str | None = None,
        probs: Sequence[float] = LEVELS,
        scenario: str | None = None,
        point: int | None = None,
        summary: bool = False,
    ) -> Quantiles:
        """Exact quantiles over the worlds of one scenario, in memory that does not grow with them.

        Args:
            metric    a metric of the registry
            member    which firm, provider, generation, where it has any
            probs     probabilities, each 0 to 1
            scenario  default the only one
            point     one point of the design; default all together
            summary   at the horizon or by calendar year also where paths are kept
        Raises: ValueError naming what is unknown and what is allowed.
        """
        row = self.registry.get(metric)
        if row is None:
            raise ValueError(unknown(metric, self.registry, "metric"))
        if (member is None) != (not row.members) or (member is not None and member not in row.members):
            raise ValueError(f"{metric}: member: wanted one of {', '.join(row.members) or 'none'}, got {member}")
        if not all(0.0 <= prob <= 1.0 for prob in probs):
            raise ValueError(f"probs: wanted probabilities from 0 to 1, got {', '.join(map(str, probs))}")
        if point is not None and not 0 <= point < self.plan.points:
            raise ValueError(f"point: wanted 0 to {self.plan.points - 1}, got {point}")
        name = self.scenarios[self._scenario(scenario)]
        table = self._path_table(metric)
        if table in self.tables and not summary:
            times: tuple[str, ...] = self.quarters(name)
            parts = self._path_parts(table, metric, member, name, point)
        else:
            columns = [e for e in self.tables["worlds"] if e.get("metric") == metric and e["member"] == member]
            times = tuple(entry["time"] for entry in columns)
            parts = self._summary_parts([entry["name"] for entry in columns], name, point)
        values, count = exact_quantiles(parts, len(times), probs)
        return Quantiles(metric, member, row.unit, times, tuple(probs), values, count)

    def means(self, metric: str, member: str | None = None, scenario: str | None = None) -> np.ndarray:
        """Means by quarter over the worlds of one scenario that have a number, (quarters,); all points together.

        Raises: ValueError if its path is not kept, or there is no such scenario.
        """
        if not self.by_quarter(metric, member):
            raise ValueError(f"{metric}: no path of it is kept; kept: {', '.join(self.tables)}")
        name = self.scenarios[self._scenario(scenario)]
        parts = self._path_parts(self._path_table(metric), metric, member, name, None)
        total, count = np.zeros(len(self.quarters(name))), np.zeros(len(self.quarters(name)))
        for part in parts():
            total += np.nansum(part, axis=-1, dtype=np.float64)
            count += np.isfinite(part).sum(axis=-1)
        return np.where(count > 0, total / np.maximum(count, 1.0), np.nan)

    def _path_table(self, metric: str) -> str:
        dimension = self.registry[metric].dimension
        if dimension is None or dimension in WIDE:
            return "paths"
        return next(table for table, kinds in LONG.items() if dimension in kinds)

    def _summary_parts(
        self, columns: list[str], scenario: str, point: int | None
    ) -> Callable[[], Iterator[np.ndarray]]:
        def parts() -> Iterator[np.ndarray]:
            for path in self.files("worlds", scenario):
                read = _of_point(pq.read_table(path, columns=["point", *columns]), point)
                yield np.stack([_floats(read[name]) for name in columns])

        return parts

    def _path_parts(
        self, table: str, metric: str, member: str | None, scenario: str, point: int | None
    ) -> Callable[[], Iterator[np.ndarray]]:
        quarters = len(self.quarters(scenario))
        long = table in LONG
        column = metric if long else identifier(metric, member or "")

        def parts() -> Iterator[np.ndarray]:
            keys = ["point", MEMBER[table]] if long else ["point"]
            for path in self.files(table, scenario):
                read = _of_point(pq.read_table(path, columns=[*keys, column]), point)
                if long:
                    read = read.filter(pc.equal(read[MEMBER[table]], member))
                # Rows are world by world, and the quarters within.
                yield _floats(read[column]).reshape(-1, quarters).T

        return parts

    # ------------------------------------------------------------------ SQL

    @contextmanager
    def connection(self, locked: bool = True) -> Iterator[Any]:
        """A DuckDB connection in which every table of the batch is a view; locked, it reaches no file but theirs.

        Its type is not named: whoever keeps a reference to it keeps the library alive past its end.
        """
        with tempfile.TemporaryDirectory(prefix="gigawatt-") as spill, duckdb.connect(config=_ALONE) as connection:
            connection.execute(f"SET memory_limit = '{MEMORY}'; SET temp_directory = {_quoted(spill)}")
            known = []
            for table in self.tables:
                files = [_quoted(path) for path in self.files(table)]
                if not files:
                    raise ValueError(f"{self.folder}: no block is whole yet")
                connection.execute(f"CREATE VIEW {table} AS SELECT * FROM read_parquet([{', '.join(files)}])")
                known += files
            if locked:
                connection.execute(f"SET allowed_paths = [{', '.join(known)}]; SET enable_external_access = false")
            connection.execute("SET lock_configuration = true")
            yield connection

    def query(self, sql: str, most: int | None = None) -> tuple[list[str], list[tuple[Any, ...]]]:
        """The answer to a question in SQL: names of columns, and rows (at most so many).

        A question may come from anybody: it reads the tables of this batch, and neither writes nor reads anything else.
        Raises: ValueError with the first line of DuckDB's complaint.
        """
        with self.connection() as connection:
            try:
                statements = duckdb.extract_statements(sql)
                if not statements:
                    raise ValueError("SQL: wanted a question, got none")
                other = next((entry.type.name for entry in statements if entry.type.name not in QUESTIONS), None)
                if other is not None:
                    raise ValueError(
                        f"SQL: wanted a question, like SELECT or DESCRIBE, got a statement of kind {other}"
                    )
                answer = connection.execute(sql)
                names = [entry[0] for entry in answer.description or []]
                rows = answer.fetchall() if most is None else answer.fetchmany(most)
            except duckdb.Error as error:
                raise ValueError(f"SQL: {(str(error).splitlines() or [''])[0]}") from None
        return names, rows

    def _scenario(self, name: str | None) -> int:
        if name is None:
            if len(self.scenarios) > 1:
                raise ValueError(f"scenario: name one of {', '.join(self.scenarios)}")
            return 0
        if name not in self.scenarios:
            raise ValueError(f"scenario: {unknown(name, self.scenarios, 'scenario of this batch')}")
        return self.scenarios.index(name)


def open_batch(folder: str | Path) -> Batch:
    """A batch's directory for reading.

    Raises: ValueError if it is not one, or its manifest was edited.
    """
    return Batch(Path(folder))


def _quoted(text: object) -> str:
    """A text as SQL writes it."""
    return "'" + str(text).replace("'", "''") + "'"


def _of_point(read: pa.Table, point: int | None) -> pa.Table:
    return read if point is None else read.filter(pc.equal(read["point"], point))


def _floats(column: pa.ChunkedArray) -> np.ndarray:
    """The values as float32, NaN where there is none."""
    filled = pc.fill_null(column, float("nan"))
    return np.asarray(filled.to_numpy(), dtype=np.float32)


__all__ = ["Batch", "Quantiles", "open_batch"]
