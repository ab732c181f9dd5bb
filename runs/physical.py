"""Deliver and order: what is energised, landed and let this quarter, and what is ordered for later ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from agents.cast import Cast
from agents.views import BINDING, CapacityOrder, MarketView
from runs.chip_orders import prepaid_share
from runs.firm_books import operator_views
from runs.opening_books import landlord_shares, on_site_share
from runs.sight import (
    backlog_h100e_m,
    building_gw,
    measure_standing,
    power_gw,
    standing_figures,
)
from runs.site_orders import forget_sites, place_sites
from runs.state import GENERATION, MERCHANT_ROWS, State
from world.arrays import PerRow, PerWorld, fold, part_of, ratio, some
from world.parameters import Parameters
from world.rationing import share_supply
from world.schedule import arrival_shares

if TYPE_CHECKING:
    from runs.model import ComputeMarket

LETTABLE_SHARE = 0.97
"""A provider starts leases up to this share of what it has deployed: the rest covers failures until repair."""


def deliver(market: ComputeMarket) -> None:
    """Energise what is due, ship and land chips, switch on what has power, start and end leases."""
    s = market.state
    q = s.quarter
    newly = s.sites.advance(q) + s.phases.add_by("operator", market.cast.operators, s.phases.advance(q))
    s.flow["energised_gw"] = newly
    forget_sites(s)
    s.flow["power_gw"] = power_gw(s)
    arrivals = ship(market)
    s.fleet.land(arrivals)
    s.fleet.wear(market.parameters.of("chips").attrition)
    s.fleet.retire(s.market.price_usd_h, s.flow["cash_cost_usd_h"])
    s.fleet.deploy(s.generations.kw_per_h100e, power_gw(s))
    s.sites.equip(np.minimum(s.fleet.power_used_gw, s.sites.energised_gw))
    equip_phases(s)
    s.flow |= measure_standing(market)
    start_leases(market)


def ship(market: ComputeMarket) -> np.ndarray:
    """Vendors ship what is due within their capacity; returns (operators, generations, worlds) M H100e."""
    s, cast = market.state, market.cast
    g = s.generations
    vendor, custom = market.firms["nvidia"], market.firms["broadcom"]
    vendor.expand()
    custom.expand()
    s.queue_h100e_m = s.queue_h100e_m.copy()
    s.production.move(s.quarter, s.queue_h100e_m)
    of_a_wafer, mix = (figure[s.quarter] for figure in s.wafers)
    capacity = vendor.capacity * of_a_wafer
    size = s.queue_h100e_m + fold(s.fleet.sold.swapaxes(0, 1))
    shipped = vendor.allocate(s.queue_h100e_m, size, capacity, prepaid_share(market))
    s.flow["shipped_h100e_m"] = shipped
    if market.recorder is not None:
        market.recorder.note("chips", queue=s.queue_h100e_m, shipped=shipped, capacity=capacity)
    s.queue_h100e_m = np.maximum(s.queue_h100e_m - shipped, 0.0)
    vendor.settle_shipments(fold(shipped), fold(backlog_h100e_m(s)), capacity, s.growth_believed)
    arrivals = np.empty((len(cast.operators), len(g.h100e), s.worlds))
    np.multiply(shipped[:, None, :], mix, out=arrivals[:, MERCHANT_ROWS])
    arrivals[:, MERCHANT_ROWS.stop :] = 0.0
    # The custom vendor's slots are shared by the rivals' ASICs and the own chip, alike until one has its fill.
    lab = market.firms["openai"]
    lacking = np.maximum(lab.chip_target_h100e_m() - s.fleet.sold[cast.operator["openai"], GENERATION["own_chip"]], 0.0)
    pays = s.last.get("own_chip_pays", np.zeros(s.worlds))
    own_wanted = np.minimum(lab.chip_volume_h100e_m(), lacking) * lab.chip_ready() * pays
    own_room = np.maximum(own_power_room(s) / g.kw_per_h100e[GENERATION["own_chip"]], 0.0)
    slots = custom.capacity
    orders = np.array([s.asic_queue_h100e_m, np.minimum(own_wanted, own_room)])
    served = custom.allocate(orders, orders, slots, np.zeros_like(orders))
    s.asic_queue_h100e_m = np.maximum(s.asic_queue_h100e_m - served[0], 0.0)
    custom.settle_shipments(fold(served), s.asic_queue_h100e_m, slots, s.growth_believed)
    asics, own_chips = custom_chips(cast)
    arrivals[asics], arrivals[own_chips] = served
    # What arrivals cost at this quarter's list price, chips alone: thousand USD for one H100e are $bn for a million.
    price = s.flow["h100e_price_k"]
    captive, delivered = np.zeros_like(shipped), shipped.copy()
    for (operator, generation), chips in zip((asics, own_chips), served, strict=True):
        captive[operator] += chips * price[generation]
        delivered[operator] += chips
    s.flow["delivered_h100e_m"], s.flow["custom_chips_usd_bn"] = delivered, captive
    s.flow["merchant_chips_usd_bn"] = shipped * fold(mix * price[MERCHANT_ROWS])
    return arrivals


def custom_chips(cast: Cast) -> tuple[tuple[int, int], tuple[int, int]]:
    """Operator and generation of the rivals' ASICs and of the own chip."""
    return (
        (cast.operator["rival_clouds"], GENERATION["rival_asic"]),
        (cast.operator["openai"], GENERATION["own_chip"]),
    )


def own_power_room(s: State) -> PerWorld:
    """Power on the lab's own sites that no chip of its own uses yet, GW; it owns no other chips."""
    row, own = s.cast.operator["openai"], GENERATION["own_chip"]
    return power_gw(s)[row] - s.fleet.sold[row, own] * s.generations.kw_per_h100e[own]


def equip_phases(s: State) -> None:
    """Chips run in a named phase once its operator uses power there: all its power counts as used together."""
    bare = s.phases.bare()
    if some(bare):
        running = s.fleet.power_used_gw > 0.0
        s.phases.equip_all(float(s.quarter), bare & running[[s.cast.operator[p.operator] for p in s.phases.phases]])


def start_leases(market: ComputeMarket) -> None:
    """Start the leases that are due, as far as each provider has deployed capacity; what lacks it waits."""
    s, cast = market.state, market.cast
    s.leases.advance(s.quarter)
    let, asked = cast.by_provider.fold(s.leases.active), cast.by_provider.fold(s.leases.late)
    room = np.maximum(LETTABLE_SHARE * s.flow["deployed_h100e_m"] - let, 0.0)
    shares = part_of(np.minimum(room, asked), asked)
    s.leases.deliver_shares(shares.take(cast.provider_of_pair, axis=0))
    # A delay gives the tenant the right to go elsewhere: part of what is late lapses each quarter and is tendered anew.
    patience = market.parameters.of("market").late_patience_quarters
    s.flow["lapsed_h100e_m"] = s.leases.lapse(1.0 / patience)
    s.flow["late_h100e_m"] = s.leases.late


def order(market: ComputeMarket, view: MarketView) -> None:
    """Every operator orders power, then chips; shells and the grid ration power, lenders have had their say."""
    s, cast = market.state, market.cast
    builders = [name for name in cast.operators if name != "openai"]
    views = operator_views(market, view, builders, to_order=True)
    own = GENERATION["own_chip"]
    own_cost = s.flow["cost_usd_h"][own] / s.generations.usefulness[own]
    started = market.firms["openai"].start_chip(view, own_cost)
    market.firms["openai"].settle_chip(started)
    s.flow["own_chip_pays"] = (own_cost < view.long_run_cost_usd_h).astype(float)
    orders = {name: market.firms[name].order_capacity(view, views[name]) for name in builders}
    orders["openai"] = own_site_order(market)
    asked = np.array([orders[name].facility_gw for name in cast.operators])
    landlords, grid = market.firms["landlords"], market.firms["grid"]
    through_landlords = market.parameters.once(landlord_shares, cast)
    rented = asked * through_landlords
    shells = landlords.shells_gw(fold(building_gw(s)), view.credit_cycle)
    weight = builder_weights(market)
    rented = share_supply(rented, weight, shells)
    built = asked * (1.0 - through_landlords) + rented
    behind = market.parameters.once(on_site_share, cast)
    granted, on_site = grid.connect(built, behind, weight)
    s.behind_meter_gw = s.behind_meter_gw + on_site
    s.granted_gw = s.granted_gw + granted
    landlords.settle_started(fold(rented))
    size = backlog_h100e_m(s) + s.flow["owned_h100e_m"]
    chips = np.array([orders[name].chips_h100e_m for name in cast.operators])
    order_chips(market, chips)
    unbanked = place_sites(market, granted)
    in_order = [orders[name] for name in cast.operators]
    s.binding[...] = what_binds(market, in_order, ratio(size, fold(size)), (asked, built, granted))
    if some(unbanked):
        s.binding[unbanked] = BINDING.index("finance")
    if market.recorder is not None:
        market.recorder.note("orders", orders=orders, asked_gw=asked, built_gw=built, granted_gw=granted)
    grid.settle_growth()
    s.flow["ordered_gw"] = granted
    s.flow["ordered_chips_h100e_m"] = chips


def builder_weights(market: ComputeMarket) -> PerRow:
    """Standing of each operator with utilities and landlords, (operators, worlds) adding up to one.

    It goes by what a builder has standing, building and let under signed leases, never by what it asks for: a tenant
    bound for years is as good to a utility as a building.
    """
    s, cast = market.state, market.cast
    built = power_gw(s) + building_gw(s)
    signed = cast.by_provider.fold(s.leases.contracted)
    standing = np.maximum(built, signed * standing_figures(market)["new_kw"]) + 0.5
    weight = np.exp(market.firms["grid"].parameters.size_weight * np.log(standing))
    return weight / fold(weight)


def own_site_order(market: ComputeMarket) -> CapacityOrder:
    """The lab's own chips need sites in time: power for the coming two years of the programme."""
    s, lab = market.state, market.firms["openai"]
    row = market.cast.operator["openai"]
    kw_own = s.generations.kw_per_h100e[GENERATION["own_chip"]]
    fleet = s.fleet.sold[row, GENERATION["own_chip"]]
    soon = np.where(lab.chip_age_quarters >= 0.0, np.maximum(lab.chip_target_h100e_m() - fleet, 0.0), 0.0)
    standing = power_gw(s)[row] + building_gw(s)[row]
    gigawatts = np.maximum((fleet + soon) * kw_own - standing, 0.0)
    nothing = np.zeros(s.worlds)
    return CapacityOrder(gigawatts, nothing, soon, soon, soon, soon, np.full(s.worlds, np.inf))


def order_chips(market: ComputeMarket, chips: PerRow) -> None:
    """Chips ordered now fall due at the vendor after its production time; rival clouds order part as ASICs."""
    s, row = market.state, market.cast.operator["rival_clouds"]
    captive = market.firms["rival_clouds"].asic_share() * chips[row]
    s.asic_queue_h100e_m = s.asic_queue_h100e_m + captive
    merchant = chips.copy()
    merchant[row] = chips[row] - captive
    s.flow["ordered_merchant_h100e_m"] = merchant
    s.production.add_shares(s.quarter + 1, market.parameters.once(shares_of_production), merchant)


def shares_of_production(parameters: Parameters) -> PerRow:
    """Share of the chips ordered that falls due at the vendor one, two ... quarters after the order."""
    return arrival_shares(parameters["nvidia.production_quarters"], spread=2)


def what_binds(
    market: ComputeMarket, orders: Sequence[CapacityOrder], share: PerRow, gigawatts: tuple[PerRow, PerRow, PerRow]
) -> np.ndarray:
    """Which of demand, power, shells, chips and finance allows each order the least: (orders, worlds), from BINDING.

    Each limit is put in M H100e of chips that could be added: what demand asks for, what power expected at the
    chip lead carries, what lenders and cash pay for, what the vendor can ship of it, and what of the power
    asked for was granted. Ties go to demand first.

    Args: share: each operator's part of all chips owned and ordered; gigawatts: asked for, built and granted.
    """
    vendor = market.firms["nvidia"]
    patience = 2.0 * vendor.parameters.target_lead_quarters
    queue = np.maximum(patience - vendor.queue_quarters, 0.0) / patience
    whole = 1.0 - 1e-9
    asked, built, granted = gigawatts
    sites = np.array([order.wanted_sites_h100e_m for order in orders])
    limits = [("appetite", np.array([order.wanted_h100e_m for order in orders]))]
    limits.append(("power", np.array([order.powered_h100e_m for order in orders])))
    for name, whole_gw, left_gw in (("power", built, granted), ("shells", asked, built)):
        cut = left_gw < whole_gw * whole
        if some(cut):
            limits.append((name, np.where(cut, sites * part_of(left_gw, whole_gw), np.inf)))
    cut = queue < 0.5
    if some(cut):
        limits.append(("chips", np.where(cut, vendor.shipped_h100e_m * share * queue, np.inf)))
    limits.append(("finance", np.array([order.affordable_h100e_m for order in orders])))
    best = np.array([order.demanded_h100e_m for order in orders])
    answer = np.zeros(sites.shape, dtype=np.uint8)
    for place, (_, limit) in enumerate(limits, 1):
        tighter = limit < best * whole
        # Places rise: the last limit that is tighter than all before it stays.
        np.maximum(answer, tighter.view(np.uint8) * np.uint8(place), out=answer)
        np.minimum(best, limit, out=best)
    return np.array([BINDING.index(name) for name in ("demand", *(name for name, _ in limits))]).take(answer)
