"""Metrics of compute: prices, chips, power, leases in H100e, capability and constraints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agents.cast import GENERATIONS
from agents.views import BINDING
from runs.registry import simple
from runs.sight import unit_rent
from runs.state import MERCHANT_ROWS
from runs.use import used_by, used_h100e_m
from world.arrays import PerRow, PerWorld, fold, part_of, ratio

if TYPE_CHECKING:
    from runs.model import ComputeMarket

ABILENE = "Abilene"


def stargate(m: ComputeMarket) -> PerWorld:
    """Oracle's Stargate leases and own sites over all compute that OpenAI uses."""
    share, names = m.state.flow["openai_share"], m.cast.provider_names
    programme: PerWorld = share[names.index("oracle")] + share[names.index("own")]
    return programme


def openai_power(m: ComputeMarket) -> PerWorld:
    """IT power of the chips that OpenAI uses."""
    return used_by(m.state, "openai", m.state.generations.kw_it_per_h100e)


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
    places = s.binding * m.worlds + np.arange(m.worlds)
    share: PerRow = np.bincount(places.ravel(), weight.ravel(), len(BINDING) * m.worlds)  # builder after builder
    return share.reshape(len(BINDING), m.worlds)


def chip_price(m: ComputeMarket) -> PerRow:
    """List price by generation, thousand USD, once it is on sale."""
    s = m.state
    return np.where(s.generations.launch <= s.quarter, s.flow["chip_price_k"], np.nan)


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
    axis="operators",
)
simple(
    "merchant_sold_h100e_m",
    "M H100e",
    "Merchant chips owned by anybody (sold basis)",
    lambda m: fold(m.state.flow["sold_by_generation_h100e_m"][MERCHANT_ROWS]) + m.h20_h100e_m,
)
simple(
    "deployed_h100e_m",
    "M H100e",
    "Chips switched on",
    lambda m: m.state.flow["deployed_h100e_m"],
    dimension="owner",
    axis="operators",
)
simple(
    "waiting_h100e_m",
    "M H100e",
    "Installed chips that wait for power",
    lambda m: m.state.fleet.waiting,
    dimension="owner",
    axis="operators",
)
simple(
    "generation_h100e_m",
    "M H100e",
    "Chips owned by generation (sold basis)",
    lambda m: m.state.flow["sold_by_generation_h100e_m"],
    dimension="generation",
    members=GENERATIONS,
)
simple(
    "used_h100e_m",
    "M H100e",
    "Compute used",
    lambda m: used_h100e_m(m.state),
    dimension="user",
    axis="users",
)
simple(
    "backlog_h100e_m",
    "M H100e",
    "Merchant chips ordered and not delivered",
    lambda m: m.state.production.pending() + m.state.queue_h100e_m,
    dimension="owner",
    axis="operators",
)
simple(
    "chip_price_k",
    "k USD",
    "List price of a chip; none before its launch",
    chip_price,
    dimension="generation",
    members=GENERATIONS,
)
simple(
    "chip_lead_quarters",
    "quarters",
    "Order to delivery of merchant chips",
    lambda m: m.firms["nvidia"].queue_quarters + m.firms["nvidia"].parameters.production_quarters,
)
simple(
    "wafers_k",
    "thousand wafers",
    "Nvidia's packaging wafers in a quarter",
    lambda m: m.firms["nvidia"].capacity,
    flow=True,
)
simple(
    "openai_h100e_by_provider",
    "M H100e",
    "OpenAI's compute by provider",
    lambda m: m.state.flow["openai_by_provider"],
    dimension="provider",
    axis="provider_names",
)
simple(
    "openai_share",
    "share",
    "Provider's share of OpenAI's compute",
    lambda m: m.state.flow["openai_share"],
    dimension="provider",
    axis="provider_names",
)
simple("stargate_share", "share", "Share of the H100e that OpenAI uses on Stargate leases and sites", stargate)
simple("openai_compute_it_gw", "GW IT", "IT power of the compute that OpenAI uses", openai_power)
simple(
    "capability",
    "log",
    "Log of effective training compute",
    lambda m: np.array([m.firms[name].capability for name in m.cast.labs]),
    dimension="lab",
    axis="labs",
)
simple(
    "energised_facility_gw",
    "GW facility",
    "Energised power",
    lambda m: m.state.flow["power_gw"],
    dimension="firm",
    axis="operators",
)
simple(
    "building_facility_gw",
    "GW facility",
    "Power under construction",
    lambda m: m.state.sites.building_gw,
    dimension="firm",
    axis="operators",
)
simple("abilene_facility_gw", "GW facility", "Energised power at Abilene", lambda m: site(m, ABILENE))
simple(
    "behind_meter_share",
    "share",
    "Share of power behind the meter",
    lambda m: part_of(m.state.behind_meter_gw, m.state.granted_gw),
    dimension="firm",
    axis="operators",
)
simple(
    "colossus_h100e_m",
    "M H100e",
    "Chips that xAI owns",
    lambda m: m.state.flow["owned_h100e_m"][m.cast.operator["xai"]],
)
simple(
    "binding_share",
    "share",
    "Share of the builders' orders bound by each constraint, weighted by fleet",
    binding,
    dimension="constraint",
    members=BINDING,
)
simple(
    "waived_h100e_m",
    "M H100e",
    "Outside offers that Microsoft waived or consented to",
    lambda m: m.state.flow["waived_h100e_m"],
    flow=True,
)
simple(
    "matched_h100e_m",
    "M H100e",
    "Outside offers that Microsoft matched or, as sole provider, supplied itself",
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
    axis="pair_names",
    flow=True,
)
simple(
    "leased_h100e_m",
    "M H100e",
    "Leases active",
    lambda m: m.state.leases.active,
    dimension="pair",
    axis="pair_names",
)
simple(
    "pending_h100e_m",
    "M H100e",
    "Leases signed and not begun",
    lambda m: m.state.leases.pending_total,
    dimension="pair",
    axis="pair_names",
)
simple(
    "lease_price_usd_h",
    "$/H100e-h",
    "Average price of active leases",
    lambda m: m.state.leases.price,
    dimension="pair",
    axis="pair_names",
)
simple(
    "own_chip_started",
    "flag",
    "OpenAI's chip programme runs",
    lambda m: (m.firms["openai"].chip_age_quarters >= 0.0).astype(float),
)
simple(
    "chip_cost_usd_h",
    "$/effective H100e-h",
    "Long-run cost: the newest merchant chip, and the own chip",
    lambda m: np.array([m.state.flow["long_run_cost_usd_h"], m.state.flow["own_cost_usd_h"]]),
    dimension="chip",
    members=("merchant", "own"),
)
simple("market_rationed", "flag", "The price cap binds", lambda m: m.state.market.rationed.astype(float))
