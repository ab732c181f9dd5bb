"""A world's path depends on the seed, its number and its parameters: on nothing and nobody else."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pytest

from agents.cast import STANDING, Cast
from runs.metrics import REGISTRY
from runs.model import ComputeMarket
from runs.scenario import FOLDER, load_scenario
from tests.model.ensembles import STARTS, finished, first_differences, spread_values, stepped
from world.parameters import specifications

pytestmark = pytest.mark.slow

WORLDS = 23
SCENARIOS = (*STARTS, "stargate-2025")
MONEY = ("USD", "$")


@pytest.fixture(scope="module")
def whole() -> dict[str, ComputeMarket]:
    """One run of each scenario to its horizon."""
    return {scenario: finished(scenario, WORLDS) for scenario in SCENARIOS}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_world_has_the_same_bits_in_another_company(whole: dict[str, ComputeMarket], scenario: str) -> None:
    numbers = np.array([15, 7, 22, 8, 0])
    assert first_differences(whole[scenario], finished(scenario, numbers), numbers) == []


@pytest.mark.parametrize("scenario", ["as-of-2024q3", "stargate-2025"])
def test_a_world_has_the_same_bits_alone(whole: dict[str, ComputeMarket], scenario: str) -> None:
    alone = finished(scenario, 1, first_world=17)
    assert first_differences(whole[scenario], alone, slice(17, 18)) == []


def test_all_worlds_may_change_places(whole: dict[str, ComputeMarket]) -> None:
    numbers = np.random.default_rng(3).permutation(WORLDS)
    assert first_differences(whole["baseline"], finished("baseline", numbers), numbers) == []


def test_how_far_a_run_goes_changes_nothing_before(whole: dict[str, ComputeMarket]) -> None:
    for until in ("2026Q4", "2029Q2"):
        shorter = finished("as-of-2024q3", WORLDS, until=until)
        assert first_differences(shorter, whole["as-of-2024q3"], slice(None)) == []


def test_an_ensemble_may_be_split_anywhere(whole: dict[str, ComputeMarket]) -> None:
    for first, count in ((0, 9), (9, 14)):
        part = finished("as-of-2024q3", count, first_world=first)
        assert first_differences(whole["as-of-2024q3"], part, slice(first, first + count)) == []


def test_extreme_neighbours_leave_a_world_alone() -> None:
    # Per-world parameters and a clearing that is hard in some worlds must not reach the others.
    values = spread_values(5, WORLDS, ends=0.6)
    together = stepped(ComputeMarket("as-of-2024q3", worlds=WORLDS, rng=2, until="2027Q4", parameters=values))
    for number in (0, 11, WORLDS - 1):
        own = {name: array[[number]] for name, array in values.items()}
        alone = ComputeMarket("as-of-2024q3", worlds=np.array([number]), rng=2, until="2027Q4", parameters=own)
        assert first_differences(together, stepped(alone), slice(number, number + 1)) == []


def test_the_seed_decides(whole: dict[str, ComputeMarket]) -> None:
    assert first_differences(whole["baseline"], finished("baseline", WORLDS)) == []
    assert first_differences(whole["baseline"], finished("baseline", WORLDS, seed=2)) != []


@pytest.mark.parametrize("scenario", ["as-of-2024q3", "baseline"])
def test_one_number_equals_the_same_number_per_world(scenario: str) -> None:
    # Away from tidy values: a scalar exponent would take another routine than an array of exponents.
    numbers = {name: row.low + 0.37 * (row.high - row.low) for name, row in specifications().items()}
    arrays = {name: np.full(WORLDS, value) for name, value in numbers.items()}
    one = stepped(ComputeMarket(scenario, worlds=WORLDS, rng=1, until="2028Q4", parameters=numbers))
    per_world = stepped(ComputeMarket(scenario, worlds=WORLDS, rng=1, until="2028Q4", parameters=arrays))
    assert first_differences(one, per_world) == []


def test_the_order_of_agents_is_irrelevant(whole: dict[str, ComputeMarket]) -> None:
    market = ComputeMarket("as-of-2024q3", worlds=WORLDS, rng=1)
    for table in (market.firms, market.burn, market.cash_flow):
        items = list(table.items())
        table.clear()
        table.update(reversed(items))
    assert first_differences(whole["as-of-2024q3"], stepped(market)) == []


class Turned(Cast):
    """The standing cast with its borrowers the other way round."""

    @cached_property
    def borrowers(self) -> tuple[str, ...]:
        return STANDING.borrowers[::-1]


def test_the_order_of_borrowers_is_irrelevant(whole: dict[str, ComputeMarket]) -> None:
    # Sums are then taken in another order, so the last bits may differ, and no more than that.
    market = finished(replace(load_scenario("as-of-2024q3"), cast=Turned()), WORLDS, until="2026Q4")
    # What is recorded debtor by debtor then stands in the other order.
    for name in (name for name, row in REGISTRY.items() if row.dimension != "debtor"):
        path = market.history.values[name]
        before = whole["as-of-2024q3"].history.values[name][:, : path.shape[1]]
        np.testing.assert_allclose(path, before, rtol=1e-7, atol=1e-9, err_msg=name)


def test_a_scenario_equals_itself(whole: dict[str, ComputeMarket]) -> None:
    by_path = finished(load_scenario(Path(FOLDER) / "baseline.toml"), WORLDS)
    extended = finished({"extends": "baseline"}, WORLDS)
    assert first_differences(whole["baseline"], by_path) == []
    assert first_differences(whole["baseline"], extended) == []


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scaling_the_currency_scales_money_and_leaves_quantities(scenario: str) -> None:
    until = {"as-of-2023q4": "2025Q2", "baseline": "2027Q2"}.get(scenario, "2026Q1")
    one, two = finished(scenario, 11, until=until), finished(scenario, 11, until=until, currency__scale=2.0)
    wrong = {}
    for name, row in REGISTRY.items():
        factor = 2.0 if any(sign in row.unit for sign in MONEY) else 1.0
        wanted, got = one.history.values[name] * factor, two.history.values[name]
        # Relative to the metric's own size: a flow that happens to be nothing is nothing within rounding.
        size = np.maximum(np.abs(wanted), 1e-3 * np.nanmax(np.abs(wanted), initial=1e-9))
        off = np.where(np.isnan(wanted) & np.isnan(got), 0.0, np.abs(got - wanted) / size)
        if not (off <= 1e-9).all():
            quarter = int(np.flatnonzero(~(off <= 1e-9).all(axis=(0, 2)))[0])
            wrong[name] = f"quarter {quarter}, off by {np.nanmax(off):.1e}"
    assert wrong == {}
