"""The record beside the model: which observed series says the same as which metric, in the metric's unit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from world.calendar import parse_period, quarter_label, quarter_of
from world.record import accelerators, series
from world.tables import HistoryRow

Observation = tuple[str, float, float | None, float | None]
"""A quarter (or year) label, the value, and bounds of the value where the source gives them."""


@dataclass(frozen=True)
class Counterpart:
    """A series of world/data/history.csv, the unit that its rows must have, and the factor to the metric's unit."""

    entity: str
    series: str
    unit: str
    factor: float = 1.0
    per_chip: str | None = None
    """A generation, where the record counts chips and the model H100 equivalents: divided by H100e per chip."""
    also: str | None = None
    """Another series of the entity that says the same for other quarters."""


def _of(name: str, unit: str, factor: float = 1.0, per_chip: str | None = None, also: str | None = None) -> Counterpart:
    entity, _, rest = name.partition(":")
    return Counterpart(entity, rest, unit, factor, per_chip, also)


def _owned(entity: str) -> Counterpart:
    return _of(f"{entity}:h100e_owned_nvidia", "H100e", 1e-6)


_HOUR = "USD/GPU-hr"
COUNTERPARTS: dict[tuple[str, str | None], Counterpart] = {
    ("h100_price_usd_h", None): _of("H100 neocloud market:h100_rental_1y_contract", _HOUR),
    ("list_price_usd_h", None): _of("H100:h100_hyperscaler_on_demand_median", _HOUR),
    ("spot_price_usd_h", "hopper"): _of("H100:h100_marketplace_median", _HOUR, per_chip="hopper"),
    ("spot_price_usd_h", "blackwell"): _of("B200:b200_rental_floor", _HOUR, per_chip="blackwell"),
    ("merchant_sold_h100e_m", None): _of("Nvidia:cumulative_h100e_sold", "H100e", 1e-6),
    ("sold_h100e_m", "microsoft"): _owned("Microsoft"),
    ("sold_h100e_m", "oracle"): _owned("Oracle"),
    ("sold_h100e_m", "xai"): _owned("xAI"),
    ("colossus_h100e_m", None): _owned("xAI"),
    ("used_h100e_m", "openai"): _of("OpenAI:h100e_used_by_lab", "H100e", 1e-6),
    ("used_h100e_m", "xai"): _of("xAI:h100e_used_by_lab", "H100e", 1e-6),
    ("openai_compute_it_gw", None): _of("OpenAI:it_power_used_by_lab", "GW"),
    ("nvidia_revenue_usd_bn", None): _of("Nvidia:datacenter_revenue", "USD bn"),
    ("openai_revenue_usd_bn", None): _of("OpenAI:revenue", "USD bn"),
    ("lab_revenue_usd_bn", "openai"): _of("OpenAI:revenue", "USD bn"),
    ("openai_burn_usd_bn", None): _of("OpenAI:cash_burn", "USD bn"),
    ("openai_cash_usd_bn", None): _of("OpenAI:cash", "USD bn"),
    ("openai_valuation_usd_bn", None): _of("OpenAI:post_money_valuation", "USD bn"),
    ("openai_payments_to_microsoft_usd_bn", None): _of("OpenAI:payments_to_microsoft", "USD bn"),
    ("inference_cost_usd_bn", None): _of("OpenAI:inference_compute_spend", "USD bn"),
    ("rd_cost_usd_bn", None): _of("OpenAI:rnd_compute_spend", "USD bn"),
    ("softbank_paid_usd_bn", None): _of("SoftBank:investment_into_openai", "USD bn"),
    ("softbank_ltv", None): _of("SoftBank:ltv", "percent", 0.01),
    ("openai_stake", "softbank"): _of("SoftBank:openai_stake_percent", "percent", 0.01),
    ("openai_stake", "microsoft"): _of("Microsoft:openai_stake_percent", "percent", 0.01),
    ("oracle_debt_usd_bn", None): _of("Oracle:total_debt", "USD bn", also="borrowings_total"),
    ("capex_usd_bn", "microsoft"): _of("Microsoft:capex_cash_ppe", "USD bn"),
    ("capex_usd_bn", "oracle"): _of("Oracle:capex", "USD bn"),
    ("capex_usd_bn", "xai"): _of("xAI:capex", "USD bn"),
    ("abilene_facility_gw", None): _of("Stargate:abilene_energised_gw", "GW"),
}
"""By (metric, member). What the record has no like for is not here, such as rival clouds or the labs' capability."""


def observed(metric: str, member: str | None = None) -> list[Observation]:
    """The record of a metric by quarter: (label, value, low, high) in the metric's unit, earliest first.

    A year's figure of a stock stands at its last quarter; a year's flow is left out (`observed_years`). Of several
    rows in a quarter the last counts. Empty if the record has nothing like the metric.
    """
    return _labelled(metric, member, years=False)


def observed_years(metric: str, member: str | None = None) -> list[Observation]:
    """The record of a flow by calendar year: (label, value, low, high), as far as whole years are on record."""
    return _labelled(metric, member, years=True)


def _labelled(metric: str, member: str | None, years: bool) -> list[Observation]:
    counterpart = COUNTERPARTS.get((metric, member))
    if counterpart is None:
        return []
    found: dict[str, Observation] = {}
    names = [counterpart.also, counterpart.series]
    for row in [row for name in names if name is not None for row in series(counterpart.entity, name)]:
        if row.status not in ("observed", "derived"):
            continue
        if row.unit != counterpart.unit:
            raise ValueError(f"{row.name}, {row.period}: wanted the unit {counterpart.unit}, got {row.unit}")
        whole_year_flow = len(row.period) == 4 and row.basis == "flow of the period"
        if whole_year_flow != years:
            continue
        label = row.period if years else quarter_label(quarter_of(parse_period(row.period)[1]))
        found[label] = (label, *_converted(row, counterpart))
    return [found[label] for label in sorted(found)]


def _converted(row: HistoryRow, counterpart: Counterpart) -> tuple[float, float | None, float | None]:
    factor = counterpart.factor
    if counterpart.per_chip is not None:
        factor /= accelerators(date.max)[counterpart.per_chip].h100e
    low, high = (None if bound is None else bound * factor for bound in (row.low, row.high))
    return row.value * factor, low, high


__all__ = ["COUNTERPARTS", "Counterpart", "Observation", "observed", "observed_years"]
