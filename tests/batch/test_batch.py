"""A batch: the same worlds as `simulate`, the same bytes however it is run, nothing run twice."""

from __future__ import annotations

import gc
import json
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

import runs.batch_plan
import runs.batch_program
from runs.batch import BatchFailed, drive, run_batch
from runs.batch_block import run_block
from runs.batch_design import make_design, parse_vary
from runs.batch_folder import begin, locked, reopen
from runs.batch_plan import make_plan
from runs.batch_request import posterior_facts
from runs.laws import LawBroken
from runs.model import ComputeMarket
from runs.posterior import FILE
from runs.simulate import simulate
from runs.store import open_batch
from runs.store_files import POSTERIOR, read_plan
from tests.batch.small import SCENARIO, UNTIL, InThisProcess, contents, copied, kept, run_here, small
from world.draws import Draws
from world.parameters import resolve, specifications


def test_worlds_are_those_of_simulate(full: Path) -> None:
    batch = open_batch(full)
    wanted = simulate(SCENARIO, 25, 3, "2025Q2")
    found = pq.read_table(batch.files("paths")).to_pandas()
    assert found["world"].tolist() == np.repeat(np.arange(25), 3).tolist()
    share = found["openai_share_oracle"].to_numpy().reshape(25, 3).T
    np.testing.assert_array_equal(share, wanted["openai_share"].sel(provider="oracle").to_numpy().astype(np.float32))
    worlds = pq.read_table(batch.files("worlds")).to_pandas()
    burn = wanted["openai_burn_usd_bn"].to_numpy()
    np.testing.assert_array_equal(worlds["openai_burn_usd_bn_2025"], kept(burn[1] + burn[2]))
    drawn = kept(resolve(Draws(3, 25))["microsoft.caution"])
    np.testing.assert_array_equal(worlds["microsoft.caution"], drawn)
    firms = pq.read_table(batch.files("firms")).to_pandas()
    cash = firms[(firms["firm"] == "oracle") & (firms["quarter"] == "2025Q1")]["cash_usd_bn"]
    np.testing.assert_array_equal(
        cash, wanted["cash_usd_bn"].sel(firm="oracle", quarter="2025Q1").to_numpy().astype(np.float32)
    )
    assert firms[firms["firm"] == "enterprise"]["cash_usd_bn"].isna().all()


def test_flows_add_up_to_what_was_raised(full: Path) -> None:
    _, rows = open_batch(full).query(
        "SELECT p.openai_raised_usd_bn, coalesce(f.paid, 0) FROM paths p LEFT JOIN (SELECT world, quarter, "
        "sum(amount_usd_bn) paid FROM flows WHERE kind = 'equity' AND payee = 'openai' GROUP BY ALL) f "
        "USING (world, quarter)"
    )
    assert len(rows) == 75 and max(row[0] for row in rows) > 0.0
    np.testing.assert_allclose([row[0] for row in rows], [row[1] for row in rows], rtol=1e-5, atol=1e-6)


def test_columns_carry_units(full: Path) -> None:
    schema = pq.read_schema(full / "worlds" / "0000001.parquet")
    field = schema.field("openai_cash_usd_bn_2025Q2")
    assert field.metadata[b"unit"] == b"bn USD" and b"cash" in field.metadata[b"description"]
    assert schema.metadata[b"gigawatt.batch"].decode() == read_plan(full).identity


def test_blocks_of_another_size_hold_the_same_worlds(finished: Path, tmp_path: Path) -> None:
    run_here(tmp_path / "b", small(block=10))
    one, other = (
        pq.read_table(open_batch(folder).files("worlds")).to_pandas() for folder in (finished, tmp_path / "b")
    )
    assert one.equals(other)


def test_scenarios_and_points_share_their_luck(tmp_path: Path) -> None:
    design = make_design([parse_vary("microsoft.caution=0:1:2"), parse_vary("market.band=0.1:0.2:2")])
    scenarios = [SCENARIO, {"name": "other", "extends": "as-of-2024q3", "parameters": {"microsoft.caution": 1.0}}]
    run_here(tmp_path / "b", small(5, 13, scenarios=[scenarios[0]], design=design))
    found = pq.read_table(open_batch(tmp_path / "b").files("worlds")).to_pandas()
    assert found["point"].tolist() == [0, 1, 2, 3] * 5 and found["world"].tolist() == np.repeat(range(5), 4).tolist()
    assert found.loc[found["point"] == 3, "microsoft.caution"].eq(1.0).all()
    wanted = simulate(SCENARIO, 5, 3, UNTIL, {"microsoft.caution": 1.0, "market.band": 0.1})["openai_cash_usd_bn"]
    np.testing.assert_array_equal(
        found.loc[found["point"] == 2, "openai_cash_usd_bn_2024Q4"], kept(wanted.to_numpy()[-1])
    )
    run_here(tmp_path / "two", small(5, 5, scenarios=scenarios))
    batch = open_batch(tmp_path / "two")
    assert batch.scenarios == ("small", "other") and batch.runs == 10
    with pytest.raises(ValueError, match="name one of small, other"):
        batch.quantiles("openai_cash_usd_bn")
    assert batch.quantiles("openai_cash_usd_bn", scenario="other").worlds.tolist() == [5]


def test_parameters_from_a_posterior_are_those_of_simulate(tmp_path: Path) -> None:
    """The file goes into the directory, so that the batch goes on whatever becomes of it; what is set wins."""
    informed = posterior_facts(FILE)
    # What describes the start of the fit is not carried over to another start.
    first, second = [name for name in informed["names"] if ".start_" not in name][:2]
    row = specifications()[first]
    scenario = {**SCENARIO, "parameters": {first: 0.5 * (row.low + row.high)}}
    request = small(scenarios=[scenario], posterior=informed)
    with pytest.raises(ValueError, match="posterior.npz"):
        run_batch(request, tmp_path / "b", engine=InThisProcess())
    run_batch(request, tmp_path / "b", engine=InThisProcess(), files={POSTERIOR: FILE})
    found = open_batch(tmp_path / "b").query("SELECT openai_cash_usd_bn_2024Q4 FROM worlds ORDER BY world")[1]
    wanted = simulate(scenario, 10, 3, UNTIL, parameters_from="posterior")["openai_cash_usd_bn"].to_numpy()[-1]
    np.testing.assert_allclose([row[0] for row in found], wanted, rtol=2e-5)  # `worlds` keeps sixteen bits
    prior = simulate(scenario, 10, 3, UNTIL)["openai_cash_usd_bn"].to_numpy()[-1]
    assert not np.allclose(wanted, prior, rtol=1e-4)
    resolved = read_plan(tmp_path / "b").document["resolved_parameters"]["small"]
    assert resolved[second] == "drawn from the posterior" and resolved[first] == scenario["parameters"][first]
    (tmp_path / "b" / POSTERIOR).write_bytes(b"another")
    with pytest.raises(ValueError, match="missing or damaged"):
        reopen(tmp_path / "b")


def test_what_stops_and_goes_on_has_the_same_bytes(finished: Path, tmp_path: Path) -> None:
    plan = make_plan(small())
    begin(plan, tmp_path / "cut")
    first = InThisProcess({3: OSError(28, "No space left on device")})
    with pytest.raises(BatchFailed, match=r"No space left on device.*--resume"):
        drive(tmp_path / "cut", plan, first)
    assert open_batch(tmp_path / "cut").runs == 6
    second = InThisProcess()
    standing = drive(tmp_path / "cut", reopen(tmp_path / "cut"), second)
    assert (first.calls, second.calls) == ([0, 1, 2], [2, 3]), "done blocks are never run twice"
    assert standing.whole and standing.found_runs == 6
    assert contents(tmp_path / "cut") == contents(finished)
    third = InThisProcess()
    assert drive(tmp_path / "cut", reopen(tmp_path / "cut"), third).whole and third.calls == []


def test_a_dead_worker_is_replaced_and_its_block_tried_again(tmp_path: Path) -> None:
    engine = InThisProcess({2: BrokenProcessPool("died"), 3: BrokenProcessPool("died")})
    plan, standing = run_here(tmp_path / "b", small(), engine)
    assert standing.whole and standing.deaths == 2 and not standing.failed
    assert engine.calls == [0, 1, 1, 1, 2, 3]
    assert len(plan.blocks) == 4


def test_a_block_on_which_three_workers_die_is_named_and_the_rest_finishes(tmp_path: Path) -> None:
    engine = InThisProcess({k: BrokenProcessPool("died") for k in (2, 3, 4)})
    _, standing = run_here(tmp_path / "b", small(), engine)
    assert standing.failed == {1: "3 workers died on it"} and standing.done_blocks == 3 and not standing.whole
    assert drive(tmp_path / "b", reopen(tmp_path / "b"), InThisProcess()).whole


def test_a_broken_law_is_named_and_the_rest_finishes(tmp_path: Path) -> None:
    _, standing = run_here(tmp_path / "b", small(), InThisProcess({2: LawBroken("cash in 2025Q1, world 9")}))
    assert standing.failed == {1: "LawBroken: cash in 2025Q1, world 9"} and standing.done_blocks == 3


@pytest.mark.parametrize(
    ("harm", "word"),
    [
        (lambda b: (b / "worlds/0000001.parquet").write_bytes(b"PAR1"), "checksum differs"),
        (lambda b: (b / "worlds/0000001.parquet").unlink(), "is missing"),
        (lambda b: (b / "done/0000001.sha256").write_text("nonsense"), "record"),
    ],
)
def test_a_damaged_block_is_named_set_aside_and_run_again(
    finished: Path, tmp_path: Path, harm: object, word: str
) -> None:
    folder, before = copied(finished, tmp_path / "b"), contents(finished)
    harm(folder)  # type: ignore[operator]
    engine = InThisProcess()
    standing = drive(folder, reopen(folder), engine)
    assert engine.calls == [1] and contents(folder) == before
    assert len(standing.notes) == 1 and "block 1" in standing.notes[0] and word in standing.notes[0]


def test_a_foreign_block_is_found_though_its_checksums_fit(finished: Path, tmp_path: Path) -> None:
    copied(finished, tmp_path / "mine")
    run_here(tmp_path / "other", small(seed=4))
    before = contents(finished)
    for file in ("worlds/0000002.parquet", "done/0000002.sha256"):
        (tmp_path / "mine" / file).write_bytes((tmp_path / "other" / file).read_bytes())
    standing = drive(tmp_path / "mine", reopen(tmp_path / "mine"), InThisProcess())
    assert "another batch" in standing.notes[0] and contents(tmp_path / "mine") == before
    assert list((tmp_path / "mine" / "aside").glob("*.damaged")), "what was found is kept"


def test_an_edited_manifest_is_refused(finished: Path, tmp_path: Path) -> None:
    copied(finished, tmp_path / "b")
    path = tmp_path / "b" / "manifest.json"
    document = json.loads(path.read_text())
    document["batch"]["seed"] = 4
    path.write_text(json.dumps(document))
    with pytest.raises(ValueError, match="was edited"):
        reopen(tmp_path / "b")


def test_another_program_or_machine_is_refused(finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs.batch_plan, "machine", lambda: runs.batch_program.machine() | {"numpy": "1.0"})
    with pytest.raises(ValueError, match=r"numpy: [\d.]+, now 1\.0.*--anew"):
        reopen(finished)


def test_a_worker_that_is_unlike_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = make_plan(small())
    begin(plan, tmp_path / "b")
    monkeypatch.setattr(runs.batch_plan, "machine", lambda: runs.batch_program.machine() | {"cpu_features": "SSE"})
    with pytest.raises(ValueError, match=r"unlike the driver.*cpu_features"):
        drive(tmp_path / "b", plan, InThisProcess())
    assert open_batch(tmp_path / "b").runs == 0


def test_what_the_disk_cannot_hold_is_refused(tmp_path: Path) -> None:
    plan = make_plan(small(10**12))
    with pytest.raises(ValueError, match="GB free"):
        begin(plan, tmp_path / "b")
    assert not (tmp_path / "b").exists()


def test_two_drivers_do_not_share_a_directory(finished: Path) -> None:
    with locked(finished), pytest.raises(ValueError, match="another driver"):
        drive(finished, read_plan(finished), InThisProcess())


def test_a_directory_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(ValueError, match="not empty"):
        begin(make_plan(small()), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_the_same_call_goes_on_and_another_is_refused(finished: Path, tmp_path: Path) -> None:
    copied(finished, tmp_path / "b")
    assert run_batch(small(), tmp_path / "b", engine=InThisProcess()).found_runs == 10
    with pytest.raises(ValueError, match="seed: 3, now 4"):
        run_batch(small(seed=4), tmp_path / "b", engine=InThisProcess())


def test_the_manifest_stands_before_the_first_block(tmp_path: Path) -> None:
    plan = make_plan(small())
    begin(plan, tmp_path / "b")
    again = read_plan(tmp_path / "b")
    assert again.identity == plan.identity and again.blocks == plan.blocks
    assert open_batch(tmp_path / "b").runs == 0
    document = again.document
    assert document["resolved_parameters"]["small"]["microsoft.caution"]["distribution"]
    assert {"numpy", "pyarrow", "cpu_features"} <= set(document["machine"])


def test_a_finished_block_gives_its_memory_back(tmp_path: Path) -> None:
    """Model and agents refer to each other, so nobody but the collector takes them away."""
    plan = make_plan(small(2, 2))
    begin(plan, tmp_path / "b")
    gc.collect()
    before = sum(isinstance(thing, ComputeMarket) for thing in gc.get_objects())
    gc.disable()
    try:
        run_block(str(tmp_path / "b"), plan.identity, 0)
        assert sum(isinstance(thing, ComputeMarket) for thing in gc.get_objects()) <= before
    finally:
        gc.enable()
