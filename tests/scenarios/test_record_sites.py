"""Named sites whose steps lie between a scenario's start and the day it knows up to."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from runs.model import ComputeMarket
from runs.scenario import load_scenario
from world.sites import ANNOUNCED, BUILDING, ENERGISED, SitePipeline

PHASE = "Abilene phase 1"
"""Announced and begun on 2024-06-11, with power on 2025-06-30."""


def run(known_until: date, until: str = "2025Q3") -> ComputeMarket:
    scenario = replace(load_scenario("as-of-2023q4"), known_until=known_until)
    market = ComputeMarket(scenario, worlds=20, rng=1, until=until)
    while market.running:
        market.step()
    return market


def test_a_phase_takes_its_steps_when_the_record_took_them() -> None:
    named = run(date(2025, 6, 30)).state.phases
    dates = named.date[named.index(PHASE)]
    for state, slot in ((ANNOUNCED, 1), (BUILDING, 1), (ENERGISED, 5)):
        assert (dates[state] == slot).all()


def test_what_the_record_does_not_tell_by_that_day_is_uncertain() -> None:
    named = run(date(2024, 6, 30)).state.phases
    dates = named.date[named.index(PHASE)]
    assert (dates[BUILDING] == 1).all()
    assert np.ptp(named.due_slot[named.index(PHASE)]) > 0.0


def test_no_operator_begins_a_phase_before_the_record_did() -> None:
    market = ComputeMarket(
        replace(load_scenario("as-of-2023q4"), known_until=date(2025, 6, 30)), worlds=20, rng=1, until="2025Q1"
    )
    named = market.state.phases
    row = named.index("Abilene phase 2")
    while market.running:
        market.step()
        announced = market.state.quarter >= 2  # 2024-07-16
        assert np.isfinite(named.date[row, ANNOUNCED]).all() == announced
        assert np.isinf(named.date[row, BUILDING]).all()  # financed on 2025-05-21


def test_a_scenario_that_knows_no_more_than_its_start_lives_through_none() -> None:
    named = ComputeMarket("as-of-2024q3", worlds=2, rng=1, until="2024Q4").state.phases
    assert all(np.isfinite(named.date[row, ANNOUNCED]).all() for row in range(len(named.phases)))


def test_the_stand_in_for_a_first_site_gives_way_to_the_site() -> None:
    row = run(date(2023, 12, 31), "2024Q1").cast.operator["xai"]
    building = [
        run(known, "2024Q1").state.sites.building.pending()[row] for known in (date(2023, 12, 31), date(2024, 9, 30))
    ]
    assert (building[0] > 0.1).all()
    assert (building[1] < building[0]).all()


def test_a_named_phase_takes_the_place_of_power_without_a_name() -> None:
    sites = SitePipeline(1, 8, 3)
    sites.order(0, np.array([1.0, 0.3, 0.0]), 2.0, 0.0, 0)
    assert sites.hand_over(0, 0.4) == pytest.approx([0.4, 0.3, 0.0])
    assert sites.building_gw[0] == pytest.approx([0.6, 0.0, 0.0])
    residuals = sites.check()
    assert residuals.unaccounted == pytest.approx(0.0, abs=1e-12)
    assert residuals.negative_gw == pytest.approx(0.0, abs=1e-12)
