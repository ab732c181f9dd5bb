"""The floors of the house and what each may hold (docs/design.md): imports, calendar, firms, arithmetic, size."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

from tests.house.tree import ROOT, calendar_literals, firm_names, sources, unrepeatable_arithmetic

Rule = Callable[[ast.AST], list[str]]
LONGEST_FILE = 320


def breaches(rule: Rule, files: list[Path]) -> list[str]:
    """What the rule finds, file by file."""
    return [
        f"{path.relative_to(ROOT)}, {fault}"
        for path in files
        for fault in rule(ast.parse(path.read_text(encoding="utf-8"), filename=str(path)))
    ]


def test_each_floor_imports_only_those_below_it(capsys: pytest.CaptureFixture[str]) -> None:
    status = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
    assert status == 0, capsys.readouterr().out


def test_rules_and_agents_know_no_date() -> None:
    assert breaches(calendar_literals, sources("world", "agents")) == []


def test_rules_know_no_firm() -> None:
    files = sources("world")
    assert breaches(firm_names, files) == []
    assert [path.name for path in files if firm_names(ast.parse(repr(path.stem + ";")))] == []


def test_a_world_has_the_same_bits_alone_and_in_a_batch() -> None:
    assert breaches(unrepeatable_arithmetic, sources("world", "agents")) == []


def test_files_stay_readable() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in [ROOT / "gigawatt.py", *sources("viz", "runs", "agents", "world", "tests")]
    }
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE} == {}


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        (calendar_literals, "start = 2024"),
        (calendar_literals, "start = 2024.0"),
        (calendar_literals, "start = '2025Q4'"),
        (calendar_literals, "raise ValueError(f'{x} is after 2025-03-31')"),
        (firm_names, "openai_cash = 1.0"),
        (firm_names, "p = parameters.of('microsoft')"),
        (firm_names, "def pay(xai_usd_bn): pass"),
        (firm_names, "from agents.nvidia import Vendor"),
        (firm_names, "class SoftBank: pass"),
        (unrepeatable_arithmetic, "a @ b"),
        (unrepeatable_arithmetic, "a @= b"),
        (unrepeatable_arithmetic, "np.sum(a)"),
        (unrepeatable_arithmetic, "np.einsum('ij,jk', a, b)"),
        (unrepeatable_arithmetic, "a.dot(b)"),
        (unrepeatable_arithmetic, "np.add.reduce(a)"),
        (unrepeatable_arithmetic, "a.sum(axis=0)"),
        (unrepeatable_arithmetic, "a.sum(0)"),
        (unrepeatable_arithmetic, "a.mean(axis=(0, 1))"),
        (unrepeatable_arithmetic, "a ** 0.5"),
        (unrepeatable_arithmetic, "a ** -1.0"),
    ],
)
def test_a_rule_finds_what_it_forbids(rule: Rule, code: str) -> None:
    assert rule(ast.parse(code)), code


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        (calendar_literals, "'''Source: Ho and Lee (2019).'''\nHOURS_PER_QUARTER = 2190.0"),
        (calendar_literals, "chunk = 2000; sha = '12024'; quarters = range(4)"),
        (firm_names, "'''As Oracle does.'''\nmaxai = 'taxation'"),
        (unrepeatable_arithmetic, "fold(a); a.sum(axis=-1); count = flags.sum(); limit = 2**62; np.cumsum(a, axis=0)"),
        (unrepeatable_arithmetic, "np.exp(e * np.log(a)); a * a; sum(parts)"),
    ],
)
def test_a_rule_leaves_the_rest_alone(rule: Rule, code: str) -> None:
    assert rule(ast.parse(code)) == []
