"""The tables of a batch: which columns each has, of what type, with unit and description."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from agents.cast import Cast
from runs.metrics import registry_of
from runs.registry import Metric
from runs.simulate import member_dimensions
from world.calendar import quarter_label, quarter_number
from world.parameters import specifications

if TYPE_CHECKING:
    from runs.batch_request import Request

KEEP = ("summary", "paths", "full")
TABLES = {
    "summary": ("worlds",),
    "paths": ("worlds", "paths"),
    "full": ("worlds", "paths", "market", "firms", "leases", "flows"),
}
"""What each way to keep writes; `worlds` comes last to disk and first here."""

WIDE = ("provider", "holder", "sponsor", "constraint", "chip", "investor", "debtor", "bidder", "seller", "creditor")
"""Kinds of members that the table `paths` holds as columns."""
LONG = {"market": ("generation",), "firms": ("firm", "owner", "user", "lab"), "leases": ("pair",)}
"""Kinds of members that have a table with a row for each member."""
MEMBER = {"market": "generation", "firms": "firm", "leases": "pair"}
"""What the column of members is called."""

Column = dict[str, Any]


def column(name: str, kind: str, unit: str = "", description: str = "", **more: Any) -> Column:
    """One column: its name, type (float, int, long, text), unit and description."""
    return {"name": name, "type": kind, "unit": unit, "description": description, **more}


KEYS = (
    column("scenario", "text", description="Name of the scenario"),
    column("point", "int", description="Point of the design, from 0"),
    column("world", "long", description="Number of the world: its luck, with the seed"),
)
QUARTER = column("quarter", "text", description="Calendar quarter")


def schema(request: Request) -> dict[str, list[Column]]:
    """Every table that a batch writes, with its columns."""
    cast = request.cast
    makers = {"worlds": lambda: _worlds(request), "paths": lambda: _paths(cast), "flows": _flows}
    return {table: makers[table]() if table in makers else _members(table, cast) for table in TABLES[request.keep]}


def quarters(request: Request) -> list[str]:
    """The quarters of all scenarios together: from the first start to the horizon."""
    from runs.model import DEFAULT_UNTIL

    first = min(quarter_number(scenario.start) for scenario in request.scenarios) + 1
    return [quarter_label(k) for k in range(first, quarter_number(request.until or DEFAULT_UNTIL) + 1)]


def drawn_parameters(request: Request) -> list[str]:
    """The parameters that are drawn in every world from the distribution of the table."""
    found = []
    for name, row in specifications().items():
        given = [scenario.parameters.get(name, request.parameters.get(name)) for scenario in request.scenarios]
        if row.distribution != "fixed" and name not in request.design.names and all(value is None for value in given):
            found.append(name)
    return found


def kept_parameters(request: Request) -> list[str]:
    """The parameters that may differ between worlds: drawn from the table or a scenario's distribution, or varied."""
    found = []
    for name, row in specifications().items():
        for scenario in request.scenarios:
            value = request.parameters.get(name, scenario.parameters.get(name))
            entry = value.get("distribution", row.distribution) if isinstance(value, Mapping) else row.distribution
            drawn = (value is None or isinstance(value, Mapping)) and entry != "fixed"
            if drawn or name in request.design.names:
                found.append(name)
                break
    return found


def identifier(*parts: str) -> str:
    """A name that SQL and R take without quotes: `openai_share_oracle_2030Q4`."""
    return "_".join(part.replace(">", "_") for part in parts if part)


def summary_columns(request: Request) -> list[Column]:
    """Stocks at the horizon, flows by calendar year: one column for each metric, member and time."""
    labels = quarters(request)
    found = []
    for row in registry_of(request.cast).values():
        times = list(dict.fromkeys(label[:4] for label in labels)) if row.flow else [labels[-1]]
        for member in row.members or ("",):
            for time in times:
                text = f"{row.description}, {'sum over' if row.flow else 'at the end of'} {time}"
                found.append(_metric_column(row, member, text, time))
    return found


def _metric_column(row: Metric, member: str, text: str, time: str | None) -> Column:
    about = {"metric": row.name, "member": member or None, "time": time, "flow": row.flow}
    described = f"{text}: {member}" if member else text
    return column(identifier(row.name, member, time or ""), "float", row.unit, described, **about)


def _worlds(request: Request) -> list[Column]:
    table = specifications()
    weight = column("weight", "float", "1", "Weight of the world; 1 in a plain batch")
    drawn = [
        column(name, "float", table[name].unit, table[name].description, parameter=name)
        for name in kept_parameters(request)
    ]
    return [*KEYS, weight, *drawn, *summary_columns(request)]


def wide_metrics(cast: Cast) -> Iterable[tuple[Metric, str]]:
    """What the table `paths` holds: every metric without members, and those with a few."""
    for row in registry_of(cast).values():
        if row.dimension is None or row.dimension in WIDE:
            yield from ((row, member) for member in row.members or ("",))


def _paths(cast: Cast) -> list[Column]:
    return [*KEYS, QUARTER, *(_metric_column(row, member, row.description, None) for row, member in wide_metrics(cast))]


def long_metrics(table: str, cast: Cast) -> list[Metric]:
    """The metrics of a table with a row for each member."""
    return [row for row in registry_of(cast).values() if row.dimension in LONG[table]]


def long_members(table: str, cast: Cast) -> list[str]:
    """The members of a table with a row for each, in the order of the registry."""
    dimensions = member_dimensions(cast)
    return list(dict.fromkeys(member for kind in LONG[table] for member in dimensions[kind]))


def _members(table: str, cast: Cast) -> list[Column]:
    member = column(MEMBER[table], "text", description="Member")
    metrics = long_metrics(table, cast)
    return [*KEYS, QUARTER, member, *(_metric_column(row, "", row.description, None) for row in metrics)]


def _flows() -> list[Column]:
    return [
        *KEYS,
        QUARTER,
        column("kind", "text", description="Kind of payment"),
        column("payer", "text", description="Who pays"),
        column("payee", "text", description="Who is paid"),
        column("amount_usd_bn", "float", "bn USD", "Cash paid in the quarter"),
    ]


BYTES = {"float": 4, "int": 4, "long": 8, "text": 1}
"""Bytes of one value before compression; text is a place in a list."""
LEFT = {"worlds": 0.6, "paths": 0.6}
LEFT_OF_OTHERS = 0.35
"""Share of the bytes of a table that compression leaves, measured (0.46, 0.48, 0.16 to 0.25) and rounded up."""
FLOWS_PER_QUARTER = 90
"""Rows of `flows` in a world and quarter, measured; payments of nothing are left out."""


def bytes_per_run(request: Request) -> int:
    """Bytes on disk of one world at one point, at most."""
    count, total = len(quarters(request)), 0.0
    rows = {"worlds": 1, "paths": count, "flows": count * FLOWS_PER_QUARTER}
    for table, columns in schema(request).items():
        each = rows[table] if table in rows else count * len(long_members(table, request.cast))
        total += LEFT.get(table, LEFT_OF_OTHERS) * each * sum(BYTES[entry["type"]] for entry in columns)
    return round(total)
