"""The deal sheets of one world as the page shows them: what `gigawatt explain` tells, quarter by quarter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from runs.deal_sheet import DealSheet, deal_sheet
from runs.explain import firm_named, horizon, record_world
from runs.model import ComputeMarket
from runs.results import title
from viz.deal_words import tell_talk
from viz.page.engine import Engine
from viz.page.state import RefusedError, Shelf, State


def deals_document(engine: Engine, state: State, number: int, quarter: str | None, firm: str | None) -> dict[str, Any]:
    """Every negotiation of one world in words, by quarter; firms by the names of the cast and those for readers.

    Args: quarter: only this one; firm: only what it takes part in, by either of its names.
    Raises: ValueError naming a quarter outside the run; RunFailed.
    """
    wanted = None if firm is None else firm_named(firm, engine.shelf.scenarios[state.scenario].cast)
    market = recorded(engine, state, number, quarter)
    return {
        "scenario": state.scenario,
        "world": number,
        "seed": state.seed,
        "settings": dict(state.settings),
        "until": horizon(market),
        **negotiations(market, wanted),
    }


def recorded(engine: Engine, state: State, number: int, quarter: str | None = None) -> ComputeMarket:
    """A world of the run on show, run alone with everything that is said in it; `quarter`: only to that one."""
    scenario, settings = engine.shelf.scenarios[state.scenario], dict(state.settings)
    return record_world(scenario, number, state.seed, None, settings, quarter, progress=engine.stop_if_alone)


def negotiations(market: ComputeMarket, firm: str | None = None) -> dict[str, Any]:
    """What was negotiated in the quarters recorded, in words: who takes part, and the talks by quarter."""
    assert market.recorder is not None
    sheets = [deal_sheet(market, page) for page in sorted(market.recorder.pages)]
    told = {sheet.quarter: _told(sheet if firm is None else sheet.about(firm)) for sheet in sheets}
    parties = {name for talks in told.values() for talk in talks for name in talk["parties"]}
    named = sorted((title(name), name) for name in parties)
    return {"firms": [{"name": name, "title": words} for words, name in named], "quarters": told}


def _told(sheet: DealSheet) -> list[dict[str, Any]]:
    """The negotiations that there is something to tell of."""
    found = []
    for talk in sheet.talks:
        heading, sentences = tell_talk(talk)
        if heading:
            found.append({"kind": talk.kind, "parties": list(talk.parties), "heading": heading, "sentences": sentences})
    return found


def deals_asked(pairs: Sequence[tuple[str, str]], shelf: Shelf) -> tuple[str | None, str | None]:
    """Quarter and firm in a query, None where all are wanted. Raises: RefusedError naming everybody who negotiates."""
    given = dict(pairs)
    firm = given.get("firm") or None
    if firm is not None:
        try:
            firm = firm_named(firm[:60], shelf.scenarios[shelf.first].cast)
        except ValueError as error:
            raise RefusedError(str(error)) from None
    return given.get("quarter") or None, firm
