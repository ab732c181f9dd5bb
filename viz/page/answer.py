"""The answer in words, the figures beside it, and what moves it: computed from the run on show and nothing else."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from runs.inputs import parameter_rows
from runs.questions import QUESTIONS, answers
from runs.reading import Reader
from runs.scenario import Scenario
from runs.sensitivity import Effect, Inputs, drawn_parameters, main_effects, summed_shocks
from viz.page.cards import place
from viz.page.figures_money import stargate_money
from viz.page.look import BILLIONS, DOLLARS_H, GIGAWATTS, PERCENT, RATIO, Columns, Filling, Format, Look, listed, title

SHORT_QUESTION = "In short: what happens?"
LEAST_STARGATE = 0.03
"""Below this share of OpenAI's compute nobody is said to pay for Stargate."""
SHOWN_EFFECTS, LEAST_EFFECTS = 9, 4
"""Inputs shown at most, and those shown although their share is within its error."""
place("effects", "What moves this answer", "", "market", "tornado")


@dataclass(frozen=True)
class Target:
    """The figure that a question turns on, in each world."""

    label: str
    read: Callable[[Reader], np.ndarray]
    form: Format


def _last(metric: str, member: str | None = None) -> Callable[[Reader], np.ndarray]:
    return lambda run: run.path(metric, member)[-1]


def _year(metric: str, label: str) -> Callable[[Reader], np.ndarray]:
    def read(run: Reader) -> np.ndarray:
        labels = [column.label for column in run.columns]
        return run.sum_of(run.path(metric))[labels.index(label) if label in labels else -1]

    return read


def _ratio_of_costs(run: Reader) -> np.ndarray:
    over = run.sum_of(run.path("inference_cost_usd_bn"))[-1]
    return over / np.maximum(run.sum_of(run.path("rd_cost_usd_bn"))[-1], 1e-9)


def _paid_to_microsoft(run: Reader) -> np.ndarray:
    return run.path("openai_payments_to_microsoft_usd_bn").sum(axis=0)


def _share_of_revenue(run: Reader) -> np.ndarray:
    mine = run.sum_of(run.path("lab_revenue_usd_bn", "openai"))[-1]
    return mine / np.maximum(run.sum_of(run.all_members("lab_revenue_usd_bn"))[-1], 1e-9)


_PRICE = Target("the price of an H100-hour at the end", _last("h100_price_usd_h"), DOLLARS_H)
TARGETS = {
    0: _PRICE,
    1: Target("Stargate's share at the end", _last("stargate_share"), PERCENT),
    2: _PRICE,
    3: Target("OpenAI's burn in 2027", _year("openai_burn_usd_bn", "2027"), BILLIONS),
    4: Target("inference over R&D in the last year", _ratio_of_costs, RATIO),
    5: Target("OpenAI's payments to Microsoft to the end", _paid_to_microsoft, BILLIONS),
    6: Target("Abilene's power at the end", _last("abilene_facility_gw"), GIGAWATTS),
    7: Target("SoftBank's loan to value at the end", _last("softbank_ltv"), PERCENT),
    8: Target("the present value of the own chip", _last("own_chip_value_usd_bn"), BILLIONS),
    9: Target("OpenAI's share of revenue in the last year", _share_of_revenue, PERCENT),
}
"""By question."""


HINTS = {
    5: "On this page: compare with cautious-microsoft, or set microsoft.caution among all parameters and compare the "
    "scenario with itself",
}
"""What a reader of the page can do beyond the sentence, by question."""


def questions() -> list[str]:
    """The questions of the picker: the short one, then 1 to 9."""
    return [SHORT_QUESTION, *QUESTIONS]


def sentence(look: Look, question: int) -> str:
    """The answer to a question."""
    if question:
        return answers(look.dataset)[question - 1].sentence
    run, posted = look.run, look.path("h100_price_usd_h")
    path = np.median(posted, axis=1)
    start = DOLLARS_H.figure(float(path[0]))
    lowest = int(path.argmin())
    # A trough on the way is part of the answer.
    over = ""
    if path[lowest] < 0.95 * min(path[0], path[-1]):
        over = f", over {DOLLARS_H.figure(float(path[lowest]))} in {run.quarters[lowest]},"
    return (
        f"An H100-hour goes from {start}{over} to {run.price(posted[-1])} by {run.end}; it ends higher "
        f"{run.chance(posted[-1] > posted[0])}. {_who_pays(look)}"
    )


def _who_pays(look: Look) -> str:
    """Who pays for Stargate, in means over the worlds."""
    share = float(look.path("stargate_share")[-1].mean())
    if share < LEAST_STARGATE:
        return f"Stargate plays hardly any part: {100.0 * share:.0f}\u00a0% of OpenAI's compute in {look.run.end}."
    money = stargate_money(look)
    total, rent = (float(values.sum(axis=0).mean()) for values in (money.capital, money.rent))
    if total < 0.5:
        return f"Nobody puts money into Stargate; OpenAI pays Oracle {BILLIONS.figure(rent)} of rent."
    named = listed({name: 100.0 * value / total for name, value in money.totals().items()}, PERCENT, 0.5)
    return (
        f"Stargate takes {BILLIONS.figure(total)} of capital by {look.run.end}, paid by {named}; behind Oracle's cash "
        f"flow stands OpenAI's rent for it, {BILLIONS.figure(rent)}."
    )


def tiles(look: Look) -> list[dict[str, str]]:
    """Four figures that say how big and how sure, whatever the question."""
    run = look.run
    posted, share = look.path("h100_price_usd_h"), look.path("stargate_share")
    used = look.path("used_h100e_m", "openai")
    burn = _year("openai_burn_usd_bn", "2027")(run)
    labels = [column.label for column in run.columns]
    year = "2027" if "2027" in labels else labels[-1]
    rows = [
        (f"H100 for an hour, {run.end}", posted[-1], DOLLARS_H),
        (f"Stargate's share of OpenAI's compute, {run.end}", share[-1], PERCENT),
        (f"Compute that OpenAI uses, {run.end}", used[-1], Format(".1f", suffix=" M H100e")),
        (f"OpenAI's burn in {year}", burn, BILLIONS),
    ]
    found = []
    for label, values, form in rows:
        low, middle, high = (float(v) * form.scale for v in np.nanquantile(values, (0.05, 0.5, 0.95)))
        spread = f"90 % of worlds: {form.bare(low)} to {form.bare(high)}" if run.worlds > 1 else "in this one world"
        found.append({"label": label, "value": form.figure(middle), "spread": spread})
    return found


# ---------------------------------------------------------------------- what moves it


@lru_cache(maxsize=1)
def labels_of_parameters() -> dict[str, dict[str, Any]]:
    """The rows of the parameter table by name."""
    return {str(row["name"]): row for row in parameter_rows()}


def effects_of(look: Look, question: int, inputs: Inputs) -> list[Effect]:
    """Main effects of every input on the question's figure."""
    target = TARGETS[question]
    return main_effects(np.asarray(target.read(look.run)) * target.form.scale, inputs)


def inputs_of(look: Look, scenario: Scenario) -> Inputs:
    """What differs between the worlds: parameters drawn, and the summed shocks of each stream."""
    a = look.dataset.attrs
    settings = json.loads(a["parameters"])
    key = (scenario.name, a["worlds"], a["seed"], tuple(look.quarters))
    if key not in _INPUTS:
        worlds = look.dataset["world"].to_numpy()
        drawn = drawn_parameters(worlds, a["seed"], scenario.parameters)
        _INPUTS[key] = Inputs(drawn | summed_shocks(worlds, a["seed"], look.quarters))
        while len(_INPUTS) > INPUTS_KEPT:
            _INPUTS.popitem(last=False)
    return _INPUTS[key].without(settings)


INPUTS_KEPT = 4
_INPUTS: OrderedDict[tuple[Any, ...], Inputs] = OrderedDict()
"""The draws of the latest ensembles; a setting of the page is one number for all worlds and takes its row out."""


def in_words(name: str) -> str:
    """`Hedonic exponent (market)` for a parameter; the title of a stream of shocks as it is."""
    owner, dot, rest = name.partition(".")
    return f"{rest.replace('_', ' ').capitalize()} ({title(owner)})" if dot else name


def effects(look: Look, scenario: Scenario, question: int) -> Filling:
    """The tornado of the question's figure."""
    form, table = TARGETS[question].form, labels_of_parameters()
    found = effects_of(look, question, inputs_of(look, scenario))
    found = [e for k, e in enumerate(found[:SHOWN_EFFECTS]) if k < LEAST_EFFECTS or e.share > e.error]
    if not found:
        words = "too few worlds, or the figure is the same in all of them"
        return Filling({"effects": {"name": []}}, note=f"No effects to show: {words}.", spoken=words)
    mean = float(np.nanmean(TARGETS[question].read(look.run)) * form.scale)
    short = [in_words(effect.parameter).partition(" (")[0] for effect in found]
    full = [in_words(effect.parameter) for effect in found]
    rows: Columns = {"name": [s if short.count(s) == 1 else f for s, f in zip(short, full, strict=True)], "full": full}
    rows["parameter"] = [effect.parameter if effect.parameter in table else None for effect in found]
    for end in ("low", "high"):
        values = [getattr(effect, end) for effect in found]
        rows[end] = [float(f"{value:.4g}") for value in values]
        rows[f"{end}_text"] = [form.figure(value) for value in values]
        rows[f"{end}_value"] = [table[e.parameter][end] if e.parameter in table else None for e in found]
    rows["mean"] = [float(f"{mean:.4g}")] * len(found)
    rows["share_text"] = [f"{100.0 * e.share:.0f} % ±{100.0 * e.error:.0f}" for e in found]
    note = (
        "Its mean in the fifth of worlds where the input is low (pale) and high (dark); share of its variance with the "
        "95 % error. A click sets the slider."
    )
    lead = ", ".join(f"{in_words(e.parameter)} {100.0 * e.share:.0f} %" for e in found[:3])
    ends = [*rows["low"], *rows["high"], mean]
    room = 0.04 * max(max(ends) - min(ends), 1e-9)
    signals = {"form": form.axis, "prefix": form.prefix, "bottom": min(ends) - room, "top": max(ends) + room}
    return Filling({"effects": rows}, signals, note=note, spoken=f"Largest shares of the variance: {lead}.")


def influence(look: Look, scenario: Scenario) -> list[str]:
    """The parameters by their influence: shares of the variance summed over the questions, beyond their error first."""
    inputs, total = inputs_of(look, scenario), dict.fromkeys(labels_of_parameters(), 0.0)
    for question in range(1, len(QUESTIONS) + 1):
        for effect in effects_of(look, question, inputs):
            if effect.parameter in total:
                total[effect.parameter] += max(effect.share - effect.error, 0.0) + 0.1 * max(effect.share, 0.0)
    return sorted(total, key=lambda name: -total[name])
