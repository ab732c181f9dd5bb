"""The recorder: what was said in every negotiation of a quarter, kept while it is on.

Steps of the quarter hand it what they know with one line each, `if market.recorder is not None: ...note(...)`. It
copies what it is given and writes nothing into the market, so a recorded run has the same bits as one that is not;
off, it costs the test of an attribute.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from runs.model import ComputeMarket

Facts = Mapping[str, Any]


class Page:
    """All that was noted in one quarter: facts by topic, in the order in which they came."""

    def __init__(self) -> None:
        self._notes: dict[str, list[Facts]] = {}

    def add(self, topic: str, facts: Facts) -> None:
        """Keep facts under a topic."""
        self._notes.setdefault(topic, []).append(facts)

    def all(self, topic: str) -> list[Facts]:
        """Everything noted under a topic."""
        return self._notes.get(topic, [])

    def one(self, topic: str) -> Facts:
        """What was noted once under a topic; empty if nothing was."""
        found = self.all(topic)
        return found[0] if found else {}


class Recorder:
    """Keeps pages for the calendar quarters that are named, or for all of them.

    Args: quarters: numbers of calendar quarters (world.calendar); None: every quarter.
    """

    def __init__(self, quarters: Collection[int] | None = None) -> None:
        self.quarters = None if quarters is None else frozenset(quarters)
        self.pages: dict[int, Page] = {}
        self._now: Page | None = None

    def begin(self, market: ComputeMarket) -> None:
        """Open a page if this quarter is wanted, with the books as they stand before anything happens."""
        quarter = market.calendar_quarter
        self._now = None
        if self.quarters is None or quarter in self.quarters:
            self._now = self.pages.setdefault(quarter, Page())
        self.note("before", **standing(market) if self._now is not None else {})

    def note(self, topic: str, **facts: Any) -> None:
        """Keep a copy of facts, so that what happens later cannot change them."""
        if self._now is not None:
            self._now.add(topic, copy.deepcopy(facts))

    def after_events(self, market: ComputeMarket) -> None:
        """What the record and the scenario alone brought about."""
        s = market.state
        self.note("events", signed=s.leases.signed, flows=dict(s.ledger.flows), stakes=s.cap.stakes)

    def close(self, market: ComputeMarket) -> None:
        """The quarter is over: keep its figures and the books as they stand now."""
        if self._now is not None:
            self.note("flow", **market.state.flow)
            self.note("after", **standing(market))
        self._now = None


def standing(market: ComputeMarket) -> dict[str, Any]:
    """The books at one moment: leases, ownership, cash, what is paid so far, named phases, exclusivity."""
    s = market.state
    openai = market.firms["openai"]
    return {
        "signed": s.leases.signed,
        "ended": s.leases.ended,
        "reduced": s.leases.reduced,
        "active": s.leases.active,
        "flows": dict(s.ledger.flows),
        "cash": {sector: s.ledger.cash(sector) for sector in s.ledger.sectors},
        "debt": {sector: s.ledger.debt(sector) for sector in s.ledger.sectors},
        "stakes": s.cap.stakes,
        "valuation_usd_bn": s.cap.valuation_usd_bn,
        "phase_dates": s.phases.date,
        "exclusivity": openai.exclusivity,
        "converted": openai.converted,
        "binding": s.binding,
        "debt_room": dict(market.debt_room),
        "chip_age": openai.chip_age_quarters,
        "queue_quarters": market.firms["nvidia"].queue_quarters,
        "pledged": market.firms["oracle"].sponsor_equity_usd_bn,
    }


def of_world(value: Any, world: int) -> Any:
    """One world's part of what was noted: the last axis of every array, at any depth.

    Args: world: its place on the axis of the run that was recorded.
    Returns: numbers for (worlds,), arrays without the last axis for the rest; dataclasses become mappings.
    """
    if isinstance(value, np.ndarray):
        return value[..., world] if value.ndim > 1 else value[world].item()
    if isinstance(value, Mapping):
        return {key: of_world(inner, world) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [of_world(inner, world) for inner in value]
    if hasattr(value, "__dataclass_fields__"):
        return {name: of_world(getattr(value, name), world) for name in value.__dataclass_fields__}
    return value
