"""Inputs for laws about formulas, and the law that all of them share: a world knows no other world.

Hypothesis' own floats are too tidy for numerics: it draws a seed, and the arrays come from wide distributions with
zeros and ties mixed in.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np
from hypothesis import strategies as st

WORLDS = 7
"""Small, and coprime to the three rows that most laws use, so that a swapped axis cannot pass."""
MANY = 37
"""Enough worlds for every width of vector instruction, with a remainder."""

seeds = st.integers(min_value=0, max_value=2**32 - 1)


class Inputs:
    """Wide random arrays over worlds, from one seed."""

    def __init__(self, seed: int, worlds: int = WORLDS) -> None:
        self._generator = np.random.default_rng(seed)
        self.worlds = worlds

    def amounts(self, *rows: int, scale: float = 1.0, spread: float = 2.0) -> np.ndarray:
        """Lognormal amounts above zero."""
        return scale * self._generator.lognormal(0.0, spread, (*rows, self.worlds))

    def with_zeros(self, *rows: int, scale: float = 1.0, spread: float = 2.0) -> np.ndarray:
        """Lognormal amounts, a fifth of them zero and a fifth tied at the scale."""
        amounts = self.amounts(*rows, scale=scale, spread=spread)
        kind = self._generator.integers(0, 5, amounts.shape)
        return np.where(kind == 0, 0.0, np.where(kind == 1, scale, amounts))

    def shares(self, *rows: int) -> np.ndarray:
        """Shares in [0, 1], with both ends among them."""
        shares = self._generator.uniform(0.0, 1.0, (*rows, self.worlds))
        kind = self._generator.integers(0, 8, shares.shape)
        return np.where(kind == 0, 0.0, np.where(kind == 1, 1.0, shares))

    def between(self, low: float, high: float, *rows: int) -> np.ndarray:
        """Uniform in [low, high)."""
        return self._generator.uniform(low, high, (*rows, self.worlds))

    def signed(self, *rows: int, scale: float = 1.0) -> np.ndarray:
        """Amounts of either sign, some zero."""
        return self.with_zeros(*rows, scale=scale) * self._generator.choice([-1.0, 1.0], (*rows, self.worlds))


def leaves(result: object) -> list[np.ndarray]:
    """The arrays of a result: an array, a tuple of them, or a frozen record of them."""
    if dataclasses.is_dataclass(result) and not isinstance(result, type):
        return [getattr(result, field.name) for field in dataclasses.fields(result)]
    return list(result) if isinstance(result, tuple) else [np.asarray(result)]


def same_bits(left: object, right: object) -> bool:
    """Whether two results hold the same bits."""
    pairs = list(zip(leaves(left), leaves(right), strict=True))
    return all(a.shape == b.shape and a.tobytes() == b.tobytes() for a, b in pairs)


def assert_worlds_apart(formula: Callable[..., object], arguments: Mapping[str, np.ndarray]) -> None:
    """Alone, in a slice and permuted, a world has the bits that it has in the whole; and inputs are left alone."""
    worlds = next(iter(arguments.values())).shape[-1]
    before = {name: value.copy() for name, value in arguments.items()}
    whole = leaves(formula(**arguments))
    assert all(np.array_equal(before[name], value, equal_nan=True) for name, value in arguments.items())

    order = np.random.default_rng(worlds).permutation(worlds)
    for picked in (*([world] for world in range(worlds)), range(2, worlds - 1), order):
        positions = np.asarray(list(picked))
        part = formula(**{name: np.take(value, positions, axis=-1) for name, value in arguments.items()})
        assert same_bits(part, tuple(np.take(leaf, positions, axis=-1) for leaf in whole)), f"worlds {positions}"


def assert_number_is_per_world(
    formula: Callable[..., object], arguments: Mapping[str, np.ndarray], *names: str
) -> None:
    """A parameter as one number gives the bits of the same number in every world."""
    for name in names:
        number = float(arguments[name][0])
        per_world = formula(**{**arguments, name: np.full_like(arguments[name], number)})
        assert same_bits(formula(**{**arguments, name: number}), per_world), name


def rises(smaller: np.ndarray, larger: np.ndarray, tolerance: float = 1e-12) -> bool:
    """Whether `larger` is nowhere below `smaller`, beyond rounding."""
    return bool(np.all(larger >= smaller - tolerance * np.maximum(np.abs(smaller), np.abs(larger)) - 1e-300))
