"""The commands: a mistake is one line and code 2, and what they print can be read by people and by scripts."""

from __future__ import annotations

import io
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import viz.command_batch
from gigawatt import main
from runs.model import ComputeMarket
from runs.posterior import FILE
from tests.batch.small import contents, copied

NEW = ["batch", "as-of-2024q3", "--until", "2024Q4", "--worlds", "10", "--block", "4"]
HERE = ["--engine", "tests.batch.test_command:executor"]


def executor(workers: int) -> object:
    """A plugged-in engine: threads, one."""
    assert workers == 2
    return ThreadPoolExecutor(1)


class Plain(ThreadPoolExecutor):
    """An engine whose shutdown takes `wait` only, as loky's and Dask's do."""

    def shutdown(self, wait: bool = True) -> None:  # type: ignore[override]
        super().shutdown(wait)


def no_executor(workers: int) -> object:
    """A factory of something else."""
    return workers


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command line."""
    code = main(arguments)
    out, err = capsys.readouterr()
    return code, out, err


@pytest.fixture
def out(tmp_path: Path) -> str:
    return str(tmp_path / "b")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["batch", "as-of-2024q4", "--out", "OUT"], "as-of-2024q3"),
        ([*NEW[:4], "--worlds", "0", "--out", "OUT"], "whole number"),
        (NEW, "--out DIR"),
        ([*NEW, "--out", "FULL"], "not empty"),
        ([*NEW, "--out", "FILE/b"], "not a folder"),
        ([*NEW, "--out", "DONE"], "--resume"),
        (["batch", "as-of-2024q3", *NEW[1:], "--out", "OUT"], "twice"),
        ([*NEW, "--out", "OUT", "--anew", "OUT"], "--resume"),
        ([*NEW, "--out", "OUT", "--set", "microsoft.caution=99"], "out of range"),
        ([*NEW, "--out", "OUT", "--set", "microsoft.caution=1", "--vary", "microsoft.caution=0:1:2"], "set and varied"),
        ([*NEW, "--out", "OUT", "--vary", "microsoft.caution=0"], "NAME=low:high:n"),
        ([*NEW, "--out", "OUT", "--design", "lhs"], "--vary"),
        ([*NEW, "--out", "OUT", "--from-csv", "none.csv"], "none.csv"),
        ([*NEW, "--out", "OUT", "--until-ci", "tight"], "wanted METRIC"),
        ([*NEW, "--out", "OUT", "--scheduler", "tcp://127.0.0.1:9", "--engine", "a:b"], "one of the two"),
        ([*NEW, "--out", "OUT", "--engine", "nowhere"], "module:attribute"),
        ([*NEW, "--out", "OUT", "--engine", "nowhere:at_all"], "nowhere"),
        ([*NEW, "--out", "OUT", "--engine", "tests.batch.test_command:no_executor"], "factory of executors"),
        (["batch", "--from", "none.state", "--out", "OUT"], "none.state"),
        ([*NEW, "--from", "none.state", "--out", "OUT"], "name none"),
        ([*NEW, "--out", "OUT", "--parameters", "postreior"], "a posterior's file"),
        ([*NEW, "--out", "OUT", "--parameters", "README.md"], "cannot be read"),
        ([*NEW[:2], "--out", "OUT", "--until", "2040Q4"], "up to 2035Q4"),
        ([*NEW, "--out", ""], "name of a file or folder"),
        ([*NEW, "--out", "/proc/x"], "may not write into the folder /proc"),
        (["run", *NEW[1:4], "--out", ""], "name of a file or folder"),
        (["run", *NEW[1:5], "10", "--out", "/proc/x/y"], "may not write into the folder /proc"),
        (["save", "as-of-2024q3", "--at", "2024Q4", "--out", "/proc/x"], "may not write into the folder /proc"),
        ([*NEW[:4], "--worlds", "1e3", "--out", "OUT"], "whole number"),
        (["batch", "--resume", "none"], "no such directory"),
        (["batch", "--resume", "EMPTY"], "is empty"),
        (["batch", "--resume", "FULL"], "manifest.json"),
        (["batch", "--resume", "DONE", "--seed", "4"], "seed: 3, now 4"),
        (["batch", "--resume", "DONE", "--worlds", "20"], "worlds: 10, now 20"),
        (["batch", "--resume", "DONE", "baseline"], "scenarios"),
        (["batch", "--resume", "DONE", "--set", "microsoft.caution=1"], "microsoft.caution"),
        (["batch", "--resume", "DONE", "--out", "OUT"], "--anew"),
        (["status", "none"], "no such directory"),
        (["query", "DONE", "SELECT nothing"], "SQL"),
        (["quantiles", "DONE", "--metric", "h100_price"], "h100_price_usd_h"),
        (["quantiles", "DONE", "--metric", "h100_price_usd_h", "--probs", "half"], "--probs"),
        (["export", "DONE", "--to", "csv", "--out", "no/such/x.csv"], "no directory"),
        (["export", "DONE", "--to", "xls", "--out", "x"], "xlsx"),
        (["save", "as-of-2024q3", "--at", "2024Q2", "--out", "OUT"], "--at"),
        (["save", "as-of-2024q3", "--at", "2025Q1", "--out", "FULL"], "exists"),
    ],
)
def test_a_mistake_is_one_line_and_harms_nothing(
    capsys: pytest.CaptureFixture[str], finished: Path, tmp_path: Path, arguments: list[str], word: str
) -> None:
    places = {
        "OUT": tmp_path / "new",
        "FULL": tmp_path / "full",
        "EMPTY": tmp_path / "empty",
        "DONE": tmp_path / "done",
    }
    for name in ("FULL", "EMPTY"):
        places[name].mkdir()
    (places["FULL"] / "thesis.txt").touch()
    (tmp_path / "file").touch()
    copied(finished, places["DONE"])
    filled = [str(places.get(text, text)).replace("FILE/", f"{tmp_path}/file/") for text in arguments]
    code, out, err = said(capsys, *filled, *(["--quiet"] if "batch" in arguments else []))
    assert (code, out) == (2, ""), err
    assert err.count("\n") == 1 and err.startswith("gigawatt: ") and word in err, err
    assert contents(places["DONE"]) == contents(finished)
    assert not list(places["OUT"].glob("*/*.parquet"))


def test_more_than_any_disk_holds_is_refused_before_it_is_planned(capsys: pytest.CaptureFixture[str], out: str) -> None:
    code, text, err = said(capsys, "batch", "--worlds", str(10**12), "--out", out)
    assert (code, text) == (2, "") and "1,000,000,000,000 worlds in 500,000,000 blocks" in err
    assert "GB free" in err.splitlines()[1] and not Path(out).exists()


def test_a_batch_from_beginning_to_export(capsys: pytest.CaptureFixture[str], out: str, tmp_path: Path) -> None:
    code, text, err = said(capsys, *NEW, "--out", out, "--workers", "2", *HERE)
    assert code == 0 and "10 of 10 worlds in 3 of 3 blocks" in text and "at most" in err and "100 %" in err
    code, text, err = said(capsys, "batch", "--resume", out, "--workers", "2", *HERE, "--json", "--quiet")
    document = json.loads(text)
    assert (code, err) == (0, "") and document["complete"] and document["worlds"] == 10
    code, text, _ = said(capsys, "status", out, "--verify", "--json")
    assert code == 0 and json.loads(text)["damaged"] == []
    code, text, _ = said(capsys, "query", out, "SELECT scenario, count(*) AS worlds FROM worlds GROUP BY scenario")
    assert code == 0 and text.split() == ["scenario", "worlds", "as-of-2024q3", "10"]
    code, text, _ = said(capsys, "quantiles", out, "--metric", "openai_share", "--member", "microsoft", "--json")
    assert code == 0 and len(json.loads(text)["quantiles"]["0.5"]) == 1
    code, text, _ = said(capsys, "quantiles", out, "--metric", "openai_cash_usd_bn", "--probs", "0.5")
    assert code == 0 and "50 %" in text and "2024Q4" in text
    code, text, _ = said(capsys, "export", out, "--to", "csv", "--out", str(tmp_path / "w.csv"))
    assert code == 0 and "10 rows" in text
    again = str(tmp_path / "again")
    code, _, _ = said(capsys, "batch", "--resume", out, "--anew", again, "--seed", "5", "--workers", "2", *HERE)
    assert code == 0 and json.loads((Path(again) / "manifest.json").read_text())["batch"]["seed"] == 5


def test_an_engine_that_cannot_cancel_is_let_go(capsys: pytest.CaptureFixture[str], out: str) -> None:
    engine = ["--workers", "1", "--engine", "tests.batch.test_command:Plain"]
    code, text, err = said(capsys, *NEW, "--out", out, *engine, "--json", "--quiet")
    assert (code, err) == (0, "") and json.loads(text)["complete"]
    assert not (Path(out) / "aside").exists()


def test_a_batch_goes_on_when_nobody_looks_any_more(out: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            if "%" in text:
                raise BrokenPipeError
            return super().write(text)

    monkeypatch.setattr("sys.stderr", Gone())
    assert main([*NEW, "--out", out, "--workers", "2", *HERE]) == 0
    assert len(list(Path(out).glob("done/*"))) == 3


def test_many_futures_of_one_past(capsys: pytest.CaptureFixture[str], out: str, tmp_path: Path) -> None:
    state = str(tmp_path / "market.state")
    saved = ["save", "as-of-2024q3", "--at", "2024Q4", "--until", "2025Q1", "--worlds", "1", "--out", state]
    code, text, _ = said(capsys, *saved)
    assert code == 0 and "2024Q4" in text
    assert ComputeMarket.load(state).state.quarter == 0
    arguments = ["batch", "--from", state, "--worlds", "6", "--keep", "paths", "--out", out, "--workers", "2", *HERE]
    code, text, err = said(capsys, *arguments, "--vary", "microsoft.caution=0:1:2", "--json")
    assert code == 0 and json.loads(text)["worlds"] == 12, err
    _, text, _ = said(capsys, "quantiles", out, "--metric", "openai_cash_usd_bn", "--probs", "0,1", "--json")
    low, high = json.loads(text)["quantiles"].values()
    assert low[0] == high[0] and low[1] < high[1], "one past, many futures"


def test_parameters_come_from_a_posterior(capsys: pytest.CaptureFixture[str], out: str, tmp_path: Path) -> None:
    """That on the record and a file of the same content are the same batch; to begin it anew takes its file along."""
    mine = tmp_path / "my posterior.npz"
    mine.write_bytes(FILE.read_bytes())
    more = ["--workers", "2", *HERE, "--quiet"]
    assert said(capsys, *NEW, "--parameters", "posterior", "--out", out, *more)[0] == 0
    assert said(capsys, *NEW, "--parameters", str(mine), "--out", str(tmp_path / "c"), *more)[0] == 0
    assert contents(tmp_path / "c") == contents(Path(out))
    assert said(capsys, "batch", "--resume", out, "--parameters", "posterior", *more)[0] == 0
    assert said(capsys, "batch", "--resume", out, "--parameters", "prior", *more)[0] == 2
    anew = [*more, "--seed", "9", "--anew", str(tmp_path / "d")]
    assert said(capsys, "batch", "--resume", str(tmp_path / "c"), *anew)[0] == 0
    assert (tmp_path / "d" / "posterior.npz").read_bytes() == FILE.read_bytes()


def test_a_failed_block_is_code_one(
    capsys: pytest.CaptureFixture[str], out: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import runs.batch
    from runs.laws import LawBroken

    def broken(*asked: object) -> object:
        raise LawBroken(f"cash in 2024Q4, block {asked[-1]}")

    monkeypatch.setattr(runs.batch, "run_block", broken)
    code, _, err = said(capsys, *NEW, "--out", out, "--workers", "2", *HERE, "--quiet")
    assert code == 1 and err.splitlines()[1] == "gigawatt: block 1 failed: LawBroken: cash in 2024Q4, block 1"


def test_options_that_the_manifest_holds_are_those_that_are_compared() -> None:
    from runs.batch_request import Request

    assert set(viz.command_batch.KEPT) <= set(Request.__dataclass_fields__)
