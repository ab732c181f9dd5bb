"""Policies and firms from files outside the project: a plugin is a Python file that registers them when it is read.

Every plugin that was read stays for the process, and for the processes that it starts: their names stand in the
environment variable GIGAWATT_PLUGINS, so that a worker reads the same files before it builds a model.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from agents.additions import ADDED
from agents.base import POLICIES

VARIABLE = "GIGAWATT_PLUGINS"
BUILT_IN = ("microsoft", "openai", "oracle", "rivals", "softbank", "vendors", "xai")
"""The files that register the project's own policies; they come first, so that its defaults stay the defaults."""

_LOADED: dict[str, str] = {}


def loaded() -> tuple[str, ...]:
    """The files that were read, as absolute paths in order."""
    return tuple(_LOADED)


def load_plugins(files: Iterable[str | Path]) -> None:
    """Read plugins, each once.

    Raises: ValueError in one line, naming the file: it is missing, is no Python, fails, or registers a policy for a
        firm that does not exist or without the methods that the firm asks. Nothing of such a file stays registered.
    """
    for name in BUILT_IN:
        importlib.import_module(f"agents.{name}")
    for file in files:
        path = Path(file).expanduser().resolve()
        if str(path) not in _LOADED:
            _load(path, str(file))
    if _LOADED:
        os.environ[VARIABLE] = os.pathsep.join(_LOADED)


def load_from_environment() -> None:
    """Read the plugins that the process was started with."""
    given = [path for path in os.environ.get(VARIABLE, "").split(os.pathsep) if path]
    if given:
        load_plugins(given)


def _load(path: Path, given: str) -> None:
    """Run one file; put the registries back as they were if it fails."""
    if not path.is_file():
        raise ValueError(f"plugin {given}: {'is a folder' if path.is_dir() else 'there is no such file'}")
    before, labs = {firm: dict(known) for firm, known in POLICIES.items()}, len(ADDED)
    try:
        _run(path, given)
        strange = [firm for firm in POLICIES if firm not in before]
        if strange:
            allowed = ", ".join(before)
            raise ValueError(f"plugin {given}: no firm {strange[0]!r} asks a policy; allowed: {allowed}")
    except BaseException:
        POLICIES.clear()
        POLICIES.update(before)
        del ADDED[labs:]
        raise
    _LOADED[str(path)] = given


def _run(path: Path, given: str) -> None:
    """Run the file's code as a module of its own."""
    name = f"gigawatt_plugin_{path.stem}"
    try:
        code = compile(path.read_text(encoding="utf-8"), str(path), "exec")
    except SyntaxError as error:
        raise ValueError(f"plugin {given}: line {error.lineno}: {error.msg}") from None
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise ValueError(f"plugin {given}: cannot be read as Python text ({error})") from None
    spec = importlib.util.spec_from_loader(name, loader=None, origin=str(path))
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    module.__file__ = str(path)
    sys.modules[name] = module  # its classes are looked up there
    try:
        exec(code, vars(module))
    except ValueError as error:
        raise ValueError(f"plugin {given}: {error}") from error
    except Exception as error:
        raise ValueError(f"plugin {given}: {type(error).__name__}: {error}") from error
