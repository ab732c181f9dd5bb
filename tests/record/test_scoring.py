"""Scores against the obvious formula, and rivals on series whose future is known."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from runs.counterparts import counterparts
from runs.observations import Observation, history, projections
from runs.rivals_naive import LAST, LOCAL, PROJECTION, TREND, forecasts, projection
from runs.score_table import FAMILIES
from runs.scoring import change_per_quarter, score, weighted_quantiles
from world.calendar import last_day, quarter_label, quarter_number


def quarters(values: list[float], first: str = "2023Q1", series: str = "A:b") -> list[Observation]:
    start = quarter_number(first)
    return [Observation(series, quarter_label(start + k), v, "GW", last_day(start + k)) for k, v in enumerate(values)]


@pytest.mark.parametrize("seed", range(5))
def test_crps_is_the_double_sum(seed: int) -> None:
    generator = np.random.default_rng(seed)
    members, weights = generator.lognormal(size=37), generator.random(37)
    weights[::5] = 0.0
    p = weights / weights.sum()
    slow = (p * np.abs(members - 1.3)).sum() - 0.5 * (p[:, None] * p * np.abs(members[:, None] - members)).sum()
    assert score(members, weights, 1.3).crps == pytest.approx(slow, rel=1e-10)


def test_a_point_is_scored_by_its_error_and_has_no_band() -> None:
    found = score(np.full(5, 2.0), np.ones(5), 3.5)
    assert found.crps == 1.5 and found.pit is None and found.inside(0.9) is None


def test_members_without_a_figure_count_for_nothing() -> None:
    members = np.array([1.0, np.nan, 2.0, 3.0])
    assert score(members, np.ones(4), 2.5) == score(members[[0, 2, 3]], np.ones(3), 2.5)


def test_bands_hold_what_they_say() -> None:
    members = np.random.default_rng(2).standard_normal(20_000)
    drawn = np.random.default_rng(3).standard_normal(1500)
    scores = [score(members[:2000], np.ones(2000), y) for y in drawn]
    assert np.mean([bool(s.inside(0.5)) for s in scores]) == pytest.approx(0.5, abs=0.05)
    assert np.mean([bool(s.inside(0.9)) for s in scores]) == pytest.approx(0.9, abs=0.03)
    levels = weighted_quantiles(np.sort(members), np.full(20_000, 1.0 / 20_000), (0.05, 0.95))
    assert levels == pytest.approx([-1.645, 1.645], abs=0.04)


def test_change_per_quarter_counts_the_gaps() -> None:
    rows = quarters([1.0, 2.0, 4.0])
    assert change_per_quarter(rows) == pytest.approx(1.5, rel=0.02)
    assert change_per_quarter(rows[::2]) == pytest.approx(1.5, rel=0.02)
    assert change_per_quarter(rows[:1]) is None and change_per_quarter(quarters([2.0, 2.0])) is None


def test_rivals_find_a_steady_growth_and_do_not_look_ahead() -> None:
    known = quarters([100.0 * 1.1**k for k in range(9)])
    target = quarters([0.0], "2025Q4")[0]
    found = forecasts(known, target, [])
    wanted = 100.0 * 1.1**11
    assert np.median(found[TREND]) == pytest.approx(wanted, rel=0.01)
    assert np.median(found[LOCAL]) == pytest.approx(wanted, rel=0.02)
    assert np.median(found[LAST]) == pytest.approx(known[-1].value)
    assert found[LAST].std() > 0.0 and found[TREND].std() < 0.01 * wanted
    other = Observation("A:b", target.period, 77.0, "GW", target.known_from)
    assert all((members == forecasts(known, other, [])[name]).all() for name, members in found.items())


def test_with_little_to_go_on_rivals_say_less() -> None:
    target = quarters([0.0], "2025Q4")[0]
    assert forecasts([], target, []) == {}
    assert set(forecasts(quarters([3.0]), target, [])) == {LAST}
    two = forecasts(quarters([3.0, 4.0]), target, [])
    assert set(two) == {LAST, TREND} and two[TREND].size == 1
    assert (forecasts(quarters([1.0, -2.0, 3.0, -1.0, 2.0, 0.5]), target, [])[LAST] < 0.0).any()


def test_the_latest_projection_known_at_the_origin_is_taken() -> None:
    target = next(o for o in history() if (o.series, o.period) == ("OpenAI:revenue", "2025"))
    assert projection(target, projections(date(2024, 12, 31))) == 11.6
    assert projection(target, projections(date(2025, 6, 30))) == 12.5
    assert projection(target, projections(date(2024, 6, 30))) is None
    assert PROJECTION in forecasts([], target, projections(date(2025, 6, 30)))


def test_every_scored_series_has_one_family() -> None:
    for row in counterparts().values():
        mine = [name for name, metrics in FAMILIES.items() if row.metric in metrics]
        assert len(mine) == (1 if row.score else len(mine)), row.series
