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
from world.credit import (
    MOST_SPREAD,
    credit_spread,
    debt_capacity_usd_bn,
    debt_service_usd_bn,
    draw_credit,
    dscr,
    size_project_loan,
)


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
def test_a_line_is_drawn_within_the_ask_and_its_limit_and_once_only(seed: int) -> None:
    inputs = Inputs(seed)
    asked, owed = inputs.with_zeros(), inputs.with_zeros()
    limit = np.where(inputs.between(0.0, 1.0) < 0.2, np.inf, inputs.with_zeros())
    drawn = draw_credit(asked, limit, owed)
    assert np.all((drawn >= 0.0) & (drawn <= asked))
    assert np.all((drawn == 0.0) | (drawn + owed <= limit * (1.0 + 1e-12)))
    assert np.all((drawn == asked) | (drawn + owed >= limit * (1.0 - 1e-12)))  # nothing is held back
    assert rises(drawn, draw_credit(asked, limit + 1.0, owed))
    assert rises(draw_credit(asked, limit, owed + 1.0), drawn)
    short = drawn < asked
    again = draw_credit(asked, limit, owed + drawn)
    assert np.all(again[short] <= 1e-12 * np.maximum(limit[short], 1.0))
    assert_worlds_apart(draw_credit, {"asked_usd_bn": asked, "limit_usd_bn": limit, "owed_usd_bn": owed})


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


def project(inputs: Inputs) -> dict[str, np.ndarray]:
    """A project that pays for part of its debt, for all of it or for none."""
    cost = inputs.amounts()
    return {
        "cost_usd_bn": cost,
        "income_usd_bn": cost * inputs.between(-0.05, 0.25),
        "most_share": inputs.between(0.4, 1.0),
        "base_rate": inputs.between(0.0, 0.08),
        "base_spread": inputs.between(0.005, 0.06),
        "tenant_credit": inputs.between(0.0, 0.06),
        "cycle": inputs.between(-0.02, 0.02),
        "years": inputs.between(10.0, 25.0),
        "min_dscr": inputs.between(1.05, 1.8),
    }


@given(seeds)
def test_a_project_loan_is_within_its_share_and_covered(seed: int) -> None:
    given_terms = project(Inputs(seed))
    loan = size_project_loan(**given_terms)
    most = given_terms["most_share"] * given_terms["cost_usd_bn"]
    assert np.all((loan.debt_usd_bn >= 0.0) & (loan.debt_usd_bn <= most * (1.0 + 1e-12)))
    some = loan.debt_usd_bn > 0.0
    assert np.all(loan.coverage[some] >= given_terms["min_dscr"][some] * (1.0 - 1e-9))
    assert np.all(loan.rate >= given_terms["base_rate"])
    for name in ("base_rate", "tenant_credit", "cycle", "min_dscr"):
        tighter = size_project_loan(**{**given_terms, name: given_terms[name] + 0.01})
        assert rises(tighter.debt_usd_bn, loan.debt_usd_bn), name
    richer = size_project_loan(**{**given_terms, "income_usd_bn": given_terms["income_usd_bn"] + 0.1})
    assert rises(loan.debt_usd_bn, richer.debt_usd_bn)
    doubled = {name: 2.0 * given_terms[name] for name in ("cost_usd_bn", "income_usd_bn")}
    np.testing.assert_allclose(
        size_project_loan(**{**given_terms, **doubled}).debt_usd_bn, 2.0 * loan.debt_usd_bn, rtol=1e-12
    )


def test_a_project_loan_by_hand() -> None:
    # 100 bn at 82 % over 20 years at 4 + 2.5 %: the service of 82 at a plain 6.5 % is 82 x 0.065 / (1 - e^-1.3) = 7.33.
    terms = {"most_share": 0.82, "base_rate": 0.04, "base_spread": 0.025, "tenant_credit": 0.0, "cycle": 0.0}
    loan = size_project_loan(np.array([100.0]), np.array([11.0]), **terms, years=20.0, min_dscr=1.3)
    # Coverage 11 / 7.33 = 1.501: the usual 1.5, so the spread stays at 2.5 % and all of the 82 are lent.
    assert loan.rate[0] == pytest.approx(0.065, abs=5e-5)
    assert loan.debt_usd_bn[0] == pytest.approx(82.0)
    # With an income of 8 the coverage is 1.09: the spread rises to 2.5 % x exp(0.5 x 0.41), the loan is cut to 1.3.
    loan = size_project_loan(np.array([100.0]), np.array([8.0]), **terms, years=20.0, min_dscr=1.3)
    rate = 0.04 + 0.025 * np.exp(0.5 * (1.5 - 8.0 / 7.3271))
    assert loan.rate[0] == pytest.approx(rate, rel=1e-4)
    assert loan.debt_usd_bn[0] == pytest.approx(8.0 / 1.3 * (1.0 - np.exp(-20.0 * rate)) / rate, rel=1e-4)
    assert loan.coverage[0] == pytest.approx(1.3)


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
