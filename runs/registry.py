"""The registry of metrics: what a metric is, and how one is registered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from agents.cast import STANDING, Cast

if TYPE_CHECKING:
    from runs.model import ComputeMarket

Reading = Callable[["ComputeMarket"], np.ndarray]
"""Reads a metric from the market: (worlds,), or (members, worlds)."""


@dataclass(frozen=True)
class Metric:
    """A figure that every quarter records: (worlds,), or (members, worlds) with a name for each member."""

    name: str
    unit: str
    description: str
    read: Reading
    dimension: str | None = None
    members: tuple[str, ...] = ()
    flow: bool = False
    """Whether it is a flow per quarter that adds up over a year."""
    axis: str | None = None
    """The property of a cast that names its members, where these depend on the cast; `members` are then the standing
    ones."""

    @property
    def rows(self) -> int:
        """How many rows of worlds it has: one for each member, or one."""
        return max(len(self.members), 1)


REGISTRY: dict[str, Metric] = {}
"""Every metric by name, in the order of registration, with the members of the standing cast."""


def registry_of(cast: Cast) -> Mapping[str, Metric]:
    """Every metric that is registered by now, by name, with the members of a cast."""
    if cast is STANDING:
        return REGISTRY
    return {
        name: row if row.axis is None else replace(row, members=getattr(cast, row.axis))
        for name, row in REGISTRY.items()
    }


def metric(
    name: str,
    unit: str,
    description: str,
    dimension: str | None = None,
    members: tuple[str, ...] = (),
    flow: bool = False,
    axis: str | None = None,
) -> Callable[[Reading], Reading]:
    """Register a reading under a name (a decorator); `axis` names the property of the cast that has its members."""

    def register(read: Reading) -> Reading:
        named = members if axis is None else getattr(STANDING, axis)
        REGISTRY[name] = Metric(name, unit, description, read, dimension, named, flow, axis)
        return read

    return register


def simple(name: str, unit: str, description: str, read: Reading, **more: object) -> None:
    """Register a reading given as an expression."""
    metric(name, unit, description, **more)(read)  # type: ignore[arg-type]
