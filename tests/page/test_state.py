"""A request's state: read, written, refused."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viz.page.state import MOST_WORLDS, RefusedError, Shelf, State, world_number
from world.parameters import specifications

SHELF = Shelf()
NAMES = sorted(name for name, row in specifications().items() if row.low < row.high)


@st.composite
def states(draw: st.DrawFn) -> State:
    """Any state that a page can be in."""
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=4))
    table = specifications()
    settings = [(name, draw(st.floats(table[name].minimum, table[name].maximum))) for name in sorted(names)]
    return State(
        draw(st.sampled_from(list(SHELF.scenarios))),
        draw(st.sampled_from(["", *SHELF.scenarios])),
        draw(st.integers(1, MOST_WORLDS)),
        draw(st.integers(0, 10**9)),
        tuple(settings),
        draw(st.integers(0, 9)),
    )


@given(states())
def test_a_link_reproduces_the_state(state: State) -> None:
    assert SHELF.state(parse_qsl(state.query())) == state


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("worlds=5001", "worlds: wanted a whole number, 1 to 5,000, got '5001'"),
        ("worlds=0", "worlds: wanted"),
        ("worlds=-3", "worlds: wanted"),
        ("worlds=1e3", "worlds: wanted"),
        ("worlds=١٢", "worlds: wanted"),
        ("seed=x", "seed: wanted"),
        ("question=10", "question: wanted"),
        ("scenario=../../etc/passwd", "there is no scenario '../../etc/passwd'"),
        ("with=nowhere", "with: there is no scenario"),
        ("set=market.bnad=1", "did you mean 'market.band'"),
        ("set=market.band=NaN", "market.band: wanted a number, 0.05 to 5"),
        ("set=market.band=inf", "market.band: wanted a number"),
        ("set=market.band=9", "market.band: wanted a number, 0.05 to 5"),
        ("set=market.band", "set: wanted NAME=VALUE"),
        ("set=market.band=1&set=market.band=2", "market.band is given twice"),
        ("seed=1&seed=2", "seed: given 2 times"),
        ("until=2027Q4", "until: unknown"),
    ],
)
def test_a_bad_request_says_what_is_allowed(query: str, words: str) -> None:
    with pytest.raises(RefusedError) as refusal:
        SHELF.state(parse_qsl(query))
    assert words in str(refusal.value)


def test_a_world_has_a_number() -> None:
    assert world_number([("world", "12")]) == 12
    with pytest.raises(RefusedError, match="world: wanted a whole number"):
        world_number([("world", "-1")])


def test_a_scenario_compared_with_itself_stands_without_the_settings() -> None:
    state = State("baseline", "baseline", settings=(("market.band", 0.5),))
    assert state.runs == (("baseline", (("market.band", 0.5),)), ("baseline", ()))
    other = State("baseline", "demand-winter", settings=(("market.band", 0.5),))
    assert other.runs[1] == ("demand-winter", (("market.band", 0.5),))
