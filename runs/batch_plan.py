"""What a batch is: what was asked, its manifest, and the blocks of worlds that it falls into."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from agents.base import POLICIES
from agents.plugins import load_plugins
from runs.batch_design import ONE_POINT, Design, design_of
from runs.batch_program import differences, machine, policies_used, program
from runs.batch_until import Until
from runs.model import DEFAULT_UNTIL
from runs.scenario import Scenario, load_scenario
from runs.scenario_text import as_document, plain
from runs.store_schema import KEEP, drawn_parameters, schema
from world.calendar import quarter_number
from world.draws import Draws
from world.parameters import resolve, specifications

FORMAT = 1
BLOCK = 2000
DRAWS = ("random", "sobol")


@dataclass(frozen=True)
class Request:
    """What was asked for; everything that the bytes of a batch depend on, besides program and machine.

    Args:
        scenarios   the scenarios, each with its own parameters, policies and events
        worlds      worlds of each scenario and point of the design; with `until_ci` the most that may be run
        seed        a world's luck depends on it and on the world's number only
        until       last quarter, like 2028Q4
        parameters  by owner.name, on top of each scenario's: numbers or distributions
        design      points of parameter values, each run in all worlds, on the same luck
        keep        "summary": the table `worlds`; "paths": and `paths`; "full": and market, firms, leases and flows
        draws       "random", or "sobol" for quasi-random parameters
        until_ci    the condition that ends the batch early
        block       runs in a block; it changes no bit of a world
        state       digest of the saved market from which all worlds start, or None
    """

    scenarios: tuple[Scenario, ...]
    worlds: int
    seed: int = 1
    until: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    design: Design = ONE_POINT
    keep: str = "summary"
    draws: str = "random"
    until_ci: str | None = None
    block: int = BLOCK
    state: str | None = None


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
        return None if self.request.until_ci is None else Until(self.request.until_ci)

    def places(self, block: Block) -> tuple[np.ndarray, np.ndarray]:
        """World numbers (runs,) and points of the design (runs,) of a block."""
        runs = block.first + np.arange(block.runs)
        return runs // self.points, runs % self.points


def make_plan(request: Request) -> Plan:
    """Check a request whole, and write its manifest in memory.

    Raises: ValueError naming the mistake.
    """
    _check(request)
    resolved: dict[str, Any] = {scenario.name: _resolved(scenario, request) for scenario in request.scenarios}
    if request.state is not None:
        resolved = dict.fromkeys(resolved, "those of the saved market, besides what is set")
    content = {
        "format": FORMAT,
        "batch": asked_document(request),
        "resolved_parameters": resolved,
        "program": {**program(), "policies": policies_used(request.scenarios)},
        "machine": machine(),
        "tables": schema(request),
    }
    plan = Plan(request, {**content, "seal": seal_of(content)})
    if plan.until is not None:
        plan.until.check(plan.document["tables"]["worlds"])
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
    _import_policies(document["program"]["policies"], where)
    batch = document["batch"]
    request = Request(
        scenarios=tuple(load_scenario(scenario) for scenario in batch["scenarios"]),
        design=design_of(batch["design"]),
        **{key: batch[key] for key in batch if key not in ("scenarios", "design")},
    )
    return Plan(request, document)


def unlike(plan: Plan) -> list[str]:
    """How this program and this machine differ from those that the batch was begun with, a sentence each."""
    now = {**program(), "policies": policies_used(plan.request.scenarios)}
    return differences(plan.document["program"], now) + differences(plan.document["machine"], machine())


def _import_policies(used: Mapping[str, Mapping[str, str]], where: str) -> None:
    """Let policies that users plugged in register themselves, in every process that needs them."""
    load_plugins(entry["file"] for entry in used.values() if "file" in entry)
    for key, entry in used.items():
        if "file" in entry:
            continue
        owner, _, name = key.partition("=")
        if name in POLICIES.get(owner.removesuffix(".policy"), {}):
            continue
        try:
            import_module(entry["module"])
        except ImportError as error:
            raise ValueError(f"{where}: {key}: the module {entry['module']} cannot be imported ({error})") from None


def seal_of(content: Mapping[str, Any]) -> str:
    """Digest of a document, whatever the order and the spacing of its text."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def with_source(scenario: Scenario, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters of a scenario with those asked for on top."""
    return {**scenario.parameters, **parameters}


def asked_document(request: Request) -> dict[str, Any]:
    """A request as a document of plain values."""
    asked = {name: getattr(request, name) for name in Request.__dataclass_fields__}
    asked["scenarios"] = [as_document(scenario) for scenario in request.scenarios]
    asked["parameters"] = plain(request.parameters)
    asked["design"] = {
        "names": list(request.design.names),
        "points": [list(point) for point in request.design.points],
    }
    asked["until"] = request.until or DEFAULT_UNTIL
    return asked


def _resolved(scenario: Scenario, request: Request) -> dict[str, Any]:
    """What each parameter is in a scenario: a number, "varied", or the distribution that it is drawn from."""
    given = with_source(scenario, request.parameters)
    found: dict[str, Any] = {}
    for name, row in specifications().items():
        value = given.get(name)
        if name in request.design.names:
            found[name] = "varied"
        elif value is not None and not isinstance(value, Mapping):
            found[name] = plain(value)
        else:
            entries = {key: getattr(row, key) for key in ("distribution", "low", "central", "high")}
            entries |= plain(value or {})
            found[name] = entries["central"] if entries["distribution"] == "fixed" else entries
    return found


def _check(request: Request) -> None:
    if not request.scenarios:
        raise ValueError("scenario: wanted at least one")
    names = [scenario.name for scenario in request.scenarios]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"scenario: {twice} is given twice")
    for name, value, least in (("worlds", request.worlds, 1), ("block", request.block, 1), ("seed", request.seed, 0)):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ValueError(f"{name}: wanted a whole number, at least {least}, got {value!r}")
    for name, chosen, known in (("keep", request.keep, KEEP), ("draws", request.draws, DRAWS)):
        if chosen not in known:
            raise ValueError(f"{name}: wanted one of {', '.join(known)}, got {chosen!r}")
    last = _quarter(request.until or DEFAULT_UNTIL)
    for scenario in request.scenarios:
        if last <= quarter_number(scenario.start):
            raise ValueError(f"until: wanted a quarter after the start {scenario.start}, got {request.until}")
        resolve(Draws(request.seed, 1), with_source(scenario, request.parameters))
    both = sorted(set(request.design.names) & set(request.parameters))
    if both:
        raise ValueError(f"design: {both[0]} is both set and varied; do one of the two")
    if request.state is not None and request.draws != "random":
        raise ValueError("draws: a saved market has its parameters; only random draws are left")
    if request.draws == "sobol" and not drawn_parameters(request):
        raise ValueError("draws: nothing is drawn that a Sobol sequence could replace")


def _quarter(text: str) -> int:
    try:
        return quarter_number(text)
    except ValueError:
        raise ValueError(f"until: {text!r} is not a quarter; wanted one like 2028Q4") from None


def request_of(scenarios: Sequence[str | Path | Mapping[str, Any] | Scenario], worlds: int, **more: Any) -> Request:
    """The request for scenarios given by name, file or mapping."""
    loaded = tuple(load_scenario(str(given) if isinstance(given, Path) else given) for given in scenarios)
    return Request(loaded, worlds, **more)


__all__ = [
    "BLOCK",
    "DRAWS",
    "Block",
    "Plan",
    "Request",
    "asked_document",
    "make_plan",
    "plan_of",
    "request_of",
    "with_source",
]
