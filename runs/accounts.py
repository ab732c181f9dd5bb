"""Settle: what everybody owes for the quarter, how shortfalls are met, and what happens to what cannot be paid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from runs.backing import pay_out, shell_cost_usd_bn
from runs.chip_orders import pay_for_chips, prepay_orders
from runs.credit import debt_dues, roll_debt
from runs.distress import fill_shortfalls, work_out
from runs.money import mark_stakes
from runs.sight import phases_building, power_gw, power_price
from runs.stargate import pay_sponsor_equity
from runs.state import GENERATION
from world.arrays import PerRow, PerWorld, fold, fold_sectors, ratio, some
from world.leases import USD_BN_PER_RENT
from world.profit_share import profit_share_due, profit_share_total

if TYPE_CHECKING:
    from runs.model import ComputeMarket

MATURE = ("microsoft", "oracle", "rival_clouds", "nvidia")
"""Firms that pay out what they do not need."""


def settle(market: ComputeMarket) -> None:
    """Queue all dues, meet shortfalls, clear them class by class, and work out what stays unpaid."""
    s = market.state
    compute_dues(market)
    service_dues(market)
    capital_dues(market)
    debt_dues(market)
    core_dues(market)
    fill_shortfalls(market)
    unpaid = s.ledger.settle()
    work_out(market, unpaid)
    roll_debt(market)
    carry_shell_leases(market)
    depreciate(market)
    mark_stakes(market)
    note_flows(market)


def compute_dues(market: ComputeMarket) -> None:
    """Lease rents move under their contracts; at the clearing price only net positions are paid."""
    s, cast = market.state, market.cast
    deployed = s.flow["deployed_h100e_m"]
    active = s.leases.active
    price = np.where(s.market.traded, s.market.price_usd_h, 0.0)
    earned = fold((s.market.sold_h100e_m * price).swapaxes(0, 1)) * USD_BN_PER_RENT
    # What nobody rents from a provider that quarter stands idle: its tenants owe the take-or-pay part of the rent.
    sold = fold(s.market.sold_h100e_m.swapaxes(0, 1))
    busy = np.minimum(ratio(sold, deployed, 1.0), 1.0)
    # Failed chips are not paid for: where less runs than is let, all tenants lose alike.
    let = fold_sectors(active[cast.let], cast.provider_of_let, len(cast.operators))
    available = np.minimum(ratio(deployed, let, 1.0), 1.0)
    rows, provider = cast.let, cast.provider_of_let
    rent = s.leases.rent_usd_bn(busy[cast.provider_of_pair])[rows] * available[provider]
    held = ratio(active[rows] * available[provider], deployed[provider]) * earned[provider]
    s.flow["rent_usd_bn"], s.flow["held_usd_bn"] = np.zeros((2, len(cast.pairs), s.worlds))
    s.flow["rent_usd_bn"][rows], s.flow["held_usd_bn"][rows] = rent, held
    for row, k in enumerate(rows):
        pay_rent(market, k, rent[row])
    entities = cast.entities
    gain = fold_sectors(held - rent, cast.tenant_entity, len(entities))
    for tenant in cast.tenants:
        market.firms[tenant].settle_leases(gain[entities.index(tenant)])
    position = fold_sectors(held, cast.tenant_entity, len(entities))
    position = position - fold_sectors(held, cast.provider_entity, len(entities))
    position[cast.operator_entity] += earned
    used = fold((s.market.bought_h100e_m * price).swapaxes(0, 1)) * USD_BN_PER_RENT
    position -= fold_sectors(used, cast.user_entity, len(entities))
    net_positions(market, dict(zip(entities, position, strict=True)))
    sublet(market, {tenant: position[entities.index(tenant)] for tenant in cast.tenants})
    # GW x 2,190 h x $/MWh = thousand MWh x $; a million of them is $bn.
    bills = s.fleet.power_used_gw * (market.parameters.of("costs").power_draw * 2190.0 * power_price(market) / 1e6)
    operations = operations_bill(market)
    for name, row in cast.operator.items():
        s.ledger.due("power", name, "utilities", bills[row])
        s.ledger.due("operating_cost", name, "suppliers", operations[row])


def sublet(market: ComputeMarket, position: dict[str, PerWorld]) -> None:
    """A tenant that lets on what it leased and does not use pays brokers and for the gaps between its users."""
    s = market.state
    friction = market.parameters.of("market").sublet_friction
    for tenant, surplus in position.items():
        s.flow[f"sublet_usd_bn.{tenant}"] = np.maximum(surplus, 0.0)
        s.ledger.due("operating_cost", tenant, "suppliers", friction * s.flow[f"sublet_usd_bn.{tenant}"])


def operations_bill(market: ComputeMarket) -> PerRow:
    """Operations of the deployed fleet, (operators, worlds) $bn: a yearly share of what its chips would cost new."""
    s, costs = market.state, market.parameters.of("costs")
    worth = s.flow["chip_price_k"] / s.generations.h100e
    value = fold((s.fleet.deployed * worth).swapaxes(0, 1))
    bill: PerRow = value * (costs.system_multiple * costs.operations_share / 4.0)
    return bill


def pay_rent(market: ComputeMarket, pair: int, rent: PerWorld) -> None:
    """Rent under a lease: prepaid compute is used up first."""
    s = market.state
    provider, tenant, _ = market.cast.pairs[pair]
    if (provider, tenant) == ("microsoft", "openai"):
        credit = np.minimum(s.ledger.prepaid("openai"), market.parameters.of("openai").credit_use * rent)
        s.ledger.use_prepaid("openai", "microsoft", credit)
        rent = rent - credit
    s.ledger.due("lease_rent", tenant, provider, rent)


def net_positions(market: ComputeMarket, position: dict[str, PerWorld]) -> None:
    """Those who use more than they hold pay those who hold more than they use, in proportion."""
    s = market.state
    names = list(position)
    sells = {name: np.maximum(position[name], 0.0) for name in names}
    buys = {name: np.maximum(-position[name], 0.0) for name in names}
    total = fold(np.array(list(sells.values())))
    s.flow["spot_usd_bn"] = np.array([position[name] for name in names])
    shares = {name: ratio(sells[name], total) for name in names if some(sells[name])}
    for buyer in (name for name in names if some(buys[name])):
        for seller, share in shares.items():
            if buyer != seller:
                s.ledger.due("spot_rent", buyer, seller, buys[buyer] * share)
    s.ledger.due("operating_income", "rest_of_world", "customers", buys["customers"])


def service_dues(market: ComputeMarket) -> None:
    """Customers pay labs; labs pay staff and OpenAI pays Microsoft its share of revenue and of profit."""
    s, cast = market.state, market.cast
    served = s.flow["served_usd_bn"]
    for row, name in enumerate(cast.labs):
        sector = cast.entity_of_user[name]
        s.ledger.due("operating_income", "rest_of_world", "customers", served[row])
        s.ledger.due("services", "customers", sector, served[row])
        staff = market.firms[name].staff_cost_usd_bn()
        s.ledger.due("wages", sector, "staff", staff)
        s.flow[f"staff.{name}"] = staff
    p = market.parameters.of("openai")
    revenue = served[0]
    share = p.revenue_share * revenue
    s.ledger.due("revenue_share", "openai", "microsoft", share)
    compute = fold(s.flow["rent_usd_bn"][cast.held_by["openai"]])
    profit = revenue - compute - s.flow["staff.openai"] - share
    cap = s.cap
    cap.cumulative_profit_usd_bn = cap.cumulative_profit_usd_bn + profit
    cap.profit_high_usd_bn = np.maximum(cap.profit_high_usd_bn, cap.cumulative_profit_usd_bn)
    right = profit_share_total(
        cap.profit_high_usd_bn, p.profit_share_cap_usd_bn * market.money, first_target_usd_bn=13.0 * market.money
    )
    due = np.where(market.firms["openai"].converted > 0.0, 0.0, profit_share_due(right, cap.profit_share_paid_usd_bn))
    cap.profit_share_paid_usd_bn = cap.profit_share_paid_usd_bn + due
    s.ledger.due("profit_share", "openai", "microsoft", due)
    s.flow["revenue_share_usd_bn"], s.flow["profit_share_usd_bn"] = share, due


def capital_dues(market: ComputeMarket) -> None:
    """Chips are paid on delivery, sites while they are built; landlords build shells and let them."""
    s, cast, costs = market.state, market.cast, market.parameters.of("costs")
    bill = s.flow["chips_usd_bn"]
    own, asic = GENERATION["own_chip"], GENERATION["rival_asic"]
    networked = market.parameters.of("nvidia").system_share
    other = costs.system_multiple - networked
    s.flow["capex_usd_bn"] = np.zeros((len(cast.operators), s.worlds))
    vendor, custom = np.zeros(s.worlds), np.zeros(s.worlds)
    building = s.sites.building_gw + phases_building(s)
    shell_cost = shell_cost_usd_bn(market.parameters)
    landlord_building = np.zeros(s.worlds)
    power = power_gw(s)
    for name, row in cast.operator.items():
        captive = bill[row, own] + bill[row, asic]
        merchant = fold(bill[row]) - captive
        if name in cast.buyers:
            pay_for_chips(market, name, merchant * networked)
        s.ledger.due("chips", name, "broadcom", captive)
        s.ledger.due("construction", name, "suppliers", merchant * other + captive * (costs.system_multiple - 1.0))
        vendor, custom = vendor + merchant * networked, custom + captive
        lead = market.firms[name].parameters.build_quarters + 1.0
        rented = market.landlord_share(name)
        spend = building[row] * shell_cost / lead
        s.ledger.due("construction", name, "suppliers", spend * (1.0 - rented))
        landlord_building = landlord_building + spend * rented
        rent = power[row] * rented * shell_cost * market.parameters.of("landlords").yield_on_cost / 4.0
        s.ledger.due("shell_rent", name, "landlords", rent)
        other_capex = market.core[name]["other_capex"]
        s.ledger.due("construction", name, "suppliers", other_capex)
        s.flow["capex_usd_bn"][row] = (
            merchant * costs.system_multiple + captive * costs.system_multiple + spend * (1.0 - rented) + other_capex
        )
    prepay_orders(market)
    pay_sponsor_equity(market, fold(bill[cast.operator["oracle"]]) * costs.system_multiple)
    s.ledger.due("construction", "landlords", "suppliers", landlord_building)
    sponsors = landlord_building * (1.0 - market.parameters.of("landlords").loan_to_cost)
    pay_out(s.ledger, "equity", "investors", "landlords", sponsors)
    margin = market.parameters.of("nvidia").gross_margin
    s.ledger.due("supplier_cost", "nvidia", "suppliers", vendor * (1.0 - margin))
    s.ledger.due(
        "supplier_cost", "broadcom", "suppliers", custom * (1.0 - market.parameters.of("broadcom").gross_margin)
    )
    s.ledger.due("tax", "nvidia", "tax", vendor * margin * market.parameters.of("nvidia").tax_rate)
    s.flow["vendor_revenue_usd_bn"], s.flow["custom_revenue_usd_bn"] = vendor, custom
    started = market.firms["openai"].chip_age_quarters
    p = market.parameters.of("openai")
    developing = (started > 0.0) & (started <= p.chip_lead_quarters)
    s.flow["chip_development_usd_bn"] = np.where(
        developing, p.chip_development_usd_bn * market.money / p.chip_lead_quarters, 0.0
    )
    s.ledger.due("operating_cost", "openai", "broadcom", s.flow["chip_development_usd_bn"])


def core_dues(market: ComputeMarket) -> None:
    """Cash flow of the core business, parents' support of rival labs, and payouts."""
    s = market.state
    for name, core in market.core.items():
        s.ledger.due("operating_income", "rest_of_world", name, core["cash_flow"])
        # Cash far above what a mature firm keeps goes back to its owners; labs and the anchor investor keep it.
        ceiling = market.parameters.of("operators").cash_ceiling * market.reserve(name)
        spare = np.maximum(s.ledger.cash(name) - ceiling, 0.0) if name in MATURE else np.zeros(s.worlds)
        s.ledger.due("dividends", name, "investors", core["payouts"] + 0.25 * spare)


def carry_shell_leases(market: ComputeMarket) -> None:
    """A provider's leased shells stand on its books: what starts is recognised at cost, what runs is used up evenly."""
    s = market.state
    years = market.parameters.of("landlords").loan_years
    for name, row in market.cast.operator.items():
        rented = market.landlord_share(name) * shell_cost_usd_bn(market.parameters)
        s.ledger.run_off_lease(name, s.ledger.lease_liability(name) / (4.0 * years))
        s.ledger.recognise_lease(name, s.flow["energised_gw"][row] * rented)


def depreciate(market: ComputeMarket) -> None:
    """Plant loses value with age; chips within about five years."""
    s, cast = market.state, market.cast
    for name in (*cast.operators, *cast.rivals, "landlords", "nvidia"):
        rate = (
            market.parameters.of("costs").shell_depreciation
            if name == "landlords"
            else market.parameters.of("costs").depreciation
        )
        s.ledger.depreciate(name, s.ledger.fixed(name) * rate / 4.0)


def note_flows(market: ComputeMarket) -> None:
    """Burn and operating cash flow of the quarter, from the ledger itself."""
    s, cast = market.state, market.cast
    cash = s.ledger.opening_cash
    for name in (*cast.operators, *cast.rivals, "landlords", "softbank", "nvidia"):
        change = s.ledger.cash(name) - cash[s.ledger.sectors.index(name)]
        borrowed = s.ledger.paid("loan", payee=name) - s.ledger.paid("principal", payer=name)
        equity = s.ledger.paid("equity", payee=name) - s.ledger.paid("equity", payer=name)
        capital = (
            s.ledger.paid("chips", payer=name)
            + s.ledger.paid("construction", payer=name)
            + s.ledger.paid("prepayment", payer=name)
        )
        burn = borrowed + equity - change
        s.flow[f"burn.{name}"] = burn
        market.burn[name] = 0.5 * market.burn.get(name, burn) + 0.5 * burn
        generated = capital + s.ledger.paid("dividends", payer=name) - burn
        market.cash_flow[name] = 0.6 * market.cash_flow.get(name, generated) + 0.4 * generated
    s.flow["payments_to_microsoft_usd_bn"] = (
        s.ledger.paid("lease_rent", "openai", "microsoft")
        + s.ledger.paid("spot_rent", "openai", "microsoft")
        + s.ledger.paid("prepaid_use", "openai", "microsoft")
        + s.ledger.paid("revenue_share", "openai", "microsoft")
    )
