"""Sites against loops over worlds, and against a campus worked by hand."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.invariants.formula_inputs import WORLDS, Inputs, seeds
from tests.oracles.loop_sites import LoopPhase, LoopPipeline
from world.sites import ENERGISED, NamedPhases, PhaseSpec, SitePipeline

SLOTS, OPERATORS = 12, 3
PLANS = ((1.0, 0.0), (2.5, 4.0), (0.2, 0.5))


def near(left: object, right: object) -> None:
    np.testing.assert_allclose(np.asarray(left, float), np.asarray(right, float), rtol=1e-10, atol=1e-12)


@settings(max_examples=60)
@given(
    seed=seeds,
    steps=st.lists(st.sampled_from(["order", "advance"]), max_size=25),
    spread=st.integers(0, 2),
)
def test_a_random_pipeline_equals_the_loop(seed: int, steps: list[str], spread: int) -> None:
    inputs = Inputs(seed)
    sites = SitePipeline(OPERATORS, SLOTS, WORLDS)
    loops = [[LoopPipeline(SLOTS) for _ in range(WORLDS)] for _ in range(OPERATORS)]
    quarter = -1
    for count, step in enumerate(steps):
        operator = count % OPERATORS
        row = loops[operator]
        gw, lead, late = inputs.with_zeros(), inputs.between(0.0, 9.0), inputs.between(0.0, 3.0)
        if step == "order":
            sites.order(operator, gw, lead, late, quarter, spread)
            for w, loop in enumerate(row):
                loop.building.add(quarter + lead[w] + late[w], gw[w], spread, quarter + 1)
        elif quarter < SLOTS - 2:
            quarter += 1
            near(sites.advance(quarter), [[loop.advance(quarter) for loop in r] for r in loops])
        used = inputs.with_zeros(OPERATORS)
        sites.equip(used)
        expected = [[loop.states(used[o, w]) for w, loop in enumerate(r)] for o, r in enumerate(loops)]
        near(sites.state_gw, np.moveaxis(np.array(expected), -1, 0))
        within = [[loop.building.within(0, quarter + lead[w]) for w, loop in enumerate(r)] for r in loops]
        near(sites.due_within(quarter, lead), within)


@settings(max_examples=60)
@given(
    seed=seeds,
    steps=st.lists(st.sampled_from(["announce", "contract", "finance", "delay", "equip", "advance"]), max_size=30),
)
def test_random_phases_equal_the_loop(seed: int, steps: list[str]) -> None:
    inputs = Inputs(seed)
    specs = [
        PhaseSpec(f"phase {i}", "campus", "landlord", "cloud", "lab", "programme", "grid", gw, ramp)
        for i, (gw, ramp) in enumerate(PLANS)
    ]
    phases = NamedPhases(specs, WORLDS)
    loops = [[LoopPhase(gw, ramp) for _ in range(WORLDS)] for gw, ramp in PLANS]
    quarter = 0
    for count, step in enumerate(steps):
        at = count % len(PLANS)
        row, name = loops[at], specs[at].name
        flags = inputs.shares() > 0.4
        lead, late = inputs.between(0.0, 6.0), inputs.between(0.0, 2.0)
        if step == "announce":
            moved = phases.announce(name, quarter, flags)
            near(moved, [flags[w] and loop.reach("announced", quarter) for w, loop in enumerate(row)])
        elif step == "contract":
            moved = phases.contract(name, quarter, flags)
            near(moved, [flags[w] and loop.contract(quarter) for w, loop in enumerate(row)])
        elif step == "finance":
            moved = phases.finance(name, quarter, flags, lead, late)
            near(moved, [flags[w] and loop.finance(quarter, lead[w], late[w]) for w, loop in enumerate(row)])
        elif step == "delay":
            phases.delay(name, late)
            for w, loop in enumerate(row):
                loop.delay(late[w])
        elif step == "equip":
            moved = phases.equip(name, quarter, flags)
            near(moved, [flags[w] and loop.reach("equipped", quarter) for w, loop in enumerate(row)])
        else:
            quarter += 1
            near(phases.advance(quarter), [[loop.advance(quarter) for loop in r] for r in loops])
        near(phases.energised_gw, [[loop.energised for loop in r] for r in loops])
        dates = [[[loop.dates.get(state, np.inf) for loop in r] for state in LoopPhase.ORDER] for r in loops]
        near(phases.date, dates)
        expected = [[loop.states() for loop in r] for r in loops]
        near(phases.state_gw, np.moveaxis(np.array(expected), -1, 0))
        coming = [
            [max(loop.powered(quarter + lead[w]) - loop.energised, 0.0) for w, loop in enumerate(r)] for r in loops
        ]
        near(phases.due_within(quarter, lead), coming)


def test_a_campus_by_hand() -> None:
    first = PhaseSpec("one", "campus", "landlord", "cloud", "lab", "programme", "gas", 0.2)
    second = PhaseSpec("two", "campus", "landlord", "cloud", "lab", "programme", "grid", 1.0, ramp_quarters=3.0)
    phases = NamedPhases([first, second], 2)
    # The first had power half a year before the start; the second is contracted and finds finance in one world.
    phases.open("one", [-8.0, -7.0, -6.0, -2.0])
    phases.open("two", [-5.0, -4.0])
    np.testing.assert_allclose(phases.energised_gw, [[0.2, 0.2], [0.0, 0.0]])
    found = phases.finance("two", 0, np.array([True, False]), 3.0, 0.5)
    assert found.tolist() == [True, False]
    power = []
    for quarter in range(1, 9):
        phases.advance(quarter)
        power.append(phases.add_by("site", ["campus"])[0])
    # Power is due in the middle of quarter 3 and comes over four quarters.
    np.testing.assert_allclose([p[0] for p in power], [0.2, 0.2, 0.325, 0.575, 0.825, 1.075, 1.2, 1.2])
    np.testing.assert_allclose([p[1] for p in power], 0.2)
    assert phases.date[1, ENERGISED].tolist() == [3.5, np.inf]
