"""Files that appear whole or not at all, even if the power fails: written aside, flushed, renamed."""

from __future__ import annotations

import os
import socket
import uuid
from pathlib import Path


def write_whole(path: Path, content: bytes, aside: Path) -> None:
    """Write a file so that it is there whole or not at all, even if the power fails."""
    aside.mkdir(parents=True, exist_ok=True)
    part = aside / f"{path.name}.{unique()}.part"
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        place(part, path)
    finally:
        part.unlink(missing_ok=True)


def place(part: Path, path: Path) -> None:
    """Give a finished, flushed file its name, and flush the directory that holds the name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part.replace(path)
    flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """Ask the disk to keep the names in a folder."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def unique() -> str:
    """A part of a name that no other process, here or on another machine, has."""
    return f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"


__all__ = ["flush_folder", "place", "unique", "write_whole"]
