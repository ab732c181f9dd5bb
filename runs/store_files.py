"""The files of a batch: how they are written and checked, and the record that a block is whole.

A batch's directory:
    manifest.json            what is run, and by what; written before the first block
    TABLE/0000012.parquet    one file per table and block
    done/0000012.sha256      the checksums of a block's files, written last: the block is whole
    aside/                   unfinished files, none of which ends in .parquet; and blocks that were set aside
    market.state             the saved market from which all worlds start, if there is one
    posterior.npz            the posterior from which parameters are drawn, if there is one
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from runs.batch_plan import Block, Plan, plan_of
from runs.fingerprint import file_digest
from runs.whole_files import place, unique, write_whole

MANIFEST = "manifest.json"
STATE = "market.state"
POSTERIOR = "posterior.npz"
DONE = "done"
ASIDE = "aside"


def write_manifest(folder: Path, plan: Plan) -> None:
    """Write the manifest: from then on the directory is a batch."""
    text = json.dumps(plan.document, indent=1, allow_nan=False) + "\n"
    write_whole(folder / MANIFEST, text.encode(), folder / ASIDE)


def read_plan(folder: Path) -> Plan:
    """The plan of a batch's directory.

    Raises: ValueError that says what is wrong with the directory or its manifest.
    """
    path = folder / MANIFEST
    if not folder.is_dir():
        raise ValueError(f"{folder}: there is no such directory")
    if not path.is_file():
        rest = "is empty" if not any(folder.iterdir()) else f"holds no {MANIFEST}"
        raise ValueError(f"{folder}: {rest}: it is not the directory of a batch")
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise ValueError(f"{path}: is not JSON ({error})") from None
    return plan_of(document, str(path))


def write_block(folder: Path, block: Block, tables: Mapping[str, pa.Table]) -> int:
    """Write the files of a block, then its record; returns the bytes written."""
    aside = folder / ASIDE
    aside.mkdir(parents=True, exist_ok=True)
    sums, total, parts = {}, 0, {}
    try:
        for name, table in tables.items():
            part = aside / f"{name}-{block.name}.{unique()}.part"
            parts[name] = part
            _write_parquet(part, table)
            sums[file_name(name, block)] = file_digest(part)
            total += part.stat().st_size
        for name in reversed(list(tables)):
            place(parts[name], folder / file_name(name, block))
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)
    lines = "".join(f"{value}  {name}\n" for name, value in sums.items())
    write_whole(record_path(folder, block), lines.encode(), aside)
    return total


def _write_parquet(path: Path, table: pa.Table) -> None:
    floats = [field.name for field in table.schema if pa.types.is_floating(field.type)]
    others = [field.name for field in table.schema if field.name not in floats]
    with path.open("wb") as file:
        pq.write_table(
            table,
            file,
            compression="zstd",
            compression_level=3,
            # The bytes of floats by place, so that what numbers of one size share stands together.
            use_dictionary=others,
            use_byte_stream_split=floats,
            row_group_size=1 << 20,
            write_statistics=others,
        )
        file.flush()
        os.fsync(file.fileno())


def file_name(table: str, block: Block) -> str:
    """A file of a block, relative to the batch's directory."""
    return f"{table}/{block.name}.parquet"


def record_path(folder: Path, block: Block) -> Path:
    """The record that a block is whole."""
    return folder / DONE / f"{block.name}.sha256"


def damage(folder: Path, plan: Plan, block: Block) -> str | None:
    """What is wrong with a block that has a record, in words; None if it is whole and belongs to the batch."""
    sums = {}
    for line in record_path(folder, block).read_text(encoding="utf-8", errors="replace").splitlines():
        value, _, name = line.partition("  ")
        sums[name] = value
    wanted = [file_name(table, block) for table in plan.document["tables"]]
    if list(sums) != wanted:
        return f"its record does not name {', '.join(wanted)}"
    for name, value in sums.items():
        path = folder / name
        if not path.is_file():
            return f"{name} is missing"
        if file_digest(path) != value:
            return f"{name} is damaged: its checksum differs"
        facts = pq.read_schema(path).metadata or {}
        if facts.get(b"gigawatt.batch") != plan.identity.encode():
            return f"{name} belongs to another batch"
        if facts.get(b"gigawatt.block") != str(block.index).encode():
            return f"{name} is another block's"
    return None


def set_aside(folder: Path, plan: Plan, block: Block) -> None:
    """Move what there is of a block out of the way; nothing is deleted."""
    record_path(folder, block).unlink(missing_ok=True)
    for table in plan.document["tables"]:
        path = folder / file_name(table, block)
        if path.exists():
            path.replace(folder / ASIDE / f"{table}-{block.name}.{unique()}.damaged")


def remove(folder: Path, plan: Plan, block: Block) -> None:
    """Take a whole block out of the batch, its record first."""
    record_path(folder, block).unlink(missing_ok=True)
    for table in plan.document["tables"]:
        (folder / file_name(table, block)).unlink(missing_ok=True)


def sweep(folder: Path) -> None:
    """Remove what a driver that died has left unfinished; what was set aside stays."""
    for part in (folder / ASIDE).glob("*.part"):
        part.unlink(missing_ok=True)
    if (folder / ASIDE).is_dir() and not any((folder / ASIDE).iterdir()):
        (folder / ASIDE).rmdir()
