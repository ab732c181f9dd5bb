"""What a run says, as numbers: quantiles over worlds, odds with their error, and the JSON document."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import xarray as xr

from agents.cast import title
from runs.metrics import REGISTRY

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
"""The quantiles that tables, figures and JSON show: the median, the middle half and the 90 % band."""


def quantiles(values: np.ndarray, levels: tuple[float, ...] = LEVELS) -> np.ndarray:
    """Quantiles over the worlds for which there is a number, linear between order statistics.

    Args:
        values   (..., worlds)   any unit; NaN where a world has no such figure
        levels   probabilities, each 0 to 1
    Returns:     (levels, ...)   the same unit; NaN where no world has a number
    """
    ordered = np.sort(values, axis=-1)  # NaN comes last
    if ordered.size and not np.isnan(ordered[..., -1]).any():
        return _of_ordered(ordered, levels)
    count = (~np.isnan(ordered)).sum(axis=-1)
    out = np.full((len(levels), *count.shape), np.nan)
    for place, level in enumerate(levels):
        at = level * np.maximum(count - 1, 0)
        below = np.floor(at).astype(np.intp)
        above = np.minimum(below + 1, np.maximum(count - 1, 0))
        low = np.take_along_axis(ordered, below[..., None], axis=-1)[..., 0]
        high = np.take_along_axis(ordered, above[..., None], axis=-1)[..., 0]
        out[place] = low + (at - below) * (high - low)
    return out


def _of_ordered(ordered: np.ndarray, levels: tuple[float, ...]) -> np.ndarray:
    """The same where every world has a number, several times as fast: one place on the axis serves all rows."""
    out, last = np.empty((len(levels), *ordered.shape[:-1])), ordered.shape[-1] - 1
    for place, level in enumerate(levels):
        below = math.floor(level * last)
        low, high = ordered[..., below], ordered[..., min(below + 1, last)]
        out[place] = low + (level * last - below) * (high - low)
    return out


def odds(happens: np.ndarray) -> tuple[float, float]:
    """Share of worlds (0 to 1) in which something happens, and the 95 % Monte Carlo error of that share.

    The error is half of Wilson's interval, which does not vanish where all worlds agree.
    """
    count = happens.size
    share = float(np.asarray(happens, dtype=float).mean())
    z2 = 1.96 * 1.96
    error = 1.96 * math.sqrt(share * (1.0 - share) / count + z2 / (4.0 * count * count)) / (1.0 + z2 / count)
    return share, error


def members_of(dataset: xr.Dataset, metric: str) -> tuple[str, ...]:
    """The members of a metric in the cast of a run; those of the standing cast where the run does not say."""
    found = dataset[metric].attrs.get("members")
    return REGISTRY[metric].members if found is None else tuple(str(found).split())


def series(dataset: xr.Dataset) -> Iterator[tuple[str, str | None, np.ndarray]]:
    """Every metric by member: (name, member or None, values (quarters, worlds)), in the order of the registry."""
    for name, row in REGISTRY.items():
        if name not in dataset:
            continue
        values = dataset[name].to_numpy()
        if row.dimension is None:
            yield name, None, values
            continue
        known = [str(member) for member in dataset[row.dimension].to_numpy()]
        for member in members_of(dataset, name):
            yield name, member, values[known.index(member)]


def as_dictionary(dataset: xr.Dataset, claims: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """The run as the JSON document: settings, quarters, metrics with their quantiles, claims. NaN is None.

    Args:
        dataset   of `simulate` with keep="paths"
        claims    rows of runs/claims.py; worked out here if not given
    """
    if claims is None:
        from runs.claims import claims_table

        claims = claims_table(dataset)
    metrics = []
    for name, member, values in series(dataset):
        rows = quantiles(values)
        metrics.append(
            {
                "name": name,
                "member": member,
                "unit": REGISTRY[name].unit,
                "description": REGISTRY[name].description,
                "quantiles": {f"{level:g}": row.tolist() for level, row in zip(LEVELS, rows, strict=True)},
            }
        )
    document = {
        "run": run_facts(dataset),
        "quarters": [str(label) for label in dataset["quarter"].to_numpy()],
        "metrics": metrics,
        "claims": claims,
    }
    cleaned: dict[str, Any] = without_nan(document)
    return cleaned


def run_facts(dataset: xr.Dataset) -> dict[str, Any]:
    """What it takes to repeat the run."""
    a = dataset.attrs
    names = ("scenario", "worlds", "first_world", "seed", "start", "until")
    facts: dict[str, Any] = {name: a[name] for name in names}
    facts["parameters"] = json.loads(a["parameters"])
    facts["parameters_from"] = a["parameters_from"]
    if not a["consecutive"]:
        facts["world_numbers"] = dataset["world"].to_numpy().tolist()
    return facts | {name: a[name] for name in ("version", "numpy", "python", "cpu")}


def without_nan(value: Any) -> Any:
    """The same document with plain numbers only, and None for what is not a finite number."""
    if isinstance(value, Mapping):
        return {str(key): without_nan(entry) for key, entry in value.items()}
    if isinstance(value, np.ndarray):
        return without_nan(value.tolist())
    if isinstance(value, list | tuple):
        return [without_nan(entry) for entry in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


__all__ = ["LEVELS", "as_dictionary", "members_of", "odds", "quantiles", "run_facts", "series", "title", "without_nan"]
