"""simulate: a labelled dataset whose worlds are the same bits however they are grouped."""

from __future__ import annotations

import gc
import json

import numpy as np
import pytest
import xarray as xr

from runs.laws import LawBroken
from runs.metrics import REGISTRY
from runs.model import ComputeMarket
from runs.simulate import RunFailed, simulate
from tests.front.conftest import SCENARIO, WORLDS

SHORT = "2025Q2"


def same(a: xr.Dataset, b: xr.Dataset) -> list[str]:
    """The variables whose bits differ."""
    return [name for name in a if not np.array_equal(a[name].to_numpy(), b[name].to_numpy(), equal_nan=True)]


def test_every_metric_is_there_with_unit_and_members(small_run: xr.Dataset) -> None:
    assert set(small_run) == set(REGISTRY)
    for name, row in REGISTRY.items():
        variable = small_run[name]
        assert variable.dims == (*([row.dimension] if row.dimension else []), "quarter", "world")
        assert variable.attrs["unit"] == row.unit and variable.attrs["description"] == row.description
        if row.dimension:
            assert set(row.members) <= set(variable[row.dimension].to_numpy())
    assert list(small_run["quarter"].to_numpy()[[0, -1]]) == ["2024Q4", "2026Q4"]
    assert small_run["world"].to_numpy().tolist() == list(range(WORLDS))


@pytest.mark.parametrize("most_in_one_piece", [0, 2**24])
def test_it_is_what_the_model_recorded(
    small_run: xr.Dataset, most_in_one_piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runs.metrics.MOST_IN_ONE_PIECE", most_in_one_piece)
    market = ComputeMarket(SCENARIO, worlds=WORLDS, rng=3, until="2026Q4")
    while market.running:
        market.step()
    for name, row in REGISTRY.items():
        array = small_run[name]
        if row.dimension:
            array = array.sel({row.dimension: list(row.members)})
        given = array.to_numpy() if row.dimension else array.to_numpy()[None]
        np.testing.assert_array_equal(given, market.history.values[name], err_msg=name)


@pytest.mark.parametrize("chunk", [3, 100])
def test_chunks_change_no_bit(small_run: xr.Dataset, chunk: int) -> None:
    assert same(small_run, simulate(SCENARIO, WORLDS, seed=3, until="2026Q4", chunk=chunk)) == []


def test_a_world_is_the_same_alone_by_number_and_from_a_first_world(small_run: xr.Dataset) -> None:
    picked = simulate(SCENARIO, [5, 2], seed=3, until="2026Q4")
    assert picked["world"].to_numpy().tolist() == [5, 2]
    assert same(small_run.isel(world=[5, 2]), picked) == []
    assert same(small_run.isel(world=[4, 5, 6]), simulate(SCENARIO, 3, 3, "2026Q4", first_world=4)) == []


def test_parameters_per_world_are_split_along_with_the_chunks() -> None:
    values = np.array([0.1, 0.2, 0.3, 0.4, 0.5])
    name = "microsoft.caution"
    whole = simulate(SCENARIO, 5, until=SHORT, parameters={name: values}, chunk=2)
    for world, value in enumerate(values):
        alone = simulate(SCENARIO, 1, until=SHORT, parameters={name: float(value)}, first_world=world)
        assert same(whole.isel(world=[world]), alone) == []
    table = simulate({"extends": SCENARIO, "parameters": {name: values}}, 5, until=SHORT, chunk=2)
    assert same(whole, table) == []


def test_a_summary_holds_the_end_of_stocks_and_the_years_of_flows(small_run: xr.Dataset) -> None:
    short = simulate(SCENARIO, WORLDS, seed=3, until="2026Q4", keep="summary")
    assert short["year"].to_numpy().tolist() == [2024, 2025, 2026]
    assert short["quarters_in_year"].to_numpy().tolist() == [1, 4, 4]
    np.testing.assert_array_equal(
        short["openai_cash_usd_bn"].to_numpy(), small_run["openai_cash_usd_bn"].to_numpy()[-1]
    )
    year = small_run["capex_usd_bn"].sel(quarter=["2025Q1", "2025Q2", "2025Q3", "2025Q4"]).to_numpy()
    np.testing.assert_allclose(short["capex_usd_bn"].sel(year=2025).to_numpy(), year.sum(axis=1), rtol=1e-12)
    assert short.nbytes < small_run.nbytes / 3


def test_the_attributes_repeat_the_run(small_run: xr.Dataset) -> None:
    about = small_run.attrs
    assert (about["scenario"], about["worlds"], about["seed"], about["until"]) == (SCENARIO, WORLDS, 3, "2026Q4")
    assert json.loads(about["parameters"]) == {}
    assert all(isinstance(value, str | int) for value in about.values())


def test_progress_counts_every_world_and_quarter() -> None:
    seen: list[tuple[int, int]] = []
    simulate(SCENARIO, 5, until=SHORT, chunk=2, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (15, 15)
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"worlds": 0}, "worlds"),
        ({"worlds": [1, 2], "first_world": 3}, "first_world"),
        ({"until": "2024Q3"}, "until"),
        ({"until": "later"}, "until"),
        ({"keep": "all"}, "keep"),
        ({"chunk": 0}, "chunk"),
        ({"scenario": "as-of-2024q4"}, "as-of-2024q3"),
        ({"parameters": {"microsoft.cautoin": 1.0}}, "microsoft.caution"),
        ({"parameters": {"microsoft.caution": float("nan")}}, "microsoft.caution"),
        ({"parameters": {"microsoft.caution": 1e9}}, "out of range"),
        ({"worlds": 3, "parameters": {"microsoft.caution": np.array([0.1, 0.2])}}, "3 numbers"),
        ({"worlds": 3, "chunk": 1, "parameters": {"microsoft.caution": np.array([0.1, 0.2, 1e9])}}, "world 2"),
    ],
)
def test_a_mistake_is_named(more: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError) as caught:
        simulate(**({"scenario": SCENARIO, "worlds": 2, "until": SHORT} | more))
    assert said in str(caught.value)


def test_what_breaks_inside_a_run_is_no_mistake_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(_: object) -> None:
        raise ValueError("the inside")

    monkeypatch.setattr(ComputeMarket, "observe", breaks)
    with pytest.raises(RunFailed, match=r"2024Q4 in one of the worlds 0 to 1.*the inside"):
        simulate(SCENARIO, 2, until=SHORT)


def test_a_broken_law_comes_through(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(_: object) -> None:
        raise LawBroken("law broken: example")

    monkeypatch.setattr(ComputeMarket, "observe", breaks)
    with pytest.raises(LawBroken, match="example"):
        simulate(SCENARIO, 2, until=SHORT)


def test_a_finished_market_is_let_go() -> None:
    def alive() -> int:
        gc.collect()
        return sum(isinstance(thing, ComputeMarket) for thing in gc.get_objects())

    before = alive()
    simulate(SCENARIO, 2, until="2025Q1")
    with pytest.raises(ValueError, match="no"):
        simulate(SCENARIO, 2, until="2025Q1", progress=_no)
    assert alive() == before


def _no(*_: int) -> None:
    raise ValueError("no")
