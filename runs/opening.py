"""The start of a run: real figures of the start quarter become fleets, contracts, books and a market at rest."""

from __future__ import annotations

import numpy as np

from agents.cast import GENERATIONS, MERCHANT, Cast
from runs.credit import open_debt
from runs.opening_books import on_site_share, open_cap, open_ledger, open_shell_leases
from runs.opening_market import open_market
from runs.state import GENERATION, Generations, State
from world.arrays import PerRow, PerWorld, fold, power
from world.calendar import quarter_number
from world.costs import usefulness
from world.draws import Draws, exponential
from world.fleets import Fleet
from world.leases import LeaseBook
from world.parameters import Parameters
from world.record import Accelerator, Phase, StartState
from world.schedule import Schedule
from world.sites import NamedPhases, PhaseSpec, SitePipeline

ASIC_LANDED_SHARE = 0.18
"""Share of the custom chips sold that came in the start quarter: TPU sales grew by a third a quarter in the record."""
BACKLOG_SHARES = (0.3, 0.25, 0.2, 0.15, 0.1)
"""Orders standing at the start fall due over the coming quarters: most soon, some a year out."""
QUARTERS_BEYOND = 40
"""Schedules reach past the horizon, as far as leases signed there run: how far a run goes must not change its path."""
BUILDING_QUARTERS = 8
"""Power under construction at the start arrives within so many quarters, by the tables' definition."""
BUILDING_WEIGHT = np.exp(-0.1 * np.arange(BUILDING_QUARTERS)) / float(np.exp(-0.1 * np.arange(BUILDING_QUARTERS)).sum())
"""Lead times differ, so what is in flight thins out with the quarters: later ones also take what is begun later."""


def open_state(
    start: StartState,
    accelerators: dict[str, Accelerator],
    phases: list[Phase],
    quarters: int,
    draws: Draws,
    parameters: Parameters,
    cast: Cast,
) -> State:
    """Build the state at the end of the start quarter, in every world."""
    worlds = draws.worlds
    slots = quarters + 1 + QUARTERS_BEYOND
    generations = open_generations(start, accelerators, draws, parameters)
    fleet = open_fleet(start, worlds, cast)
    sites, named = open_sites(start, phases, slots, cast, draws, parameters)
    fleet.deploy(generations.kw_per_h100e, sites.energised_gw + named.add_by("operator", cast.operators))
    money = parameters.of("currency").scale
    leases = open_leases(start, fleet, slots, parameters, cast)
    production = Schedule(len(cast.operators), slots, worlds)
    for operator, row in cast.operator.items():
        backlog = np.full(worlds, start.value(operator, "chip_backlog_h100e_m"))
        for step, share in enumerate(BACKLOG_SHARES):
            production.add(row, float(step), backlog * share)
    ledger = open_ledger(start, worlds, parameters, cast)
    open_shell_leases(ledger, standing_power(sites, named, cast), parameters, cast)
    return State(
        worlds=worlds,
        cast=cast,
        first_quarter=quarter_number(start.label),
        quarters=quarters,
        generations=generations,
        ledger=ledger,
        debt=open_debt(start, ledger, parameters, cast),
        fleet=fleet,
        leases=leases,
        sites=sites,
        phases=named,
        production=production,
        queue_h100e_m=np.zeros((len(cast.operators), worlds)),
        asic_queue_h100e_m=np.full(
            worlds, 2.0 * ASIC_LANDED_SHARE * start.value("rival_clouds", "sold_h100e_m.rival_asic")
        ),
        market=open_market(start, fleet, generations, parameters, cast),
        cap=open_cap(start, slots, worlds, money),
        growth_believed=np.full(worlds, start.value("market", "demand_growth_per_quarter"))
        * parameters.of("planners").start_belief,
        base_rate=np.full(worlds, start.value("market", "base_rate")),
        ten_year_rate=np.full(worlds, start.value("market", "ten_year_rate")),
        granted_gw=standing_power(sites, named, cast),
        behind_meter_gw=standing_power(sites, named, cast) * on_site_share(parameters, cast),
        binding=np.zeros((len(cast.operators), worlds), dtype=np.int64),
    )


def open_generations(
    start: StartState, accelerators: dict[str, Accelerator], draws: Draws, parameters: Parameters
) -> Generations:
    """Chips as they are known at the start; what is not launched yet takes its launch and strength from draws."""
    worlds = draws.worlds
    chips = parameters.of("chips")
    money = parameters.of("currency").scale
    column = {name: accelerators[name] for name in GENERATIONS}

    def rows(field: str) -> np.ndarray:
        return np.repeat(np.array([[getattr(column[g], field)] for g in GENERATIONS], dtype=np.float64), worlds, axis=1)

    h100e, price, packages = rows("h100e"), rows("price_k"), rows("packages_per_wafer")
    kw_it, kw_facility = rows("kw_it"), rows("kw_facility")
    first = quarter_number(start.label)
    launch = np.repeat(
        np.array([[quarter_number(column[g].launch) - first - 1.0] for g in GENERATIONS]), worlds, axis=1
    )
    ramp = np.repeat(chips.ramp_quarters[None, :], len(GENERATIONS), axis=0)

    slip = np.zeros(worlds)
    for name in MERCHANT:
        row = GENERATION[name]
        if launch[row, 0] < 0.0:
            continue
        # A later generation cannot come before the one it follows: slips add up.
        # What is about to ship can slip less than what is years away.
        far = min(float(launch[row, 0] + 1.0) / 4.0, 1.0)
        slip = slip + far * chips.launch_slip_quarters * exponential(draws.uniform(f"launch:{name}"))
        launch[row] += slip
    for name, strength in (("rubin", chips.rubin_h100e), ("feynman", chips.rubin_h100e * chips.feynman_gain)):
        row = GENERATION[name]
        if launch[row, 0] >= 0.0:
            h100e[row] = strength
    for name in MERCHANT:
        if launch[GENERATION[name], 0] < 0.0 or name == "blackwell":
            known = start.optional("market", f"chip_price_k.{name}")
            price[GENERATION[name]] = price[GENERATION[name]] if known is None else known
    # The vendor prices a new generation by what it rents for, with a little left to the buyer.
    for before, name in (("blackwell", "rubin"), ("rubin", "feynman")):
        row, old = GENERATION[name], GENERATION[before]
        if launch[row, 0] < 0.0:
            continue
        years = np.maximum(launch[row] - np.maximum(launch[old], 0.0), 0.0) / 4.0
        drifted = price[old] * np.exp(years * np.log1p(-chips.price_drift))
        exponent = parameters.of("market").hedonic_exponent
        price[row] = drifted * power(h100e[row] / h100e[old], exponent) * (1.0 - chips.buyer_gain)
    own, asic = GENERATION["own_chip"], GENERATION["rival_asic"]
    h100e[own] = parameters.of("openai").chip_h100e
    launch[own], launch[asic] = np.inf, -8.0
    return Generations(
        h100e=h100e,
        kw_it=kw_it,
        kw_facility=kw_facility,
        packages=packages,
        launch=launch,
        ramp_quarters=ramp,
        launch_price_k=price * money,
        usefulness=usefulness(h100e, parameters.of("market").hedonic_exponent),
    )


def open_fleet(start: StartState, worlds: int, cast: Cast) -> Fleet:
    """Chips sold to each owner by generation; what landed in the start quarter is installed in the first one."""
    fleet = Fleet(len(cast.operators), len(GENERATIONS), worlds)
    sold = np.zeros((len(cast.operators), len(GENERATIONS), worlds))
    landed = np.zeros_like(sold)
    for operator, row in cast.operator.items():
        for generation in ("ampere", "hopper", "blackwell", "rival_asic"):
            sold[row, GENERATION[generation]] = start.value(operator, f"sold_h100e_m.{generation}")
        newest = GENERATION["blackwell"] if sold[row, GENERATION["blackwell"], 0] > 0.0 else GENERATION["hopper"]
        asic = GENERATION["rival_asic"]
        landed[row, asic] = sold[row, asic] * ASIC_LANDED_SHARE
        last = start.value(operator, "sold_last_quarter_h100e_m")
        landed[row, newest] = np.minimum(last, sold[row, newest])
    fleet.open(sold, landed)
    return fleet


def open_sites(
    start: StartState, phases: list[Phase], slots: int, cast: Cast, draws: Draws, parameters: Parameters
) -> tuple[SitePipeline, NamedPhases]:
    """Power that is energised and power under construction; named phases are taken out of the pooled figures."""
    first = quarter_number(start.label)
    specs = [
        PhaseSpec(
            p.name,
            p.site,
            p.landlord,
            p.operator,
            p.tenant,
            p.programme,
            p.power_source,
            p.facility_gw,
            p.ramp_quarters,
        )
        for p in phases
    ]
    named = NamedPhases(specs, draws.worlds)
    building = np.zeros(len(cast.operators))
    standing = np.zeros(len(cast.operators))
    for phase in phases:
        steps: list[float] = []
        for date in (phase.announced, phase.contracted, phase.building, phase.energised):
            if date is None or quarter_number(date) > first:
                break
            steps.append(float(quarter_number(date) - first - 1))
        due = first_power(phase, first, draws, parameters) if len(steps) == 3 else np.inf
        named.open(phase.name, steps, due)
        if len(steps) == 4:
            standing[cast.operator[phase.operator]] += phase.facility_gw
        elif len(steps) == 3:
            building[cast.operator[phase.operator]] += phase.facility_gw
    sites = SitePipeline(len(cast.operators), slots, draws.worlds)
    for operator, row in cast.operator.items():
        sites.open(row, max(start.value(operator, "energised_facility_gw") - standing[row], 0.0))
        # Who has no site yet has a stand-in for its first one, until the record names it.
        first_site = start.value(operator, "energised_facility_gw") <= 0.0
        named_gw = sum(p.facility_gw for p in phases if p.operator == operator) if first_site else building[row]
        coming = max(start.value(operator, "building_facility_gw") - named_gw, 0.0)
        for step in range(BUILDING_QUARTERS):
            sites.order(row, coming * BUILDING_WEIGHT[step], float(step + 1), 0.0, -1, spread=0)
    return sites, named


def first_power(phase: Phase, first: int, draws: Draws, parameters: Parameters) -> PerWorld | float:
    """When the first hall of a phase under construction gets power, quarters from the end of quarter `first`, >= 0.

    That is the record's date if it tells. Else the record dates the middle of the halls; what is built already slips
    no more: the slip of a whole site counts for the share of its building time that is left.
    """
    if phase.energised is not None:
        return float(quarter_number(phase.energised) - first - 1)
    slip = parameters.of("grid").slippage_quarters * exponential(draws.uniform(f"slip:{phase.name}"))
    middle = quarter_number(phase.due) - first - 0.5
    left = np.minimum(max(middle, 0.0) / parameters.of(phase.operator).build_quarters, 1.0)
    return max(middle - 0.5 * (phase.ramp_quarters + 1.0), 0.0) + slip * left


def open_leases(start: StartState, fleet: Fleet, slots: int, parameters: Parameters, cast: Cast) -> LeaseBook:
    """The contract book: leases that run and leases signed but not begun."""
    worlds = fleet.sold.shape[-1]
    book = LeaseBook(cast.pairs, slots, worlds)
    money, take_or_pay = parameters.of("currency").scale, parameters.of("market").take_or_pay
    deployed = fold(fleet.deployed.swapaxes(0, 1))
    for (provider, tenant), row in cast.pair.items():
        if start.optional(f"lease.{tenant}.{provider}", "h100e_m") is None:
            continue
        subject = f"lease.{tenant}.{provider}"
        running = np.minimum(start.value(subject, "h100e_m"), 0.97 * deployed[cast.operator[provider]])
        if running.any():
            book.open(
                row,
                running,
                start.value(subject, "price_usd_h") * money,
                take_or_pay,
                max(start.value(subject, "remaining_quarters"), 1.0),
            )
        pending = start.value(subject, "pending_h100e_m")
        if pending <= 0.0:
            continue
        middle, ramp = (
            start.value(subject, "pending_start_quarters"),
            max(int(start.value(subject, "pending_ramp_quarters")), 1),
        )
        for step in range(ramp):
            at = max(middle - 0.5 * (ramp - 1) + step - 1.0, 0.0)
            book.sign(
                row,
                np.full(worlds, pending / ramp),
                start.value(subject, "pending_price_usd_h") * money,
                take_or_pay,
                at,
                start.value(subject, "pending_term_quarters"),
            )
    return book


def standing_power(sites: SitePipeline, named: NamedPhases, cast: Cast) -> PerRow:
    """Energised power of each operator at the start, (operators, worlds) GW."""
    return sites.energised_gw + named.add_by("operator", cast.operators)
