"""`explain` and `flows`: plain words, one JSON object, and one line for a mistake."""

from __future__ import annotations

import json
import re

import pytest

from gigawatt import main

WORLD = ["--world", "2", "--until", "2026Q4"]


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    out, err = capsys.readouterr()
    return code, out, err


def test_a_sheet_in_words_has_who_what_how_much_and_why(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said(capsys, "explain", "stargate-2025", "--world", "2", "--quarter", "2025Q4")
    assert (code, err) == (0, "")
    assert "Deals of 2025Q4 in world 2" in out
    assert "Capacity for OpenAI" in out
    assert "Chips:" in out
    assert "$" in out
    assert "/h" in out
    assert not re.search(r"\bnan\b|None|_", out)
    assert max(len(line) for line in out.splitlines()) <= 110


def test_words_and_numbers_are_the_same_sheet(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(capsys, "explain", *WORLD, "--quarter", "2026Q2", "--json")
    document = json.loads(out)
    assert code == 0
    assert (document["world"], document["quarter"], document["until"]) == (2, "2026Q2", "2026Q4")
    talks = [talk for talk in document["negotiations"] if talk["kind"] == "capacity"]
    _, words, _ = said(capsys, "explain", *WORLD, "--quarter", "2026Q2")
    plain = " ".join(words.split())
    for talk in talks:
        for offer in talk["offers"]:
            if offer["price_usd_h"] is not None:
                assert f"${offer['price_usd_h']:,.2f}/h from {offer['starts']}" in plain
    _, mine, _ = said(capsys, "explain", *WORLD, "--quarter", "2026Q2", "--firm", "xai", "--json")
    assert all("xai" in talk["parties"] for talk in json.loads(mine)["negotiations"])


def test_a_world_is_chosen_by_what_happens_and_the_busiest_quarter_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(capsys, "explain", "--world", "worst-cash", "--worlds", "6", "--until", "2026Q3", "--json")
    document = json.loads(out)
    assert code == 0
    assert 0 <= document["world"] < 6
    assert "lowest" in document["chosen"]
    _, again, _ = said(
        capsys,
        "explain",
        "--world",
        str(document["world"]),
        "--until",
        "2026Q3",
        "--json",
        "--quarter",
        document["quarter"],
    )
    assert json.loads(again)["negotiations"] == document["negotiations"]


def test_flows_add_up_on_the_screen_and_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(capsys, "flows", *WORLD, "--quarter", "2026Q2", "--json")
    document = json.loads(out)
    assert code == 0
    for place in range(len(document["sectors"])):
        assert sum(document["matrix"][place]) == pytest.approx(document["paid"][place])
        change = document["cash_after"][place] - document["cash_before"][place]
        assert document["received"][place] - document["paid"][place] == pytest.approx(change, abs=1e-6)
    _, words, _ = said(capsys, "flows", *WORLD, "--quarter", "2026Q2")
    total = sum(document["paid"])
    assert f"{total:,.1f}" in words
    assert "received" in words
    _, firm, _ = said(capsys, "flows", *WORLD, "--quarter", "2026Q2", "--firm", "Nvidia")
    assert "Nvidia receives" in firm


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--world", "best"], "worst-cash"),
        (["--world", "-1"], "worst-cash"),
        (["--world", "1", "--quarter", "2019Q1"], "2026Q1"),
        (["--world", "typical", "--quarter", "2031Q1"], "2030Q4"),
        (["--world", "1", "--quarter", "soon"], "2026Q2"),
        (["--world", "1", "--firm", "Amazon"], "rival_clouds"),
        (["--world", "1", "--until", "then"], "until"),
        (["--world", "1", "--until", "2020Q1"], "until"),
        (["--world", "1", "--set", "microsoft.caution=9e9"], "microsoft.caution"),
        (["nosuch", "--world", "1"], "nosuch"),
        (["--world", "1", "--plugin", "nosuch.py"], "no such file"),
    ],
)
@pytest.mark.parametrize("command", ["explain", "flows"])
def test_a_mistake_is_one_line(
    capsys: pytest.CaptureFixture[str], command: str, arguments: list[str], word: str
) -> None:
    code, out, err = said(capsys, command, *arguments)
    assert (code, out) == (2, "")
    assert word in err
    assert err.count("\n") == 1
