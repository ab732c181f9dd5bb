"""The supply part of the deal sheet: power and chips asked, granted and rationed, and the own chip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agents.views import BINDING
from runs.deal_reasons import BINDS, Reason
from runs.recorder import Page, of_world

if TYPE_CHECKING:
    from runs.model import ComputeMarket

LEAST_H100E_M = 1e-9


@dataclass(frozen=True)
class SupplyTalk:
    """What one operator asked for in power and chips, and what it was given."""

    kind: str
    parties: tuple[str, ...]
    operator: str
    asked_gw: float
    """Facility power that it would begin this quarter."""
    shells_gw: float
    """Of that, what it builds itself or landlords have shells for."""
    granted_gw: float
    """Of that, what the grid and the makers of turbines grant."""
    demanded_h100e_m: float
    """New chips that demand alone asks for."""
    ordered_h100e_m: float
    binds: str
    """What cuts the order first, in words."""


@dataclass(frozen=True)
class ChipCustomer:
    """One customer of the merchant vendor; M H100e."""

    operator: str
    due_h100e_m: float
    shipped_h100e_m: float


@dataclass(frozen=True)
class ChipTalk:
    """The merchant vendor and its customers: what was due, and who was served."""

    kind: str
    parties: tuple[str, ...]
    vendor: str
    capacity_h100e_m: float
    due_h100e_m: float
    shipped_h100e_m: float
    queue_quarters: float
    """All that is on order, in quarters of capacity."""
    policy: str
    """How it serves when short."""
    customers: tuple[ChipCustomer, ...]
    reason: Reason


@dataclass(frozen=True)
class OwnChipTalk:
    """OpenAI's own chip against buying from the merchant vendor."""

    kind: str
    parties: tuple[str, ...]
    value_usd_bn: float
    """Expected net present value of the programme."""
    cost_usd_h: float
    """Long-run cost of the own chip, $/effective H100e-hour."""
    merchant_cost_usd_h: float
    age_quarters: float
    """Quarters since it was started; below 0: not started."""


def supply_talks(market: ComputeMarket, page: Page, world: int) -> list[SupplyTalk | ChipTalk | OwnChipTalk]:
    """Chips, power and the own chip of a recorded quarter in one world."""
    orders, flow, after = (of_world(page.one(topic), world) for topic in ("orders", "flow", "after"))
    talks: list[SupplyTalk | ChipTalk | OwnChipTalk] = [_chips(market, of_world(page.one("chips"), world), after)]
    for row, name in enumerate(market.cast.operators):
        order = orders["orders"][name]
        if max(orders["asked_gw"][row], order["demanded_h100e_m"]) <= LEAST_H100E_M:
            continue
        talks.append(
            SupplyTalk(
                kind="power and chip orders",
                parties=(name, "landlords", "grid", "nvidia"),
                operator=name,
                asked_gw=float(orders["asked_gw"][row]),
                shells_gw=float(orders["built_gw"][row]),
                granted_gw=float(orders["granted_gw"][row]),
                demanded_h100e_m=order["demanded_h100e_m"],
                ordered_h100e_m=order["chips_h100e_m"],
                binds=BINDS[BINDING[int(after["binding"][row])]],
            )
        )
    talks.append(
        OwnChipTalk(
            kind="own chip",
            parties=("openai", "broadcom"),
            value_usd_bn=flow["chip_value_usd_bn"],
            cost_usd_h=flow["own_cost_usd_h"],
            merchant_cost_usd_h=flow["long_run_cost_usd_h"],
            age_quarters=after["chip_age"],
        )
    )
    return talks


def _chips(market: ComputeMarket, note: dict[str, Any], after: dict[str, Any]) -> ChipTalk:
    customers = tuple(
        ChipCustomer(name, float(note["queue"][row]), float(note["shipped"][row]))
        for row, name in enumerate(market.cast.operators)
    )
    due, shipped = sum(c.due_h100e_m for c in customers), sum(c.shipped_h100e_m for c in customers)
    if due <= LEAST_H100E_M:
        reason = Reason.NO_ORDERS
    else:
        reason = Reason.SERVED if shipped >= due * (1.0 - 1e-9) else Reason.RATIONED
    return ChipTalk(
        kind="chips",
        parties=("nvidia", *market.cast.operators),
        vendor="nvidia",
        capacity_h100e_m=note["capacity"],
        due_h100e_m=due,
        shipped_h100e_m=shipped,
        queue_quarters=after["queue_quarters"],
        policy=market.firms["nvidia"].policy_name,
        customers=customers,
        reason=reason,
    )
