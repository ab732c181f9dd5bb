"""Every row of the parameter table moves some metric somewhere: a row that nothing reads would be a lie to its user."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from tests.model.ensembles import STARTS, run_variants, wide
from world.parameters import Specification, specifications

pytestmark = pytest.mark.slow

WORLDS = 4
LEAST = 1e-6
"""Largest change of a metric over its size; rounding alone stays far below."""

HARD_TIMES = {
    "extends": "as-of-2024q3",
    "name": "hard times",
    "parameters": {
        "investors.supply_share": 0.0,
        "softbank.room_use": 0.0,
        "openai.staff_cost_share": 2.0,
        "operators.core_growth": -0.15,
        "lenders.min_dscr": 3.0,
        "lenders.collateral_share": 0.1,
    },
}
"""A world in which money binds: without it credit lines, rescues and cash reserves are never looked at."""


HARD_WINTER = {
    "extends": "demand-winter",
    "events": [{"quarter": "2027Q2", "kind": "demand_shock", "arguments": {"level": -1.0, "of": "services"}}],
}
"""Where the anchor investor's lenders call their margin."""
NEVER_CONVERTED = {"extends": "as-of-2024q3", "parameters": {"openai.conversion_quarters": 60.0}}
"""Where profits are shared to the end."""


def hard_times() -> Mapping[str, object]:
    """The hard times with the parameters that the table has."""
    known = specifications()
    values = {name: value for name, value in HARD_TIMES["parameters"].items() if name in known}  # type: ignore[attr-defined]
    return {**HARD_TIMES, "parameters": values}


def moved(scenario: object, names: list[str], ends: Callable[[Specification], tuple[float, float]]) -> dict[str, float]:
    """The largest relative change of any metric that each parameter makes from its one end to the other."""
    table = specifications()
    changes = [{name: value} for name in names for value in ends(table[name])]
    values = run_variants(scenario, changes, WORLDS).values
    largest = np.zeros(len(names))
    for raw in values.values():
        path = np.where(np.isnan(raw), 0.0, raw)
        size = np.abs(path).max(axis=(1, 2, 3), keepdims=True)
        change = np.abs(path[:, :, 1::2] - path[:, :, 0::2]) / np.maximum(size, 1e-12)
        largest = np.maximum(largest, change.max(axis=(0, 1, 3)))
    return dict(zip(names, largest, strict=True))


def limits(row: Specification) -> tuple[float, float]:
    """The least and the most that is allowed at all."""
    return row.minimum, row.maximum


def test_no_parameter_is_dead() -> None:
    left = [name for name in specifications() if name != "currency.scale"]
    for ends in (wide, limits):
        for scenario in ("stargate-2025", *STARTS, hard_times(), NEVER_CONVERTED, HARD_WINTER):
            effect = moved(scenario, left, ends)
            left = [name for name in left if effect[name] < LEAST]
            if not left:
                return
    raise AssertionError(f"{len(left)} parameters move no metric in any scenario: {', '.join(left)}")
