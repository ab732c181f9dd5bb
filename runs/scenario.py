"""A scenario: where a run starts, what is known, which parameters, policies and events it sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any

from world.calendar import parse_known_until


@dataclass(frozen=True)
class Event:
    """Something that happens in one quarter: a kind with its arguments."""

    quarter: str
    kind: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Scenario:
    """What a run is made of besides its seed and its worlds."""

    name: str
    title: str
    start: str
    known_until: date
    parameters: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    policies: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    events: tuple[Event, ...] = ()
    negotiate: bool = True


BUILT_IN = {
    "baseline": ("2025Q4", "2025Q4"),
    "as-of-2024q3": ("2024Q3", "2024Q3"),
    "as-of-2023q4": ("2023Q4", "2023Q4"),
}


def load_scenario(scenario: str | Mapping[str, Any] | Scenario) -> Scenario:
    """A scenario by name."""
    if isinstance(scenario, Scenario):
        return scenario
    start, known = BUILT_IN[str(scenario)]
    return Scenario(str(scenario), str(scenario), start, parse_known_until(known))
