"""What an event may say: its kind, the arguments of that kind, and the checks of their values."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from agents.cast import STANDING, Cast
from world.calendar import quarter_number
from world.parameters import specifications, unknown
from world.record import phases

if TYPE_CHECKING:
    from runs.model import ComputeMarket


@dataclass(frozen=True)
class Known:
    """What a scenario knows: the day up to which it knows the record, and its cast."""

    until: date
    cast: Cast = STANDING


Check = Callable[[Any, Known], Any]
"""Takes a value and what the scenario knows; returns the value, or raises ValueError."""
Names = Sequence[str] | Callable[[Cast], Sequence[str]]
"""Words that are allowed, or how to find them in a cast."""

REQUIRED = object()
"""Default of an argument that must be given."""


@dataclass(frozen=True)
class Event:
    """Something that happens in one quarter: a kind with its arguments."""

    quarter: str
    kind: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Argument:
    """One argument of a kind of event."""

    name: str
    check: Check
    meaning: str
    default: Any = REQUIRED


@dataclass(frozen=True)
class EventKind:
    """A kind of event: what it does to the market at the beginning of its quarter."""

    name: str
    meaning: str
    arguments: tuple[Argument, ...]
    apply: Callable[[ComputeMarket, Event], None]
    one_of: tuple[str, ...] = ()
    """Arguments of which exactly one is given."""
    lasting: bool = False
    """Whether it is applied in every quarter from its own on."""
    agree: Callable[[Mapping[str, Any], Known], None] | None = None
    """Raises ValueError where arguments that are each allowed do not fit together."""


KINDS: dict[str, EventKind] = {}
"""Every kind of event by its name."""


def kind(
    name: str,
    meaning: str,
    *arguments: Argument,
    one_of: tuple[str, ...] = (),
    lasting: bool = False,
    agree: Callable[[Mapping[str, Any], Known], None] | None = None,
) -> Callable[[Callable[[ComputeMarket, Event], None]], Callable[[ComputeMarket, Event], None]]:
    """Register what a kind of event does (a decorator)."""

    def register(apply: Callable[[ComputeMarket, Event], None]) -> Callable[[ComputeMarket, Event], None]:
        KINDS[name] = EventKind(name, meaning, arguments, apply, one_of, lasting, agree)
        return apply

    return register


def check_event(event: Event, known: Known) -> Event:
    """The event with every argument checked and defaults filled in.

    Raises: ValueError naming kind or argument, what is allowed and the nearest known name.
    """
    if event.kind not in KINDS:
        raise ValueError(f"kind: {unknown(event.kind, KINDS, 'kind of event')}; allowed: {', '.join(KINDS)}")
    row = KINDS[event.kind]
    names = [argument.name for argument in row.arguments]
    for name in event.arguments:
        if name not in names:
            raise ValueError(
                f"arguments: {unknown(name, names, f'argument of {row.name}')}; allowed: {', '.join(names)}"
            )
    values: dict[str, Any] = {}
    for argument in row.arguments:
        if argument.name in event.arguments:
            try:
                values[argument.name] = argument.check(event.arguments[argument.name], known)
            except ValueError as error:
                raise ValueError(f"arguments.{argument.name}: {error}") from None
        elif argument.default is REQUIRED:
            raise ValueError(f"arguments.{argument.name}: is missing; {row.name} needs it ({argument.meaning})")
        else:
            values[argument.name] = argument.default
    given = [name for name in row.one_of if values[name] is not None]
    if row.one_of and len(given) != 1:
        raise ValueError(
            f"arguments: {row.name} wants exactly one of {', '.join(row.one_of)}; got {', '.join(given) or 'none'}"
        )
    if row.agree is not None:
        try:
            row.agree(values, known)
        except ValueError as error:
            raise ValueError(f"arguments: {error}") from None
    return replace(event, arguments=MappingProxyType(values))


# ---------------------------------------------------------------------- checks of values


def number(low: float, high: float, unit: str) -> Check:
    """A finite number from low to high."""

    def check(value: Any, known: Known) -> float:  # noqa: ARG001  every check has the same form
        allowed = f"allowed: a number from {low:g} to {high:g} ({unit})"
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise ValueError(f"{value!r} is not a finite number; {allowed}")
        if not low <= value <= high:
            raise ValueError(f"{value:g} is out of range; {allowed}")
        return float(value)

    return check


def choice(names: Names) -> Check:
    """One of some words, or of some members of the cast."""

    def check(value: Any, known: Known) -> str:
        allowed = names(known.cast) if callable(names) else names
        if value not in allowed:
            raise ValueError(f"{unknown(value, allowed, 'choice')}; allowed: {', '.join(allowed)}")
        return str(value)

    return check


def amounts(names: Sequence[str], high: float, unit: str) -> Check:
    """A table of names with a number from 0 to high each."""
    each = number(0.0, high, unit)

    def check(value: Any, known: Known) -> Mapping[str, float]:
        if not isinstance(value, Mapping) or not value:
            raise ValueError(f"wanted a table of name = number ({unit}), got {value!r}; names: {', '.join(names)}")
        for name in value:
            if name not in names:
                raise ValueError(f"{unknown(name, names, 'name here')}; allowed: {', '.join(names)}")
        return MappingProxyType({name: each(item, known) for name, item in value.items()})

    return check


def quarter(value: Any, known: Known) -> str:  # noqa: ARG001
    """A quarter such as 2026Q3."""
    quarter_number(value)
    return str(value)


def phase_name(value: Any, known: Known) -> str:
    """The name of a phase that is on record by the day the scenario knows up to."""
    names = [phase.name for phase in phases(known.until)]
    if value not in names:
        raise ValueError(f"{unknown(value, names, f'phase by {known.until}')}; allowed: {', '.join(names)}")
    return str(value)


def site_name(value: Any, known: Known) -> str:
    """The name of a site of which a phase is on record by the day the scenario knows up to."""
    names = list(dict.fromkeys(phase.site for phase in phases(known.until)))
    if value not in names:
        raise ValueError(f"{unknown(value, names, f'site by {known.until}')}; allowed: {', '.join(names)}")
    return str(value)


def parameter_name(value: Any, known: Known) -> str:  # noqa: ARG001
    """The name of a parameter."""
    table = specifications()
    if value not in table:
        raise ValueError(unknown(value, table, "parameter"))
    return str(value)
