"""The driver's own work for a block does not grow with the number of blocks."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from time import perf_counter

import pytest

import runs.batch
from runs.batch import drive
from runs.batch_block import Report
from runs.batch_folder import begin
from runs.batch_plan import make_plan
from runs.batch_standing import Standing
from runs.store_files import file_name, record_path
from tests.batch.small import InThisProcess, small

BLOCKS = 4000


@pytest.mark.timed
def test_the_last_blocks_cost_the_driver_no_more_than_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, folder = make_plan(small(BLOCKS, 1)), tmp_path / "b"
    begin(plan, folder)
    for name in ("worlds", "done"):
        (folder / name).mkdir()

    def nothing(_: str, __: str, index: int) -> Report:
        block = plan.blocks[index]
        (folder / file_name("worlds", block)).touch()
        record_path(folder, block).touch()
        return Report(index, 1, 0.1, 0.1, 0, "here:1", 0)

    monkeypatch.setattr(runs.batch, "run_block", nothing)
    moments: list[float] = []

    def listen(standing: Standing) -> None:
        if standing.done_blocks % (BLOCKS // 10) == 0 and standing.done_blocks == len(moments) * (BLOCKS // 10):
            moments.append(perf_counter())

    assert drive(folder, plan, InThisProcess(), listen).whole
    tenths = [later - earlier for earlier, later in pairwise(moments)]
    assert len(tenths) == 10
    assert min(tenths[5:]) < 2.0 * min(tenths[:5]), tenths
