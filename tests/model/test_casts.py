"""A cast belongs to a model: models with different casts live in one process, and nothing has to be undone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agents.additions import AddedCloud
from agents.cast import STANDING, Cast, title
from agents.plugins import read_plugins
from agents.rivals import Cloud
from runs.compare import compare
from runs.metrics import REGISTRY, registry_of
from runs.model import ComputeMarket
from runs.scenario import load_scenario
from runs.simulate import simulate
from tests.model.documented import block, written
from tests.model.ensembles import first_differences, stepped

STARTS = ("as-of-2023q4", "as-of-2024q3", "baseline")
WORLDS = 9


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The plugins of the documentation as files."""
    return written(tmp_path_factory.mktemp("plugins"))


# ---------------------------------------------------------------------- casts side by side


def test_two_casts_live_in_one_process_step_by_step(files: dict[str, str]) -> None:
    made = {
        name: ComputeMarket("baseline", worlds=5, rng=4, until="2027Q4", plugins=plugins)
        for name, plugins in {"plain": [], "labs": [files["my_agents.py"]], "clouds": [files["my_clouds.py"]]}.items()
    }
    alone = stepped(ComputeMarket("baseline", worlds=5, rng=4, until="2027Q4"))
    while made["plain"].running:
        for market in made.values():
            market.step()
    assert first_differences(made["plain"], alone) == []
    assert made["plain"].cast is STANDING
    assert set(made["labs"].firms) - set(made["plain"].firms) == {"anthropic"}
    assert set(made["clouds"].firms) - set(made["plain"].firms) == {"coreweave", "gulf_fund"}
    shapes = {name: market.history.values["used_h100e_m"].shape[0] for name, market in made.items()}
    assert shapes == {"plain": 7, "labs": 8, "clouds": 7}


def test_the_same_files_make_the_same_cast_and_other_content_another(tmp_path: Path) -> None:
    file = tmp_path / "my_agents.py"
    file.write_text(block("my_agents.py"), encoding="utf-8")
    first = read_plugins([file])
    assert read_plugins([str(file), file]) is first
    file.write_text(block("my_agents.py").replace("share=0.2", "share=0.3"), encoding="utf-8")
    second = read_plugins([file])
    assert [cast.labs_added[0].share for cast in (first, second)] == [0.2, 0.3]
    assert "fill-first" not in STANDING.policies["microsoft"]
    assert read_plugins([]) is STANDING


def test_a_cast_needs_no_file() -> None:
    entrant = AddedCloud("newcomer", "The newcomer", Cloud, share=0.1)
    settings = load_scenario("baseline", Cast(clouds_added=(entrant,)))
    market = stepped(ComputeMarket(settings, worlds=3, until="2026Q4"))
    assert market.history.values["sold_h100e_m"].shape[0] == len(STANDING.operators) + 1
    assert title("newcomer") == "The newcomer"


def test_a_metric_that_is_registered_later_is_there_for_every_cast(monkeypatch: pytest.MonkeyPatch) -> None:
    cast = Cast(clouds_added=(AddedCloud("newcomer", "The newcomer", Cloud, figures={"cash_usd_bn": 20.0}),))
    assert "later" not in registry_of(cast)
    monkeypatch.setitem(REGISTRY, "later", replace(REGISTRY["sold_h100e_m"], name="later"))
    assert registry_of(cast)["later"].members == cast.operators
    assert registry_of(STANDING)["later"].members == STANDING.operators


def test_a_run_names_its_plugins_and_its_members(files: dict[str, str]) -> None:
    both = [files["my_agents.py"], files["my_clouds.py"]]
    run = simulate("baseline", worlds=3, until="2026Q3", plugins=both)
    assert run.attrs["plugins"] == "my_agents.py my_clouds.py"
    assert "anthropic" in run["lab_revenue_usd_bn"].attrs["members"].split()
    assert {"coreweave>anthropic", "gulf_fund>openai"} <= set(run["leased_h100e_m"].attrs["members"].split())
    assert "coreweave" not in simulate("baseline", worlds=3, until="2026Q3")["owner"].to_numpy()


def test_a_scenario_file_names_its_plugins_and_casts_can_be_compared(files: dict[str, str]) -> None:
    folder = Path(files["my_clouds.py"]).parent
    file = folder / "clouds.toml"
    file.write_text('extends = "baseline"\nplugins = ["my_clouds.py"]\n', encoding="utf-8")
    settings = load_scenario(file)
    assert settings.cast is read_plugins([files["my_clouds.py"]])
    assert load_scenario(file, [files["my_clouds.py"]]).cast is settings.cast
    assert load_scenario(file, [files["my_agents.py"]]).cast.labs_added[0].name == "anthropic"
    rows = compare("baseline", settings, worlds=4, until="2027Q4").rows
    chips = {row.member: row for row in rows if row.metric == "sold_h100e_m" and row.quarter == "2027Q4"}
    assert chips.keys() == set(STANDING.operators)
    moved = chips["rival_clouds"].mean
    assert moved is not None
    assert moved < 0.0  # what is split off is counted elsewhere
    file.write_text('extends = "baseline"\nplugins = ["nowhere.py"]\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"clouds\.toml: plugins: .*nowhere\.py: there is no such file"):
        load_scenario(file)
    for wrong in ("my_clouds.py", [1], 5):
        with pytest.raises(ValueError, match="plugins: wanted a list of files"):
            load_scenario({"extends": "baseline", "plugins": wrong})


OWN_POLICIES = """
from agents.additions import add_cloud
from agents.base import policy
from agents.rivals import Cloud


class Newcomer(Cloud):
    def appetite(self, view, own):
        return self.decide("appetite", view, own, high=1.0)


@policy("newcomer", "eager")
class Eager:
    def appetite(self, firm, view, own):
        return 1.0


@policy("newcomer", "idle")
class Idle:
    def appetite(self, firm, view, own):
        return 0.0


add_cloud("newcomer", "Newcomer", Newcomer, share=0.05)
"""


def test_an_added_firm_has_policies_of_its_own_and_scenarios_and_events_name_it(tmp_path: Path) -> None:
    file = tmp_path / "newcomer.py"
    file.write_text(OWN_POLICIES, encoding="utf-8")
    lease = {"provider": "newcomer", "tenant": "openai", "usd_bn": 10.0, "start": "2026Q4"}
    idle = {
        "extends": "baseline",
        "policies": {"newcomer.policy": "idle"},
        "events": [{"quarter": "2026Q2", "kind": "capacity_lease", "arguments": lease}],
    }
    eager, calm = (
        stepped(ComputeMarket(scenario, worlds=4, until="2027Q4", plugins=[file])) for scenario in ("baseline", idle)
    )
    ordered = [market.history.values["energised_facility_gw"][-1, -1] for market in (eager, calm)]
    assert (ordered[0] > ordered[1]).all()
    row = calm.cast.pair_names.index("newcomer>openai")
    assert (calm.history.values["leased_h100e_m"][row, 2] + calm.history.values["pending_h100e_m"][row, 2] > 0.0).all()
    for wrong in (idle | {"events": []}, idle | {"policies": {}}):
        with pytest.raises(ValueError, match="newcomer"):
            load_scenario(wrong)


def test_a_saved_market_wants_the_plugins_that_it_had(files: dict[str, str], tmp_path: Path) -> None:
    cloud, state = files["my_clouds.py"], tmp_path / "market.state"
    through = ComputeMarket("baseline", worlds=3, rng=1, until="2026Q4", plugins=[cloud])
    through.step()
    through.save(state)
    loaded = ComputeMarket.load(state, plugins=[cloud])
    assert first_differences(stepped(through), stepped(loaded)) == []
    with pytest.raises(ValueError, match=r"saved with the plugins: my_clouds.py \(\w+\); given: none"):
        ComputeMarket.load(state)


def test_a_parameter_of_its_own_is_one_that_its_parent_has() -> None:
    for given, word in (({"hurdel": 0.1}, "hurdle"), ({"hurdle": -90.0}, "out of range")):
        cast = Cast(clouds_added=(AddedCloud("newcomer", "N", Cloud, share=0.1, parameters=given),))
        with pytest.raises(ValueError, match=f"cloud newcomer: parameters: .*{word}"):
            ComputeMarket(load_scenario("baseline", cast))
