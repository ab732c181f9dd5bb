"""The claims of the two source articles (October 2024 and early 2025) beside what a run says of them.

Each claim has one or more measures: a figure for each world, the claimed value where the articles name one, and
the odds that the claim holds. What ended before a scenario's start is not the model's to say: such a row holds
no figures and the note "decided before the start".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from runs import claim_figures as figures
from runs.claim_paths import NotRecorded, OutsideTheRun, Paths, over
from world.calendar import quarter_number, quarter_of

Reading = Callable[[Paths], np.ndarray]
DATE = "calendar year"
LOW, HIGH = 0.05, 0.95
"""The ends of the 90 % band."""


@dataclass(frozen=True)
class Measure:
    """One figure of a claim, and when the claim holds in a world."""

    claim: str
    measure: str
    unit: str
    read: Reading
    claimed: float | None = None
    holds: Callable[[np.ndarray], np.ndarray] | None = None
    decided: str | None = None
    """Quarter in which history settled it."""
    note: str = ""


def claims_table(dataset: xr.Dataset) -> list[dict[str, Any]]:
    """Every claim as plain rows, fit for JSON, in the order of the articles.

    Args:
        dataset   of `simulate` with keep="paths"
    Returns: a list of {claim, measure, claimed, unit, median, low, high, odds, note}; low and high end the 90 % band
        over worlds, odds is the share of worlds in which the claim holds. None where there is no such figure: the
        claim names no value, the run does not reach that far, most worlds never get there, or it was decided before.
    """
    paths = Paths(dataset)
    return [_row(measure, paths) for measure in MEASURES]


def _row(measure: Measure, paths: Paths) -> dict[str, Any]:
    row: dict[str, Any] = {
        "claim": measure.claim,
        "measure": measure.measure,
        "claimed": measure.claimed,
        "unit": measure.unit,
        "median": None,
        "low": None,
        "high": None,
        "odds": None,
        "note": measure.note,
    }
    if measure.decided is not None and quarter_number(measure.decided) <= quarter_number(paths.start):
        return row | {"note": "decided before the start"}
    try:
        values = measure.read(paths)
    except (OutsideTheRun, NotRecorded) as reason:
        return row | {"note": str(reason)}
    if measure.decided is not None and quarter_number(measure.decided) <= quarter_of(paths.known_until):
        row["note"] = "known to this scenario, which takes it from the record"
    given = np.compress(~np.isnan(values), values)
    # Dates are not averaged between worlds: a world that never gets there is later than any other.
    method = "inverted_cdf" if measure.unit == DATE else "linear"
    if given.size:
        ends = np.quantile(given, (LOW, 0.5, HIGH), method=method)
        row |= {name: _plain(value) for name, value in zip(("low", "median", "high"), ends, strict=True)}
        if measure.unit == DATE and not np.isfinite(ends[1]):
            row["note"] = f"never by {paths.labels[-1]} in most worlds"
    else:
        row["note"] = "in no world is there such a figure"
    if measure.holds is not None:
        with np.errstate(invalid="ignore"):
            row["odds"] = float(np.mean(measure.holds(values)))
    return row


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def at_least(limit: float) -> Callable[[np.ndarray], np.ndarray]:
    """Holds from the limit up."""
    return lambda values: values >= limit


def at_most(limit: float) -> Callable[[np.ndarray], np.ndarray]:
    """Holds up to the limit."""
    return lambda values: values <= limit


# ---------------------------------------------------------------------- the claims, in the order of the design

STARGATE = "75 % of OpenAI's compute comes from Stargate by 2030"
GRADUAL = "The transition is gradual: spending on Microsoft continues for years"
SOFTBANK = "Stargate is financed largely by SoftBank, and its energy is diversified"
BURN = "About $20bn of cash is burnt by or in 2027, and overlap raises costs"
INFERENCE = "By 2030 running models costs more than training them"
REVENUE = "New revenue becomes crucial"
TOO_SLOW = "Microsoft is too slow, so OpenAI goes elsewhere under a clause of its exclusive contract"
ROUND = "$6.6bn is raised at $157bn"
RIVAL = "xAI is the fast rival"
PROFIT = "A profit share of 75 % until $13bn, then 49 % to a cap; conversion to a stake"
IN_HOUSE = "$650m for Inflection's team, to compete with OpenAI"
CAUTION = "Microsoft is cautious about clusters without steady returns"
ABILENE = "Abilene goes up to 2 GW given more power, with hundreds of thousands of Nvidia chips"
CLUSTER = "A $100bn cluster, financed with debt, with or without Microsoft's hardware"
OWN_CHIP = "An own chip with Broadcom lowers running cost; most chips still come through Microsoft"

CLUSTER_NOTE = "the two bids for one cluster are not modelled; this is the debt-financed builder"

FULL_GW = 1.99
"""Two gigawatts, but for rounding."""

MEASURES = (
    Measure(
        STARGATE,
        "Stargate's share of the H100e used, 2030Q4",
        "share",
        lambda p: p.at("stargate_share", "2030Q4"),
        0.75,
        at_least(0.75),
    ),
    Measure(
        STARGATE,
        "Stargate's share of the facility power, 2030Q4",
        "share",
        figures.stargate_power_share,
        0.75,
        at_least(0.75),
    ),
    Measure(
        STARGATE, "Stargate's share of the rent, 2030Q4", "share", figures.stargate_rent_share, 0.75, at_least(0.75)
    ),
    Measure(
        STARGATE,
        "First quarter with 75 %",
        DATE,
        lambda p: p.first_time(p.path("stargate_share") >= 0.75),
        2030.0,
        at_most(2030.75),
    ),
    Measure(
        GRADUAL,
        "Year in which payments to Microsoft are largest",
        DATE,
        lambda p: p.peak_year("openai_payments_to_microsoft_usd_bn"),
    ),
    Measure(
        GRADUAL,
        "Payments to Microsoft in 2027",
        "bn USD",
        lambda p: p.year("openai_payments_to_microsoft_usd_bn", 2027),
        None,
        lambda values: values > 0.0,
    ),
    Measure(
        GRADUAL,
        "Microsoft's share of OpenAI's compute, 2030Q4 less first quarter",
        "share",
        lambda p: p.change("openai_share", "2030Q4", "microsoft"),
        None,
        lambda values: values < 0.0,
    ),
    Measure(
        SOFTBANK,
        "SoftBank's share of the equity paid into OpenAI to 2030 (plan for Stargate: 19 of 52)",
        "share",
        lambda p: over(p.total("softbank_paid_usd_bn", "2030Q4"), p.total("openai_raised_usd_bn", "2030Q4")),
        19.0 / 52.0,
        at_least(19.0 / 52.0),
    ),
    Measure(
        SOFTBANK,
        "SoftBank's share of all capital raised by OpenAI, Oracle and the landlords to 2030",
        "share",
        figures.softbank_share_of_capital,
        0.5,
        at_least(0.5),
    ),
    Measure(
        SOFTBANK,
        "Share of Oracle's power behind the meter, 2030Q4",
        "share",
        lambda p: p.at("behind_meter_share", "2030Q4", "oracle"),
    ),
    Measure(
        BURN, "OpenAI's burn in 2027", "bn USD", lambda p: p.year("openai_burn_usd_bn", 2027), 20.0, at_least(20.0)
    ),
    Measure(
        BURN,
        "OpenAI's burn from the start to the end of 2027",
        "bn USD",
        lambda p: p.total("openai_burn_usd_bn", "2027Q4"),
        20.0,
        at_least(20.0),
    ),
    Measure(
        BURN,
        "Rent of idle or double capacity to the end of 2027",
        "bn USD",
        lambda p: p.total("openai_idle_usd_bn", "2027Q4"),
        None,
        lambda values: values > 0.1,
    ),
    Measure(
        INFERENCE,
        "Quarter in which inference first costs more than R&D",
        DATE,
        figures.crossing,
        2030.0,
        at_most(2030.75),
    ),
    Measure(
        INFERENCE,
        "Inference over R&D compute spending, 2030",
        "ratio",
        lambda p: over(p.year("inference_cost_usd_bn", 2030), p.year("rd_cost_usd_bn", 2030)),
        1.0,
        lambda values: values > 1.0,
    ),
    Measure(
        REVENUE, "OpenAI is rescued or insolvent by 2030", "flag", figures.insolvent_or_rescued, None, at_least(1.0)
    ),
    Measure(REVENUE, "Revenue in 2027 that leaves twelve months of runway", "bn USD", figures.revenue_for_a_year),
    Measure(REVENUE, "OpenAI's revenue in 2027", "bn USD", lambda p: p.year("openai_revenue_usd_bn", 2027)),
    Measure(
        TOO_SLOW,
        "Requests that Microsoft waived to the end of 2026",
        "M H100e",
        lambda p: p.total("waived_h100e_m", "2026Q4"),
        None,
        lambda v: v > 0.0,
        "2025Q1",
    ),
    Measure(
        TOO_SLOW,
        "Unmet requests in 2025",
        "M H100e",
        lambda p: p.year("unmet_h100e_m", 2025),
        None,
        lambda v: v > 0.0,
        "2025Q1",
    ),
    Measure(
        TOO_SLOW,
        "Share of leases signed elsewhere to the end of 2026",
        "share",
        figures.outside_lease_share,
        None,
        at_least(0.5),
    ),
    Measure(
        TOO_SLOW,
        "Quarter in which the sole right ends",
        DATE,
        lambda p: p.first_time(p.path("exclusivity") < 2.0),
        None,
        at_most(2026.75),
        "2025Q1",
    ),
    Measure(
        ROUND,
        "Raised in 2024Q4",
        "bn USD",
        lambda p: p.at("openai_raised_usd_bn", "2024Q4"),
        6.6,
        at_least(6.6),
        "2024Q4",
    ),
    Measure(
        ROUND,
        "Valuation after 2024Q4",
        "bn USD",
        lambda p: p.at("openai_valuation_usd_bn", "2024Q4"),
        157.0,
        at_least(157.0),
        "2024Q4",
    ),
    Measure(
        ROUND,
        "Next rounds: raised in 2026",
        "bn USD",
        lambda p: p.year("openai_raised_usd_bn", 2026),
        None,
        at_least(6.6),
    ),
    Measure(
        ROUND,
        "Next rounds: valuation at the end of 2026",
        "bn USD",
        lambda p: p.at("openai_valuation_usd_bn", "2026Q4"),
        None,
        at_least(157.0),
    ),
    Measure(
        RIVAL,
        "Capability of xAI less OpenAI's, 2027Q4",
        "log",
        lambda p: p.at("capability", "2027Q4", "xai") - p.at("capability", "2027Q4", "openai"),
        None,
        lambda values: values > 0.0,
    ),
    Measure(
        RIVAL,
        "First quarter with 100,000 chips",
        DATE,
        lambda p: p.first_time(p.path("colossus_h100e_m") >= 0.1),
        None,
        at_most(2024.75),
        "2024Q3",
    ),
    Measure(
        PROFIT,
        "Profit share paid to the end of 2030",
        "bn USD",
        lambda p: p.total("profit_share_usd_bn", "2030Q4"),
        None,
        lambda v: v > 0.0,
        "2025Q4",
    ),
    Measure(PROFIT, "Quarter of the conversion", DATE, figures.conversion_date, None, at_most(2030.75), "2025Q4"),
    Measure(
        PROFIT, "Stake bargained by Microsoft", "share", figures.bargained_stake, None, lambda v: v > 0.0, "2025Q4"
    ),
    Measure(
        IN_HOUSE,
        "In-house lab's share of the labs' revenue, 2030",
        "share",
        figures.in_house_share,
        None,
        at_least(0.05),
    ),
    Measure(
        IN_HOUSE, "In-house lab's compute, 2030Q4", "M H100e", lambda p: p.at("used_h100e_m", "2030Q4", "microsoft_lab")
    ),
    Measure(
        CAUTION,
        "Microsoft's leases over its leases and waivers, to the end of 2027",
        "share",
        figures.built_against_requests,
        None,
        lambda v: v < 0.5,
    ),
    Measure(
        CAUTION,
        "Rent over long-run cost, mean of 2027",
        "ratio",
        lambda p: p.mean("price_over_cost", 2027),
        1.0,
        lambda v: v < 1.0,
    ),
    Measure(
        ABILENE,
        "Abilene's power, 2030Q4",
        "GW facility",
        lambda p: p.at("abilene_facility_gw", "2030Q4"),
        2.0,
        at_least(FULL_GW),
    ),
    Measure(
        ABILENE,
        "First quarter with 2 GW",
        DATE,
        lambda p: p.first_time(p.path("abilene_facility_gw") >= FULL_GW),
        None,
        at_most(2030.75),
    ),
    Measure(
        ABILENE,
        "Chips that its power carries, 2030Q4",
        "thousand chips",
        figures.abilene_chips_k,
        200.0,
        at_least(200.0),
    ),
    Measure(
        CLUSTER,
        "Oracle's capital spending since the start passes $100bn",
        DATE,
        figures.cluster_paid_for,
        None,
        at_most(2030.75),
        note=CLUSTER_NOTE,
    ),
    Measure(
        CLUSTER,
        "New debt over Oracle's capital spending, to the end of 2030",
        "share",
        figures.cluster_debt_share,
        None,
        at_least(0.5),
        note=CLUSTER_NOTE,
    ),
    Measure(
        OWN_CHIP,
        "Quarter in which the programme starts",
        DATE,
        lambda p: p.first_time(p.path("own_chip_started") > 0.0),
        None,
        at_most(2030.75),
        "2025Q4",
    ),
    Measure(
        OWN_CHIP,
        "Cost of an own chip over the newest Nvidia's, 2028Q4",
        "ratio",
        lambda p: over(p.at("chip_cost_usd_h", "2028Q4", "own"), p.at("chip_cost_usd_h", "2028Q4", "merchant")),
        1.0,
        lambda v: v < 1.0,
    ),
    Measure(
        OWN_CHIP,
        "Microsoft's share of OpenAI's compute, 2028Q4",
        "share",
        lambda p: p.at("openai_share", "2028Q4", "microsoft"),
        0.5,
        at_least(0.5),
    ),
    Measure(
        OWN_CHIP,
        "Own chips' share of OpenAI's compute, 2030Q4",
        "share",
        lambda p: p.at("openai_share", "2030Q4", "own"),
    ),
)
"""All measures of all claims."""


__all__ = ["MEASURES", "Measure", "claims_table"]
