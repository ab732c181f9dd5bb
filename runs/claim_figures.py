"""Figures of claims that take more than one metric, each (worlds,) from the paths of a run."""

from __future__ import annotations

import numpy as np

from runs.claim_paths import Paths, over
from world.record import accelerators


def lessors(p: Paths) -> tuple[str, ...]:
    """Who lets to OpenAI."""
    return tuple(name for name in p.members("openai_share") if name != "own")


def stargate_power_share(p: Paths) -> np.ndarray:
    """Stargate's share of the facility power of OpenAI's compute, by each provider's power per deployed H100e."""
    power = {}
    for provider in p.members("openai_share"):
        firm = "openai" if provider == "own" else provider
        per_h100e = over(p.at("energised_facility_gw", "2030Q4", firm), p.at("deployed_h100e_m", "2030Q4", firm))
        used = p.at("openai_h100e_by_provider", "2030Q4", provider)
        power[provider] = np.where(used > 0.0, used * per_h100e, 0.0)
    return over(power["oracle"] + power["own"], sum(power.values(), np.zeros_like(power["own"])))


def stargate_rent_share(p: Paths) -> np.ndarray:
    """Oracle's share of the rent of OpenAI's leases in the last quarter of 2030, at their average prices."""
    rent = {}
    for provider in lessors(p):
        pair = f"{provider}>openai"
        rent[provider] = p.at("leased_h100e_m", "2030Q4", pair) * np.nan_to_num(
            p.at("lease_price_usd_h", "2030Q4", pair)
        )
    return over(rent["oracle"], sum(rent.values(), np.zeros_like(rent["oracle"])))


def softbank_share_of_capital(p: Paths) -> np.ndarray:
    """SoftBank's equity over what OpenAI raised and Oracle and the landlords borrowed, to the end of 2030."""
    paid, raised = p.total("softbank_paid_usd_bn", "2030Q4"), p.total("openai_raised_usd_bn", "2030Q4")
    borrowed = [np.maximum(p.change("debt_usd_bn", "2030Q4", firm), 0.0) for firm in ("oracle", "landlords")]
    return over(paid, raised + borrowed[0] + borrowed[1])


def crossing(p: Paths) -> np.ndarray:
    """The first quarter in which inference costs more than R&D."""
    return p.first_time(p.path("inference_cost_usd_bn") > p.path("rd_cost_usd_bn"))


def insolvent_or_rescued(p: Paths) -> np.ndarray:
    """1 in a world in which OpenAI is rescued or leaves a due unpaid by the end of 2030."""
    last = p.place("2030Q4") + 1
    failed = (p.path("rescue_usd_bn")[:last] > 0.0) | (p.path("openai_default")[:last] > 0.0)
    return failed.any(axis=0).astype(float)


def revenue_for_a_year(p: Paths) -> np.ndarray:
    """Revenue in 2027 with which the cash at its end would just last twelve months at the burn of 2027.

    A dollar of revenue more leaves a dollar more cash and a dollar less burn: half of what is missing does it.
    """
    spare = p.at("openai_cash_usd_bn", "2027Q4") - p.year("openai_burn_usd_bn", 2027)
    return np.maximum(p.year("openai_revenue_usd_bn", 2027) - 0.5 * spare, 0.0)


def runway_years(p: Paths) -> np.ndarray:
    """Cash at the end of 2027 over the burn of that year; inf where cash does not fall."""
    cash, burn = p.at("openai_cash_usd_bn", "2027Q4"), p.year("openai_burn_usd_bn", 2027)
    return np.divide(cash, burn, out=np.full_like(cash, np.inf), where=burn > 0.0)


def microsoft_share_change(p: Paths) -> np.ndarray:
    """Microsoft's share of OpenAI's compute at the end of 2030 less that of the first quarter."""
    return p.change("openai_share", "2030Q4", "microsoft")


def capability_lead(p: Paths) -> np.ndarray:
    """Log of xAI's effective training compute less OpenAI's, at the end of 2027."""
    return p.at("capability", "2027Q4", "xai") - p.at("capability", "2027Q4", "openai")


def outside_lease_share(p: Paths) -> np.ndarray:
    """Share of the leases signed by OpenAI up to the end of 2026 that are not Microsoft's."""
    signed = {name: p.total("signed_h100e_m", "2026Q4", f"{name}>openai") for name in lessors(p)}
    outside = sum((signed[name] for name in signed if name != "microsoft"), np.zeros_like(signed["oracle"]))
    return over(outside, outside + signed["microsoft"])


def built_against_requests(p: Paths) -> np.ndarray:
    """What Microsoft signed with OpenAI over that and what it waived, up to the end of 2027."""
    signed = p.total("signed_h100e_m", "2027Q4", "microsoft>openai")
    return over(signed, signed + p.total("waived_h100e_m", "2027Q4"))


def in_house_share(p: Paths) -> np.ndarray:
    """Share of the in-house lab in the labs' revenue of 2030."""
    revenue = {lab: p.year("lab_revenue_usd_bn", 2030, lab) for lab in p.members("lab_revenue_usd_bn")}
    return over(revenue["microsoft_lab"], sum(revenue.values(), np.zeros_like(revenue["openai"])))


def abilene_chips_k(p: Paths) -> np.ndarray:
    """Chips that Abilene's power carries at the end of 2030, by the power of the newest chip known at the start."""
    known = accelerators(p.known_until)
    chip = known.get("blackwell", known["hopper"])
    return p.at("abilene_facility_gw", "2030Q4") * 1000.0 / chip.kw_facility


def cluster_on_debt(p: Paths) -> np.ndarray:
    """Whether the builder on debt got the very large cluster (1) or the one with its own hardware (0)."""
    winner = p.path("cluster_bid").max(axis=0)
    return np.where(winner > 0.0, (winner > 1.0).astype(float), np.nan)


def cluster_capital_rate(p: Paths) -> np.ndarray:
    """What the money of the bid that won the very large cluster cost when it was let, per year."""
    won = p.path("cluster_bid")
    rates = np.stack([p.path("cluster_capital_rate", bidder) for bidder in ("microsoft", "oracle")])
    let = np.argmax(won > 0.0, axis=0)
    worlds = np.arange(won.shape[-1])
    winner = won[let, worlds]
    rate = rates[np.maximum(winner - 1.0, 0.0).astype(int), let, worlds]
    return np.where(winner > 0.0, rate, np.nan)


def bargained_stake(p: Paths) -> np.ndarray:
    """Microsoft's stake out of the conversion; none where it does not happen."""
    stake = p.path("microsoft_bargained_stake").max(axis=0)
    return np.where(stake > 0.0, stake, np.nan)
