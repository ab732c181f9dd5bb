"""Evidence: likelihood, weights and forecasts against slow and obvious versions."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
import xarray as xr
from scipy.stats import multivariate_normal

from runs.counterparts import Paths, counterparts
from runs.evidence import (
    RECORD_WEIGHT,
    Rows,
    anchors,
    covariance,
    effective,
    forecast,
    gather,
    log_likelihood,
    synthetic,
    weights_of,
)
from runs.observations import Observation, history


@pytest.fixture(scope="module")
def rows(run_on_record: xr.Dataset) -> Rows:
    found = gather(Paths(run_on_record), history())
    return found.pick(found.known(date(2025, 6, 30)))


def test_the_likelihood_is_that_of_a_gaussian(rows: Rows) -> None:
    whole = covariance(rows, rows) / RECORD_WEIGHT
    fine = ~np.isnan(rows.model).any(axis=1)
    whole = whole[np.ix_(fine, fine)]
    part = rows.pick([k for k in range(len(rows)) if fine[k]])
    found = log_likelihood(part)[:5]
    slow = [multivariate_normal(part.model[:, w], whole).logpdf(part.seen) for w in range(5)]
    np.testing.assert_allclose(found - found[0], np.array(slow) - slow[0], atol=1e-6)


def test_many_records_at_once_are_each_by_itself(rows: Rows) -> None:
    records = np.stack([rows.seen, rows.seen + 0.1], axis=1)
    both = log_likelihood(rows, records)
    np.testing.assert_allclose(both[0], log_likelihood(rows), rtol=1e-9)
    np.testing.assert_allclose(both[1], log_likelihood(rows, rows.seen + 0.1), rtol=1e-9)


def test_weights_are_flattened_no_more_than_needed() -> None:
    evidence = np.array([0.0, -1.0, -30.0, -80.0, -500.0])
    sharp, power = weights_of(evidence)
    assert power == 1.0 and sharp.sum() == pytest.approx(1.0) and effective(sharp) < 2.0
    flat, power = weights_of(evidence, least=3.0)
    assert 0.0 < power < 1.0 and effective(flat) == pytest.approx(3.0, rel=1e-6)
    assert (np.diff(flat) < 0.0).all()


def test_what_a_world_missed_carries_over(rows: Rows) -> None:
    """Last value of an error that is a random walk: seen at t, it is expected to stand there later."""
    series = "Nvidia:cumulative_h100e_sold"
    row = counterparts()[series]
    one = [k for k, c in enumerate(rows.counterparts) if c.series == series]
    past, ahead = rows.pick(one[:1]), rows.pick(one[-1:])
    gain = row.drift**2 * past.time[0] / (row.drift**2 * past.time[0] + row.error**2)
    spread = row.drift**2 * ahead.time[0] + row.error**2 - gain * row.drift**2 * past.time[0]
    numbers = np.arange(rows.model.shape[1])
    carried = forecast(past, ahead, 3, numbers)[0]
    plain = forecast(past, ahead, 3, numbers, carry=False)[0]
    wanted = ahead.model[0] + gain * (past.seen[0] - past.model[0])
    luck = (carried - wanted) / np.sqrt(spread)
    assert abs(luck.mean()) < 0.2 and luck.std() == pytest.approx(1.0, abs=0.15)
    alone = row.drift**2 * ahead.time[0] + row.error**2
    np.testing.assert_allclose((plain - ahead.model[0]) / np.sqrt(alone), luck, rtol=1e-9)


def test_a_forecast_of_a_world_does_not_depend_on_the_others(rows: Rows) -> None:
    numbers = np.arange(rows.model.shape[1])
    some = [3, 11, 57]
    cut = Rows(rows.observations, rows.counterparts, rows.model[:, some], rows.seen, rows.time, rows.span)
    fine = [k for k in range(len(rows)) if not np.isnan(rows.model[k]).any()][:9]
    whole = forecast(rows.pick(fine), rows.pick(fine[-2:]), 3, numbers)
    alone = forecast(cut.pick(fine), cut.pick(fine[-2:]), 3, numbers[some])
    np.testing.assert_allclose(whole[:, some], alone, rtol=1e-12)


def test_synthetic_records_have_the_errors_assumed(rows: Rows) -> None:
    part = rows.pick(range(30))
    luck = np.random.default_rng(1).standard_normal((1500, 30))
    left = np.stack([synthetic(part, 7, row) for row in luck])
    expected = np.diag(covariance(part, part)) / RECORD_WEIGHT
    np.testing.assert_allclose(left.var(axis=0), expected, rtol=0.16)
    np.testing.assert_allclose(left.mean(axis=0), part.model[:, 7], atol=0.1 * np.sqrt(expected).max())


def test_the_level_of_a_series_is_anchored_at_the_start(run_on_record: xr.Dataset) -> None:
    known = [Observation("Oracle:rpo", "2023Q4", 65.0, "USD bn", date(2023, 12, 31))]
    found = anchors(Paths(run_on_record), known)
    assert len(found) == 1 and found.time[0] == 0.0
    assert np.median(found.seen[0] - found.model[0]) == pytest.approx(65.0, abs=5.0)
