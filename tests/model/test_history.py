"""The history of a run: what is recorded, and nothing in quarters to come, whoever looks and when."""

from __future__ import annotations

import numpy as np
import pytest

from runs.model import ComputeMarket

UNTIL = "2025Q3"


@pytest.mark.parametrize("looks", [set(), {0}, {2}, {1, 3}, {0, 1, 2, 3, 4}])
def test_quarters_to_come_are_blank_whenever_somebody_looks(looks: set[int]) -> None:
    whole, market = (ComputeMarket("as-of-2024q3", worlds=3, rng=5, until=UNTIL) for _ in range(2))
    while whole.running:
        whole.step()
    assert not np.isnan(whole.history.values["openai_cash_usd_bn"]).any()
    for quarter in range(whole.quarters + 1):
        if quarter in looks:
            for name, wanted in whole.history.values.items():
                found = market.history.values[name]
                np.testing.assert_array_equal(found[:, :quarter], wanted[:, :quarter], err_msg=name)
                assert np.isnan(found[:, quarter:]).all(), name
        if market.running:
            market.step()
            np.testing.assert_array_equal(
                market.history.now("oracle_dscr"), whole.history.values["oracle_dscr"][:, quarter]
            )
    for name, wanted in whole.history.values.items():
        np.testing.assert_array_equal(market.history.values[name], wanted, err_msg=name)
