"""What fills the cards of funding: who pays OpenAI's bills, and who pays for Stargate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from viz.page.cards import card
from viz.page.figures import HOURS_PER_QUARTER
from viz.page.look import BILLIONS, Columns, Filling, Format, Look, colour, listed, nice_top, numbers

STARGATE_PAIR = "oracle>openai"


def yearly_bars(look: Look, parts: dict[str, tuple[str, np.ndarray]], form: Format = BILLIONS) -> Filling:
    """Sums by year as stacked bars, means over the worlds; (colour, (columns, worlds)) by name; below zero downward."""
    columns: Columns = {name: [] for name in ("year", "from", "member", "colour", "y0", "y1", "text")}
    labels = [column.label for column in look.run.columns]
    starts = [look.x[column.first] for column in look.run.columns]
    up, down = np.zeros(len(labels)), np.zeros(len(labels))
    for name, (paint, values) in parts.items():
        mean = values.mean(axis=-1)
        base = np.where(mean >= 0.0, up, down)
        columns["year"] += [label[:4] if "Q" not in label else label for label in labels]
        columns["from"] += starts
        columns["member"] += [name] * len(labels)
        columns["colour"] += [colour(paint)] * len(labels)
        columns["y0"] += numbers(base)
        columns["y1"] += numbers(base + mean)
        columns["text"] += [form.figure(value) for value in mean]
        up, down = up + np.maximum(mean, 0.0), down + np.minimum(mean, 0.0)
    bottom = -nice_top(-float(down.min())) if down.min() < -1e-9 else 0.0
    signals = {"top": nice_top(float(up.max())), "bottom": bottom, "form": form.axis, "prefix": form.prefix}
    key = [(name, colour(paint)) for name, (paint, _) in parts.items()]
    return Filling({"bars": columns}, signals, key=key)


@card("funding", "OpenAI's equity by source, and its burn", "$bn a year, mean of worlds", "market", "bars")
def funding(look: Look) -> Filling:
    """Equity by source upward, cash burnt downward."""
    run = look.run
    anchor, raised = look.path("softbank_paid_usd_bn"), look.path("openai_raised_usd_bn")
    rescue = look.path("rescue_usd_bn")
    parts = {
        "SoftBank": ("softbank", run.sum_of(anchor)),
        "other investors": ("investors", run.sum_of(np.maximum(raised - anchor - rescue, 0.0))),
        "rescue rounds": ("lenders", run.sum_of(rescue)),
        "burn": ("openai", -run.sum_of(look.path("openai_burn_usd_bn"))),
    }
    found = yearly_bars(look, parts)
    totals = {name: float(values.sum(axis=0).mean()) for name, (_, values) in parts.items() if name != "burn"}
    found.note = f"To {run.end}: {listed(totals, BILLIONS, 0.5)}."
    found.spoken = f"Equity paid into OpenAI, means. {found.note}"
    return found


@dataclass(frozen=True)
class StargateMoney:
    """Who pays for Stargate: $bn by year and world, (columns, worlds)."""

    rent: np.ndarray
    """What OpenAI pays Oracle for its leases: in the end the customer pays."""
    capex: np.ndarray
    """What Oracle spends on chips and sites, all tenants."""
    sponsors: dict[str, np.ndarray]
    """Equity into the programme's phases."""
    debt: np.ndarray
    """Change of Oracle's debt."""
    own: np.ndarray
    """The rest: Oracle's own cash flow."""


def stargate_money(look: Look) -> StargateMoney:
    """Work out who pays for Stargate from the run's records."""
    run = look.run
    price = np.nan_to_num(look.path("lease_price_usd_h", STARGATE_PAIR))
    rent = price * look.path("leased_h100e_m", STARGATE_PAIR) * HOURS_PER_QUARTER / 1000.0
    capex = look.path("capex_usd_bn", "oracle")
    members = run.members("stargate_equity_usd_bn")
    sponsors = {member: run.sum_of(look.path("stargate_equity_usd_bn", member)) for member in members}
    debt = look.path("oracle_debt_usd_bn")
    change = np.diff(debt, axis=0, prepend=debt[:1])
    total, lent = run.sum_of(capex), run.sum_of(change)
    own = total - lent - sum(sponsors.values())
    return StargateMoney(run.sum_of(rent), total, sponsors, lent, own)


@card("payers", "Who pays for Stargate", "Oracle's capital spending by source, $bn a year, mean of worlds",
      "market", "bars")  # fmt: skip
def payers(look: Look) -> Filling:
    """Oracle's capital spending by where the money comes from, and OpenAI's rent in words."""
    money = stargate_money(look)
    parts = {
        "Oracle's cash flow": ("oracle", money.own),
        "Oracle's lenders": ("lenders", money.debt),
        "SoftBank": ("softbank", money.sponsors["softbank"]),
        "OpenAI as sponsor": ("openai", money.sponsors["openai"]),
        "other sponsors": ("investors", money.sponsors["investors"]),
    }
    found = yearly_bars(look, parts)
    totals = {name: float(values.sum(axis=0).mean()) for name, (_, values) in parts.items()}
    rent = float(money.rent.sum(axis=0).mean())
    found.note = (
        f"To {look.run.end}: {listed(totals, BILLIONS, 0.5)}. OpenAI pays Oracle {BILLIONS.figure(rent)} of rent."
    )
    found.spoken = f"Oracle's capital spending by source, means. {found.note}"
    return found


__all__ = ["StargateMoney", "stargate_money", "yearly_bars"]
