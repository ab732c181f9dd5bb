"""A scenario as a document of plain values, which `load_scenario` reads back as the same scenario."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from runs.scenario import Scenario


def as_document(scenario: Scenario) -> dict[str, Any]:
    """Everything that a scenario says, with what it extends put together, fit for JSON and for `load_scenario`."""
    return {
        "name": scenario.name,
        "title": scenario.title,
        "description": scenario.description,
        "start": scenario.start,
        "known_until": scenario.known_until.isoformat(),
        "negotiate": scenario.negotiate,
        "parameters": plain(scenario.parameters),
        "policies": dict(scenario.policies),
        "events": [
            {"quarter": event.quarter, "kind": event.kind, "arguments": _given(event.arguments)}
            for event in scenario.events
        ],
    }


def _given(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that have a value: of some, exactly one may be given."""
    return {name: plain(value) for name, value in arguments.items() if value is not None}


def plain(value: Any) -> Any:
    """The same with plain dicts, lists and numbers."""
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    return value
