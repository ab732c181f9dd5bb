"""Policies and firms from files outside the project: a plugin is a Python file that registers them when it is read.

What it registers goes into a cast, which the scenario carries to every model that is made of it: nothing stays
registered in the process, and who is given no cast has the project's own.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Iterable
from pathlib import Path

from agents.additions import AddedCloud, AddedFirm, AddedLab, adding_to
from agents.base import POLICIES, registering_in
from agents.cast import STANDING, Cast

BUILT_IN = ("microsoft", "openai", "oracle", "rivals", "softbank", "vendors", "xai")
"""The files that register the project's own policies; they come first, so that its defaults stay the defaults."""


_MADE: dict[tuple[tuple[Path, str], ...], Cast] = {}
"""Casts made before, by path and SHA-256 of their files: the same files are run once."""


def read_plugins(files: Iterable[str | Path]) -> Cast:
    """The cast with what plugins bring; the standing one if there are none. The same files give the same object.

    Raises: ValueError in one line, naming the file: it is missing, is no Python, fails, registers a policy for a firm
        that does not exist or without the methods that the firm asks, or adds a firm that cannot be.
    """
    found: dict[Path, tuple[Path, str, str]] = {}
    for file in files:
        path = Path(file).expanduser().resolve()
        found.setdefault(path, (path, _digest(path, str(file)), str(file)))
    content = tuple((path, digest) for path, digest, _ in found.values())
    if found and content not in _MADE:
        _MADE[content] = _cast_of(list(found.values()))
    return _MADE[content] if found else STANDING


def _digest(path: Path, given: str) -> str:
    if not path.is_file():
        raise ValueError(f"plugin {given}: {'is a folder' if path.is_dir() else 'there is no such file'}")
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ValueError(f"plugin {given}: cannot be read ({error.strerror})") from None


def _cast_of(files: list[tuple[Path, str, str]]) -> Cast:
    """The cast of files, each (path, SHA-256, name as given)."""
    for name in BUILT_IN:
        importlib.import_module(f"agents.{name}")
    policies = {firm: dict(known) for firm, known in POLICIES.items()}
    added: list[AddedFirm] = []
    cast = STANDING
    for place, (path, digest, given) in enumerate(files):
        with registering_in(policies), adding_to(added):
            _run(path, digest, given)
        allowed = [*POLICIES, *(firm.name for firm in added)]
        strange = [firm for firm in policies if firm not in allowed]
        if strange:
            raise ValueError(f"plugin {given}: no firm {strange[0]!r} asks a policy; allowed: {', '.join(allowed)}")
        try:
            cast = Cast(
                tuple(firm for firm in added if isinstance(firm, AddedLab)),
                tuple(firm for firm in added if isinstance(firm, AddedCloud)),
                policies,
                tuple((str(other), its) for other, its, _ in files[: place + 1]),
            )
        except ValueError as error:
            raise ValueError(f"plugin {given}: {error}") from None
    return cast


def _run(path: Path, digest: str, given: str) -> None:
    """Run the file's code as a module of its own."""
    name = f"gigawatt_plugin_{path.stem}_{digest[:12]}"
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
