"""What fills the cards of funding: who pays OpenAI's bills, and who pays for Stargate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runs.stargate import SPONSORS
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
    capital: np.ndarray
    """Oracle's capital spending as far as its leases are Stargate's, and OpenAI's on its own chips and sites."""
    sources: dict[str, tuple[str, np.ndarray]]
    """Where that capital comes from: colour and money by name; they add up to it."""

    def totals(self) -> dict[str, float]:
        """Each source over the whole run, mean over the worlds, $bn; loans repaid come out of Oracle's cash flow."""
        found = {name: float(values.sum(axis=0).mean()) for name, (_, values) in self.sources.items()}
        found["Oracle's cash flow"] += min(found["Oracle's lenders"], 0.0)
        return found


def stargate_money(look: Look) -> StargateMoney:
    """Work out who pays for Stargate from the run's records.

    Oracle's spending and borrowing are not kept by tenant. Stargate's part of them is its part of Oracle's leases,
    active and signed; of the chips owned and ordered where those are more, since what nobody leases is built for none.
    """
    run = look.run
    price = np.nan_to_num(look.path("lease_price_usd_h", STARGATE_PAIR))
    rent = price * look.path("leased_h100e_m", STARGATE_PAIR) * HOURS_PER_QUARTER / 1000.0
    pairs = [pair for pair in run.members("leased_h100e_m") if pair.startswith("oracle>")]
    book = {pair: look.path("leased_h100e_m", pair) + look.path("pending_h100e_m", pair) for pair in pairs}
    chips = look.path("sold_h100e_m", "oracle") + look.path("backlog_h100e_m", "oracle")
    part = book[STARGATE_PAIR] / np.maximum(np.maximum(sum(book.values()), chips), 1e-12)
    debt = look.path("oracle_debt_usd_bn")
    spent = run.sum_of(part * look.path("capex_usd_bn", "oracle"))
    lent = run.sum_of(part * np.diff(debt, axis=0, prepend=debt[:1]))
    equity = {name: run.sum_of(look.path("stargate_equity_usd_bn", name)) for name in SPONSORS}
    own = run.sum_of(look.path("capex_usd_bn", "openai"))
    sources = {
        "Oracle's cash flow": ("oracle", spent - lent - sum(equity.values())),
        "Oracle's lenders": ("lenders", lent),
        "SoftBank": ("softbank", equity["softbank"]),
        "OpenAI": ("openai", equity["openai"] + own),
        "other sponsors": ("investors", equity["investors"]),
    }
    return StargateMoney(run.sum_of(rent), spent + own, sources)


@card("payers", "Who pays for Stargate", "capital by source, $bn a year, mean of worlds",
      "market", "bars")  # fmt: skip
def payers(look: Look) -> Filling:
    """Stargate's capital by where the money comes from, and OpenAI's rent in words."""
    money = stargate_money(look)
    found = yearly_bars(look, money.sources)
    rent = float(money.rent.sum(axis=0).mean())
    found.note = (
        f"To {look.run.end}: {listed(money.totals(), BILLIONS, 0.5)}. OpenAI's part is its own chips and a sponsor's "
        f"equity; its rent to Oracle, {BILLIONS.figure(rent)}, comes on top. Below zero, lenders are repaid."
    )
    found.spoken = f"Stargate's capital by source, means. {found.note}"
    return found


__all__ = ["StargateMoney", "stargate_money", "yearly_bars"]
