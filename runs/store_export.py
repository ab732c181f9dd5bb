"""A table of a batch as CSV, as an Excel sheet or as netCDF, written aside and then given its name."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import xarray as xr

from runs.store import Batch
from runs.store_schema import MEMBER, long_members

MOST_ROWS_OF_A_SHEET = 1_048_575
MOST_BYTES_OF_NETCDF = 2_000_000_000
"""The classic format, which needs no further library, is put together in memory."""
ROWS = 50_000


def export(batch: Batch, table: str, form: str, path: Path) -> int:
    """Write a table to a file that is not there yet; returns its rows.

    Args:
        form  "csv" and "xlsx": a row for each row of the table; "netcdf": labelled arrays over run, quarter and member
    Raises: ValueError if the table or the format cannot do it, or the file cannot be written.
    """
    files = batch.files(table)
    if not files:
        raise ValueError(f"{batch.folder}: no block is whole yet")
    if path.exists():
        raise ValueError(f"--out: {path} exists already")
    if not path.absolute().parent.is_dir():
        raise ValueError(f"--out: there is no directory {path.absolute().parent}")
    rows = 0
    for file in files:
        try:
            rows += pq.read_metadata(file).num_rows
        except pa.ArrowException as error:
            raise ValueError(f"{file}: is damaged ({error}); gigawatt batch --resume runs it again") from None
    writers: dict[str, Callable[[Batch, str, Path, int], None]] = {"csv": _csv, "xlsx": _xlsx, "netcdf": _netcdf}
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        writers[form](batch, table, part, rows)
        part.replace(path)
    except OSError as error:
        raise ValueError(f"--out: {path} cannot be written ({error.strerror or error})") from None
    finally:
        part.unlink(missing_ok=True)
    return rows


def _csv(batch: Batch, table: str, path: Path, _: int) -> None:
    name = str(path).replace("'", "''")
    with batch.connection(locked=False) as connection:
        try:
            connection.execute(f"COPY {table} TO '{name}' (FORMAT csv, HEADER)")
        except duckdb.Error as error:
            raise OSError((str(error).splitlines() or [""])[0]) from None


def _xlsx(batch: Batch, table: str, path: Path, rows: int) -> None:
    from openpyxl import Workbook

    if rows > MOST_ROWS_OF_A_SHEET:
        raise ValueError(f"xlsx: a sheet holds {MOST_ROWS_OF_A_SHEET:,} rows and {table} has {rows:,}; take csv")
    book = Workbook(write_only=True)
    sheet, about = book.create_sheet(table), book.create_sheet("columns")
    columns = batch.tables[table]
    sheet.append([entry["name"] for entry in columns])
    for file in batch.files(table):
        for part in pq.ParquetFile(file).iter_batches(ROWS):
            for row in zip(*(column.to_pylist() for column in part.columns), strict=True):
                sheet.append(row)
    about.append(["column", "unit", "description"])
    for entry in columns:
        about.append([entry["name"], entry["unit"], entry["description"]])
    book.save(path)


def _netcdf(batch: Batch, table: str, path: Path, _: int) -> None:
    """Runs, then quarters, then members; a scenario that starts later has no number before."""
    if table == "flows":
        raise ValueError("netcdf: the table flows has no regular shape; take csv")
    columns = [entry for entry in batch.tables[table] if entry["type"] == "float"]
    quarters = (
        sorted({label for name in batch.scenarios for label in batch.quarters(name)}) if table != "worlds" else []
    )
    members = long_members(table, batch.plan.request.cast) if table in MEMBER else []
    shape = (batch.runs, *([len(quarters)] if quarters else []), *([len(members)] if members else []))
    dimensions = ("run", *(["quarter"] if quarters else []), *([MEMBER[table]] if members else []))
    size = 4 * len(columns) * int(np.prod(shape))
    if size > MOST_BYTES_OF_NETCDF:
        raise ValueError(f"netcdf: {table} would take {size / 1e9:,.1f} GB of memory; take csv, or query a part")
    arrays = {entry["name"]: np.full(shape, np.nan, np.float32) for entry in columns}
    keys: dict[str, list[np.ndarray]] = {"scenario": [], "point": [], "world": []}
    first = 0
    for block, file in zip(batch.blocks, batch.files(table), strict=True):
        read = pq.read_table(file)
        part = slice(first, first + block.runs)
        first += block.runs
        own = batch.quarters(batch.scenarios[block.scenario]) if quarters else ()
        skipped = len(quarters) - len(own)
        for name, array in arrays.items():
            values = np.asarray(read[name].to_pandas(), dtype=np.float32)
            place: Any = (part, slice(skipped, None)) if quarters else part
            array[place] = values.reshape(block.runs, *((len(own),) if quarters else ()), *shape[2:])
        step = read.num_rows // block.runs
        for name, found in keys.items():
            found.append(np.asarray(read[name].to_pandas())[::step])
    dataset = xr.Dataset(
        {
            entry["name"]: (
                dimensions,
                arrays[entry["name"]],
                {"units": entry["unit"], "long_name": entry["description"]},
            )
            for entry in columns
        },
        {name: ("run", np.concatenate(found)) for name, found in keys.items()}
        | ({"quarter": quarters} if quarters else {})
        | ({MEMBER[table]: members} if members else {}),
        {"batch": batch.plan.identity, "title": f"Gigawatt, table {table}"},
    )
    dataset["world"] = dataset["world"].astype(np.int32) if int(dataset["world"].max()) < 2**31 else dataset["world"]
    dataset.to_netcdf(path, engine="scipy", format="NETCDF3_64BIT")


__all__ = ["export"]
