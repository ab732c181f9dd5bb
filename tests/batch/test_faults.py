"""Whatever dies, the finished batch has the bytes of an undisturbed one, and nobody outlives its driver."""

from __future__ import annotations

import contextlib
import os
import random
import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import tests.batch.deadly  # noqa: F401  registers its policy
from runs.batch import drive
from runs.batch_engine import Processes
from runs.batch_folder import begin, reopen
from runs.batch_plan import make_plan
from runs.store import open_batch
from tests.batch.small import InThisProcess, contents, small
from tests.house.tree import ROOT

pytestmark = [pytest.mark.processes, pytest.mark.slow]
GIGAWATT = [sys.executable, "-m", "gigawatt"]
ASKED = ["as-of-2024q3", "--until", "2025Q2", "--block", "40", "--seed", "5", "--workers", "2"]


def driver(*arguments: str, **more: object) -> subprocess.Popen[str]:
    """A driver as a process of its own, in a session of its own."""
    return subprocess.Popen(
        [*GIGAWATT, "batch", *arguments],
        cwd=ROOT,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **more,  # type: ignore[call-overload]
    )


def children(pid: int) -> list[int]:
    """The worker processes of a driver."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
            command = path.with_name("cmdline").read_bytes()
        except OSError:
            continue
        if int(fields[1]) == pid and b"spawn_main" in command:
            found.append(int(path.parent.name))
    return found


def alive(pids: list[int]) -> list[int]:
    """Those that still run."""
    found = []
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if state != "Z":
            found.append(pid)
    return found


def outliving(pids: list[int], seconds: float) -> list[int]:
    """Those that still run after that many seconds; less is waited where none is left."""
    end = time.monotonic() + seconds
    while alive(pids) and time.monotonic() < end:
        time.sleep(0.05)
    return alive(pids)


def kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed") / "b"
    done = driver(*ASKED, "--worlds", "1000", "--out", str(folder), "--quiet")
    out, err = done.communicate(timeout=100)
    assert (done.returncode, out, err) == (0, "", "")
    return folder


@pytest.mark.timeout(500)
def test_twenty_random_kills_change_no_byte(undisturbed: Path, tmp_path: Path) -> None:
    """Workers and drivers are killed at random moments until twenty kills have been survived; then it finishes."""
    luck, folder, kills, outlived, drivers = random.Random(20), tmp_path / "b", 0, [], 0
    arguments = [*ASKED, "--worlds", "1000", "--out", str(folder)]
    end = time.monotonic() + 400
    while time.monotonic() < end:
        running = driver(*arguments, "--quiet")
        drivers += 1
        if (folder / "manifest.json").exists() or drivers > 1:
            arguments = ["--resume", str(folder), "--workers", "2"]
        while running.poll() is None and kills < 20:
            time.sleep(luck.uniform(0.3, 2.0))
            workers = children(running.pid)
            if luck.random() < 0.5 and (folder / "manifest.json").exists():
                kill(running.pid)
                running.wait()
                kills += 1
                outlived += outliving(workers, 5.0)
            elif workers:
                kill(luck.choice(workers))
                kills += 1
        running.communicate(timeout=200)
        if running.returncode == 0 and kills >= 20:
            break
        if running.returncode == 0:
            # Done before the last kill: take a finished block away, so that there is something left to disturb.
            for name in ("done/0000003.sha256", "worlds/0000003.parquet"):
                (folder / name).unlink()
        arguments = ["--resume", str(folder), "--workers", "2"]
    assert kills >= 20 and running.returncode == 0, (kills, running.returncode)
    assert outlived == [], "a worker outlived its driver by five seconds"
    assert contents(folder) == contents(undisturbed)
    assert not list((folder / "aside").glob("*.part"))


@pytest.mark.timeout(200)
def test_ctrl_c_stops_at_once_says_how_to_go_on_and_loses_nothing(undisturbed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "b"
    running = driver(*ASKED, "--worlds", "1000", "--out", str(folder))
    while not list(folder.glob("done/*")) and running.poll() is None:
        time.sleep(0.1)
    workers = children(running.pid)
    os.killpg(running.pid, signal.SIGINT)
    began = time.monotonic()
    _, err = running.communicate(timeout=60)
    assert running.returncode == 130 and time.monotonic() - began < 10.0
    assert f"--resume {folder}" in err and "Traceback" not in err, err
    assert alive(workers) == []
    again = driver("--resume", str(folder), "--workers", "1", "--json")
    out, err = again.communicate(timeout=120)
    assert again.returncode == 0, err
    assert '"complete": true' in out
    assert contents(folder) == contents(undisturbed)


@pytest.mark.timeout(200)
def test_a_block_that_kills_its_workers_is_named_and_the_rest_finishes(tmp_path: Path) -> None:
    scenario = {"name": "deadly", "extends": "as-of-2024q3", "policies": {"openai.policy": "deadly"}}
    plan = make_plan(small(scenarios=[scenario]))
    begin(plan, tmp_path / "b")
    standing = drive(tmp_path / "b", plan, Processes(2))
    assert standing.failed == {1: "3 workers died on it"} and standing.done_blocks == 3
    assert standing.deaths == 3


@pytest.mark.timeout(200)
def test_a_full_disk_stops_the_batch_in_one_line_and_loses_nothing(tmp_path: Path) -> None:
    """No file may grow beyond what the manifest takes: the first block cannot be written."""
    folder = tmp_path / "b"

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))

    arguments = ["as-of-2024q3", "--until", "2024Q4", "--block", "400", "--worlds", "800", "--workers", "1"]
    running = driver(*arguments, "--out", str(folder), "--quiet", preexec_fn=small_files)
    out, err = running.communicate(timeout=100)
    assert (running.returncode, out) == (1, "")
    assert err.count("\n") == 1 and "could not be written" in err and f"--resume {folder}" in err, err
    assert list(folder.rglob("*.parquet")) == [] and not list(folder.glob("done/*"))
    assert drive(folder, reopen(folder), InThisProcess()).whole


@pytest.mark.timeout(200)
def test_whoever_reads_meanwhile_sees_whole_blocks_only(tmp_path: Path) -> None:
    folder, seen = tmp_path / "b", []
    running = driver(*ASKED, "--worlds", "600", "--keep", "paths", "--out", str(folder), "--quiet")
    while running.poll() is None:
        if (folder / "manifest.json").exists():
            batch = open_batch(folder)
            if batch.runs:
                _, rows = batch.query("SELECT (SELECT count(*) FROM worlds), (SELECT count(*) FROM paths)")
                assert rows == [(batch.runs, 3 * batch.runs)] and batch.verify() == []
                seen.append(batch.runs)
            for path in folder.glob("*/*.parquet"):
                assert path.read_bytes()[-4:] == b"PAR1", "a file with this suffix is whole"
        time.sleep(0.1)
    running.communicate()
    assert running.returncode == 0 and len(set(seen)) > 2, seen


def test_status_says_that_a_driver_is_at_work(tmp_path: Path) -> None:
    folder = tmp_path / "b"
    running = driver(*ASKED, "--worlds", "400", "--out", str(folder), "--quiet")
    while len(list(folder.glob("done/*"))) < 3 and running.poll() is None:
        time.sleep(0.1)
    os.kill(running.pid, signal.SIGSTOP)  # so that it is still at work when the answer comes
    done = subprocess.run([*GIGAWATT, "status", str(folder)], cwd=ROOT, capture_output=True, text=True)
    os.kill(running.pid, signal.SIGCONT)
    running.communicate(timeout=60)
    assert done.returncode == 0 and "driver at work: yes" in done.stdout
    assert re.search(r"worlds per second: \d", done.stdout), done.stdout
