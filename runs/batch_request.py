"""What may be asked of a batch, checked whole before anything is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agents.cast import STANDING, Cast
from runs.batch_design import ONE_POINT, Design
from runs.fingerprint import file_digest
from runs.model import DEFAULT_UNTIL, LATEST
from runs.posterior import carried, load_posterior
from runs.scenario import Scenario, load_scenario
from runs.scenario_text import as_document, plain
from runs.store_schema import KEEP, drawn_parameters
from world.calendar import quarter_number
from world.draws import Draws
from world.parameters import resolve, specifications

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
        posterior   the posterior from which the parameters that it informs are drawn, where neither scenario nor
                    `parameters` set them, as `posterior_facts` tells it; or None
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
    posterior: Mapping[str, Any] | None = None

    @property
    def cast(self) -> Cast:
        """The cast of all scenarios."""
        return self.scenarios[0].cast if self.scenarios else STANDING


def request_of(
    scenarios: Sequence[str | Path | Mapping[str, Any] | Scenario],
    worlds: int,
    plugins: Sequence[str | Path] = (),
    **more: Any,
) -> Request:
    """The request for scenarios given by name, file or mapping, with the cast that plugins make."""
    names = (str(given) if isinstance(given, Path) else given for given in scenarios)
    loaded = tuple(load_scenario(given, plugins) for given in names)
    return Request(loaded, worlds, **more)


def posterior_facts(file: Path) -> dict[str, Any]:
    """The digest of a posterior's file, what it informs, and from which start it was fitted; raises ValueError."""
    posterior = load_posterior(file)
    return {"sha256": file_digest(file), "names": list(posterior.names), "start": posterior.about.get("start")}


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


def resolved(scenario: Scenario, request: Request) -> dict[str, Any]:
    """What each parameter is in a scenario: a number, "varied", or the distribution that it is drawn from."""
    given = with_source(scenario, request.parameters)
    found: dict[str, Any] = {}
    drawn = request.posterior or {"names": (), "start": None}
    informed = carried(drawn["names"], drawn["start"], scenario.start)
    for name, row in specifications().items():
        value = given.get(name)
        if name in request.design.names:
            found[name] = "varied"
        elif value is None and name in informed:
            found[name] = "drawn from the posterior"
        elif value is not None and not isinstance(value, Mapping):
            found[name] = plain(value)
        else:
            entries = {key: getattr(row, key) for key in ("distribution", "low", "central", "high")}
            entries |= plain(value or {})
            found[name] = entries["central"] if entries["distribution"] == "fixed" else entries
    return found


def check(request: Request) -> None:
    """Refuse what cannot be run; raises ValueError naming the mistake."""
    if not request.scenarios:
        raise ValueError("scenario: wanted at least one")
    names = [scenario.name for scenario in request.scenarios]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"scenario: {twice} is given twice")
    if any(scenario.cast is not request.cast for scenario in request.scenarios):
        raise ValueError("scenario: wanted the same plugins for all scenarios of a batch")
    for name, value, least in (("worlds", request.worlds, 1), ("block", request.block, 1), ("seed", request.seed, 0)):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ValueError(f"{name}: wanted a whole number, at least {least}, got {value!r}")
    for name, chosen, known in (("keep", request.keep, KEEP), ("draws", request.draws, DRAWS)):
        if chosen not in known:
            raise ValueError(f"{name}: wanted one of {', '.join(known)}, got {chosen!r}")
    last = _quarter(request.until or DEFAULT_UNTIL)
    for scenario in request.scenarios:
        if not quarter_number(scenario.start) < last <= quarter_number(LATEST):
            raise ValueError(
                f"until: wanted a quarter after the start {scenario.start}, up to {LATEST}, got {request.until}"
            )
        resolve(Draws(request.seed, 1), with_source(scenario, request.parameters))
    _check_parameters(request)


def _check_parameters(request: Request) -> None:
    both = sorted(set(request.design.names) & set(request.parameters))
    if both:
        raise ValueError(f"design: {both[0]} is both set and varied; do one of the two")
    if request.state is not None and request.draws != "random":
        raise ValueError("draws: a saved market has its parameters; only random draws are left")
    if request.state is not None and request.posterior is not None:
        raise ValueError("parameters: a saved market has its own; leave out --parameters")
    if request.draws == "sobol" and not drawn_parameters(request):
        raise ValueError("draws: nothing is drawn that a Sobol sequence could replace")


def _quarter(text: str) -> int:
    try:
        return quarter_number(text)
    except ValueError:
        raise ValueError(f"until: {text!r} is not a quarter; wanted one like 2028Q4") from None


__all__ = [
    "BLOCK",
    "DRAWS",
    "Request",
    "asked_document",
    "check",
    "posterior_facts",
    "request_of",
    "resolved",
    "with_source",
]
