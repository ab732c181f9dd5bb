"""The command `gigawatt view`: the page in the browser, or as one file."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from viz.command_line import DONE, Commands, Mistake, add_plugin, check_writable, mistakes, place, print_json, whole

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from viz.page.state import Shelf

PORT = 8417


def add_commands(commands: Commands) -> None:
    """Register `view`."""
    view = commands.add("view", view_command, "explore the scenarios in the browser", ": the page's address or file")
    view.add_argument(
        "scenario", nargs="?", default="baseline", help="name, TOML file, or a batch's directory (default baseline)"
    )
    view.add_argument(
        "--port", type=whole(0, 65535), metavar="N", help=f"port (default {PORT}, or a free one; 0: free)"
    )
    view.add_argument("--no-browser", action="store_true", help="open no browser, only say the address")
    view.add_argument("--export", type=place, metavar="FILE", help="write one HTML file that needs no server, and stop")
    view.add_argument(
        "--worlds", type=whole(1, 5000), default=1000, metavar="N", help="worlds of --export (default 1000)"
    )
    add_plugin(view)


def view_command(asked: argparse.Namespace) -> int:
    """Serve the page until Ctrl-C, or write it to a file."""
    from runs.scenario import scenario_names
    from viz.page.state import Shelf

    if Path(asked.scenario).is_dir() and asked.scenario not in dict(scenario_names()):
        return _serve_batch(Path(asked.scenario), asked)
    with mistakes():
        shelf = Shelf(asked.scenario, asked.plugins)
    if asked.export is not None:
        return _export_scenarios(shelf, asked)
    from viz.page.server import application

    return _serve(application(shelf), {"scenario": shelf.first}, shelf.first, asked)


def _serve_batch(folder: Path, asked: argparse.Namespace) -> int:
    """Show a batch's directory."""
    if asked.plugins:
        raise Mistake("--plugin: a batch is shown with those that it was run with")
    from viz.page.stored import Asked, Stored
    from viz.page.stored_server import stored_application

    with mistakes():
        stored = Stored(folder)
    if asked.export is not None:
        from viz.page.export import page_file

        names = list(stored.batch.scenarios)
        return _export(names, asked, lambda kit: page_file(stored.baked([Asked(name) for name in names]), kit))
    return _serve(stored_application(stored), {"batch": str(folder)}, f"the batch {folder}", asked)


def _serve(app: Starlette, facts: dict[str, str], shown: str, asked: argparse.Namespace) -> int:
    from viz.page.server import bound_socket, serve

    port = PORT if asked.port is None else asked.port
    try:
        bound_socket(port).close()
    except OSError as error:
        if asked.port is not None:
            raise Mistake(f"--port: {port} cannot be used: {error.strerror}; --port 0 takes a free one") from None
        port = 0

    def told(address: str) -> None:
        if asked.json:
            print_json({"address": address, **facts})
        else:
            print(f"Gigawatt shows {shown} at {address}   (Ctrl-C stops it)")
        sys.stdout.flush()

    serve(app, port, not asked.no_browser, told)
    return DONE


def _export_scenarios(shelf: Shelf, asked: argparse.Namespace) -> int:
    from viz.page.engine import Engine
    from viz.page.export import standalone
    from viz.page.state import State
    from viz.progress import Progress

    names = [shelf.first, *(name for name in shelf.scenarios if name != shelf.first)]
    states = [State(scenario=name, worlds=asked.worlds) for name in names]

    def page(kit: tuple[bytes, bytes]) -> bytes:
        engine = Engine(shelf)
        try:
            with Progress("page", False) as progress:
                return standalone(engine, states, kit, progress)
        finally:
            engine.close()

    return _export(names, asked, page)


def _export(names: list[str], asked: argparse.Namespace, page: Callable[[tuple[bytes, bytes]], bytes]) -> int:
    """Write the page to a file, whole or not at all; where it can go is known before it is made."""
    from viz.page.bundle import drawing_kit

    check_writable(asked.export.absolute().parent)
    if asked.export.is_dir():
        raise Mistake(f"--export: {asked.export} is a folder; wanted the name of a file")
    with mistakes():
        asked.export.parent.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=asked.export.parent).close()
        made = page(drawing_kit())
    with tempfile.NamedTemporaryFile(dir=asked.export.absolute().parent, delete=False) as part:
        part.write(made)
    Path(part.name).chmod(0o644)
    Path(part.name).replace(asked.export)
    facts = {"file": str(asked.export), "bytes": len(made), "scenarios": names}
    if asked.json:
        print_json(facts)
    else:
        many = f"{len(names)} scenarios" if len(names) > 1 else names[0]
        print(f"{asked.export}: {many}, {len(made) / 1e6:.1f} MB, opens without a server")
    return DONE
