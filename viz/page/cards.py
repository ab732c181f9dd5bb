"""The cards of the page: what each is called, where it stands, which chart draws it and who fills it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from viz.page.look import Filling, Look


@dataclass(frozen=True)
class Card:
    """One card. Its chart is a function of viz/page/charts*.py, or none for a list in words."""

    name: str
    title: str
    about: str
    section: str
    chart: str
    size: str = "third"
    """`fifth`, `third`, `half` or `full` of the width of a wide screen; `tall` is half of it beside two others."""
    colour: str = "accent"
    log: bool = False
    """Whether there is a second chart on a logarithmic axis, called the same with `_log`."""

    def as_dictionary(self) -> dict[str, Any]:
        """Plain values for the page."""
        return dict(vars(self))


SECTIONS = {
    "difference": "The difference, world by world on the same luck",
    "compute": "Compute, M H100e",
    "market": "Prices, money and what binds",
    "world": "One world, quarter by quarter",
}
"""The sections from top to bottom, with their headings."""

CARDS: dict[str, Card] = {}
"""By name, in the order of the page."""

FILLS: dict[str, Callable[[Look], Filling]] = {}
"""What fills each card that shows the ensemble."""


def card(name: str, title: str, about: str, section: str, chart: str, **more: Any) -> Callable[[Any], Any]:
    """Register the function that fills a card from the ensemble (a decorator)."""

    def register(fill: Callable[[Look], Filling]) -> Callable[[Look], Filling]:
        place(name, title, about, section, chart, **more)
        FILLS[name] = fill
        return fill

    return register


def place(name: str, title: str, about: str, section: str, chart: str, **more: Any) -> None:
    """Register a card that is filled otherwise: by one world, or by an answer."""
    CARDS[name] = Card(name, title, about, section, chart, **more)


ORDER: dict[int, tuple[str, ...]] = {
    0: ("price", "providers", "payers", "generations", "effects", "funding"),
    1: ("stargate", "providers", "effects", "payers", "abilene", "funding"),
    2: ("price", "generations", "effects", "binding", "providers", "payers"),
    3: ("cash", "funding", "effects", "revenue", "payers", "ltv"),
    4: ("inference", "effects", "revenue", "price", "race", "cash"),
    5: ("providers", "to_microsoft", "effects", "stargate", "price", "binding"),
    6: ("abilene", "binding", "effects", "stargate", "payers", "providers"),
    7: ("oracle_debt", "ltv", "effects", "payers", "funding", "cash"),
    8: ("chip", "effects", "providers", "price", "generations", "cash"),
    9: ("race", "revenue", "effects", "funding", "inference", "price"),
}
"""The first cards of the market's section for each question; the others follow."""


def order_for(question: int) -> list[str]:
    """The cards of the market's section in the order for a question."""
    first = list(ORDER[question])
    return first + [name for name, row in CARDS.items() if row.section == "market" and name not in first]
