"""The front door: the command line, and nothing but wiring; heavy imports stay inside the commands."""

from __future__ import annotations

import argparse
import errno
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import viz.command_batch
import viz.command_explain
import viz.command_record
import viz.command_store
import viz.command_view
from viz.command_line import (
    DONE,
    FAILED,
    INTERRUPTED,
    MISTAKE,
    Commands,
    Grammar,
    Mistake,
    add_ensemble,
    check_writable,
    mistakes,
    notice_if_older,
    parameters_asked,
    parameters_source,
    place,
    print_json,
    scenario_asked,
    show_lines,
    simulate_asked,
    tell,
    whole,
)


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
    commands = Commands(top)
    run = commands.add(
        "run", run_command, "simulate a scenario: table by question, figures", "; figures only with --out"
    )
    run.add_argument("scenario", nargs="?", default="baseline", help="name or TOML file (default baseline)")
    add_ensemble(run)
    run.add_argument("--out", metavar="DIR", type=place, help="where figures go (default results/SCENARIO)")
    run.add_argument("--no-figures", action="store_true", help="draw no figures")
    compare = commands.add("compare", compare_command, "two scenarios on the same random numbers: paired differences")
    compare.add_argument("scenario", help="name or TOML file")
    compare.add_argument("other", nargs="?", help="what it is compared with (default the same, with --set)")
    add_ensemble(compare)
    compare.add_argument("--metric", action="append", default=[], metavar="NAME", help="only this metric (repeatable)")
    claims = commands.add("claims", claims_command, "what the source articles claim beside what the model finds")
    claims.add_argument("scenario", nargs="?", help="name or file (default stargate-2025, with baseline beside it)")
    claims.add_argument("other", nargs="?", help="another scenario, side by side")
    add_ensemble(claims)
    parameters = commands.add(
        "parameters", parameters_command, "every parameter: range, unit, meaning", ", with the sources"
    )
    parameters.add_argument("text", nargs="?", default="", help="only those whose name or description holds this")
    viz.command_explain.add_commands(commands)
    commands.add("scenarios", scenarios_command, "the scenarios that come with the model")
    bench = commands.add("bench", bench_command, "measure the speed on this machine")
    bench.add_argument("--batch", type=whole(1, 10**8), metavar="N", help="measure a batch of N worlds instead")
    bench.add_argument("--out", type=place, metavar="DIR", help="keep that batch, and go on with it if it was stopped")
    viz.command_batch.add_commands(commands)
    viz.command_record.add_commands(commands)
    viz.command_store.add_commands(commands)
    viz.command_view.add_commands(commands)
    return top


def run_command(asked: argparse.Namespace) -> int:
    """Simulate one scenario and show what happens."""
    scenario = scenario_asked(asked)
    draws = not asked.no_figures and (asked.out is not None or not asked.json)
    folder = asked.out or Path("results") / scenario.name
    if draws:
        check_writable(folder)
    dataset = simulate_asked(asked, scenario)
    if asked.json:
        from runs.results import as_dictionary

        print_json(as_dictionary(dataset))
    else:
        from viz.tables import run_lines

        show_lines(lambda width: run_lines(dataset, width))
    if draws:
        from viz.figures import draw_figures

        with mistakes():
            folder.mkdir(parents=True, exist_ok=True)
        files = draw_figures(dataset, folder)
        if not asked.quiet:
            print(*("", "Figures:", *files), sep="\n", file=sys.stderr if asked.json else sys.stdout)
    return DONE


def compare_command(asked: argparse.Namespace) -> int:
    """Two scenarios on the same draws, or one without and with the settings."""
    from dataclasses import replace

    from runs.compare import compare
    from runs.memory import memory_held
    from runs.metrics import REGISTRY
    from viz.listings import comparison_lines
    from viz.progress import Progress
    from world.parameters import unknown

    first = scenario_asked(asked, asked.scenario, with_policies=asked.other is not None)
    second = scenario_asked(asked, asked.other or asked.scenario)
    parameters, names = parameters_asked(asked), (first.name, second.name)
    if asked.other is None:
        if not asked.settings:
            raise Mistake("compare: name two scenarios, or one with --set NAME=VALUE")
        second = replace(second, parameters={**second.parameters, **parameters})
        names = (first.name, "with " + ", ".join(f"{name}={value}" for name, value in asked.settings))
        parameters = {}
    for metric in asked.metric:
        if metric not in REGISTRY:
            raise Mistake(f"--metric: {unknown(metric, REGISTRY, 'metric')}")
    source = parameters_source(asked, first, second)
    with mistakes(), memory_held(), Progress("compare", asked.quiet) as progress:
        found = compare(
            first, second, asked.worlds, asked.seed, asked.until, parameters, progress=progress, parameters_from=source
        )
    notice_if_older(asked, source)
    rows = [row for row in found.as_rows() if not asked.metric or row["metric"] in asked.metric]
    facts = {"first": names[0], "second": names[1], "worlds": found.worlds, "seed": found.seed}
    document = {**facts, "quarters": found.quarters, "differences": rows}
    return tell(asked, document, lambda width: comparison_lines(found, names, asked.metric, width))


def claims_command(asked: argparse.Namespace) -> int:
    """The claims of the source articles beside the model's distributions."""
    from runs.claims import claims_table
    from runs.results import run_facts
    from viz.listings import claims_lines, claims_pair_lines

    names = [name for name in (asked.scenario, asked.other) if name] or ["stargate-2025", "baseline"]
    datasets = [simulate_asked(asked, scenario) for scenario in [scenario_asked(asked, name) for name in names]]
    rows = [claims_table(dataset) for dataset in datasets]
    documents = [{"run": run_facts(a), "claims": b} for a, b in zip(datasets, rows, strict=True)]
    if len(names) == 1:
        return tell(asked, documents[0], lambda width: claims_lines(datasets[0], rows[0], width))
    pair, tables = (datasets[0], datasets[1]), (rows[0], rows[1])
    document = documents[0] | {"beside": documents[1]}
    return tell(asked, document, lambda width: claims_pair_lines(pair, tables, width))


def parameters_command(asked: argparse.Namespace) -> int:
    """The parameter table, or the part of it that holds a text."""
    from viz.listings import parameter_lines
    from world.parameters import parameters_table

    rows = [row for row in parameters_table() if asked.text.lower() in f"{row['name']} {row['description']}".lower()]
    if not rows:
        raise Mistake(f"no parameter holds {asked.text!r}")
    return tell(asked, {"parameters": rows}, lambda width: parameter_lines(rows, width))


def scenarios_command(asked: argparse.Namespace) -> int:
    """The names of the scenarios, each with its title."""
    from runs.scenario import load_scenario, scenario_names
    from viz.tables import plain_table

    found = [load_scenario(name) for name, _ in scenario_names()]
    rows = [{"name": s.name, "title": s.title, "start": s.start, "known_until": str(s.known_until)} for s in found]
    cells = [[row["name"], row["start"], row["title"]] for row in rows]
    return tell(asked, {"scenarios": rows}, lambda width: plain_table(("scenario", "start", "title"), cells, width))


def bench_command(asked: argparse.Namespace) -> int:
    """Measure the speed."""
    from viz.listings import bench_lines

    if asked.batch is not None:
        from runs.bench_batch import bench_batch
        from viz.batch_progress import BatchProgress

        if asked.out is not None:
            check_writable(asked.out)
        with mistakes(), BatchProgress("bench", asked.json) as progress:
            result = bench_batch(asked.batch, asked.out, progress)
    elif asked.out is not None:
        raise Mistake("--out: goes with --batch N")
    else:
        from runs.bench import bench

        result = bench()
    return tell(asked, result, lambda width: bench_lines(result, width))


def _fail(code: int, text: str) -> int:
    print("gigawatt: " + " ".join(text.split()), file=sys.stderr)
    return code


def _flushes() -> bool:
    """Whether what was said so far goes out; if not, it would complain again at exit."""
    try:
        sys.stdout.flush()
    except OSError:
        return False
    return True


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code (0 done, 1 a run failed, 2 the user's mistake, 130 Ctrl-C)."""
    # NumPy reads it when it is loaded. Pages of 2 MB are cleared whole, and on a virtual machine each may have to be
    # fetched from the host first: three times dearer than small ones, which `runs.memory` then keeps.
    os.environ.setdefault("NUMPY_MADVISE_HUGEPAGE", "0")
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
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        if not _flushes():
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _fail(FAILED, f"cannot write: {error.strerror}")
    except MemoryError:
        return _fail(FAILED, "not enough memory for so many worlds; take fewer with --worlds")
    except RuntimeError as error:
        if type(error).__name__ not in ("LawBroken", "RunFailed", "BatchFailed"):
            raise
        return _fail(FAILED, str(error))


if __name__ == "__main__":
    sys.exit(main())
