"""Scenarios: where a run starts, what is known, which parameters, policies and events it sets.

The built-in ones are the TOML files in runs/scenarios/; a user's own is a file of the same form, or a mapping.
Whatever is wrong with one raises ValueError with the file, the key, what is allowed and what was given.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

import runs.cast  # noqa: F401  importing the cast registers its policies
from agents.cast import STANDING, Cast
from agents.plugins import read_plugins
from runs.event_kinds import Event, Known, check_event
from world.calendar import last_day, parse_known_until, quarter_label, quarter_number
from world.draws import Draws
from world.parameters import resolve, specifications, unknown
from world.record import starts

FOLDER = Path(__file__).parent / "scenarios"
DEFAULT = "baseline"

KEYS: dict[str, tuple[Any, str]] = {
    "title": (str, "text"),
    "description": (str, "text"),
    "extends": (str, "the name or the file of another scenario"),
    "start": (str, "a quarter like 2024Q3"),
    "known_until": ((str, date), "a day, a month, a quarter or a year, like 2025-02-28"),
    "negotiate": (bool, "true or false"),
    "parameters": (Mapping, "a table of owner.name = number or distribution"),
    "plugins": (list, 'a list of files, like ["my_clouds.py"]'),
    "policies": (Mapping, 'a table of "firm.policy" = "name of a policy"'),
    "events": (list, "an array of tables with quarter, kind and arguments"),
}
"""What a scenario may say: the type of each key, and that type in words."""


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
    description: str = ""
    cast: Cast = STANDING
    """Who is there, and the policies that they may follow."""


def scenario_names() -> list[tuple[str, str]]:
    """The built-in scenarios as (name, title): the default first, then those that stand alone."""
    found = [_read_file(path) for path in sorted(FOLDER.glob("*.toml"))]
    found.sort(key=lambda source: (source.name != DEFAULT, "extends" in source.table, source.name))
    return [(source.name, str(source.table.get("title", source.name))) for source in found]


def load_scenario(
    scenario: str | Path | Mapping[str, Any] | Scenario, plugins: Iterable[str | Path] | Cast = ()
) -> Scenario:
    """The scenario of a name, a file or a mapping, with what it extends put together and everything checked.

    Args:
        scenario   the name of a built-in scenario, the path of a TOML file, or a mapping with the same keys and,
                   if it likes, a name; in a mapping the value of a parameter may also be one per world (worlds,).
                   A Scenario is returned as it is.
        plugins    files of the user's own that make its cast (docs/extending.md), or a cast made already
    Raises: ValueError naming file and key, what is allowed (with the nearest known name) and what was given.
    """
    cast = plugins if isinstance(plugins, Cast) else read_plugins(plugins)
    if isinstance(scenario, Scenario):
        return scenario if cast in (STANDING, scenario.cast) else replace(scenario, cast=cast)
    if isinstance(scenario, Mapping):
        source = _of_mapping(scenario)
    elif isinstance(scenario, (str, Path)):
        source = _find(scenario, None, "scenario")
    else:
        raise ValueError(f"scenario: wanted a name, a path or a mapping, got {scenario!r}")
    chain = list(_chain(source))
    return _assemble(chain, _with_plugins(chain, cast))


# ---------------------------------------------------------------------- reading


@dataclass(frozen=True)
class _Source:
    """One file or mapping as it was read, the place for messages, and the folder where it looks for others."""

    name: str
    where: str
    table: Mapping[str, Any]
    folder: Path | None

    def fail(self, key: str, problem: str) -> ValueError:
        return ValueError(f"{self.where}: {key}: {problem}")


def _of_mapping(given: Mapping[str, Any]) -> _Source:
    table = dict(given)
    name = table.pop("name", "custom")
    if not isinstance(name, str):
        raise ValueError(f"scenario: name: wanted text, got {name!r}")
    return _checked(_Source(name, "scenario", table, None))


def _find(asked: str | Path, folder: Path | None, key: str) -> _Source:
    """The file of a name or a path; a path is looked for beside the file that names it, then from here."""
    text = str(asked)
    built_in = {path.stem: path for path in FOLDER.glob("*.toml")}
    if isinstance(asked, str) and text in built_in:
        return _read_file(built_in[text])
    for path in [*([folder / text] if folder is not None else []), Path(text)]:
        if path.is_file():
            return _read_file(path)
    if isinstance(asked, Path) or text.endswith(".toml") or "/" in text or "\\" in text:
        problem = "is a folder" if Path(text).is_dir() else "there is no such file"
        raise ValueError(f"{key}: {text}: {problem}; wanted a TOML file or one of {', '.join(sorted(built_in))}")
    raise ValueError(
        f"{key}: {unknown(text, built_in, 'scenario')}; "
        f"allowed: {', '.join(sorted(built_in))}, or a path to a TOML file"
    )


def _read_file(path: Path) -> _Source:
    where = f"runs/scenarios/{path.name}" if path.parent == FOLDER else str(path)
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{where}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise ValueError(f"{where}: is not text in UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{where}: is not valid TOML: {error}") from None
    return _checked(_Source(path.stem, where, table, path.parent))


def _checked(source: _Source) -> _Source:
    """The same source if it has known keys of the right types only."""
    for key, value in source.table.items():
        if key not in KEYS:
            raise source.fail(str(key), f"{unknown(key, KEYS, 'key')}; allowed: {', '.join(KEYS)}")
        kind, words = KEYS[key]
        wrong = not isinstance(value, kind) or (key == "known_until" and isinstance(value, datetime))
        wrong |= key == "plugins" and isinstance(value, list) and not all(isinstance(file, str) for file in value)
        if wrong and not (key == "events" and isinstance(value, tuple)):
            raise source.fail(key, f"wanted {words}, got {value!r}")
    return source


def _chain(source: _Source) -> Iterator[_Source]:
    """What a source extends, the farthest first, and then itself."""
    found = [source]
    while "extends" in found[-1].table:
        last = found[-1]
        parent = _find(last.table["extends"], last.folder, f"{last.where}: extends")
        if any(parent.where == other.where for other in found):
            names = " extends ".join(f"{other.where}" for other in [*found, parent])
            raise last.fail("extends", f"goes round in a circle: {names}")
        found.append(parent)
    yield from reversed(found)


# ---------------------------------------------------------------------- putting together


def _with_plugins(chain: list[_Source], cast: Cast) -> Cast:
    """A cast with the plugins that the sources name; a path is looked for beside the file that names it."""
    own = [str((source.folder or Path()) / file) for source in chain for file in source.table.get("plugins", ())]
    try:
        return read_plugins([*(file for file, _ in cast.plugins), *own]) if own else cast
    except ValueError as error:
        raise chain[-1].fail("plugins", str(error)) from None


def _assemble(chain: list[_Source], cast: Cast) -> Scenario:
    """One scenario out of what its sources say; later ones win, events add up."""
    said = {key: source for source in chain for key in source.table}
    leaf = chain[-1]

    def value(key: str, otherwise: Any) -> Any:
        return said[key].table[key] if key in said else otherwise

    start = _start(said.get("start"), leaf)
    known_until = _known_until(said.get("known_until"), start, leaf)
    parameters: dict[str, Any] = {}
    policies: dict[str, str] = {}
    events: list[Event] = []
    for source in chain:
        parameters |= _parameters(source)
        policies |= _policies(source, cast)
        events += _events(source, start, Known(known_until, cast))
    return Scenario(
        name=leaf.name,
        title=leaf.table.get("title", leaf.name),
        start=start,
        known_until=known_until,
        parameters=MappingProxyType(parameters),
        policies=MappingProxyType(policies),
        events=tuple(sorted(events, key=lambda event: quarter_number(event.quarter))),
        negotiate=value("negotiate", True),
        description=leaf.table.get("description", ""),
        cast=cast,
    )


def _start(source: _Source | None, leaf: _Source) -> str:
    known = starts()
    if source is None:
        raise leaf.fail("start", f"is missing; allowed: {', '.join(known)}, or extend a scenario that has one")
    start = source.table["start"]
    if start not in known:
        raise source.fail("start", f"there is no start state of {start!r}; allowed: {', '.join(known)}")
    return str(start)


def _known_until(source: _Source | None, start: str, leaf: _Source) -> date:
    end = last_day(quarter_number(start))
    if source is None:
        return end
    given = source.table["known_until"]
    if not isinstance(given, date):
        try:
            given = parse_known_until(given)
        except ValueError as error:
            raise ValueError(f"{source.where}: {error}") from None
    if given < end:
        raise leaf.fail(
            "known_until", f"a run from {start} knows all up to {end}; wanted that day or a later one, got {given}"
        )
    return given


def _flat(table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Names and values of a table in which `owner.name` may be one key or a table within a table."""
    for key, value in table.items():
        if isinstance(value, Mapping) and "." not in str(key):
            yield from ((f"{key}.{name}", inner) for name, inner in value.items())
        else:
            yield str(key), value


def _parameters(source: _Source) -> dict[str, Any]:
    """The parameters of one source, each within its limits."""
    table = specifications()
    found: dict[str, Any] = {}
    for name, value in _flat(source.table.get("parameters", {})):
        if name not in table:
            raise source.fail(f"parameters.{name}", unknown(name, table, "parameter"))
        # One value per world makes sense in a mapping only: a file does not know the worlds.
        worlds = 1 if isinstance(value, (Mapping, str)) or np.ndim(value) == 0 else len(value)
        if source.folder is not None and isinstance(value, list):
            raise source.fail(f"parameters.{name}", f"wanted a number or a distribution, got {value!r}")
        try:
            resolve(Draws(0, worlds), {name: value}, table={name: table[name]})
        except ValueError as error:
            raise ValueError(f"{source.where}: parameters.{error}") from None
        found[name] = value
    return found


def _policies(source: _Source, cast: Cast) -> dict[str, str]:
    """The policies of one source, each known to its firm."""
    found: dict[str, str] = {}
    known = [f"{firm}.policy" for firm in cast.policies]
    for name, value in _flat(source.table.get("policies", {})):
        if name not in known:
            raise source.fail(
                f"policies.{name}", f"{unknown(name, known, 'policy owner')}; allowed: {', '.join(known)}"
            )
        names = list(cast.policies[name.removesuffix(".policy")])
        if value not in names:
            raise source.fail(f"policies.{name}", f"{unknown(value, names, 'policy')}; allowed: {', '.join(names)}")
        found[name] = value
    return found


def _events(source: _Source, start: str, known: Known) -> list[Event]:
    """The events of one source, checked, with the defaults of their arguments."""
    found = []
    first = quarter_number(start) + 1
    for place, row in enumerate(source.table.get("events", ())):
        key = f"events[{place}]"
        if not isinstance(row, Mapping):
            raise source.fail(key, f"wanted a table with quarter, kind and arguments, got {row!r}")
        for name in row:
            if name not in ("quarter", "kind", "arguments"):
                raise source.fail(
                    f"{key}.{name}", "is not a key of an event; allowed: quarter, kind, and the rest in arguments"
                )
        for name in ("quarter", "kind"):
            if not isinstance(row.get(name), str):
                raise source.fail(f"{key}.{name}", f"wanted text, got {row.get(name)!r}")
        arguments = row.get("arguments", {})
        if not isinstance(arguments, Mapping):
            raise source.fail(f"{key}.arguments", f"wanted a table, got {arguments!r}")
        try:
            if quarter_number(row["quarter"]) < first:
                allowed = f"{quarter_label(first)} or later, the first quarter after the start"
                raise ValueError(f"quarter: wanted {allowed}, got {row['quarter']}")
            found.append(check_event(Event(row["quarter"], row["kind"], arguments), known))
        except ValueError as error:
            raise ValueError(f"{source.where}: {key}: {error}") from None
    return found
