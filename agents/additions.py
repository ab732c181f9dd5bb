"""Labs that a plugin adds to the cast, each split from one that is there, so that every total at the start is kept.

The cast fixes the axes of the arrays, so labs are added before it is read: a plugin named on the command line, or
read by agents.plugins before anything of runs is imported. The cast then holds for the whole process.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

PARENT = "rival_labs"
"""The lab of the cast that others are split from: it stands for many."""


@dataclass(frozen=True)
class AddedLab:
    """A lab split from PARENT.

    Attributes:
        name      in the cast, like `anthropic`
        title     for readers, like `Anthropic`
        kind      its class, which extends RivalLabs of agents.rivals
        share     part of each of its parent's quantities at the start, 0 to 1, where `shares` names no other
        shares    the same by quantity of the start table (cash_usd_bn, revenue_usd_bn, used_share, ...) or by the
                  provider of a lease (lease.microsoft)
        record    what the record of deals calls it, like ("Anthropic",)
    """

    name: str
    title: str
    kind: type
    share: float
    shares: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    record: tuple[str, ...] = ()

    def part(self, subject: str, quantity: str) -> float:
        """Its part of one of its parent's figures at the start, 0 to 1."""
        provider = subject.removeprefix(f"lease.{PARENT}.")
        if provider != subject:
            return self.shares.get(f"lease.{provider}", self.share)
        return self.shares.get(quantity.removesuffix(f".{PARENT}"), self.share)


ADDED: list[AddedLab] = []
_READ: list[bool] = []


def add_lab(
    name: str,
    title: str,
    kind: type,
    share: float,
    shares: Mapping[str, float] | None = None,
    record: tuple[str, ...] = (),
) -> None:
    """Add a lab to the cast; arguments as in AddedLab.

    Raises: ValueError if the cast was read already, if the name is taken or no plain word, if the class is no
        rival lab, if a share is not one, or all labs together would take more than there is.
    """
    if _READ:
        raise ValueError(
            f"lab {name}: the cast is fixed already; name the file with --plugin, or read it with "
            "agents.plugins.load_plugins before anything of runs is imported"
        )
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise ValueError(f"lab {name!r}: wanted a name of small letters, digits and _, like anthropic")
    if any(lab.name == name for lab in ADDED):
        raise ValueError(f"lab {name}: it was added already")
    if not callable(getattr(kind, "settle_support", None)):
        raise ValueError(f"lab {name}: wanted a class that extends RivalLabs of agents.rivals, got {kind!r}")
    lab = AddedLab(name, title, kind, share, MappingProxyType(dict(shares or {})), record)
    for what, value in (("share", lab.share), *lab.shares.items()):
        others = sum(other.shares.get(what, other.share) for other in ADDED)
        if not 0.0 <= value <= 1.0 or others + value > 1.0:
            raise ValueError(f"lab {name}: {what}: wanted 0 to {1.0 - others:g} of what {PARENT} has, got {value!r}")
    ADDED.append(lab)


def read_additions() -> tuple[AddedLab, ...]:
    """The labs that were added; from now on none can be."""
    _READ.append(True)
    return tuple(ADDED)
