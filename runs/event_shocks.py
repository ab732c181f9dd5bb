"""Events that come from outside: demand, power prices, rates, and parameters that change in the course of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from runs.cast import own_parameters
from runs.event_arguments import Argument, Event, Known, choice, kind, number, parameter_name
from world.arrays import PerWorld
from world.parameters import Parameters, specifications

if TYPE_CHECKING:
    from runs.model import ComputeMarket


@kind(
    "demand_shock",
    "growth or level of what customers want jumps; growth then fades as any other",
    Argument("growth", number(-0.5, 0.5, "log per quarter"), "added to growth", 0.0),
    Argument("level", number(-2.0, 2.0, "log"), "added to the level", 0.0),
    Argument(
        "of",
        choice(("all", "services", "workloads")),
        "AI services, the clouds' and enterprises' workloads, or both",
        "all",
    ),
)
def demand_shock(market: ComputeMarket, event: Event) -> None:
    """Move the pool of spending on services, the scale of workloads, or both, and their growth."""
    customers, given = market.firms["customers"], event.arguments
    if given["of"] != "workloads":
        customers.services_growth = customers.services_growth + given["growth"]
        customers.pool_usd_bn = customers.pool_usd_bn * np.exp(given["level"])
    if given["of"] != "services":
        customers.demand_growth = customers.demand_growth + given["growth"]
        customers.workload_scale = customers.workload_scale * np.exp(given["level"])


@kind(
    "power_price_shock",
    "the price of electricity jumps for good",
    Argument("change", number(-2.0, 2.0, "log"), "added to the log of the price"),
)
def power_price_shock(market: ComputeMarket, event: Event) -> None:
    """Scale what power costs from now on."""
    change_parameter(
        market,
        event,
        "costs.power_usd_mwh",
        market.parameters["costs.power_usd_mwh"] * np.exp(event.arguments["change"]),
    )


@kind(
    "rate_shock",
    "interest rates or credit spreads jump; both then revert as they always do",
    Argument("base", number(-0.1, 0.2, "rate per year"), "added to the base rate", 0.0),
    Argument("ten_year", number(-0.1, 0.2, "rate per year"), "added to the ten-year rate", 0.0),
    Argument("spread", number(-0.1, 0.2, "rate per year"), "added to every borrower's spread", 0.0),
)
def rate_shock(market: ComputeMarket, event: Event) -> None:
    """Move rates and the credit cycle; they revert from this quarter on."""
    s, given = market.state, event.arguments
    s.base_rate = np.maximum(s.base_rate + given["base"], 0.0)
    s.ten_year_rate = np.maximum(s.ten_year_rate + given["ten_year"], 0.005)
    lenders = market.firms["lenders"]
    lenders.credit_cycle = lenders.credit_cycle + given["spread"]


def within_limits(given: Mapping[str, Any], _: Known) -> None:
    """Refuse a value outside the limits of its parameter."""
    row = specifications()[given["name"]]
    if given["value"] is not None and not row.minimum <= given["value"] <= row.maximum:
        raise ValueError(f"{row.name}: {given['value']:g} is out of range; allowed: {row.allowed}")


@kind(
    "set_parameter",
    "a parameter takes another value from now on",
    Argument("name", parameter_name, "owner.name"),
    Argument("value", number(-1e9, 1e9, "unit of the parameter"), "its value in every world", None),
    Argument("factor", number(0.0, 1e6, "ratio"), "what it is multiplied by in every world", None),
    one_of=("value", "factor"),
    agree=within_limits,
)
def set_parameter(market: ComputeMarket, event: Event) -> None:
    """Replace or scale one parameter for everybody who reads it."""
    given = event.arguments
    before = market.parameters[given["name"]]
    after = before * given["factor"] if given["value"] is None else np.full(market.worlds, given["value"])
    change_parameter(market, event, given["name"], after)


def change_parameter(market: ComputeMarket, event: Event, name: str, values: PerWorld) -> None:
    """Give a parameter other values, within its limits, in the model and in every firm."""
    row = specifications()[name]
    outside = np.flatnonzero((values < row.minimum) | (values > row.maximum))
    if outside.size:
        raise ValueError(
            f"event {event.kind} in {event.quarter}: {name} becomes {values[outside[0]]:g} in world "
            f"{int(market.draws.world_numbers[outside[0]])}; allowed: {row.allowed}"
        )
    market.parameters = Parameters(dict(market.parameters) | {name: values})
    for firm in market.firms.values():
        firm.parameters = own_parameters(market.parameters, firm.name, market.cast)
