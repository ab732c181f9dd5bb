"""The very large cluster: let once, to a bidder with the means, and never without negotiation."""

from __future__ import annotations

import numpy as np
import pytest

from runs.cluster import NONE, ON_DEBT, OWN_HARDWARE
from runs.model import ComputeMarket
from tests.model.ensembles import finished

WORLDS = 40


@pytest.fixture(scope="module")
def market() -> ComputeMarket:
    return finished("as-of-2024q3", WORLDS, until="2028Q4")


def path(market: ComputeMarket, name: str, row: int = 0) -> np.ndarray:
    """A metric by quarter and world."""
    values: np.ndarray = market.history.values[name][row]
    return values


def test_it_is_let_once_and_stays_with_its_builder(market: ComputeMarket) -> None:
    state = path(market, "cluster_bid")
    assert set(np.unique(state)) == {NONE, OWN_HARDWARE, ON_DEBT}
    assert np.all((state[1:] == state[:-1]) | (state[:-1] == NONE))


def test_the_winner_had_the_means(market: ComputeMarket) -> None:
    state = path(market, "cluster_bid")
    before = np.vstack([np.zeros((1, WORLDS)), state[:-1]])
    for row, builder in enumerate((OWN_HARDWARE, ON_DEBT)):
        won = (state == builder) & (before == NONE)
        assert won.any()
        assert np.all(path(market, "cluster_able", row)[won] == 1.0)


def test_its_lease_is_signed_in_full(market: ComputeMarket) -> None:
    # 100 bn at 5 to 30 thousand dollars per H100e, chips and shell, beside the ordinary leases of that quarter.
    state = path(market, "cluster_bid")
    let = (state > NONE) & (np.vstack([np.zeros((1, WORLDS)), state[:-1]]) == NONE)
    signed = path(market, "signed_h100e_m", 0) + path(market, "signed_h100e_m", 1)
    assert np.all((signed[let] > 2.0) & (signed[let] < 40.0))


def test_a_larger_sponsor_pledge_and_cheaper_debt_never_take_the_debt_bid_away() -> None:
    # At one state: the same quarter, the same luck, only the terms of the bid on debt differ.
    def able(**changes: float) -> np.ndarray:
        one = ComputeMarket("as-of-2024q3", WORLDS, until="2025Q1", parameters=changes)
        one.step()
        found: np.ndarray = path(one, "cluster_able", 1)[0]
        return found

    plain = able(**{"oracle.sponsor_equity_usd_bn": 0.0})
    assert np.all(able(**{"oracle.sponsor_equity_usd_bn": 50.0}) >= plain)
    assert np.all(able(**{"oracle.sponsor_equity_usd_bn": 0.0, "lenders.min_dscr": 3.0}) <= plain)


def test_there_is_none_without_negotiation() -> None:
    assert np.all(path(finished("no-negotiation", 10, until="2027Q4"), "cluster_bid") == NONE)
