"""The past that many futures share: a scenario's worlds, run to a quarter and saved there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runs.model import ComputeMarket
from runs.scenario import Scenario
from runs.simulate import Progress, step_to_the_end
from world.calendar import quarter_label, quarter_number


def run_until(
    scenario: Scenario,
    at: str,
    path: Path,
    worlds: int = 1,
    seed: int = 1,
    until: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> None:
    """Run a scenario's worlds to the end of the quarter `at`, and save them there.

    Raises: ValueError for a mistake; LawBroken or RunFailed if the run breaks.
    """
    market = ComputeMarket(scenario, worlds=worlds, rng=seed, until=until, parameters=parameters)
    first, last = market.state.first_quarter + 1, market.state.first_quarter + market.quarters
    try:
        wanted = quarter_number(at)
    except ValueError:
        wanted = 0
    if not first <= wanted < last:
        raise ValueError(f"--at: wanted a quarter from {quarter_label(first)} to {quarter_label(last - 1)}, got {at}")
    step_to_the_end(market, scenario.name, 0, worlds * (wanted - first + 1), progress, wanted)
    market.save(path)
