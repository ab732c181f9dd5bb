"""What every agent has: a name, its parameters, and a policy that can be replaced."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Iterator
from typing import Any

import mesa
import numpy as np

from world.arrays import PerWorld

POLICIES: dict[str, dict[str, type]] = {}
"""Registered policies: firm -> policy name -> class. The first one registered is the firm's default."""


def policy(firm: str, name: str) -> Any:
    """Register a policy class under `firm` and `name` (a class decorator)."""

    def register(cls: type) -> type:
        POLICIES.setdefault(firm, {})[name] = cls
        return cls

    return register


class _Counters(weakref.WeakKeyDictionary):
    """The next agent's number in each model that lives."""

    def __getitem__(self, model: mesa.Model) -> Iterator[int]:
        return self.setdefault(model, itertools.count(1))


class Firm(mesa.Agent):
    """A named decision maker whose state is an array over worlds; `money` is its currency's units per dollar.

    Args:
        model: the market it belongs to; an agent never reads it, it is handed views.
        name: as in the cast.
        parameters: namespace of its own parameters, each (worlds,).
        worlds: how many worlds it lives in.
        policy: name of its policy; None for the default one.
    Raises: ValueError naming the firm and the known policies if there is no such policy.
    """

    _ids = _Counters()  # Mesa before 3.5 numbers agents in a dict that keeps every model for good

    def __init__(self, model: mesa.Model, name: str, parameters: Any, worlds: int, policy: str | None = None) -> None:
        super().__init__(model)
        self.name = name
        self.parameters = parameters
        self.worlds = worlds
        self.money: PerWorld = getattr(parameters, "money", np.ones(worlds))
        known = POLICIES.get(name, {})
        if policy is not None and policy not in known:
            raise ValueError(f"{name}.policy: no policy named {policy!r}; known: {', '.join(known) or 'none'}")
        self.policy: Any = known[policy or next(iter(known))]() if known else None

    def zeros(self) -> np.ndarray:
        """A fresh (worlds,) array of zeros."""
        return np.zeros(self.worlds)

    def state(self) -> dict[str, np.ndarray]:
        """The agent's own arrays, by name."""
        return {key: value for key, value in vars(self).items() if isinstance(value, np.ndarray)}
