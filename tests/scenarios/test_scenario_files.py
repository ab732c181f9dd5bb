"""Scenario files: what is built in, how one extends another, and what each mistake is answered with."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from runs.scenario import FOLDER, load_scenario, scenario_names

BUILT_IN = {
    "baseline": ("2025Q4", date(2025, 12, 31)),
    "as-of-2024q3": ("2024Q3", date(2024, 9, 30)),
    "as-of-2023q4": ("2023Q4", date(2023, 12, 31)),
    "stargate-2025": ("2024Q3", date(2025, 2, 28)),
    "cautious-microsoft": ("2024Q3", date(2025, 2, 28)),
    "no-stargate": ("2024Q3", date(2025, 2, 28)),
    "late-power-at-abilene": ("2024Q3", date(2025, 2, 28)),
    "demand-winter": ("2025Q4", date(2025, 12, 31)),
    "no-negotiation": ("2024Q3", date(2024, 9, 30)),
    "baseline-no-negotiation": ("2025Q4", date(2025, 12, 31)),
    "fast-oracle": ("2024Q3", date(2025, 2, 28)),
}


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


# ---------------------------------------------------------------------- what is there


def test_every_built_in_scenario_loads_and_has_a_title() -> None:
    names = scenario_names()
    assert names[0][0] == "baseline"
    assert {name for name, _ in names} == set(BUILT_IN) == {path.stem for path in FOLDER.glob("*.toml")}
    for name, title in names:
        scenario = load_scenario(name)
        assert (scenario.name, scenario.title) == (name, title)
        assert title != name
        assert (scenario.start, scenario.known_until) == BUILT_IN[name]


def test_the_levers_pull_at_something() -> None:
    assert load_scenario("cautious-microsoft").parameters
    assert load_scenario("no-stargate").policies == {"oracle.policy": "guard-the-rating"}
    kinds = [event.kind for event in load_scenario("late-power-at-abilene").events]
    assert sorted(kinds) == ["set_parameter", "site_delay", "site_delay"]
    assert {event.kind for event in load_scenario("demand-winter").events} == {"demand_shock", "rate_shock"}
    assert not load_scenario("no-negotiation").negotiate
    assert load_scenario("as-of-2024q3").negotiate


# ---------------------------------------------------------------------- extending


def test_a_file_extends_a_built_in_scenario_and_another_file(tmp_path: Path) -> None:
    write(
        tmp_path,
        "parent",
        """
        title = "Parent"
        extends = "stargate-2025"
        [parameters]
        "microsoft.caution" = 0.5
        "market.band" = { low = 0.2 }
        [policies]
        microsoft.policy = "match-every-request"
        [[events]]
        quarter = "2026Q1"
        kind = "debt"
        arguments = { borrower = "oracle", usd_bn = 3 }
        """,
    )
    child = write(
        tmp_path,
        "child",
        """
        title = "Child"
        extends = "parent.toml"
        known_until = "2025-01"
        [parameters.microsoft]
        caution = 0.9
        [[events]]
        quarter = "2025Q2"
        kind = "exclusivity"
        arguments = { state = "open" }
        """,
    )
    scenario = load_scenario(child)
    assert (scenario.name, scenario.title, scenario.start) == ("child", "Child", "2024Q3")
    assert scenario.known_until == date(2025, 1, 31)
    assert dict(scenario.parameters) == {
        "microsoft.caution": 0.9,
        "market.band": {"low": 0.2},
    }
    assert dict(scenario.policies) == {"microsoft.policy": "match-every-request"}
    assert [(event.quarter, event.kind) for event in scenario.events] == [
        ("2025Q1", "set_parameter"),
        ("2025Q2", "exclusivity"),
        ("2026Q1", "debt"),
    ]


def test_a_mapping_is_a_scenario_and_a_scenario_is_itself() -> None:
    values = np.linspace(0.1, 0.7, 7)
    scenario = load_scenario({"name": "mine", "extends": "baseline", "parameters": {"microsoft.caution": values}})
    assert (scenario.name, scenario.title, scenario.start) == ("mine", "mine", "2025Q4")
    assert scenario.parameters["microsoft.caution"] is values
    assert load_scenario(scenario) is scenario


# ---------------------------------------------------------------------- mistakes

BASE: dict[str, Any] = {"extends": "baseline"}
MISTAKES: list[tuple[Any, list[str]]] = [
    ("baselin", ["scenario", "'baselin'", "did you mean 'baseline'", "stargate-2025"]),
    ("nowhere/mine.toml", ["nowhere/mine.toml", "there is no such file"]),
    ({}, ["start", "is missing", "2023Q4, 2024Q3, 2025Q4"]),
    ({"start": "2024Q2"}, ["start", "'2024Q2'", "2023Q4, 2024Q3, 2025Q4"]),
    ({"start": 2024}, ["start", "a quarter like", "2024"]),
    ({"titel": "x"}, ["titel", "did you mean 'title'", "allowed"]),
    (BASE | {"negotiate": "no"}, ["negotiate", "true or false", "'no'"]),
    (BASE | {"known_until": "2025-09-30"}, ["known_until", "2025-12-31", "2025-09-30"]),
    (BASE | {"known_until": "soon"}, ["known_until", "'soon'", "a quarter like"]),
    (BASE | {"extends": "stargate-25"}, ["extends", "did you mean 'stargate-2025'"]),
    (BASE | {"parameters": {"microsoft.cauton": 1.0}}, ["microsoft.cauton", "did you mean 'microsoft.caution'"]),
    (BASE | {"parameters": {"microsoft.caution": 99.0}}, ["microsoft.caution", "99", "0 to 5"]),
    (BASE | {"parameters": {"microsoft": {"caution": "high"}}}, ["microsoft.caution", "'high'", "0 to 5"]),
    (BASE | {"parameters": {"microsoft.caution": True}}, ["microsoft.caution", "True"]),
    (BASE | {"parameters": {"microsoft.caution": float("nan")}}, ["microsoft.caution", "nan", "finite"]),
    (BASE | {"parameters": {"microsoft.caution": {"hgh": 1.0}}}, ["microsoft.caution", "did you mean 'high'"]),
    (BASE | {"parameters": {"microsoft.caution": {"low": 2.0}}}, ["microsoft.caution", "low"]),
    (BASE | {"parameters": 3}, ["parameters", "a table", "3"]),
    (BASE | {"policies": {"microsoft.policy": "match"}}, ["microsoft.policy", "did you mean 'match-every-request'"]),
    (BASE | {"policies": {"microsft.policy": "cautious"}}, ["microsft.policy", "did you mean 'microsoft.policy'"]),
    (BASE | {"events": {"quarter": "2026Q1"}}, ["events", "an array of tables"]),
]

EVENT: dict[str, Any] = {"quarter": "2026Q4", "kind": "debt", "arguments": {"borrower": "oracle", "usd_bn": 1.0}}
BAD_EVENTS: list[tuple[Any, list[str]]] = [
    (EVENT | {"quarter": "2025Q4"}, ["quarter", "2026Q1 or later", "2025Q4"]),
    (EVENT | {"quarter": "2026"}, ["quarter", "'2026'"]),
    (EVENT | {"kind": "debts"}, ["kind", "did you mean 'debt'"]),
    (EVENT | {"usd_bn": 1.0}, ["usd_bn", "not a key of an event"]),
    ({"quarter": "2026Q4"}, ["kind", "wanted text"]),
    (EVENT | {"arguments": {"borrower": "oracle"}}, ["usd_bn", "is missing"]),
    (EVENT | {"arguments": {"borrower": "orcle", "usd_bn": 1.0}}, ["borrower", "did you mean 'oracle'"]),
    (EVENT | {"arguments": {"borrower": "oracle", "usd_bn": -1.0}}, ["usd_bn", "-1", "from 0"]),
    (EVENT | {"arguments": {"borrower": "oracle", "usd_bn": float("inf")}}, ["usd_bn", "inf"]),
    (EVENT | {"arguments": {"borrower": "oracle", "usd_bn": 1.0, "rate": 0.1}}, ["'rate'", "borrower, usd_bn"]),
    (
        {"quarter": "2026Q4", "kind": "site_delay", "arguments": {"quarters": 2, "site": "Abilen"}},
        ["site", "did you mean 'Abilene'", "2025-12-31"],
    ),
    (
        {"quarter": "2026Q4", "kind": "site_delay", "arguments": {"quarters": 2}},
        ["exactly one of phase, site, operator", "none"],
    ),
    (
        {
            "quarter": "2026Q4",
            "kind": "capacity_lease",
            "arguments": {"provider": "oracle", "tenant": "microsoft", "h100e_m": 1, "start": "2027Q1"},
        },
        ["oracle lets nothing to microsoft", "oracle to openai"],
    ),
    (
        {"quarter": "2026Q4", "kind": "set_parameter", "arguments": {"name": "microsoft.caution", "value": 9.0}},
        ["microsoft.caution", "9", "0 to 5"],
    ),
    (
        {
            "quarter": "2026Q4",
            "kind": "equity_round",
            "arguments": {"by": {"microsoft": 9.0}, "post_money_usd_bn": 9.0},
        },
        ["post_money_usd_bn", "more than the 9 raised"],
    ),
]


@pytest.mark.parametrize(("given", "words"), MISTAKES)
def test_a_mistake_is_named(given: Any, words: list[str]) -> None:
    with pytest.raises(ValueError) as caught:
        load_scenario(given)
    message = str(caught.value)
    assert [word for word in words if word not in message] == [], message
    assert "\n" not in message


@pytest.mark.parametrize(("event", "words"), BAD_EVENTS)
def test_a_mistake_in_an_event_is_named(event: Any, words: list[str]) -> None:
    with pytest.raises(ValueError) as caught:
        load_scenario(BASE | {"events": [EVENT, event]})
    message = str(caught.value)
    assert [word for word in ["events[1]", *words] if word not in message] == [], message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("title = 3 4\n", ["not valid TOML", "line 1"]),
        ('extends = "mine.toml"', ["extends", "circle"]),
        ('extends = "other.toml"', ["extends", "there is no such file"]),
        ('extends = "baseline"\nknown_until = 2025-12-31T00:00:00', ["known_until", "a day"]),
        ('extends = "baseline"\n[parameters]\n"microsoft.caution" = [1.0]', ["microsoft.caution", "a distribution"]),
        ('extends = "baseline"\n[parameters]\n"microsoft.caution" = inf', ["microsoft.caution", "finite"]),
    ],
)
def test_a_mistake_in_a_file_names_the_file(tmp_path: Path, text: str, words: list[str]) -> None:
    path = write(tmp_path, "mine", text)
    with pytest.raises(ValueError) as caught:
        load_scenario(str(path))
    assert [word for word in [str(path), *words] if word not in str(caught.value)] == [], str(caught.value)


def test_what_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="binary.toml: is not text"):
        load_scenario(tmp_path / "binary.toml")
    with pytest.raises(ValueError, match="is a folder"):
        load_scenario(tmp_path)
