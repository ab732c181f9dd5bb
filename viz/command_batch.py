"""The command `batch`: many worlds in blocks, on processes or a cluster, into a directory that survives."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from viz.command_line import (
    DONE,
    FAILED,
    Commands,
    Mistake,
    add_ensemble,
    add_parameters_from,
    add_plugin,
    check_writable,
    mistakes,
    parameters_asked,
    parameters_source,
    place,
    print_json,
    scenario_asked,
    setting,
    tell,
    whole,
)

if TYPE_CHECKING:
    from runs.batch_plan import Plan
    from runs.batch_request import Request
    from runs.batch_standing import Standing

WORLDS = 10_000
KEPT = ("worlds", "seed", "until", "keep", "draws", "until_ci", "block")
"""Options that the manifest holds under the same name."""


def add_commands(commands: Commands) -> None:
    """The command line's grammar of this family."""
    batch = commands.add("batch", batch_command, "many worlds in blocks, into a directory; go on after a stop")
    add = batch.add_argument
    add("scenarios", nargs="*", metavar="SCENARIO", help="names or TOML files (default baseline)")
    add("--worlds", type=whole(1, 10**12), metavar="N", help=f"worlds of each scenario and point (default {WORLDS:,})")
    add("--seed", type=whole(0, 10**18), metavar="S", help="seed of the random numbers (default 1)")
    add("--until", metavar="QUARTER", help="last quarter, like 2028Q4")
    about = "a parameter or policy (repeatable), like microsoft.caution=0.4"
    add("--set", action="append", default=[], metavar="NAME=VALUE", type=setting, dest="settings", help=about)
    add("--out", type=place, metavar="DIR", help="directory of a new batch")
    add("--resume", type=place, metavar="DIR", help="go on with the batch in this directory")
    add("--anew", type=place, metavar="DIR", help="with --resume: begin the same batch anew in this directory")
    add("--keep", choices=("summary", "paths", "full"), help="tables to write (default summary)")
    add("--vary", action="append", default=[], metavar="NAME=low:high:n", help="vary a parameter (repeatable)")
    add("--design", choices=("grid", "lhs", "sobol"), help="how --vary combines (default grid)")
    add("--from-csv", type=place, metavar="FILE", help="a table of parameter values, a row for each point")
    add("--draws", choices=("random", "sobol"), help="sobol: quasi-random parameters (default random)")
    add("--until-ci", metavar="CONDITION", help='end early, like "stargate_share@2030Q4 p>=0.75 within 0.01"')
    add("--block", type=whole(1, 1_000_000), metavar="N", help="worlds in a block (default 2000)")
    add("--from", type=place, metavar="FILE", dest="state", help="start all worlds from a saved market")
    add("--workers", type=whole(1, 10_000), default=os.cpu_count() or 1, metavar="N", help="processes (default all)")
    add("--scheduler", metavar="ADDRESS", help="an existing Dask cluster, like tcp://127.0.0.1:8786")
    add("--engine", metavar="MODULE:ATTRIBUTE", help="another factory of concurrent.futures executors")
    add_parameters_from(batch)
    add_plugin(batch)
    add("--quiet", action="store_true", help="no progress, no summary")
    save = commands.add("save", save_command, "run to a quarter and save the market: many futures start from it")
    save.add_argument("scenario", nargs="?", default="baseline", help="name or TOML file (default baseline)")
    add_ensemble(save)
    save.add_argument("--at", required=True, metavar="QUARTER", help="the last quarter of the past, like 2026Q4")
    save.add_argument("--out", type=place, required=True, metavar="FILE", help="a file that is not there yet")


def batch_command(asked: argparse.Namespace) -> int:
    """Begin a batch, or go on with one."""
    from runs.batch import drive
    from runs.batch_engine import engine_for
    from viz.batch_progress import BatchProgress

    with mistakes():
        engine = engine_for(asked.workers, asked.scheduler, asked.engine)
    folder, plan = _resumed(asked) if asked.resume is not None else _begun(asked)
    # A scheduler of jobs asks a driver to end by SIGTERM: it is taken as Ctrl-C.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with mistakes(), BatchProgress(folder.name or str(folder), asked.quiet) as progress:
            standing = drive(folder, plan, engine, progress)
    except KeyboardInterrupt:
        if not asked.quiet:
            print(f"gigawatt: stopped; go on with: gigawatt batch --resume {quote(str(folder))}", file=sys.stderr)
        raise
    finally:
        signal.signal(signal.SIGTERM, before)
    return _ended(asked, standing, folder)


def _ended(asked: argparse.Namespace, standing: Standing, folder: Path) -> int:
    """Say what became of it."""
    from viz.batch_progress import standing_facts, summary_lines

    if asked.json:
        from runs.results import without_nan

        print_json(without_nan({"batch": str(folder), **standing_facts(standing)}))
    elif not asked.quiet:
        print(*summary_lines(standing, str(folder)), sep="\n")
    for index, text in sorted(standing.failed.items()):
        print(f"gigawatt: block {index} failed: {' '.join(text.split())}", file=sys.stderr)
    return FAILED if standing.failed else DONE


def _begun(asked: argparse.Namespace) -> tuple[Path, Plan]:
    """A new batch, its manifest written."""
    if asked.out is None:
        raise Mistake("batch: name a directory with --out DIR, or one to go on with by --resume DIR")
    if asked.anew is not None:
        raise Mistake("--anew: goes with --resume DIR")
    return asked.out, _begin(asked, asked.out, _request(asked, None), _files(asked))


def _files(asked: argparse.Namespace) -> dict[str, Path]:
    """The files that a new batch starts from, by their names in its directory."""
    from runs.posterior import PRIOR, posterior_file
    from runs.store_files import POSTERIOR, STATE

    found = {} if asked.state is None else {STATE: asked.state}
    if asked.parameters_from not in (None, PRIOR):
        found[POSTERIOR] = posterior_file(asked.parameters_from)
    return found


def _begin(asked: argparse.Namespace, folder: Path, request: Request, files: Mapping[str, Path]) -> Plan:
    from runs.batch_folder import begin, needed_bytes
    from runs.batch_plan import make_plan

    check_writable(folder)
    with mistakes():
        plan = make_plan(request)
        if not asked.quiet:
            runs = plan.runs_per_scenario * len(request.scenarios)
            most = f"at most {needed_bytes(plan) / 1e6:,.1f} MB in {folder}"
            blocks = f"{plan.block_count:,} block{'s' if plan.block_count > 1 else ''}"
            print(f"{runs:,} world{'s' if runs > 1 else ''} in {blocks}: {most}", file=sys.stderr)
        begin(plan, folder, files)
    return plan


def _resumed(asked: argparse.Namespace) -> tuple[Path, Plan]:
    """A batch that goes on; what is asked besides must be what it was begun with."""
    from runs.batch_folder import reopen, starts_from
    from runs.batch_program import differences
    from runs.batch_request import asked_document
    from runs.store_files import read_plan

    folder: Path = asked.resume
    if asked.out is not None:
        raise Mistake("--out: a batch that is resumed has its directory; --anew DIR begins it again elsewhere")
    with mistakes():
        plan = read_plan(folder)
        request = _request(asked, plan.request)
        if asked.anew is not None:
            before = {name: folder / name for name in starts_from(plan)}
            return asked.anew, _begin(asked, asked.anew, request, before | _files(asked))
        found = differences(asked_document(plan.request), asked_document(request))
        if found:
            raise Mistake(
                f"{folder}: was begun with other wishes ({'; '.join(found)}); resume it without them, "
                f"or begin anew with --resume {quote(str(folder))} --anew DIR"
            )
        return folder, reopen(folder)


def _request(asked: argparse.Namespace, before: Request | None) -> Request:
    """What is asked for; where something is not said, as before, or the default."""
    from dataclasses import replace

    from runs.batch_request import Request, posterior_facts
    from runs.fingerprint import file_digest
    from runs.plugins import read_plugins
    from runs.posterior import PRIOR, posterior_file
    from runs.saving import read_header, saved_scenario

    said: dict[str, Any] = {name: getattr(asked, name) for name in KEPT if getattr(asked, name) is not None}
    with mistakes():
        if asked.state is not None:
            if asked.scenarios:
                raise Mistake("--from: a saved market has its scenario; name none")
            header = read_header(asked.state)
            if asked.until not in (None, header["until"]):
                raise Mistake(f"--until: the saved market runs until {header['until']}")
            said |= {
                "scenarios": (saved_scenario(header, asked.plugins, asked.state),),
                "state": file_digest(asked.state),
                "until": header["until"],
            }
        elif asked.scenarios or before is None:
            names = asked.scenarios or ["baseline"]
            said["scenarios"] = tuple(scenario_asked(asked, name) for name in names)
        elif asked.plugins and read_plugins(asked.plugins) is not before.cast:
            raise Mistake("--plugin: a batch that is resumed has its plugins; name the scenarios again with others")
        elif any(name.endswith(".policy") for name, _ in asked.settings):
            raise Mistake("--set: name the scenarios again with their policies")
        if parameters_asked(asked) or before is None:
            said["parameters"] = parameters_asked(asked)
        if asked.parameters_from is None and before is None and asked.state is None and asked.draws != "sobol":
            asked.parameters_from = parameters_source(asked, *said["scenarios"])
        if asked.parameters_from is not None:
            source = parameters_source(asked)
            said["posterior"] = None if source == PRIOR else posterior_facts(posterior_file(source))
        if asked.vary or asked.from_csv is not None or before is None:
            said["design"] = _design(asked)
        if before is not None:
            return replace(before, **said)
        return Request(**{"worlds": WORLDS, **said})


def _design(asked: argparse.Namespace) -> Any:
    from runs.batch_design import make_design, parse_vary, read_design

    if asked.from_csv is not None:
        if asked.vary or asked.design:
            raise Mistake("--from-csv: the table is the design; leave out --vary and --design")
        return read_design(asked.from_csv)
    if asked.design and not asked.vary:
        raise Mistake("--design: say what varies with --vary NAME=low:high:n")
    seed = 1 if asked.seed is None else asked.seed
    return make_design([parse_vary(text) for text in asked.vary], asked.design or "grid", seed)


def save_command(asked: argparse.Namespace) -> int:
    """Run to the end of a quarter and save the market there."""
    from runs.past import run_until
    from viz.progress import Progress
    from viz.tables import Line

    scenario = scenario_asked(asked)
    if asked.out.exists():
        raise Mistake(f"--out: {asked.out} exists already")
    check_writable(asked.out.absolute().parent)
    with mistakes(), Progress(scenario.name, asked.quiet) as progress:
        numbers, parameters = (asked.worlds, asked.seed), parameters_asked(asked)
        run_until(scenario, asked.at, asked.out, *numbers, asked.until, parameters, progress)
    document = {"file": str(asked.out), "quarter": asked.at, "worlds": asked.worlds}
    text = f"{asked.worlds:,} world{'s' if asked.worlds > 1 else ''} at the end of {asked.at} in {asked.out}"
    return tell(asked, document, lambda _: [Line(text)])
