"""Who sells how much to whom, and for what: allocation of scarce offers over tenants, then bargained prices."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from jaxtyping import Float64

from world.arrays import PerRow, PerWorld, fold, pick_worlds, zero_to_one
from world.merit import fill_in_merit_order, in_merit_order, ranks
from world.rows import number_or_never, rows_by_worlds, stretched
from world.transport import TIE, PerCell, best_transport

PerOffer = Float64[np.ndarray, "offers worlds"]
PerTenant = Float64[np.ndarray, "tenants worlds"]
PerSide = Float64[np.ndarray, "offers tenants worlds"]
Terms = Float64[np.ndarray, "offers *tenants worlds"]
Gains = Float64[np.ndarray, "*tenants worlds"]

COST = "a number, or infinity: no such offer"


@dataclass(frozen=True, slots=True)
class Bargain:
    """What one tenant signs with each provider, and what there was to share.

    Attributes:          shape                unit
        quantity         (offers, worlds)     M H100e
        payment          (offers, worlds)     bn USD over the term
        surplus          (worlds,)            bn USD over the term; v(all), both sides' gains together
        marginal         (offers, worlds)     bn USD over the term; v(all) - v(all without this provider)
        tenant_gain      (worlds,)            bn USD over the term; what the tenant keeps of the surplus, >= 0
    """

    quantity: Terms
    payment: Terms
    surplus: Gains
    marginal: Terms
    tenant_gain: Gains

    def of(self, tenant: int) -> Bargain:
        """The terms of one tenant, where those of several stand side by side, the tenants before the worlds."""
        return Bargain(*(getattr(self, each.name)[..., tenant, :] for each in fields(self)))


def bargain(
    offered: object,
    reservation: object,
    penalty: object,
    outside: object,
    wanted: object,
    weight: object,
    *,
    worth: object = np.inf,
    spare: object = 0.0,
) -> Bargain:
    """Nash-in-Nash with threat of replacement: one tenant, all its providers, every world at once.

    The gap is filled from the lowest effective cost (reservation plus penalty) up, only below the rental market and
    below what the capacity is worth. Each provider is paid its reservation and its weight's share of what the tenant
    would lose without it, the other offers and the rental market re-optimised.

    Args:                shape                         unit
        offered          (offers, worlds)              M H100e each provider can supply, >= 0
        reservation      number, (offers,) or          bn USD per M H100e over the term; the least the provider
                         (offers, worlds)              takes; infinite: no offer
        penalty          as reservation                bn USD per M H100e; what delay and dependence cost the tenant
        outside          number or (worlds,)           bn USD per M H100e; the rental market at its expected index
        wanted           number or (worlds,)           M H100e, >= 0; the gap to fill
        weight           as reservation                0 to 1; the provider's share of its marginal surplus
        worth            number or (worlds,)           bn USD per M H100e; above it the tenant goes without
        spare            as reservation                M H100e that a provider has left once all tenants are served:
                                                       it replaces others in v(all without j), nobody signs it
    Returns: Bargain
    Laws (tests/invariants/test_bargaining.py): payment >= reservation * quantity; the tenant gains at least nothing,
        in all and with each provider; gains paid out never exceed v(all); a better outside option never worsens a
        side's terms; one more offer never hurts the tenant; the order of the offers is irrelevant.
    Raises: ValueError naming argument, index and world: a negative quantity, a weight outside 0 to 1, not a number,
        or `outside` and `worth` both infinite (then nothing says what an offer saves).
    Source: Ho and Lee, Equilibrium Provider Networks (2019); oracle: tests/oracles/loop_bargaining.py.
    """
    offers = rows_by_worlds(offered, "offered")
    shape, per_world_shape = offers.shape, offers.shape[1:]
    reserve = stretched(reservation, shape, "reservation", number_or_never, COST)
    own_cost = stretched(penalty, shape, "penalty", number_or_never, COST)
    share = stretched(weight, shape, "weight", zero_to_one, "a share, at least 0 and at most 1")
    need = stretched(wanted, per_world_shape, "wanted")
    market = stretched(outside, per_world_shape, "outside", number_or_never, "a number")
    most = stretched(worth, per_world_shape, "worth", number_or_never, "a number")
    saved = stretched(np.minimum(market, most), per_world_shape, "outside", np.isfinite, "finite where worth is not")
    replacing = stretched(spare, shape, "spare")

    cost = reserve + own_cost
    gain = np.maximum(saved - cost, 0.0)
    worthwhile = gain > 0.0
    quantity = fill_in_merit_order(np.where(worthwhile, offers, 0.0), np.where(worthwhile, cost, np.inf), need)
    in_reach = np.where(worthwhile, offers + replacing, 0.0)
    return Bargain(*_divide(quantity, in_reach, need, np.where(worthwhile, reserve, 0.0), gain, share))


def bargain_allocated(
    allocated: PerSide, reservation: PerRow, gain: PerSide, weight: PerWorld, spare: PerRow
) -> Bargain:
    """As `bargain`, for each tenant over what it was allocated, all side by side; arguments are taken as they are.

    Args:                shape                         unit
        allocated        (offers, tenants, worlds)     M H100e
        reservation      (offers, worlds)              bn USD per M H100e over the term, finite
        gain             (offers, tenants, worlds)     bn USD per M H100e; what is saved less reservation and penalty
        weight           (worlds,)                     the providers' share of their marginal surplus
        spare            (offers, worlds)              M H100e left once all tenants are served
    Returns: a Bargain whose terms have the tenants before the worlds: (offers, tenants, worlds), (tenants, worlds)
    """
    need, worthwhile = fold(allocated), gain > 0.0
    quantity, in_reach = allocated * worthwhile, (allocated + spare[:, np.newaxis]) * worthwhile
    return Bargain(*_divide(quantity, in_reach, need, reservation[:, np.newaxis], np.maximum(gain, 0.0), weight))


def _divide(
    quantity: np.ndarray,
    in_reach: np.ndarray,
    need: np.ndarray,
    reservation: np.ndarray,
    gain: np.ndarray,
    share: np.ndarray,
) -> tuple[np.ndarray, ...]:
    """The terms of a Bargain over the quantities signed: the fields in their order, (offers, ..., worlds) at most."""
    surplus_by_offer = gain * quantity
    # Without a provider the tenant loses all that it gains on the capacity it takes from it, unless others have more.
    marginal = surplus_by_offer.copy()
    replaceable = np.flatnonzero((in_reach > quantity).any(axis=0))
    if replaceable.size:
        columns = len(gain), -1
        gains, capacity, most = (
            pick_worlds(each.reshape(columns), replaceable) for each in (gain, in_reach, surplus_by_offer)
        )
        # It never loses more than that, but by rounding.
        lost = np.minimum(_lost_without(gains, capacity, need.take(replaceable)), most)
        marginal.reshape(columns)[:, replaceable] = lost
    paid_gain = share * marginal
    payment, tenant_gain = reservation * quantity + paid_gain, fold(surplus_by_offer - paid_gain)
    return quantity, payment, fold(surplus_by_offer), marginal, tenant_gain


def _lost_without(gain: np.ndarray, offered: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """v(all) - v(all without j) for every j: (offers, columns), exact and >= 0; `wanted` (columns,).

    With the offers sorted from the highest gain down and C_k the capacity of the first k, v is the sum over k of
    (gain_k - gain_k+1) min(wanted, C_k). Taking away j lowers C_k by its capacity for every k from its rank on, so
    its loss is a sum of terms that are not negative: nothing cancels.
    """
    places = np.argsort(-gain, axis=0, kind="stable") * wanted.size + np.arange(wanted.size)
    gains = gain.take(places)
    capacity = np.minimum(offered.take(places), wanted)  # more than is wanted is never missed
    step = gains.copy()
    step[:-1] -= gains[1:]
    reach = np.empty_like(capacity)
    total = np.zeros(wanted.shape)
    for k, amount in enumerate(capacity):
        np.add(total, amount, out=reach[k])
        total = reach[k]
    filled = np.minimum(reach, wanted)
    lost = np.empty_like(gains)
    for k, amount in enumerate(capacity):
        lost[k] = fold(step[k:] * (filled[k:] - np.minimum(reach[k:] - amount, wanted)))
    out = np.empty(gain.shape)
    out.reshape(-1)[places] = lost
    return out


def allocate_offers(worth: object, offered: object, wanted: object) -> PerCell:
    """Allocate scarce offers over the tenants so that the sum of their v is the largest there is.

    Where no tenant is offered more than it wants of what is worth most to it, each offer goes to whom it is worth most;
    where the tenants' own best fills fit into the offers together, these are the answer. In the other worlds the
    transportation problem is solved exactly (world/transport.py). Ties are shared: offers that are worth the same to
    a tenant in proportion to their size, tenants that tie by the mean over the orders in which they could be served.

    Args:                shape                         unit
        worth            (tenants, offers, worlds)     bn USD per M H100e over the term; what the tenant gains on this
                                                       offer over its outside option; at or below 0: never allocated
        offered          (offers, worlds)              M H100e, >= 0
        wanted           (tenants, worlds)             M H100e, >= 0
    Returns:
        allocated        (tenants, offers, worlds)     M H100e; within the offers and within what each tenant wants.
                                                       Price with `bargain(allocated[t], ..., spare=left_over(...))`
    Laws (tests/invariants/test_allocation.py): feasible; no feasible allocation has a larger sum of worth (oracle:
        scipy.optimize.linprog); another offer or more of one never lowers the sum; the order of tenants and of offers
        is irrelevant.
    Raises: ValueError naming argument, index and world if a quantity is negative or an entry is not a number.
    """
    offers, needs = rows_by_worlds(offered, "offered"), rows_by_worlds(wanted, "wanted")
    gain = stretched(
        worth, (len(needs), *offers.shape), "worth", lambda array: array < np.inf, "a number below infinity"
    )
    allocated: PerCell = allocate(np.ascontiguousarray(gain.swapaxes(0, 1)), offers, needs).swapaxes(0, 1)
    return allocated


def allocate(gain: PerSide, offered: PerOffer, wanted: PerTenant) -> PerSide:
    """As `allocate_offers`, of arrays that are known to be right, each offer's tenants side by side.

    Args: gain (offers, tenants, worlds); offered (offers, worlds); wanted (tenants, worlds).
    Returns: (offers, tenants, worlds)
    """
    # Where all that is worth most to a tenant is not more than it wants, each offer goes to whom it is worth most.
    dearest = gain.max(axis=1)
    near = TIE * np.maximum(dearest.max(axis=0), 0.0)
    best = (gain > 0.0) & (gain >= (dearest - near)[:, np.newaxis])
    allocated: PerSide = offered[:, np.newaxis] * best
    shared = fold(allocated.swapaxes(0, 1)) > offered
    others = np.flatnonzero((fold(allocated) > wanted).any(axis=0) | shared.any(axis=0))
    if others.size:
        allocated[..., others] = _scarce(*(pick_worlds(each, others) for each in (gain, offered, wanted)))
    return allocated


def _scarce(gain: PerSide, offered: PerOffer, wanted: PerTenant) -> PerSide:
    """As `allocate` where some tenant has to choose."""
    # Each tenant by itself, all in one call: side by side they are only more worlds.
    own_best: PerSide = in_merit_order(offered[:, np.newaxis] * (gain > 0.0), ranks(-gain), wanted)
    contested = np.flatnonzero((fold(own_best.swapaxes(0, 1)) > offered).any(axis=0))
    if len(wanted) > 1 and contested.size:
        worth = pick_worlds(gain, contested).swapaxes(0, 1)
        best = best_transport(worth, pick_worlds(offered, contested), pick_worlds(wanted, contested))
        own_best[..., contested] = best.swapaxes(0, 1)
    return own_best


def left_over(allocated: PerCell, offered: PerRow) -> PerRow:
    """What each offer has left once all tenants are served: the `spare` of `bargain`, (offers, worlds), M H100e."""
    return np.maximum(offered - fold(allocated), 0.0)
