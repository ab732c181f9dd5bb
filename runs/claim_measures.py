"""What is measured of each claim of the articles, in the order of the design (docs/design.md)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from runs import claim_figures as figures
from runs.claim_paths import Paths, over

Reading = Callable[[Paths], np.ndarray]
Condition = Callable[[np.ndarray], np.ndarray]
DATE = "calendar year"
"""Unit of a date: 2027.25 is the second quarter of 2027."""


@dataclass(frozen=True)
class Measure:
    """One figure of a claim, and when the claim holds in a world."""

    measure: str
    unit: str
    read: Reading
    claimed: float | None = None
    holds: Condition | None = None
    decided: str | None = None
    """Quarter in which history settled it."""
    event: bool = False
    """Whether it is an event of the record in a scenario that knows that quarter."""
    note: str = ""


# ---------------------------------------------------------------------- the words that measures are made of


def at(metric: str, quarter: str, member: str | None = None) -> Reading:
    """A figure in one quarter."""
    return lambda paths: paths.at(metric, quarter, member)


def year(metric: str, number: int, member: str | None = None) -> Reading:
    """A flow over a calendar year."""
    return lambda paths: paths.year(metric, number, member)


def total(metric: str, until: str, member: str | None = None) -> Reading:
    """A flow from the start of the run to a quarter."""
    return lambda paths: paths.total(metric, until, member)


def first(metric: str, condition: Condition, member: str | None = None) -> Reading:
    """The first quarter in which a metric meets a condition."""
    return lambda paths: paths.first_time(condition(paths.path(metric, member)))


def quotient(part: Reading, whole: Reading) -> Reading:
    """One figure over another."""
    return lambda paths: over(part(paths), whole(paths))


def at_least(limit: float) -> Condition:
    """Holds from the limit up."""
    return lambda values: values >= limit


def at_most(limit: float) -> Condition:
    """Holds up to the limit."""
    return lambda values: values <= limit


def above(limit: float) -> Condition:
    """Holds above the limit."""
    return lambda values: values > limit


def below(limit: float) -> Condition:
    """Holds below the limit."""
    return lambda values: values < limit


# ---------------------------------------------------------------------- the claims

SHARE, MONEY, COMPUTE = "share", "bn USD", "M H100e"
BY_2030 = at_most(2030.75)
FULL_GW = 1.99
"""Two gigawatts, but for rounding."""
PLAN = 19.0 / 52.0
"""SoftBank's part of the equity planned for Stargate."""
TO_MICROSOFT = "openai_payments_to_microsoft_usd_bn"

CLAIMS: dict[str, tuple[Measure, ...]] = {
    "75 % of OpenAI's compute comes from Stargate by 2030": (
        Measure(
            "Stargate's share of the H100e used, 2030Q4", SHARE, at("stargate_share", "2030Q4"), 0.75, at_least(0.75)
        ),
        Measure("Stargate's share of the power, 2030Q4", SHARE, figures.stargate_power_share, 0.75, at_least(0.75)),
        Measure("Stargate's share of the rent, 2030Q4", SHARE, figures.stargate_rent_share, 0.75, at_least(0.75)),
        Measure("First quarter with 75 %", DATE, first("stargate_share", at_least(0.75)), 2030.0, BY_2030),
    ),
    "The transition is gradual: spending on Microsoft continues for years": (
        Measure("Year in which payments to Microsoft are largest", DATE, lambda p: p.peak_year(TO_MICROSOFT)),
        Measure("Payments to Microsoft in 2027", MONEY, year(TO_MICROSOFT, 2027), None, above(0.0)),
        Measure(
            "Its share of OpenAI's compute, 2030Q4 less first quarter",
            SHARE,
            figures.microsoft_share_change,
            None,
            below(0.0),
        ),
    ),
    "Stargate is financed largely by SoftBank, and its energy is diversified": (
        Measure(
            "SoftBank's share of OpenAI's equity raised to 2030 (plan for Stargate: 19 of 52)",
            SHARE,
            quotient(total("softbank_paid_usd_bn", "2030Q4"), total("openai_raised_usd_bn", "2030Q4")),
            PLAN,
            at_least(PLAN),
        ),
        Measure(
            "Its share of all capital raised by OpenAI, Oracle and landlords to 2030",
            SHARE,
            figures.softbank_share_of_capital,
            0.5,
            at_least(0.5),
        ),
        Measure(
            "Share of Oracle's power behind the meter, 2030Q4", SHARE, at("behind_meter_share", "2030Q4", "oracle")
        ),
    ),
    "About $20bn of cash is burnt by or in 2027, and overlap raises costs": (
        Measure("OpenAI's burn in 2027", MONEY, year("openai_burn_usd_bn", 2027), 20.0, at_least(20.0)),
        Measure(
            "OpenAI's burn from the start to the end of 2027",
            MONEY,
            total("openai_burn_usd_bn", "2027Q4"),
            20.0,
            at_least(20.0),
        ),
        Measure(
            "Rent of idle or double capacity to the end of 2027",
            MONEY,
            total("openai_idle_usd_bn", "2027Q4"),
            None,
            above(0.1),
        ),
    ),
    "By 2030 running models costs more than training them": (
        Measure("Quarter in which inference first costs more than R&D", DATE, figures.crossing, 2030.0, BY_2030),
        Measure(
            "Inference over R&D compute spending, 2030",
            "ratio",
            quotient(year("inference_cost_usd_bn", 2030), year("rd_cost_usd_bn", 2030)),
            1.0,
            above(1.0),
        ),
    ),
    "New revenue becomes crucial": (
        Measure("OpenAI is rescued or insolvent by 2030", "flag", figures.insolvent_or_rescued, None, at_least(1.0)),
        Measure("Revenue in 2027 that leaves twelve months of runway", MONEY, figures.revenue_for_a_year),
        Measure("OpenAI's revenue in 2027", MONEY, year("openai_revenue_usd_bn", 2027)),
        Measure("Runway at the end of 2027", "years", figures.runway_years, None, at_least(1.0)),
    ),
    "Microsoft is too slow, so OpenAI goes elsewhere under a clause of its exclusive contract": (
        Measure(
            "Requests that Microsoft waived to the end of 2026",
            COMPUTE,
            total("waived_h100e_m", "2026Q4"),
            None,
            above(0.0),
            "2025Q1",
        ),
        Measure("Unmet requests in 2025", COMPUTE, year("unmet_h100e_m", 2025), None, above(0.0), "2025Q1"),
        Measure(
            "Share of leases signed elsewhere to the end of 2026",
            SHARE,
            figures.outside_lease_share,
            None,
            at_least(0.5),
        ),
        Measure(
            "Quarter in which the sole right ends",
            DATE,
            first("exclusivity", below(2.0)),
            None,
            at_most(2026.75),
            "2025Q1",
            True,
        ),
    ),
    "$6.6bn is raised at $157bn": (
        Measure("Raised in 2024Q4", MONEY, at("openai_raised_usd_bn", "2024Q4"), 6.6, at_least(6.6), "2024Q4", True),
        Measure(
            "Valuation after 2024Q4",
            MONEY,
            at("openai_valuation_usd_bn", "2024Q4"),
            157.0,
            at_least(157.0),
            "2024Q4",
            True,
        ),
        Measure("Next rounds: raised in 2026", MONEY, year("openai_raised_usd_bn", 2026), None, at_least(6.6)),
        Measure(
            "Next rounds: valuation at the end of 2026",
            MONEY,
            at("openai_valuation_usd_bn", "2026Q4"),
            None,
            at_least(157.0),
        ),
    ),
    "xAI is the fast rival": (
        Measure("Capability of xAI less OpenAI's, 2027Q4", "log", figures.capability_lead, None, above(0.0)),
        Measure(
            "First quarter with 100,000 chips",
            DATE,
            first("colossus_h100e_m", at_least(0.1)),
            None,
            at_most(2024.75),
            "2024Q3",
        ),
    ),
    "A profit share of 75 % until $13bn, then 49 % to a cap; conversion to a stake": (
        Measure(
            "Profit share paid to the end of 2030",
            MONEY,
            total("profit_share_usd_bn", "2030Q4"),
            None,
            above(0.0),
            "2025Q4",
        ),
        Measure("Quarter of the conversion", DATE, first("converted", above(0.0)), None, BY_2030, "2025Q4", True),
        Measure("Stake bargained by Microsoft", SHARE, figures.bargained_stake, None, above(0.0), "2025Q4", True),
    ),
    "$650m for Inflection's team, to compete with OpenAI": (
        Measure("In-house lab's share of the labs' revenue, 2030", SHARE, figures.in_house_share, None, at_least(0.05)),
        Measure("In-house lab's compute, 2030Q4", COMPUTE, at("used_h100e_m", "2030Q4", "microsoft_lab")),
    ),
    "Microsoft is cautious about clusters without steady returns": (
        Measure(
            "Its leases over its leases and waivers, to the end of 2027",
            SHARE,
            figures.built_against_requests,
            None,
            below(0.5),
        ),
        Measure(
            "Rent over long-run cost, mean of 2027", "ratio", lambda p: p.mean("price_over_cost", 2027), 1.0, below(1.0)
        ),
    ),
    "Abilene goes up to 2 GW given more power, with hundreds of thousands of Nvidia chips": (
        Measure("Abilene's power, 2030Q4", "GW facility", at("abilene_facility_gw", "2030Q4"), 2.0, at_least(FULL_GW)),
        Measure("First quarter with 2 GW", DATE, first("abilene_facility_gw", at_least(FULL_GW)), None, BY_2030),
        Measure(
            "Chips that its power carries, 2030Q4", "thousand chips", figures.abilene_chips_k, 200.0, at_least(200.0)
        ),
    ),
    "A $100bn cluster, financed with debt, with or without Microsoft's hardware": (
        Measure("Quarter in which it is let", DATE, first("cluster_bid", above(0.0)), None, BY_2030),
        Measure("Built on debt, without Microsoft's hardware", SHARE, figures.cluster_on_debt, None, above(0.5)),
        Measure("Cost of capital of the bid that wins", "rate per year", figures.cluster_capital_rate),
    ),
    "An own chip with Broadcom lowers running cost; most chips still come through Microsoft": (
        Measure(
            "Quarter in which the programme starts",
            DATE,
            first("own_chip_started", above(0.0)),
            None,
            BY_2030,
            "2025Q4",
            True,
        ),
        Measure(
            "Cost of an own chip over the newest Nvidia's, 2028Q4",
            "ratio",
            quotient(at("chip_cost_usd_h", "2028Q4", "own"), at("chip_cost_usd_h", "2028Q4", "merchant")),
            1.0,
            below(1.0),
        ),
        Measure(
            "Microsoft's share of OpenAI's compute, 2028Q4",
            SHARE,
            at("openai_share", "2028Q4", "microsoft"),
            0.5,
            at_least(0.5),
        ),
        Measure("Own chips' share of OpenAI's compute, 2030Q4", SHARE, at("openai_share", "2030Q4", "own")),
    ),
}
"""Every claim of the design with its measures."""


__all__ = ["CLAIMS", "DATE", "Measure"]
