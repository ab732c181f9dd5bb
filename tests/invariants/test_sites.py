"""Laws of sites: a GW is in one state, dates keep their order, no power without finance; worlds are apart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.invariants.formula_inputs import (
    MANY,
    Inputs,
    assert_number_is_per_world,
    assert_worlds_apart,
    same_bits,
    seeds,
)
from world.sites import BUILDING, CONTRACTED, ENERGISED, NamedPhases, PhaseSpec, SitePipeline

SLOTS, OPERATORS = 12, 3
SPECS = (
    PhaseSpec("campus one", "campus", "landlord", "cloud", "lab", "programme", "gas", 0.2),
    PhaseSpec("campus two", "campus", "landlord", "cloud", "lab", "programme", "grid", 1.0, 3.0),
    PhaseSpec("plain", "field", "builder", "builder", "builder", "own", "turbines", 0.3, 0.5),
)


def pooled_years(
    gw: np.ndarray, used: np.ndarray, lead: np.ndarray | float, late: np.ndarray | float
) -> tuple[np.ndarray, ...]:
    """Pooled sites through some quarters with everything that can happen; all that can be asked, every quarter."""
    sites = SitePipeline(OPERATORS, SLOTS, gw.shape[-1])
    for operator in range(OPERATORS):
        sites.open(operator, gw[operator])
    seen: list[np.ndarray] = []
    for quarter in range(7):
        before = sites.energised_gw.copy()
        seen.append(sites.advance(quarter))
        assert np.all(sites.energised_gw >= before)
        for operator in range(OPERATORS):
            sites.order(operator, gw[operator], lead, late, quarter)
            sites.order(operator, gw[operator - 2], lead, late, quarter, spread=1)
        sites.equip(used)
        seen += [sites.state_gw, sites.due_within(quarter, lead), sites.building_gw]
        residuals = sites.check()
        assert residuals.negative_gw.max() == 0.0
        assert residuals.unaccounted.max() < 1e-12
    return tuple(seen)


def phase_years(
    contract: np.ndarray, finance: np.ndarray, lead: np.ndarray | float, late: np.ndarray | float
) -> tuple[np.ndarray, ...]:
    """Named phases through some quarters; a phase moves on in the quarters in which its share is low enough."""
    phases = NamedPhases(SPECS, contract.shape[-1])
    phases.open("plain", [-4.0, -4.0, -3.0], due_slot=0.5)
    seen: list[np.ndarray] = []
    for quarter in range(9):
        before, set_before = phases.energised_gw, phases.date.copy()
        seen.append(phases.advance(quarter))
        for row in range(len(SPECS)):
            phases.announce(row, quarter, contract[row] < 0.2 * quarter)
            phases.contract(row, quarter, contract[row] < 0.1 * quarter)
            seen.append(phases.finance(row, quarter, finance[row] < 0.15 * quarter, lead, late))
            phases.equip(row, quarter, finance[row] > 0.1 * quarter)
        if quarter == 4:
            phases.delay("campus two", late)
        was_set = np.isfinite(set_before)
        assert np.array_equal(phases.date[was_set], set_before[was_set])
        assert np.all(phases.energised_gw >= before)
        assert np.all(phases.energised_gw <= phases.facility_gw)
        assert not phases.energised_gw[np.isinf(phases.date[:, BUILDING])].any()
        residuals = phases.check()
        assert not residuals.disordered.any() and residuals.negative_gw.max() == 0.0
        assert residuals.unaccounted.max() < 1e-12
        seen += [phases.energised_gw, phases.date.copy(), phases.state_gw, phases.due_within(quarter, lead)]
        seen.append(phases.add_by("site", ["campus", "field"]))
    return tuple(seen)


@settings(max_examples=12)
@given(seeds)
def test_pooled_power_is_in_one_state_and_a_world_knows_no_other(seed: int) -> None:
    inputs = Inputs(seed, MANY)
    arguments = {
        "gw": inputs.with_zeros(OPERATORS),
        "used": inputs.with_zeros(OPERATORS),
        "lead": inputs.between(0.0, 9.0),
        "late": inputs.between(0.0, 4.0),
    }
    assert_worlds_apart(pooled_years, arguments)
    assert_number_is_per_world(pooled_years, arguments, "lead", "late")


@settings(max_examples=12)
@given(seeds)
def test_phases_keep_their_order_and_a_world_knows_no_other(seed: int) -> None:
    inputs = Inputs(seed, MANY)
    arguments = {
        "contract": inputs.shares(len(SPECS)),
        "finance": inputs.shares(len(SPECS)),
        "lead": inputs.between(0.0, 5.0),
        "late": inputs.between(0.0, 2.0),
    }
    assert_worlds_apart(phase_years, arguments)
    assert_number_is_per_world(phase_years, arguments, "lead", "late")


@given(seed=seeds, late=st.floats(0.0, 4.0))
def test_a_delay_never_brings_power_sooner(seed: int, late: float) -> None:
    inputs = Inputs(seed)
    lead = inputs.between(0.0, 6.0)
    on_time, delayed = NamedPhases(SPECS, 7), NamedPhases(SPECS, 7)
    for phases in (on_time, delayed):
        for row in range(len(SPECS)):
            phases.contract(row, 0)
            phases.finance(row, 0, True, lead)
    delayed.delay("campus two", late)
    for quarter in range(1, 14):
        on_time.advance(quarter)
        delayed.advance(quarter)
        assert np.all(delayed.energised_gw <= on_time.energised_gw)
        assert same_bits(delayed.energised_gw[::2], on_time.energised_gw[::2])


def test_power_counts_once_by_any_label() -> None:
    phases = NamedPhases(SPECS, 7)
    for row in range(len(SPECS)):
        phases.contract(row, 0)
        phases.finance(row, 0, True, 1.0)
    for quarter in range(1, 8):
        phases.advance(quarter)
    for field in ("site", "landlord", "operator", "tenant", "programme", "power_source", "name"):
        names = sorted({getattr(spec, field) for spec in SPECS})
        np.testing.assert_allclose(phases.add_by(field, names).sum(axis=0), 1.5)
    np.testing.assert_allclose(phases.add_by("operator", ["cloud", "nobody"]), [[1.2] * 7, [0.0] * 7])
    np.testing.assert_allclose(phases.add_by("site", ["field"], phases.facility_gw), 0.3)


def test_a_step_waits_for_the_one_before_it() -> None:
    phases = NamedPhases(SPECS, 3)
    some = np.array([True, False, True])
    assert not phases.finance("plain", 0, True, 1.0).any()
    assert not phases.equip("plain", 0).any()
    assert phases.contract("plain", 1, some).tolist() == [True, False, True]
    assert np.isfinite(phases.date[2, CONTRACTED]).tolist() == [True, False, True]
    assert phases.finance("plain", 2, True, 1.0).tolist() == [True, False, True]
    assert not phases.finance("plain", 3, True, 9.0).any()
    phases.advance(3)
    assert phases.date[2, ENERGISED].tolist() == [3.0, np.inf, 3.0]
    np.testing.assert_allclose(phases.energised_gw[2], [0.2, 0.0, 0.2])


@settings(max_examples=15)
@given(seeds)
def test_saved_sites_go_on_as_they_were(seed: int) -> None:
    inputs = Inputs(seed)
    gw, lead = inputs.with_zeros(), inputs.between(0.0, 5.0)
    first, second = SitePipeline(OPERATORS, SLOTS, 7), SitePipeline(OPERATORS, SLOTS, 7)
    first.open(0, gw)
    first.order(1, gw, lead, 0.0, 0, spread=0)
    first.order(2, gw, lead, 0.5, 0)
    first.advance(1)
    second.restore(first.state())
    named, copy = NamedPhases(SPECS, 7), NamedPhases(SPECS, 7)
    named.contract(0, 0)
    named.finance(0, 1, gw > 1.0, lead)
    copy.restore(named.state())
    for sites, phases in ((first, named), (second, copy)):
        sites.order(1, 0.4, lead, 0.5, 1)
        sites.advance(5)
        for quarter in range(2, 6):
            phases.advance(quarter)
    assert same_bits(first.state_gw, second.state_gw) and same_bits(first.check(), second.check())
    assert same_bits(named.date, copy.date) and same_bits(named.energised_gw, copy.energised_gw)


def test_what_is_wrong_is_named() -> None:
    sites = SitePipeline(2, SLOTS, 3)
    with pytest.raises(ValueError, match="gw: world 1"):
        sites.order(0, np.array([1.0, -1.0, 0.0]), 1.0, 0.0, 0)
    with pytest.raises(ValueError, match="lead_quarters: world 0"):
        sites.order(0, 1.0, -1.0, 0.0, 0)
    with pytest.raises(ValueError, match="slippage: world 2 is nan"):
        sites.order(0, 1.0, 1.0, np.array([0.0, 1.0, np.nan]), 0)
    phases = NamedPhases(SPECS, 3)
    with pytest.raises(ValueError, match=r"phase: wanted one of .* got nowhere"):
        phases.announce("nowhere", 0)
    with pytest.raises(ValueError, match="dates: wanted them in the order"):
        phases.open("plain", [-1.0, -2.0])
    with pytest.raises(ValueError, match="phases: each name once"):
        NamedPhases([SPECS[0], SPECS[0]], 3)
    with pytest.raises(ValueError, match="date: expected shape"):
        phases.restore(NamedPhases(SPECS, 4).state())
