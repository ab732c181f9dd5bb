"""The deal sheet: a recorded world has the ensemble's bits, and what the sheet says is what the books took in."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np
import pytest

from agents.cast import STANDING
from runs.deal_cluster import ClusterTalk
from runs.deal_credit import LoanTalk
from runs.deal_reasons import Reason
from runs.deal_sheet import CapacityTalk, DealSheet, RecordTalk, deal_sheet
from runs.explain import CRITERIA, choose_world, firm_named, record_world, told_quarter
from runs.flows import flow_matrix
from runs.metrics import REGISTRY
from runs.model import ComputeMarket
from runs.recorder import Recorder
from runs.simulate import simulate
from tests.model.ensembles import first_differences, stepped
from world.calendar import quarter_number

UNTIL = "2027Q4"
TIGHT = {
    "extends": "demand-winter",
    "name": "tight",
    "parameters": {"labs.credit_line_share": 0.1, "investors.supply_share": 0.0, "softbank.room_use": 0.0},
}
"""Nobody gives equity in a winter: labs fall back on small credit lines."""
FUNDED = ("openai", "xai", "rival_labs", "oracle")


def recorded(scenario: str | Mapping[str, object], worlds: int = 3, until: str = UNTIL) -> ComputeMarket:
    market = ComputeMarket(scenario, worlds=worlds, rng=1, until=until)
    market.recorder = Recorder()
    return stepped(market)


@pytest.fixture(scope="module", params=["baseline", "stargate-2025", "as-of-2023q4", "no-negotiation"])
def market(request: pytest.FixtureRequest) -> ComputeMarket:
    return recorded(request.param)


def sheets(market: ComputeMarket) -> list[tuple[int, int, DealSheet]]:
    assert market.recorder is not None
    return [(q, w, deal_sheet(market, q, w)) for q in market.recorder.pages for w in range(market.worlds)]


def test_the_world_run_alone_has_the_bits_of_the_ensemble() -> None:
    ensemble = simulate("stargate-2025", worlds=5, seed=3, until=UNTIL)
    alone = record_world("stargate-2025", 4, seed=3, until=UNTIL)
    assert alone.recorder is not None
    for name, row in REGISTRY.items():
        values = ensemble[name].sel(world=4)
        mine = alone.history.values[name][..., 0]
        theirs = values.sel({row.dimension: list(row.members)}).to_numpy() if row.dimension else values.to_numpy()[None]
        np.testing.assert_array_equal(mine, theirs, err_msg=name)


def test_the_recorder_changes_no_bit() -> None:
    plain = stepped(ComputeMarket("as-of-2024q3", worlds=3, rng=1, until="2026Q4"))
    assert first_differences(plain, recorded("as-of-2024q3", until="2026Q4")) == []


def test_leases_in_the_sheet_are_those_that_the_book_took_in(market: ComputeMarket) -> None:
    assert market.recorder is not None
    seen = 0.0
    for quarter, world, sheet in sheets(market):
        page = market.recorder.pages[quarter]
        added = (page.one("after")["signed"] - page.one("before")["signed"])[:, world]
        np.testing.assert_allclose(sheet.leases_signed(), added, rtol=1e-9, atol=1e-9)
        seen += float(added.sum())
    assert seen > 0.0
    # The tender counts what it signs in quantities; prices make the rent: the sheet's payment is price x hours.
    for _, _, sheet in sheets(market):
        for talk in sheet.talks:
            if isinstance(talk, CapacityTalk):
                for offer in (o for o in talk.offers if o.price_usd_h is not None):
                    hours = offer.signed_h100e_m * talk.term_years * 8.76
                    assert offer.payment_usd_bn == pytest.approx(offer.price_usd_h * hours)


def test_equity_in_the_sheet_is_what_the_ledger_moved(market: ComputeMarket) -> None:
    assert market.recorder is not None
    moved = 0.0
    for quarter, world, sheet in sheets(market):
        flows = market.recorder.pages[quarter].one("after")["flows"]
        ledger = {
            (payer, payee): amount[world]
            for (kind, payer, payee), amount in flows.items()
            if kind == "equity" and payee in FUNDED and amount[world] > 0.0
        }
        told = {key: value for key, value in sheet.equity_paid().items() if key[1] in FUNDED}
        for key in ledger.keys() | told.keys():
            assert told.get(key, 0.0) == pytest.approx(ledger.get(key, 0.0), abs=1e-9), (quarter, world, key)
        moved += sum(ledger.values())
    assert moved > 0.0


@pytest.mark.parametrize(("kind", "payer"), [("loan", "lenders"), ("stake_sale", "investors")])
def test_loans_and_sales_of_the_anchor_in_the_sheet_are_what_the_ledger_moved(
    market: ComputeMarket, kind: str, payer: str
) -> None:
    assert market.recorder is not None
    moved = 0.0
    for quarter, world, sheet in sheets(market):
        amount = market.recorder.pages[quarter].one("after")["flows"].get((kind, payer, "softbank"))
        booked = 0.0 if amount is None else float(amount[world])
        assert sheet.paid(kind).get((payer, "softbank"), 0.0) == pytest.approx(booked, abs=1e-8), (quarter, world)
        moved += booked
    assert moved > 0.0


def test_all_loans_in_the_sheet_are_what_the_ledger_moved(market: ComputeMarket) -> None:
    assert market.recorder is not None
    moved = 0.0
    for quarter, world, sheet in sheets(market):
        flows = market.recorder.pages[quarter].one("after")["flows"]
        booked = {
            (payer, payee): float(amount[world])
            for (kind, payer, payee), amount in flows.items()
            if kind == "loan" and payer == "lenders"
        }
        told = sheet.paid("loan")
        assert {payer for payer, _ in told} <= {"lenders"}
        for key in booked.keys() | told.keys():
            assert told.get(key, 0.0) == pytest.approx(booked.get(key, 0.0), abs=1e-8), (quarter, world, key)
        moved += sum(booked.values())
    assert moved > 0.0


def test_a_credit_line_is_drawn_within_its_limit_and_a_refusal_says_why() -> None:
    market = recorded(TIGHT, worlds=6, until="2028Q4")
    found, lines = set(), 0
    for _, world, sheet in sheets(market):
        for talk in (t for t in sheet.talks if isinstance(t, LoanTalk)):
            lines += talk.kind == "credit line"
            found.add((talk.kind, talk.reason))
            assert 0.0 <= talk.drawn_usd_bn <= talk.asked_usd_bn * (1 + 1e-9)
            if talk.limit_usd_bn is not None:
                assert talk.drawn_usd_bn <= max(talk.limit_usd_bn - talk.owed_usd_bn, 0.0) + 1e-9
            full = talk.drawn_usd_bn >= talk.asked_usd_bn * (1 - 1e-9)
            assert full == (talk.reason is Reason.LENT)
            if talk.reason is Reason.LINE_USED_UP:
                assert talk.limit_usd_bn is not None
                assert talk.owed_usd_bn >= talk.limit_usd_bn - 1e-9
            assert talk.rate > 0.0
            if talk.kind == "credit line":
                assert talk.spread == pytest.approx(market.parameters["lenders.spread_lab"][world])
            assert talk.borrower != "softbank"
    assert lines > 0
    assert ("credit line", Reason.LENT) in found
    assert any(kind == "credit line" and reason is not Reason.LENT for kind, reason in found), found


def test_reasons_agree_with_what_was_signed(market: ComputeMarket) -> None:
    found = set()
    for _, _, sheet in sheets(market):
        for talk in (t for t in sheet.talks if isinstance(t, CapacityTalk)):
            assert talk.signed_h100e_m <= talk.asked_h100e_m * (1 + 1e-9)
            for offer in talk.offers:
                found.add(offer.reason)
                signed = offer.reason in (Reason.SIGNED, Reason.FIXED)
                assert signed == (offer.signed_h100e_m > 1e-9)
                assert offer.signed_h100e_m <= offer.offered_h100e_m * (1 + 1e-9) + 1e-12
                if signed and market.settings.negotiate:
                    assert offer.price_usd_h is not None
                    assert offer.price_usd_h >= offer.reservation_usd_h * (1 - 1e-9)
                    burden = offer.delay_usd_h + offer.dependence_usd_h
                    assert offer.price_usd_h + burden <= min(talk.worth_usd_h, talk.market_usd_h) * (1 + 1e-9)
                if offer.reason is Reason.DEARER_THAN_MARKET:
                    burden = offer.delay_usd_h + offer.dependence_usd_h
                    assert offer.reservation_usd_h + burden >= talk.market_usd_h * (1 - 1e-9)
            if talk.first_refusal is not None:
                right = talk.first_refusal
                assert right.put_h100e_m == pytest.approx(
                    right.matched_h100e_m + right.waived_h100e_m + right.refused_h100e_m
                )
    assert (Reason.SIGNED if market.settings.negotiate else Reason.FIXED) in found
    assert len(found) > 2


def test_the_sheet_is_plain_json_and_knows_firms(market: ComputeMarket) -> None:
    _, _, sheet = sheets(market)[0]
    document = json.loads(json.dumps(sheet.as_dictionary(), allow_nan=False))
    kinds = {talk["kind"] for talk in document["negotiations"]}
    assert {"capacity", "equity round", "chips", "project finance"} <= kinds
    assert all("sentence" in t["reason"] for t in document["negotiations"] if "reason" in t)
    mine = sheet.about("xai")
    assert 0 < len(mine.talks) < len(sheet.talks)
    assert all("xai" in talk.parties for talk in mine.talks)
    assert firm_named("OpenAI") == "openai"
    assert firm_named("rival clouds") == "rival_clouds"


def test_events_of_the_record_are_told_apart_from_what_was_negotiated() -> None:
    market = record_world("stargate-2025", 0, quarter="2024Q4")
    records = [t for t in deal_sheet(market, quarter_number("2024Q4")).talks if isinstance(t, RecordTalk)]
    assert records
    assert records[0].payments
    assert {payment.payee for payment in records[0].payments} & {"openai", "xai"}


def test_the_cluster_is_on_the_sheet_of_the_quarter_in_which_it_is_let() -> None:
    let = (
        simulate("stargate-2025", worlds=16, until="2027Q4")["cluster_bid"].transpose("quarter", "world").to_numpy()
        > 0.0
    )
    world = int(np.flatnonzero(let[-1])[0])
    quarter = int(np.argmax(let[:, world]))
    market = record_world("stargate-2025", world, until="2027Q4")
    assert market.recorder is not None
    number = list(market.recorder.pages)[quarter]
    sheet = deal_sheet(market, number)
    (talk,) = [found for found in sheet.talks if isinstance(found, ClusterTalk)]
    assert talk.signed_by in ("microsoft", "oracle")
    assert talk.lacking_h100e_m >= talk.size_h100e_m
    won = [bid for bid in talk.bids if bid.reason is Reason.CLUSTER_WON]
    assert [bid.bidder for bid in won] == [talk.signed_by]
    assert won[0].effective_usd_h <= talk.worth_usd_h
    page = market.recorder.pages[number]
    added = (page.one("after")["signed"] - page.one("before")["signed"])[:, 0]
    np.testing.assert_allclose(sheet.leases_signed(), added, rtol=1e-9, atol=1e-9)


def test_rows_and_columns_of_the_flow_matrix_add_up(market: ComputeMarket) -> None:
    assert market.recorder is not None
    for quarter in market.recorder.pages:
        for world in range(market.worlds):
            found = flow_matrix(market, quarter, world)
            np.testing.assert_allclose(found.received - found.paid, found.closing - found.opening, atol=1e-6)
            assert found.paid.sum() == pytest.approx(found.received.sum())
            assert found.paid.sum() == pytest.approx(sum(flow.usd_bn for flow in found.flows))
            assert np.diag(found.matrix).max() == 0.0


def test_worlds_are_chosen_by_what_happens_in_them() -> None:
    dataset = simulate("as-of-2024q3", worlds=12, until="2027Q2")
    chosen = {name: choose_world(dataset, name) for name in CRITERIA}
    cash = dataset["openai_cash_usd_bn"].min("quarter")
    assert chosen["worst-cash"] == int(cash.to_numpy().argmin())
    assert chosen["best-cash"] == int(cash.to_numpy().argmax())
    assert chosen["most-stargate"] == int(dataset["stargate_share"].isel(quarter=-1).to_numpy().argmax())
    # The typical world stands nearer the median of every headline on average than the others do.
    middle = dataset["openai_revenue_usd_bn"].median("world")
    away = np.abs(dataset["openai_revenue_usd_bn"] - middle).mean("quarter")
    assert float(away.sel(world=chosen["typical"])) < float(away.max())
    with pytest.raises(ValueError, match="worst-cash"):
        choose_world(dataset, "worst-chash")


def test_only_the_quarter_asked_for_is_kept_and_a_wrong_one_is_refused() -> None:
    market = record_world("baseline", 2, quarter="2026Q3")
    assert market.recorder is not None
    assert list(market.recorder.pages) == [quarter_number("2026Q3")]
    assert told_quarter(market, "2026Q3") == market.calendar_quarter
    with pytest.raises(ValueError, match="2026Q1 to 2030Q4"):
        record_world("baseline", 2, quarter="2025Q1")
    with pytest.raises(ValueError, match="was not recorded"):
        deal_sheet(market, quarter_number("2026Q1"))
    assert len(STANDING.pairs) == len(deal_sheet(market, quarter_number("2026Q3")).leases_signed())
