"""Plugins: policies and a lab from a file outside the project, and every mistake in one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from agents.additions import add_lab
from agents.base import POLICIES, PolicyError
from agents.plugins import read_plugins
from agents.rivals import RivalLabs
from runs.metrics import REGISTRY
from runs.scenario import load_scenario
from runs.simulate import simulate
from tests.house.tree import ROOT
from tests.model.documented import block

COMMAND = [sys.executable, "-m", "gigawatt"]


def gigawatt(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run([*COMMAND, *arguments], cwd=folder, env=env, capture_output=True, text=True)


def answered(run: subprocess.CompletedProcess[str]) -> dict[str, object]:
    assert run.returncode == 0, run.stderr
    document: dict[str, object] = json.loads(run.stdout)
    return document


def plugin(folder: Path, text: str) -> str:
    file = folder / "my_agents.py"
    file.write_text(text, encoding="utf-8")
    return str(file)


IMPORTS = "from agents.additions import add_cloud, add_lab\nfrom agents.rivals import Cloud, RivalLabs\n"
CAUTIOUS = """
import numpy as np
from agents.additions import add_lab
from agents.base import policy
from agents.microsoft import CautiousBuilder

@policy("microsoft", "{name}")
class Mine(CautiousBuilder):
    def appetite(self, firm, view, own):
        return {answer}
"""


def test_a_policy_of_a_file_decides(tmp_path: Path) -> None:
    file = plugin(tmp_path, CAUTIOUS.format(name="nothing-new", answer="np.zeros(firm.worlds)"))
    mine = {"extends": "baseline", "policies": {"microsoft.policy": "nothing-new"}}
    with pytest.raises(ValueError, match="nothing-new"):
        simulate(mine, worlds=3, until="2027Q4")
    run = simulate(mine, worlds=3, until="2027Q4", plugins=[file])
    plain = simulate("baseline", worlds=3, until="2027Q4")
    ours, theirs = (d["sold_h100e_m"].sel(owner="microsoft").isel(quarter=-1).to_numpy() for d in (run, plain))
    assert (ours <= theirs).all()
    assert (ours < theirs).any()
    assert run.attrs["plugins"] == "my_agents.py"


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        ("np.full(firm.worlds, np.nan)", "answered nan"),
        ("np.ones(firm.worlds + 1)", "shape"),
        ("np.ones((firm.worlds, 1))", "shape"),
        ("2.0 * np.ones(firm.worlds)", "from 0 to 1"),
        ("-0.1", "from 0 to 1"),
        ("'all of it'", "failed"),
        ("own.appetite", "AttributeError"),
    ],
)
def test_an_answer_that_no_firm_can_act_on_is_one_clear_line(tmp_path: Path, answer: str, word: str) -> None:
    name = "wrong"
    file = plugin(tmp_path, CAUTIOUS.format(name=name, answer=answer))
    wrong = {"extends": "baseline", "policies": {"microsoft.policy": name}}
    with pytest.raises(PolicyError, match=word) as caught:
        simulate(wrong, worlds=2, until="2026Q2", plugins=[file])
    assert str(caught.value).startswith(f"microsoft.policy {name!r}: appetite")


def test_one_number_is_an_answer_for_all_worlds(tmp_path: Path) -> None:
    file = plugin(tmp_path, CAUTIOUS.format(name="half", answer="0.5"))
    settings = load_scenario({"extends": "baseline", "policies": {"microsoft.policy": "half"}}, [file])
    together, alone = simulate(settings, worlds=3, until="2027Q1"), simulate(settings, worlds=[2], until="2027Q1")
    for name in REGISTRY:
        np.testing.assert_array_equal(together[name].sel(world=2), alone[name].sel(world=2))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("def wrong(:\n", "line 1"),
        ("import no_such_module_at_all\n", "no_such_module_at_all"),
        ("1 / 0\n", "ZeroDivisionError"),
        ('from agents.base import policy\npolicy("amazon", "x")(object)\n', "amazon"),
        ('from agents.base import policy\npolicy("microsoft", "cautious")(object)\n', "already"),
        ('from agents.base import policy\npolicy("microsoft", "x")(object)\n', "appetite"),
        (IMPORTS + 'add_lab("a", "A", RivalLabs, 0.1)\nadd_lab("a", "A", RivalLabs, 0.1)\n', "a member of that name"),
    ],
)
def test_a_plugin_that_cannot_be_read_leaves_nothing_behind(tmp_path: Path, text: str, word: str) -> None:
    before = {firm: dict(known) for firm, known in POLICIES.items()}
    with pytest.raises(ValueError, match=word) as caught:
        read_plugins([plugin(tmp_path, text)])
    assert "my_agents.py" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert before == POLICIES


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('add_lab("anthropic", "A", RivalLabs, 1.5)', "wanted 0 to 1"),
        ('add_lab("An Thropic", "A", RivalLabs, 0.5)', "small letters"),
        ('add_lab("anthropic", "A", dict, 0.5)', "extends RivalLabs"),
        ('add_lab("a", "A", RivalLabs, 0.6); add_lab("b", "B", RivalLabs, 0.6)', "wanted 0 to 0.4"),
        ('add_cloud("gulf", "G", RivalLabs)', "extends Cloud"),
        ('add_cloud("gulf", "G", Cloud, figures={"gold": 1.0})', "no quantity 'gold'"),
        ('add_cloud("gulf", "G", Cloud, parameters={"hurdel": 0.1})', "hurdle"),
        ("", "no such file"),
    ],
)
@pytest.mark.processes
def test_mistakes_on_the_command_line_are_one_line_and_code_two(tmp_path: Path, text: str, word: str) -> None:
    file = plugin(tmp_path, IMPORTS + text + "\n") if text else "nowhere.py"
    run = gigawatt("run", "--plugin", file, "--worlds", "1", folder=tmp_path)
    assert run.returncode == 2
    assert run.stdout == ""
    assert word in run.stderr
    assert run.stderr.count("\n") == 1
    assert "Traceback" not in run.stderr


def test_what_is_added_outside_a_plugin_is_told_where_it_belongs() -> None:
    with pytest.raises(ValueError, match="no plugin is being read"):
        add_lab("late", "Late", RivalLabs, 0.1)


@pytest.mark.processes
def test_the_lab_of_the_documentation_lives_in_every_command(tmp_path: Path) -> None:
    file = plugin(tmp_path, block("my_agents.py"))
    more = ["--plugin", file, "--worlds", "4", "--until", "2027Q4", "--quiet", "--json"]
    run = answered(gigawatt("run", "baseline", *more, "--set", "microsoft.policy=fill-first", folder=tmp_path))
    members = {(row["name"], row["member"]): row for row in run["metrics"]}  # type: ignore[attr-defined]
    revenue = members["lab_revenue_usd_bn", "anthropic"]["quantiles"]["0.5"]
    assert revenue[-1] > revenue[0] > 0.0
    assert members["used_h100e_m", "anthropic"]["quantiles"]["0.5"][-1] > 0.0
    plain = answered(gigawatt("run", "baseline", *more[2:], folder=tmp_path))
    both = sum(members["lab_revenue_usd_bn", lab]["quantiles"]["0.5"][0] for lab in ("anthropic", "rival_labs"))
    before = next(
        row["quantiles"]["0.5"][0]
        for row in plain["metrics"]  # type: ignore[attr-defined]
        if (row["name"], row["member"]) == ("lab_revenue_usd_bn", "rival_labs")
    )
    assert both == pytest.approx(before, rel=0.02)
    sheet = answered(
        gigawatt("explain", "--plugin", file, "--world", "1", "--firm", "Anthropic", "--json", folder=tmp_path)
    )
    kinds = [talk["kind"] for talk in sheet["negotiations"]]  # type: ignore[attr-defined]
    assert "capacity" in kinds
    compared = gigawatt("compare", "baseline", "demand-winter", *more[:-2], "--quiet", folder=tmp_path)
    assert compared.returncode == 0, compared.stderr
    claims = answered(gigawatt("claims", "as-of-2024q3", *more, folder=tmp_path))
    assert claims["claims"]


@pytest.mark.processes
@pytest.mark.slow
def test_a_batch_has_the_plugin_in_its_workers_and_is_not_resumed_with_another(tmp_path: Path) -> None:
    file = plugin(tmp_path, block("my_agents.py"))
    asked = ["--worlds", "4", "--block", "2", "--until", "2026Q2", "--workers", "1", "--quiet", "--plugin", file]
    run = gigawatt("batch", "baseline", *asked, "--set", "microsoft.policy=fill-first", "--out", "out", folder=tmp_path)
    assert run.returncode == 0, run.stderr
    columns = answered(gigawatt("query", "out", "DESCRIBE worlds", "--json", folder=tmp_path))
    assert "anthropic" in json.dumps(columns)
    again = gigawatt("batch", "--resume", "out", "--quiet", folder=tmp_path)  # its manifest names the plugin
    assert again.returncode == 0, again.stderr
    Path(file).write_text(block("my_agents.py") + "# another file now\n", encoding="utf-8")
    other = gigawatt("batch", "--resume", "out", folder=tmp_path)
    assert other.returncode == 2
    assert "plugin my_agents.py" in other.stderr
