"""Circular funding: traced in proportion, never more than was put in, and right in an example worked by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from agents.cast import STANDING
from runs.circular import SELLERS, circular_share, to_chips_share, trace_equity
from runs.model import ComputeMarket
from runs.simulate import simulate
from world.arrays import fold
from world.ledger import Ledger

VENDOR_ROUND = {
    "extends": "as-of-2024q3",
    "events": [
        {
            "quarter": "2025Q1",
            "kind": "equity_round",
            "arguments": {"issuer": "openai", "by": {"nvidia": 10.0, "microsoft": 5.0}},
        }
    ],
}


def quarter(flows: dict[tuple[str, str, str], float], cash: dict[str, float], last: dict[str, np.ndarray]) -> Any:
    """A market that knows nothing but a quarter's payments and what labs have left."""
    ledger = Ledger(tuple(STANDING.sector), 1, may_be_negative=tuple(STANDING.sector))
    for (kind, payer, payee), usd_bn in flows.items():
        if kind == "depreciation":
            ledger.depreciate(payer, usd_bn)
        else:
            ledger.pay(kind, payer, payee, usd_bn)
    for name, left in cash.items():
        ledger.open("cash", name, left - ledger.cash(name))
    return SimpleNamespace(worlds=1, cast=STANDING, state=SimpleNamespace(ledger=ledger, flow={}, last=last))


def test_an_example_by_hand() -> None:
    """Nvidia puts 10 into a lab that spends 8 of its 16: 4 on Oracle's rent, 2 on Microsoft's, 2 on staff.

    So half of Nvidia's 10 is spent, 5, of which half, 2.5, goes to Oracle, and 1.25 to Microsoft. Oracle pays Nvidia 3
    of the 6 that it pays in all, Microsoft 1 of 10: of Nvidia's money 2.5 x 0.5 + 1.25 x 0.1 = 1.375 comes back.
    Microsoft put in 2: half is spent, a quarter of that on its own rent: 0.25 comes back.
    """
    flows = {
        ("equity", "nvidia", "openai"): 10.0,
        ("equity", "microsoft", "openai"): 2.0,
        ("lease_rent", "openai", "oracle"): 3.0,
        ("spot_rent", "openai", "oracle"): 1.0,
        ("lease_rent", "openai", "microsoft"): 2.0,
        ("wages", "openai", "staff"): 2.0,
        ("chips", "oracle", "nvidia"): 3.0,
        ("power", "oracle", "utilities"): 3.0,
        ("chips", "microsoft", "nvidia"): 1.0,
        ("dividends", "microsoft", "investors"): 7.0,
        ("equity", "microsoft", "xai"): 0.0,
        ("depreciation", "oracle", "oracle"): 50.0,
    }
    # Microsoft's equity of 2 is one of its payments: it pays 10 in all.
    first = quarter(flows, {"openai": 8.0}, {})
    trace_equity(first)
    home = dict(zip(SELLERS, first.state.flow["equity_home_usd_bn"][:, 0], strict=True))
    assert home["nvidia"] == pytest.approx(1.375)
    assert home["microsoft"] == pytest.approx(0.25)
    assert circular_share(first)[:, 0] == pytest.approx([0.25 / 2.0, 1.375 / 10.0])
    # All equity: 12 put in, 6 spent; of it 3 to Oracle and 1.5 to Microsoft, 1.5 + 0.15 on to chips.
    assert to_chips_share(first) == pytest.approx([1.65 / 12.0])

    # The next quarter the other half, 5, is left; all of it is spent at Oracle, which buys chips for all that it pays.
    later = {("lease_rent", "openai", "oracle"): 8.0, ("chips", "oracle", "nvidia"): 4.0}
    second = quarter(later, {"openai": 0.0}, first.state.flow)
    trace_equity(second)
    assert second.state.flow["equity_home_usd_bn"][SELLERS.index("nvidia"), 0] == pytest.approx(5.0)
    assert circular_share(second)[SELLERS.index("nvidia"), 0] == pytest.approx(6.375 / 10.0)
    assert second.state.flow["equity_held_usd_bn"].max() == pytest.approx(0.0)


def test_no_more_comes_back_than_was_put_in_and_nothing_without_equity() -> None:
    run = simulate(VENDOR_ROUND, worlds=6, until="2027Q4")
    share = run["circular_funding_share"]
    assert ((share >= 0.0) & (share <= 1.0)).all()
    given = run["lab_equity_usd_bn"].sum("quarter")
    np.testing.assert_allclose(given.sel(investor="nvidia"), 10.0)
    back = run["circular_funding_usd_bn"].sum("quarter").sel(seller="nvidia")
    np.testing.assert_allclose(back, 10.0 * share.sel(seller="nvidia").isel(quarter=-1))
    assert (share.sel(seller="nvidia").isel(quarter=-1) > 0.01).all()
    plain = simulate("as-of-2024q3", worlds=6, until="2027Q4")
    assert (plain["circular_funding_share"] == 0.0).all()
    assert (plain["lab_equity_to_chips_share"].isel(quarter=-1) > 0.0).all()


def test_equity_by_investor_is_the_ledgers() -> None:
    market = ComputeMarket(VENDOR_ROUND, worlds=3, until="2025Q4")
    while market.running:
        market.step()
        ledger = market.state.ledger
        labs = ("openai", "xai", "rival_labs")
        paid = [
            fold(np.stack([ledger.paid("equity", who, lab) for lab in labs]))
            for who in ("microsoft", "nvidia", "softbank", "investors")
        ]
        np.testing.assert_allclose(market.state.flow["equity_given_usd_bn"], np.stack(paid))
