"""What a page shows, as a value: everything that it takes to compute it again, read from a link and written to one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from runs.inputs import check_setting
from runs.questions import QUESTIONS
from runs.scenario import Scenario, load_scenario, scenario_names

MOST_WORLDS = 5000
MOST_SEED = 10**9
KNOWN = ("scenario", "with", "worlds", "seed", "set", "question")
"""The names in a query that a run depends on."""
OF_THE_VIEW = ("quarter", "world", "firm", "view", "scale", "future", "client")
"""The names in a page's link that choose what is looked at, not what is computed."""


class RefusedError(ValueError):
    """A request that cannot be met; its text is the line that the page shows."""


@dataclass(frozen=True)
class State:
    """One request: a scenario, perhaps another to compare it with, settings, the ensemble and the question asked."""

    scenario: str = "baseline"
    versus: str = ""
    worlds: int = 1000
    seed: int = 1
    settings: tuple[tuple[str, float], ...] = ()
    question: int = 0

    def query(self) -> str:
        """The state as the query of a link; what is as by default is left out."""
        pairs: list[tuple[str, str]] = [("scenario", self.scenario)]
        pairs += [("with", self.versus)] if self.versus else []
        pairs += [("worlds", str(self.worlds)), ("seed", str(self.seed))]
        pairs += [("set", f"{name}={value!r}") for name, value in self.settings]
        return urlencode(pairs + ([("question", str(self.question))] if self.question else []))

    @property
    def runs(self) -> tuple[tuple[str, tuple[tuple[str, float], ...]], ...]:
        """The runs it takes, as (scenario, settings): the one on show, then what it is compared with.

        Compared with itself, a scenario stands without the settings: what they change is then on show.
        """
        shown = (self.scenario, self.settings)
        if not self.versus:
            return (shown,)
        return shown, (self.versus, () if self.versus == self.scenario else self.settings)


class Shelf:
    """The scenarios that a page offers: those of the model, and a file if one is opened; all of one cast."""

    def __init__(self, opened: str | None = None, plugins: Sequence[str] = ()) -> None:
        self.scenarios: dict[str, Scenario] = {}
        for name in [name for name, _ in scenario_names()]:
            self.scenarios[name] = load_scenario(name, plugins)
        self.first = "baseline"
        if opened in self.scenarios:
            self.first = str(opened)
        elif opened is not None:
            scenario = load_scenario(opened, plugins)
            self.scenarios = {scenario.name: scenario} | self.scenarios
            self.scenarios[scenario.name] = scenario
            self.first = scenario.name

    def state(self, pairs: Sequence[tuple[str, str]]) -> State:
        """Read a query. Raises: RefusedError naming what is wrong and what is allowed."""
        given: dict[str, list[str]] = {}
        for name, value in pairs:
            if name not in KNOWN + OF_THE_VIEW:
                raise RefusedError(f"{name}: unknown; a request may hold {', '.join(KNOWN)}")
            given.setdefault(name, []).append(value)
        for name, values in given.items():
            if name != "set" and len(values) > 1:
                raise RefusedError(f"{name}: given {len(values)} times; wanted once")
        one = {name: values[0] for name, values in given.items() if name != "set"}
        return State(
            scenario=self._scenario("scenario", one.get("scenario", self.first)),
            versus=self._scenario("with", one["with"]) if one.get("with") else "",
            worlds=_whole(one, "worlds", 1000, 1, MOST_WORLDS),
            seed=_whole(one, "seed", 1, 0, MOST_SEED),
            settings=_settings(given.get("set", [])),
            question=_whole(one, "question", 0, 0, len(QUESTIONS)),
        )

    def _scenario(self, key: str, name: str) -> str:
        if name not in self.scenarios:
            raise RefusedError(f"{key}: there is no scenario {name[:60]!r}; there are {', '.join(self.scenarios)}")
        return name


def _whole(given: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = given.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= 12 and least <= int(text) <= most):
        raise RefusedError(f"{name}: wanted a whole number, {least} to {most:,}, got {text[:60]!r}")
    return int(text)


def _settings(texts: Sequence[str]) -> tuple[tuple[str, float], ...]:
    found: dict[str, float] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise RefusedError(f"set: wanted NAME=VALUE, like microsoft.caution=0.4, got {text[:60]!r}")
        if name in found:
            raise RefusedError(f"set: {name} is given twice")
        try:
            found[name] = check_setting(name, value[:60])
        except ValueError as error:
            raise RefusedError(str(error)) from None
    return tuple(sorted(found.items()))


def world_number(pairs: Sequence[tuple[str, str]]) -> int:
    """The number of the world in a query. Raises: RefusedError."""
    return _whole(dict(pairs), "world", 0, 0, 10**9)
