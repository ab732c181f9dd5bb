"""Quantiles, odds, the JSON document, and the record beside the model."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from runs.history import observed, observed_years, shown
from runs.metrics import REGISTRY
from runs.questions import answers
from runs.reading import Reader, columns
from runs.results import LEVELS, as_dictionary, odds, quantiles, without_nan


@given(seed=st.integers(0, 2**32 - 1), worlds=st.integers(1, 40), missing=st.floats(0.0, 0.9))
def test_quantiles_are_those_of_the_worlds_that_have_a_number(seed: int, worlds: int, missing: float) -> None:
    rng = np.random.default_rng(seed)
    values = rng.lognormal(0.0, 3.0, (3, 5, worlds))
    values[rng.random(values.shape) < missing] = np.nan
    found = quantiles(values)
    assert found.shape == (len(LEVELS), 3, 5)
    for index in np.ndindex(3, 5):
        known = values[index][~np.isnan(values[index])]
        if known.size:
            np.testing.assert_allclose(found[(slice(None), *index)], np.quantile(known, LEVELS), rtol=1e-12)
        else:
            assert np.isnan(found[(slice(None), *index)]).all()


def test_the_error_of_odds_shrinks_with_the_worlds_and_never_vanishes() -> None:
    share, error = odds(np.arange(1000) < 500)
    assert share == 0.5 and error == pytest.approx(0.031, abs=0.001)
    assert 0.0 < odds(np.zeros(1000, bool))[1] < odds(np.zeros(10, bool))[1] < 0.5


def test_the_document_has_the_fields_that_others_rely_on(small_run: xr.Dataset) -> None:
    document = as_dictionary(small_run)
    assert list(document) == ["run", "quarters", "metrics", "claims"]
    facts = ("scenario", "worlds", "first_world", "seed", "start", "until", "parameters", "version", "numpy", "python")
    assert set(facts) | {"cpu", "parameters_from"} == set(document["run"])
    assert document["run"]["start"] == "2024Q3" and document["run"]["parameters"] == {}
    assert document["quarters"][0] == "2024Q4"
    pairs = {(row["name"], row["member"]) for row in document["metrics"]}
    assert pairs == {(name, member) for name, row in REGISTRY.items() for member in (row.members or (None,))}
    for row in document["metrics"]:
        assert set(row) == {"name", "member", "unit", "description", "quantiles"}
        assert list(row["quantiles"]) == ["0.05", "0.25", "0.5", "0.75", "0.95"]
        assert all(len(path) == len(document["quarters"]) for path in row["quantiles"].values())
    for claim in document["claims"]:
        assert {"claim", "claimed", "unit", "median", "low", "high", "odds"} <= set(claim)
    json.dumps(document, allow_nan=False)


def test_a_price_at_which_nothing_is_traded_is_null(small_run: xr.Dataset) -> None:
    rows = as_dictionary(small_run, claims=[])["metrics"]
    feynman = next(row for row in rows if row["name"] == "spot_price_usd_h" and row["member"] == "feynman")
    assert feynman["quantiles"]["0.5"][0] is None


def test_worlds_picked_by_number_are_listed() -> None:
    assert without_nan({"a": (np.float64(math.nan), np.array([math.inf, 1.0]), np.int64(3))}) == {
        "a": [None, [None, 1.0], 3]
    }


@pytest.mark.parametrize(("metric", "member"), sorted(shown(), key=str))
def test_the_record_speaks_of_metrics_that_exist(metric: str, member: str | None) -> None:
    row = REGISTRY[metric]
    assert (member in row.members) if row.members else member is None
    rows, years = observed(metric, member), observed_years(metric, member)
    assert rows or years
    assert [label for label, *_ in rows] == sorted({label for label, *_ in rows})
    assert all(math.isfinite(value) and value >= 0.0 for _, value, *_ in [*rows, *years])
    assert all(low <= value <= high for _, value, low, high in rows if low is not None and high is not None)
    assert not years or row.flow


def test_the_record_is_in_the_metrics_own_unit() -> None:
    assert {label: value for label, value, *_ in observed("sold_h100e_m", "microsoft")}["2025Q4"] < 10.0
    assert {label: value for label, value, *_ in observed("softbank_ltv")}["2025Q4"] < 1.0
    assert observed("exclusivity") == []


def test_a_year_of_which_only_the_end_was_run_is_no_column() -> None:
    labels = ["2024Q4", *(f"{year}Q{q}" for year in (2025, 2026) for q in (1, 2, 3, 4)), "2027Q1", "2027Q2"]
    assert [column.label for column in columns(labels)] == ["2025", "2026", "2027 to Q2"]
    assert [column.label for column in columns(["2025Q4", "2026Q1"])] == ["2025Q4", "2026Q1"]


def test_every_question_is_answered_from_the_run(small_run: xr.Dataset, one_world: xr.Dataset) -> None:
    for dataset in (small_run, one_world):
        found = answers(dataset)
        assert [answer.number for answer in found] == list(range(1, 10))
        for answer in found:
            assert answer.sentence.endswith(".") and "nan" not in answer.sentence
            assert answer.rows
            for row in answer.rows:
                assert row.values.shape == (len(Reader(dataset).columns), dataset.sizes["world"])


def test_what_binds_first_and_last_is_named_once_if_it_is_the_same(small_run: xr.Dataset) -> None:
    share = small_run["binding_share"].copy(deep=True)
    share[:] = 0.0
    (dimension,) = set(share.dims) - {"quarter", "world"}
    share.loc[{dimension: "power"}] = 1.0
    found = answers(small_run.assign(binding_share=share))[5].sentence
    assert found.count("power") == 1 and " and in 20" in found, found
