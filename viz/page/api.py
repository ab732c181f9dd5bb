"""The answers of the server as JSON documents: stateless, each a function of its query and nothing else."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from runs.claims import claims_table
from runs.inputs import parameter_rows
from runs.one_world import one_world
from runs.results import as_dictionary, run_facts, without_nan
from viz.page import figures, figures_money, figures_world  # noqa: F401  they register their cards
from viz.page.answer import HINTS, TARGETS, effects, influence, questions, sentence, tiles
from viz.page.cards import CARDS, FILLS, SECTIONS, order_for
from viz.page.deals import negotiations, recorded
from viz.page.engine import Engine
from viz.page.figures_world import lines_of, picks, world_cards
from viz.page.look import Look
from viz.page.state import MOST_SEED, MOST_WORLDS, Shelf, State
from viz.page.versus import difference, versus
from viz.page.words import claims_rows, settings_words

SLIDERS = 8
PREVIEW_WORLDS = 200
"""While a slider is dragged the page asks for the first of the worlds only."""


def encoded(document: Any) -> bytes:
    """JSON without NaN."""
    try:
        # Most documents hold plain finite numbers; to look at each of them first takes longer than all the rest.
        text = json.dumps(document, allow_nan=False, separators=(",", ":"), ensure_ascii=False)
    except (TypeError, ValueError):
        text = json.dumps(without_nan(document), allow_nan=False, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def page_document(shelf: Shelf) -> dict[str, Any]:
    """What the page needs once: scenarios, parameters, questions, sections, cards, limits."""
    scenarios = [
        {"name": s.name, "title": s.title, "start": s.start, "description": s.description, "sets": dict(s.parameters)}
        for s in shelf.scenarios.values()
    ]
    return {
        "first": shelf.first,
        "scenarios": scenarios,
        "parameters": parameter_rows(),
        "questions": questions(),
        "sections": SECTIONS,
        "cards": [card.as_dictionary() for card in CARDS.values()],
        "limits": {"worlds": MOST_WORLDS, "seed": MOST_SEED, "preview": PREVIEW_WORLDS},
    }


def look_at(engine: Engine, state: State) -> Look:
    """The ensembles of a state."""
    found = [engine.run(scenario, settings, state.worlds, state.seed) for scenario, settings in state.runs]
    return Look(*found)


def view_document(engine: Engine, state: State) -> dict[str, Any]:
    """Everything that the page shows of an ensemble: the answer, the tiles, and what fills each card."""
    look = look_at(engine, state)
    scenario = engine.shelf.scenarios[state.scenario]
    cards = {name: fill(look) for name, fill in FILLS.items()}
    if look.other is not None:
        cards["difference"] = difference(look)
    chosen = picks(look.dataset)
    for name, line in lines_of(look, chosen[0]["world"]).items():
        cards[name].data["one"] = line
    document = {}
    for name, filling in cards.items():
        filling.signals = {"first": look.first, "last": look.last} | filling.signals
        document[name] = filling.as_dictionary()
    asked = question_document(engine, state, state.question)
    other = engine.shelf.scenarios[state.versus].title if state.versus else ""
    return {
        "run": run_facts(look.dataset),
        "query": state.query(),
        "title": scenario.title,
        "description": scenario.description,
        "quarters": look.quarters,
        "x": look.x,
        "versus": versus(look, other + (" without your settings" if state.versus == state.scenario else "")),
        "settings": settings_words(state.settings),
        "tiles": tiles(look),
        "picks": chosen,
        **asked,
        "cards": document | asked["cards"],
    }


def question_document(engine: Engine, state: State, question: int) -> dict[str, Any]:
    """What changes in the view with the question: sentence, order of the cards, and what moves the answer."""
    look = look_at(engine, state)
    moves = effects(look, engine.shelf.scenarios[state.scenario], question)
    moves.signals = {"first": look.first, "last": look.last} | moves.signals
    return {
        "question": questions()[question],
        "sentence": sentence(look, question),
        "hint": HINTS.get(question, ""),
        "order": order_for(question),
        "cards": {"effects": moves.as_dictionary() | {"about": TARGETS[question].label}},
    }


def world_document(engine: Engine, state: State, number: int) -> dict[str, Any]:
    """What the page shows of one world: its cards, and what was negotiated in it."""
    market = recorded(engine, state, number)
    world = one_world(market)
    last = {"first": 2023.0, "last": int(world.quarters[-1][:4]) + 1.0}
    cards = world_cards(world)
    for name in ("ribbons", "sites", "flows", "events"):
        cards[name].signals = last | cards[name].signals
    return {
        "world": number,
        "quarters": list(world.quarters),
        "cards": {name: filling.as_dictionary() for name, filling in cards.items()},
        "deals": negotiations(market),
    }


def sliders_document(engine: Engine, state: State) -> dict[str, Any]:
    """The parameters of a scenario by their influence on its answers; the first eight are the main sliders."""
    look = Look(engine.run(state.scenario, (), 1000, 1))
    ranked = influence(look, engine.shelf.scenarios[state.scenario])
    return {"scenario": state.scenario, "sliders": ranked[:SLIDERS], "by_influence": ranked}


def claims_document(engine: Engine, state: State) -> dict[str, Any]:
    """The claims of the two articles beside the run."""
    dataset = engine.run(state.scenario, state.settings, state.worlds, state.seed)
    rows = claims_table(dataset)
    return {"run": run_facts(dataset), "claims": rows, "shown": claims_rows(rows)}


def quantiles_document(engine: Engine, state: State) -> dict[str, Any]:
    """Every metric by quarter as quantiles, with settings and claims: the document of `gigawatt run --json`."""
    return as_dictionary(engine.run(state.scenario, state.settings, state.worlds, state.seed))


def quantiles_table(engine: Engine, state: State) -> str:
    """The same as CSV: a row for each scenario, metric, member and quarter, the run compared with included."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    levels = ("0.05", "0.25", "0.5", "0.75", "0.95")
    writer.writerow(["scenario", "settings", "worlds", "seed", "metric", "member", "unit", "quarter", *levels])
    for scenario, settings in state.runs:
        document = as_dictionary(engine.run(scenario, settings, state.worlds, state.seed), claims=[])
        words = " ".join(f"{name}={value!r}" for name, value in settings)
        for row in document["metrics"]:
            columns = [row["quantiles"][level] for level in levels]
            for place, quarter in enumerate(document["quarters"]):
                figures_ = ["" if column[place] is None else repr(column[place]) for column in columns]
                start = [scenario, words, state.worlds, state.seed, row["name"], row["member"] or "", row["unit"]]
                writer.writerow([*start, quarter, *figures_])
    return text.getvalue()
