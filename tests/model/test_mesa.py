"""ComputeMarket as a good citizen of Mesa: agents, running, a data collector with plain floats, and batch runs."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

import mesa
import numpy as np
import pytest

from runs.model import ComputeMarket

HEADLINES = ("h100_price_usd_h", "openai_cash_usd_bn", "openai_revenue_usd_bn", "oracle_debt_usd_bn", "softbank_ltv")


def batch(parameters: dict[str, Any], **how: Any) -> list[dict[str, Any]]:
    """mesa.batch_run as both supported versions take it: seeds go in as a parameter or as `rng=`."""
    with warnings.catch_warnings():
        # Mesa 3.5 warns of arguments that 3.3 needs; whose warning it is does not matter here.
        warnings.simplefilter("ignore")
        if "rng" in inspect.signature(mesa.batch_run).parameters:
            return mesa.batch_run(ComputeMarket, parameters=parameters, rng=[1], display_progress=False, **how)
        return mesa.batch_run(
            ComputeMarket, parameters=parameters | {"rng": 1}, iterations=1, display_progress=False, **how
        )


def test_every_firm_is_an_agent_of_the_model() -> None:
    market = ComputeMarket(worlds=1, rng=1, until="2026Q2")
    assert set(market.agents) == set(market.firms.values())
    assert all(isinstance(agent, mesa.Agent) for agent in market.agents)
    assert {agent.name for agent in market.agents} >= {"openai", "microsoft", "oracle", "softbank", "nvidia", "xai"}


def test_it_stops_running_at_the_horizon_and_refuses_to_go_on() -> None:
    market = ComputeMarket(worlds=1, rng=1, until="2026Q2")
    market.step()
    assert market.running is True
    market.step()
    assert market.running is False
    with pytest.raises(ValueError, match="2026Q2"):
        market.step()


def test_mesa_counts_the_quarters() -> None:
    market = ComputeMarket(worlds=1, rng=1, until="2026Q4")
    market.run_model()
    assert market.steps == 4


def test_the_data_collector_holds_plain_floats() -> None:
    market = ComputeMarket(worlds=1, rng=1, until="2026Q3")
    while market.running:
        market.step()
    collected = market.datacollector.model_vars
    for name in HEADLINES:
        values = collected[name]
        assert [type(value) for value in values] == [float] * 3, name
        np.testing.assert_array_equal(values, market.history.values[name][0, :, 0])


def test_a_batch_run_over_a_parameter() -> None:
    rows = batch({"scenario": "as-of-2024q3", "until": "2025Q2", "microsoft__caution": [0.1, 0.7]})
    assert len(rows) == 2
    for row in rows:
        assert all(isinstance(row[name], float) and np.isfinite(row[name]) for name in HEADLINES)
        one = ComputeMarket("as-of-2024q3", rng=1, until="2025Q2", microsoft__caution=row["microsoft__caution"])
        while one.running:
            one.step()
        assert row["oracle_debt_usd_bn"] == one.history.values["oracle_debt_usd_bn"][0, -1, 0]


def test_a_batch_run_may_collect_every_quarter() -> None:
    rows = batch({"until": "2026Q3"}, data_collection_period=1)
    market = ComputeMarket(rng=1, until="2026Q3")
    market.run_model()
    wanted = market.history.values["h100_price_usd_h"][0, :, 0]
    np.testing.assert_array_equal([row["h100_price_usd_h"] for row in rows], wanted)


def test_a_wrong_argument_is_named() -> None:
    with pytest.raises(ValueError, match=r"microsoft\.cautoin.*microsoft\.caution"):
        ComputeMarket(worlds=1, rng=1, microsoft__cautoin=0.2)
    with pytest.raises(ValueError, match="until"):
        ComputeMarket(worlds=1, rng=1, until="2020Q1")
    with pytest.raises(ValueError, match="until"):
        ComputeMarket(worlds=1, rng=1, until="soon")
