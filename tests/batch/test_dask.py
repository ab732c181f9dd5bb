"""A real Dask scheduler with two worker processes, one killed half way, and a scheduler that does not answer."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from dask_jobqueue import SLURMCluster

from runs.batch import BatchFailed, drive
from runs.batch_engine import Cluster
from runs.batch_folder import begin, reopen
from runs.batch_plan import make_plan
from runs.batch_standing import Standing
from runs.store import open_batch
from tests.batch.small import InThisProcess, contents, run_here, small
from tests.house.tree import ROOT

pytestmark = [pytest.mark.processes, pytest.mark.slow, pytest.mark.timeout(240)]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT), "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "20s"}


def process(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "distributed.cli." + arguments[0], *arguments[1:]]
    return subprocess.Popen(
        command, cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[str], list[subprocess.Popen[str]]]]:
    """Address of a scheduler, its process, and two worker processes."""
    scheduler = process("dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
    assert scheduler.stderr is not None
    address = ""
    for line in scheduler.stderr:
        found = re.search(r"tcp://127\.0\.0\.1:\d+", line)
        if found:
            address = found[0]
            break
    threading.Thread(target=scheduler.stderr.read, daemon=True).start()
    options = ["--no-nanny", "--nthreads", "1", "--no-dashboard", "--local-directory", str(tmp_path / "dask")]
    workers = [process("dask_worker", address, *options) for _ in range(2)]
    for worker in workers:
        assert worker.stderr is not None
        threading.Thread(target=worker.stderr.read, daemon=True).start()
    yield address, scheduler, workers
    for running in (*workers, scheduler):
        with contextlib.suppress(ProcessLookupError):
            running.kill()
        running.wait()


def test_a_worker_killed_half_way_changes_no_byte(
    cluster: tuple[str, subprocess.Popen[str], list[subprocess.Popen[str]]], tmp_path: Path
) -> None:
    address, _, workers = cluster
    request = small(120, 12)
    run_here(tmp_path / "here", request)
    plan = make_plan(request)
    begin(plan, tmp_path / "b")

    def listen(standing: Standing) -> None:
        if standing.done_blocks >= 3 and workers[0].poll() is None:
            os.kill(workers[0].pid, signal.SIGKILL)

    standing = drive(tmp_path / "b", plan, Cluster(address), listen)
    assert workers[0].poll() == -signal.SIGKILL and standing.whole and not standing.failed
    assert contents(tmp_path / "b") == contents(tmp_path / "here")


def test_a_scheduler_killed_half_way_is_said_and_the_batch_goes_on_elsewhere(
    cluster: tuple[str, subprocess.Popen[str], list[subprocess.Popen[str]]], tmp_path: Path
) -> None:
    address, scheduler, _ = cluster
    plan = make_plan(small(120, 12))
    begin(plan, tmp_path / "b")

    def listen(standing: Standing) -> None:
        if standing.done_blocks >= 2 and scheduler.poll() is None:
            scheduler.kill()

    began = time.monotonic()
    with pytest.raises(BatchFailed, match="--resume"):
        drive(tmp_path / "b", plan, Cluster(address), listen)
    assert time.monotonic() - began < 90.0
    assert open_batch(tmp_path / "b").runs >= 24
    assert drive(tmp_path / "b", reopen(tmp_path / "b"), InThisProcess()).whole


def test_workers_that_are_slurm_jobs_change_no_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The recipe of docs/batch.md: dask-jobqueue writes the jobs; a stand-in for `sbatch` starts them here."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, text in (("sbatch", 'sh "$1" >/dev/null 2>&1 & echo "Submitted batch job $!"'), ("scancel", "kill $1")):
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    request = small(36, 12)
    run_here(tmp_path / "here", request)
    plan = make_plan(request)
    begin(plan, tmp_path / "b")
    options = {"cores": 1, "processes": 1, "memory": "2GB", "walltime": "01:00:00"}
    local = {"scheduler_options": {"host": "127.0.0.1", "dashboard_address": None}, "local_directory": str(tmp_path)}
    with SLURMCluster(**options, **local) as cluster:
        assert "#SBATCH --cpus-per-task=1" in cluster.job_script()
        cluster.scale(jobs=2)
        standing = drive(tmp_path / "b", plan, Cluster(cluster.scheduler_address))
    assert standing.whole and not standing.failed
    assert contents(tmp_path / "b") == contents(tmp_path / "here")


def test_a_scheduler_that_does_not_answer_is_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "gigawatt", "batch", "as-of-2024q3", "--worlds", "10", "--until", "2024Q4"]
    out = tmp_path / "b"
    done = subprocess.run(
        [*command, "--out", str(out), "--scheduler", "tcp://127.0.0.1:9", "--quiet"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1 and "127.0.0.1:9 does not answer" in done.stderr, done.stderr
