"""Distress along a path: rescued at a price, leases cut, losses by seniority, and everything still adds up."""

from __future__ import annotations

import numpy as np
import pytest

from agents.cast import HOLDERS
from runs.deal_distress import DefaultTalk, ReliefTalk, RescueTalk
from runs.deal_reasons import Reason
from runs.laws import measure_laws
from runs.model import ComputeMarket
from runs.recorder import Recorder
from tests.model.ensembles import stepped, talks
from world.entries import CLASSES, KINDS

WORLDS = 40
BANKRUPT = {
    "extends": "demand-winter",
    "name": "no help",
    "parameters": {
        "investors.rescue_share": 0.0,
        "investors.supply_share": 0.0,
        "labs.credit_line_share": 0.0,
        "market.sublet_friction": 0.0,
        "softbank.room_use": 0.0,
    },
    "events": [
        {"quarter": quarter, "kind": "demand_shock", "arguments": {"level": -2.0, "of": "services"}}
        for quarter in ("2027Q2", "2027Q3")
    ],
}
"""Customers leave, nobody lends and nobody rescues: what leases give up is not enough."""


def recorded(scenario: object, until: str) -> ComputeMarket:
    market = ComputeMarket(scenario, worlds=WORLDS, rng=1, until=until)
    market.recorder = Recorder()
    return stepped(market)


@pytest.fixture(scope="module")
def winter() -> ComputeMarket:
    return recorded("demand-winter", "2030Q4")


@pytest.fixture(scope="module")
def bankrupt() -> ComputeMarket:
    return recorded(BANKRUPT, "2028Q4")


def test_it_does_not_fire_in_the_baseline_and_does_in_a_winter(winter: ComputeMarket) -> None:
    calm = stepped(ComputeMarket("baseline", worlds=WORLDS, rng=1)).history.values
    assert calm["rescue_usd_bn"].sum() == 0.0
    assert calm["openai_default"].sum() == 0.0
    found = winter.history.values
    assert (found["rescue_usd_bn"].sum(axis=(0, 1)) > 0.0).sum() >= 3
    assert (found["lease_relief_usd_bn"].sum(axis=(0, 1)) > 0.0).sum() >= 2


def test_a_rescue_is_priced_between_default_and_going_on(winter: ComputeMarket) -> None:
    assert winter.recorder is not None
    seen = 0
    for quarter, world, talk in talks(winter, RescueTalk):
        assert talk.fallback_usd_bn <= talk.pre_money_usd_bn <= talk.value_usd_bn
        paid = sum(payment.usd_bn for payment in talk.payments)
        assert paid <= min(talk.short_usd_bn, talk.most_usd_bn) * (1 + 1e-9)
        if talk.issuer == "openai" and paid > 0.0:
            seen += 1
            page = winter.recorder.pages[quarter]
            stakes = page.one("after")["stakes"][:, world]
            assert stakes.sum() == pytest.approx(1.0)
            assert page.one("flow")["rescue_usd_bn"][world] == pytest.approx(paid)
            # The rescuers hold what they bought, the others what they held less their part of it.
            (before,) = [n["stakes"][:, world] for n in page.all("rescue") if n["issuer"] == "openai"]
            kept = 1.0 - talk.stake_sold
            for row in (0, 1, 3, 4):
                assert stakes[row] == pytest.approx(before[row] * kept)
            assert stakes[2] == pytest.approx(before[2] * kept + talk.stake_sold)
    assert seen >= 3


def test_providers_cut_rents_to_the_market_at_most_and_for_good(winter: ComputeMarket) -> None:
    reasons = set()
    for _, _, talk in talks(winter, ReliefTalk):
        reasons.add(talk.reason)
        assert talk.relief_usd_bn <= talk.gap_usd_bn * (1 + 1e-9)
        for lease in talk.leases:
            left = lease.rent_usd_bn * (1.0 - lease.cut)
            assert left >= min(lease.relet_usd_bn, lease.rent_usd_bn) * (1 - 1e-9)
            if lease.reason is Reason.RELETS:
                assert lease.cut == 0.0
    assert Reason.RELIEVED in reasons


def test_repriced_leases_keep_their_capacity() -> None:
    market = ComputeMarket("baseline", worlds=7, rng=1)
    market.step()
    leases = market.state.leases
    before = (
        leases.active.copy(),
        leases.rent_usd_bn().copy(),
        leases.backlog_usd_bn.copy(),
        leases.pending_total.copy(),
    )
    leases.reprice(0, 0.25)
    np.testing.assert_array_equal(leases.active, before[0])
    np.testing.assert_array_equal(leases.pending_total, before[3])
    np.testing.assert_allclose(leases.rent_usd_bn()[0], 0.75 * before[1][0])
    np.testing.assert_allclose(leases.backlog_usd_bn[0], 0.75 * before[2][0])
    np.testing.assert_array_equal(leases.rent_usd_bn()[1:], before[1][1:])
    with pytest.raises(ValueError, match="cut"):
        leases.reprice(0, 1.0)


def test_a_default_hurts_by_seniority_and_everything_adds_up(bankrupt: ComputeMarket) -> None:
    assert bankrupt.recorder is not None
    assert bankrupt.history.values["openai_default"].max() == 1.0
    assert all((law.distance <= law.allowed).all() for law in measure_laws(bankrupt))
    assert bankrupt.state.ledger.check().largest <= 1e-9
    defaults = 0
    found = talks(bankrupt, DefaultTalk)
    for quarter, world, talk in found:
        flows = bankrupt.recorder.pages[quarter].one("after")["flows"]
        ranks = [CLASSES.index(KINDS[due.kind].due_class) for due in talk.unpaid if due.usd_bn > 1e-6]
        if talk.debtor != "openai" or not ranks:
            continue
        defaults += 1
        # Whoever is paid after a class that fell short is paid out of what comes in with or after it, and no more: the
        # debtor has spent all that it had on those before.
        after: dict[str, float] = {"paid": 0.0, "received": 0.0}
        for (kind, payer, payee), amount in flows.items():
            due_class = KINDS[kind].due_class if kind in KINDS else None
            if due_class is None or CLASSES.index(due_class) <= min(ranks):
                continue
            if kind not in ("equity", "loan", "prepayment", "stake_sale"):
                after["paid"] += amount[world] * (payer == "openai")
                after["received"] += amount[world] * (payee == "openai")
        assert after["paid"] <= after["received"] + 1e-6
        lost = bankrupt.recorder.pages[quarter].one("flow")["default_loss_usd_bn"][:, world]
        told = sum(t.usd_bn for q, w, other in found if (q, w) == (quarter, world) for t in other.unpaid)
        assert lost.sum() == pytest.approx(told)
    assert defaults > 0


def test_creditors_become_holders(bankrupt: ComputeMarket) -> None:
    found = bankrupt.history.values
    stakes, default = found["openai_stake"], found["openai_default"][0]
    quarters, worlds = np.nonzero(default[1:])
    assert len(quarters) > 0
    anchor = stakes[HOLDERS.index("softbank")]
    # The anchor is owed nothing: it is diluted in every default. Staff get shares for wages that stay unpaid.
    assert (anchor[quarters + 1, worlds] < anchor[quarters, worlds]).all()
