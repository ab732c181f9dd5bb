"""Everything that the market consists of besides the agents' own arrays."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from agents.cast import GENERATIONS, MERCHANT, Cast
from world.arrays import Flags, PerGeneration, PerOperatorGeneration, PerRow, PerWorld, fold
from world.chips import wafer_mix
from world.debt import DebtBook
from world.fleets import Fleet
from world.leases import LeaseBook
from world.ledger import Ledger
from world.nested_market import PerKind
from world.schedule import Schedule
from world.sites import NamedPhases, SitePipeline

GENERATION = {name: row for row, name in enumerate(GENERATIONS)}
MERCHANT_ROWS = slice(0, len(MERCHANT))
CHIPS_AHEAD = 3
"""Chips ordered now are of the mix that is made so many quarters later."""


@dataclass
class Generations:
    """The accelerator generations in each world, (generations, worlds) unless said otherwise."""

    h100e: PerGeneration
    """H100e per chip."""
    kw_it: PerGeneration
    """IT power per chip."""
    kw_facility: PerGeneration
    """Facility power per chip."""
    packages: PerGeneration
    """Chips per packaging wafer."""
    launch: PerGeneration
    """Quarters from the start of the run to the launch; negative if it was launched before."""
    ramp_quarters: PerGeneration
    launch_price_k: PerGeneration
    """List price at its launch, or at the start of the run if that came later, thousand USD."""
    usefulness: PerGeneration
    """Effective units in one H100e."""

    def from_wafers(self, quarters: int) -> PerOperatorGeneration:
        """What the merchant vendor makes of a thousand wafers in each of the first quarters of the run.

        Returns: (merchant generations, quarters, worlds) M H100e.
        """
        launch, ramp, packages, h100e = (
            figure[MERCHANT_ROWS, np.newaxis] for figure in (self.launch, self.ramp_quarters, self.packages, self.h100e)
        )
        age = np.maximum(np.arange(quarters)[:, np.newaxis] - launch, -8.0)
        return wafer_mix(age, ramp) * (packages * h100e / 1000.0)

    @cached_property
    def kw_per_h100e(self) -> PerGeneration:
        """Facility kW for one H100e."""
        return self.kw_facility / self.h100e

    @cached_property
    def kw_it_per_h100e(self) -> PerGeneration:
        """IT kW for one H100e."""
        return self.kw_it / self.h100e

    @cached_property
    def log_usefulness(self) -> PerGeneration:
        """Its logarithm."""
        return np.log(self.usefulness)

    @cached_property
    def priced_from(self) -> PerGeneration:
        """The quarter of the run at whose end a chip has its launch price: that of its launch, -1 if it came before."""
        return np.where(self.launch < 0.0, -1.0, self.launch)


@dataclass
class Market:
    """Prices and quantities of the last clearing."""

    price_usd_h: PerGeneration
    traded: np.ndarray
    """(generations, worlds) whether a generation was traded."""
    taken_h100e_m: PerGeneration
    """What a user of strength one takes of each generation that it can use."""
    strength: PerRow
    """With which each user's purchases of all that it can use go, (users, worlds): runs/use.py adds them up."""
    sold_h100e_m: PerGeneration
    """By all holders together, each the same share of what it has deployed."""
    log_index: PerKind
    """Log of the rental index of each kind of users, (kinds, worlds), $/effective H100e-hour."""
    log_slow_index: PerKind
    """Log of its slow mean, (kinds, worlds)."""
    posted_usd_h: PerWorld
    list_usd_h: PerWorld
    rationed: Flags
    scale: PerRow
    """Long-run demand scale A of each user, (users, worlds)."""
    rent_usd_h: PerWorld | None = None
    """Average rent of one effective unit of merchant compute, kept once somebody asked for it."""
    used_h100e_m: PerRow | None = None
    """What each user bought of all generations, (users, worlds), kept likewise."""


@dataclass
class Cap:
    """OpenAI's ownership and what is owed on it."""

    stakes: PerRow
    """(holders, worlds) summing to one."""
    valuation_usd_bn: PerWorld
    """Post-money valuation of the last round."""
    tranches: Schedule
    """Equity promised by the anchor investor, by quarter: $bn, and units of the shares issued for it."""
    waiting: Schedule
    """The same that is due and waits for the conversion, by the quarter after which it waits no more."""
    anchor_units: PerWorld
    """All shares of the anchor investor, in the same units."""
    promised_usd_bn: PerWorld
    """All that it promised since the start."""
    settled_usd_bn: PerWorld
    """What of it was paid or lapsed."""
    cumulative_profit_usd_bn: PerWorld
    profit_high_usd_bn: PerWorld
    profit_share_paid_usd_bn: PerWorld


@dataclass
class State:
    """Holders of physical and financial state, and last quarter's figures that views are made of."""

    worlds: int
    cast: Cast
    first_quarter: int
    """Calendar quarter of the start state."""
    quarters: int
    generations: Generations
    ledger: Ledger
    debt: DebtBook
    """What the debtors on the ledger owe, by maturity."""
    fleet: Fleet
    leases: LeaseBook
    sites: SitePipeline
    phases: NamedPhases
    production: Schedule
    """Merchant chips ordered, by the quarter they fall due at the vendor, (operators, slots, worlds), M H100e."""
    queue_h100e_m: PerRow
    """Merchant chips due and not shipped, (operators, worlds)."""
    asic_queue_h100e_m: PerWorld
    market: Market
    cap: Cap
    growth_believed: PerWorld
    base_rate: PerWorld
    ten_year_rate: PerWorld
    binding: np.ndarray
    """(operators, worlds) index into BINDING of what bound the last order."""
    granted_gw: PerRow
    """Power granted to each operator since the start, and what stood then, (operators, worlds)."""
    behind_meter_gw: PerRow
    """The part of it that runs on plant of its own."""
    flow: dict[str, np.ndarray] = field(default_factory=dict)
    """This quarter's figures by name, for views, settlement and metrics; emptied when a quarter begins."""
    last: dict[str, np.ndarray] = field(default_factory=dict)
    """The same of the quarter before."""
    quarter: int = -1
    """Quarters since the start state; 0 is the first one simulated."""

    @cached_property
    def wafers(self) -> tuple[PerRow, PerOperatorGeneration]:
        """What a thousand merchant wafers give, by quarter of the run and for CHIPS_AHEAD more: launches are settled.

        M H100e, (quarters, worlds), and each merchant generation's share of them, (quarters, generations, worlds).
        """
        made = self.generations.from_wafers(self.quarters + CHIPS_AHEAD)
        total = fold(made)
        return total, np.ascontiguousarray((made / total).swapaxes(0, 1))

    @cached_property
    def newest(self) -> tuple[PerRow, PerRow]:
        """Usefulness and facility kW of one H100e of what is made in each quarter, (quarters, worlds) as `wafers`."""
        g, shares = self.generations, self.wafers[1].swapaxes(0, 1)
        useful, kw = (fold(shares * figure[MERCHANT_ROWS, np.newaxis]) for figure in (g.usefulness, g.kw_per_h100e))
        return useful, kw

    @property
    def ordered_shares(self) -> PerGeneration:
        """Each merchant generation's share of the H100e of chips ordered now, (merchant generations, worlds)."""
        return self.wafers[1][self.quarter + CHIPS_AHEAD]
