"""What a batch is: what was asked, its manifest, and the blocks of worlds that it falls into."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import Any

import numpy as np

from agents.cast import Cast
from agents.plugins import read_plugins
from runs.batch_design import design_of
from runs.batch_program import differences, machine, policies_used, program
from runs.batch_request import Request, asked_document, check, resolved
from runs.batch_until import Until
from runs.scenario import load_scenario
from runs.store_schema import schema

FORMAT = 1


@dataclass(frozen=True)
class Block:
    """Consecutive runs of one scenario: run r is world r // points at point r % points of the design."""

    index: int
    scenario: int
    first: int
    runs: int

    @property
    def name(self) -> str:
        """What its files are called, before the suffix."""
        return f"{self.index:07d}"


class Plan:
    """A batch that can be run: its request, checked, with manifest and blocks."""

    def __init__(self, request: Request, document: Mapping[str, Any]) -> None:
        self.request = request
        self.document = document

    @property
    def identity(self) -> str:
        """The seal of the manifest: files of a batch carry it."""
        return str(self.document["seal"])

    @property
    def points(self) -> int:
        """Points of the design."""
        return len(self.request.design)

    @property
    def runs_per_scenario(self) -> int:
        """Worlds times points."""
        return self.request.worlds * self.points

    @property
    def block_count(self) -> int:
        """How many blocks there are, without making them."""
        return -(-self.runs_per_scenario // self.request.block) * len(self.request.scenarios)

    @cached_property
    def blocks(self) -> list[Block]:
        """Every block in the order in which they are begun: the scenarios in turn."""
        size, total, scenarios = self.request.block, self.runs_per_scenario, len(self.request.scenarios)
        return [
            Block(k * scenarios + place, place, first, min(size, total - first))
            for k, first in enumerate(range(0, total, size))
            for place in range(scenarios)
        ]

    @cached_property
    def until(self) -> Until | None:
        """The condition that ends the batch early."""
        if self.request.until_ci is None:
            return None
        until = Until(self.request.until_ci)
        until.check(self.document["tables"]["worlds"])
        return until

    def places(self, block: Block) -> tuple[np.ndarray, np.ndarray]:
        """World numbers (runs,) and points of the design (runs,) of a block."""
        runs = block.first + np.arange(block.runs)
        return runs // self.points, runs % self.points


def make_plan(request: Request) -> Plan:
    """Check a request whole, and write its manifest in memory.

    Raises: ValueError naming the mistake.
    """
    check(request)
    values: dict[str, Any] = {scenario.name: resolved(scenario, request) for scenario in request.scenarios}
    if request.state is not None:
        values = dict.fromkeys(values, "those of the saved market, besides what is set")
    content = {
        "format": FORMAT,
        "batch": asked_document(request),
        "resolved_parameters": values,
        "program": {**program(), "policies": policies_used(request.scenarios)},
        "machine": machine(),
        "tables": schema(request),
    }
    plan = Plan(request, {**content, "seal": seal_of(content)})
    plan.until  # noqa: B018  a mistake in the condition shows now
    return plan


def plan_of(document: Mapping[str, Any], where: str) -> Plan:
    """The plan that a manifest stands for.

    Raises: ValueError if it is of another format, or was edited.
    """
    if not isinstance(document, Mapping) or "seal" not in document or "batch" not in document:
        raise ValueError(f"{where}: is not the manifest of a batch")
    if document.get("format") != FORMAT:
        raise ValueError(f"{where}: has format {document.get('format')!r}; this program reads {FORMAT}")
    content = {key: value for key, value in document.items() if key != "seal"}
    if seal_of(content) != document["seal"]:
        raise ValueError(
            f"{where}: was edited: its content does not match its seal; start a new batch with other wishes"
        )
    cast = _cast_of(document["program"]["policies"], where)
    batch = document["batch"]
    request = Request(
        scenarios=tuple(load_scenario(scenario, cast) for scenario in batch["scenarios"]),
        design=design_of(batch["design"]),
        **{key: batch[key] for key in batch if key not in ("scenarios", "design")},
    )
    return Plan(request, document)


def unlike(plan: Plan) -> list[str]:
    """How this program and this machine differ from those that the batch was begun with, a sentence each."""
    now = {**program(), "policies": policies_used(plan.request.scenarios)}
    return differences(plan.document["program"], now) + differences(plan.document["machine"], machine())


def _cast_of(used: Mapping[str, Mapping[str, str]], where: str) -> Cast:
    """The cast of the plugins that a manifest names, in every process that needs it, with the policies it uses."""
    cast = read_plugins(entry["file"] for entry in used.values() if "file" in entry)
    for key, entry in used.items():
        if "file" in entry:
            continue
        owner, _, name = key.partition("=")
        if name in cast.policies.get(owner.removesuffix(".policy"), {}):
            continue
        try:
            import_module(entry["module"])
        except ImportError as error:
            raise ValueError(f"{where}: {key}: the module {entry['module']} cannot be imported ({error})") from None
    return cast


def seal_of(content: Mapping[str, Any]) -> str:
    """Digest of a document, whatever the order and the spacing of its text."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


__all__ = ["Block", "Plan", "make_plan", "plan_of", "unlike"]
