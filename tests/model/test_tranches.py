"""Conditional tranches: what waits for the conversion is paid, waived by its date, or lapses with its shares."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from agents.cast import HOLDERS
from runs.deal_money import TrancheTalk
from runs.deal_reasons import Reason
from runs.model import ComputeMarket
from runs.recorder import Recorder
from runs.tranches import ANCHOR, MONEY, SHARES
from tests.model.ensembles import stepped, talks
from viz.deal_words import tell_talk
from world.arrays import fold

WORLDS = 12
PROMISE = {
    "name": "promised on condition",
    "extends": "as-of-2024q3",
    "parameters": {
        "openai.conversion_quarters": 60,  # never within the run
        "softbank.conditional_share": 0.5,
        "softbank.condition_quarters": 2,
        "softbank.room_use": 0.0,  # no further round with the anchor, and no room to waive
    },
    "events": [
        {
            "quarter": "2025Q1",
            "kind": "commitment",
            "arguments": {"usd_bn": 20.0, "due": "2025Q3", "pre_money_usd_bn": 180.0},
        }
    ],
}
DUE, LAPSE = 3, 5
"""Quarters of the run in which the promise falls due, and in which its condition must be met."""


def changed(**parameters: float) -> dict[str, Any]:
    """The same scenario with other parameters, `__` for the dot."""
    given = {name.replace("__", "."): value for name, value in parameters.items()}
    return PROMISE | {"parameters": PROMISE["parameters"] | given}  # type: ignore[operator]


def run_to(scenario: dict[str, Any], quarter: int) -> ComputeMarket:
    """The market once a quarter of the run is over, every quarter recorded."""
    market = ComputeMarket(scenario, worlds=WORLDS, rng=1, until="2027Q4")
    market.recorder = Recorder()
    while market.state.quarter < quarter:
        market.step()
    return market


def test_half_is_paid_when_due_the_rest_waits_and_lapses_by_its_date() -> None:
    market = run_to(PROMISE, DUE)
    money = market.money
    np.testing.assert_allclose(market.state.flow["tranche_usd_bn"], 10.0 * money)
    np.testing.assert_allclose(market.state.flow["tranche_waiting_usd_bn"], 10.0 * money)
    assert (market.state.cap.waiting.pending()[SHARES] > 0.0).all()
    for _ in range(LAPSE - DUE - 1):
        market.step()
        assert (market.state.flow["tranche_lapsed_usd_bn"] == 0.0).all()
    market.step()
    flow = market.state.flow
    np.testing.assert_allclose(flow["tranche_lapsed_usd_bn"], 10.0 * money)
    assert (flow["tranche_usd_bn"] == 0.0).all()
    assert (flow["tranche_waiting_usd_bn"] == 0.0).all()
    assert (market.state.cap.waiting.pending() == 0.0).all()


def test_shares_of_what_lapses_go_back_at_an_unchanged_price_of_a_share() -> None:
    market = run_to(PROMISE, LAPSE)
    assert market.recorder is not None
    pages = list(market.recorder.pages.values())
    before, after = pages[LAPSE].one("before"), pages[LAPSE].one("after")
    returned = market.state.flow["tranche_stake_returned"]
    # 10 of the 200 that OpenAI was worth with the promise is a twentieth, less what later rounds diluted it by.
    assert (returned > 0.0).all()
    assert (returned <= 0.05 + 1e-12).all()
    np.testing.assert_allclose(fold(after["stakes"]), 1.0, rtol=1e-12)
    flow = market.state.flow
    moved = [flow[name] for name in ("raised_usd_bn", "converted_now", "release_stake", "rescue_usd_bn", "default")]
    calm = fold(np.stack(moved)) == 0.0
    assert calm.any()
    worth = [page["stakes"] * page["valuation_usd_bn"] for page in (before, after)]
    for row, holder in enumerate(HOLDERS):
        if holder != "softbank":
            np.testing.assert_allclose(worth[1][row][calm], worth[0][row][calm], rtol=1e-9, err_msg=holder)
    lost = (worth[0] - worth[1])[ANCHOR][calm]
    np.testing.assert_allclose(lost, (returned * before["valuation_usd_bn"])[calm], rtol=1e-9)


def test_a_condition_is_waived_where_the_shares_are_worth_it_and_there_is_room() -> None:
    generous = changed(softbank__room_use=1.0, softbank__optimism=5.0, softbank__ltv_limit=0.6)
    market = run_to(generous, LAPSE)
    flow = market.state.flow
    waived = flow["tranche_waived_usd_bn"] > 0.0
    assert waived.any()
    assert (flow["tranche_lapsed_usd_bn"][waived] == 0.0).all()
    assert (flow["tranche_stake_returned"][waived] == 0.0).all()
    assert (flow["tranche_usd_bn"] >= flow["tranche_waived_usd_bn"]).all()
    # Room alone is no reason: who thinks that the shares are worth less than the money lets the promise lapse.
    doubtful = run_to(changed(softbank__room_use=1.0, softbank__optimism=-0.9, softbank__ltv_limit=0.6), LAPSE)
    assert (doubtful.state.flow["tranche_waived_usd_bn"] == 0.0).all()
    assert (doubtful.state.flow["tranche_lapsed_usd_bn"] > 0.0).all()


def test_a_condition_that_is_met_sets_all_of_it_free_at_once() -> None:
    event = {"quarter": "2025Q4", "kind": "conversion", "arguments": {"microsoft_stake": 0.3}}
    market = run_to(PROMISE | {"events": [*PROMISE["events"], event]}, DUE + 1)  # type: ignore[misc]
    np.testing.assert_allclose(market.state.flow["tranche_usd_bn"], 10.0 * market.money)
    assert (market.state.flow["tranche_waiting_usd_bn"] == 0.0).all()
    assert (market.state.flow["tranche_lapsed_usd_bn"] == 0.0).all()


@pytest.mark.parametrize("use", [0.0, 1.0])
def test_what_is_promised_is_paid_waits_or_lapses_and_the_sheet_says_who_waived(use: float) -> None:
    market = stepped(run_to(changed(softbank__room_use=use, softbank__optimism=1.0), 0))
    assert market.recorder is not None
    cap = market.state.cap
    paid, lapsed = (
        fold(np.stack([page.one("flow")[name] for page in market.recorder.pages.values()]))
        for name in ("tranche_usd_bn", "tranche_lapsed_usd_bn")
    )
    outstanding = cap.tranches.pending()[MONEY] + cap.waiting.pending()[MONEY]
    np.testing.assert_allclose(cap.promised_usd_bn, paid + lapsed + outstanding, rtol=1e-9)
    told = {Reason.LAPSED: 0, Reason.CONDITION_WAIVED: 0, Reason.WAITS_FOR_CONVERSION: 0}
    for quarter, world, talk in talks(market, TrancheTalk):
        flow = market.recorder.pages[quarter].one("flow")
        assert talk.lapsed_usd_bn == flow["tranche_lapsed_usd_bn"][world]
        assert (talk.waived_by == "softbank") == (talk.waived_usd_bn > 1e-9)
        words = " ".join(tell_talk(talk)[1])
        if talk.reason is Reason.LAPSED:
            assert "lapsed" in words
            assert talk.stake_returned > 0.0
        if talk.reason is Reason.CONDITION_WAIVED:
            assert talk.worth_usd_bn >= talk.waived_usd_bn
            assert "waived" in words
        if talk.reason in told:
            told[talk.reason] += 1
    assert told[Reason.WAITS_FOR_CONVERSION] > 0
    assert told[Reason.LAPSED] > 0 if use == 0.0 else told[Reason.CONDITION_WAIVED] > 0
