"""Without negotiation: shares of the start, cut alike where an offer is short, at the provider's reservation."""

from __future__ import annotations

import numpy as np
import pytest

from agents.cast import STANDING
from runs.fixed_orders import as_ordered, fixed_shares
from runs.model import ComputeMarket
from runs.scenario import load_scenario
from tests.model.ensembles import stepped


def test_orders_by_hand() -> None:
    """OpenAI wants 10 at 60/30/10 %; rivals want 20, a tenth of it from the first provider, which offers only 4."""
    start = np.array([[0.6], [0.3], [0.1]])
    offered = np.array([[4.0], [100.0], [100.0], [9.0]])
    ordered = fixed_shares(start, offered, np.array([[10.0], [20.0]]))
    # 6 + 2 are asked of an offer of 4: both are cut to a half. Rivals ask 18 of the 9 that are kept for them.
    assert ordered[:, :, 0] == pytest.approx(np.array([[3.0, 1.0], [3.0, 0.0], [1.0, 0.0], [0.0, 9.0]]))
    deal = as_ordered(ordered, np.array([[2.0], [3.0], [4.0], [np.pi]])).of(0)
    assert deal.payment[:, 0] == pytest.approx([6.0, 9.0, 4.0, 0.0])
    assert deal.tenant_gain[0] == 0.0


@pytest.mark.parametrize(
    ("with_it", "without"), [("as-of-2024q3", "no-negotiation"), ("baseline", "baseline-no-negotiation")]
)
def test_orders_keep_to_the_shares_of_the_start(with_it: str, without: str) -> None:
    assert load_scenario(with_it).negotiate
    assert not load_scenario(without).negotiate
    market = ComputeMarket(without, worlds=3, until="2027Q4")
    shares = market.start_shares.copy()
    before = market.state.leases.signed.copy()
    stepped(market)
    signed = market.state.leases.signed - before
    rows = np.stack([signed[STANDING.pair[provider, "openai"]] for provider in STANDING.providers])
    asked = rows / np.where(shares > 0.0, shares, 1.0)
    # Nobody gets more than its share of what was ordered: whoever delivered in full defines the whole.
    assert (rows <= shares * asked.max(axis=0) * (1.0 + 1e-9)).all()
    assert (rows[shares == 0.0] == 0.0).all()
    assert market.state.last["matched_h100e_m"].max() == 0.0
