"""A finished batch as the page shows it: read-only, quantiles out of core, and only what its tables hold."""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from runs.batch_status import status
from runs.results import LEVELS
from runs.store import Batch, Quantiles, open_batch
from viz.page import figures, figures_money  # noqa: F401  they register their cards
from viz.page.cards import CARDS, FILLS, SECTIONS, Card, order_for
from viz.page.look import BILLIONS, DOLLARS_H, PERCENT, RATIO, Format, Look, moment
from viz.page.state import OF_THE_VIEW, RefusedError

GIGAWATTS = Format(".2f", suffix=" GW")
TOLD = (
    ("h100_price_usd_h", None, "Price of an H100 for an hour, one-year contract", DOLLARS_H),
    ("stargate_share", None, "Stargate's share of OpenAI's compute", PERCENT),
    ("used_h100e_m", "openai", "Compute that OpenAI uses, H100e", Format(".1f", suffix=" M")),
    ("openai_revenue_usd_bn", None, "OpenAI's revenue in the year", BILLIONS),
    ("openai_burn_usd_bn", None, "OpenAI's burn in the year", BILLIONS),
    ("openai_raised_usd_bn", None, "Equity into OpenAI in the year", BILLIONS),
    ("openai_cash_usd_bn", None, "OpenAI's cash", BILLIONS),
    ("openai_payments_to_microsoft_usd_bn", None, "OpenAI's payments to Microsoft in the year", BILLIONS),
    ("oracle_debt_usd_bn", None, "Oracle's debt", BILLIONS),
    ("oracle_dscr", None, "Oracle's cover of its debt service", RATIO),
    ("softbank_ltv", None, "SoftBank's loan to value", PERCENT),
    ("abilene_facility_gw", None, "Power at Abilene", GIGAWATTS),
)
"""What the table tells of every batch: stocks at the horizon, flows by calendar year."""


class NotKeptError(Exception):
    """A card needs what the batch's tables do not hold."""


class StoredLook(Look):
    """A scenario of a batch for the functions that fill cards: by quarter, from the disk; paths of worlds are none."""

    def __init__(self, batch: Batch, scenario: str, worlds: int, closed: threading.Event) -> None:
        self.batch, self.scenario, self.closed = batch, scenario, closed
        self.quarters = list(batch.quarters(scenario))
        self.worlds = worlds
        self.x = [moment(label) for label in self.quarters]
        self.other = None
        self._bands = {}
        self.read: dict[tuple[str, str | None, tuple[float, ...]], Quantiles] = {}
        """What was read of the batch so far: what the page shows."""

    def __getattr__(self, name: str) -> NoReturn:
        # Only what an ensemble in memory has and this has not: its dataset, its reader, its paths.
        raise NotKeptError(name)

    def path(self, metric: str, member: str | None = None) -> np.ndarray:
        """Not for batches of any size. Raises: NotKeptError."""
        raise NotKeptError(metric)

    def levels(self, metric: str, member: str | None = None, probs: tuple[float, ...] = LEVELS) -> np.ndarray:
        """Exact quantiles by quarter. Raises: NotKeptError."""
        return self._quantiles(metric, member, probs).values

    def rare(self, metric: str, member: str | None = None) -> np.ndarray:
        """Whether more than half of the worlds have no number."""
        return np.asarray(self._quantiles(metric, member, (0.25, 0.5, 0.75)).worlds < 0.5 * self.worlds)

    def mean(self, metric: str, member: str | None = None) -> np.ndarray:
        """Means by quarter. Raises: NotKeptError."""
        if not self.batch.by_quarter(metric, member):
            raise NotKeptError(metric)
        self._go_on()
        return self.batch.means(metric, member, self.scenario)

    def _go_on(self) -> None:
        if self.closed.is_set():
            raise ValueError("the server stops")

    def _quantiles(self, metric: str, member: str | None, probs: tuple[float, ...]) -> Quantiles:
        key = (metric, member, probs)
        if key not in self.read:
            if not self.batch.by_quarter(metric, member):
                raise NotKeptError(metric)
            self._go_on()
            self.read[key] = self.batch.quantiles(metric, member, probs, self.scenario)
        return self.read[key]


class Stored:
    """An opened batch, its answers kept as long as no further block is whole."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.batch = open_batch(folder)
        self.closed = threading.Event()
        """Set when the server stops: reading ends at the next metric."""
        self._lock = threading.Lock()
        self._answer = lru_cache(maxsize=32)(self._work)
        if not self.batch.blocks:
            raise ValueError(f"{folder}: no block is whole yet; {self._resume}")
        wrong = self.batch.verify()
        if wrong:
            more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
            raise ValueError(f"{folder}: {wrong[0]}{more}; {self._resume} and runs what is damaged again")

    @property
    def _resume(self) -> str:
        return f"gigawatt batch --resume {self.folder} finishes it"

    def scenario(self, pairs: Sequence[tuple[str, str]]) -> str:
        """The scenario that a query asks for. Raises: RefusedError naming what is allowed."""
        for name, _ in pairs:
            if name not in ("scenario", *OF_THE_VIEW):
                raise RefusedError(f"{name}: a batch is shown as it was run; a request may hold scenario")
        name = dict(pairs).get("scenario") or self.batch.scenarios[0]
        if name not in self.batch.scenarios:
            has = ", ".join(self.batch.scenarios)
            raise RefusedError(f"scenario: there is no scenario {name[:60]!r} in this batch; there are {has}")
        return name

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
            "sections": {name: words for name, words in SECTIONS.items() if name in ("compute", "market")},
            "cards": [card.as_dictionary() for name, card in CARDS.items() if name in FILLS],
            "limits": {},
            "batch": str(self.folder),
        }

    def view_document(self, scenario: str) -> dict[str, Any]:
        """What the page shows of one scenario."""
        return self._current(scenario)[0]

    def quantiles_document(self, scenario: str) -> dict[str, Any]:
        """What is shown of it as figures: quantiles by quarter where paths are kept, else at the horizon or by year."""
        metrics = [
            {
                "name": row.metric,
                "member": row.member,
                "unit": row.unit,
                "times": list(row.times),
                "worlds": row.worlds.tolist(),
                "quantiles": {f"{prob:g}": values.tolist() for prob, values in zip(row.probs, row.values, strict=True)},
            }
            for row in self._current(scenario)[1]
        ]
        return {"batch": str(self.folder), "scenario": scenario, "run": self.facts(scenario), "metrics": metrics}

    def quantiles_table(self, scenario: str) -> str:
        """The same as CSV."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["scenario", "metric", "member", "unit", "time", "worlds", *(f"{level:g}" for level in LEVELS)])
        for row in self._current(scenario)[1]:
            for place, time in enumerate(row.times):
                figures_ = ["" if np.isnan(value) else repr(float(value)) for value in row.values[:, place]]
                start = [scenario, row.metric, row.member or "", row.unit, time, int(row.worlds[place])]
                writer.writerow([*start, *figures_])
        return text.getvalue()

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

    def _current(self, scenario: str) -> tuple[dict[str, Any], list[Quantiles]]:
        with self._lock:
            self.batch.refresh()
            return self._answer(scenario, len(self.batch.blocks))

    def _work(self, scenario: str, _: int) -> tuple[dict[str, Any], list[Quantiles]]:
        settings = self.batch.plan.request.scenarios[self.batch.scenarios.index(scenario)]
        facts = self.facts(scenario)
        if not facts["worlds"]:
            raise ValueError(f"{self.folder}: no block of {scenario} is whole yet; {self._resume}")
        look = StoredLook(self.batch, scenario, int(facts["worlds"] * facts["points"]), self.closed)
        cards, missing = {}, []
        for name, fill in FILLS.items():
            try:
                filling = fill(look)
            except NotKeptError:
                missing.append(_named(CARDS[name]))
                continue
            filling.signals = {"first": look.first, "last": look.last} | filling.signals
            cards[name] = filling.as_dictionary()
        rows = [
            (self.batch.quantiles(m, f, scenario=scenario, summary=True), label, form) for m, f, label, form in TOLD
        ]
        document = {
            "run": facts,
            "query": f"scenario={scenario}",
            "title": settings.title,
            "description": settings.description,
            "quarters": look.quarters,
            "x": look.x,
            "sentence": _sentence(rows, look),
            "versus": "",
            "settings": "",
            "tiles": _tiles(rows),
            "order": [name for name in order_for(0) if name in FILLS],
            "cards": cards,
            "table": _table(rows),
            "stored": self._words(missing),
        }
        shown = [row for (_, _, probs), row in look.read.items() if probs == LEVELS]
        return document, shown + [row for row, _, _ in rows]

    def _words(self, missing: list[str]) -> list[str]:
        """What is opened, how whole it is, and what is not on show."""
        now = status(self.folder)
        plan = self.batch.plan
        found = [
            f"Read-only: the batch {self.folder}. Tables: {', '.join(self.batch.tables)}.",
            "Its assumptions cannot be moved; gigawatt view SCENARIO runs worlds anew.",
        ]
        if not now["complete"]:
            found.append(
                f"Unfinished: {now['worlds_done']:,} of {now['worlds']:,} runs are there, and only they are shown; "
                f"{'it is being run' if now['driver_at_work'] else self._resume}."
            )
        if plan.points > 1:
            named = ", ".join(plan.request.design.names)
            found.append(f"All {plan.points} points of the design ({named}) are shown together.")
        if plan.request.parameters:
            told = ", ".join(f"{name} = {value}" for name, value in plan.request.parameters.items())
            found.append(f"Run with {told}.")
        if not self.batch.by_quarter("h100_price_usd_h"):
            found.append(
                "No paths are kept, so there are no charts by quarter; gigawatt batch --keep paths keeps them."
            )
        elif missing:
            found.append(f"Not on show, since the tables kept cannot tell it: {'; '.join(missing)}.")
        return found


def _named(card: Card) -> str:
    """What a card shows, where its heading alone does not say it."""
    return f"compute of {card.title}" if card.section == "compute" else card.title


def _sentence(rows: list[tuple[Quantiles, str, Format]], look: StoredLook) -> str:
    """Price and share at the horizon."""
    (price, _, dollars), (share, _, percent) = rows[0], rows[1]
    low, middle, high = _band(price, -1, dollars)
    few, mid, many = _band(share, -1, percent)
    return (
        f"In the {look.worlds:,} stored runs an H100-hour costs {middle} in {price.times[-1]} ({low} to {high} in "
        f"90\u00a0% of them), and Stargate supplies {mid} of OpenAI's compute ({few} to {many})."
    )


def _band(row: Quantiles, place: int, form: Format) -> tuple[str, str, str]:
    """5 %, 50 % and 95 % in words."""
    low, middle, high = (form.figure(float(row.values[k, place]) * form.scale) for k in (0, 2, 4))
    return low, middle, high


def _tiles(rows: list[tuple[Quantiles, str, Format]]) -> list[dict[str, str]]:
    """Four figures: those of a live page."""
    found = []
    for row, label, form in (rows[0], rows[1], rows[2], rows[4]):
        place = row.times.index("2027") if "2027" in row.times else len(row.times) - 1
        low, middle, high = _band(row, place, form)
        spread = f"90 % of worlds: {low.removesuffix(form.suffix)} to {high.removesuffix(form.suffix)}"
        found.append({"label": f"{label}, {row.times[place]}", "value": middle, "spread": spread})
    return found


def _table(rows: list[tuple[Quantiles, str, Format]]) -> dict[str, Any]:
    """A line for each metric, one column for the horizon and one for each year: median and 90 % band, or nothing."""
    times = sorted({time for row, _, _ in rows for time in row.times}, key=lambda time: ("Q" not in time, time))
    lines = []
    for row, label, form in rows:
        told: dict[str, list[str]] = {}
        for place, time in enumerate(row.times):
            if row.worlds[place]:
                low, middle, high = _band(row, place, form)
                told[time] = [middle, f"{low} to {high}"]
        lines.append({"name": label, "cells": [told.get(time, []) for time in times]})
    return {"times": times, "lines": lines}
