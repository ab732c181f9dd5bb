"""Fingerprints: of files, and of the model, whose source a run goes through and whose data it starts from."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BEGIN = ("runs/simulate.py", "runs/evidence.py")
"""Files from which all that the posterior depends on is reached by imports."""
_IMPORT = re.compile(r"^\s*(?:from|import)\s+((?:world|agents|runs)(?:\.\w+)*)", re.MULTILINE)
_APART = ("runs/posterior.py", "runs/fingerprint.py", "runs/saving.py")
"""What handles the stored posterior, or a saved market, is no part of the model that the posterior was fitted to."""


@lru_cache(maxsize=1)
def model_fingerprint() -> str:
    """Sixteen hexadecimal digits that change with any line of the model's source, comments too, and with its data."""
    return source_digest(model_files())[:16]


def source_digest(files: Iterable[Path]) -> str:
    """SHA-256 over the names, from the project's root on, and the contents of files, in their order."""
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def model_files() -> list[Path]:
    """The source files that a run and its evidence import, directly or not, and the tables of data, sorted."""
    found: set[Path] = set()
    left = [ROOT / name for name in BEGIN]
    while left:
        path = left.pop()
        if path in found or path.relative_to(ROOT).as_posix() in _APART:
            continue
        found.add(path)
        for name in _IMPORT.findall(path.read_text(encoding="utf-8")):
            file = ROOT / (name.replace(".", "/") + ".py")
            if file.is_file():
                left.append(file)
    data = [*(ROOT / "world" / "data").glob("*.csv"), *(ROOT / "runs").glob("*.csv")]
    return sorted({*found, *data})


__all__ = ["file_digest", "model_files", "model_fingerprint", "source_digest"]
