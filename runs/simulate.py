"""Many worlds of one scenario, as a labelled dataset."""

from __future__ import annotations

import gc
import importlib.metadata
import json
import platform
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from agents.base import PolicyError
from agents.cast import STANDING, Cast
from runs import posterior
from runs.laws import LawBroken
from runs.metrics import Metric, registry_of
from runs.model import LATEST, ComputeMarket
from runs.scenario import Scenario, load_scenario
from world.arrays import Numbers
from world.calendar import quarter_label, quarter_number
from world.draws import Draws
from world.parameters import resolve, specifications

CHUNK = 2000
"""Worlds that are stepped together: as many as stay in the cache. It changes no bit of the result."""

KEEP = ("paths", "summary")

Progress = Callable[[int, int], None]
"""Called with the world-quarters done and their total."""


class RunFailed(RuntimeError):
    """A run stopped before its horizon: says where, and why. A mistake in the input is a ValueError instead."""


def simulate(
    scenario: str | Path | Mapping[str, Any] | Scenario = "baseline",
    worlds: int | Sequence[int] | np.ndarray = 1000,
    seed: int = 1,
    until: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    first_world: int = 0,
    keep: str = "paths",
    *,
    plugins: Sequence[str | Path] = (),
    chunk: int = CHUNK,
    progress: Progress | None = None,
    parameters_from: str | None = None,
) -> xr.Dataset:
    """Simulate a scenario in many worlds and return every metric, labelled.

    Args:
        scenario     a scenario's name, file or mapping
        worlds       how many worlds, or their numbers
        seed         a world's luck depends on the seed and on its number only
        until        last quarter, like 2028Q4; default the model's horizon
        parameters   by owner.name: a number, one per world (worlds,), or a dict with a distribution
        first_world  number of the first world; only where `worlds` is a count
        keep         "paths": every quarter; "summary": stocks at the end, and flows by calendar year
        plugins      files of the user's own with policies and firms (docs/extending.md); they make this run's cast
        chunk        worlds stepped together; the result is the same bits for any
        progress     called after each step with the world-quarters done and their total
        parameters_from  "prior", or "posterior": what the record informs is drawn from the stored posterior, unless the
                     scenario or `parameters` set it; default the posterior where the scenario knows the record that it
                     was fitted to, else the prior
    Returns: a dataset over `world` (their numbers), `quarter` (labels) and one dimension per kind of member, the worlds
        last. A member that a metric does not have, and a price at which nothing was traded, is NaN. Each variable has
        `unit`, `description` and `flow` (whether it is a flow per quarter); the run's settings are the dataset's attrs.
        In a summary, flows lie over `year` with the coordinate `quarters_in_year`, stocks have no quarter.
    Laws (tests/front/test_simulate.py): a world's bits depend on scenario, seed, parameters and its number only,
        neither on the other worlds nor on the chunk.
    Raises: ValueError that names a mistake in what was asked for; LawBroken or RunFailed if the run breaks.
    """
    if keep not in KEEP:
        raise ValueError(f"keep: wanted one of {', '.join(KEEP)}, got {keep!r}")
    if isinstance(chunk, bool) or not isinstance(chunk, int) or chunk < 1:
        raise ValueError(f"chunk: wanted a whole number of worlds, at least 1, got {chunk!r}")
    settings = load_scenario(str(scenario) if isinstance(scenario, Path) else scenario, plugins)
    numbers = Draws(seed, worlds, first_world).world_numbers
    if until is not None:
        _check_until(until, settings.start)
    source = posterior.source_of(parameters_from, settings.known_until)
    given = {**settings.parameters, **(parameters or {})}
    arrays = _arrays(given, numbers, int(seed))

    store: _Store | None = None
    for first in range(0, numbers.size, chunk):
        part = slice(first, min(first + chunk, numbers.size))
        values = {name: arrays[name][part] if name in arrays else value for name, value in given.items()}
        market = ComputeMarket(settings, numbers[part], int(seed), 0, until, values, source)
        if store is None:
            store = _Store(market, numbers, keep)
        if store.whole:  # what is recorded goes where it will stay
            market.history.values = store.of(part)
        step_to_the_end(market, settings.name, first * market.quarters, numbers.size * market.quarters, progress)
        if not store.whole:
            store.fill(part, market.history.values)
        if numbers.size > chunk:  # a finished market is a ring of objects; the next one takes its memory
            del market
            gc.collect()
    assert store is not None
    facts = _facts(settings, numbers, int(seed), store.quarters[-1], parameters or {})
    return store.dataset(facts | {"parameters_from": source})


def _check_until(until: str, start: str) -> None:
    try:
        last = quarter_number(until)
    except ValueError:
        raise ValueError(f"until: {until!r} is not a quarter; wanted one after {start}, like 2028Q4") from None
    if not quarter_number(start) < last <= quarter_number(LATEST):
        raise ValueError(f"until: wanted a quarter after the start {start}, up to {LATEST}, got {until}")


def _arrays(given: Mapping[str, Any], numbers: Numbers, seed: int) -> dict[str, np.ndarray]:
    """The values given per world, checked whole, so that an error in the last chunk shows before the first one runs."""
    table = specifications()
    found = {}
    for name, value in given.items():
        if isinstance(value, Mapping) or np.ndim(value) == 0:
            continue
        if name in table:
            found[name] = resolve(Draws(seed, numbers), {name: value}, table={name: table[name]})[name]
    return found


def step_to_the_end(
    market: ComputeMarket,
    name: str,
    done: int = 0,
    total: int = 0,
    progress: Progress | None = None,
    last: int | None = None,
) -> None:
    """Step until the model stops, or to the calendar quarter `last`, and say where if it cannot.

    Args: done, total: world-quarters, for `progress`.
    Raises: RunFailed naming the quarter and the worlds; LawBroken.
    """
    while market.running and (last is None or market.calendar_quarter < last):
        try:
            market.step()
        except PolicyError:  # the policy's author reads what is wrong, in one line
            raise
        except (ArithmeticError, ValueError, IndexError, KeyError, TypeError) as error:
            numbers = market.draws.world_numbers
            among = f"world {numbers[0]}" if numbers.size == 1 else f"one of the worlds {numbers[0]} to {numbers[-1]}"
            quarter = quarter_label(market.calendar_quarter)
            raise RunFailed(f"{name} failed in {quarter} in {among}: {type(error).__name__}: {error}") from error
        done += market.worlds
        if progress is not None:
            progress(done, total)


class _Store:
    """The arrays of the result (members, times, worlds), made once: paths are recorded in them, a summary is filled in.

    `times` are the quarters, of a summary the years of a flow; a stock of a summary has one.
    """

    def __init__(self, market: ComputeMarket, numbers: Numbers, keep: str) -> None:
        self.numbers = numbers
        self.whole = keep == "paths"
        first = market.state.first_quarter + 1
        self.quarters = [quarter_label(first + k) for k in range(market.quarters)]
        self.years = sorted({label[:4] for label in self.quarters})
        self.registry = registry_of(market.cast)
        self.members = member_dimensions(market.cast)
        self.arrays = {name: np.empty(self._shape(row)) for name, row in self.registry.items()}
        for name, row in self.registry.items():
            self.arrays[name][row.rows :] = np.nan

    def _shape(self, row: Metric) -> tuple[int, int, int]:
        """Room for all members of the dimension where a metric's own come first, else for its own."""
        rows = len(self.members[row.dimension]) if row.dimension and self._in_order(row) else row.rows
        times = len(self.quarters) if self.whole else len(self.years) if row.flow else 1
        return rows, times, self.numbers.size

    def _in_order(self, row: Metric) -> bool:
        """Whether a metric's members are the first ones of their dimension, in its order."""
        return row.dimension is not None and self.members[row.dimension][: row.rows] == row.members

    def of(self, part: slice) -> dict[str, np.ndarray]:
        """The arrays of one chunk, to be written in place."""
        return {name: array[: self.registry[name].rows, :, part] for name, array in self.arrays.items()}

    def fill(self, part: slice, values: Mapping[str, np.ndarray]) -> None:
        """Put the summary of one chunk's history in its place."""
        for name, array in self.of(part).items():
            array[...] = self._reduced(values[name], self.registry[name].flow)

    def _reduced(self, values: np.ndarray, flow: bool) -> np.ndarray:
        """(members, quarters, worlds) to the last quarter of a stock, or to the sums by year of a flow."""
        if not flow:
            return values[:, -1:]
        years = np.zeros((values.shape[0], len(self.years), values.shape[-1]))
        for place, label in enumerate(self.quarters):
            years[:, self.years.index(label[:4])] += values[:, place]
        return years

    def _time(self, name: str) -> tuple[str, ...]:
        """The dimension of time that a metric keeps."""
        if self.whole:
            return ("quarter",)
        return ("year",) if self.registry[name].flow else ()

    def _labelled(self, name: str) -> np.ndarray:
        """A metric's array with exactly the dimensions that it keeps; a member that it does not have is NaN."""
        array, row = self.arrays[name], self.registry[name]
        if not self._time(name):
            array = array[:, 0]
        if row.dimension is None:
            return array[0]
        if self._in_order(row):
            return array
        members = self.members[row.dimension]
        wide = np.full((len(members), *array.shape[1:]), np.nan)
        wide[[members.index(member) for member in row.members]] = array
        return wide

    def dataset(self, facts: Mapping[str, Any]) -> xr.Dataset:
        """The arrays with their names."""
        variables = {}
        for name, row in self.registry.items():
            dimensions = (*([row.dimension] if row.dimension else []), *self._time(name), "world")
            about: dict[str, Any] = {"unit": row.unit, "description": row.description, "long_name": row.description}
            about |= {"members": " ".join(row.members)} if row.dimension else {}
            about |= {"flow": int(row.flow)}
            variables[name] = xr.Variable(dimensions, self._labelled(name), about, fastpath=True)
        coordinates: dict[str, Any] = {"world": self.numbers}
        coordinates |= {dimension: list(names) for dimension, names in self.members.items()}
        if self.whole:
            coordinates["quarter"] = self.quarters
        else:
            coordinates["year"] = [int(year) for year in self.years]
            counts = [sum(label.startswith(year) for label in self.quarters) for year in self.years]
            coordinates["quarters_in_year"] = ("year", counts)
        return xr.Dataset(variables, coordinates, dict(facts) | {"quarters": " ".join(self.quarters)})


def member_dimensions(cast: Cast = STANDING) -> dict[str, tuple[str, ...]]:
    """The kinds of members and the names in each, in the order of the registry."""
    found: dict[str, list[str]] = {}
    for row in registry_of(cast).values():
        if row.dimension is not None:
            known = found.setdefault(row.dimension, [])
            known += [member for member in row.members if member not in known]
    return {dimension: tuple(members) for dimension, members in found.items()}


def _facts(
    settings: Scenario, numbers: Numbers, seed: int, until: str, parameters: Mapping[str, Any]
) -> dict[str, str | int]:
    """What it takes to repeat the run, as plain text and numbers."""
    consecutive = bool((np.diff(numbers) == 1).all())
    return {
        "scenario": settings.name,
        "title": settings.title,
        "worlds": int(numbers.size),
        "first_world": int(numbers[0]),
        "consecutive": int(consecutive),
        "seed": seed,
        "start": settings.start,
        "known_until": settings.known_until.isoformat(),
        "until": until,
        "parameters": json.dumps(dict(parameters), default=_plain),
        "plugins": " ".join(Path(file).name for file, _ in settings.cast.plugins),
        "version": importlib.metadata.version("gigawatt"),
        "numpy": np.__version__,
        "python": platform.python_version(),
        "cpu": cpu(),
    }


def _plain(value: object) -> Any:
    """An array or NumPy number as JSON can hold it."""
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else str(value)


def cpu() -> str:
    """Name of the processor; bits are promised for one NumPy on one set of its features."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


__all__ = [
    "CHUNK",
    "KEEP",
    "LawBroken",
    "RunFailed",
    "cpu",
    "member_dimensions",
    "simulate",
    "step_to_the_end",
]
