"""Lenders: what a loan costs, how well its service is covered, and how much debt a lease's cash flow carries.

Rates and spreads are per year and continuous; cash flows and debt service are bn USD per year. Every argument is one
number, one per world, or one per borrower and world; (worlds,) below stands for any of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from world.arrays import not_negative, positive, require, some
from world.costs import annuity_factor, annuity_value

MOST_SPREAD = 0.25
"""No lender quotes more: beyond it there is no loan (the dearest record is 0.15 all in)."""
MOST_COVERAGE = 100.0
"""Coverage is reported up to this, also without debt."""


def debt_service_usd_bn(
    debt_usd_bn: np.ndarray, rate_per_year: np.ndarray | float, years: np.ndarray | float
) -> np.ndarray:
    """Level yearly payment that pays interest and all principal over the term.

    Args: debt_usd_bn (worlds,) bn USD, >= 0; rate_per_year (worlds,); years (worlds,) > 0.
    Returns: (worlds,) bn USD a year.
    Raises: ValueError if a debt is negative or a term not above zero.
    """
    require(debt_usd_bn, not_negative, "debt_usd_bn", "at least zero")
    return debt_usd_bn * annuity_factor(rate_per_year, 0.0, years)


def draw_credit(asked_usd_bn: np.ndarray, limit_usd_bn: np.ndarray, owed_usd_bn: np.ndarray) -> np.ndarray:
    """What a borrower draws: what it asks for, as far as what it owes leaves room under its limit.

    Args: all (worlds,) bn USD; asked and owed >= 0; a limit may be infinite.
    Returns: (worlds,) bn USD.
    Laws: within what is asked and, with what is owed, within the limit; falls with debt, rises with the limit; what was
        drawn up to the limit leaves nothing to draw.
    Raises: ValueError if what is asked or owed is negative.
    """
    require(asked_usd_bn, not_negative, "asked_usd_bn", "at least zero")
    require(owed_usd_bn, not_negative, "owed_usd_bn", "at least zero")
    return within_limit(asked_usd_bn, limit_usd_bn, owed_usd_bn)


def within_limit(asked_usd_bn: np.ndarray, limit_usd_bn: np.ndarray, owed_usd_bn: np.ndarray) -> np.ndarray:
    """As `draw_credit`, of arrays that are known to be right."""
    return np.minimum(asked_usd_bn, np.maximum(limit_usd_bn - owed_usd_bn, 0.0))


def dscr(cash_flow_usd_bn: np.ndarray, debt_service_usd_bn: np.ndarray) -> np.ndarray:
    """Debt-service coverage: cash available for debt service over debt service, at most MOST_COVERAGE.

    Args: both (worlds,), bn USD over the same period; cash flow may be below zero, service >= 0.
    Returns: (worlds,) ratio within plus or minus MOST_COVERAGE, which is also what there is without debt.
    Laws: rises with cash flow; falls with service where cash flow is positive; scaling both changes nothing.
    Raises: ValueError if a debt service is negative.
    """
    require(debt_service_usd_bn, not_negative, "debt_service_usd_bn", "at least zero")
    least_service = np.abs(cash_flow_usd_bn) / MOST_COVERAGE
    service = np.maximum(debt_service_usd_bn, least_service)
    none_of_both = service <= 0.0
    if not some(none_of_both):
        return cash_flow_usd_bn / service
    return np.where(none_of_both, MOST_COVERAGE, cash_flow_usd_bn / np.where(none_of_both, 1.0, service))


def debt_capacity_usd_bn(
    cash_flow_usd_bn: np.ndarray,
    rate_per_year: np.ndarray | float,
    years: np.ndarray | float,
    min_dscr: np.ndarray | float,
) -> np.ndarray:
    """Most debt that a level cash flow carries at the lenders' least coverage.

    Args:   cash_flow_usd_bn   (worlds,)   bn USD per year; none is carried below zero
            rate_per_year      (worlds,)   base rate plus spread
            years              (worlds,)   term of the loan, > 0
            min_dscr           (worlds,)   least coverage, > 0
    Returns:                   (worlds,)   bn USD
    Laws: its service is covered exactly min_dscr times; rises with cash flow and term, falls with rate and coverage.
    Raises: ValueError if a term or coverage is not above zero.
    Source: sizing of project debt (docs/sources.md).
    """
    require(years, positive, "years", "a term above zero")
    require(min_dscr, positive, "min_dscr", "above zero")
    return debt_carried_usd_bn(cash_flow_usd_bn, annuity_value(rate_per_year, years), min_dscr)


def debt_carried_usd_bn(
    cash_flow_usd_bn: np.ndarray, annuity_years: np.ndarray, min_dscr: np.ndarray | float
) -> np.ndarray:
    """As `debt_capacity_usd_bn`, of the annuity over the term of the loan."""
    return np.maximum(cash_flow_usd_bn, 0.0) * annuity_years / min_dscr


def credit_spread(
    base_spread: np.ndarray | float,
    leverage: np.ndarray,
    coverage: np.ndarray,
    tenant_credit: np.ndarray | float,
    cycle: np.ndarray | float,
    *,
    leverage_slope: np.ndarray | float = 1.0,
    coverage_slope: np.ndarray | float = 0.5,
    usual_leverage: np.ndarray | float = 0.7,
    usual_coverage: np.ndarray | float = 1.5,
) -> np.ndarray:
    """Spread over the base rate that lenders ask, by leverage, coverage, the tenant's credit and the credit cycle.

    Args:                  shape        unit
        base_spread        (worlds,)    per year, for a tenant of investment grade at usual leverage and coverage, >= 0
        leverage           (worlds,)    debt over cost (or over value), >= 0
        coverage           (worlds,)    debt-service coverage
        tenant_credit      (worlds,)    per year, added for a tenant below investment grade, >= 0
        cycle              (worlds,)    log factor of the credit cycle, 0 in calm times
        leverage_slope     (worlds,)    log spread per unit of leverage
        coverage_slope     (worlds,)    log spread per unit of coverage lost
        usual_leverage, usual_coverage  where the base spread was quoted
    Returns:               (worlds,)    per year, in [0, MOST_SPREAD]
    Laws: rises with leverage, weak tenants and the cycle, falls with coverage; the base spread at the usual point.
    Raises: ValueError if a spread or leverage is negative or not a number.
    Source: spreads of loans on chips and on construction (docs/sources.md); the slopes are guesses.
    """
    require(base_spread, not_negative, "base_spread", "at least zero")
    require(tenant_credit, not_negative, "tenant_credit", "at least zero")
    require(leverage, not_negative, "leverage", "at least zero")
    tightness = leverage_slope * (leverage - usual_leverage) + coverage_slope * (usual_coverage - coverage) + cycle
    # Beyond 30 log points the cap binds whatever the base is; the clip only keeps exp in range.
    spread = (np.asarray(base_spread) + tenant_credit) * np.exp(tightness.clip(-30.0, 30.0))
    return np.minimum(spread, MOST_SPREAD)


@dataclass(frozen=True)
class ProjectLoan:
    """What lenders give on a project: (..., worlds) debt in $bn, its rate per year, income and debt service a year."""

    debt_usd_bn: np.ndarray
    rate: np.ndarray
    income_usd_bn: np.ndarray
    service_usd_bn: np.ndarray

    @property
    def coverage(self) -> np.ndarray:
        """How often the income covers the debt service, (..., worlds)."""
        return dscr(self.income_usd_bn, self.service_usd_bn)


def size_project_loan(
    cost_usd_bn: np.ndarray,
    income_usd_bn: np.ndarray,
    *,
    most_share: np.ndarray | float,
    base_rate: np.ndarray | float,
    base_spread: np.ndarray | float,
    tenant_credit: np.ndarray | float,
    cycle: np.ndarray | float,
    years: np.ndarray | float,
    min_dscr: np.ndarray | float,
) -> ProjectLoan:
    """Size the debt of a project: as much of its cost as lenders finance, or as its income carries if that is less.

    Args:                  shape          unit
        cost_usd_bn        (..., worlds)  $bn
        income_usd_bn      (..., worlds)  $bn a year for debt service: rent less what running it costs
        most_share         (worlds,)      most debt over cost, in (0, 1]
        base_rate          (worlds,)      per year
        base_spread        (worlds,)      per year, at the usual coverage of `credit_spread` and at `most_share`
        tenant_credit      (worlds,)      per year, added for a tenant below investment grade
        cycle              (worlds,)      per year, addition to every spread in tight times, may be below zero
        years              (worlds,)      term of the loan
        min_dscr           (worlds,)      least coverage
    Returns: ProjectLoan
    Laws (tests/invariants/test_credit.py): debt within its share of cost; coverage at least `min_dscr`; debt rises
        with income, falls with base rate, tenant's credit and cycle; scaling cost and income scales debt.
    Raises: ValueError as `credit_spread` and `debt_capacity_usd_bn`.
    Source: sizing of project debt (docs/sources.md).
    """
    most = most_share * cost_usd_bn
    plain = np.maximum(base_spread + tenant_credit + cycle, 0.0)
    usual = dscr(income_usd_bn, debt_service_usd_bn(most, base_rate + plain, years))
    spread = credit_spread(plain, np.asarray(most_share), usual, 0.0, 0.0, usual_leverage=most_share)
    rate = base_rate + spread
    require(min_dscr, positive, "min_dscr", "above zero")
    # As `debt_capacity_usd_bn`, with the one annuity that the service of the debt takes as well.
    a_year = annuity_factor(rate, 0.0, years)
    debt = np.minimum(most, np.maximum(income_usd_bn, 0.0) / (min_dscr * a_year))
    return ProjectLoan(debt, rate, np.asarray(income_usd_bn), debt * a_year)
