"""A cloud of a plugin builds, lets, borrows, is on sheets, in flows, on the page and in figures, and keeps all laws."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from agents.additions import AddedCloud
from agents.cast import Cast
from agents.plugins import read_plugins
from agents.rivals import Cloud
from runs.deal_sheet import deal_sheet
from runs.event_kinds import Event
from runs.events import record_events
from runs.explain import firm_named, record_world
from runs.flows import flow_matrix
from runs.laws import check_laws
from runs.model import ComputeMarket
from runs.scenario import load_scenario
from runs.simulate import simulate
from runs.use import bought_h100e_m
from tests.model.documented import written
from tests.model.ensembles import first_differences, stepped
from viz.figures import FIGURES, draw_figures
from viz.page.deals import deals_asked
from viz.page.state import RefusedError, Shelf
from world.arrays import fold

STARTS = ("as-of-2023q4", "as-of-2024q3", "baseline")
WORLDS = 9


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The plugins of the documentation as files."""
    return written(tmp_path_factory.mktemp("plugins"))


@cache
def finished(scenario: str, until: str, *plugins: str) -> ComputeMarket:
    """A run with the laws checked after every quarter, as each run has them."""
    return stepped(ComputeMarket(scenario, worlds=WORLDS, rng=2, until=until, plugins=plugins))


@pytest.mark.parametrize("scenario", STARTS)
@pytest.mark.parametrize("plugin", ["my_agents.py", "my_clouds.py"])
def test_the_plugins_of_the_documentation_keep_every_total_at_the_start(
    files: dict[str, str], scenario: str, plugin: str
) -> None:
    plain, split = (ComputeMarket(scenario, worlds=2, rng=5, plugins=given) for given in ((), (files[plugin],)))
    brought = sum(cloud.figures.get("cash_usd_bn", 0.0) for cloud in split.cast.clouds_added)

    def totals(m: ComputeMarket, cash: float) -> dict[str, object]:
        s, let = m.state, m.cast.let
        tenants = ("openai", "microsoft", "xai", "rival_labs")
        held = {tenant: [row for row in let if m.cast.pairs[row][1] == tenant] for tenant in tenants}
        held["rival_labs"] = [row for row in let if m.cast.pairs[row][1] in m.cast.rivals]
        return {
            "cash": sum(s.ledger.cash(name) for name in m.cast.sectors) + cash,
            "debt": sum(s.ledger.debt(name) for name in m.cast.sectors),
            "fixed": sum(s.ledger.fixed(name) for name in m.cast.sectors),
            "core": fold(m.core("cash_flow")),
            "price": s.market.price_usd_h,
            "sold": s.market.sold_h100e_m,
            "bought": bought_h100e_m(s),
            "power": fold(s.sites.energised_gw),
            "running": [fold(s.leases.active[rows]) for rows in held.values()],
            "signed": [fold(s.leases.pending_total[rows]) for rows in held.values()],
            "revenue": sum(m.firms[name].revenue_usd_bn for name in m.cast.labs),
            "pool": m.firms["customers"].pool_usd_bn,
            "promise": sum(m.promise_usd_bn.values()),
            "burn": m.burn["openai"] + sum(m.burn[name] for name in m.cast.rivals),
        }

    wanted, got = totals(plain, brought), totals(split, 0.0)
    for name, value in wanted.items():
        np.testing.assert_allclose(np.array(got[name]), np.array(value), rtol=1e-10, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("scenario", [*STARTS, "demand-winter"])
def test_a_cloud_builds_lets_and_borrows_and_its_accounts_balance(files: dict[str, str], scenario: str) -> None:
    market = finished(scenario, "2028Q4", files["my_agents.py"], files["my_clouds.py"])
    check_laws(market)
    at = {name: market.cast.operator[name] for name in market.cast.clouds}
    owned = market.history.values["sold_h100e_m"]
    assert (owned[at["gulf_fund"], 0] == 0.0).all()
    if scenario != "demand-winter":
        assert (owned[at["coreweave"], -1] > 1.5 * owned[at["coreweave"], 0]).all()
        assert (owned[at["gulf_fund"], -1] > 0.0).all()
    received = market.history.values["rent_received_usd_bn"][market.cast.providers.index("coreweave")]
    assert (received > 0.0).all()
    debt = market.history.values["debt_usd_bn"][market.cast.actors.index("coreweave")]
    assert (debt[-1] != debt[0]).all()
    asics = market.state.fleet.sold[at["coreweave"]][-1]
    assert (asics == 0.0).all()


def test_a_cloud_that_cannot_pay_leaves_its_lenders_a_loss_and_everything_adds_up() -> None:
    burdened = AddedCloud("burdened", "B", Cloud, share=0.05, figures={"debt_usd_bn": 400.0}, spread=0.3)
    settings = load_scenario("demand-winter", Cast(clouds_added=(burdened,)))
    market = stepped(ComputeMarket(settings, worlds=5, until="2027Q4"))
    plain = stepped(ComputeMarket("demand-winter", worlds=5, until="2027Q4"))
    lost = [
        m.history.values["default_loss_usd_bn"][m.cast.creditors.index("lenders")].sum(axis=0) for m in (market, plain)
    ]
    assert (lost[0] > lost[1] + 1.0).all()
    owed = market.history.values["debt_usd_bn"][market.cast.actors.index("burdened")]
    assert (owed[-1] < owed[0]).all()
    check_laws(market)


def test_a_cloud_is_in_tenders_on_the_sheet_and_in_the_flows(files: dict[str, str]) -> None:
    market = record_world("as-of-2024q3", 3, until="2027Q4", plugins=[files["my_clouds.py"]])
    assert market.recorder is not None
    signed = 0.0
    for quarter, page in market.recorder.pages.items():
        sheet = deal_sheet(market, quarter)
        booked = page.one("after")["signed"][:, 0] - page.one("before")["signed"][:, 0]
        np.testing.assert_allclose(sheet.leases_signed(), booked, rtol=1e-9, atol=1e-12)
        mine = sheet.about("coreweave")
        offers = [
            offer for talk in mine.talks for offer in getattr(talk, "offers", ()) if offer.provider == "coreweave"
        ]
        assert len(offers) == len(market.cast.tenants)
        signed += sum(offer.signed_h100e_m for offer in offers)
        flows = flow_matrix(market, quarter)
        row = flows.sectors.index("coreweave")
        moved = flows.closing[row] - flows.opening[row]
        assert flows.received[row] - flows.paid[row] == pytest.approx(moved, abs=1e-9)
        assert flows.received[row] > 0.0
    assert signed > 0.0
    assert firm_named("CoreWeave", market.cast) == "coreweave"
    with pytest.raises(ValueError, match="nobody is called"):
        firm_named("CoreWeave")


def test_deals_of_the_record_enter_under_the_name_of_the_cloud(files: dict[str, str]) -> None:
    known = {"start": "2024Q3", "known_until": "2025-12-31"}
    plain, split = (record_events(load_scenario(known, given)) for given in ((), (files["my_clouds.py"],)))

    def by(events: tuple[Event, ...], name: str) -> list[Event]:
        return [event for event in events if name in event.arguments.values()]

    assert by(split, "coreweave")
    assert not by(plain, "coreweave")
    assert len(split) >= len(plain)  # loans of the cloud itself have a borrower now
    leases = {
        name: [e for e in by(split, name) if e.kind == "capacity_lease"] for name in ("coreweave", "rival_clouds")
    }
    before = [event for event in by(plain, "rival_clouds") if event.kind == "capacity_lease"]
    assert len(before) == len(leases["coreweave"]) + len(leases["rival_clouds"])


def test_the_page_shows_scenarios_with_a_cast_of_ones_own(files: dict[str, str]) -> None:
    shelf = Shelf("demand-winter", [files["my_clouds.py"]])
    assert {scenario.cast for scenario in shelf.scenarios.values()} == {read_plugins([files["my_clouds.py"]])}
    assert deals_asked([("firm", "CoreWeave")], shelf) == (None, "coreweave")
    with pytest.raises(RefusedError, match="nobody is called"):
        deals_asked([("firm", "CoreWeave")], Shelf())


def test_every_figure_is_drawn_with_added_firms(files: dict[str, str], tmp_path: Path) -> None:
    run = simulate("baseline", worlds=8, plugins=[files["my_agents.py"], files["my_clouds.py"]])
    assert [path.stem for path in draw_figures(run, tmp_path)] == list(FIGURES)


def test_a_world_with_added_firms_has_the_same_bits_in_another_company(files: dict[str, str]) -> None:
    plugins = (files["my_agents.py"], files["my_clouds.py"])
    whole = finished("baseline", "2028Q4", *plugins)
    alone = stepped(ComputeMarket("baseline", worlds=np.array([6, 2]), rng=2, until="2028Q4", plugins=plugins))
    assert first_differences(whole, alone, np.array([6, 2])) == []
