"""The stored posterior: draws of those parameters that the record informs, with their weights, in runs/posterior.npz.

Only parameters that the record moves or narrows by more than the noise of the calibration are taken from it; all others
keep their prior, as do those that no record of this kind can tell (runs/calibration.py). A parameter that tells of the
state at the start (`start_` in its name) is that start's own: what the record says of the end of 2023 is no news of the
end of 2025. Carried over, it costs 3 % of the score of a run from 2024Q3 (docs/calibration.md).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import ndtr

from runs.fingerprint import model_fingerprint
from world.draws import Draws
from world.parameters import specifications

FILE = Path(__file__).parent / "posterior.npz"
PRIOR, POSTERIOR = "prior", "posterior"
SOURCES = (PRIOR, POSTERIOR)
STREAM = "posterior"
OF_START = "start_"
"""In the name of a parameter that tells of the state at the start of a run."""
DRAWS = 2000
CELLS = 65536
"""A draw is kept as the cell of its probability under the prior: finer than any parameter is known."""


@dataclass(frozen=True)
class Posterior:
    """Weighted draws, and what was found when they were made."""

    names: tuple[str, ...]
    probability: np.ndarray
    """(names, draws) under the prior, inside (0, 1)."""
    weights: np.ndarray
    """(draws,) adding up to one."""
    about: Mapping[str, Any]
    """Seed, rounds, diagnostics, contraction of every parameter, pairs that trade off, the model's fingerprint."""

    @property
    def older(self) -> bool:
        """Whether it was fitted to another state of the model."""
        return bool(self.about["fingerprint"] != model_fingerprint())


def thinned(
    names: tuple[str, ...], scores: np.ndarray, weights: np.ndarray, about: Mapping[str, Any], draws: int = DRAWS
) -> Posterior:
    """So many draws in place of a few ten thousand weighted worlds: all of large weight, some of the others.

    A world is kept with a chance in proportion to its weight up to a threshold, and then weighs at least that much: no
    mean is moved by it. The choice is by even steps along the sum of chances, not by luck.

    Args:
        names     of the parameters to keep
        scores    (names, worlds) normal scores
        weights   (worlds,)
        about     what is to be stored with it
    """
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if np.minimum(weights / middle, 1.0).sum() <= draws else (middle, high)
    steps = np.floor(np.cumsum(np.minimum(weights / high, 1.0)) + 0.5)
    order = np.flatnonzero(np.diff(steps, prepend=0.0) > 0.0)
    kept = np.maximum(weights[order], high)
    cells = np.floor(ndtr(scores[:, order]) * CELLS).clip(0, CELLS - 1)
    return Posterior(names, (cells + 0.5) / CELLS, kept / kept.sum(), dict(about))


def save(posterior: Posterior, file: Path) -> None:
    """Write a posterior; what was there is replaced whole or not at all."""
    cells = np.round(posterior.probability * CELLS - 0.5).astype(np.uint16)
    beside = file.with_suffix(".part.npz")
    np.savez_compressed(
        beside,
        names=np.array(posterior.names, dtype=np.str_),
        cells=cells,
        weights=posterior.weights.astype(np.float64),
        about=np.array(json.dumps(dict(posterior.about))),
    )
    beside.replace(file)


def load_posterior(file: Path | None = None) -> Posterior:
    """The stored posterior, or that of another file.

    Raises: ValueError if there is none, or if it cannot be read.
    """
    path = FILE if file is None else file
    if not path.is_file():
        raise ValueError(f"posterior: there is none at {path.name}; make one with gigawatt calibrate --store")
    return _loaded(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=2)
def _loaded(path: Path, _: int) -> Posterior:
    try:
        with np.load(path, allow_pickle=False) as stored:
            cells = stored["cells"].astype(np.float64)
            about = json.loads(str(stored["about"]))
            return Posterior(tuple(map(str, stored["names"])), (cells + 0.5) / CELLS, stored["weights"], about)
    except (OSError, KeyError, ValueError, EOFError) as error:
        raise ValueError(f"posterior: {path.name} cannot be read ({type(error).__name__}: {error})") from None


def source_of(asked: str | None, *known_until: date) -> str:
    """Where runs take their parameters from: what is asked for; else the posterior, unless that were hindsight.

    Args: known_until: up to when each scenario knows the record. One that knows less of it than the posterior was
        fitted to takes the prior, and so do all that are compared with it.
    Raises: ValueError if what is asked for is neither one of SOURCES nor a file, or if there is no stored posterior.
    """
    if asked is not None:
        if asked != PRIOR:
            posterior_file(asked)
        return asked
    fitted_to = date.fromisoformat(load_posterior().about["known_until"])
    return POSTERIOR if min(known_until) >= fitted_to else PRIOR


def parameters_from(source: str, seed: int, numbers: np.ndarray, start: str) -> dict[str, np.ndarray]:
    """The parameters that a run takes from a source, by name, each (worlds,): nothing for the prior.

    Raises: ValueError if the source is neither one of SOURCES nor a file, or if there is no stored posterior.
    """
    return {} if source == PRIOR else drawn_from(load_posterior(posterior_file(source)), seed, numbers, start)


def posterior_file(source: str) -> Path:
    """The file that a source names: the stored posterior, or that of `gigawatt calibrate --out`.

    Raises: ValueError.
    """
    if source == POSTERIOR:
        return FILE
    if not Path(source).is_file():
        raise ValueError(f"parameters: wanted one of {', '.join(SOURCES)}, or a posterior's file, got {source!r}")
    return Path(source)


def carried(names: Iterable[str], fitted_from: str | None, start: str) -> list[str]:
    """Which of the parameters that a posterior informs a run from `start` takes from it.

    What tells of the state at the start stays with the start that it was fitted to.
    """
    return [name for name in names if fitted_from == start or OF_START not in name]


def drawn_from(posterior: Posterior, seed: int, numbers: np.ndarray, start: str) -> dict[str, np.ndarray]:
    """The parameters that a run from `start` takes from a posterior, by name, each (worlds,).

    A world's draw depends on the seed and its number only, so it is the same in every scenario.
    """
    table = specifications()
    names = set(carried(posterior.names, posterior.about.get("start"), start))
    steps = np.cumsum(posterior.weights)
    at = np.searchsorted(steps / steps[-1], Draws(seed, numbers).uniform(STREAM))
    at = np.minimum(at, steps.size - 1)
    return {
        name: table[name].quantile(row[at])
        for name, row in zip(posterior.names, posterior.probability, strict=True)
        if name in names and name in table and table[name].distribution != "fixed"
    }


__all__ = [
    "FILE",
    "OF_START",
    "POSTERIOR",
    "PRIOR",
    "SOURCES",
    "Posterior",
    "load_posterior",
    "parameters_from",
    "save",
    "source_of",
    "thinned",
]
