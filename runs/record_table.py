"""The record as rows of plain values: each series with its unit, its values and its counterpart in the model."""

from __future__ import annotations

from typing import Any

from runs.counterparts import counterparts
from world.record import load


def history_rows(text: str = "") -> list[dict[str, Any]]:
    """The series of the record whose name holds a text, in any case, each with its rows and its counterpart."""
    table = counterparts()
    found: dict[str, dict[str, Any]] = {}
    for row in load("history"):
        if text.lower() not in row.name.lower():
            continue
        mine = table.get(row.name)
        entry = found.setdefault(
            row.name,
            {
                "series": row.name,
                "unit": row.unit,
                "metric": None if mine is None else mine.metric,
                "member": (mine.member or None) if mine is not None else None,
                "reading": None if mine is None else mine.reading,
                "informs": mine is not None and mine.inform,
                "scored": mine is not None and mine.score,
                "error": None
                if mine is None
                else {k: getattr(mine, k) for k in ("scale", "error", "premium", "drift")},
                "note": "" if mine is None else mine.note,
                "values": [],
            },
        )
        entry["values"].append(
            {
                "period": row.period,
                "value": row.value,
                "low": row.low,
                "high": row.high,
                "status": row.status,
                "known_from": row.known_from.isoformat(),
                "source": row.source,
            }
        )
    return list(found.values())


__all__ = ["history_rows"]
