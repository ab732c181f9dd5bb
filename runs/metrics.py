"""The registry of metrics: one row each, feeding tables, JSON, figures and expressions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from agents.cast import GENERATIONS, HOLDERS, LABS, OPERATORS, PAIRS, USERS
from agents.views import BINDING
from runs.contracts import PROVIDERS, used_by_provider
from runs.sight import unit_rent
from runs.stargate import SPONSORS
from runs.state import GENERATION, OPERATOR, PAIR, USER
from world.arrays import PerRow, PerWorld, fold, ratio
from world.sites import BUILDING, STATES

if TYPE_CHECKING:
    from runs.model import ComputeMarket

Reading = Callable[["ComputeMarket"], np.ndarray]


@dataclass(frozen=True)
class Metric:
    """A figure that every quarter records: (worlds,), or (members, worlds) with a name for each member."""

    name: str
    unit: str
    description: str
    read: Reading
    dimension: str | None = None
    members: tuple[str, ...] = ()
    flow: bool = False
    """Whether it is a flow per quarter that adds up over a year."""


REGISTRY: dict[str, Metric] = {}


def metric(
    name: str,
    unit: str,
    description: str,
    dimension: str | None = None,
    members: tuple[str, ...] = (),
    flow: bool = False,
) -> Callable[[Reading], Reading]:
    """Register a reading under a name (a decorator)."""

    def register(read: Reading) -> Reading:
        REGISTRY[name] = Metric(name, unit, description, read, dimension, members, flow)
        return read

    return register


def simple(name: str, unit: str, description: str, read: Reading, **more: object) -> None:
    """Register a reading given as an expression."""
    metric(name, unit, description, **more)(read)  # type: ignore[arg-type]


PROVIDER_NAMES = (*PROVIDERS, "own")
ACTORS = ("openai", "microsoft", "oracle", "softbank", "xai", "rival_labs", "rival_clouds", "nvidia", "landlords")
ABILENE = "Abilene"

simple(
    "h100_price_usd_h", "$/H100e-h", "Posted one-year contract price of an H100", lambda m: m.state.market.posted_usd_h
)
simple("list_price_usd_h", "$/H100e-h", "List price of an H100 at a large cloud", lambda m: m.state.market.list_usd_h)
simple(
    "spot_price_usd_h",
    "$/H100e-h",
    "Clearing price by generation; none where nothing is traded",
    lambda m: np.where(m.state.market.traded, m.state.market.price_usd_h, np.nan),
    dimension="generation",
    members=GENERATIONS,
)
simple(
    "rental_index_usd_h",
    "$/effective H100e-h",
    "Average rent of an effective unit of merchant compute",
    lambda m: unit_rent(m.state),
)
simple(
    "long_run_cost_usd_h",
    "$/effective H100e-h",
    "Long-run cost of the newest chip",
    lambda m: m.state.flow["long_run_cost_usd_h"],
)
simple(
    "price_over_cost",
    "ratio",
    "Average rent of an effective unit over its long-run cost",
    lambda m: ratio(unit_rent(m.state), m.state.flow["long_run_cost_usd_h"]),
)
simple(
    "sold_h100e_m",
    "M H100e",
    "Chips owned (sold basis)",
    lambda m: m.state.flow["owned_h100e_m"],
    dimension="owner",
    members=OPERATORS,
)
simple(
    "merchant_sold_h100e_m",
    "M H100e",
    "Merchant chips owned by anybody (sold basis)",
    lambda m: fold(fold(m.state.fleet.sold)[:5]) + m.h20_h100e_m,
)
simple(
    "deployed_h100e_m",
    "M H100e",
    "Chips switched on",
    lambda m: m.state.flow["deployed_h100e_m"],
    dimension="owner",
    members=OPERATORS,
)
simple(
    "waiting_h100e_m",
    "M H100e",
    "Installed chips that wait for power",
    lambda m: m.state.fleet.waiting,
    dimension="owner",
    members=OPERATORS,
)
simple(
    "generation_h100e_m",
    "M H100e",
    "Chips owned by generation (sold basis)",
    lambda m: fold(m.state.fleet.sold),
    dimension="generation",
    members=GENERATIONS,
)
simple(
    "used_h100e_m",
    "M H100e",
    "Compute used",
    lambda m: np.stack([fold(m.state.market.bought_h100e_m[k]) for k in range(len(USERS))]),
    dimension="user",
    members=USERS,
)
simple(
    "backlog_h100e_m",
    "M H100e",
    "Merchant chips ordered and not delivered",
    lambda m: m.state.production.pending() + m.state.queue_h100e_m,
    dimension="owner",
    members=OPERATORS,
)
simple(
    "chip_lead_quarters",
    "quarters",
    "Order to delivery of merchant chips",
    lambda m: m.firms["nvidia"].queue_quarters + m.firms["nvidia"].parameters.production_quarters,
)
simple(
    "nvidia_revenue_usd_bn",
    "bn USD",
    "Nvidia's data-centre revenue",
    lambda m: m.state.flow["vendor_revenue_usd_bn"],
    flow=True,
)
simple(
    "wafers_k",
    "thousand wafers",
    "Nvidia's packaging wafers in a quarter",
    lambda m: m.firms["nvidia"].wafers_k,
    flow=True,
)
simple(
    "openai_h100e_by_provider",
    "M H100e",
    "OpenAI's compute by provider",
    lambda m: m.state.flow["openai_by_provider"],
    dimension="provider",
    members=PROVIDER_NAMES,
)
simple(
    "openai_share",
    "share",
    "Provider's share of OpenAI's compute",
    lambda m: ratio(m.state.flow["openai_by_provider"], fold(m.state.flow["openai_by_provider"])),
    dimension="provider",
    members=PROVIDER_NAMES,
)
simple(
    "stargate_share", "share", "Share of the H100e that OpenAI uses on Stargate leases and sites", lambda m: stargate(m)
)
simple("openai_compute_it_gw", "GW IT", "IT power of the compute that OpenAI uses", lambda m: openai_power(m))
simple("openai_revenue_usd_bn", "bn USD", "OpenAI's revenue", lambda m: m.firms["openai"].revenue_usd_bn, flow=True)
simple(
    "openai_burn_usd_bn",
    "bn USD",
    "Cash that OpenAI burns, before equity and debt",
    lambda m: m.state.flow["burn.openai"],
    flow=True,
)
simple("openai_cash_usd_bn", "bn USD", "OpenAI's cash", lambda m: m.state.ledger.cash("openai"))
simple(
    "openai_valuation_usd_bn",
    "bn USD",
    "OpenAI's valuation after the last round",
    lambda m: m.state.cap.valuation_usd_bn,
)
simple(
    "openai_raised_usd_bn",
    "bn USD",
    "Equity paid into OpenAI",
    lambda m: m.state.ledger.paid("equity", payee="openai"),
    flow=True,
)
simple(
    "softbank_paid_usd_bn",
    "bn USD",
    "SoftBank's equity paid into OpenAI",
    lambda m: m.state.ledger.paid("equity", "softbank", "openai"),
    flow=True,
)
simple("openai_stake", "share", "Who owns OpenAI", lambda m: m.state.cap.stakes, dimension="holder", members=HOLDERS)
simple(
    "inference_cost_usd_bn",
    "bn USD",
    "OpenAI's inference compute at market prices",
    lambda m: m.state.flow["inference_usd_bn"][0],
    flow=True,
)
simple(
    "rd_cost_usd_bn",
    "bn USD",
    "OpenAI's R&D compute at market prices",
    lambda m: m.state.flow["rd_usd_bn"][0],
    flow=True,
)
simple(
    "openai_payments_to_microsoft_usd_bn",
    "bn USD",
    "OpenAI's payments to Microsoft",
    lambda m: m.state.flow["payments_to_microsoft_usd_bn"],
    flow=True,
)
simple(
    "openai_compute_bill_usd_bn",
    "bn USD",
    "OpenAI's rent under leases",
    lambda m: fold(m.state.flow["rent_usd_bn"][[k for k, p in enumerate(PAIRS) if p[1] == "openai"]]),
    flow=True,
)
simple(
    "openai_idle_usd_bn", "bn USD", "Rent of leased compute that OpenAI does not use", lambda m: idle_cost(m), flow=True
)
simple(
    "lab_revenue_usd_bn",
    "bn USD",
    "Revenue from AI services",
    lambda m: m.state.flow["served_usd_bn"],
    dimension="lab",
    members=LABS,
    flow=True,
)
simple(
    "unserved_usd_bn",
    "bn USD",
    "Demand for AI services that a lab could not serve",
    lambda m: m.state.flow["unserved_usd_bn"],
    dimension="lab",
    members=LABS,
    flow=True,
)
simple(
    "capability",
    "log",
    "Log of effective training compute",
    lambda m: np.stack([m.firms[name].capability for name in LABS]),
    dimension="lab",
    members=LABS,
)
simple(
    "capex_usd_bn",
    "bn USD",
    "Capital spending",
    lambda m: m.state.flow["capex_usd_bn"],
    dimension="firm",
    members=OPERATORS,
    flow=True,
)
simple(
    "backlog_usd_bn",
    "bn USD",
    "Contracted rent still to be received",
    lambda m: backlog(m),
    dimension="firm",
    members=OPERATORS,
)
simple(
    "cash_usd_bn",
    "bn USD",
    "Cash",
    lambda m: np.stack([m.state.ledger.cash(name) for name in ACTORS]),
    dimension="firm",
    members=ACTORS,
)
simple(
    "debt_usd_bn",
    "bn USD",
    "Debt",
    lambda m: np.stack([m.state.ledger.debt(name) for name in ACTORS]),
    dimension="firm",
    members=ACTORS,
)
simple("oracle_debt_usd_bn", "bn USD", "Oracle's debt", lambda m: m.state.ledger.debt("oracle"))
simple("oracle_dscr", "ratio", "Oracle's cash flow over debt service", lambda m: oracle_dscr(m))
simple("softbank_ltv", "share", "SoftBank's loan to value", lambda m: softbank_ltv(m))
simple(
    "softbank_breach",
    "flag",
    "SoftBank above its hard cap",
    lambda m: m.firms["softbank"].breach(softbank_ltv(m)).astype(float),
)
simple(
    "energised_facility_gw",
    "GW facility",
    "Energised power",
    lambda m: m.state.flow["power_gw"],
    dimension="firm",
    members=OPERATORS,
)
simple(
    "building_facility_gw",
    "GW facility",
    "Power under construction",
    lambda m: m.state.sites.building_gw,
    dimension="firm",
    members=OPERATORS,
)
simple("abilene_facility_gw", "GW facility", "Energised power at Abilene", lambda m: site(m, ABILENE))
simple(
    "stargate_equity_usd_bn",
    "bn USD",
    "Equity that sponsors pay into Stargate phases",
    lambda m: np.stack([m.state.flow[f"sponsor.{k}"] for k in SPONSORS]),
    dimension="sponsor",
    members=tuple(SPONSORS),
    flow=True,
)
simple(
    "behind_meter_share",
    "share",
    "Share of power behind the meter",
    lambda m: ratio(m.state.behind_meter_gw, m.state.granted_gw),
    dimension="firm",
    members=OPERATORS,
)
simple("colossus_h100e_m", "M H100e", "Chips that xAI owns", lambda m: fold(m.state.fleet.sold[OPERATOR["xai"]]))
simple(
    "binding_share",
    "share",
    "Share of the builders' orders bound by each constraint, weighted by fleet",
    lambda m: binding(m),
    dimension="constraint",
    members=BINDING,
)
simple(
    "waived_h100e_m",
    "M H100e",
    "Requests that Microsoft waived under its first refusal",
    lambda m: m.state.flow["waived_h100e_m"],
    flow=True,
)
simple(
    "matched_h100e_m",
    "M H100e",
    "Outside offers that Microsoft matched",
    lambda m: m.state.flow["matched_h100e_m"],
    flow=True,
)
simple(
    "unmet_h100e_m",
    "M H100e",
    "Compute that OpenAI tendered for and did not get within its contract",
    lambda m: m.state.flow["unmet_h100e_m"],
    flow=True,
)
simple(
    "signed_h100e_m",
    "M H100e",
    "Leases signed",
    lambda m: m.state.flow["signed_h100e_m"],
    dimension="pair",
    members=tuple(f"{p[0]}>{p[1]}" for p in PAIRS),
    flow=True,
)
simple(
    "leased_h100e_m",
    "M H100e",
    "Leases active",
    lambda m: m.state.leases.active,
    dimension="pair",
    members=tuple(f"{p[0]}>{p[1]}" for p in PAIRS),
)
simple(
    "pending_h100e_m",
    "M H100e",
    "Leases signed and not begun",
    lambda m: m.state.leases.pending_total,
    dimension="pair",
    members=tuple(f"{p[0]}>{p[1]}" for p in PAIRS),
)
simple(
    "lease_price_usd_h",
    "$/H100e-h",
    "Average price of active leases",
    lambda m: m.state.leases.price,
    dimension="pair",
    members=tuple(f"{p[0]}>{p[1]}" for p in PAIRS),
)
simple("exclusivity", "state", "2 sole provider, 1 first refusal, 0 none", lambda m: m.firms["openai"].exclusivity)
simple("converted", "flag", "OpenAI converted", lambda m: m.firms["openai"].converted)
simple(
    "microsoft_bargained_stake",
    "share",
    "Stake that Microsoft got for its profit share, in the quarter of the conversion",
    lambda m: m.state.flow["bargained_stake"],
)
simple(
    "profit_share_usd_bn",
    "bn USD",
    "Profit share paid to Microsoft",
    lambda m: m.state.flow["profit_share_usd_bn"],
    flow=True,
)
simple(
    "revenue_share_usd_bn",
    "bn USD",
    "Revenue share paid to Microsoft, net",
    lambda m: m.state.flow["revenue_share_usd_bn"],
    flow=True,
)
simple("rescue_usd_bn", "bn USD", "Rescue rounds of OpenAI", lambda m: m.state.flow["rescue_usd_bn"], flow=True)
simple("openai_default", "flag", "OpenAI left a due unpaid", lambda m: m.state.flow["default"])
simple(
    "own_chip_started",
    "flag",
    "OpenAI's chip programme runs",
    lambda m: (m.firms["openai"].chip_age_quarters >= 0.0).astype(float),
)
simple(
    "own_chip_value_usd_bn",
    "bn USD",
    "Expected present value of OpenAI's own chip",
    lambda m: m.state.flow["chip_value_usd_bn"],
)
simple(
    "chip_cost_usd_h",
    "$/effective H100e-h",
    "Long-run cost: the newest merchant chip, and the own chip",
    lambda m: np.stack([m.state.flow["long_run_cost_usd_h"], m.state.flow["own_cost_usd_h"]]),
    dimension="chip",
    members=("merchant", "own"),
)
simple("market_rationed", "flag", "The price cap binds", lambda m: m.state.market.rationed.astype(float))


def stargate(m: ComputeMarket) -> PerWorld:
    """Oracle's Stargate leases and own sites over all compute that OpenAI uses."""
    s = m.state
    rows = s.flow["openai_by_provider"]
    programme = rows[PROVIDER_NAMES.index("oracle")] + rows[PROVIDER_NAMES.index("own")]
    return ratio(programme, fold(rows))


def openai_power(m: ComputeMarket) -> PerWorld:
    """IT power of the chips that OpenAI uses."""
    g = m.state.generations
    return fold(m.state.market.bought_h100e_m[USER["openai"]] * (g.kw_it / g.h100e))


def idle_cost(m: ComputeMarket) -> PerWorld:
    """Leased beyond use, at the average lease price."""
    s = m.state
    rows = [PAIR[(provider, "openai")] for provider in PROVIDERS]
    active = s.leases.active
    held = fold(active[rows])
    used = fold(s.market.bought_h100e_m[USER["openai"]])
    return ratio(np.maximum(held - used, 0.0), held) * fold(s.flow["rent_usd_bn"][rows])


def backlog(m: ComputeMarket) -> PerRow:
    """Remaining contracted rent by provider."""
    value = m.state.leases.backlog_usd_bn
    rows = []
    for name in OPERATORS:
        mine = [k for k, pair in enumerate(PAIRS) if pair[0] == name and pair[1] != name]
        rows.append(fold(value[mine]) if mine else np.zeros(m.worlds))
    return np.stack(rows)


def oracle_dscr(m: ComputeMarket) -> PerWorld:
    """Yearly cash flow before debt service over interest and principal."""
    s = m.state
    service = s.ledger.paid("interest", "oracle") + s.ledger.paid("principal", "oracle")
    flow = m.cash_flow["oracle"] + s.ledger.paid("interest", "oracle")
    return np.clip(ratio(flow, service, 100.0), -100.0, 100.0)


def softbank_ltv(m: ComputeMarket) -> PerWorld:
    """Net debt over gross holdings, OpenAI at its last round."""
    s = m.state
    stake = s.cap.stakes[HOLDERS.index("softbank")] * s.cap.valuation_usd_bn
    return m.firms["softbank"].ltv(stake, s.ledger.debt("softbank") - s.ledger.cash("softbank"))


def site(m: ComputeMarket, name: str) -> PerWorld:
    """Energised power of a named site."""
    s = m.state
    rows = [k for k, phase in enumerate(s.phases.phases) if phase.site == name]
    return fold(s.phases.energised_gw[rows]) if rows else np.zeros(m.worlds)


def binding(m: ComputeMarket) -> PerRow:
    """Weight of the builders whose last order each constraint bound."""
    s = m.state
    weight = s.flow["owned_h100e_m"]
    weight = weight / np.maximum(fold(weight), 1e-12)
    return np.stack([fold(np.where(s.binding == k, weight, 0.0)) for k in range(len(BINDING))])


class History:
    """Every metric of every quarter, in every world: arrays (members, quarters, worlds) by name."""

    def __init__(self, market: ComputeMarket) -> None:
        self.values: dict[str, np.ndarray] = {}
        for name, row in REGISTRY.items():
            self.values[name] = np.full((max(len(row.members), 1), market.quarters, market.worlds), np.nan)

    def record(self, market: ComputeMarket) -> None:
        """Write this quarter, once."""
        note(market)
        q = market.state.quarter
        for name, row in REGISTRY.items():
            self.values[name][:, q] = row.read(market)


def note(market: ComputeMarket) -> None:
    """Work out figures that several metrics share."""
    from runs.sight import market_view

    s = market.state
    view = market_view(market)
    own = GENERATION["own_chip"]
    s.flow["openai_by_provider"] = used_by_provider(s)
    s.flow["long_run_cost_usd_h"] = view.long_run_cost_usd_h
    s.flow["own_cost_usd_h"] = s.flow["cost_usd_h"][own] / s.generations.usefulness[own]
    s.flow["chip_value_usd_bn"] = market.firms["openai"].chip_value_usd_bn(view, s.flow["own_cost_usd_h"])


__all__ = ["BUILDING", "REGISTRY", "STATES", "History", "Metric"]
