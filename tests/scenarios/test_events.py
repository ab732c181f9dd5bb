"""Events: one that says that nothing happens changes no bit, the others do what they say, and the books hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from runs.event_kinds import KINDS
from runs.model import ComputeMarket
from runs.scenario import load_scenario

WORLDS, SEED = 7, 3
BASE = "as-of-2024q3"
LAST = "2025Q3"


def run(events: list[dict[str, Any]], base: str = BASE, until: str = LAST, **more: Any) -> ComputeMarket:
    """A market stepped to its end; every law is checked on the way."""
    market = ComputeMarket({"extends": base, "events": events, **more}, worlds=WORLDS, rng=SEED, until=until)
    while market.running:
        market.step()
    return market


def event(kind: str, quarter: str = "2025Q1", **arguments: Any) -> dict[str, Any]:
    return {"quarter": quarter, "kind": kind, "arguments": arguments}


@pytest.fixture(scope="module")
def plain() -> ComputeMarket:
    return run([])


def changed(market: ComputeMarket, other: ComputeMarket) -> list[str]:
    """The metrics of which a bit differs."""
    pairs = ((name, market.history.values[name], other.history.values[name]) for name in market.history.values)
    return [name for name, a, b in pairs if not np.array_equal(a, b, equal_nan=True)]


NOTHING = [
    event("demand_shock"),
    event("power_price_shock", change=0.0),
    event("rate_shock"),
    event("set_parameter", name="microsoft.caution", factor=1.0),
    event("equity_round", by={"softbank": 0.0, "investors": 0.0}),
    event("commitment", usd_bn=0.0, due="2025Q2"),
    event("debt", borrower="oracle", usd_bn=0.0),
    event("capacity_lease", provider="oracle", tenant="openai", h100e_m=0.0, start="2025Q3"),
    event("site_delay", quarters=0.0, operator="rival_clouds"),
    event("site_cancel", phase="Colossus 1 phase 1"),
]
"""One event of each kind that can say that nothing happens."""


def test_no_ops_change_no_bit(plain: ComputeMarket) -> None:
    assert changed(plain, run(NOTHING)) == []


def test_an_event_after_the_horizon_changes_no_bit(plain: ComputeMarket) -> None:
    assert changed(plain, run([event("demand_shock", quarter="2026Q1", level=-1.0)])) == []


SOMETHING = [
    (event("demand_shock", level=-0.5), "used_h100e_m", None),
    (event("demand_shock", growth=0.1, of="services"), "openai_revenue_usd_bn", 1.0),
    (event("power_price_shock", change=0.7), "long_run_cost_usd_h", 1.0),
    (event("rate_shock", ten_year=0.03), "long_run_cost_usd_h", 1.0),
    (event("rate_shock", base=0.03), "cash_usd_bn", None),
    (event("set_parameter", name="costs.power_usd_mwh", factor=2.0), "long_run_cost_usd_h", 1.0),
    (event("equity_round", by={"microsoft": 20.0}), "openai_cash_usd_bn", 1.0),
    (event("commitment", usd_bn=10.0, due="2025Q2"), "openai_stake", None),
    (event("debt", borrower="oracle", usd_bn=50.0), "oracle_debt_usd_bn", 1.0),
    (event("conversion", microsoft_stake=0.3), "converted", 1.0),
    (event("exclusivity", state="open"), "exclusivity", -1.0),
    (event("capacity_lease", provider="oracle", tenant="openai", h100e_m=0.5, start="2025Q3"), "pending_h100e_m", None),
    (event("own_chip"), "own_chip_started", 1.0),
    (event("site_delay", site="Abilene", quarters=4.0), "abilene_facility_gw", -1.0),
    (event("site_delay", operator="rival_clouds", quarters=3.5), "deployed_h100e_m", None),
    (event("site_cancel", phase="Abilene phase 1"), "abilene_facility_gw", -1.0),
]
"""An event of each kind that does something, a metric that it moves, and where it is sure in which direction."""


def test_every_kind_is_tried() -> None:
    assert {given["kind"] for given, _, _ in SOMETHING} == set(KINDS)


@pytest.mark.parametrize(("given", "metric", "sign"), SOMETHING, ids=lambda v: v["kind"] if isinstance(v, dict) else "")
def test_an_event_moves_what_it_should_and_nothing_before(
    plain: ComputeMarket, given: dict[str, Any], metric: str, sign: float | None
) -> None:
    market = run([given])
    before, after = plain.history.values[metric], market.history.values[metric]
    np.testing.assert_array_equal(before[:, 0], after[:, 0])
    assert (before[:, 1:] != after[:, 1:]).any()
    if sign is not None:
        change = sign * (after - before)[:, 1:]
        assert change.min() >= 0.0 and change.mean() > 0.0


def test_a_round_pays_dilutes_and_prices() -> None:
    market = run(
        [event("equity_round", "2024Q4", by={"investors": 5.0, "nvidia": 1.6}, post_money_usd_bn=157.0)], until="2024Q4"
    )
    own = market.state.ledger
    np.testing.assert_allclose(own.paid("equity", "nvidia", "openai"), 1.6)
    assert (own.paid("equity", "investors", "openai") >= 5.0).all()
    nvidia = market.history.values["openai_stake"][3, 0]
    assert ((nvidia > 0.0) & (nvidia <= 1.6 / 157.0 + 1e-12)).all()


def test_a_promise_dilutes_now_and_is_paid_when_it_is_due() -> None:
    promise = event("commitment", "2024Q4", usd_bn=12.0, due="2025Q2", post_money_usd_bn=150.0)
    market = run([promise, event("conversion", "2024Q4", microsoft_stake=0.3)])
    paid = market.history.values["softbank_paid_usd_bn"][0]
    assert (paid[2] >= 12.0).all()
    # The lab knows what is coming and asks for less now; what it would have had from the anchor anyway differs.
    without = run([event("conversion", "2024Q4", microsoft_stake=0.3)]).history.values["softbank_paid_usd_bn"][0]
    assert ((paid - without)[0] <= 0.0).all() and ((paid - without)[2] > 0.0).all()


def test_who_raises_by_an_event_does_not_raise_again_in_that_quarter() -> None:
    market = run([event("equity_round", "2024Q4", by={"investors": 6.6}, post_money_usd_bn=157.0)], until="2024Q4")
    np.testing.assert_allclose(market.history.values["openai_raised_usd_bn"][0, 0], 6.6)


def test_a_late_site_gets_all_its_power_in_the_end() -> None:
    late = run([event("site_delay", site="Abilene", quarters=2.0)], until="2026Q4")
    plain = run([], until="2026Q4")
    gap = plain.history.values["abilene_facility_gw"] - late.history.values["abilene_facility_gw"]
    assert (gap >= 0.0).all() and (gap.max(axis=1) > 0.0).all()
    # What is built in the first quarters is the same phase: two quarters later its power is there.
    np.testing.assert_allclose(
        late.history.values["abilene_facility_gw"][:, 4:6],
        plain.history.values["abilene_facility_gw"][:, 2:4],
        atol=1e-12,
    )


def test_money_follows_the_currency() -> None:
    paid = event("equity_round", "2024Q4", by={"nvidia": 3.0}, pre_money_usd_bn=150.0)
    market = run([paid], until="2024Q4", parameters={"currency.scale": 7.0})
    np.testing.assert_allclose(market.state.ledger.paid("equity", "nvidia", "openai"), 21.0)
    assert (market.history.values["openai_stake"][3, 0] <= 3.0 / 153.0 * (1.0 + 1e-12)).all()


def test_a_shock_out_of_a_parameters_limits_is_refused() -> None:
    with pytest.raises(ValueError, match=r"set_parameter in 2025Q1: microsoft.caution .* allowed: 0 to 5"):
        run([event("set_parameter", name="microsoft.caution", factor=1000.0)])


def test_events_of_one_world_are_those_of_many() -> None:
    events = [event("demand_shock", level=-0.3), event("equity_round", by={"softbank": 3.0})]
    many = run(events)
    alone = ComputeMarket({"extends": BASE, "events": events}, worlds=1, rng=SEED, first_world=4, until=LAST)
    while alone.running:
        alone.step()
    for name, values in alone.history.values.items():
        np.testing.assert_array_equal(values[..., 0], many.history.values[name][..., 4], err_msg=name)


def test_the_scenarios_that_pull_levers_run() -> None:
    for name in ("late-power-at-abilene", "no-stargate", "cautious-microsoft", "fast-oracle", "no-negotiation"):
        run([], base=name, until="2025Q2")
    assert len(load_scenario("demand-winter").events) == 3
    run([], base="demand-winter", until="2027Q3")
