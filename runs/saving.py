"""Saving a market and going on with it: one archive of plain arrays with a header in JSON, versioned and checked.

No object is ever made by a name in the file: loading builds a fresh market of the same scenario and worlds, and then
puts every saved array in its place. So a file from elsewhere can at worst be refused.

Law (tests/batch/test_saving.py): to run, save, load and run on equals running through, bit for bit.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mesa
import numpy as np

from agents.base import Firm
from agents.cast import Cast
from agents.plugins import read_plugins
from runs.batch_program import differences, machine, program
from runs.cast import own_parameters
from runs.scenario import Scenario, load_scenario
from runs.scenario_text import as_document
from runs.state import Cap, Generations, Market, State
from runs.whole_files import place
from world.calendar import quarter_label
from world.draws import Draws
from world.parameters import Parameters

if TYPE_CHECKING:
    from runs.model import ComputeMarket

FORMAT = 3
HEADER, SEAL = "header", "seal"
REBUILT = frozenset(("settings", "cast", "draws", "parameters", "worlds", "history", "datacollector", "quarters"))
"""What a fresh market has of itself, or is saved apart."""
OF_MESA = ("running", "steps")
"""What is saved of Mesa's model. The rest a fresh market has of itself; Mesa's own clock counts steps since loading."""
REBUILT_IN_FIRMS = frozenset(("model", "name", "parameters", "unique_id", "pos", "worlds"))
NOT_BY_WORLD = ("named.label", "named.pair")
"""Arrays of a lease book that have no axis of worlds."""


def save_market(market: ComputeMarket, path: str | Path) -> None:
    """Write a market between two quarters to one file, whole or not at all.

    Raises: ValueError if it cannot be written; TypeError if something in it is no plain array or number.
    """
    arrays: list[np.ndarray] = []
    mesas = vars(mesa.Model()).keys() - set(OF_MESA)
    content = {name: value for name, value in vars(market).items() if name not in REBUILT | mesas}
    tree = {name: _encoded(value, name, arrays) for name, value in content.items()}
    tree["history"] = _encoded(market.history.values, "history", arrays)
    tree["parameters"] = _encoded(dict(market.parameters), "parameters", arrays)
    tree["collected"] = _encoded(dict(market.datacollector.model_vars), "collected", arrays)
    s = market.state
    header = {
        "format": FORMAT,
        "program": program(),
        "machine": machine(),
        "scenario": as_document(market.settings),
        "plugins": plugins_of(market.cast),
        "seed": market.draws.seed,
        "worlds": market.draws.world_numbers.tolist(),
        "until": quarter_label(s.first_quarter + market.quarters),
        "quarter": quarter_label(market.calendar_quarter),
        "tree": tree,
        "digests": [_digest(array) for array in arrays],
    }
    text = json.dumps(header).encode()
    named: dict[str, Any] = {f"a{k}": array for k, array in enumerate(arrays)}
    named |= {HEADER: np.frombuffer(text, np.uint8), SEAL: np.frombuffer(hashlib.sha256(text).digest(), np.uint8)}
    path = Path(path)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            np.savez(file, **named)
            file.flush()
            os.fsync(file.fileno())
        place(part, path)
    except OSError as error:
        raise ValueError(f"{path}: cannot be written ({error.strerror})") from None
    finally:
        part.unlink(missing_ok=True)


def load_market(
    kind: type[ComputeMarket],
    path: str | Path,
    worlds: int | Sequence[int] | np.ndarray | None = None,
    seed: int | None = None,
    plugins: Iterable[str | Path] | Cast = (),
) -> ComputeMarket:
    """A saved market, ready to go on; or many futures from the worlds that were saved.

    Args:
        kind    the class of the market
        path    the file that `save_market` wrote
        worlds  None: the saved worlds go on as they would have. Else how many futures, or their numbers: future i
                starts from saved world i modulo their count, and has the luck of its own number from then on
        seed    of that luck; default the saved one. What was drawn once (parameters, launch dates) stays the past's
        plugins the files that made its cast: a saved market names them, and never runs one by itself
    Raises: ValueError if the file is damaged, or of another format or program, or was saved with other plugins.
    """
    header, arrays = _read(path)
    saved = np.array(header["worlds"], np.int64)
    pick = np.arange(saved.size)
    draws: Draws | None = None
    if worlds is not None or seed is not None:
        present = Draws(header["seed"] if seed is None else seed, saved if worlds is None else worlds)
        pick = present.world_numbers % saved.size if worlds is not None else pick
        draws = Futures(Draws(header["seed"], np.take(saved, pick)), present)
    reader = _Reader(arrays, saved.size, pick)
    tree = header["tree"]
    parameters = {name: reader.value(node) for name, node in tree["parameters"]["d"]}
    market = kind(
        saved_scenario(header, plugins, path),
        worlds=np.take(saved, pick),
        rng=header["seed"],
        until=header["until"],
        parameters=parameters,
    )
    for name, node in tree.items():
        if name not in ("history", "parameters", "collected"):
            setattr(market, name, reader.into(node, getattr(market, name, None)))
    market.history.values = reader.value(tree["history"])
    market.datacollector.model_vars = reader.value(tree["collected"])
    if draws is not None:
        market.draws = draws
    set_parameters(market, {})
    return market


def set_parameters(market: ComputeMarket, values: Mapping[str, np.ndarray]) -> None:
    """Give parameters other values, (worlds,) each, in the model and in every firm, from the next quarter on."""
    market.parameters = Parameters(dict(market.parameters) | dict(values))
    for firm in market.firms.values():
        firm.parameters = own_parameters(market.parameters, firm.name, market.cast)


def read_header(path: str | Path) -> dict[str, Any]:
    """The header of a saved market, checked."""
    return _read(path, with_arrays=False)[0]


def _read(path: str | Path, with_arrays: bool = True) -> tuple[dict[str, Any], list[np.ndarray]]:
    """Header and arrays of a saved market, checked."""
    try:
        with Path(path).open("rb") as file:
            archive = np.load(file, allow_pickle=False)
            text, seal = archive[HEADER].tobytes(), archive[SEAL].tobytes()
            if hashlib.sha256(text).digest() != seal:
                raise ValueError("its header was changed")
            header = json.loads(text)
            _check_header(header, path)
            arrays = [archive[f"a{k}"] for k in range(len(header["digests"]))] if with_arrays else []
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror or error})") from None
    except _Refused:
        raise
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile, AttributeError, TypeError, IndexError):
        raise ValueError(f"{path}: is not a saved market, or is damaged") from None
    for k, array in enumerate(arrays):
        if _digest(array) != header["digests"][k]:
            raise ValueError(f"{path}: is damaged: the checksum of array {k} differs")
    return header, arrays


class _Refused(ValueError):
    """A file that is whole, and is not for this program."""


def _check_header(header: Mapping[str, Any], path: str | Path) -> None:
    if header["format"] != FORMAT:
        raise _Refused(f"{path}: has format {header['format']!r}; this program reads {FORMAT}")
    found = differences(header["program"], program())
    if found:
        raise _Refused(f"{path}: was saved by another program ({'; '.join(found)})")


def plugins_of(cast: Cast) -> dict[str, str]:
    """The names and digests of the files that made a cast."""
    return {Path(file).name: digest for file, digest in cast.plugins}


def saved_scenario(
    header: Mapping[str, Any], plugins: Iterable[str | Path] | Cast = (), path: str | Path = "the saved market"
) -> Scenario:
    """The scenario of a saved market, with the cast that it had. Raises: ValueError if these are not its plugins."""
    cast = plugins if isinstance(plugins, Cast) else read_plugins(plugins)
    if plugins_of(cast) != header["plugins"]:
        had = ", ".join(f"{name} ({digest[:12]})" for name, digest in header["plugins"].items()) or "none"
        has = ", ".join(f"{name} ({digest[:12]})" for name, digest in plugins_of(cast).items()) or "none"
        raise ValueError(f"{path}: was saved with the plugins: {had}; given: {has}")
    return load_scenario(header["scenario"], cast)


class Futures(Draws):
    """The luck of futures: what is drawn once comes from the past's world, every later quarter from their own."""

    def __init__(self, past: Draws, present: Draws) -> None:
        super().__init__(present.seed, present.world_numbers)
        self.past = past

    def uniform(self, stream: str, quarter: int = 0) -> np.ndarray:
        """One uniform number for each future, shape (worlds,)."""
        return self.past.uniform(stream) if quarter == 0 else super().uniform(stream, quarter)


# ---------------------------------------------------------------------- values and documents


def _encoded(value: Any, path: str, arrays: list[np.ndarray]) -> Any:
    """A value as a node of the document, its arrays put aside."""
    if isinstance(value, np.ndarray | np.generic):
        array = np.asarray(value)
        if array.dtype.kind not in "fiubU":
            raise TypeError(f"save: {path} is an array of {array.dtype}, which is not saved")
        arrays.append(array)
        return {"a": len(arrays) - 1}
    if value is None or isinstance(value, bool | int | float | str):
        return {"v": value}
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise TypeError(f"save: {path} has keys that are no text")
        return {"d": [[key, _encoded(entry, f"{path}[{key}]", arrays)] for key, entry in value.items()]}
    if isinstance(value, list | tuple):
        entries = [_encoded(entry, f"{path}[{k}]", arrays) for k, entry in enumerate(value)]
        return {"t" if isinstance(value, tuple) else "l": entries}
    if hasattr(value, "restore"):
        return {"s": [[key, _encoded(entry, f"{path}.{key}", arrays)] for key, entry in value.state().items()]}
    return {"o": [[key, _encoded(v, f"{path}.{key}", arrays)] for key, v in _attributes(value, path).items()]}


def _attributes(value: Any, path: str) -> dict[str, Any]:
    """The attributes of an object whose every attribute may be set."""
    if isinstance(value, Firm):
        found = {name: entry for name, entry in vars(value).items() if name not in REBUILT_IN_FIRMS}
        policy = found.pop("policy", None)
        # Most policies hold nothing but their rule.
        return found | ({"policy": policy} if policy is not None and vars(policy) else {})
    if isinstance(value, State | Market | Cap | Generations):
        # What these work out of their fields and keep they work out anew.
        return {row.name: getattr(value, row.name) for row in fields(value) if row.name not in ("worlds", "cast")}
    if path.endswith(".policy"):
        return dict(vars(value))
    raise TypeError(f"save: {path} is a {type(value).__name__}, which is not saved")


class _Reader:
    """Turns nodes into values, for the saved worlds or for futures of them."""

    def __init__(self, arrays: Sequence[np.ndarray], saved: int, pick: np.ndarray) -> None:
        self.arrays, self.saved, self.pick = arrays, saved, pick
        self.same = np.array_equal(pick, np.arange(saved))

    def into(self, node: Mapping[str, Any], present: Any) -> Any:
        """The value of a node; an object keeps its identity and gets its attributes."""
        if "s" in node:
            present.restore({key: self._array(entry["a"], key) for key, entry in node["s"]})
            return present
        if "o" in node:
            for key, entry in node["o"]:
                setattr(present, key, self.into(entry, getattr(present, key, None)))
            return present
        if "d" in node and isinstance(present, dict):
            return {key: self.into(entry, present.get(key)) for key, entry in node["d"]}
        return self.value(node)

    def value(self, node: Mapping[str, Any]) -> Any:
        """The value of a node that holds no object."""
        if "a" in node:
            return self._array(node["a"])
        if "d" in node:
            return {key: self.value(entry) for key, entry in node["d"]}
        if "l" in node:
            return [self.value(entry) for entry in node["l"]]
        if "t" in node:
            return tuple(self.value(entry) for entry in node["t"])
        return node["v"]

    def _array(self, index: int, name: str = "") -> np.ndarray:
        array = self.arrays[index]
        if self.same or array.ndim == 0 or name in NOT_BY_WORLD:
            return array
        if array.shape[-1] != self.saved:
            raise ValueError(f"load: array {name or index} has shape {array.shape} for {self.saved} worlds")
        return np.take(array, self.pick, axis=-1)


def _digest(array: np.ndarray) -> str:
    head = f"{array.dtype.str} {array.shape} ".encode()
    return hashlib.sha256(head + np.ascontiguousarray(array).tobytes()).hexdigest()


__all__ = ["Futures", "load_market", "plugins_of", "read_header", "save_market", "saved_scenario", "set_parameters"]
