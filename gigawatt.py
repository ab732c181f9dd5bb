"""The front door: the command line, and nothing but wiring; heavy imports stay inside the commands."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
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


class Version(argparse.Action):
    """Print the version; the package's metadata are read only then."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        """Print it and leave."""
        import importlib.metadata

        print(f"gigawatt {importlib.metadata.version('gigawatt')}")
        parser.exit()


def parser() -> argparse.ArgumentParser:
    """The command line's grammar."""
    top = Grammar(
        prog="gigawatt",
        description="The market for AI compute: one model, many worlds.",
        epilog="Exit codes: 0 done, 1 a law broke or a run failed, 2 a mistake in what was asked for, 130 Ctrl-C.",
    )
    top.add_argument("--version", action=Version, nargs=0, help="print the version")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=Grammar)

    def command(name: str, work: Callable[[argparse.Namespace], int], about: str, more: str = "") -> Grammar:
        added: Grammar = commands.add_parser(name, help=about, description=about)
        added.add_argument("--json", action="store_true", help="one JSON object on stdout" + more)
        added.set_defaults(work=work)
        return added

    run = command("run", run_command, "simulate a scenario: table by question, figures", "; figures only with --out")
    run.add_argument("scenario", nargs="?", default="baseline", help="name or TOML file (default baseline)")
    _add_ensemble(run)
    run.add_argument("--out", metavar="DIR", type=Path, help="where figures go (default results/SCENARIO)")
    run.add_argument("--no-figures", action="store_true", help="draw no figures")
    compare = command("compare", compare_command, "two scenarios on the same random numbers: paired differences")
    compare.add_argument("scenario", help="name or TOML file")
    compare.add_argument("other", nargs="?", help="what it is compared with (default the same, with --set)")
    _add_ensemble(compare)
    compare.add_argument("--metric", action="append", default=[], metavar="NAME", help="only this metric (repeatable)")
    claims = command("claims", claims_command, "what the source articles claim beside what the model finds")
    claims.add_argument("scenario", nargs="?", default="stargate-2025", help="name or file (default stargate-2025)")
    _add_ensemble(claims)
    parameters = command(
        "parameters", parameters_command, "every parameter: range, unit, meaning", ", with the sources"
    )
    parameters.add_argument("text", nargs="?", default="", help="only those whose name or description holds this")
    command("scenarios", scenarios_command, "the scenarios that come with the model")
    command("bench", bench_command, "measure the speed on this machine")
    return top


def _add_ensemble(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--worlds", type=_whole(1, 10_000_000), default=1000, metavar="N", help="how many worlds (default 1000)")
    add("--seed", type=_whole(0, 10**18), default=1, metavar="S", help="seed of the random numbers (default 1)")
    add("--until", metavar="QUARTER", help="last quarter, like 2028Q4")
    about = "a parameter or policy (repeatable), like microsoft.caution=0.4"
    add("--set", action="append", default=[], metavar="NAME=VALUE", type=_setting, dest="settings", help=about)
    add("--quiet", action="store_true", help="no progress bar, no notes")


def _whole(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,18}", text) or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"wanted a whole number, {least} to {most:,}, got {text!r}")
        return int(text)

    return parse


def _setting(text: str) -> tuple[str, float | str]:
    name, equals, value = (part.strip() for part in text.partition("="))
    if not (name and equals and value):
        raise argparse.ArgumentTypeError(f"wanted NAME=VALUE, like microsoft.caution=0.4, got {text!r}")
    if name.endswith(".policy"):
        return name, value
    try:
        return name, float(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{name}: {value!r} is not a number") from None


def run_command(asked: argparse.Namespace) -> int:
    """Simulate one scenario and show what happens."""
    scenario = _scenario(asked)
    draws = not asked.no_figures and (asked.out is not None or not asked.json)
    folder = asked.out or Path("results") / scenario.name
    if draws:
        _check_writable(folder)
    dataset = _simulate(asked, scenario)
    if asked.json:
        from runs.results import as_dictionary

        _print_json(as_dictionary(dataset))
    else:
        from viz.tables import run_lines

        _show(lambda width: run_lines(dataset, width))
    if draws:
        from viz.figures import draw_figures

        with _mistakes():
            folder.mkdir(parents=True, exist_ok=True)
        files = draw_figures(dataset, folder)
        if not asked.quiet:
            print(*("", "Figures:", *files), sep="\n", file=sys.stderr if asked.json else sys.stdout)
    return DONE


def compare_command(asked: argparse.Namespace) -> int:
    """Two scenarios on the same draws, or one without and with the settings."""
    from dataclasses import replace

    from runs.compare import compare
    from runs.metrics import REGISTRY
    from viz.listings import comparison_lines
    from viz.progress import Progress
    from world.parameters import unknown

    first = _scenario(asked, asked.scenario, with_policies=asked.other is not None)
    second = _scenario(asked, asked.other or asked.scenario)
    parameters, names = _parameters(asked), (first.name, second.name)
    if asked.other is None:
        if not asked.settings:
            raise Mistake("compare: name two scenarios, or one with --set NAME=VALUE")
        second = replace(second, parameters={**second.parameters, **parameters})
        names = (first.name, "with " + ", ".join(f"{name}={value}" for name, value in asked.settings))
        parameters = {}
    for metric in asked.metric:
        if metric not in REGISTRY:
            raise Mistake(f"--metric: {unknown(metric, REGISTRY, 'metric')}")
    with _mistakes(), Progress("compare", asked.quiet) as progress:
        found = compare(first, second, asked.worlds, asked.seed, asked.until, parameters, progress=progress)
    rows = [row for row in found.as_rows() if not asked.metric or row["metric"] in asked.metric]
    facts = {"first": names[0], "second": names[1], "worlds": found.worlds, "seed": found.seed}
    document = {**facts, "quarters": found.quarters, "differences": rows}
    return _tell(asked, document, lambda width: comparison_lines(found, names, asked.metric, width))


def claims_command(asked: argparse.Namespace) -> int:
    """The claims of the source articles beside the model's distributions."""
    from runs.claims import claims_table
    from runs.results import run_facts
    from viz.listings import claims_lines

    dataset = _simulate(asked, _scenario(asked))
    rows = claims_table(dataset)
    document = {"run": run_facts(dataset), "claims": rows}
    return _tell(asked, document, lambda width: claims_lines(dataset, rows, width))


def parameters_command(asked: argparse.Namespace) -> int:
    """The parameter table, or the part of it that holds a text."""
    from viz.listings import parameter_lines
    from world.parameters import parameters_table

    rows = [row for row in parameters_table() if asked.text.lower() in f"{row['name']} {row['description']}".lower()]
    if not rows:
        raise Mistake(f"no parameter holds {asked.text!r}")
    return _tell(asked, {"parameters": rows}, lambda width: parameter_lines(rows, width))


def scenarios_command(asked: argparse.Namespace) -> int:
    """The names of the scenarios, each with its title."""
    from runs.scenario import load_scenario, scenario_names
    from viz.tables import plain_table

    found = [load_scenario(name) for name, _ in scenario_names()]
    rows = [{"name": s.name, "title": s.title, "start": s.start, "known_until": str(s.known_until)} for s in found]
    cells = [[row["name"], row["start"], row["title"]] for row in rows]
    return _tell(asked, {"scenarios": rows}, lambda width: plain_table(("scenario", "start", "title"), cells, width))


def bench_command(asked: argparse.Namespace) -> int:
    """Measure the speed."""
    from runs.bench import bench
    from viz.listings import bench_lines

    result = bench()
    return _tell(asked, result, lambda width: bench_lines(result, width))


def _scenario(asked: argparse.Namespace, name: str | None = None, with_policies: bool = True) -> Scenario:
    """The scenario asked for, with the policies of --set."""
    from dataclasses import replace

    from runs.scenario import load_scenario

    given = [name for name, _ in asked.settings]
    twice = next((name for name in given if given.count(name) > 1), None)
    if twice is not None:
        raise Mistake(f"--set: {twice} is given twice")
    policies = {name: str(value) for name, value in asked.settings if name.endswith(".policy")}
    with _mistakes():
        scenario = load_scenario(name or asked.scenario)
        if policies and with_policies:
            check = load_scenario({"extends": str(name or asked.scenario), "policies": policies})
            scenario = replace(scenario, policies=check.policies)
    return scenario


def _parameters(asked: argparse.Namespace) -> dict[str, float]:
    """The parameters of --set."""
    return {name: float(value) for name, value in asked.settings if not name.endswith(".policy")}


@contextmanager
def _mistakes() -> Iterator[None]:
    """Bad input, said in one line; what breaks inside a run comes as another kind of error."""
    try:
        yield
    except (ValueError, OSError) as error:
        raise Mistake(str(error)) from error


def _simulate(asked: argparse.Namespace, scenario: Scenario) -> xr.Dataset:
    """The dataset of a run, with a progress bar where somebody looks."""
    from runs.simulate import simulate
    from viz.progress import Progress

    with _mistakes(), Progress(scenario.name, asked.quiet) as progress:
        return simulate(scenario, asked.worlds, asked.seed, asked.until, _parameters(asked), progress=progress)


def _check_writable(folder: Path) -> None:
    """A folder that cannot be made or written is found before anything is computed."""
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not there.is_dir():
        raise Mistake(f"--out: {there} is not a folder")
    if not os.access(there, os.W_OK | os.X_OK):
        raise Mistake(f"--out: may not write into the folder {there}")


def _tell(asked: argparse.Namespace, document: object, lines: Callable[[int], list[Line]]) -> int:
    """The one JSON object if that is asked for, else the lines for the width of the terminal."""
    if asked.json:
        from runs.results import without_nan

        _print_json(without_nan(document))
    else:
        _show(lines)
    return DONE


def _show(lines: Callable[[int], list[Line]]) -> None:
    from viz.tables import show, terminal_width

    show(lines(terminal_width()))
    sys.stdout.flush()


def _print_json(document: object) -> None:
    json.dump(document, sys.stdout, allow_nan=False, ensure_ascii=True)
    sys.stdout.write("\n")


def _fail(code: int, text: str) -> int:
    print("gigawatt: " + " ".join(text.split()), file=sys.stderr)
    return code


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code (0 done, 1 a run failed, 2 the user's mistake, 130 Ctrl-C)."""
    try:
        asked = parser().parse_args(arguments)
        code: int = asked.work(asked)
        sys.stdout.flush()
        return code
    except Mistake as mistake:
        return _fail(MISTAKE, str(mistake))
    except KeyboardInterrupt:
        return _fail(INTERRUPTED, "interrupted")
    except BrokenPipeError:
        # Whoever read our output has enough; nothing may be written at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except MemoryError:
        return _fail(FAILED, "not enough memory for so many worlds; take fewer with --worlds")
    except RuntimeError as error:
        if type(error).__name__ not in ("LawBroken", "RunFailed"):
            raise
        return _fail(FAILED, str(error))


if __name__ == "__main__":
    sys.exit(main())
