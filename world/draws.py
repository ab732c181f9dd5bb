"""Random draws: one uniform for each (seed, stream, quarter, world number), and inverse CDFs that shape it.

The generator is a counter: NumPy's Philox, keyed by a hash of seed, stream and quarter, at the counter of the world.
So a world has the same luck alone or in a batch of a million, in every scenario and chunk, and a new stream
changes no other. A quasi-random design replaces the uniforms and nothing else.

Source: Salmon, Moraes, Dror, Shaw, Parallel random numbers: as easy as 1, 2, 3 (SC 2011), Philox4x64-10.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import isfinite
from numbers import Integral
from typing import Any

import numpy as np
from numpy.random import Philox
from scipy.special import ndtri, stdtrit

from world.arrays import Numbers, PerWorld, per_world, positive, require

Value = float | int | PerWorld
"""A distribution's argument: one number, or one for each world."""
Bound = float | np.ndarray
"""The same once it is checked."""

QUARTERS_AHEAD = 5
"""How many quarters of a stream are drawn at once; it changes no bit."""
_BITS_OF_ONE = np.ones(1).view(np.uint64)[0]
_LANES = 4  # 64-bit words that Philox4x64 makes of one counter
_MOST_SPANS = 24  # beyond this many runs of consecutive worlds the counters are hashed side by side instead
_LARGEST_GAP = 32  # worlds between two runs that are cheaper to draw and drop than to jump over


class Draws:
    """The luck of a set of worlds.

    Args:                                       shape
        seed         any integer
        worlds       how many worlds, or their numbers (worlds,), integers >= 0 in any order
        first_world  the number of the first world, where `worlds` is a count
        replace      uniforms (worlds,) inside (0, 1) by stream, in the order of `worlds`, in place of the generator's.
                     A name alone stands for quarter 0 (parameters, launch dates); a pair (stream, quarter) for any.
    Laws (tests/invariants/test_draws.py): a world's draw depends on seed, stream, quarter and world number only;
        draws lie strictly inside (0, 1).
    Raises: ValueError naming the argument, what is allowed and what was given.
    """

    def __init__(
        self,
        seed: int | np.integer,
        worlds: int | np.integer | Sequence[int] | np.ndarray,
        first_world: int | np.integer = 0,
        replace: Mapping[Any, np.ndarray] | None = None,
    ) -> None:
        self.seed = _integer(seed, "seed")
        self.world_numbers = _world_numbers(worlds, first_world)
        self.worlds = len(self.world_numbers)
        self._plan = _Plan(self.world_numbers)
        self._ahead: dict[str, tuple[int, np.ndarray]] = {}
        self._replaced = self._check_replaced(replace or {})

    def uniform(self, stream: str, quarter: int = 0) -> PerWorld:
        """One uniform number strictly inside (0, 1) for each world, shape (worlds,)."""
        replaced = self._replaced.get((stream, int(quarter)))
        if replaced is not None:
            return replaced.copy()
        if quarter != 0 and stream in self._replaced_by_name:
            raise ValueError(
                f"replace: {stream!r} is replaced for quarter 0 but is drawn for quarter {quarter}; "
                f"name the quarter, as ({stream!r}, {quarter})"
            )
        return self._drawn_ahead(stream, int(quarter)) if quarter else self._plan.uniform(_key(self.seed, stream, 0))[0]

    def _drawn_ahead(self, stream: str, quarter: int) -> PerWorld:
        """A quarter's uniforms, drawn with those of the next few: one after the other costs a third. Read only."""
        first, block = self._ahead.get(stream, (0, None))
        if block is None or not first <= quarter < first + QUARTERS_AHEAD:
            first, keys = quarter, [_key(self.seed, stream, quarter + k) for k in range(QUARTERS_AHEAD)]
            block = self._plan.uniform(*keys)
            block.setflags(write=False)
            self._ahead[stream] = first, block
        drawn: PerWorld = block[quarter - first]
        return drawn

    def normal(self, stream: str, quarter: int = 0) -> PerWorld:
        """One standard normal number for each world, shape (worlds,)."""
        return ndtri(self.uniform(stream, quarter))

    def student_t(self, stream: str, quarter: int, dof: Value) -> PerWorld:
        """One Student t number for each world, shape (worlds,); `dof` > 0, one number or (worlds,)."""
        return student_t(self.uniform(stream, quarter), dof)

    def replaced_streams(self) -> tuple[str, ...]:
        """The streams that do not come from the generator, sorted."""
        return tuple(sorted({stream for stream, _ in self._replaced}))

    def _check_replaced(self, replace: Mapping[Any, np.ndarray]) -> dict[tuple[str, int], np.ndarray]:
        self._replaced_by_name = frozenset(key for key in replace if isinstance(key, str))
        checked = {}
        for key, values in replace.items():
            stream, quarter = (key, 0) if isinstance(key, str) else key
            name = f"replace[{key!r}]"
            array = np.array(values, dtype=np.float64)
            if array.shape != (self.worlds,):
                raise ValueError(f"{name}: expected {self.worlds} numbers (one per world), got shape {array.shape}")
            require(array, lambda a: (a > 0.0) & (a < 1.0), name, "a number strictly between 0 and 1")
            checked[stream, int(quarter)] = array
        return checked


def triangular(u: PerWorld, low: Value, mode: Value, high: Value) -> PerWorld:
    """The triangular distribution at probability u (worlds,); low <= mode <= high, equal bounds allowed.

    Raises: ValueError naming argument and first world where a bound is not finite, or the bounds are out of order.
    """
    low, mode, high = _ordered(u, low=low, mode=mode, high=high)
    return _bounded(_triangular(u, low, mode, high), low, high)


def uniform_between(u: PerWorld, low: Value, high: Value) -> PerWorld:
    """The uniform distribution between low and high (low <= high) at probability u (worlds,)."""
    low, high = _ordered(u, low=low, high=high)
    return _bounded(low + u * (high - low), low, high)


def log_uniform(u: PerWorld, low: Value, high: Value) -> PerWorld:
    """The distribution whose logarithm is uniform between those of low and high (0 < low <= high) at u (worlds,)."""
    low, high = _ordered(u, low=low, high=high)
    start, end = np.log(require(np.atleast_1d(low), positive, "low", "a number above 0")), np.log(high)
    return _bounded(np.exp(start + u * (end - start)), low, high)


def log_triangular(u: PerWorld, low: Value, mode: Value, high: Value) -> PerWorld:
    """The distribution whose logarithm is triangular (0 < low <= mode <= high) at probability u (worlds,)."""
    low, mode, high = _ordered(u, low=low, mode=mode, high=high)
    require(low, positive, "low", "a number above 0")
    return _bounded(np.exp(_triangular(u, np.log(low), np.log(mode), np.log(high))), low, high)


def exponential(u: np.ndarray) -> np.ndarray:
    """Delay with mean one, at probability u (..., worlds): mostly short, now and then long; at most four times that."""
    return np.minimum(-np.log1p(-u), 4.0)


def student_t(u: PerWorld, dof: Value) -> PerWorld:
    """Student's t distribution with `dof` > 0 degrees of freedom at probability u (worlds,); its scale is 1."""
    return stdtrit(require(per_world(dof, len(u), "dof"), positive, "dof", "a number above 0"), u)


class _Plan:
    """How to draw for a set of world numbers: as runs of consecutive worlds, or one counter for each world."""

    def __init__(self, numbers: np.ndarray) -> None:
        self._numbers = numbers
        distinct = np.unique(numbers)
        breaks = np.flatnonzero(np.diff(distinct) > _LARGEST_GAP) + 1
        starts = np.take(distinct, np.concatenate(([0], breaks)))
        ends = np.take(distinct, np.concatenate((breaks - 1, [len(distinct) - 1])))
        starts -= starts % _LANES
        self._spans = [(int(start), int(end) + 1 - int(start)) for start, end in zip(starts, ends, strict=True)]
        self._scattered = len(self._spans) > _MOST_SPANS
        lengths = np.array([length for _, length in self._spans])
        offsets = np.cumsum(lengths) - lengths
        span = np.searchsorted(starts, numbers, side="right") - 1
        self._positions = np.take(offsets, span) + (numbers - np.take(starts, span))
        first = int(self._positions[0])
        in_order = np.array_equal(self._positions, np.arange(first, first + len(numbers)))
        self._slice = slice(first, first + len(numbers)) if in_order else None
        self._generator = Philox(key=0)

    def uniform(self, *keys: tuple[int, int]) -> np.ndarray:
        """One uniform number for each key and world, (keys, worlds)."""
        words = np.empty((len(keys), len(self._numbers)), dtype=np.uint64)
        for row, key in zip(words, keys, strict=True):
            row[...] = _philox_words(self._numbers, key) if self._scattered else self._words(key)
        return _open_interval(words)

    def _words(self, key: tuple[int, int]) -> np.ndarray:
        runs = [self._run(start, length, key) for start, length in self._spans]
        words = runs[0] if len(runs) == 1 else np.concatenate(runs)
        return words.take(self._positions) if self._slice is None else words[self._slice]

    def _run(self, start: int, length: int, key: tuple[int, int]) -> np.ndarray:
        """The words of `length` consecutive worlds from `start`, a multiple of 4, by NumPy's generator."""
        # A generator that is set anew is ready in a fifth of the time of a new one. It raises the counter before its
        # first block, and its buffer of one block is used up.
        state: Any = {
            "bit_generator": "Philox",
            "state": {"counter": (start // _LANES, 0, 0, 0), "key": key},
            "buffer": (0,) * _LANES,
            "buffer_pos": _LANES,
            "has_uint32": 0,
            "uinteger": 0,
        }
        self._generator.state = state
        words: np.ndarray = self._generator.random_raw(length)
        return words


def _philox_words(numbers: np.ndarray, key: tuple[int, int]) -> np.ndarray:
    """The same words for worlds anywhere, all counters hashed side by side; about 30 times dearer per world."""
    first = (numbers // _LANES + 1).astype(np.uint64)
    block = [first, np.zeros_like(first), np.zeros_like(first), np.zeros_like(first)]
    keys = list(key)
    for _ in range(10):
        high_a, low_a = _multiply(0xD2E7470EE14C6C93, block[0])
        high_b, low_b = _multiply(0xCA5A826395121157, block[2])
        block = [high_b ^ block[1] ^ np.uint64(keys[0]), low_b, high_a ^ block[3] ^ np.uint64(keys[1]), low_a]
        keys = [(keys[0] + 0x9E3779B97F4A7C15) % 2**64, (keys[1] + 0xBB67AE8584CAA73B) % 2**64]
    return np.choose(numbers % _LANES, block)


def _multiply(factor: int, words: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The high and the low 64 bits of factor * words, by halves of 32 bits."""
    half, mask = np.uint64(32), np.uint64(0xFFFFFFFF)
    factor_low, factor_high = np.uint64(factor & 0xFFFFFFFF), np.uint64(factor >> 32)
    words_low, words_high = words & mask, words >> half
    middle = factor_high * words_low + (factor_low * words_low >> half)
    carried = factor_low * words_high + (middle & mask)
    return factor_high * words_high + (middle >> half) + (carried >> half), np.uint64(factor) * words


def _open_interval(words: np.ndarray) -> np.ndarray:
    """The middle of one of 2**52 equal cells of (0, 1): never 0, never 1, symmetric about one half. In place."""
    # 52 bits after the exponent of one are a number in [1, 2): no conversion, and every step is exact.
    words >>= np.uint64(12)
    words |= _BITS_OF_ONE
    uniform = words.view(np.float64)
    uniform -= 1.0
    uniform += 2.0**-53
    return uniform


def _key(seed: int, stream: str, quarter: int) -> tuple[int, int]:
    digest = hashlib.blake2b(f"{seed}\0{quarter}\0{stream}".encode(), digest_size=16).digest()
    return int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:], "little")


def _world_numbers(worlds: object, first_world: object) -> Numbers:
    first = _integer(first_world, "first_world")
    given = np.asarray(worlds)
    if given.ndim == 0:
        count = _integer(worlds, "worlds")
        if count < 1:
            raise ValueError(f"worlds: {count} is not a number of worlds; wanted at least 1")
        if not 0 <= first <= 2**62:
            raise ValueError(f"first_world: {first} is out of range; wanted 0 to 2**62")
        numbers = first + np.arange(count, dtype=np.int64)
    else:
        if first != 0:
            raise ValueError(f"first_world: {first} was given with an array of world numbers; give one of the two")
        if given.ndim != 1 or given.size == 0 or given.dtype.kind not in "iu":
            raise ValueError(
                f"worlds: wanted a number or a list of whole numbers, got shape {given.shape} of {given.dtype}"
            )
        wrong = np.flatnonzero((given < 0) | (given > 2**62))
        if wrong.size:
            raise ValueError(f"worlds: index {wrong[0]} is {given[wrong[0]]}; wanted 0 to 2**62")
        numbers = given.astype(np.int64)
    numbers.setflags(write=False)
    return numbers


def _integer(value: object, name: str) -> int:
    if isinstance(value, (Integral, np.ndarray)) and not isinstance(value, bool):
        array = np.asarray(value)
        if array.ndim == 0 and array.dtype.kind in "iuO":
            return int(array)
    raise ValueError(f"{name}: {value!r} is not a whole number")


def _triangular(u: np.ndarray, low: Bound, mode: Bound, high: Bound) -> np.ndarray:
    width, below = high - low, mode - low
    rising = u * width
    above = rising >= below
    rising *= below
    np.sqrt(rising, out=rising)
    rising += low
    falling = 1.0 - u
    falling *= width
    falling *= high - mode
    np.sqrt(falling, out=falling)
    np.copyto(rising, np.subtract(high, falling, out=falling), where=above)
    return rising


def _bounded(drawn: np.ndarray, low: Bound, high: Bound) -> np.ndarray:
    """What was drawn, inside its bounds: rounding may have passed one by a unit in the last place. Written in place."""
    return np.minimum(np.maximum(drawn, low, out=drawn), high, out=drawn)


def _ordered(u: np.ndarray, **bounds: Value) -> tuple[Bound, ...]:
    """The bounds, each one for all worlds or for every world, checked to be finite and in rising order."""
    if all(isinstance(bound, float) for bound in bounds.values()):
        numbers = [float(bound) for bound in bounds.values()]
        if all(map(isfinite, numbers)) and numbers == sorted(numbers):
            return tuple(numbers)
    arrays = tuple(per_world(bound, len(u), name) for name, bound in bounds.items())
    for lower, upper in pairwise(arrays):
        if not (lower <= upper).all():
            world = int(np.argmin(lower <= upper))
            given = ", ".join(f"{name} {array[world]}" for name, array in zip(bounds, arrays, strict=True))
            raise ValueError(f"bounds: world {world} has {given}; wanted {' <= '.join(bounds)}")
    return arrays
