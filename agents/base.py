"""What every agent has: a name, its parameters, and a policy that can be replaced."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import mesa
import numpy as np

from world.arrays import PerWorld, highest, lowest

POLICIES: dict[str, dict[str, type]] = {}
"""The project's own policies: firm -> policy name -> class. The first one registered is the firm's default."""

_READING: ContextVar[dict[str, dict[str, type]] | None] = ContextVar("policies of a plugin being read", default=None)


@contextmanager
def registering_in(known: dict[str, dict[str, type]]) -> Iterator[None]:
    """Let policies that are registered within the block go to `known` instead, which belongs to a cast."""
    token = _READING.set(known)
    try:
        yield
    finally:
        _READING.reset(token)


class PolicyError(ValueError):
    """A policy failed, or answered what its firm cannot act on."""


def policy(firm: str, name: str) -> Any:
    """Register a policy class under `firm` and `name` (a class decorator).

    Raises: ValueError if the name is taken, or if the class lacks what the firm's default policy answers.
    """

    def register(cls: type) -> type:
        registry = _READING.get()
        known = (POLICIES if registry is None else registry).setdefault(firm, {})
        if name in known:
            raise ValueError(f"{firm}.policy: there is a policy {name!r} already")
        missing = [verb for verb in verbs(next(iter(known.values()), cls)) if not callable(getattr(cls, verb, None))]
        if missing:
            raise ValueError(f"{firm}.policy {name!r}: the class {cls.__name__} lacks the method {missing[0]}")
        known[name] = cls
        return cls

    return register


def verbs(cls: type) -> list[str]:
    """What a policy answers: the public methods of its class."""
    return [name for name, value in vars(cls).items() if callable(value) and not name.startswith("_")]


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
        cast = getattr(model, "cast", None)
        policies: Mapping[str, Mapping[str, type]] = POLICIES if cast is None else cast.policies
        known = policies.get(name, {})
        if policy is not None and policy not in known:
            raise ValueError(f"{name}.policy: no policy named {policy!r}; known: {', '.join(known) or 'none'}")
        self.policy_name = policy or next(iter(known), "")
        self.policy: Any = known[self.policy_name]() if known else None

    def decide(
        self, verb: str, *arguments: Any, shape: tuple[int, ...] | None = None, low: float = 0.0, high: float = np.inf
    ) -> np.ndarray:
        """What the firm's policy answers to a verb, checked.

        Args: shape: of the answer, default (worlds,); low, high: bounds of what the firm can act on.
        Raises: PolicyError naming firm, policy and verb if the policy fails, or if its answer has another shape, is
            not a number, or lies outside the bounds.
        """
        wanted = (self.worlds,) if shape is None else shape
        try:
            answer = np.asarray(getattr(self.policy, verb)(self, *arguments), dtype=np.float64)
        except Exception as error:
            raise PolicyError(f"{self._asked(verb)} failed: {type(error).__name__}: {error}") from error
        if answer.shape not in (wanted, ()):
            asked = self._asked(verb)
            raise PolicyError(f"{asked} answered an array of shape {answer.shape}; wanted {wanted} or one number")
        if not (lowest(answer) >= low and (high == np.inf or highest(answer) <= high)):  # not a number is in no range
            wrong = answer[~((answer >= low) & (answer <= high))].flat[0]
            limits = f"from {low:g} to {high:g}" if np.isfinite(high) else f"of at least {low:g}"
            raise PolicyError(f"{self._asked(verb)} answered {wrong:g}; wanted numbers {limits}")
        return answer if answer.shape == wanted else np.full(wanted, float(answer))

    def _asked(self, verb: str) -> str:
        return f"{self.name}.policy {self.policy_name!r}: {verb}"

    def zeros(self) -> np.ndarray:
        """A fresh (worlds,) array of zeros."""
        return np.zeros(self.worlds)

    def state(self) -> dict[str, np.ndarray]:
        """The agent's own arrays, by name."""
        return {key: value for key, value in vars(self).items() if isinstance(value, np.ndarray)}
