"""What the README tells its reader to type works, and what it shows is what comes out."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from gigawatt import main
from tests.house.tree import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
FEW = ["--worlds", "3", "--until", "2027Q4"]
SMALL = {
    "batch": ["--worlds", "3", "--workers", "1"],
    "save": ["--worlds", "1"],
    "backtest": ["--worlds", "100", "--quiet"],
}


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def test_python_snippets_run(capsys: pytest.CaptureFixture[str]) -> None:
    found = blocks("python")
    assert found
    names: dict[str, object] = {}
    for snippet in found:
        exec(compile(re.sub(r"worlds=\d{3,}", "worlds=6", snippet), "README.md", "exec"), names)
    assert capsys.readouterr().out.strip()


def test_commands_are_understood(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [line.split("#")[0].strip() for block in blocks("console") for line in block.splitlines()]
    commands = [shlex.split(line.partition("gigawatt ")[2]) for line in lines if "gigawatt " in line]
    assert {command[0] for command in commands} >= {
        "run",
        "compare",
        "claims",
        "parameters",
        "scenarios",
        "batch",
        "query",
    }
    (tmp_path / "mine.toml").write_text(blocks("toml")[0], encoding="utf-8")
    (tmp_path / "seen.csv").write_text(blocks("csv")[0], encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for command in commands:
        if command[0] == "bench":
            continue
        few = FEW if command[0] in ("run", "compare", "claims") else SMALL.get(command[0], [])
        plain = ["--no-figures"] if command[0] == "run" else []
        assert main([*command, *few, *plain]) == 0, (command, capsys.readouterr().err)


def test_the_table_shown_is_laid_out_like_the_real_one(capsys: pytest.CaptureFixture[str]) -> None:
    (shown,) = [block for block in blocks("text") if "Q1. " in block]
    assert main(["run", "--worlds", "3", "--no-figures"]) == 0
    real = {line[:20].strip() for line in capsys.readouterr().out.splitlines()}
    rows = [line[:20].strip() for line in shown.splitlines() if re.match(r"\s{0,2}\S.*\s{3,}[\d.-]", line)]
    assert rows and [row for row in rows if row not in real] == []
