"""The commands that look into one world: `explain`, why each deal was struck, and `flows`, who pays whom for what."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING

from viz.command_line import (
    Commands,
    Grammar,
    Mistake,
    add_ensemble,
    mistakes,
    notice_if_older,
    parameters_asked,
    parameters_source,
    scenario_asked,
    simulate_asked,
    tell,
)

if TYPE_CHECKING:
    from runs.model import ComputeMarket
    from runs.scenario import Scenario

TYPICAL = "typical"


def add_commands(commands: Commands) -> None:
    """Add `explain` and `flows` to the front door."""
    explain = commands.add("explain", explain_command, "why each deal of a quarter was struck, in one world")
    add_world(explain)
    flows = commands.add("flows", flows_command, "who pays whom for what in a quarter, in one world")
    add_world(flows)


def add_world(command: Grammar) -> None:
    """The options that name a world and a quarter."""
    command.add_argument("scenario", nargs="?", default="baseline", help="name or TOML file (default baseline)")
    about = "its number, or by what happens in it, like typical or worst-cash (default typical)"
    command.add_argument("--world", default=TYPICAL, metavar="W", help=about)
    command.add_argument("--quarter", metavar="QUARTER", help="like 2026Q2 (default the one with the largest deals)")
    command.add_argument("--firm", metavar="NAME", help="only what this firm takes part in, like OpenAI")
    add_ensemble(command)


def explain_command(asked: argparse.Namespace) -> int:
    """Tell the deals of a quarter."""
    from runs.deal_sheet import deal_sheet
    from runs.explain import horizon
    from viz.deal_words import sheet_lines

    scenario = scenario_asked(asked)
    firm = firm_asked(asked, scenario)
    market, quarter, chosen = world_asked(asked, scenario)
    sheet = deal_sheet(market, quarter)
    if firm is not None:
        sheet = sheet.about(firm)
    document = {**sheet.as_dictionary(), "chosen": chosen or None, "until": horizon(market)}
    return tell(asked, document, lambda width: sheet_lines(sheet, chosen, width))


def flows_command(asked: argparse.Namespace) -> int:
    """Show the flow matrix of a quarter."""
    from runs.explain import horizon
    from runs.flows import flow_matrix
    from viz.flow_words import flow_lines

    scenario = scenario_asked(asked)
    firm = firm_asked(asked, scenario)
    market, quarter, chosen = world_asked(asked, scenario)
    found = flow_matrix(market, quarter)
    document = {**found.as_dictionary(), "chosen": chosen or None, "until": horizon(market)}
    return tell(asked, document, lambda width: flow_lines(found, chosen, firm, width))


def world_asked(asked: argparse.Namespace, scenario: Scenario) -> tuple[ComputeMarket, int, str]:
    """The recorded run of the world asked for, the quarter to tell, and why this world if it was chosen."""
    from runs.explain import CRITERIA, check_quarter, choose_world, record_world, told_quarter

    chosen = ""
    by_number = re.fullmatch(r"[0-9]{1,18}", asked.world) is not None
    if not by_number and asked.world not in CRITERIA:
        raise Mistake(f"--world: wanted a world's number or one of {', '.join(CRITERIA)}; got {asked.world!r}")
    with mistakes():
        if asked.quarter is not None:
            check_quarter(asked.quarter, scenario.start, asked.until)
    if by_number:
        number, source = int(asked.world), parameters_source(asked, scenario)
    else:
        ran = simulate_asked(asked, scenario)
        number, source = choose_world(ran, asked.world), str(ran.attrs["parameters_from"])
        chosen = f"{CRITERIA[asked.world].sentence}, of {asked.worlds:,}"
    with mistakes():
        given = parameters_asked(asked)
        market = record_world(scenario, number, asked.seed, asked.until, given, asked.quarter, parameters_from=source)
    if by_number:
        notice_if_older(asked, source)
    return market, told_quarter(market, asked.quarter), chosen


def firm_asked(asked: argparse.Namespace, scenario: Scenario) -> str | None:
    """The cast's name of the firm asked for."""
    from runs.explain import firm_named

    with mistakes():
        return None if asked.firm is None else firm_named(asked.firm, scenario.cast)
