"""Settle: what everybody owes for the quarter, how shortfalls are met, and what happens to what cannot be paid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agents.cast import Cast
from runs.backing import bring_cash, shell_cost_usd_bn
from runs.chip_orders import pay_for_chips, prepay_orders
from runs.credit import debt_dues, roll_debt
from runs.distress import fill_shortfalls, work_out
from runs.money import mark_stakes
from runs.opening_books import build_quarters, landlord_shares
from runs.sight import building_gw, power_gw
from runs.stargate import pay_sponsor_equity
from world.arrays import PerRow, PerWorld, fold, part_of, some
from world.incidence import fold_groups
from world.leases import USD_BN_PER_RENT
from world.profit_share import FIRST_TARGET_USD_BN, profit_share_due, share_of_profit

if TYPE_CHECKING:
    from runs.model import ComputeMarket
    from world.parameters import Parameters

MATURE = ("microsoft", "oracle", "rival_clouds", "nvidia")
"""Firms that pay out what they do not need."""

PAID_TO_MICROSOFT = ("lease_rent", "spot_rent", "prepaid_use", "revenue_share")
"""What OpenAI pays Microsoft for compute and for its licence."""


def settle(market: ComputeMarket) -> None:
    """Queue all dues, meet shortfalls, clear them, seniors first, and work out what stays unpaid."""
    s = market.state
    compute_dues(market)
    service_dues(market)
    capital_dues(market)
    debt_dues(market)
    core_dues(market)
    fill_shortfalls(market)
    bring_cash(s.ledger)
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
    deployed, used = s.flow["deployed_h100e_m"], s.flow["spent_usd_bn"]
    busy, earned = use_of_chips(market)
    # Failed chips are not paid for: where less runs than is let, all tenants lose alike.
    rows, provider = cast.let, cast.provider_of_let
    let = s.leases.active.take(rows, axis=0)
    available = np.minimum(part_of(deployed, fold_groups(let, provider, len(cast.operators))), 1.0)
    rent = s.leases.rent_usd_bn(busy.take(cast.provider_of_pair, axis=0)).take(rows, axis=0)
    rent *= available.take(provider, axis=0)
    held = let * part_of(available * earned, deployed).take(provider, axis=0)
    s.flow["rent_usd_bn"], s.flow["held_usd_bn"] = np.zeros((2, len(cast.pairs), s.worlds))
    s.flow["rent_usd_bn"][rows], s.flow["held_usd_bn"][rows] = rent, held
    pay_rents(market, rent)
    both = cast.positions.fold(np.concatenate((held, rent, earned, used)))
    position, gain = both[: len(cast.entities)], both[len(cast.entities) :]
    for tenant, gained in zip(cast.tenants, gain, strict=True):
        market.firms[tenant].settle_leases(gained)
    net_positions(market, position)
    # GW x 2,190 h x $/MWh = thousand MWh x $; a million of them is $bn.
    bills = s.fleet.power_used_gw * (market.parameters.of("costs").power_draw * 2190.0 * s.flow["power_usd_mwh"] / 1e6)
    s.ledger.due("power", cast.operators, "utilities", bills)
    s.ledger.due("operating_cost", cast.operators, "suppliers", operations_bill(market))
    sublet(market, position[[cast.entities.index(tenant) for tenant in cast.tenants]])


def use_of_chips(market: ComputeMarket) -> tuple[PerRow, PerRow]:
    """Share of each operator's chips that somebody uses, and what these bring, (operators, worlds) and $bn."""
    s = market.state
    # Where nothing is traded nothing is in use, whatever the price.
    in_use = s.fleet.deployed * part_of(s.market.sold_h100e_m, s.flow["deployed_by_generation_h100e_m"])
    # What nobody rents from a provider that quarter stands idle: its tenants owe the take-or-pay part of the rent.
    busy = np.minimum(part_of(fold(in_use.swapaxes(0, 1)), s.flow["deployed_h100e_m"]), 1.0)
    in_use *= s.market.price_usd_h * USD_BN_PER_RENT  # $bn for a M H100e over the quarter
    return busy, fold(in_use.swapaxes(0, 1))


def sublet(market: ComputeMarket, position: PerRow) -> None:
    """A tenant that lets on what it leased and does not use pays brokers and for the gaps between its users."""
    s, tenants = market.state, market.cast.tenants
    surplus = np.maximum(position, 0.0)
    s.flow |= {f"sublet_usd_bn.{tenant}": surplus[row] for row, tenant in enumerate(tenants)}
    s.ledger.due("operating_cost", tenants, "suppliers", market.parameters.of("market").sublet_friction * surplus)


def operations_bill(market: ComputeMarket) -> PerRow:
    """Operations of the deployed fleet, (operators, worlds) $bn: a yearly share of what its chips would cost new."""
    s, costs = market.state, market.parameters.of("costs")
    value = fold((s.fleet.deployed * s.flow["h100e_price_k"]).swapaxes(0, 1))
    bill: PerRow = value * (costs.system_multiple * costs.operations_share / 4.0)
    return bill


def pay_rents(market: ComputeMarket, rent: PerRow) -> None:
    """Rent under the leases that pay any, (leases, worlds) $bn: OpenAI's prepaid compute is used up first."""
    s, cast = market.state, market.cast
    row = cast.let.index(cast.pair["microsoft", "openai"])
    credit = np.minimum(s.ledger.prepaid("openai"), market.parameters.of("openai").credit_use * rent[row])
    owed = rent.copy()
    if some(credit):  # mostly all of it was used up in the first year
        s.ledger.use_prepaid("openai", "microsoft", credit)
        owed[row] -= credit
    s.ledger.due("lease_rent", cast.tenants_of_let, cast.providers_of_let, owed)


def net_positions(market: ComputeMarket, position: PerRow) -> None:
    """Those who use more than they hold pay those who hold more than they use, in proportion; (entities, worlds)."""
    s, cast = market.state, market.cast
    sells, buys = np.maximum(position, 0.0), np.maximum(-position, 0.0)
    s.flow["spot_usd_bn"] = position
    buyers, sellers = cast.trades
    paid = part_of(sells, fold(sells)).take(sellers, axis=0)
    paid *= buys.take(buyers, axis=0)
    s.ledger.due("spot_rent", *cast.buyers_and_sellers, paid)
    s.ledger.due("operating_income", "rest_of_world", "customers", buys[cast.entities.index("customers")])


def service_dues(market: ComputeMarket) -> None:
    """Customers pay labs; labs pay staff and OpenAI pays Microsoft its share of revenue and of profit."""
    s, cast = market.state, market.cast
    served = s.flow["served_usd_bn"]
    staff = np.array([market.firms[name].staff_cost_usd_bn() for name in cast.labs])
    s.ledger.due("operating_income", "rest_of_world", "customers", fold(served))
    s.ledger.due("services", "customers", cast.sectors_of_labs, served)
    s.ledger.due("wages", cast.sectors_of_labs, "staff", staff)
    s.flow |= {f"staff.{name}": staff[row] for row, name in enumerate(cast.labs)}
    p = market.parameters.of("openai")
    revenue = served[0]
    share = p.revenue_share * revenue
    s.ledger.due("revenue_share", "openai", "microsoft", share)
    compute = fold(s.flow["rent_usd_bn"][cast.held_by["openai"]])
    profit = revenue - compute - s.flow["staff.openai"] - share
    cap = s.cap
    cap.cumulative_profit_usd_bn = cap.cumulative_profit_usd_bn + profit
    cap.profit_high_usd_bn = np.maximum(cap.profit_high_usd_bn, cap.cumulative_profit_usd_bn)
    most = p.profit_share_cap_usd_bn * market.money
    right = share_of_profit(cap.profit_high_usd_bn, most, first_target=FIRST_TARGET_USD_BN * market.money)
    due = np.where(market.firms["openai"].converted > 0.0, 0.0, profit_share_due(right, cap.profit_share_paid_usd_bn))
    cap.profit_share_paid_usd_bn = cap.profit_share_paid_usd_bn + due
    s.ledger.due("profit_share", "openai", "microsoft", due)
    s.flow["revenue_share_usd_bn"], s.flow["profit_share_usd_bn"] = share, due


def capital_dues(market: ComputeMarket) -> None:
    """Chips are paid on delivery, sites while they are built; landlords build shells and let them."""
    s, cast, costs = market.state, market.cast, market.parameters.of("costs")
    landlords, nvidia = market.parameters.of("landlords"), market.parameters.of("nvidia")
    merchant, captive = s.flow["merchant_chips_usd_bn"], s.flow["custom_chips_usd_bn"]
    networked = merchant * nvidia.system_share
    pay_for_chips(market, networked[cast.buyer_rows])
    s.ledger.due("chips", cast.operators, "broadcom", captive)

    spend = building_gw(s) * market.parameters.once(shell_spending_usd_bn, cast)
    through_landlords = spend * market.parameters.once(landlord_shares, cast)
    other = merchant * (costs.system_multiple - nvidia.system_share) + captive * (costs.system_multiple - 1.0)
    construction = other + (spend - through_landlords) + market.core("other_capex")[: len(cast.operators)]
    s.ledger.due("construction", cast.operators, "suppliers", construction)
    s.flow["capex_usd_bn"] = networked + captive + construction
    rent = power_gw(s) * market.parameters.once(let_shells_usd_bn, cast) * (landlords.yield_on_cost / 4.0)
    s.ledger.due("shell_rent", cast.operators, "landlords", rent)
    landlord_building = fold(through_landlords)
    s.ledger.due("construction", "landlords", "suppliers", landlord_building)
    prepay_orders(market)
    pay_sponsor_equity(market, (merchant + captive)[cast.operator["oracle"]] * costs.system_multiple)
    s.ledger.pay("equity", "investors", "landlords", landlord_building * (1.0 - landlords.loan_to_cost))
    vendor_dues(market, fold(networked), fold(captive))


def shell_spending_usd_bn(parameters: Parameters, cast: Cast) -> PerRow:
    """What each operator's shells under construction cost in a quarter, (operators, worlds) $bn per GW."""
    return shell_cost_usd_bn(parameters) / (build_quarters(parameters, cast) + 1.0)


def let_shells_usd_bn(parameters: Parameters, cast: Cast) -> PerRow:
    """What landlords' part of each operator's power cost them, (operators, worlds) $bn per GW."""
    return landlord_shares(parameters, cast) * shell_cost_usd_bn(parameters)


def vendor_dues(market: ComputeMarket, vendor: PerWorld, custom: PerWorld) -> None:
    """Nvidia and Broadcom pay for what they sold, (worlds,) $bn; OpenAI pays for the development of its chip."""
    s, nvidia, p = market.state, market.parameters.of("nvidia"), market.parameters.of("openai")
    costs = np.array(
        [vendor * (1.0 - nvidia.gross_margin), custom * (1.0 - market.parameters.of("broadcom").gross_margin)]
    )
    s.ledger.due("supplier_cost", ("nvidia", "broadcom"), "suppliers", costs)
    s.ledger.due("tax", "nvidia", "tax", vendor * nvidia.gross_margin * nvidia.tax_rate)
    s.flow["vendor_revenue_usd_bn"], s.flow["custom_revenue_usd_bn"] = vendor, custom
    age = market.firms["openai"].chip_age_quarters
    developing = (age > 0.0) & (age <= p.chip_lead_quarters)
    development = np.where(developing, p.chip_development_usd_bn * market.money / p.chip_lead_quarters, 0.0)
    s.flow["chip_development_usd_bn"] = development
    s.ledger.due("operating_cost", "openai", "broadcom", development)


def core_dues(market: ComputeMarket) -> None:
    """Cash flow of the core business, parents' support of rival labs, and payouts."""
    s, cast, names = market.state, market.cast, market.core_firms
    s.ledger.due("operating_income", "rest_of_world", names, market.core("cash_flow"))
    # Cash far above what a mature firm keeps goes back to its owners; labs and the anchor investor keep it.
    ceiling = market.parameters.of("operators").cash_ceiling * np.array([market.reserve(name) for name in MATURE])
    spare = np.maximum(s.ledger.balance["cash"][cast.sector_rows(MATURE)] - ceiling, 0.0)
    payouts = market.core("payouts").copy()
    payouts[[names.index(name) for name in MATURE]] += 0.25 * spare
    s.ledger.due("dividends", names, "investors", payouts)


def carry_shell_leases(market: ComputeMarket) -> None:
    """A provider's leased shells stand on its books: what starts is recognised at cost, what runs is used up evenly."""
    s, cast = market.state, market.cast
    years = market.parameters.of("landlords").loan_years
    owed = s.ledger.balance["lease_liability"][cast.sector_rows(cast.operators)]
    s.ledger.run_off_lease(cast.operators, owed / (4.0 * years))
    s.ledger.recognise_lease(cast.operators, s.flow["energised_gw"] * market.parameters.once(let_shells_usd_bn, cast))


def depreciate(market: ComputeMarket) -> None:
    """Plant loses value with age; chips within about five years."""
    s, cast, costs = market.state, market.cast, market.parameters.of("costs")
    names = (*cast.operators, *cast.rivals, "nvidia", "landlords")
    lost = s.ledger.balance["fixed"][cast.sector_rows(names)]
    lost[:-1] *= costs.depreciation / 4.0
    lost[-1] *= costs.shell_depreciation / 4.0
    s.ledger.depreciate(names, lost)


def note_flows(market: ComputeMarket) -> None:
    """Burn and operating cash flow of the quarter, from the ledger itself."""
    s, cast, ledger = market.state, market.cast, market.state.ledger
    names = (*cast.operators, *cast.rivals, "landlords", "softbank", "nvidia")
    rows = cast.sector_rows(names)
    change = ledger.balance["cash"][rows] - ledger.opening_cash[rows]
    burn = ledger.received_less_paid(names, ("loan", "equity"), ("principal", "equity")) - change
    generated = ledger.paid_by(("chips", "construction", "prepayment", "dividends"), names) - burn
    before = np.array([market.burn.get(name, burn[row]) for row, name in enumerate(names)])
    flow_before = np.array([market.cash_flow.get(name, generated[row]) for row, name in enumerate(names)])
    s.flow |= {f"burn.{name}": burn[row] for row, name in enumerate(names)}
    market.burn |= dict(zip(names, 0.5 * before + 0.5 * burn, strict=True))
    market.cash_flow |= dict(zip(names, 0.6 * flow_before + 0.4 * generated, strict=True))
    s.flow["payments_to_microsoft_usd_bn"] = ledger.paid(PAID_TO_MICROSOFT, "openai", "microsoft")
