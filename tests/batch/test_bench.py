"""The benchmark of a batch: an ordinary batch that rests in turns with other processes, and can be resumed."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

import runs.bench_batch
from runs.batch_request import request_of
from runs.bench_batch import bench_batch
from tests.batch.small import UNTIL, contents, copied, run_here

pytestmark = [pytest.mark.processes, pytest.mark.slow]


def test_it_measures_in_turns_goes_on_and_changes_no_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs.bench_batch, "_by_mesa", lambda _: 1.0)
    monkeypatch.setattr(runs.bench_batch, "request_of", partial(request_of, until=UNTIL))
    rests: list[list[list[int]]] = []
    beside = runs.bench_batch.Beside.run

    def noted(self: runs.bench_batch.Beside, plan: object, shares: list[list[int]]) -> float:
        rests.append([list(share) for share in shares])
        return beside(self, plan, shares)  # type: ignore[arg-type]

    monkeypatch.setattr(runs.bench_batch.Beside, "run", noted)
    request = request_of([runs.bench_batch.SCENARIO], 24, block=2, until=UNTIL)
    run_here(tmp_path / "here", request)
    folder = copied(tmp_path / "here", tmp_path / "b")
    for index in range(4, 12):
        (folder / "done" / f"{index:07d}.sha256").unlink()
    found = bench_batch(24, folder, block=2)
    assert found["worlds_found"] == 8 and found["times_the_time_of_independent_processes"] > 0.0
    assert found["worlds_per_second_of_independent_processes"] > 0.0 and found["median_block_seconds"]["ratio"] > 0.0
    # To warm up, one alone, and after every second block both processes with the last blocks of the batch.
    assert rests[:3] == [[[0], [1]], [[0, 1]], [[4], [5]]] and len(rests) >= 2 + 3
    assert contents(folder) == contents(tmp_path / "here")
    with pytest.raises(ValueError, match="another batch"):
        bench_batch(26, folder, block=2)
