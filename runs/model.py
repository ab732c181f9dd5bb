"""The Mesa model: builds the cast, narrates the quarter, checks the laws and keeps the history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import mesa
import numpy as np

from agents.cast import Cast
from runs import posterior
from runs.accounts import settle
from runs.cast import build_cast
from runs.cluster import bid_for_cluster
from runs.contracts import provider_shares, tender
from runs.credit import lend
from runs.events import apply_events
from runs.firm_books import purse
from runs.headlines import HEADLINES, headline
from runs.laws import check_laws
from runs.metrics import History
from runs.money import fund
from runs.opening import open_state
from runs.physical import deliver, order
from runs.recorder import Recorder
from runs.rental import clear, operate
from runs.saving import load_market, save_market
from runs.scenario import Scenario, load_scenario
from runs.sight import core_growth_factor, market_view, price_chips, tails_of_demand
from runs.split import over_rivals, split_start
from runs.state import State
from runs.use import used_h100e_m
from world.arrays import Flags, PerRow, PerWorld, fold, ratio
from world.calendar import quarter_label, quarter_number
from world.draws import Draws
from world.leases import USD_BN_PER_RENT
from world.parameters import Parameters, resolve
from world.record import accelerators, phases, start_state
from world.services import budget_to_demand_scale, scaled_innovation
from world.student import student_t_of

DEFAULT_UNTIL, LATEST = "2030Q4", "2035Q4"
CORE = {
    "cash_flow": "core_cash_flow_usd_bn",
    "other_capex": "other_capex_usd_bn",
    "payouts": "payouts_usd_bn",
}
"""What firms earn and spend outside the market for compute, and the figure of the start that says how much."""


class ComputeMarket(mesa.Model):
    """The market for AI compute, in one world or many at once.

    Args:
        scenario: a scenario's name, file or mapping.
        worlds: how many worlds, or an array of world numbers.
        rng: seed; a world's luck depends on the seed and its number only.
        first_world: number of the first world.
        until: last quarter; default the scenario's horizon.
        parameters: owner.name -> a number or (worlds,), on top of the scenario's.
        parameters_from: where the others come from, "posterior" or "prior"; default runs/posterior.py, `source_of`.
        plugins: files of the user's own with policies and firms (docs/extending.md); they make this model's cast.
        overrides: the same as keywords, with `__` for the dot.
    Raises: ValueError that names what is wrong and what is allowed.
    """

    cast: Cast
    state: State
    h20_h100e_m: PerWorld
    parameters: Parameters
    history: History

    def __init__(
        self,
        scenario: str | Mapping[str, Any] | Scenario = "baseline",
        worlds: int | np.ndarray = 1,
        rng: int = 1,
        first_world: int = 0,
        until: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        parameters_from: str | None = None,
        plugins: Sequence[str | Path] = (),
        **overrides: Any,
    ) -> None:
        super().__init__(rng=rng)
        self.settings = load_scenario(scenario, plugins)
        self.cast = self.settings.cast
        self.draws = Draws(rng, worlds, first_world)
        self.worlds = self.draws.worlds
        start = split_start(start_state(self.settings.start, self.settings.known_until), self.cast)
        known = self.settings.known_until
        source = posterior.source_of(parameters_from, known)
        values = (
            posterior.parameters_from(source, rng, self.draws.world_numbers, self.settings.start)
            | dict(self.settings.parameters)
            | dict(parameters or {})
            | {k.replace("__", "."): v for k, v in overrides.items()}
        )
        self.parameters = resolve(self.draws, values)
        self.money: PerWorld = self.parameters.of("currency").scale
        try:
            last = quarter_number(until or DEFAULT_UNTIL)
        except ValueError as error:
            raise ValueError(f"until: {error}") from None
        first = quarter_number(self.settings.start)
        if not first < last <= quarter_number(LATEST):
            raise ValueError(f"until: wanted a quarter after {self.settings.start}, up to {LATEST}, got {until}")
        self.quarters = last - first
        chips, sites = accelerators(known), phases(known)
        self.state = open_state(start, chips, sites, self.quarters, self.draws, self.parameters, self.cast)
        self.firms: dict[str, Any] = build_cast(self, start, self.parameters, self.settings.policies)
        self.burn: dict[str, PerWorld] = {}
        self.cash_flow: dict[str, PerWorld] = {}
        self.debt_room: dict[str, PerWorld] = {}
        self.core_firms = (*self.cast.operators, "softbank", *self.cast.rivals, "nvidia", "landlords")
        self.core_usd_bn = self.open_core(start)
        keep = self.parameters.of("operators").reserve_share
        self.start_reserve = {name: keep * self.state.ledger.cash(name) for name in self.core_firms}
        self.settle_start(start)
        self.h20_h100e_m = np.full(self.worlds, start.value("market", "h20_h100e_m"))
        self.history = History(self)
        self.recorder: Recorder | None = None
        self.datacollector = mesa.DataCollector(
            model_reporters={name: partial(headline, name=name) for name in HEADLINES}
        )
        self.running = True

    # ------------------------------------------------------------------ the quarter

    def step(self) -> None:
        """One quarter, as DESIGN 5 tells it."""
        self.begin_quarter()
        # 1. exogenous: events of the scenario and of the record; rates, shocks, the spending of customers
        apply_events(self)
        if self.recorder is not None:
            self.recorder.after_events(self)
        self.move_outside_world()
        # 2. deliver: power, chips, leases
        deliver(self)
        # 3. forecast: what planners believe is updated where demand is observed, at clearing
        lend(self)
        # 4. corporate funding: tranches, rounds, conversion
        view = market_view(self)  # what all decide on: until clearing only orders change it, by what is then coming
        fund(self, view)
        # 5., 6. tender, leases and their finance
        tendered = tender(self, view)
        bid_for_cluster(self, view, tendered)
        # 7. orders: sites, then chips
        order(self, view)
        # 8. clear the rental market
        clear(self, view)
        # 9. operate: inference, R&D, revenue, capability
        operate(self)
        # 10. settle every payment
        settle(self)
        # 11. observe
        self.observe()

    @property
    def calendar_quarter(self) -> int:
        """Number of the calendar quarter that is being simulated."""
        return self.state.first_quarter + 1 + self.state.quarter

    def begin_quarter(self) -> None:
        """Advance the calendar; last quarter's figures become the past."""
        s = self.state
        if s.quarter + 1 >= self.quarters:
            raise ValueError(
                f"the run ends with {quarter_label(s.first_quarter + self.quarters)}; it cannot step further"
            )
        s.quarter += 1
        s.last, s.flow = s.flow, {}
        s.ledger.begin_quarter()
        if self.recorder is not None:
            self.recorder.begin(self)

    def move_outside_world(self) -> None:
        """Shocks to growth, to rates, to credit and to the portfolio of the anchor investor."""
        s, q, draws, p = self.state, self.calendar_quarter, self.draws, self.parameters
        customers = self.firms["customers"].parameters
        freedom = customers.tail_freedom
        trend = student_t_of(draws.uniform("demand.trend", q), freedom, p.once(tails_of_demand))
        common = scaled_innovation(trend, freedom, 1.0)
        self.firms["customers"].settle_quarter(
            common, draws.normal("services.trend", q), draws.normal("demand.level", q)
        )
        for name in self.cast.rivals:
            self.firms[name].settle_support(self.firms["customers"].demand_growth)
        self.firms["lenders"].settle_cycle(draws.normal("credit.cycle", q) - customers.credit_link * common)
        rates = p.of("backers")
        shock = rates.rate_noise * draws.normal("rates", q)
        s.base_rate = np.maximum(s.base_rate + rates.rate_reversion * (rates.rate_late - s.base_rate) + shock, 0.0)
        s.ten_year_rate = np.maximum(
            s.ten_year_rate + rates.rate_reversion * (rates.ten_year_late - s.ten_year_rate) + 0.6 * shock, 0.005
        )
        softbank = self.firms["softbank"]
        sp = softbank.parameters
        factor = np.exp(
            sp.holdings_drift
            + sp.holdings_noise
            * (
                sp.demand_link * common
                + np.sqrt(1.0 - sp.demand_link * sp.demand_link) * draws.normal("softbank.holdings", q)
            )
        )
        softbank.settle_holdings(factor)
        softbank.begin_quarter()
        self.core_usd_bn *= self.parameters.once(core_growth_factor)
        price_chips(self)

    def observe(self) -> None:
        """Additions feed the shares of builders; the laws are checked; the quarter is written to the history."""
        s = self.state
        added = s.flow["delivered_h100e_m"][[self.cast.operator[name] for name in self.cast.builders]]
        for name, share in zip(self.cast.builders, ratio(added, fold(added)), strict=True):
            self.firms[name].settle_additions(share)
        check_laws(self)
        self.history.record(self)
        if self.recorder is not None:
            self.recorder.close(self)
        self.datacollector.collect(self)
        self.running = s.quarter + 1 < self.quarters

    def save(self, path: str | Path) -> None:
        """Write the market as it stands between two quarters to a file (runs/saving.py)."""
        save_market(self, path)

    @classmethod
    def load(
        cls, path: str | Path, worlds: Any = None, seed: int | None = None, plugins: Iterable[str | Path] | Cast = ()
    ) -> ComputeMarket:
        """A saved market that goes on as it would have; or, given worlds, so many futures of it."""
        return load_market(cls, path, worlds, seed, plugins)

    # ------------------------------------------------------------------ the start

    def open_core(self, start: Any) -> np.ndarray:
        """Cash flow of everybody's core business, other capital spending and payouts, $bn a quarter.

        Returns: (kinds in the order of CORE, core firms, worlds).
        """
        # The support of rival labs by their parents is what they spend, it follows demand in the labs' own budget.
        figures = [[start.value(name, figure) for name in self.core_firms] for figure in CORE.values()]
        return np.array(figures)[..., np.newaxis] * self.money

    def core(self, kind: str) -> PerRow:
        """A kind of flow outside the market for compute, $bn a quarter, (core firms, worlds); keys of CORE."""
        flows: PerRow = self.core_usd_bn[tuple(CORE).index(kind)]
        return flows

    def settle_start(self, start: Any) -> None:
        """Fit what only the start can tell: budgets to observed use, distribution to observed revenue."""
        s = self.state
        s.flow = {}
        s.quarter = -1
        price_chips(self)
        self.cash_flow |= dict(zip(self.core_firms, self.core("cash_flow").copy(), strict=True))
        self.burn["openai"] = (
            np.full(self.worlds, start.value("openai", "revenue_usd_bn"))
            * self.money
            * self.parameters.of("openai").start_burn_share
        )
        self.burn["xai"] = np.full(self.worlds, 0.4 * self.money)
        self.burn |= over_rivals(np.full(self.worlds, 0.4 * self.money), self.cast)
        view = market_view(self)
        m = self.parameters.of("market")
        revenue = np.stack([self.firms[name].revenue_usd_bn for name in self.cast.labs])
        share = revenue / fold(revenue)
        used = used_h100e_m(s)[[self.cast.user[name] for name in self.cast.labs]]
        services = self.parameters.of("services")
        for row, name in enumerate(self.cast.labs):
            lab = self.firms[name]
            lab.growth_smoothed = np.full(self.worlds, start.value("openai", "revenue_growth_per_quarter"))
            if name in self.cast.rivals:
                lab.support_usd_bn = np.full(self.worlds, start.value(name, "core_cash_flow_usd_bn")) * self.money
            # The stock of effective training compute that the lab's flow at the start would have built up.
            flow = np.maximum(used[row] * 0.6, 1e-4)
            lab.capability = np.log(flow / services.capability_start_turnover)
            lab.distribution = np.log(np.maximum(share[row], 1e-6)) - services.capability_weight * lab.capability
            budget = lab.plan_budget(view, purse(self, name), np.zeros(self.worlds))
            lab.settle_budget(budget)
            asked = budget_to_demand_scale(budget.total_usd_bn, view.long_run_cost_usd_h, m.elasticity_long)
            implied = s.market.scale[row] / asked * budget.total_usd_bn
            known = start.optional("market", f"inference_share.{name}")
            inference = budget.inference_usd_bn / budget.total_usd_bn if known is None else np.full(self.worlds, known)
            of_rd = ratio((1.0 - inference) * implied, budget.rd_usd_bn, 1.0)
            lab.settle_scale(inference * implied / budget.inference_usd_bn, of_rd)
            lab.settle_wanted(implied / (USD_BN_PER_RENT * view.long_run_cost_usd_h * view.usefulness))
        self.start_scale = s.market.scale.copy()
        self.start_shares = provider_shares(self.cast, s.leases.contracted)
        self.start_pool_usd_bn = self.firms["customers"].pool_usd_bn.copy()
        self.promise_usd_bn = {
            "xai": self.parameters.of("xai").promise_usd_bn * self.money,
        } | over_rivals(self.parameters.of("rival_labs").promise_usd_bn * self.money, self.cast)
        s.flow = {}

    # ------------------------------------------------------------------ small facts that steps ask for

    def reserve(self, name: str) -> PerWorld:
        """Cash that a firm keeps, $bn: a share of what it held at the start."""
        return self.start_reserve[name]

    def phase_granted(self, phase: int) -> Flags:
        """Whether the power of a named phase is granted by now; an expansion waits for the grid's word."""
        s = self.state
        spec = s.phases.phases[phase]
        if "if more is granted" not in spec.power_source:
            return np.ones(self.worlds, dtype=bool)
        odds = self.parameters.of("grid").expansion_grant_odds
        return self.draws.uniform(f"grant:{spec.name}") < odds
