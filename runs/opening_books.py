"""The books at the start: opening balances, leased shells, and who owns OpenAI."""

from __future__ import annotations

import numpy as np

from agents.cast import HOLDERS, Cast
from runs.backing import shell_cost_usd_bn
from runs.state import Cap
from world.arrays import PerRow, PerWorld
from world.ledger import Ledger
from world.parameters import Parameters
from world.record import StartState
from world.schedule import Schedule

STAKE_ROWS = {
    "microsoft": "stake.microsoft",
    "softbank": "stake.softbank",
    "investors": "stake.other_investors",
    "staff": "stake.staff_and_foundation",
}
"""OpenAI's holders in the cast, and their rows in the start tables."""

BACKERS_CASH_USD_BN = 20_000.0
"""What lenders and investors hold at the start; savers bring more, so that only price and coverage limit them."""


def open_ledger(start: StartState, worlds: int, parameters: Parameters, cast: Cast) -> Ledger:
    """Opening balances of every sector; lenders hold the loans, and nobody's cash comes from nowhere."""
    ledger = Ledger(cast.sectors, worlds, may_be_negative=("rest_of_world",))
    scale = parameters.of("currency").scale
    for sector in cast.sectors:
        for account, quantity in (("cash", "cash_usd_bn"), ("debt", "debt_usd_bn"), ("fixed", "fixed_assets_usd_bn")):
            value = start.optional(sector, quantity)
            if value is not None:
                ledger.open(account, sector, value * scale)
                if account == "debt":
                    ledger.open("loans", "lenders", value * scale)
    prepaid = start.value("openai", "credits_usd_bn") * scale
    ledger.open("prepaid", "openai", prepaid)
    ledger.open("deferred", "microsoft", prepaid)
    valuation = start.value("openai", "valuation_usd_bn") * scale
    for holder, quantity in STAKE_ROWS.items():
        ledger.open("stakes", holder, valuation * start.value("openai", quantity))
    ledger.open("stakes", "softbank", start.value("softbank", "gross_holdings_usd_bn") * scale)
    for backer in ("lenders", "investors"):
        ledger.open("cash", backer, BACKERS_CASH_USD_BN * scale)
    return ledger


def of_operator(parameters: Parameters, cast: Cast, name: str, quantity: str) -> PerWorld:
    """A parameter of an operator, (worlds,): its own, its parent's if it was added, else that of all operators."""
    own = parameters.get(f"{cast.parent_of.get(name, name)}.{quantity}")
    known = parameters[f"operators.{quantity}"] if own is None else own
    given = {firm.name: firm.parameters for firm in cast.added}.get(name, {})
    return np.full_like(known, given[quantity]) if quantity in given else known


def landlord_shares(parameters: Parameters, cast: Cast) -> PerRow:
    """Share of each operator's new power that landlords build and let, (operators, worlds)."""
    return np.array([of_operator(parameters, cast, name, "landlord_share") for name in cast.operators])


def build_quarters(parameters: Parameters, cast: Cast) -> PerRow:
    """Quarters that each operator takes to build a site, (operators, worlds)."""
    return np.array([of_operator(parameters, cast, name, "build_quarters") for name in cast.operators])


def on_site_share(parameters: Parameters, cast: Cast) -> PerRow:
    """Share of each operator's power behind the meter, of what stands as of what it builds, (operators, worlds)."""
    return np.array([of_operator(parameters, cast, name, "own_turbines") for name in cast.operators])


def open_shell_leases(ledger: Ledger, power_gw: PerRow, parameters: Parameters, cast: Cast) -> None:
    """Leased shells that stand at the start, on their operators' books at cost: half of their lease has run."""
    for name, row in cast.operator.items():
        share = of_operator(parameters, cast, name, "landlord_share")
        worth = 0.5 * power_gw[row] * share * shell_cost_usd_bn(parameters)
        for account in ("leased", "lease_liability"):
            ledger.open(account, name, worth)


def open_cap(start: StartState, slots: int, worlds: int, money: PerWorld) -> Cap:
    """Who owns OpenAI at the start."""
    stakes = np.array([[start.value("openai", STAKE_ROWS[h]) if h in STAKE_ROWS else 0.0] for h in HOLDERS])
    profit = np.full(worlds, start.value("openai", "cumulative_profit_usd_bn") * money)
    stakes = np.repeat(stakes / stakes.sum(), worlds, axis=1)
    return Cap(
        stakes=stakes,
        valuation_usd_bn=np.full(worlds, start.value("openai", "valuation_usd_bn") * money),
        tranches=Schedule(2, slots, worlds),
        waiting=Schedule(2, slots, worlds),
        anchor_units=stakes[HOLDERS.index("softbank")].copy(),
        promised_usd_bn=np.zeros(worlds),
        settled_usd_bn=np.zeros(worlds),
        cumulative_profit_usd_bn=profit,
        profit_high_usd_bn=np.maximum(profit, 0.0),
        profit_share_paid_usd_bn=np.zeros(worlds),
    )
