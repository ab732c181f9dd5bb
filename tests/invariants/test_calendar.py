"""Laws of the calendar: quarters count on without a hole, and periods cover the days that they name."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from world.calendar import (
    HOURS_PER_QUARTER,
    first_day,
    last_day,
    parse_known_until,
    parse_period,
    quarter_label,
    quarter_number,
    quarter_of,
)

NUMBERS = st.integers(4 * 1900, 4 * 2200)


def test_a_quarter_is_a_fourth_of_a_year_of_hours():
    assert HOURS_PER_QUARTER == 365 * 24 / 4


@given(NUMBERS)
def test_label_and_number_are_inverse(number):
    assert quarter_number(quarter_label(number)) == number


@given(NUMBERS)
def test_the_days_of_a_quarter_are_its_own_and_the_next_follows_at_once(number):
    assert quarter_of(first_day(number)) == quarter_of(last_day(number)) == number
    assert last_day(number) + timedelta(days=1) == first_day(number + 1)
    assert parse_period(quarter_label(number)) == (first_day(number), last_day(number))


@given(st.dates())
def test_every_day_lies_in_its_quarter(day):
    assert first_day(quarter_of(day)) <= day <= last_day(quarter_of(day))
    assert parse_period(day.isoformat()) == (day, day)


def test_quarters_start_and_end_on_the_known_days():
    number = quarter_number("2024Q1")
    assert (first_day(number), last_day(number)) == (date(2024, 1, 1), date(2024, 3, 31))
    assert last_day(quarter_number("2024Q4")) == date(2024, 12, 31)
    assert quarter_number("2025Q1") - quarter_number("2023Q4") == 5
    assert quarter_label(quarter_number("2024Q4") + 1) == "2025Q1"


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2025Q3", date(2025, 7, 1), date(2025, 9, 30)),
        ("2025", date(2025, 1, 1), date(2025, 12, 31)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2025-12", date(2025, 12, 1), date(2025, 12, 31)),
        ("2025-03-31", date(2025, 3, 31), date(2025, 3, 31)),
        (" 2025Q3 ", date(2025, 7, 1), date(2025, 9, 30)),
    ],
)
def test_each_form_of_a_period_spans_its_days(text, first, last):
    assert parse_period(text) == (first, last)
    assert parse_known_until(text) == last


@pytest.mark.parametrize("text", ["2026Q5", "2026Q0", "26Q1", "2026q1", "Q1 2026", "", "0000Q1", "2026Q1 ", "٢٠٢٦Q1"])
def test_a_label_that_is_no_quarter_is_an_error_that_shows_it(text):
    with pytest.raises(ValueError, match="like YYYYQn") as caught:
        quarter_number(text)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize(
    "text", ["2025-02-30", "2025-13", "2025-00-01", "0000", "0000Q2", "soon", "", "2025/03", "2025-3"]
)
def test_a_period_that_does_not_exist_is_an_error_that_shows_it(text):
    with pytest.raises(ValueError, match=r"^period: .*wanted a quarter like") as caught:
        parse_period(text)
    assert repr(text) in str(caught.value)
    with pytest.raises(ValueError, match=r"^known_until: "):
        parse_known_until(text)


@pytest.mark.parametrize("number", [-1, 3, 4 * 10_000])
def test_a_number_outside_the_calendar_is_an_error(number):
    with pytest.raises(ValueError, match="wanted 4 \\* year"):
        quarter_label(number)
    with pytest.raises(ValueError, match="wanted 4 \\* year"):
        first_day(number)


def test_the_calendar_ends_with_its_last_quarter():
    assert last_day(quarter_number("9999Q4")) == date.max
    assert first_day(quarter_number("0001Q1")) == date.min
