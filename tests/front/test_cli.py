"""The front door: exit codes, one line for a mistake, JSON and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import runs.simulate
from gigawatt import main
from runs.laws import LawBroken
from tests.house.tree import ROOT

RUN = ["run", "as-of-2024q3", "--worlds", "3", "--until", "2025Q4"]
COMMAND = [sys.executable, "-m", "gigawatt"]


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command line."""
    code = main(arguments)
    out, err = capsys.readouterr()
    return code, out, err


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["run", "as-of-2024q4"], "as-of-2024q3"),
        (["run", "no/such/file.toml"], "no/such/file.toml"),
        ([*RUN, "--set", "microsoft.cautoin=0.3"], "microsoft.caution"),
        ([*RUN, "--set", "microsoft.caution=1e9"], "out of range"),
        ([*RUN, "--set", "microsoft.caution=nan"], "microsoft.caution"),
        ([*RUN, "--set", "microsoft.caution=much"], "not a number"),
        ([*RUN, "--set", "microsoft.caution"], "NAME=VALUE"),
        ([*RUN, "--set", "microsoft.caution=0.1", "--set", "microsoft.caution=0.2"], "twice"),
        ([*RUN, "--set", "microsoft.policy=reckless"], "allowed"),
        (["run", "--worlds", "0"], "worlds"),
        (["run", "--worlds", "2.5"], "worlds"),
        (["run", "--worlds", "many"], "worlds"),
        (["run", "--seed", "-1"], "seed"),
        (["run", "--until", "2020Q1"], "until"),
        (["run", "--until", "2028"], "until"),
        (["run", "--until", "9999Q1"], "up to 2035Q4"),
        (["run", "--colour"], "--colour"),
        (["rum"], "rum"),
        ([], "COMMAND"),
        (["compare", "baseline"], "--set"),
        (["compare", "baseline", "demand-winter", "--metric", "openai_cash_usd"], "openai_cash_usd_bn"),
        (["parameters", "zzz"], "zzz"),
    ],
)
def test_a_mistake_is_one_line_and_code_two(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], word: str
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = said(capsys, *arguments)
    assert (code, out) == (2, ""), err
    assert err.count("\n") == 1 and err.startswith("gigawatt: ") and word in err, err


def test_a_folder_that_cannot_be_made_is_found_before_the_run(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs.simulate, "simulate", None)
    (tmp_path / "file").write_text("in the way")
    code, _, err = said(capsys, *RUN, "--out", str(tmp_path / "file" / "figures"))
    assert code == 2 and err.count("\n") == 1 and "--out" in err
    code, _, err = said(capsys, *RUN, "--out", "/proc/gigawatt")
    assert code == 2 and "may not write" in err


def test_a_run_prints_a_table_and_names_its_figures(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, err = said(capsys, *RUN, "--out", str(tmp_path))
    assert (code, err) == (0, "")
    assert "Q1. " in out and "Q9. " in out
    assert sorted(line for line in out.splitlines() if line.endswith(".png")) == sorted(map(str, tmp_path.iterdir()))


def test_json_is_one_object_and_nothing_else(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = said(capsys, *RUN, "--json", "--set", "microsoft.caution=0.3")
    assert (code, err) == (0, "") and list(tmp_path.iterdir()) == []
    document = json.loads(out, parse_constant=lambda text: pytest.fail(f"holds {text}"))
    assert document["run"]["parameters"] == {"microsoft.caution": 0.3} and document["run"]["worlds"] == 3
    code, out, err = said(capsys, *RUN, "--json", "--out", str(tmp_path / "figures"))
    assert code == 0 and json.loads(out)["quarters"][-1] == "2025Q4" and err.count(".png") >= 9


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
@pytest.mark.parametrize("more", [[], ["--json"]])
def test_a_full_disk_is_one_line(more: list[str]) -> None:
    command = [str(Path(sys.executable).parent / "gigawatt"), "scenarios", *more]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (1, "gigawatt: cannot write: No space left on device\n")


def test_the_other_commands_work_as_text_and_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    few = ["--worlds", "2", "--until", "2025Q4"]
    for arguments in (
        ["scenarios"],
        ["parameters", "caution"],
        ["claims", "as-of-2024q3", *few],
        ["compare", "stargate-2025", "no-stargate", *few],
        ["compare", "as-of-2024q3", "--set", "microsoft.caution=0.3", "--metric", "openai_cash_usd_bn", *few],
    ):
        code, out, err = said(capsys, *arguments)
        assert (code, err) == (0, "") and len(out.splitlines()) > 2, arguments
        code, out, err = said(capsys, *arguments, "--json")
        assert (code, err) == (0, "") and isinstance(json.loads(out), dict), arguments


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (KeyboardInterrupt(), 130, "gigawatt: interrupted\n"),
        (LawBroken("law broken: cash"), 1, "gigawatt: law broken: cash\n"),
        (runs.simulate.RunFailed("baseline failed in 2026Q1:\n  why"), 1, "gigawatt: baseline failed in 2026Q1: why\n"),
        (MemoryError(), 1, "gigawatt: not enough memory for so many worlds; take fewer with --worlds\n"),
    ],
)
def test_what_stops_a_run_is_one_line_with_its_code(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, line: str
) -> None:
    def stops(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(runs.simulate, "simulate", stops)
    assert said(capsys, *RUN, "--no-figures") == (code, "", line)


@pytest.mark.processes
def test_help_and_version_load_nothing_heavy() -> None:
    heavy = ["numpy", "xarray", "matplotlib", "mesa", "rich", "scipy", "pandas", "importlib.metadata"]
    code = (
        "import sys, contextlib, io, gigawatt\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
        "    gigawatt.main(['run', '--help'])\n"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert found.stdout.strip() == "[]", found.stderr
    version = subprocess.run([*COMMAND, "--version"], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert version.returncode == 0 and version.stdout.startswith("gigawatt ")


@pytest.mark.processes
def test_a_reader_that_has_enough_is_no_error() -> None:
    command = subprocess.Popen(
        [*COMMAND, "parameters"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert command.stdout is not None and command.stderr is not None
    command.stdout.close()
    error = command.stderr.read()
    assert (command.wait(timeout=60), error) == (0, "")
    command.stderr.close()


@pytest.mark.processes
def test_the_same_command_gives_the_same_document() -> None:
    command = [*COMMAND, *RUN, "--json"]
    first, second = (subprocess.run(command, cwd=ROOT, capture_output=True, timeout=120) for _ in range(2))
    assert first.returncode == 0 and first.stderr == b"" and first.stdout == second.stdout
