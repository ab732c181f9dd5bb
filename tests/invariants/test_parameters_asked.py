"""What is asked of parameters at every step: names that are not there, and figures that follow from them."""

from __future__ import annotations

import pytest

from world.draws import Draws
from world.parameters import Parameters, resolve, specifications

TABLE = specifications()


def test_a_parameter_that_is_not_there_is_missed_without_a_search(monkeypatch):
    def no_search(*_, **__):
        raise AssertionError("looked for the nearest name")

    drawn = resolve(Draws(1, 3), table=TABLE)
    monkeypatch.setattr("world.parameters.unknown", no_search)
    assert "market.band" in drawn and "market.bend" not in drawn and 3 not in drawn
    assert drawn.get("market.bend") is None and drawn.get("market.bend", 2.0) == 2.0
    assert drawn.get("market.band") is drawn["market.band"]


def test_what_follows_from_parameters_is_worked_out_once_for_each_argument_and_read_only():
    asked = []

    def times(parameters, factor):
        asked.append(factor)
        return parameters["market.band"] * factor

    drawn = resolve(Draws(1, 3), table=TABLE)
    first = drawn.once(times, 2.0)
    assert drawn.once(times, 2.0) is first and drawn.once(times, 3.0) is not first
    assert asked == [2.0, 3.0]
    with pytest.raises(ValueError, match="read-only"):
        first += 1.0
    # Other parameters remember nothing of it.
    other = Parameters(dict(drawn) | {"market.band": 2.0 * drawn["market.band"]})
    assert (other.once(times, 2.0) == 2.0 * first).all()
