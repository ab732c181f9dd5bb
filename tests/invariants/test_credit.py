"""Laws of lenders: spreads, coverage and how much debt a cash flow carries."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from tests.invariants.formula_inputs import (
    MANY,
    Inputs,
    assert_number_is_per_world,
    assert_worlds_apart,
    rises,
    seeds,
)
from world.credit import MOST_SPREAD, credit_spread, debt_capacity_usd_bn, debt_service_usd_bn, dscr


@given(seeds)
def test_lenders_ask_more_for_leverage_and_less_for_coverage(seed: int) -> None:
    inputs = Inputs(seed)
    arguments = {
        "base_spread": inputs.between(0.0, 0.07),
        "leverage": inputs.with_zeros(),
        "coverage": inputs.signed(scale=2.0),
        "tenant_credit": inputs.with_zeros(scale=0.03, spread=1.0),
        "cycle": inputs.signed(scale=0.3),
    }
    spread = credit_spread(**arguments)
    assert np.all((spread >= 0.0) & (spread <= MOST_SPREAD))
    for name in ("base_spread", "leverage", "tenant_credit", "cycle"):
        assert rises(spread, credit_spread(**{**arguments, name: arguments[name] + 0.1})), name
    assert rises(credit_spread(**{**arguments, "coverage": arguments["coverage"] + 0.1}), spread)


@given(seeds)
def test_debt_at_capacity_is_covered_exactly(seed: int) -> None:
    inputs = Inputs(seed)
    cash_flow, rate = inputs.amounts(), inputs.between(0.0, 0.2)
    years, coverage = inputs.between(3.0, 20.0), inputs.between(1.05, 2.0)
    debt = debt_capacity_usd_bn(cash_flow, rate, years, coverage)
    np.testing.assert_allclose(dscr(cash_flow, debt_service_usd_bn(debt, rate, years)), coverage, rtol=1e-10)
    assert rises(debt_capacity_usd_bn(cash_flow, rate + 0.02, years, coverage), debt)
    assert rises(debt, debt_capacity_usd_bn(cash_flow, rate, years + 1.0, coverage))
    assert np.all(debt_capacity_usd_bn(-cash_flow, rate, years, coverage) == 0.0)
    ratios = dscr(inputs.signed(), inputs.with_zeros())
    assert np.all(np.isfinite(ratios)) and np.all(np.abs(ratios) <= 100.0 * (1.0 + 1e-15))


def test_lenders_know_no_other_world() -> None:
    inputs = Inputs(4, MANY)
    loan = {
        "cash_flow_usd_bn": inputs.signed(),
        "rate_per_year": inputs.between(0.0, 0.2),
        "years": inputs.between(3.0, 20.0),
        "min_dscr": inputs.between(1.05, 2.0),
    }
    assert_worlds_apart(debt_capacity_usd_bn, loan)
    assert_number_is_per_world(debt_capacity_usd_bn, loan, "rate_per_year", "years", "min_dscr")
    assert_worlds_apart(dscr, {"cash_flow_usd_bn": inputs.signed(), "debt_service_usd_bn": inputs.with_zeros()})
    spread = {
        "base_spread": inputs.between(0.0, 0.07),
        "leverage": inputs.with_zeros(),
        "coverage": inputs.signed(),
        "tenant_credit": inputs.with_zeros(scale=0.03),
        "cycle": inputs.signed(),
    }
    assert_worlds_apart(credit_spread, spread)
    assert_number_is_per_world(credit_spread, spread, "base_spread", "tenant_credit", "cycle")


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match="min_dscr"):
        debt_capacity_usd_bn(np.ones(1), 0.07, 15.0, 0.0)
    with pytest.raises(ValueError, match=r"leverage: world 1 is -0.1"):
        credit_spread(0.02, np.array([0.5, -0.1]), np.ones(2), 0.0, 0.0)
    with pytest.raises(ValueError, match=r"debt_service_usd_bn: world 0 is nan"):
        dscr(np.ones(1), np.array([np.nan]))
