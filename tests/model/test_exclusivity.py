"""The exclusive contract along a path: it only loosens, each step is paid for, and what is committed binds."""

from __future__ import annotations

import numpy as np
import pytest

from agents.cast import STANDING
from runs.deal_reasons import Reason
from runs.deal_release import ReleaseTalk
from runs.exclusivity import MOST_STAKE
from runs.model import ComputeMarket
from runs.recorder import Recorder
from tests.model.ensembles import stepped, talks

WORLDS, UNTIL = 30, "2026Q4"
ROW = STANDING.pair["microsoft", "openai"]


@pytest.fixture(scope="module")
def market() -> ComputeMarket:
    market = ComputeMarket("as-of-2024q3", worlds=WORLDS, rng=1, until=UNTIL)
    market.recorder = Recorder()
    return stepped(market)


def test_it_loosens_by_steps_that_are_bought(market: ComputeMarket) -> None:
    state = market.history.values["exclusivity"][0]
    price = market.history.values["release_price_usd_bn"][0]
    before = np.vstack([np.full(WORLDS, 2.0), state[:-1]])
    assert (state <= before).all()
    np.testing.assert_array_equal(price > 0.0, state < before)
    assert 0 < (state[-1] == 0.0).sum() < WORLDS
    assert (state == 1.0).any()


def test_both_sides_gain_on_the_sheet_and_the_payment_is_the_price(market: ComputeMarket) -> None:
    found = set()
    for _, _, talk in talks(market, ReleaseTalk):
        found.add(talk.reason)
        assert talk.claim_usd_bn == pytest.approx(talk.loss_usd_bn * (1.0 - talk.late_share))
        if talk.reason is Reason.RELEASED:
            least, most = talk.claim_usd_bn, talk.gain_usd_bn + talk.besides_usd_bn
            assert least * (1 - 1e-9) <= talk.price_usd_bn <= most * (1 + 1e-9)
            assert talk.stake <= MOST_STAKE
            assert talk.stake_usd_bn <= talk.price_usd_bn * (1 + 1e-9)
            assert talk.committed_h100e_m > 0.0 or talk.stake > 0.0
        else:
            assert (talk.price_usd_bn, talk.committed_h100e_m, talk.stake) == (0.0, 0.0, 0.0)
    assert {Reason.RELEASED, Reason.NOT_PRESSED, Reason.FREEDOM_WORTH_LITTLE} <= found


def test_a_commitment_is_a_lease_that_binds(market: ComputeMarket) -> None:
    assert market.recorder is not None
    some = 0
    for quarter, world, talk in talks(market, ReleaseTalk):
        if talk.committed_h100e_m > 1e-6:
            some += 1
            page = market.recorder.pages[quarter]
            signed = (page.one("after")["signed"] - page.one("before")["signed"])[ROW, world]
            assert signed >= talk.committed_h100e_m * (1 - 1e-9)
            assert talk.rent_usd_bn > 0.0
    assert some > 3


def test_a_sole_provider_lets_go_of_what_it_consents_to_only(market: ComputeMarket) -> None:
    assert market.recorder is not None
    refused = 0.0
    for page in market.recorder.pages.values():
        note, flow = page.one("refusal"), page.one("flow")
        # Whoever is freed this quarter may let the cluster to another after the tender.
        sole = (note["state"] == 2.0) & (page.one("after")["exclusivity"] == 2.0)
        outside = flow["signed_h100e_m"][
            [STANDING.pair["oracle", "openai"], STANDING.pair["rival_clouds", "openai"]]
        ].sum(0)
        # The very large cluster is let besides the tender, and counted as waived there.
        assert (outside <= flow["waived_h100e_m"] + 1e-9)[sole].all()
        refused += float(note["refused"].sum())
    assert refused > 0.0


def test_without_negotiation_nothing_is_bought_and_nothing_held_back() -> None:
    market = stepped(ComputeMarket("no-negotiation", worlds=9, rng=1, until="2025Q4"))
    assert (market.history.values["exclusivity"] == 2.0).all()
    assert (market.history.values["release_price_usd_bn"] == 0.0).all()
    assert market.history.values["signed_h100e_m"][STANDING.pair["oracle", "openai"]].sum() > 0.0
