"""What somebody may set before a run: the parameters with limits, range and source; and the check of such settings."""

from __future__ import annotations

import math
from typing import Any

from runs.parameter_page import OWNERS
from world.parameters import parameters_table, specifications, unknown


def parameter_rows() -> list[dict[str, str | float]]:
    """Every parameter as plain values, with its owner in words."""
    return [
        {**row, "owner": OWNERS.get(str(row["name"]).partition(".")[0], str(row["name"]).partition(".")[0])}
        for row in parameters_table()
    ]


def check_setting(name: str, value: Any) -> float:
    """A parameter's value as a number. Raises: ValueError that names it and what is allowed."""
    table = specifications()
    if name not in table:
        raise ValueError(unknown(name, table, "parameter"))
    row = table[name]
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not row.minimum <= number <= row.maximum:
        raise ValueError(f"{name}: wanted a number, {row.allowed}, got {value}")
    return number


__all__ = ["check_setting", "parameter_rows"]
