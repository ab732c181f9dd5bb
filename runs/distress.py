"""Distress: how shortfalls are met before dues are cleared, and what becomes of what stays unpaid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agents.cast import HOLDERS
from runs.chip_orders import cancel_orders
from runs.money import OTHERS, openai_value, rival_value
from world.arrays import PerRow, PerWorld, fold, pick_worlds, ratio, some
from world.credit import within_limit
from world.funding import dilute
from world.rescue import cut_rents, price_rescue
from world.settlement import Unpaid

if TYPE_CHECKING:
    from runs.model import ComputeMarket


def fill_shortfalls(market: ComputeMarket) -> None:
    """Before dues are cleared: loans and credit lines, then a rescue round at a price, then leases at lower rents."""
    s, cast = market.state, market.cast
    s.flow["rescue_usd_bn"] = np.zeros(s.worlds)
    s.flow["lease_relief_usd_bn"] = np.zeros((len(cast.providers), s.worlds))
    for name, left in zip(cast.funded, draw_on_lenders(market), strict=True):
        if some(left):
            # Few worlds are ever in distress; a record wants to know of all of them.
            worlds = np.flatnonzero(left) if market.recorder is None else np.arange(s.worlds)
            short = left[worlds]
            restructure(market, name, worlds, np.maximum(short - rescue(market, name, worlds, short), 0.0))


def draw_on_lenders(market: ComputeMarket) -> PerRow:
    """Debtors draw what they lack; returns what the funded labs are short of all the same, (labs, worlds) $bn.

    Firms with plant or a core business borrow, some of them only as far as lenders go, and keep their reserve. Labs
    without plant draw their credit lines, a share of their run-rate revenue.
    """
    s, cast = market.state, market.cast
    with_plant, names = len(cast.borrowers), cast.debtors
    keep, owed = np.zeros((2, len(names), s.worlds))
    keep[:with_plant] = [market.reserve(name) for name in cast.borrowers]
    limit = np.full_like(keep, np.inf)
    for name in ("oracle", "xai", *cast.clouds):
        row = names.index(name)
        limit[row] = np.maximum(market.debt_room[name], 0.0) + s.flow["principal_due_usd_bn"][row]
    for row, name in enumerate(names[with_plant:], with_plant):
        lab = market.firms[name]
        limit[row] = lab.parameters.credit_line_share * 4.0 * lab.revenue_usd_bn
        owed[row] = s.ledger.debt(name)
    asked = s.ledger.shortfall(names, keep)
    drawn = borrow(market, names, asked, limit, owed)
    if market.recorder is not None:
        market.recorder.note("anchor_cash", sold=np.zeros(s.worlds), borrowed=drawn[names.index("softbank")])
    labs = [names.index(name) for name in cast.funded]
    return np.maximum(asked[labs] - drawn[labs] - keep[labs], 0.0)


def borrow(market: ComputeMarket, names: tuple[str, ...], asked: PerRow, limit: PerRow, owed: PerRow) -> PerRow:
    """Let lenders pay out what borrowers ask for within their limits, $bn; returns what they draw.

    Args: all (borrowers, worlds); owed: what of their debt counts against the limit.
    """
    s = market.state
    drawn: PerRow = within_limit(asked, limit, owed)
    if market.recorder is not None:
        for row, name in enumerate(names):
            terms = {"asked": asked[row], "limit": limit[row], "owed": owed[row], "drawn": drawn[row]}
            rate = s.flow["rates"][market.cast.debtors.index(name)]
            market.recorder.note("loan", borrower=name, **terms, rate=rate, base=s.base_rate)
    s.ledger.pay("loan", "lenders", names, drawn)
    return drawn


def rescue(market: ComputeMarket, name: str, worlds: np.ndarray, short: PerWorld) -> PerWorld:
    """Investors put in what is missing at a price bargained against default, as far as they go; returns what they paid.

    The lab's holders are diluted at that price; of the other labs nobody keeps the holders one by one.

    Args: worlds: positions of those in which it is short by so much, $bn (these worlds,).
    """
    s = market.state
    p = market.firms["investors"].parameters
    value = lab_value_usd_bn(market, name)[worlds]
    most = p.rescue_share[worlds]
    saved = price_rescue(short, value, p.kept_in_default[worlds], p.rescue_weight[worlds], most)
    if market.recorder is not None:
        terms = {"value": value, "most": most * saved.pre_money, "stakes": s.cap.stakes}
        market.recorder.note("rescue", issuer=name, short=short, saved=saved, **terms)
    paid = in_place(worlds, saved.paid, s.worlds)
    s.ledger.pay("equity", "investors", name, paid)
    if name == "openai":
        holders = np.zeros((len(s.cap.stakes), len(worlds)))
        holders[OTHERS] = saved.paid
        before = pick_worlds(s.cap.stakes, worlds)
        after = np.where(saved.paid > 0.0, dilute(before, np.maximum(saved.pre_money, 1e-3), holders), before)
        s.cap.stakes, s.cap.valuation_usd_bn = s.cap.stakes.copy(), s.cap.valuation_usd_bn.copy()
        s.cap.stakes[:, worlds] = after
        s.cap.valuation_usd_bn[worlds] = np.where(
            saved.paid > 0.0, saved.pre_money + saved.paid, s.cap.valuation_usd_bn[worlds]
        )
        s.flow["rescue_usd_bn"] = paid
    return saved.paid


def in_place(worlds: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    """Values of some worlds (..., these worlds) among zeros for the others, (..., worlds)."""
    everywhere = np.zeros((*values.shape[:-1], count))
    everywhere[..., worlds] = values
    return everywhere


def lab_value_usd_bn(market: ComputeMarket, name: str) -> PerWorld:
    """What a lab is worth if it goes on, $bn, above zero."""
    value = openai_value(market) if name == "openai" else rival_value(market, name)
    return np.maximum(value, 1e-3 * market.money)


def restructure(market: ComputeMarket, tenant: str, worlds: np.ndarray, gap: PerWorld) -> None:
    """Where the rescue falls short providers cut their rents for good, down to what they would get from another.

    Args: worlds: positions of those in which the tenant may lack something, $bn (these worlds,).
    """
    s, cast = market.state, market.cast
    rows = [k for k in cast.held_by.get(tenant, ()) if cast.pairs[k][0] in cast.providers]
    if not (rows and some(gap)):
        return
    if market.recorder is None:
        worlds, gap = worlds[gap > 0.0], gap[gap > 0.0]
    providers = tuple(cast.pairs[k][0] for k in rows)
    rent = pick_worlds(s.ledger.owed("lease_rent", tenant, providers), worlds)
    friction = market.parameters.of("market").sublet_friction
    # What the capacity brings at the clearing price, less what it costs to find another tenant.
    relet = pick_worlds(s.flow["held_usd_bn"][rows] * (1.0 - friction), worlds)
    cut = cut_rents(gap, rent, relet)
    if some(cut):
        relief, let = cut * rent, np.array([cast.providers.index(name) for name in providers])
        s.ledger.waive("lease_rent", tenant, providers, in_place(worlds, relief, s.worlds))
        s.leases.reprice_some(rows, worlds, cut)
        s.flow["rent_usd_bn"][np.array(rows)[:, np.newaxis], worlds] -= relief
        s.flow["lease_relief_usd_bn"][let[:, np.newaxis], worlds] += relief
    if market.recorder is not None:
        market.recorder.note("relief", tenant=tenant, gap=gap, rent=rent, relet=relet, cut=cut, providers=providers)


def work_out(market: ComputeMarket, unpaid: list[Unpaid]) -> None:
    """What stays unpaid is lost: leases shrink by the unpaid share of their rent, debts are forgiven.

    Creditors of OpenAI get shares for what they lose, at what its holders keep in a default: so holders lose first.
    """
    s, cast = market.state, market.cast
    s.flow["default"] = np.zeros(s.worlds)
    s.flow["cancelled_h100e_m"] = np.zeros((len(cast.operators), s.worlds))
    s.flow["default_loss_usd_bn"] = np.zeros((len(cast.creditors), s.worlds))
    claims = np.zeros_like(s.cap.stakes)
    for item in unpaid:
        if market.recorder is not None:
            market.recorder.note("unpaid", kind=item.kind, payer=item.payer, payee=item.payee, amount=item.amount)
        missing = item.amount > 1e-9 * market.money
        if item.kind == "lease_rent":
            pairs = [k for k, pair in enumerate(cast.pairs) if pair[0] == item.payee and pair[1] == item.payer]
            for k in pairs:
                s.leases.reduce(k, ratio(item.amount, s.flow["rent_usd_bn"][k]).clip(0.0, 1.0))
        if item.kind == "chips":
            bill = s.ledger.paid("chips", item.payer, item.payee) + item.amount
            cancel_orders(market, item.payer, ratio(item.amount, bill).clip(0.0, 1.0))
        if item.kind in ("principal", "interest") and item.payee == "lenders":
            s.ledger.forgive(item.payer, "lenders", np.minimum(item.amount, s.ledger.debt(item.payer)))
        if item.payer == "openai":
            s.flow["default"] = np.maximum(s.flow["default"], missing.astype(float))
            claims[HOLDERS.index(item.payee) if item.payee in HOLDERS else OTHERS] += np.where(
                missing, item.amount, 0.0
            )
        creditor = item.payee if item.payee in cast.creditors else "others"
        s.flow["default_loss_usd_bn"][cast.creditors.index(creditor)] += item.amount
    hand_over(market, claims)


def hand_over(market: ComputeMarket, claims: PerRow) -> None:
    """OpenAI's creditors become its holders; claims (holders, worlds) $bn, those of all others sold to investors."""
    s = market.state
    if not claims.any():
        return
    kept = market.firms["investors"].parameters.kept_in_default * lab_value_usd_bn(market, "openai")
    kept = np.maximum(kept, 1e-3 * market.money)
    happens = claims.any(axis=0)
    s.cap.stakes = np.where(happens, dilute(s.cap.stakes, kept, claims), s.cap.stakes)
    s.cap.valuation_usd_bn = np.where(happens, kept + fold(claims), s.cap.valuation_usd_bn)
