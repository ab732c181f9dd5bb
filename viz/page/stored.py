"""A finished batch as the page shows it: read-only, quantiles out of core, and only what its tables hold."""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from runs.compare import Difference
from runs.results import LEVELS
from runs.store import Quantiles, open_batch
from runs.store_compare import paired_differences
from viz.page import figures, figures_money  # noqa: F401  they register their cards
from viz.page.cards import CARDS, FILLS, SECTIONS, order_for
from viz.page.state import OF_THE_VIEW, RefusedError
from viz.page.stored_look import NotKeptError, StoredLook
from viz.page.stored_words import TOLD, opened_words, resume, sentence, table, tiles
from viz.page.versus import COMPARED, Change, forest, versus_words

KNOWN = ("scenario", "with")
"""The names in a query that choose what is read."""


@dataclass(frozen=True)
class Asked:
    """What a query asks of a batch: a scenario, perhaps another to compare it with."""

    scenario: str
    versus: str = ""

    def query(self) -> str:
        """As the query of a link."""
        return f"scenario={self.scenario}" + (f"&with={self.versus}" if self.versus else "")


@dataclass(frozen=True)
class Answer:
    """What the page shows, and the figures that it is made of, by scenario."""

    document: dict[str, Any]
    shown: dict[str, list[Quantiles]]
    paired: list[Difference]


class Stored:
    """An opened batch, its answers kept as long as no further block is whole."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.batch = open_batch(folder)
        self.closed = threading.Event()
        """Set when the server stops: reading ends at the next metric."""
        self._lock = threading.Lock()
        self._answer = lru_cache(maxsize=32)(self._work)
        self._look = lru_cache(maxsize=16)(self._opened)
        if not self.batch.blocks:
            raise ValueError(f"{folder}: no block is whole yet; {resume(folder)}")
        wrong = self.batch.verify()
        if wrong:
            more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
            raise ValueError(f"{folder}: {wrong[0]}{more}; {resume(folder)} and runs what is damaged again")

    def asked(self, pairs: Sequence[tuple[str, str]]) -> Asked:
        """What a query asks for. Raises: RefusedError naming what is allowed."""
        for name, _ in pairs:
            if name not in (*KNOWN, *OF_THE_VIEW):
                raise RefusedError(f"{name}: a batch is shown as it was run; a request may hold {', '.join(KNOWN)}")
        given = {name: value for name, value in pairs if name in KNOWN and value}
        for key, name in given.items():
            if name not in self.batch.scenarios:
                has = ", ".join(self.batch.scenarios)
                raise RefusedError(f"{key}: there is no scenario {name[:60]!r} in this batch; there are {has}")
        return Asked(given.get("scenario", self.batch.scenarios[0]), given.get("with", ""))

    def page_document(self) -> dict[str, Any]:
        """What the page needs once."""
        scenarios = [
            {"name": s.name, "title": s.title, "start": s.start, "description": s.description, "sets": {}}
            for s in self.batch.plan.request.scenarios
        ]
        return {
            "first": self.batch.scenarios[0],
            "scenarios": scenarios,
            "parameters": [],
            "questions": [],
            "sections": {name: words for name, words in SECTIONS.items() if name != "world"},
            "cards": [card.as_dictionary() for name, card in CARDS.items() if name in FILLS or name == "difference"],
            "limits": {},
            "batch": str(self.folder),
        }

    def view_document(self, asked: Asked) -> dict[str, Any]:
        """What the page shows of one scenario."""
        return self._current(asked).document

    def quantiles_document(self, asked: Asked) -> dict[str, Any]:
        """What is shown as figures: quantiles by quarter where paths are kept, else at the horizon or by year."""
        answer = self._current(asked)
        metrics = [
            {
                "scenario": scenario,
                "name": row.metric,
                "member": row.member,
                "unit": row.unit,
                "times": list(row.times),
                "worlds": row.worlds.tolist(),
                "quantiles": {f"{prob:g}": values.tolist() for prob, values in zip(row.probs, row.values, strict=True)},
            }
            for scenario, rows in answer.shown.items()
            for row in rows
        ]
        document = {"batch": str(self.folder), "scenario": asked.scenario, "run": self.facts(asked.scenario)}
        compared = {"with": asked.versus, "differences": [asdict(row) for row in answer.paired]} if asked.versus else {}
        return document | compared | {"metrics": metrics}

    def quantiles_table(self, asked: Asked) -> str:
        """The same as CSV, the scenario compared with below."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["scenario", "metric", "member", "unit", "time", "worlds", *(f"{level:g}" for level in LEVELS)])
        for scenario, rows in self._current(asked).shown.items():
            for row in rows:
                for place, time in enumerate(row.times):
                    figures_ = ["" if np.isnan(value) else repr(float(value)) for value in row.values[:, place]]
                    start = [scenario, row.metric, row.member or "", row.unit, time, int(row.worlds[place])]
                    writer.writerow([*start, *figures_])
        return text.getvalue()

    def baked(self, asked: Sequence[Asked]) -> dict[str, Any]:
        """What a page needs to open without a server, these requests on show."""
        rows = [{"query": a.query(), "scenario": a.scenario, "view": self.view_document(a)} for a in asked]
        names = {a.scenario for a in asked}
        page = self.page_document()
        page["scenarios"] = [row for row in page["scenarios"] if row["name"] in names]
        return {"page": page | {"first": asked[0].scenario}, "states": rows}

    def facts(self, scenario: str) -> dict[str, Any]:
        """What the run is: worlds that are there, seed, program, the scenario's start."""
        plan, place = self.batch.plan, self.batch.scenarios.index(scenario)
        runs = sum(block.runs for block in self.batch.blocks if block.scenario == place)
        start = plan.request.scenarios[place].start
        return {
            "worlds": runs // plan.points if runs % plan.points == 0 else runs / plan.points,
            "points": plan.points,
            "seed": plan.request.seed,
            "version": plan.document["program"]["gigawatt"],
            "start": start,
        }

    # ------------------------------------------------------------------ reading

    def _current(self, asked: Asked) -> Answer:
        with self._lock:
            self.batch.refresh()
            return self._answer(asked, len(self.batch.blocks))

    def _opened(self, scenario: str, _: int) -> StoredLook:
        facts = self.facts(scenario)
        if not facts["worlds"]:
            raise ValueError(f"{self.folder}: no block of {scenario} is whole yet; {resume(self.folder)}")
        return StoredLook(self.batch, scenario, int(facts["worlds"] * facts["points"]), self.closed)

    def _work(self, asked: Asked, blocks: int) -> Answer:
        settings = self.batch.plan.request.scenarios[self.batch.scenarios.index(asked.scenario)]
        look = self._look(asked.scenario, blocks)
        if asked.versus:
            look = look.compared_with(self._look(asked.versus, blocks))
        cards, missing = {}, []
        for name, fill in FILLS.items():
            try:
                filling = fill(look)
            except NotKeptError:
                missing.append(CARDS[name])
                continue
            filling.signals = {"first": look.first, "last": look.last} | filling.signals
            cards[name] = filling.as_dictionary()
        shown = {asked.scenario: self._shown(look)}
        paired: list[Difference] = []
        if look.beside is not None:
            shown.setdefault(asked.versus, self._shown(look.beside))
            paired = paired_differences(self.batch, asked.versus, asked.scenario, list(COMPARED))
            if any(row.worlds for row in paired):
                cards["difference"] = _differences(paired)
        rows = [(self._told(look, metric, member), label, form) for metric, member, label, form in TOLD]
        document = {
            "run": self.facts(asked.scenario),
            "query": asked.query(),
            "title": settings.title,
            "description": settings.description,
            "quarters": look.quarters,
            "x": look.x,
            "sentence": sentence(rows, look.worlds),
            "versus": self._versus(look),
            "settings": "",
            "tiles": tiles(rows),
            "order": [name for name in order_for(0) if name in FILLS],
            "cards": cards,
            "table": table(rows),
            "stored": opened_words(self.batch, missing),
        }
        return Answer(document, shown, paired)

    def _told(self, look: StoredLook, metric: str, member: str | None) -> Quantiles:
        """What the table tells: at the horizon, or by calendar year."""
        return self.batch.quantiles(metric, member, scenario=look.scenario, summary=True)

    def _shown(self, look: StoredLook) -> list[Quantiles]:
        """The figures that a scenario is shown by."""
        by_quarter = [row for (_, _, probs), row in look.read.items() if probs == LEVELS]
        return by_quarter + [self._told(look, metric, member) for metric, member, _, _ in TOLD]

    def _versus(self, look: StoredLook) -> str:
        """The sentence on the scenario that it is compared with."""
        if look.beside is None:
            return ""
        title = self.batch.plan.request.scenarios[self.batch.scenarios.index(look.beside.scenario)].title
        metrics = ("h100_price_usd_h", "stargate_share")
        middle = LEVELS.index(0.5)
        medians = [
            float(self._told(one, metric, None).values[middle, -1]) for metric in metrics for one in (look.beside, look)
        ]
        said = versus_words(title, *medians)
        return said if self.batch.by_quarter(metrics[0]) else said.removeprefix("Dashed: ")


def _differences(paired: Sequence[Difference]) -> dict[str, Any]:
    """The card of differences at the last time that is kept of each metric."""
    last = {(row.metric, row.member): row for row in paired if row.mean is not None}
    changes = {
        key: Change(row.mean_a or 0.0, row.mean_b or 0.0, row.mean or 0.0, row.low or 0.0, row.high or 0.0)
        for key, row in last.items()
    }
    return forest(changes, max(row.quarter[:4] for row in last.values())).as_dictionary()
