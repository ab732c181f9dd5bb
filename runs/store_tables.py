"""One block of worlds as Arrow tables: what was drawn, summaries, paths, members and flows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from runs.batch_plan import Block, Plan
from runs.metrics import Metric, registry_of
from runs.store_schema import MEMBER, identifier, long_members, long_metrics, wide_metrics
from world.calendar import quarter_label
from world.entries import KINDS
from world.parameters import Parameters

if TYPE_CHECKING:
    from runs.model import ComputeMarket

TYPES = {"float": pa.float32(), "int": pa.int32(), "long": pa.int64(), "text": pa.dictionary(pa.int32(), pa.string())}
"""Types on disk. Float32 keeps seven digits; no input or metric is known to more than three."""
BITS = {"worlds": 16}
"""Significant bits of a table's numbers, if fewer than the 24 of a float32: 16 are within sixteen millionths, nearly
five digits. What is left out no compression would take away, and it is more than a quarter of the bytes."""


class Payments:
    """What a market has paid, quarter by quarter; a market forgets it when the next quarter begins."""

    def __init__(self) -> None:
        self.quarters: list[tuple[str, list[tuple[str, str, str]], np.ndarray]] = []

    def note(self, market: ComputeMarket) -> None:
        """Take down the payments of the quarter that was just simulated."""
        flows = market.state.ledger.flows
        keys = sorted(key for key in flows if KINDS[key[0]].moves_cash)
        amounts = np.stack([flows[key] for key in keys]).astype(np.float32)
        self.quarters.append((quarter_label(market.calendar_quarter), keys, amounts))


@dataclass(frozen=True)
class Ran:
    """Worlds that have reached their horizon."""

    market: ComputeMarket
    opening: Parameters
    """The parameters with which they began; events may have changed them since."""
    payments: Payments | None


def tables_of(plan: Plan, block: Block, ran: Ran) -> dict[str, pa.Table]:
    """The tables of a block, in the order of the manifest."""
    makers = {"worlds": _worlds, "paths": _paths, "flows": _flows}
    found = {}
    for name, columns in plan.document["tables"].items():
        arrays = makers[name](plan, block, ran) if name in makers else _members(name, plan, block, ran.market)
        found[name] = pa.table(
            [_column(arrays.get(entry["name"]), entry, arrays, BITS.get(name, 24)) for entry in columns],
            _schema(plan, block, columns),
        )
    return found


def _schema(plan: Plan, block: Block, columns: Sequence[Mapping[str, Any]]) -> pa.Schema:
    """The columns with their units; the metadata name batch and block."""
    fields = [
        pa.field(
            entry["name"],
            TYPES[entry["type"]],
            metadata={"unit": entry["unit"], "description": entry["description"]},
        )
        for entry in columns
    ]
    return pa.schema(fields, {"gigawatt.batch": plan.identity, "gigawatt.block": str(block.index)})


def _column(values: Any, entry: Mapping[str, Any], arrays: Mapping[str, Any], bits: int) -> pa.Array:
    """One column; a figure that a world does not have is null."""
    if values is None:
        return pa.nulls(len(arrays["world"]), TYPES[entry["type"]])
    if entry["type"] == "text":
        codes, names = values
        return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), pa.array(names, pa.string()))
    if entry["type"] == "float":
        plain = rounded(values, bits)
        return pa.array(plain, pa.float32(), mask=np.isnan(plain))
    return pa.array(values, TYPES[entry["type"]])


def rounded(values: np.ndarray, bits: int) -> np.ndarray:
    """The nearest float32 with so many significant bits, of two that are as near the even one; no number stays none.

    Source: bit rounding as of Klöwer et al., Compressing atmospheric data into its real information content, 2021.
    """
    plain = np.asarray(values, dtype=np.float32)
    if bits == 24:
        return plain
    words, dropped = plain.view(np.uint32), np.uint32(24 - bits)
    half = np.uint32((1 << (23 - bits)) - 1) + ((words >> dropped) & np.uint32(1))
    near = ((words + half) >> dropped) << dropped
    return np.where(np.isfinite(plain), near.view(np.float32), plain)


def _keys(plan: Plan, block: Block, times: int = 1) -> dict[str, Any]:
    """Scenario, point and world of each row: every world `times` times in a row."""
    worlds, points = plan.places(block)
    rows = block.runs * times
    return {
        "scenario": (np.zeros(rows, np.int32), [plan.request.scenarios[block.scenario].name]),
        "point": np.repeat(points, times),
        "world": np.repeat(worlds, times),
    }


def _labels(market: ComputeMarket) -> list[str]:
    first = market.state.first_quarter + 1
    return [quarter_label(first + k) for k in range(market.quarters)]


def _worlds(plan: Plan, block: Block, ran: Ran) -> dict[str, Any]:
    arrays = _keys(plan, block) | {"weight": np.ones(block.runs)}
    labels, values = _labels(ran.market), ran.market.history.values
    years = {year: [k for k, label in enumerate(labels) if label[:4] == year] for year in {x[:4] for x in labels}}
    rows: dict[tuple[str, str | None], int] = {}
    registry = registry_of(plan.request.cast)
    for entry in plan.document["tables"]["worlds"]:
        if "parameter" in entry:
            arrays[entry["name"]] = ran.opening[entry["parameter"]]
        elif "metric" in entry:
            row = _row(rows, registry, entry)
            history = values[entry["metric"]][row]
            if not entry["flow"]:
                arrays[entry["name"]] = history[-1]
            elif entry["time"] in years:
                total = np.zeros(block.runs)
                for place in years[entry["time"]]:
                    total += history[place]
                arrays[entry["name"]] = total
    return arrays


def _row(known: dict[tuple[str, str | None], int], registry: Mapping[str, Metric], entry: Mapping[str, Any]) -> int:
    """The row of a member among those of its metric."""
    key = entry["metric"], entry["member"]
    if key not in known:
        known[key] = registry[key[0]].members.index(key[1]) if key[1] else 0
    return known[key]


def _paths(plan: Plan, block: Block, ran: Ran) -> dict[str, Any]:
    market = ran.market
    labels = _labels(market)
    arrays = _keys(plan, block, len(labels))
    arrays["quarter"] = np.tile(np.arange(len(labels), dtype=np.int32), block.runs), labels
    for row, member in wide_metrics(market.cast):
        place = row.members.index(member) if member else 0
        arrays[identifier(row.name, member)] = market.history.values[row.name][place].T.ravel()
    return arrays


def _members(table: str, plan: Plan, block: Block, market: ComputeMarket) -> dict[str, Any]:
    """World by world, quarter by quarter, member by member."""
    labels, members = _labels(market), long_members(table, market.cast)
    arrays = _keys(plan, block, len(labels) * len(members))
    quarters = np.repeat(np.arange(len(labels), dtype=np.int32), len(members))
    arrays["quarter"] = np.tile(quarters, block.runs), labels
    names = np.tile(np.arange(len(members), dtype=np.int32), block.runs * len(labels))
    arrays[MEMBER[table]] = names, members
    for row in long_metrics(table, market.cast):
        whole = np.full((block.runs, len(labels), len(members)), np.nan, np.float32)
        for place, member in enumerate(row.members):
            whole[:, :, members.index(member)] = market.history.values[row.name][place].T
        arrays[row.name] = whole.ravel()
    return arrays


def _flows(plan: Plan, block: Block, ran: Ran) -> dict[str, Any]:
    """Every payment that was made: by quarter, kind and parties, the worlds within."""
    assert ran.payments is not None
    paid_in = ran.payments.quarters
    runs, quarters, kinds, amounts = [], [], [], []
    names = sorted({key for _, keys, _ in paid_in for key in keys})
    place = {key: k for k, key in enumerate(names)}
    for k, (_, keys, paid) in enumerate(paid_in):
        key, run = np.nonzero(paid)
        runs.append(run)
        quarters.append(np.full(run.size, k, np.int32))
        kinds.append(np.array([place[name] for name in keys], np.int32)[key])
        amounts.append(paid[key, run])
    worlds, points = plan.places(block)
    run, kind = np.concatenate(runs), np.concatenate(kinds)
    arrays: dict[str, Any] = {
        "scenario": (np.zeros(run.size, np.int32), [plan.request.scenarios[block.scenario].name]),
        "point": points[run],
        "world": worlds[run],
        "quarter": (np.concatenate(quarters), [label for label, _, _ in paid_in]),
        "amount_usd_bn": np.concatenate(amounts),
    }
    for column, part in (("kind", 0), ("payer", 1), ("payee", 2)):
        texts = sorted({name[part] for name in names})
        arrays[column] = np.array([texts.index(name[part]) for name in names], np.int32)[kind], texts
    return arrays
