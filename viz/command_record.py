"""The commands of the record: what was seen, how the model does on it, what it tells of the parameters."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from viz.command_line import DONE, Commands, Mistake, check_writable, mistakes, place, tell, whole


def add_commands(commands: Commands) -> None:
    """Add history, backtest and calibrate."""
    history = commands.add(
        "history", history_command, "the record: observed series and their counterparts in the model"
    )
    history.add_argument("text", nargs="?", default="", help="only series whose name holds this")
    history.add_argument("--values", action="store_true", help="list every value")
    _add_out(history, "plot the series into this folder")
    backtest = commands.add("backtest", backtest_command, "forecasts from past origins, scored on the record")
    about = "scenario whose forecast is scored on --observations (default baseline)"
    backtest.add_argument("scenario", nargs="?", help=about)
    backtest.add_argument(
        "--observations", type=place, metavar="FILE", help="score these: series,period,value,unit[,low,high]"
    )
    _add_worlds(backtest, 10_000)
    _add_out(backtest, "draw the figures into this folder")
    backtest.add_argument("--forecasts", action="store_true", help="list every forecast")

    calibrate = commands.add("calibrate", calibrate_command, "what the record tells of the parameters")
    _add_worlds(calibrate, 16_000)
    calibrate.add_argument("--stored", action="store_true", help="show the stored posterior, calibrate nothing")
    calibrate.add_argument("--store", action="store_true", help="replace the stored posterior by this one")
    _add_out(calibrate, "draw the figures into this folder, and write the posterior there")


def _add_worlds(command: argparse.ArgumentParser, worlds: int) -> None:
    add = command.add_argument
    add("--worlds", type=whole(100, 1_000_000), default=worlds, metavar="N", help=f"how many worlds (default {worlds})")
    add("--seed", type=whole(0, 10**18), default=1, metavar="S", help="seed of the random numbers (default 1)")
    add("--quiet", action="store_true", help="no progress bar, no notes")


def _add_out(command: argparse.ArgumentParser, about: str) -> None:
    command.add_argument("--out", metavar="DIR", type=place, help=about)


def _folder(asked: argparse.Namespace) -> Path | None:
    """The folder asked for, made before anything is computed."""
    folder: Path | None = asked.out
    if folder is not None:
        check_writable(folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Mistake(f"--out: {folder} cannot be made ({error.strerror})") from error
    return folder


def _say_figures(asked: argparse.Namespace, files: list[Path]) -> None:
    if not getattr(asked, "quiet", False):
        print(*("", "Figures:", *files), sep="\n", file=sys.stderr if asked.json else sys.stdout)


def history_command(asked: argparse.Namespace) -> int:
    """List the series of the record, each with its counterpart."""
    from runs.record_table import history_rows
    from viz.listings_record import history_lines

    folder = _folder(asked)
    rows = history_rows(asked.text)
    if not rows:
        raise Mistake(f"no series of the record holds {asked.text!r}")
    code = tell(asked, {"series": rows}, lambda width: history_lines(rows, asked.values, width))
    if folder is not None:
        from viz.figure_history import draw_history

        _say_figures(asked, draw_history(rows, folder))
    return code


def backtest_command(asked: argparse.Namespace) -> int:
    """Score forecasts on the record from rolling origins, or a scenario's forecast on a user's observations."""
    from runs.backtest import backtest, score_scenario
    from runs.observations import Slips, read_observations
    from runs.scenario import load_scenario
    from runs.score_table import as_document, table
    from viz.listings_record import backtest_lines, left_out_lines
    from viz.progress import Progress

    folder = _folder(asked)
    if asked.observations is None:
        if asked.scenario is not None:
            raise Mistake(f"backtest: {asked.scenario}: a scenario is scored on --observations FILE")
        with mistakes(), Progress("backtest", asked.quiet) as progress:
            found = backtest(asked.worlds, asked.seed, progress=progress)
    else:
        with mistakes():
            targets = read_observations(asked.observations)
            scenario = load_scenario(asked.scenario or "baseline")
            try:
                with Progress(scenario.name, asked.quiet) as progress:
                    found = score_scenario(scenario, targets, asked.worlds, asked.seed, progress=progress)
            except Slips as slips:
                for line in slips.lines[:-1]:
                    print(f"gigawatt: {line}", file=sys.stderr)
                raise Mistake(slips.lines[-1]) from None
    rows = table(found) if found.forecasts else []
    tell(
        asked,
        as_document(found) if rows else {**as_document(found), "table": []},
        lambda width: [*backtest_lines(found, rows, asked.forecasts, width), *left_out_lines(found, width)],
    )
    if folder is not None and rows:
        from viz.figure_backtest import draw_backtest

        _say_figures(asked, draw_backtest(found, folder))
    return DONE


def calibrate_command(asked: argparse.Namespace) -> int:
    """From priors to posterior: what the record informs, how far to trust it, and which pairs trade off."""
    from runs.posterior import FILE, load_posterior, save
    from viz.listings_calibration import calibration_lines
    from viz.progress import Progress

    folder = _folder(asked)
    if asked.stored:
        if asked.store:
            raise Mistake("calibrate: --stored shows what is stored; --store replaces it: give one of the two")
        with mistakes():
            posterior = load_posterior()
    else:
        from runs.calibration import calibrate
        from runs.identifiability import posterior_of

        if asked.store and not os.access(FILE.parent, os.W_OK):
            raise Mistake(f"--store: may not write into the folder {FILE.parent}")
        with mistakes(), Progress("calibrate", asked.quiet) as progress:
            posterior = posterior_of(calibrate(asked.seed, asked.worlds, progress=progress))
        if asked.store:
            with mistakes():
                save(posterior, FILE)
    document = {**posterior.about, "older": posterior.older, "kept": list(posterior.names)}
    tell(asked, document, lambda width: calibration_lines(posterior, width))
    if folder is not None:
        from viz.figure_calibration import draw_calibration

        with mistakes():
            save(posterior, folder / "posterior.npz")
        _say_figures(asked, [*draw_calibration(posterior, folder), folder / "posterior.npz"])
    return DONE
