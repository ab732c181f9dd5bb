"""Firms that a plugin adds to the cast: labs that rent compute, and clouds that build and let it.

An added firm takes its figures at the start from a firm of the cast, its parent, so that every total is kept; a cloud
may also come on top, by figures of its own. What is added belongs to a cast (agents/cast.py), never to the process.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import MappingProxyType

PARENT_OF_LABS, PARENT_OF_CLOUDS = "rival_labs", "rival_clouds"
"""Whom others are split from: each stands for many."""

AMOUNTS = (
    "cash_usd_bn",
    "debt_usd_bn",
    "fixed_assets_usd_bn",
    "core_cash_flow_usd_bn",
    "other_capex_usd_bn",
    "payouts_usd_bn",
    "energised_facility_gw",
    "building_facility_gw",
    "chip_backlog_h100e_m",
    "sold_h100e_m.ampere",
    "sold_h100e_m.hopper",
    "sold_h100e_m.blackwell",
    "sold_last_quarter_h100e_m",
)
"""What a cloud may bring on top of what is there, as it stands in the start tables."""


def _nothing() -> Mapping[str, float]:
    return MappingProxyType({})


@dataclass(frozen=True)
class AddedFirm:
    """A firm split from another.

    Attributes:
        name      in the cast, like `anthropic`
        title     for readers, like `Anthropic`
        kind      its class
        share     part of each of its parent's quantities at the start, 0 to 1, where `shares` names no other
        shares    the same by quantity of the start table (cash_usd_bn, revenue_usd_bn, used_share, ...), or by the
                  other side of a lease (lease.microsoft)
        record    what the record of deals calls it, like ("Anthropic",)
        parameters  its own values of its parent's parameters, like {"cash_reserve_usd_bn": 2.0}, the same in all worlds
    """

    name: str
    title: str
    kind: type
    share: float = 0.0
    shares: Mapping[str, float] = field(default_factory=_nothing)
    record: tuple[str, ...] = ()
    parameters: Mapping[str, float] = field(default_factory=_nothing)

    WORD = "firm"
    PARENT = ""
    VERB, BASE = "", ""
    """What every class of its kind has, and the class to extend."""

    def check(self) -> None:
        """Raise ValueError for what is no name, no class of the kind or no share."""
        where = f"{self.WORD} {self.name}"
        if not re.fullmatch(r"[a-z][a-z0-9_]*", self.name):
            raise ValueError(f"{self.WORD} {self.name!r}: wanted a name of small letters, digits and _, like anthropic")
        if not (isinstance(self.kind, type) and callable(getattr(self.kind, self.VERB, None))):
            raise ValueError(f"{where}: wanted a class that extends {self.BASE} of agents.rivals, got {self.kind!r}")
        for what, value in (("share", self.share), *self.shares.items()):
            if not (_is_number(value) and 0.0 <= value <= 1.0):
                raise ValueError(f"{where}: {what}: wanted 0 to 1 of what {self.PARENT} has, got {value!r}")
        for what, value in self.parameters.items():
            if not _is_number(value):
                raise ValueError(f"{where}: parameters: {what}: wanted a number, got {value!r}")

    def part(self, subject: str, quantity: str) -> float:
        """Its part of one of its parent's figures at the start, 0 to 1."""
        other = other_side(subject, self.PARENT)
        if other is not None:
            return self.shares.get(f"lease.{other}", self.share)
        return self.shares.get(quantity.removesuffix(f".{self.PARENT}"), self.share)


@dataclass(frozen=True)
class AddedLab(AddedFirm):
    """A lab split from the rival labs: it tenders for capacity and raises equity like them."""

    WORD, PARENT = "lab", PARENT_OF_LABS
    VERB, BASE = "settle_support", "RivalLabs"


@dataclass(frozen=True)
class AddedCloud(AddedFirm):
    """A cloud split from the rival clouds, or beside them: it builds sites, buys merchant chips, lets and borrows.

    Attributes besides those of every added firm:
        figures   what it brings on top of what is there, by quantity of the start table, in its unit (AMOUNTS)
        spread    what lenders add to the base rate for it at comfortable leverage, per year; None: as for its parent
    """

    figures: Mapping[str, float] = field(default_factory=_nothing)
    spread: float | None = None

    WORD, PARENT = "cloud", PARENT_OF_CLOUDS
    VERB, BASE = "offer_lease", "Cloud"

    def check(self) -> None:
        """Raise ValueError for a mistake of any added firm, for a figure that is none of AMOUNTS, or a wrong spread."""
        super().check()
        where = f"{self.WORD} {self.name}"
        for what, value in self.figures.items():
            if what not in AMOUNTS:
                raise ValueError(f"{where}: figures: no quantity {what!r}; allowed: {', '.join(AMOUNTS)}")
            if not (_is_number(value) and value >= 0.0):
                raise ValueError(f"{where}: figures: {what}: wanted a number of at least 0, got {value!r}")
        if self.spread is not None and not (_is_number(self.spread) and 0.0 <= self.spread <= 0.5):
            raise ValueError(f"{where}: spread: wanted 0 to 0.5 per year, got {self.spread!r}")

    def part(self, subject: str, quantity: str) -> float:
        """Its part of one of the rival clouds' figures; their own ASICs stay theirs."""
        return 0.0 if quantity == "sold_h100e_m.rival_asic" else super().part(subject, quantity)


def other_side(subject: str, firm: str) -> str | None:
    """Who is on the other side of a firm's lease of the start table (`lease.tenant.provider`); None if not its."""
    sides = subject.split(".")[1:] if subject.startswith("lease.") else []
    return next((side for side in sides if side != firm), firm) if firm in sides else None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def check_together(added: tuple[AddedFirm, ...], taken: tuple[str, ...]) -> None:
    """Raise ValueError where firms have one name, or take more of a figure of their parent than there is."""
    for place, firm in enumerate(added):
        firm.check()
        before = added[:place]
        if firm.name in taken or any(other.name == firm.name for other in before):
            raise ValueError(f"{firm.WORD} {firm.name}: the cast has a member of that name already")
        siblings = [other for other in before if other.PARENT == firm.PARENT]
        for what in dict.fromkeys(("share", *(key for one in (firm, *siblings) for key in one.shares))):
            value = firm.shares.get(what, firm.share)
            others = sum(other.shares.get(what, other.share) for other in siblings)
            if others + value > 1.0 + 1e-12:
                raise ValueError(
                    f"{firm.WORD} {firm.name}: {what}: wanted 0 to {1.0 - others:g} of what {firm.PARENT} has, "
                    f"got {value!r}"
                )


_READING: ContextVar[list[AddedFirm] | None] = ContextVar("firms of the plugin that is read", default=None)


@contextmanager
def adding_to(found: list[AddedFirm]) -> Iterator[None]:
    """Let what plugins add within the block go to a list."""
    token = _READING.set(found)
    try:
        yield
    finally:
        _READING.reset(token)


def add(firm: AddedFirm) -> None:
    """Add a firm to the cast of the plugin that is being read.

    Raises: ValueError if no plugin is being read, or for a mistake in what is added.
    """
    found = _READING.get()
    if found is None:
        raise ValueError(
            f"{firm.WORD} {firm.name}: no plugin is being read; name the file with --plugin or plugins=, or make a "
            "Cast of agents.cast with it"
        )
    firm.check()
    found.append(firm)


def add_lab(
    name: str,
    title: str,
    kind: type,
    share: float,
    shares: Mapping[str, float] | None = None,
    record: tuple[str, ...] = (),
    parameters: Mapping[str, float] | None = None,
) -> None:
    """Add a lab; arguments as in AddedLab, errors as in `add`."""
    add(AddedLab(name, title, kind, share, _frozen(shares), record, _frozen(parameters)))


def add_cloud(
    name: str,
    title: str,
    kind: type,
    share: float = 0.0,
    shares: Mapping[str, float] | None = None,
    figures: Mapping[str, float] | None = None,
    spread: float | None = None,
    record: tuple[str, ...] = (),
    parameters: Mapping[str, float] | None = None,
) -> None:
    """Add a cloud; arguments as in AddedCloud, errors as in `add`."""
    add(AddedCloud(name, title, kind, share, _frozen(shares), record, _frozen(parameters), _frozen(figures), spread))


def _frozen(given: Mapping[str, float] | None) -> Mapping[str, float]:
    return MappingProxyType(dict(given or {}))
