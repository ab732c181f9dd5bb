"""What every command of the command line shares: grammar, mistakes, the ensemble asked for, how an answer is told."""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    import xarray as xr

    from runs.scenario import Scenario
    from viz.tables import Line

DONE, FAILED, MISTAKE, INTERRUPTED = 0, 1, 2, 130


class Mistake(Exception):
    """What the user asked for cannot be done; its text is the one line that says why."""


class Grammar(argparse.ArgumentParser):
    """A parser that reports a mistake in one line."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and leave with the code of a mistake."""
        raise Mistake(f"{message} (see {self.prog} --help)")


class Commands:
    """The commands of the front door; each family adds its own."""

    def __init__(self, top: argparse.ArgumentParser) -> None:
        self._parsers: Any = top.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=Grammar)

    def add(self, name: str, work: Callable[[argparse.Namespace], int], about: str, more: str = "") -> Grammar:
        """A command that `work` carries out, returning its exit code; each has --json, of which `more` says more."""
        added: Grammar = self._parsers.add_parser(name, help=about, description=about)
        added.add_argument("--json", action="store_true", help="one JSON object on stdout" + more)
        added.set_defaults(work=work)
        return added


def add_ensemble(command: argparse.ArgumentParser) -> None:
    """The options that say which worlds are run: --worlds, --seed, --until, --set, --quiet."""
    add = command.add_argument
    add("--worlds", type=whole(1, 10_000_000), default=1000, metavar="N", help="how many worlds (default 1000)")
    add("--seed", type=whole(0, 10**18), default=1, metavar="S", help="seed of the random numbers (default 1)")
    add("--until", metavar="QUARTER", help="last quarter, like 2028Q4")
    about = "a parameter or policy (repeatable), like microsoft.caution=0.4"
    add("--set", action="append", default=[], metavar="NAME=VALUE", type=setting, dest="settings", help=about)
    add_parameters_from(command)
    add_plugin(command)
    add("--quiet", action="store_true", help="no progress bar, no notes")


def add_parameters_from(command: argparse.ArgumentParser) -> None:
    """The option that says where parameters come from: --parameters."""
    about = (
        "prior, or posterior: that on the record, or FILE as calibrate --out writes it (default posterior where a "
        "scenario knows the record)"
    )
    command.add_argument("--parameters", metavar="prior|posterior|FILE", dest="parameters_from", help=about)


def add_plugin(command: argparse.ArgumentParser) -> None:
    """The option that reads files of the user's own: --plugin."""
    about = "a file of your own with policies or firms (repeatable), see docs/extending.md"
    command.add_argument("--plugin", action="append", metavar="FILE", default=[], dest="plugins", help=about)


def parameters_source(asked: argparse.Namespace, *scenarios: Scenario) -> str:
    """Where the parameters come from: as asked, else as the scenarios' knowledge of the record has it."""
    from runs.posterior import source_of

    with mistakes():
        return source_of(asked.parameters_from, *(scenario.known_until for scenario in scenarios))


def notice_if_older(asked: argparse.Namespace, source: str) -> None:
    """Say, once a run is done, if the posterior that it took its parameters from was fitted to another model."""
    from runs.posterior import PRIOR, load_posterior, posterior_file

    if source != PRIOR and not asked.quiet and load_posterior(posterior_file(source)).older:
        print(
            "gigawatt: notice: the stored posterior was fitted to an older state of the model or its data; "
            "gigawatt calibrate --store makes it anew",
            file=sys.stderr,
        )


def whole(least: int, most: int) -> Callable[[str], int]:
    """A type of argument: a whole number from `least` to `most`."""

    def parse(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,18}", text) or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"wanted a whole number, {least} to {most:,}, got {text!r}")
        return int(text)

    return parse


def place(text: str) -> Path:
    """A type of argument: a file or folder; a name that a script left empty is not the current folder."""
    if not text.strip() or "\0" in text:
        raise argparse.ArgumentTypeError(f"wanted the name of a file or folder, got {text!r}")
    return Path(text)


def setting(text: str) -> tuple[str, float | str]:
    """A type of argument: NAME=VALUE, a parameter's number or a policy's name."""
    name, equals, value = (part.strip() for part in text.partition("="))
    if not (name and equals and value):
        raise argparse.ArgumentTypeError(f"wanted NAME=VALUE, like microsoft.caution=0.4, got {text!r}")
    if name.endswith(".policy"):
        return name, value
    try:
        return name, float(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{name}: {value!r} is not a number") from None


def scenario_asked(asked: argparse.Namespace, name: str | None = None, with_policies: bool = True) -> Scenario:
    """The scenario asked for, with the policies of --set."""
    from dataclasses import replace

    from runs.scenario import load_scenario

    given = [name for name, _ in asked.settings]
    twice = next((name for name in given if given.count(name) > 1), None)
    if twice is not None:
        raise Mistake(f"--set: {twice} is given twice")
    policies = {name: str(value) for name, value in asked.settings if name.endswith(".policy")}
    with mistakes():
        scenario = load_scenario(name or asked.scenario, asked.plugins)
        if policies and with_policies:
            check = load_scenario({"extends": str(name or asked.scenario), "policies": policies}, asked.plugins)
            scenario = replace(scenario, policies=check.policies)
    return scenario


def parameters_asked(asked: argparse.Namespace) -> dict[str, float]:
    """The parameters of --set."""
    return {name: float(value) for name, value in asked.settings if not name.endswith(".policy")}


@contextmanager
def mistakes() -> Iterator[None]:
    """Bad input, said in one line; what breaks inside a run comes as another kind of error."""
    try:
        yield
    except (ValueError, OSError) as error:
        raise Mistake(str(error)) from error


def simulate_asked(asked: argparse.Namespace, scenario: Scenario) -> xr.Dataset:
    """The dataset of a run, with a progress bar where somebody looks."""
    from runs.memory import memory_held
    from runs.simulate import simulate
    from viz.progress import Progress

    source = parameters_source(asked, scenario)
    with mistakes(), memory_held(), Progress(scenario.name, asked.quiet) as progress:
        dataset = simulate(
            scenario,
            asked.worlds,
            asked.seed,
            asked.until,
            parameters_asked(asked),
            progress=progress,
            parameters_from=source,
        )
    notice_if_older(asked, source)
    return dataset


def check_writable(folder: Path) -> None:
    """A folder that cannot be made or written is found before anything is computed."""
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not there.is_dir():
        raise Mistake(f"--out: {there} is not a folder")
    try:
        # Tried, not asked: the superuser may do everything, and cannot write to /proc.
        tempfile.TemporaryFile(dir=there).close()
    except OSError as error:
        raise Mistake(f"--out: may not write into the folder {there} ({error.strerror})") from None


def tell(asked: argparse.Namespace, document: object, lines: Callable[[int], list[Line]]) -> int:
    """The one JSON object if that is asked for, else the lines for the width of the terminal."""
    if asked.json:
        from runs.results import without_nan

        print_json(without_nan(document))
    else:
        show_lines(lines)
    return DONE


def show_lines(lines: Callable[[int], list[Line]]) -> None:
    """Print the lines for the width of the terminal."""
    from viz.tables import show, terminal_width

    show(lines(terminal_width()))
    sys.stdout.flush()


def print_json(document: object) -> None:
    """Print one JSON object, which holds no NaN."""
    json.dump(document, sys.stdout, allow_nan=False, ensure_ascii=True)
    sys.stdout.write("\n")
