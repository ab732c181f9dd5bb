"""The commands that read a batch's directory: status, query, quantiles, export."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from viz.command_line import DONE, Commands, Mistake, mistakes, place, tell

MOST_ROWS = 1000
"""Rows of an answer that a terminal is shown."""


def add_commands(commands: Commands) -> None:
    """The command line's grammar of this family."""
    status = commands.add("status", status_command, "how far a batch is, from any shell")
    _add_folder(status)
    status.add_argument("--verify", action="store_true", help="check the checksums of all that is there")
    query = commands.add("query", query_command, "ask a batch in SQL; tables: worlds, paths, ...")
    _add_folder(query)
    query.add_argument("sql", metavar="SQL", help='like "SELECT avg(stargate_share_2030Q4) FROM worlds"')
    quantiles = commands.add("quantiles", quantiles_command, "exact quantiles of a metric over a batch")
    _add_folder(quantiles)
    quantiles.add_argument("--metric", required=True, metavar="NAME", help="like openai_cash_usd_bn")
    quantiles.add_argument("--member", metavar="NAME", help="which firm, provider, generation")
    quantiles.add_argument("--scenario", metavar="NAME", help="of which scenario, if there are several")
    quantiles.add_argument("--point", type=int, metavar="N", help="one point of the design (default all together)")
    quantiles.add_argument("--probs", default="0.05,0.25,0.5,0.75,0.95", metavar="LIST", help="probabilities")
    export = commands.add("export", export_command, "write a table of a batch as CSV, Excel or netCDF")
    _add_folder(export)
    export.add_argument("--to", choices=("csv", "xlsx", "netcdf"), required=True, help="the format")
    export.add_argument("--table", default="worlds", metavar="NAME", help="which table (default worlds)")
    export.add_argument("--out", type=place, required=True, metavar="FILE", help="a file that is not there yet")


def _add_folder(command: argparse.ArgumentParser) -> None:
    command.add_argument("folder", type=place, metavar="DIR", help="the batch's directory")


def status_command(asked: argparse.Namespace) -> int:
    """How far the batch is."""
    from runs.batch_status import status
    from viz.tables import wrapped

    with mistakes():
        found = status(asked.folder, verify=asked.verify)
    lines = [f"{name.replace('_', ' ')}: {_shown(value)}" for name, value in found.items() if value is not None]
    return tell(asked, found, lambda width: [line for text in lines for line in wrapped(text, width, "")])


def query_command(asked: argparse.Namespace) -> int:
    """The answer to a question in SQL."""
    from runs.store import open_batch
    from viz.tables import plain_table

    with mistakes():
        names, rows = open_batch(asked.folder).query(asked.sql, None if asked.json else MOST_ROWS + 1)
    document = {"columns": names, "rows": [[_plain(value) for value in row] for row in rows]}
    if len(rows) > MOST_ROWS and not asked.json:
        print(f"only the first {MOST_ROWS:,} rows are shown; --json gives all", file=sys.stderr)
    cells = [[_shown(value) for value in row] for row in rows[:MOST_ROWS]]
    return tell(asked, document, lambda width: plain_table(tuple(names), cells, width))


def quantiles_command(asked: argparse.Namespace) -> int:
    """Quantiles by quarter or year."""
    from runs.store import open_batch
    from viz.tables import Line, plain_table

    try:
        probs = [float(text) for text in asked.probs.split(",")]
    except ValueError:
        raise Mistake(f"--probs: wanted numbers with commas between, got {asked.probs!r}") from None
    with mistakes():
        batch = open_batch(asked.folder)
        found = batch.quantiles(asked.metric, asked.member, probs, asked.scenario, asked.point)
    document = {
        "metric": found.metric,
        "member": found.member,
        "unit": found.unit,
        "times": found.times,
        "worlds": found.worlds.tolist(),
        "quantiles": {f"{prob:g}": row.tolist() for prob, row in zip(found.probs, found.values, strict=True)},
    }
    cells = [
        [time, *(_shown(value) for value in found.values[:, k]), f"{found.worlds[k]:,}"]
        for k, time in enumerate(found.times)
    ]
    head = ("", *(f"{100 * prob:g} %" for prob in probs), "worlds")
    name = found.metric if found.member is None else f"{found.metric}, {found.member}"

    def lines(width: int) -> list[Line]:
        return [Line(f"{name}, {found.unit}", "heading"), *plain_table(head, cells, width)]

    return tell(asked, document, lines)


def export_command(asked: argparse.Namespace) -> int:
    """Write a table elsewhere."""
    from runs.store import open_batch
    from runs.store_export import export
    from viz.tables import Line

    with mistakes():
        rows = export(open_batch(asked.folder), asked.table, asked.to, asked.out)
    document = {"file": str(asked.out), "table": asked.table, "rows": rows}
    tell(asked, document, lambda _: [Line(f"{rows:,} rows of {asked.table} in {asked.out}")])
    return DONE


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, int | float | str | bool) else str(value)


def _shown(value: Any) -> str:
    """A value for a reader: a few digits, a dot for nothing."""
    if value is None or value != value:
        return "."
    if isinstance(value, float):
        return f"{value:,.5g}" if abs(value) < 1e5 else f"{value:,.0f}"
    if isinstance(value, list):
        return "; ".join(_shown(entry) for entry in value) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)
