"""What an agent is allowed to see: frozen views of the market and of its own books, and what it may answer.

One view is taken for each step of the quarter, once the step before it has settled; nobody sees another
firm's books or reaches into the model.
"""

from __future__ import annotations

from dataclasses import dataclass

from world.arrays import Flags, PerGeneration, PerWorld


@dataclass(frozen=True)
class MarketView:
    """The public state of the market at one step of a quarter."""

    quarter: int
    """Calendar quarter number."""
    elapsed: int
    """Quarters since the start."""
    price_usd_h: PerGeneration
    """Last clearing price of each generation, $/H100e-hour."""
    index_usd_h: PerWorld
    """Rental index, $/effective H100e-hour."""
    slow_index_usd_h: PerWorld
    """The slow index that long-run demand follows, same unit."""
    term_price_usd_h: PerWorld
    """Fair price of a lab's lease at expected spot, $/effective H100e-hour."""
    term_level: PerWorld
    """Level price over a lease's term for one dollar of falling rent in the first year."""
    posted_usd_h: PerWorld
    """Posted one-year contract price of an H100, $/H100e-hour."""
    long_run_cost_usd_h: PerWorld
    """Long-run cost of the newest chip at its arrival, $/effective H100e-hour, before any hurdle."""
    usefulness: PerWorld
    """Effective units in one H100e of the newest chip."""
    power_kw: PerWorld
    """Facility kW of one H100e of the newest chip."""
    capital_usd_bn: PerWorld
    """Capital for one M H100e of the newest chip: chips, network and other IT, $bn (without the shell)."""
    growth: PerWorld
    """Growth of the demand scale that planners believe, log per quarter."""
    capacity_effective_m: PerWorld
    """Deployed traded capacity, effective M H100e."""
    demand_at_cost_m: PerWorld
    """Traded capacity that today's demand would take at long-run cost, effective M H100e."""
    power_effective_m: PerWorld
    """Capacity that idle energised power and power under construction could carry, effective M H100e."""
    chips_effective_m: PerWorld
    """Chips ordered or landed and not yet deployed, effective M H100e."""
    chip_lead_quarters: PerWorld
    """Order to delivery of accelerators today."""
    base_rate: PerWorld
    """Base interest rate, per year."""
    credit_cycle: PerWorld
    """Addition to every spread, per year."""
    tenant_spread: PerWorld
    """What lenders add, per year, on debt that is served out of the rent of the lab that leases most."""
    cost_of_capital: PerWorld
    """Of a large cloud, per year."""
    running_usd_h: PerWorld
    """Cash cost of the newest chip and the rent of its shell, $/effective H100e-hour."""
    shell_usd_bn: PerWorld
    """Shell for one M H100e of the newest chip, $bn."""


@dataclass(frozen=True)
class Purse:
    """The financial part of a firm's own books at one step of a quarter, $bn."""

    cash_usd_bn: PerWorld
    debt_usd_bn: PerWorld
    burn_usd_bn: PerWorld
    """Cash burnt in a quarter, smoothed; positive when cash falls."""
    committed_usd_bn: PerWorld
    """Equity promised by investors and not yet paid."""
    credits_usd_bn: PerWorld
    """Prepaid compute."""
    debt_room_usd_bn: PerWorld
    """What lenders would still lend."""
    operating_cash_flow_usd_bn: PerWorld
    """Cash flow from operations last quarter, before capital spending."""


@dataclass(frozen=True)
class FirmView(Purse):
    """A firm's own books at one step of a quarter: its purse, and M H100e and GW."""

    fleet_h100e_m: PerWorld
    deployed_h100e_m: PerWorld
    power_gw: PerWorld
    """Energised facility power."""
    coming_power_gw: PerWorld
    """Facility power under construction or waiting for finance."""
    power_at_chip_lead_gw: PerWorld
    """Facility power expected once chips ordered today arrive; zero for those who are not about to order."""
    chips_power_gw: PerWorld
    """Facility power that all chips owned and ordered need."""
    backlog_h100e_m: PerWorld
    """Chips ordered and not delivered."""
    let_h100e_m: PerWorld
    """Capacity let to tenants, active and signed."""
    let_to_largest_h100e_m: PerWorld
    """Of that, to the largest tenant."""
    let_at_chip_lead_h100e_m: PerWorld
    """Capacity that must be let once chips ordered today arrive; zero for those who do not build to leases."""
    used_h100e_m: PerWorld
    """Compute used by the firm itself last quarter."""
    held_h100e_m: PerWorld
    """Leases held as a tenant, active and signed."""


@dataclass(frozen=True)
class ComputeBudget:
    """What a lab would spend on compute this quarter at long-run cost, $bn."""

    inference_usd_bn: PerWorld
    rd_usd_bn: PerWorld
    rd_by_rule_usd_bn: PerWorld
    """R&D before the factor from the rule to what the start implies."""

    @property
    def total_usd_bn(self) -> PerWorld:
        """Inference and R&D together, $bn."""
        return self.inference_usd_bn + self.rd_usd_bn


@dataclass(frozen=True)
class CapacityOrder:
    """New facility power and chips that an operator orders."""

    facility_gw: PerWorld
    chips_h100e_m: PerWorld
    demanded_h100e_m: PerWorld
    """Chips that demand alone asked for."""
    wanted_h100e_m: PerWorld
    """Of these, what the operator is willing to build."""
    wanted_sites_h100e_m: PerWorld
    """Power that demand alone asked for, in M H100e."""
    powered_h100e_m: PerWorld
    """Chips left once power was looked at, before money was."""
    affordable_h100e_m: PerWorld
    """Chips that its means would carry."""


@dataclass(frozen=True)
class LeaseOffer:
    """What a provider offers a tenant this quarter."""

    quantity_h100e_m: PerWorld
    reservation_usd_h: PerWorld
    """Least price, $/H100e-hour."""
    lead_quarters: PerWorld


@dataclass(frozen=True)
class ClusterBid:
    """What a builder offers for one very large cluster."""

    price_usd_h: PerWorld
    """Level price over the lease, $/effective H100e-hour."""
    capital_rate: PerWorld
    """What its money costs, per year."""
    lead_quarters: PerWorld
    able: Flags
    """Where it has the means."""


BINDING = ("demand", "power", "shells", "chips", "finance", "appetite")
"""What can bind an order: the first constraint that cuts it."""


@dataclass(frozen=True)
class Tender:
    """A tenant's request for capacity."""

    wanted_h100e_m: PerWorld
    worth_usd_h: PerWorld
    """Most it would pay, $/H100e-hour."""
    term_quarters: PerWorld
