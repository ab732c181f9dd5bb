"""Runs and ensembles for the tests of the model: whole runs, the first difference of two, and variants side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from runs.deal_sheet import deal_sheet
from runs.metrics import REGISTRY
from runs.model import ComputeMarket
from runs.scenario import load_scenario
from world.calendar import quarter_label
from world.draws import Draws
from world.parameters import Specification, resolve, specifications, unknown

Worlds = int | np.ndarray
Talk = TypeVar("Talk")
STARTS = ("as-of-2023q4", "as-of-2024q3", "baseline")
"""One scenario for each start state."""


def finished(
    scenario: Any, worlds: Worlds, seed: int = 1, until: str | None = None, **parameters: Any
) -> ComputeMarket:
    """A market stepped to its end; a dot in a parameter's name is written as two underscores."""
    market = ComputeMarket(scenario, worlds=worlds, rng=seed, until=until, **parameters)
    return stepped(market)


def stepped(market: ComputeMarket) -> ComputeMarket:
    """The same market after its last quarter."""
    while market.running:
        market.step()
    return market


def talks(market: ComputeMarket, kind: type[Talk]) -> list[tuple[int, int, Talk]]:
    """Quarter, world and negotiation of a kind, over all that a market's recorder kept."""
    assert market.recorder is not None
    return [
        (quarter, world, talk)
        for quarter in market.recorder.pages
        for world in range(market.worlds)
        for talk in deal_sheet(market, quarter, world).talks
        if isinstance(talk, kind)
    ]


def first_differences(one: ComputeMarket, other: ComputeMarket, columns: np.ndarray | slice = slice(None)) -> list[str]:
    """Metrics of `other` that are not those of `one` in the worlds at `columns`, bit for bit, by first quarter.

    If one run is longer, only the quarters that both have are compared.
    """
    found = []
    for name in REGISTRY:
        a, b = one.history.values[name][..., columns], other.history.values[name]
        a, b = a[:, : b.shape[1]], b[:, : a.shape[1]]
        same = (a == b) | (np.isnan(a) & np.isnan(b))
        if not same.all():
            quarter = int(np.flatnonzero(~same.all(axis=(0, 2)))[0])
            found.append((quarter, f"{name} in {quarter_label(one.state.first_quarter + 1 + quarter)}"))
    return [text for _, text in sorted(found)]


def spread_values(seed: int, worlds: int, ends: float = 0.3, limits: float = 0.0) -> dict[str, np.ndarray]:
    """Every parameter per world: anywhere in its plausible range, often at its ends, sometimes at its hard limits.

    Args:   ends    share of the values at the low or high end of the plausible range
            limits  share of the values at the least or the most that is allowed at all
    """
    draw = np.random.default_rng(seed)
    values = {}
    for name, row in specifications().items():
        if name == "currency.scale":
            continue
        kind, side = draw.random(worlds), draw.random(worlds) < 0.5
        value = row.low + (row.high - row.low) * draw.random(worlds)
        value = np.where(kind < ends, np.where(side, row.low, row.high), value)
        values[name] = np.where(kind > 1.0 - limits, np.where(side, row.minimum, row.maximum), value)
    return values


def wide(row: Specification) -> tuple[float, float]:
    """Two values of a parameter that differ: the ends of its plausible range, around the value where that is fixed."""
    if row.low < row.high:
        return row.low, row.high
    if row.central == 0.0:
        return row.minimum, min(row.maximum, 100.0)
    return max(row.minimum, 0.7 * row.central), min(row.maximum, 1.4 * row.central)


@dataclass(frozen=True)
class Variants:
    """One ensemble that holds many variants of the same worlds: the same luck in every variant."""

    values: Mapping[str, np.ndarray]
    """Metrics as (members, quarters, variants, worlds)."""

    def read(self, metric: str, member: str | None = None, when: str = "mean") -> np.ndarray:
        """One figure of each run, (variants, worlds); a metric without a value somewhere counts as zero there.

        Args: when   "mean" over the run, its "first" quarter, the first year ("soon"), its "end", or the "swing":
                     mean change in a quarter
        """
        row = REGISTRY[metric]
        path = self.values[metric][row.members.index(member) if member is not None else 0]
        path = np.where(np.isnan(path), 0.0, path)
        if when == "swing":
            return np.abs(np.diff(path, axis=0)).mean(axis=0)
        if when == "soon":
            return path[:4].mean(axis=0)
        if when == "first":
            return path[0]
        return path[-1] if when == "end" else path.mean(axis=0)


def run_variants(
    scenario: Any, changes: Sequence[Mapping[str, float]], worlds: int, seed: int = 1, until: str | None = None
) -> Variants:
    """Run all variants as one ensemble: variant k sets the parameters of changes[k], all others keep their draws."""
    given = load_scenario(scenario).parameters
    drawn = resolve(Draws(seed, worlds), given)
    columns = len(changes)
    values = {
        name: np.tile(drawn[name], columns).reshape(columns, worlds) for name in drawn if name != "currency.scale"
    }
    for column, change in enumerate(changes):
        for name, value in change.items():
            if name not in values:
                raise ValueError(unknown(name, values, "parameter"))
            values[name][column] = value
    numbers = np.tile(np.arange(worlds), columns)
    flat = {name: array.reshape(-1) for name, array in values.items()}
    market = stepped(ComputeMarket(scenario, worlds=numbers, rng=seed, until=until, parameters=flat))
    history = market.history.values
    return Variants({name: path.reshape(*path.shape[:2], columns, worlds) for name, path in history.items()})
