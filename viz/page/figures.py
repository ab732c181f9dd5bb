"""What fills the cards of the ensemble: a function each, from a run to columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from runs.registry import REGISTRY
from viz.page.cards import card
from viz.page.look import (
    BILLIONS,
    DOLLARS_H,
    GIGAWATTS,
    MILLIONS,
    PERCENT,
    YEARLY,
    Columns,
    Filling,
    Format,
    Look,
    colour,
    listed,
    nice_top,
    numbers,
    plain,
    record_columns,
    spread_labels,
    title,
)

HOURS_PER_QUARTER = 2190.0
FIRMS = (
    ("openai", "used_h100e_m", "openai", "OpenAI", "uses"),
    ("microsoft", "sold_h100e_m", "microsoft", "Microsoft", "owns"),
    ("oracle", "sold_h100e_m", "oracle", "Oracle", "owns"),
    ("xai", "sold_h100e_m", "xai", "xAI", "owns"),
    ("rivals", "used_h100e_m", "rival_labs", "Rival labs", "use"),
)
NAMES = {"rival_clouds": "Rival clouds", "own": "Own chips", "microsoft_lab": "MS lab", "finance": "Finance"}
"""Short names beside a chart."""


def _short(member: str) -> str:
    return NAMES.get(member, title(member))


def _firm(metric: str, member: str) -> Callable[[Look], Filling]:
    def fill(look: Look) -> Filling:
        found = look.band(metric, member, MILLIONS)
        tops = [look.band(row[1], row[2], MILLIONS).signals["top"] for row in FIRMS]
        found.signals["top"] = max(tops)
        found.sub = [text.removesuffix(MILLIONS.suffix).replace(" to ", "–") for text in found.sub]
        found.signals |= {"least": 0.1, "first": look.first}
        del found.signals["height"]
        found.spoken = _spoken(look, found, "compute in millions of H100 equivalents")
        return found

    return fill


for _name, _metric, _member, _title, _verb in FIRMS:
    card(f"compute_{_name}", _title, _verb, "compute", "fan", size="fifth",
         colour=_member.replace("_", "-"), log=True)(_firm(_metric, _member))  # fmt: skip


def _spoken(look: Look, found: Filling, what: str) -> str:
    first, last = look.quarters[0], look.quarters[-1]
    return f"{what}: median {found.head[0]} in {first}, {found.head[-1]} in {last}, {found.sub[-1]} of worlds."


def _plain_fan(look: Look, metric: str, form: Format, what: str, member: str | None = None) -> Filling:
    found = look.band(metric, member, form)
    found.spoken = _spoken(look, found, what)
    return found


@card("price", "GPU price", "H100 for an hour on a one-year contract", "market", "fan", colour="price")
def price(look: Look) -> Filling:
    """The posted price of an H100."""
    return _plain_fan(look, "h100_price_usd_h", DOLLARS_H, "Price of an H100-hour on a one-year contract")


@card("generations", "Spot price by chip generation", "$ per H100e-hour, median and middle half", "market", "lines")
def generations(look: Look) -> Filling:
    """What an H100 equivalent rents for on each generation, where it is traded in most worlds."""
    members = [m for m in REGISTRY["spot_price_usd_h"].members if m not in ("own_chip", "rival_asic")]
    found = lines(look, [("spot_price_usd_h", member, member) for member in members], DOLLARS_H)
    found.spoken = "Median spot price per H100 equivalent and hour at the end: " + found.note
    return found


def lines(look: Look, rows: Sequence[tuple[str, str | None, str]], form: Format) -> Filling:
    """Medians and middle halves of several (metric, member, colour), with names at the end and words by quarter."""
    columns: Columns = {name: [] for name in ("x", "quarter", "member", "colour", "lo25", "mid", "hi75")}
    record: Columns = {name: [] for name in ("x", "quarter", "value", "colour")}
    medians: dict[str, np.ndarray] = {}
    for metric, member, paint in rows:
        low, middle, high = (row * form.scale for row in look.levels(metric, member, (0.25, 0.5, 0.75)))
        rare = look.rare(metric, member)
        low, middle, high = (np.where(rare, np.nan, row) for row in (low, middle, high))
        name = _short(member or metric)
        medians[name] = middle
        columns["x"] += look.x
        columns["quarter"] += look.quarters
        columns["member"] += [name] * len(look.x)
        columns["colour"] += [colour(paint)] * len(look.x)
        for key, values in (("lo25", low), ("mid", middle), ("hi75", high)):
            columns[key] += numbers(values)
        seen = record_columns(metric, member, form.scale)
        for key in ("x", "quarter", "value"):
            record[key] += seen[key]
        record["colour"] += [colour(paint)] * len(seen["x"])
    highest = [1.35 * value for value in columns["mid"] if value is not None]
    top = nice_top(max([*highest, *[v for v in record["value"] if v is not None], 1e-9]))
    paints = {_short(member or metric): colour(paint) for metric, member, paint in rows}
    ends = {name: float(values[-1]) for name, values in medians.items() if np.isfinite(values[-1])}
    spots = spread_labels(ends, top * 0.085)
    names: Columns = {
        "name": list(spots),
        "y": numbers(list(spots.values())),
        "colour": [paints[name] for name in spots],
    }
    words = [
        listed({n: float(v[k]) for n, v in medians.items() if np.isfinite(v[k])}, form, -1e9)
        for k in range(len(look.x))
    ]
    strips: Columns = {"x": look.x, "quarter": look.quarters, "all": list(words)}
    signals = {"top": top, "bottom": 0.0, "form": form.axis, "prefix": form.prefix}
    signals["first"] = look.first if record["x"] else look.start
    return Filling({"lines": columns, "names": names, "strips": strips, "record": record}, signals, note=words[-1])


def stacked(look: Look, parts: dict[str, np.ndarray], form: Format, whole: float | None = None) -> Filling:
    """Means over the worlds (quarters,) by member, one on the other, named at the end."""
    means = {member: mean * form.scale for member, mean in parts.items()}
    columns: Columns = {name: [] for name in ("x", "member", "colour", "y0", "y1")}
    below = np.zeros(len(look.x))
    middles: dict[str, float] = {}
    for member, mean in means.items():
        columns["x"] += look.x
        columns["member"] += [_short(member)] * len(look.x)
        columns["colour"] += [colour(member)] * len(look.x)
        columns["y0"] += numbers(below)
        columns["y1"] += numbers(below + mean)
        if mean[-1] > 0.015 * (whole or float(sum(values[-1] for values in means.values()))):
            middles[member] = float(below[-1] + mean[-1] / 2.0)
        below = below + mean
    top = whole or nice_top(float(below.max()))
    spots = spread_labels(middles, top * 0.085)
    names: Columns = {
        "name": [f"{_short(m)} {form.figure(float(means[m][-1]))}" for m in spots],
        "y": numbers(list(spots.values())),
        "colour": [colour(m) for m in spots],
    }
    by_name = {_short(m): mean for m, mean in means.items()}
    words = [listed({n: float(v[k]) for n, v in by_name.items()}, form, 0.4) for k in range(len(look.x))]
    strips: Columns = {"x": look.x, "quarter": look.quarters, "all": list(words)}
    signals = {"top": top, "bottom": 0.0, "form": form.axis, "prefix": form.prefix, "first": look.x[0]}
    return Filling({"parts": columns, "names": names, "strips": strips}, signals, note=words[-1])


@card("providers", "OpenAI's compute by provider", "share of its H100e, mean of worlds", "market", "stack")
def providers(look: Look) -> Filling:
    """Who supplies OpenAI."""
    members = look.members("openai_share")
    found = stacked(look, {member: look.mean("openai_share", member) for member in members}, PERCENT, 100.0)
    found.head = [PERCENT.figure(100.0 * value) for value in look.levels("stargate_share", None, (0.5,))[0]]
    found.sub = ["Stargate's share: Oracle and own chips"] * len(found.head)
    found.spoken = f"OpenAI's compute by provider in {look.quarters[-1]}, means: {found.note}."
    return found


@card("stargate", "Stargate's share", "% of the H100e that OpenAI uses", "market", "fan", colour="oracle")
def stargate(look: Look) -> Filling:
    """The programme's share of OpenAI's compute."""
    found = look.band("stargate_share", None, PERCENT, ceiling=100.0)
    found.spoken = _spoken(look, found, "Stargate's share of OpenAI's compute")
    return found


YEARLY_RATE = "$bn, annual rate"
PLAIN_FANS = (
    ("cash", "OpenAI's cash", "$bn at the end of the quarter", "openai", "openai_cash_usd_bn", BILLIONS),
    ("revenue", "OpenAI's revenue", YEARLY_RATE, "openai", "openai_revenue_usd_bn", YEARLY),
    ("to_microsoft", "OpenAI pays Microsoft", YEARLY_RATE, "microsoft", "openai_payments_to_microsoft_usd_bn", YEARLY),
    ("abilene", "Abilene", "GW of facility power, energised", "oracle", "abilene_facility_gw",
     replace(GIGAWATTS, words=".1f", fine=".2f")),
    ("oracle_debt", "Oracle's debt", "$bn", "oracle", "oracle_debt_usd_bn", BILLIONS),
    ("ltv", "SoftBank's loan to value", "its policy is 25, its cap 35", "softbank", "softbank_ltv", PERCENT),
)  # fmt: skip
"""Fans of one metric: card, title, what it shows, colour, metric, format."""


def _fan_of(metric: str, form: Format, what: str) -> Callable[[Look], Filling]:
    return lambda look: _plain_fan(look, metric, form, what)


for _name, _title, _about, _colour, _metric, _form in PLAIN_FANS:
    card(_name, _title, _about, "market", "fan", colour=_colour)(_fan_of(_metric, _form, f"{_title}, {_about}"))


@card("inference", "Inference against R&D", "OpenAI's compute cost, $bn at annual rate, medians", "market", "lines")
def inference(look: Look) -> Filling:
    """When running models costs more than making them."""
    rows = [("inference_cost_usd_bn", None, "openai"), ("rd_cost_usd_bn", None, "microsoft")]
    found = lines(look, rows, YEARLY)
    for name, words in (("Inference cost usd bn", "Inference"), ("Rd cost usd bn", "R&D")):
        found.data["names"]["name"] = [words if n == name else n for n in found.data["names"]["name"]]
        found.data["lines"]["member"] = [words if n == name else n for n in found.data["lines"]["member"]]
        found.data["strips"]["all"] = [text.replace(name, words) for text in found.data["strips"]["all"]]
        found.note = found.note.replace(name, words)
    found.spoken = f"Median cost of OpenAI's compute at an annual rate in {look.quarters[-1]}: {found.note}."
    return found


@card("chip", "OpenAI's own chip against Nvidia's newest", "long-run $ per effective hour, median", "market", "lines")
def chip(look: Look) -> Filling:
    """Cost per effective hour of both."""
    rows = [("chip_cost_usd_h", "merchant", "nvidia"), ("chip_cost_usd_h", "own", "openai")]
    found = lines(look, rows, DOLLARS_H)
    found.spoken = f"Median long-run cost per effective hour in {look.quarters[-1]}: {found.note}."
    return found


@card("race", "Who earns from AI services", "share of the labs' revenue, mean of worlds", "market", "stack")
def race(look: Look) -> Filling:
    """The labs' revenue as shares."""
    labs = look.run.members("lab_revenue_usd_bn")
    total = look.run.all_members("lab_revenue_usd_bn")
    shares = {lab: look.path("lab_revenue_usd_bn", lab) / np.maximum(total, 1e-12) for lab in labs}
    parts = {lab: np.asarray(np.nanmean(share, axis=-1)) for lab, share in shares.items()}
    found = stacked(look, parts, PERCENT, 100.0)
    found.spoken = f"Shares of the labs' revenue in {look.quarters[-1]}, means: {found.note}."
    return found


@card("binding", "What binds the builders", "share of their orders, mean of worlds", "market", "stack")
def binding(look: Look) -> Filling:
    """The binding constraint of orders, weighted by fleet."""
    members = REGISTRY["binding_share"].members
    found = stacked(look, {member: look.mean("binding_share", member) for member in members}, PERCENT, 100.0)
    found.spoken = f"What binds the builders' orders in {look.quarters[-1]}, means: {found.note}."
    return found


__all__ = ["HOURS_PER_QUARTER", "lines", "plain", "stacked"]
