"""The command `gigawatt view`: mistakes in one line, a file of one's own, the export."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from gigawatt import main
from runs.scenario import scenario_names
from tests.page.conftest import server

MINE = 'title = "Mine"\nextends = "baseline"\n[parameters]\n"microsoft.caution" = 0.6\n'


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere"], "'nowhere' is not a known scenario"),
        (["missing.toml"], "there is no such file"),
        (["--port", "99999"], "--port: wanted a whole number, 0 to 65,535"),
        (["--export", "."], "is a folder"),
        (["--export", "a-file/page.html"], "is not a folder"),
        (["--worlds", "0", "--export", "x.html"], "--worlds: wanted a whole number, 1 to 5,000"),
    ],
)
def test_a_mistake_is_one_line(
    arguments: list[str],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a-file").write_text("")
    assert main(["view", "--no-browser", *arguments]) == 2
    said = capsys.readouterr()
    assert words in said.err and said.err.count("\n") == 1 and not said.out
    assert [path.name for path in tmp_path.iterdir()] == ["a-file"]


def test_a_port_in_use_is_a_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["view", "--no-browser", "--port", str(taken.getsockname()[1])]) == 2
    assert "cannot be used" in capsys.readouterr().err


@pytest.mark.processes
def test_a_file_of_ones_own_is_shown_first(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(MINE)
    with server(str(file)) as (address, _):
        page = httpx.get(f"{address}/api/page").json()
        assert page["first"] == "mine" and page["scenarios"][0]["title"] == "Mine"
        view = httpx.get(f"{address}/api/view?worlds=5", timeout=60).json()
        assert view["run"]["scenario"] == "mine" and view["title"] == "Mine"
        differs = httpx.get(f"{address}/api/view?worlds=5&with=baseline", timeout=60).json()
        assert any(differs["cards"]["difference"]["data"]["differences"]["mean"])


@pytest.mark.slow
@pytest.mark.processes
@pytest.mark.timeout(300)
def test_the_export_bakes_every_scenario_in(tmp_path: Path) -> None:
    file = tmp_path / "new" / "page.html"
    command = [str(Path(sys.executable).parent / "gigawatt"), "view", "demand-winter", "--export", str(file)]
    done = subprocess.run([*command, "--worlds", "2", "--json"], capture_output=True, text=True, check=True)
    facts = json.loads(done.stdout)
    text = file.read_text(encoding="utf-8")
    assert facts["bytes"] == file.stat().st_size and facts["scenarios"][0] == "demand-winter"
    found = re.search(r'<script type="application/json" id="baked">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    baked = json.loads(found[1])
    assert [state["scenario"] for state in baked["states"]] == facts["scenarios"]
    assert len(facts["scenarios"]) == len(scenario_names())
    plain = re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)
    assert not re.search(r'(?:src|href)="(?!data:|#|api/|export)', plain)
    assert "default-src 'none'" in plain
