"""Laws of planning: what is ordered when capacity is short, and when more stands or comes than is needed."""

from __future__ import annotations

import numpy as np
from hypothesis import given

from tests.invariants.formula_inputs import Inputs, assert_worlds_apart, rises, seeds
from world.planning import order_rate


def case(seed: int) -> dict[str, np.ndarray]:
    """Gaps of either sign, some of them exactly what growth asks for, and every time of adjustment."""
    inputs = Inputs(seed)
    running = inputs.with_zeros()
    gap = inputs.between(-20.0, 20.0)
    return {
        "gap": np.where(inputs.shares() < 0.2, running, gap),
        "running": running,
        "cut_quarters": inputs.between(1.0, 10.0),
    }


@given(seeds)
def test_a_shortage_is_ordered_at_once_and_a_surplus_worked_off(seed: int) -> None:
    arguments = case(seed)
    gap, running = arguments["gap"], arguments["running"]
    rate = order_rate(**arguments)
    assert np.all(rate >= np.maximum(gap, 0.0) - 1e-12)
    short = gap >= running
    np.testing.assert_array_equal(rate[short], gap[short])
    assert np.all(rate[~short] <= running[~short])
    at_once = order_rate(gap, running, np.ones_like(gap))
    np.testing.assert_allclose(at_once, np.maximum(gap, 0.0), atol=1e-12)


@given(seeds)
def test_orders_rise_with_gap_and_growth_and_fall_with_haste(seed: int) -> None:
    arguments = case(seed)
    rate = order_rate(**arguments)
    more = order_rate(**arguments | {"gap": arguments["gap"] + 0.3})
    assert rises(rate, more)
    assert np.all(more - rate <= 0.3 + 1e-12)
    assert rises(rate, order_rate(**arguments | {"running": arguments["running"] + 0.3}))
    assert rises(rate, order_rate(**arguments | {"cut_quarters": arguments["cut_quarters"] + 1.0}))


def test_worked_by_hand() -> None:
    # Growth asks for 3 a quarter; 5 too many stand or come; a quarter of the surplus of 8 is cut: 3 - 2.
    assert order_rate(np.array([-5.0]), np.array([3.0]), np.array([4.0])) == 1.0


def test_orders_know_no_other_world() -> None:
    assert_worlds_apart(order_rate, case(3))
