"""A batch's directory as a whole: begun, opened again, locked, and room for it on its disk."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from shlex import quote
from time import sleep

from runs.batch_plan import Plan, unlike
from runs.fingerprint import file_digest
from runs.store_files import ASIDE, MANIFEST, POSTERIOR, STATE, read_plan, sweep, write_manifest
from runs.store_schema import bytes_per_run
from runs.whole_files import write_whole

TRIES_TO_LOCK = 10


def begin(plan: Plan, folder: Path, files: Mapping[str, Path] | None = None) -> None:
    """Make the directory of a new batch, with copies of the files that it starts from; the manifest is last.

    Args:
        files  by their name in the directory: the saved market (STATE), the posterior (POSTERIOR)
    Raises: ValueError if the directory is not empty, may not be written, or its disk is too small.
    """
    missing = next((name for name in starts_from(plan) if name not in (files or {})), None)
    if missing is not None:
        raise ValueError(f"{folder}: this batch starts from a {missing}, and none is given")
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder}: is not a directory")
    if (folder / MANIFEST).exists():
        raise ValueError(
            f"{folder}: holds a batch already; go on with --resume {quote(str(folder))}, or name another directory"
        )
    if folder.exists() and any(folder.iterdir()):
        raise ValueError(f"{folder}: is not empty; name a new directory")
    check_room(folder, needed_bytes(plan))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in starts_from(plan):
            write_whole(folder / name, (files or {})[name].read_bytes(), folder / ASIDE)
        write_manifest(folder, plan)
        sweep(folder)
    except OSError as error:
        raise ValueError(f"{folder}: cannot be written ({error.strerror})") from None


HEAD, LISTED = 500, 400
"""Bytes of a column beside its values, in each block's file and in the manifest: measured (400 and 300), rounded up."""


def needed_bytes(plan: Plan, runs: int | None = None) -> int:
    """Bytes that so many runs take on disk at most (default all): their values, and the heads of files."""
    if runs is None:
        runs = plan.runs_per_scenario * len(plan.request.scenarios)
    columns = sum(len(table) for table in plan.document["tables"].values())
    blocks = -(-runs // plan.request.block)
    return runs * bytes_per_run(plan.request) + columns * (HEAD * blocks + LISTED)


def check_room(folder: Path, needed: int) -> None:
    """Refuse what the disk cannot hold.

    Raises: ValueError.
    """
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(there).free
    if needed > free:
        raise ValueError(
            f"{folder}: needs up to {needed / 1e9:,.1f} GB and the disk has {free / 1e9:,.1f} GB free; "
            "keep less, or run fewer worlds"
        )


def reopen(folder: Path) -> Plan:
    """The plan of a batch that is to go on.

    Raises: ValueError if it is not a batch, or this program would compute other bits.
    """
    plan = read_plan(folder)
    found = unlike(plan)
    if found:
        raise ValueError(
            f"{folder}: was begun by another program or machine ({'; '.join(found)}); "
            f"begin it anew with --resume {quote(str(folder))} --anew DIR"
        )
    for name, digest in starts_from(plan).items():
        if not (folder / name).is_file() or file_digest(folder / name) != digest:
            raise ValueError(f"{folder / name}: is missing or damaged: it is not what the batch was begun from")
    return plan


def starts_from(plan: Plan) -> dict[str, str]:
    """The files that a batch's worlds start from, by name, with their digests."""
    posterior = plan.request.posterior or {}
    found = {STATE: plan.request.state, POSTERIOR: posterior.get("sha256")}
    return {name: digest for name, digest in found.items() if digest is not None}


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """While it lasts, no other driver works in the directory; the lock dies with its process.

    Raises: ValueError if one does.
    """
    try:
        file = (folder / MANIFEST).open("r+b")
    except OSError as error:
        raise ValueError(f"{folder / MANIFEST}: cannot be opened for writing ({error.strerror})") from None
    with file:
        for _ in range(TRIES_TO_LOCK):
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                sleep(0.1)  # whoever asks for the status holds it for a moment
        else:
            raise ValueError(f"{folder}: another driver is at work on this batch")
        yield


def at_work(folder: Path) -> bool:
    """Whether a driver works in the directory just now."""
    with (folder / MANIFEST).open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
    return False
