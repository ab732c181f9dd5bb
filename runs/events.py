"""Events in their quarter: those that a scenario sets, and the contracts of the record that it knows.

A scenario that starts before the day it knows up to lives through the contracts signed in between. A row of the
record enters, in the quarter of its date, if the model has a counterpart for it:

- equity of OpenAI and of xAI becomes an `equity_round`. A buyer named alone is that investor; a syndicate, whose
  split the row does not give, is the other investors. The valuation is the one that the row's note names, else that
  of the latest round on record grown by the closings since, else what the lab is worth to its owners in each world;
- equity that SoftBank promised becomes a `commitment`, and the closing that pays it nothing more;
- the loosening of OpenAI's exclusive contract becomes `exclusivity`, its recapitalisation a `conversion`;
- a lease between a provider and a tenant of the cast becomes a `capacity_lease`, sized by its dollars at the market's
  price in each world, else by its power, and starting over a year;
- bonds and loans of a borrower of the cast become `debt`, and OpenAI's contract with Broadcom `own_chip`.

What does not enter is listed by `unused_contracts` with the reason. Plans, talks and letters of intent are not
signed: the equity plan of Stargate (19 + 19 + 7 + 7) is no deal: a scenario pledges it by a parameter. Phases of
named sites are not deals: those begun before the start stand in the start state, later ones in runs/record_sites.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agents.cast import Cast
from runs.event_kinds import KINDS, Event, Known, check_event
from runs.record_sites import begin_recorded_phases
from runs.scenario import Scenario
from runs.site_orders import forget_sites
from world.calendar import last_day, parse_period, quarter_label, quarter_number, quarter_of
from world.record import contracts_between, known, load
from world.tables import DealRow

if TYPE_CHECKING:
    from runs.model import ComputeMarket

FIRMS = {
    "OpenAI": "openai",
    "OpenAI (via Microsoft)": "openai",
    "Microsoft": "microsoft",
    "Microsoft Azure": "microsoft",
    "Oracle": "oracle",
    "SoftBank": "softbank",
    "Nvidia": "nvidia",
    "xAI": "xai",
    "Anthropic": "rival_labs",
    "CoreWeave": "rival_clouds",
    "Google Cloud": "rival_clouds",
    "Amazon AWS": "rival_clouds",
    "Nebius": "rival_clouds",
    "Nscale": "rival_clouds",
    "IREN": "rival_clouds",
    "Lambda": "rival_clouds",
}
"""Names of the record in the standing cast."""


def firms_of(cast: Cast) -> dict[str, str]:
    """Names of the record in a cast: a firm that was added takes those that it names."""
    return FIRMS | {name: firm.name for firm in cast.added for name in firm.record}


STOCK = ("equity", "equity_commitment")
"""Kinds of deal that sell stock, paid at once or later."""

RAMP_QUARTERS = 4.0
"""A large lease of the record starts over a year: its row gives the beginning only."""

_VALUATION = re.compile(r"(\d+(?:\.\d+)?) (pre|post)-money")
_PROMISED = re.compile(r"pays the commitment of (\d{4}-\d\d-\d\d)")
_STAKE = re.compile(r"(\d+(?:\.\d+)?) % as converted")
_FIRST_PERIOD = re.compile(r"\d{4}(?:Q[1-4]|H[12]|-\d{2}-\d{2}|-\d{2}(?!\d))?")


@dataclass(frozen=True)
class UnusedContract:
    """A row of the record that does not enter a run, and why."""

    row: DealRow
    reason: str


class _NoCounterpartError(ValueError):
    """The model has nothing that a row could become."""


# ---------------------------------------------------------------------- what the model calls


def apply_events(market: ComputeMarket) -> None:
    """Apply what happens in the current quarter: contracts of the record first, then the scenario's own events.

    Call it once a quarter, when the quarter has begun and before shocks are drawn and anything is delivered.
    Raises: ValueError naming event and quarter if it cannot happen.
    """
    now = market.calendar_quarter
    begin_recorded_phases(market)
    for event in events_of(market.settings):
        quarter = quarter_number(event.quarter)
        if quarter == now or (quarter < now and KINDS[event.kind].lasting):
            KINDS[event.kind].apply(market, event)
            forget_sites(market.state)


def events_of(scenario: Scenario) -> tuple[Event, ...]:
    """All events of a scenario by quarter, those of the record before its own."""
    events = (*record_events(scenario), *scenario.events)
    return tuple(sorted(events, key=lambda event: quarter_number(event.quarter)))


def record_events(scenario: Scenario, folder: Path | None = None) -> tuple[Event, ...]:
    """The contracts of the record signed after the scenario's start and known to it, as events."""
    rows = tuple(contracts_between(scenario.start, scenario.known_until, folder))
    return _converted(rows, tuple(_known_deals(scenario, folder)), scenario.cast)[0] if rows else ()


def unused_contracts(scenario: Scenario, folder: Path | None = None) -> list[UnusedContract]:
    """The rows after the scenario's start and known to it that do not enter, each with the reason."""
    end = last_day(quarter_number(scenario.start))
    rows = tuple(contracts_between(scenario.start, scenario.known_until, folder))
    deals = tuple(_known_deals(scenario, folder))
    refused = dict(_converted(rows, deals, scenario.cast)[1])
    unused = []
    for row in deals:
        if row.known_from <= end:
            continue
        if row.status != "signed":
            unused.append(UnusedContract(row, f"{row.status}, not a contract signed"))
        elif row in refused:
            unused.append(UnusedContract(row, refused[row]))
    return unused


# ---------------------------------------------------------------------- from rows to events


def _known_deals(scenario: Scenario, folder: Path | None) -> list[DealRow]:
    rows: tuple[DealRow, ...] = load("deals", folder)
    return known(rows, scenario.known_until)


@lru_cache(maxsize=32)
def _converted(
    rows: tuple[DealRow, ...], deals: tuple[DealRow, ...], cast: Cast
) -> tuple[tuple[Event, ...], tuple[tuple[DealRow, str], ...]]:
    """The events that the rows become, and the rows that become none with the reason."""
    events, refused = [], []
    for row in rows:
        try:
            name, arguments = _counterpart(row, rows, deals, cast)
        except _NoCounterpartError as error:
            refused.append((row, str(error)))
            continue
        event = Event(quarter_label(quarter_of(row.known_from)), name, arguments)
        events.append(check_event(event, Known(row.known_from, cast)))
    return tuple(events), tuple(refused)


def _counterpart(
    row: DealRow, rows: tuple[DealRow, ...], deals: tuple[DealRow, ...], cast: Cast
) -> tuple[str, dict[str, Any]]:
    """Kind and arguments of the event that a row becomes."""
    firms = firms_of(cast)
    buyer, seller = firms.get(row.buyer), firms.get(row.seller)
    if row.kind == "equity_commitment" and (buyer, seller) == ("softbank", "openai"):
        due = quarter_label(quarter_of(parse_period(row.starts)[1]))
        return "commitment", {"usd_bn": row.size_usd_bn, "due": due, **_valuation(row, deals)}
    if row.kind == "equity":
        promised = _PROMISED.search(row.note)
        entered = [str(r.known_from) for r in rows if r.kind == "equity_commitment"]
        if promised is not None and promised[1] in entered:
            raise _NoCounterpartError(f"it pays what was promised on {promised[1]}, which enters as a commitment")
        return _round(row, deals, cast)
    if row.kind == "exclusivity" and seller == "openai":
        return "exclusivity", {"state": "first-refusal"}
    if row.kind == "recapitalisation" and seller == "openai":
        stake = _STAKE.search(row.note) or re.search(r"(\d+(?:\.\d+)?) %", row.note)
        if stake is None:
            raise _NoCounterpartError("its note names no stake")
        return "conversion", {"microsoft_stake": float(stake[1]) / 100.0}
    if row.kind == "compute_lease":
        return _lease(row, buyer, seller, cast)
    borrowers = ("oracle", "xai", "softbank", "microsoft", *cast.clouds)
    if row.kind == "debt" and seller in borrowers and row.size_usd_bn is not None:
        return "debt", {"borrower": seller, "usd_bn": row.size_usd_bn}
    if row.kind == "chip_supply" and buyer == "openai" and row.seller == "Broadcom":
        return "own_chip", {}
    raise _NoCounterpartError(f"the model decides it itself or has no counterpart ({row.kind} of {row.seller})")


def _round(row: DealRow, deals: tuple[DealRow, ...], cast: Cast) -> tuple[str, dict[str, Any]]:
    firms = firms_of(cast)
    issuer = firms.get(row.seller)
    if issuer not in cast.funded or row.size_usd_bn is None:
        raise _NoCounterpartError(f"the model keeps no equity of {row.seller}")
    investor = firms.get(row.buyer, "investors")
    if investor not in ("microsoft", "softbank", "nvidia"):
        investor = "investors"
    valuation = _valuation(row, deals) if issuer == "openai" else {}
    return "equity_round", {"issuer": issuer, "by": {investor: row.size_usd_bn}, **valuation}


def _valuation(row: DealRow, deals: tuple[DealRow, ...]) -> dict[str, float]:
    """The valuation that a row's note names; else that of the latest round, grown by the closings since."""
    stated = _VALUATION.search(row.note)
    if stated is not None:
        return {f"{stated[2]}_money_usd_bn": float(stated[1])}
    earlier = [r for r in deals if r.seller == row.seller and r.kind in STOCK and r.known_from <= row.known_from]
    priced = [r for r in earlier if _VALUATION.search(r.note)]
    if not priced:
        return {}
    latest = max(priced, key=lambda r: r.known_from)
    found = _VALUATION.search(latest.note)
    assert found is not None
    since = [r for r in earlier if r.status == "signed" and latest.known_from <= r.known_from and r is not latest]
    before = [r for r in since if deals.index(r) < deals.index(row)]
    return {"pre_money_usd_bn": float(found[1]) + sum(r.size_usd_bn or 0.0 for r in before)}


def _lease(row: DealRow, tenant: str | None, provider: str | None, cast: Cast) -> tuple[str, dict[str, Any]]:
    if tenant not in cast.lessees or provider not in cast.providers:
        raise _NoCounterpartError("provider or tenant is not in the cast")
    if row.size_usd_bn is None and row.capacity_gw is None:
        raise _NoCounterpartError("its size was not published")
    size = {"usd_bn": row.size_usd_bn} if row.size_usd_bn is not None else {"facility_gw": row.capacity_gw}
    arguments: dict[str, Any] = {
        "provider": provider,
        "tenant": tenant,
        **size,
        "start": _starts(row),
        "ramp_quarters": RAMP_QUARTERS,
    }
    if row.term_years is not None:
        arguments["term_quarters"] = 4.0 * row.term_years
    try:
        check_event(Event(arguments["start"], "capacity_lease", arguments), Known(row.known_from, cast))
    except ValueError as error:
        raise _NoCounterpartError(str(error)) from None
    return "capacity_lease", arguments


def _starts(row: DealRow) -> str:
    """The first quarter of a lease: that of the beginning that the row names, never before the one after signing."""
    soonest = quarter_of(row.known_from) + 1
    text = _FIRST_PERIOD.match(row.starts)
    if text is None:
        return quarter_label(soonest)
    period = text[0].replace("H1", "Q1").replace("H2", "Q3")
    return quarter_label(max(quarter_of(parse_period(period)[0]), soonest))


__all__ = ["Event", "UnusedContract", "apply_events", "events_of", "record_events", "unused_contracts"]
