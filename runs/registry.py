"""The registry of metrics: what a metric is, and how one is registered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

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


REGISTRY: dict[str, Metric] = {}
"""Every metric by name, in the order of registration."""


def metric(
    name: str,
    unit: str,
    description: str,
    dimension: str | None = None,
    members: tuple[str, ...] = (),
    flow: bool = False,
) -> Callable[[Reading], Reading]:
    """Register a reading under a name (a decorator)."""

    def register(read: Reading) -> Reading:
        REGISTRY[name] = Metric(name, unit, description, read, dimension, members, flow)
        return read

    return register


def simple(name: str, unit: str, description: str, read: Reading, **more: object) -> None:
    """Register a reading given as an expression."""
    metric(name, unit, description, **more)(read)  # type: ignore[arg-type]
