"""The laws that production checks hold in whole runs: at extreme but allowed parameters, under shocks and events."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from runs.event_arguments import Known
from runs.event_kinds import Event, check_event
from runs.laws import check_laws, measure_laws
from runs.metrics import REGISTRY
from runs.model import ComputeMarket
from tests.model.ensembles import STARTS, run_variants, spread_values, stepped
from world.calendar import quarter_label
from world.parameters import specifications

pytestmark = pytest.mark.slow

SCENARIOS = (*STARTS, "stargate-2025")
SEEDS = st.integers(0, 2**31)
AS_FOUND = (Phase.explicit, Phase.reuse, Phase.generate)
"""A failing example is reported as it was found: a run takes a second, and shrinking would take hundreds of them."""
NOT_NEGATIVE = ("H100e", "GW facility", "GW IT", "flag", "share", "$/H100e-h", "thousand")
"""Units of which nothing is ever below zero."""
NO_PRICE = ("spot_price_usd_h", "chip_price_k")
"""Where nothing is traded, or not launched yet, there is no price."""
SIGNED = ("softbank_ltv",)
"""Shares that may be below zero: net debt is negative where cash exceeds debt."""


def assert_sound(market: ComputeMarket) -> None:
    """What holds after every quarter: the laws of production, finite metrics, no negative quantity."""
    check_laws(market)
    assert all(np.isfinite(law.distance).all() for law in measure_laws(market))
    assert market.state.ledger.check().largest <= 1e-9
    for name, row in REGISTRY.items():
        now = market.history.values[name][:, market.state.quarter]
        if name not in NO_PRICE:
            assert np.isfinite(now).all(), f"{name} is not finite"
        if any(unit in row.unit for unit in NOT_NEGATIVE) and name not in SIGNED and "value" not in name:
            assert not (now < -1e-9).any(), f"{name} is negative"


@settings(max_examples=6, phases=AS_FOUND)
@given(st.sampled_from(SCENARIOS), SEEDS, st.sampled_from([0.0, 0.0, 0.06]))
def test_laws_hold_over_the_horizon_at_extreme_parameters(scenario: str, seed: int, limits: float) -> None:
    values = spread_values(seed, 31, ends=0.5, limits=limits)
    market = ComputeMarket(scenario, worlds=31, rng=seed, parameters=values)
    assert_sound(stepped(market))


@pytest.mark.parametrize("scenario", STARTS)
def test_laws_hold_at_every_hard_limit(scenario: str) -> None:
    # One ensemble: in each pair of worlds one parameter is at the least and at the most that is allowed at all.
    rows = [row for name, row in specifications().items() if name != "currency.scale"]
    changes = [{row.name: value} for row in rows for value in (row.minimum, row.maximum)]
    variants = run_variants(scenario, changes, worlds=1, seed=4)
    assert all(np.isfinite(path).all() for name, path in variants.values.items() if name not in NO_PRICE)


SHOCKS = st.one_of(
    st.fixed_dictionaries(
        {
            "growth": st.floats(-0.2, 0.2),
            "level": st.floats(-0.7, 0.7),
            "of": st.sampled_from(["all", "services", "workloads"]),
        }
    ).map(lambda a: ("demand_shock", a)),
    st.floats(-1.0, 1.0).map(lambda change: ("power_price_shock", {"change": change})),
    st.fixed_dictionaries({"base": st.floats(-0.03, 0.08), "spread": st.floats(-0.02, 0.06)}).map(
        lambda a: ("rate_shock", a)
    ),
)
DEALS = st.one_of(
    st.fixed_dictionaries(
        {
            "issuer": st.sampled_from(["openai", "xai", "rival_labs"]),
            "by": st.dictionaries(
                st.sampled_from(["softbank", "investors", "microsoft", "nvidia"]), st.floats(0.0, 60.0), min_size=1
            ),
        }
    ).map(lambda a: ("equity_round", a)),
    st.floats(0.0, 0.6).map(lambda stake: ("conversion", {"microsoft_stake": stake})),
    st.sampled_from(["first-refusal", "open"]).map(lambda state: ("exclusivity", {"state": state})),
    st.fixed_dictionaries(
        {"borrower": st.sampled_from(["openai", "oracle", "xai", "rival_clouds"]), "usd_bn": st.floats(0.0, 80.0)}
    ).map(lambda a: ("debt", a)),
    st.just(("own_chip", {})),
)
SITES = st.fixed_dictionaries(
    {"operator": st.sampled_from(["oracle", "microsoft", "xai"]), "quarters": st.floats(0.0, 9.0)}
).map(lambda a: ("site_delay", a))
LEASES = st.tuples(
    st.sampled_from([("microsoft", "openai"), ("oracle", "openai"), ("rival_clouds", "rival_labs"), ("oracle", "xai")]),
    st.floats(0.0, 5.0),
    st.floats(1.0, 40.0),
    st.floats(0.0, 1.0),
    st.integers(0, 6),
)


@st.composite
def parameter_change(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A parameter and a value within its plausible range, for the rest of the run."""
    row = draw(st.sampled_from([row for name, row in specifications().items() if name != "currency.scale"]))
    return "set_parameter", {"name": row.name, "value": draw(st.floats(row.low, row.high))}


class MarketMachine(RuleBasedStateMachine):
    """A market that anything may happen to between its quarters."""

    market: ComputeMarket | None = None

    @initialize(scenario=st.sampled_from(SCENARIOS), seed=SEEDS, spread=st.booleans())
    def open(self, scenario: str, seed: int, spread: bool) -> None:
        values = spread_values(seed, 7, ends=0.5) if spread else None
        self.market = ComputeMarket(scenario, worlds=7, rng=seed, parameters=values)

    def schedule(self, kind: str, arguments: dict[str, Any]) -> None:
        """Let an event happen in the coming quarter, as a scenario would."""
        market = self.market
        assert market is not None
        quarter = quarter_label(market.calendar_quarter + 1)
        event = check_event(Event(quarter, kind, arguments), Known(market.settings.known_until, market.cast))
        market.settings = replace(market.settings, events=(*market.settings.events, event))

    @precondition(lambda self: self.market is not None and self.market.running)
    @rule()
    def quarter(self) -> None:
        assert self.market is not None
        self.market.step()

    @precondition(lambda self: self.market is not None and self.market.running)
    @rule(event=st.one_of(SHOCKS, DEALS, SITES, parameter_change()))
    def event(self, event: tuple[str, dict[str, Any]]) -> None:
        self.schedule(*event)
        self.quarter()

    @precondition(lambda self: self.market is not None and self.market.running)
    @rule(lease=LEASES)
    def lease(self, lease: tuple[tuple[str, str], float, float, float, int]) -> None:
        (provider, tenant), quantity, term, take_or_pay, wait = lease
        assert self.market is not None
        start = quarter_label(self.market.calendar_quarter + 1 + wait)
        size = {"h100e_m": quantity, "term_quarters": term, "take_or_pay": take_or_pay, "start": start}
        self.schedule("capacity_lease", {"provider": provider, "tenant": tenant, **size})
        self.quarter()

    @invariant()
    def sound(self) -> None:
        if self.market is not None and self.market.state.quarter >= 0:
            assert_sound(self.market)


MarketMachine.TestCase.settings = settings(max_examples=12, stateful_step_count=12, phases=AS_FOUND)
TestMarketMachine = MarketMachine.TestCase
