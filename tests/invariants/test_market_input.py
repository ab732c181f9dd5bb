"""The rental market refuses bad input by name, and names the worlds in which it does not converge."""

from __future__ import annotations

import re

import numpy as np
import pytest

import world.market
from tests.invariants.formula_inputs import WORLDS
from tests.invariants.market_inputs import clear, random_market, usual_market
from world.market import ClearingError

BAD = [
    ("demand_scale", (1, 4), np.nan, "demand_scale: index (1,), world 4"),
    ("demand_scale", (0, 2), -1.0, "demand_scale: index (0,), world 2"),
    ("capacity", (1, 3, 5), -0.1, "capacity: index (1, 3), world 5"),
    ("capacity", (1, 3, 5), np.inf, "capacity: index (1, 3), world 5"),
    ("price_elasticity", (1, 3), 0.0, "price_elasticity: index (1,), world 3"),
    ("substitution", (2, 6), 1.0, "substitution: index (2,), world 6"),
    ("suitability", (2, 0, 1), -1.0, "suitability: index (2, 0), world 1"),
    ("reserve_price", (0, 2, 0), 0.0, "reserve_price: index (0, 2), world 0"),
    ("band", (3,), 0.0, "band: world 3"),
    ("price_floor", (1,), 0.0, "price_floor: world 1"),
    ("price_cap", (4,), 0.005, "price_cap: world 4"),
    ("start_price", (0, 3), np.nan, "start_price: index (0,), world 3"),
]


@pytest.mark.parametrize(("name", "where", "value", "message"), BAD)
def test_bad_input_is_named(name: str, where: tuple[int, ...], value: float, message: str) -> None:
    market = random_market(3, WORLDS, buyers=3, suppliers=2, generations=4)
    market |= {"band": np.full(WORLDS, 0.1), "price_floor": np.full(WORLDS, 0.01), "price_cap": np.full(WORLDS, 100.0)}
    market["start_price"] = np.ones((4, WORLDS))
    market[name][where] = value  # type: ignore[index]
    with pytest.raises(ValueError, match=re.escape(message)):
        clear(market)


@pytest.mark.parametrize(
    "name", ["demand_scale", "price_elasticity", "suitability", "capacity", "reserve_price", "band"]
)
def test_a_wrong_shape_is_named(name: str) -> None:
    market = random_market(3, WORLDS, buyers=3, suppliers=2, generations=4)
    with pytest.raises(ValueError, match=f"{name}.*shape"):
        clear(market | {name: np.ones(5)})


def test_a_tolerance_below_rounding_is_refused() -> None:
    with pytest.raises(ValueError, match="tolerance"):
        clear(random_market(3, WORLDS) | {"tolerance": 1e-16})


def test_worlds_that_do_not_converge_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    market = usual_market(1, WORLDS)
    cleared = clear(market)
    start = cleared.price.copy()
    start[:, [2, 5]] *= 2.0
    monkeypatch.setattr(world.market, "MOST_STEPS", 1)
    with pytest.raises(ClearingError, match="in 2 worlds: 2, 5"):
        clear(market | {"start_price": start})
