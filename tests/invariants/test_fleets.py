"""Laws of fleets: chips are accounted for, within power, efficient ones first; worlds are apart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from tests.invariants.formula_inputs import (
    MANY,
    Inputs,
    assert_number_is_per_world,
    assert_worlds_apart,
    rises,
    same_bits,
    seeds,
)
from world.energising import PowerLine, energise
from world.fleets import Fleet

OPERATORS, GENERATIONS = 3, 5


def arguments_of(seed: int, worlds: int = 7) -> dict[str, np.ndarray]:
    inputs = Inputs(seed, worlds)
    chips = inputs.with_zeros(OPERATORS, GENERATIONS)
    kw = np.where(inputs.shares(GENERATIONS) > 0.6, 1.0, inputs.amounts(GENERATIONS, spread=0.5))
    needed = (chips * kw).sum(axis=1)
    kind = inputs.shares(OPERATORS)
    # Knife edges: no power at all, exactly enough, far too much, and all between.
    power = np.where(kind < 0.2, 0.0, np.where(kind < 0.4, needed, np.where(kind < 0.6, 100.0 * needed, kind * needed)))
    return {"chips_h100e_m": chips, "kw_per_h100e": kw, "power_gw": power}


@given(seeds)
def test_power_is_never_exceeded_and_never_idle_while_chips_wait(seed: int) -> None:
    given_ = arguments_of(seed)
    chips, kw, power = given_["chips_h100e_m"], given_["kw_per_h100e"], given_["power_gw"]
    deployed = energise(chips, kw, power)
    assert same_bits(deployed, energise(chips, kw, power, PowerLine.of(kw)))
    assert np.all(deployed >= 0.0) and np.all(deployed <= chips)
    used, needed = (deployed * kw).sum(axis=1), (chips * kw).sum(axis=1)
    assert np.all(used <= power * (1.0 + 1e-12) + 1e-300)
    np.testing.assert_allclose(used, np.minimum(needed, power), rtol=1e-11, atol=0.0)
    waits = deployed < chips * (1.0 - 1e-9)
    for mine in range(GENERATIONS):
        for other in range(GENERATIONS):
            # Nothing runs that needs more power than something that waits.
            worse = waits[:, mine] & (kw[other] > kw[mine])
            assert np.all(deployed[:, other][worse] * kw[other][np.nonzero(worse)[1]] <= 1e-9 * needed[worse])


@given(seeds)
def test_more_power_never_switches_anything_off(seed: int) -> None:
    given_ = arguments_of(seed)
    more = given_["power_gw"] * (1.0 + Inputs(seed).shares(OPERATORS))
    assert rises(energise(**given_), energise(**{**given_, "power_gw": more}), tolerance=1e-9)


@given(seeds)
def test_the_order_of_generations_is_irrelevant(seed: int) -> None:
    given_ = arguments_of(seed)
    order = np.random.default_rng(seed).permutation(GENERATIONS)
    turned = energise(given_["chips_h100e_m"][:, order], given_["kw_per_h100e"][order], given_["power_gw"])
    np.testing.assert_allclose(turned, energise(**given_)[:, order], rtol=1e-9, atol=1e-12)


def years(
    sold: np.ndarray,
    arrivals: np.ndarray,
    kw: np.ndarray,
    power: np.ndarray,
    attrition: np.ndarray | float,
    hazard: np.ndarray | float,
    price: np.ndarray,
) -> tuple[np.ndarray, ...]:
    """A fleet through some quarters: all that can be asked at the end."""
    fleet = Fleet(*sold.shape, sold, 0.25 * sold)
    seen = []
    for quarter in range(5):
        fleet.land(arrivals * (1.0 + quarter))
        seen.append(fleet.deploy(kw, power * (1.0 + quarter)))
        seen.append(fleet.wear(attrition))
        seen.append(fleet.retire(price * (1.0 + quarter % 3), kw, hazard))
        residuals = fleet.check()
        assert residuals.negative_h100e_m.max() == 0.0
        assert residuals.undeployable_h100e_m.max() == 0.0
        assert np.all(residuals.overdrawn_gw <= 1e-12 * power.max(axis=0) * (1.0 + quarter))
        assert residuals.unaccounted.max() < 1e-12
    return (*seen, fleet.sold, fleet.waiting, fleet.power_used_gw, fleet.power_needed_gw(kw), fleet.quarters_below)


def years_of(seed: int, worlds: int) -> dict[str, np.ndarray]:
    inputs, given_ = Inputs(seed, worlds), arguments_of(seed, worlds)
    return {
        "sold": given_["chips_h100e_m"],
        "arrivals": inputs.with_zeros(OPERATORS, GENERATIONS),
        "kw": given_["kw_per_h100e"],
        "power": given_["power_gw"],
        "attrition": inputs.between(0.0, 0.5),
        "hazard": inputs.shares(),
        "price": inputs.amounts(GENERATIONS),
    }


@settings(max_examples=15)
@given(seeds)
def test_chips_are_accounted_for_and_a_world_knows_no_other(seed: int) -> None:
    arguments = years_of(seed, MANY)
    assert_worlds_apart(years, arguments)
    assert_number_is_per_world(years, arguments, "attrition", "hazard")


@given(seeds)
def test_what_lands_is_deployed_a_quarter_later(seed: int) -> None:
    inputs = Inputs(seed)
    fleet = Fleet(OPERATORS, GENERATIONS, 7)
    arrivals, kw = inputs.amounts(OPERATORS, GENERATIONS), np.ones((GENERATIONS, 7))
    plenty = np.full((OPERATORS, 7), 1e12)
    fleet.land(arrivals)
    assert same_bits(fleet.sold, arrivals)
    assert not fleet.deploy(kw, plenty).any()
    fleet.land(np.zeros_like(arrivals))
    assert same_bits(fleet.deploy(kw, plenty), arrivals)
    assert not fleet.waiting.any()


def test_only_chips_below_cash_cost_are_scrapped_and_patience_starts_anew() -> None:
    fleet = Fleet(1, 2, 3, np.ones((1, 2, 3)))
    cost, low, high = np.ones((2, 3)), np.full((2, 3), 0.5), np.full((2, 3), 1.0)
    low[1] = 2.0
    first = fleet.retire(low, cost, 0.4, 2.0)
    np.testing.assert_allclose(first[0], [[0.2] * 3, [0.0] * 3])
    np.testing.assert_allclose(fleet.retire(low, cost, 0.4, 2.0)[0, 0], 0.4 * 0.8)
    assert not fleet.retire(high, cost, 0.4, 2.0).any()
    np.testing.assert_allclose(fleet.retire(low, cost, 0.4, 2.0)[0, 0], 0.2 * 0.48)


@given(seeds)
def test_a_saved_fleet_goes_on_as_it_was(seed: int) -> None:
    given_ = years_of(seed, 7)
    first = Fleet(OPERATORS, GENERATIONS, 7, given_["sold"])
    first.land(given_["arrivals"])
    first.deploy(given_["kw"], given_["power"])
    first.retire(given_["price"], given_["kw"])
    second = Fleet(OPERATORS, GENERATIONS, 7)
    second.restore(first.state())
    for fleet in (first, second):
        fleet.land(given_["arrivals"])
        fleet.wear(given_["attrition"])
        fleet.retire(given_["price"], given_["kw"])
        fleet.deploy(given_["kw"], given_["power"])
    assert all(same_bits(value, second.state()[name]) for name, value in first.state().items())


def test_what_is_wrong_is_named() -> None:
    chips, kw, power = np.ones((2, 3, 7)), np.ones((3, 7)), np.ones((2, 7))
    bad = kw.copy()
    bad[2, 4] = 0.0
    with pytest.raises(ValueError, match=r"kw_per_h100e: index \(2,\), world 4 is 0\.0"):
        energise(chips, bad, power)
    with pytest.raises(ValueError, match=r"power_gw: expected shape \(2, 7\)"):
        energise(chips, kw, np.ones((3, 7)))
    with pytest.raises(ValueError, match="sold - landed_this_quarter"):
        Fleet(2, 3, 7, chips, 2.0 * chips)
    with pytest.raises(ValueError, match="attrition_per_year: world 1 is 1"):
        Fleet(2, 3, 7).wear(np.array([0.0, 1.0, 0, 0, 0, 0, 0]))
    with pytest.raises(ValueError, match="installed: expected shape"):
        Fleet(2, 3, 7).restore(Fleet(2, 3, 6).state())
