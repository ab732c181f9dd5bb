"""Fleets against loops over operators and worlds, and against a case worked by hand."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings

from tests.invariants.formula_inputs import WORLDS, Inputs, seeds
from tests.oracles.loop_fleets import LoopFleet, energise_one
from world.energising import energise
from world.fleets import Fleet

OPERATORS, GENERATIONS = 3, 5


@given(seeds)
def test_energising_equals_the_loop(seed: int) -> None:
    inputs = Inputs(seed)
    chips = inputs.with_zeros(OPERATORS, GENERATIONS)
    kw = np.where(inputs.shares(GENERATIONS) > 0.5, 1.0, inputs.amounts(GENERATIONS, spread=0.5))
    power = inputs.with_zeros(OPERATORS, scale=3.0)
    deployed = energise(chips, kw, power)
    for operator in range(OPERATORS):
        for world in range(WORLDS):
            expected = energise_one(chips[operator, :, world], kw[:, world], power[operator, world])
            np.testing.assert_allclose(deployed[operator, :, world], expected, rtol=1e-9, atol=1e-12)


@settings(max_examples=25)
@given(seeds)
def test_years_of_landing_wear_and_retirement_equal_the_loop(seed: int) -> None:
    inputs = Inputs(seed)
    sold = inputs.with_zeros(OPERATORS, GENERATIONS)
    landed = sold * inputs.shares(OPERATORS, GENERATIONS)
    fleet = Fleet(OPERATORS, GENERATIONS, WORLDS, sold, landed)
    loops = {at: LoopFleet(sold[at], landed[at]) for at in np.ndindex(sold.shape)}
    attrition, hazard, patience = inputs.between(0.0, 0.2), inputs.shares(), inputs.between(0.5, 6.0)
    for _ in range(6):
        arrivals = inputs.with_zeros(OPERATORS, GENERATIONS)
        price, cost = inputs.amounts(GENERATIONS), inputs.with_zeros(OPERATORS, GENERATIONS)
        fleet.land(arrivals)
        fleet.wear(attrition)
        fleet.retire(price, cost, hazard, patience)
        for at, loop in loops.items():
            _, generation, world = at
            loop.land(arrivals[at])
            loop.wear(attrition[world])
            loop.retire(price[generation, world], cost[at], hazard[world], patience[world])
            np.testing.assert_allclose(fleet.installed[at], loop.installed, rtol=1e-9, atol=1e-15)
            np.testing.assert_allclose(fleet.sold[at], loop.installed + loop.landed, rtol=1e-9, atol=1e-15)


def test_curtailment_by_hand() -> None:
    # Three GW for one operator: Blackwell at 1 kW takes 2 GW, two Hopper kinds at 2 kW share the last GW 1:3.
    chips = np.array([[[2.0], [1.0], [3.0], [1.0]]])
    kw = np.array([[1.0], [2.0], [2.0], [3.0]])
    deployed = energise(chips, kw, np.array([[3.0]]))
    np.testing.assert_allclose(deployed[0, :, 0], [2.0, 0.125, 0.375, 0.0])
