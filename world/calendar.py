"""The calendar: quarters as consecutive integers, their labels, and the days that they span.

A quarter's number is 4 * year + quarter - 1, so that the next quarter is the number plus one and differences are
lengths in quarters. Everything that is dated (rows of data, contracts, what a scenario may know) goes through here.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import lru_cache

HOURS_PER_QUARTER = 2190.0
"""Hours in a quarter of the model: 8,760 / 4, the same for each quarter."""

_QUARTER = re.compile(r"(\d{4})Q([1-4])", re.ASCII)
_YEAR = re.compile(r"(\d{4})", re.ASCII)
_MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_FORMS = "a quarter like YYYYQn, a year like YYYY, a month like YYYY-MM or a day like YYYY-MM-DD"


def quarter_number(label: str) -> int:
    """The number of a quarter from its label, `2026Q3` -> 4 * 2026 + 2.

    Raises: ValueError if the label is not a year of four digits (0001 to 9999), Q and 1 to 4.
    """
    match = _QUARTER.fullmatch(label) if isinstance(label, str) else None
    if match is None or int(match[1]) == 0:
        raise ValueError(f"quarter: {label!r} is not a quarter; wanted a year, Q and 1 to 4, like YYYYQn")
    return 4 * int(match[1]) + int(match[2]) - 1


def quarter_label(number: int) -> str:
    """The label of a quarter from its number, 4 * 2026 + 2 -> `2026Q3`.

    Raises: ValueError if the number lies outside the years 1 to 9999.
    """
    year, index = divmod(int(number), 4)
    if not date.min.year <= year <= date.max.year:
        raise ValueError(
            f"quarter: the number {number} is year {year}; wanted 4 * year + quarter - 1 for a year of 1 to 9999"
        )
    return f"{year:04d}Q{index + 1}"


def first_day(number: int) -> date:
    """The first day of the quarter with this number."""
    quarter_label(number)
    return date(int(number) // 4, 3 * (int(number) % 4) + 1, 1)


@lru_cache(maxsize=1024)
def last_day(number: int) -> date:
    """The last day of the quarter with this number."""
    first = first_day(number)
    return _last_of_month(first.year, first.month + 2)


def quarter_of(day: date) -> int:
    """The number of the quarter that holds this day."""
    return 4 * day.year + (day.month - 1) // 3


def parse_period(text: str) -> tuple[date, date]:
    """The first and the last day of a period written as `2025Q3`, `2025`, `2025-03` or `2025-03-31`.

    Raises: ValueError if the text has none of these forms or names a day that does not exist.
    """
    given = text.strip() if isinstance(text, str) else ""
    try:
        if match := _QUARTER.fullmatch(given):
            number = quarter_number(given)
            return first_day(number), last_day(number)
        if match := _YEAR.fullmatch(given):
            return date(int(match[1]), 1, 1), date(int(match[1]), 12, 31)
        if match := _MONTH.fullmatch(given):
            year, month = int(match[1]), int(match[2])
            return date(year, month, 1), _last_of_month(year, month)
        if match := _DAY.fullmatch(given):
            day = date(int(match[1]), int(match[2]), int(match[3]))
            return day, day
    except ValueError as error:
        raise ValueError(f"period: {text!r} does not exist in the calendar ({error}); wanted {_FORMS}") from None
    raise ValueError(f"period: {text!r} is not a period; wanted {_FORMS}")


def parse_known_until(text: str) -> date:
    """The day up to which something is known: a day itself, or the last day of a month, a quarter or a year.

    Raises: ValueError as `parse_period`, naming known_until.
    """
    try:
        return parse_period(text)[1]
    except ValueError as error:
        raise ValueError(f"known_until: {error}") from None


def _last_of_month(year: int, month: int) -> date:
    if month == 12:
        return date(year, 12, 31)
    return date(year, month + 1, 1) - timedelta(days=1)
