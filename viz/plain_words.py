"""Money, compute, shares and names as a reader expects them in a sentence."""

from __future__ import annotations

from collections.abc import Iterable

from runs.results import title

MANY = ("rival_clouds", "rival_labs", "investors", "lenders", "landlords", "customers")
"""Members of the cast that are many."""
LEAST = 1e-9
"""Quantities below this are rounding."""


def usd(usd_bn: float) -> str:
    """`$1.2bn`, `$120m`."""
    size = abs(usd_bn)
    sign = "-" if usd_bn < 0.0 else ""
    if size < 0.0005:
        return "$0"
    if size < 0.9995:
        return f"{sign}${1000.0 * size:,.0f}m"
    return f"{sign}${size:,.{0 if size >= 99.95 else 1}f}bn"


def chips(h100e_m: float) -> str:
    """`1.20 M H100e`, `45 thousand H100e`, `nothing`."""
    if h100e_m <= LEAST:
        return "nothing"
    if h100e_m < 0.0995:
        return f"{1000.0 * h100e_m:,.{0 if h100e_m >= 0.00995 else 1}f} thousand H100e"
    return f"{h100e_m:,.2f} M H100e"


def rate(usd_h: float) -> str:
    """`$1.20/h`: dollars per H100e-hour."""
    return f"${usd_h:,.2f}/h"


def percent(share: float) -> str:
    """`12 %`, `1.2 %`."""
    return f"{100.0 * share:.{1 if abs(share) < 0.0995 else 0}f}\u00a0%"


def listed(parts: Iterable[str]) -> str:
    """`a, b and c`."""
    found = list(parts)
    return found[0] if len(found) == 1 else ", ".join(found[:-1]) + " and " + found[-1] if found else "nothing"


def does(name: str, verb: str) -> str:
    """`Oracle offers`, `Rival clouds offer`: a member of the cast with what it does."""
    return f"{title(name)} {verb if name in MANY else verb + 's'}"


def sentence_case(text: str) -> str:
    """The first letter large."""
    return text[:1].upper() + text[1:]
