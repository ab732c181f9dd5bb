"""To run, save, load and run on equals running through; damage is found; one past has many futures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

import runs.saving
from runs.batch import drive
from runs.batch_folder import begin, reopen
from runs.batch_plan import make_plan
from runs.fingerprint import file_digest
from runs.model import ComputeMarket
from runs.saving import read_header
from runs.scenario import load_scenario, scenario_names
from runs.scenario_text import as_document
from runs.store import open_batch
from tests.batch.small import InThisProcess, kept, small

UNTIL = "2026Q4"


def equal(one: ComputeMarket, other: ComputeMarket, pick: object = slice(None)) -> list[str]:
    """The metrics whose history differs in any bit."""
    return [
        name
        for name, values in one.history.values.items()
        if not np.array_equal(values[..., pick], other.history.values[name], equal_nan=True)
    ]


def finish(market: ComputeMarket) -> ComputeMarket:
    while market.running:
        market.step()
    return market


@pytest.mark.parametrize(("scenario", "after"), [("as-of-2024q3", 0), ("stargate-2025", 3), ("baseline", 1)])
def test_going_on_equals_running_through(tmp_path: Path, scenario: str, after: int) -> None:
    through = ComputeMarket(scenario, worlds=5, rng=3, until=UNTIL)
    for _ in range(after):
        through.step()
    through.save(tmp_path / "market.state")
    loaded = ComputeMarket.load(tmp_path / "market.state")
    assert equal(finish(through), finish(loaded)) == []
    assert through.datacollector.model_vars == loaded.datacollector.model_vars
    assert (through.steps, through.state.quarter) == (loaded.steps, loaded.state.quarter)
    flows = through.state.ledger.flows
    assert all(np.array_equal(amount, loaded.state.ledger.flows[key]) for key, amount in flows.items())


def test_events_numbers_policies_and_parameters_per_world_are_kept(tmp_path: Path) -> None:
    scenario = {
        "extends": "as-of-2024q3",
        "policies": {"openai.policy": "cheapest-provider"},
        "events": [
            {"quarter": "2025Q1", "kind": "set_parameter", "arguments": {"name": "market.band", "value": 0.2}},
            {"quarter": "2025Q3", "kind": "demand_shock", "arguments": {"growth": -0.05}},
        ],
    }
    caution = {"microsoft.caution": np.linspace(0.0, 1.0, 3)}
    through = ComputeMarket(scenario, np.array([8, 2, 5]), 4, until="2025Q4", parameters=caution)
    for _ in range(3):
        through.step()
    through.save(tmp_path / "market.state")
    loaded = ComputeMarket.load(tmp_path / "market.state")
    assert loaded.draws.world_numbers.tolist() == [8, 2, 5]
    assert (loaded.parameters["market.band"] == 0.2).all()
    assert equal(finish(through), finish(loaded)) == []


def test_one_past_has_many_futures(tmp_path: Path) -> None:
    """Futures share the past's history; the same luck gives the same future, another luck another one."""
    past = ComputeMarket("as-of-2024q3", worlds=2, rng=3, until="2025Q2")
    past.step()
    past.save(tmp_path / "market.state")
    futures = finish(ComputeMarket.load(tmp_path / "market.state", worlds=5))
    finish(past)
    first = futures.history.values["openai_cash_usd_bn"][0, 0]
    np.testing.assert_array_equal(first, np.tile(past.history.values["openai_cash_usd_bn"][0, 0], 3)[:5])
    assert np.unique(futures.history.values["openai_cash_usd_bn"][0, -1]).size == 5
    # Futures 0 and 1 have the numbers of the worlds that were saved, hence their luck.
    for name, values in past.history.values.items():
        np.testing.assert_array_equal(futures.history.values[name][..., :2], values, err_msg=name)
    alone = finish(ComputeMarket.load(tmp_path / "market.state", worlds=np.array([3])))
    assert equal(futures, alone, [3]) == []
    other = finish(ComputeMarket.load(tmp_path / "market.state", seed=9))
    assert equal(other, past) != []


def test_a_batch_starts_from_a_saved_market(tmp_path: Path) -> None:
    past = ComputeMarket("as-of-2024q3", worlds=2, rng=3, until="2025Q1")
    past.step()
    state = tmp_path / "market.state"
    past.save(state)
    request = small(5, 3, scenarios=[past.settings], until="2025Q1", state=file_digest(state), seed=7)
    plan = make_plan(request)
    begin(plan, tmp_path / "b", {"market.state": state})
    assert drive(tmp_path / "b", plan, InThisProcess()).whole
    found = pq.read_table(open_batch(tmp_path / "b").files("worlds"))["openai_cash_usd_bn_2025Q1"].to_numpy()
    wanted = finish(ComputeMarket.load(state, worlds=5, seed=7)).history.values["openai_cash_usd_bn"][0, -1]
    np.testing.assert_array_equal(found, kept(wanted))
    (tmp_path / "b" / "market.state").write_bytes(b"another past")
    with pytest.raises(ValueError, match="missing or damaged"):
        reopen(tmp_path / "b")


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("state") / "market.state"
    ComputeMarket("as-of-2024q3", worlds=2, until="2024Q4").save(path)
    return path


@pytest.mark.parametrize("harm", [lambda b: b[:-200], lambda b: b"", lambda b: b"PK" + b[2:90], lambda b: b"x" * 999])
def test_a_damaged_file_is_refused(tmp_path: Path, state: Path, harm: object) -> None:
    path = tmp_path / "harmed"
    path.write_bytes(harm(state.read_bytes()))  # type: ignore[operator]
    with pytest.raises(ValueError, match=r"harmed: (is not a saved market|is damaged|cannot be read)"):
        ComputeMarket.load(path)


def test_an_edited_array_or_header_is_refused(tmp_path: Path, state: Path) -> None:
    with np.load(state) as archive:
        arrays = dict(archive)
    for name in ("a5", "header"):
        changed = arrays | {
            name: np.where(np.arange(arrays[name].size).reshape(arrays[name].shape) == 0, 65, arrays[name])
        }
        with (tmp_path / name).open("wb") as file:
            np.savez(file, **changed)
        with pytest.raises(ValueError, match=f"{name}: is (not a saved market, or is )?damaged"):
            ComputeMarket.load(tmp_path / name)


def test_a_file_of_another_program_is_refused(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = runs.saving.program() | {"gigawatt": "9.9"}
    monkeypatch.setattr(runs.saving, "program", lambda: now)
    with pytest.raises(ValueError, match=r"saved by another program \(gigawatt: .*now 9\.9"):
        ComputeMarket.load(state)


def test_a_file_that_cannot_be_written_or_read_is_one_line(tmp_path: Path) -> None:
    market = ComputeMarket("as-of-2024q3", worlds=1, until="2024Q4")
    with pytest.raises(ValueError, match="cannot be written"):
        market.save(tmp_path / "no" / "market.state")
    with pytest.raises(ValueError, match="cannot be read"):
        ComputeMarket.load(tmp_path / "no.state")


def test_nothing_is_pickled(state: Path) -> None:
    header = read_header(state)
    with np.load(state, allow_pickle=False) as archive:
        assert all(archive[name].dtype != object for name in archive.files)
    assert header["quarter"] == "2024Q3" and json.dumps(header)


def test_a_scenario_survives_its_document() -> None:
    for name, _ in scenario_names():
        document = as_document(load_scenario(name))
        again = load_scenario(json.loads(json.dumps(document)))
        assert as_document(again) == document and again == load_scenario(name)
