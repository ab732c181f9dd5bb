"""OpenAI: the lab that everybody builds for.

It wants compute for inference and research, tenders for it, takes it from whoever is cheapest once delay and
dependence are counted, raises equity to fund the gap, negotiates its way out of an exclusive provider,
converts to a company that investors can own, and decides on a chip of its own.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from agents.base import policy
from agents.labs import Lab
from agents.views import MarketView
from world.arrays import Flags, PerRow, PerWorld, fold, pick_worlds, ratio, some

NAME = "openai"
SOLE_PROVIDER, FIRST_REFUSAL, OPEN = 2.0, 1.0, 0.0
"""Exclusivity: who may supply it."""
BUILD_UP_QUARTERS = 8.0
"""A stock of own chips is built up over two years."""


@policy(NAME, "diversify")
class Diversify:
    """Dependence on one provider is a cost: the default."""

    def dependence_cost(self, firm: Lab, share: PerRow) -> PerRow:
        """Extra cost of a provider's offer as a fraction of long-run cost, by its share of the lab's compute."""
        return firm.parameters.dependence_premium * share


@policy(NAME, "cheapest-provider")
class CheapestProvider:
    """Takes the cheapest offer whoever makes it."""

    def dependence_cost(self, firm: Lab, share: PerRow) -> PerRow:
        """None."""
        return np.zeros_like(share)


@policy(NAME, "stay-with-azure")
class StayWithAzure:
    """Whoever is not its first provider costs it the whole premium, however little it takes there."""

    def dependence_cost(self, firm: Lab, share: PerRow) -> PerRow:
        """None for the first row, which is Microsoft; the premium for everybody else."""
        cost = firm.parameters.dependence_premium * np.ones_like(share)
        cost[0] = 0.0
        return cost


class OpenAI(Lab):
    """State besides a lab's: exclusivity and what it costs, unmet requests, conversion, own chip, and the cluster."""

    def __init__(
        self, *arguments: Any, exclusivity: float, converted: float, chip_started: float, **keywords: Any
    ) -> None:
        super().__init__(*arguments, **keywords)
        self.exclusivity = np.full(self.worlds, exclusivity)
        self.converted = np.full(self.worlds, converted)
        self.unmet_h100e_m = self.zeros()
        self.contract_cost_usd_bn = np.zeros((2, self.worlds))
        self.cluster = self.zeros()
        self.chip_age_quarters = np.where(np.full(self.worlds, chip_started) > 0.0, 0.0, -1.0)

    def dependence_cost(self, share: PerRow) -> PerRow:
        """As its policy says: (providers, worlds) fraction of long-run cost."""
        return self.decide("dependence_cost", share, shape=share.shape)

    def settle_tender(self, unmet_h100e_m: PerWorld) -> None:
        """Remember, with fading weight, what nobody allowed under the contract would deliver."""
        self.unmet_h100e_m = 0.75 * self.unmet_h100e_m + unmet_h100e_m

    def presses(self, used_h100e_m: PerWorld) -> Flags:
        """Whether it puts the next step of its freedom on the table: unmet requests have passed a share of its use."""
        pressed: Flags = self.unmet_h100e_m > self.parameters.patience_share * np.maximum(used_h100e_m, 1e-9)
        return pressed

    def settle_contract_cost(self, cost_usd_bn: PerRow) -> None:
        """Remember, with fading weight, what its exclusive contract costs it in a quarter, (2, worlds) by step."""
        self.contract_cost_usd_bn = 0.5 * self.contract_cost_usd_bn + 0.5 * cost_usd_bn

    def freedom_gain_usd_bn(self, steps: np.ndarray, worlds: np.ndarray) -> PerWorld:
        """What it would save over the years that the contract still counts, discounted, in some worlds.

        Args: steps: (2, these worlds) which are taken; worlds: their positions.
        """
        saved = fold(np.where(steps, pick_worlds(self.contract_cost_usd_bn, worlds), 0.0))
        return saved * self.parameters.saving_over_contract.take(worlds)

    def settle_release(self, happens: Flags, package: Flags) -> None:
        """Take the step that was bought: the next one, or all of them with the conversion."""
        step = np.where(package, OPEN, self.exclusivity - 1.0)
        self.exclusivity = np.where(happens, step, self.exclusivity)

    def settle_conversion(self, converted: Flags) -> None:
        """Take over that it converted."""
        self.converted = np.where(converted, 1.0, self.converted)

    def settle_cluster(self, cluster: PerWorld) -> None:
        """Take note of who builds its very large cluster."""
        self.cluster = cluster

    def chip_volume_h100e_m(self) -> PerWorld:
        """Own chips that it would take in a quarter: its target stock over the quarters in which it would be built."""
        return self.chip_target_h100e_m() / BUILD_UP_QUARTERS

    def chip_target_h100e_m(self) -> PerWorld:
        """Own chips that it would like to have in use: a share of the compute it wants."""
        target: PerWorld = self.parameters.chip_share * self.wanted_h100e_m
        return target

    def start_chip(self, view: MarketView, own_cost_usd_h: PerWorld) -> Flags:
        """Start the chip programme where its expected present value is positive. Changes nothing.

        Args:
            own_cost_usd_h: (worlds,) long-run cost of the own chip, $/effective H100e-hour.
        """
        p = self.parameters
        affordable = self.potential_usd_bn > p.chip_development_usd_bn * self.money / 16.0
        could = (self.chip_age_quarters < 0.0) & affordable
        if not some(could):
            return could
        return could & (self.chip_value_usd_bn(view.long_run_cost_usd_h, own_cost_usd_h) > 0.0)

    def chip_value_usd_bn(self, bought_cost_usd_h: PerWorld, own_cost_usd_h: PerWorld) -> PerWorld:
        """Expected net present value of the programme against buying the merchant's newest chip, $bn."""
        p = self.parameters
        saved = self.chip_target_h100e_m() * (bought_cost_usd_h - own_cost_usd_h) * p.chip_saving_worth
        value: PerWorld = saved - p.chip_development_worth_usd_bn
        return value

    def settle_chip(self, started: Flags) -> None:
        """The programme grows a quarter older where it runs."""
        running = self.chip_age_quarters >= 0.0
        self.chip_age_quarters = np.where(running, self.chip_age_quarters + 1.0, np.where(started, 0.0, -1.0))

    def chip_ready(self) -> PerWorld:
        """How far the ramp of the own chip has come, 0 to 1."""
        p = self.parameters
        return ratio(self.chip_age_quarters - p.chip_lead_quarters - p.chip_slip_quarters, p.chip_ramp_quarters).clip(
            0.0, 1.0
        )
