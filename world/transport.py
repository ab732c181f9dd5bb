"""The transportation problem of a few tenants and a few offers, exact, in every world at once."""

from __future__ import annotations

from itertools import pairwise, permutations

import numpy as np
from jaxtyping import Float64

from world.arrays import fold, pick_worlds, ratio

PerCell = Float64[np.ndarray, "tenants offers worlds"]

# Relative to the largest worth in the world: a smaller gain is rounding, and a smaller difference is a tie.
NO_GAIN = 1e-14
TIE = 1e-12


def best_transport(worth: PerCell, offered: np.ndarray, wanted: np.ndarray) -> PerCell:
    """The allocation x >= 0 with the largest sum of worth * x, each offer and each tenant's want respected.

    Offers are put in one after the other, each along the chain of exchanges that gains most (a tenant that is full
    passes a unit of another offer on to the next tenant, or gives it back), until none gains: the shortest-path
    method, which keeps the optimum after each offer. Chains are listed, so the cost grows with tenants factorial;
    made for two or three. Where the optimum is not unique, the mean over the orders of tenants is taken, and offers
    that compete for the same tenants are pooled, so no tie is won by an index.

    Args:
        worth     (tenants, offers, worlds)   any unit per unit of quantity; at or below 0: never allocated
        offered   (offers, worlds)            quantity, >= 0
        wanted    (tenants, worlds)           quantity, >= 0
    Returns: (tenants, offers, worlds)
    Raises: RuntimeError naming the first world if the method does not end (never seen).
    Source: Busacker and Gowen (1960), as in Ahuja, Magnanti, Orlin, Network Flows, 9.7.
    """
    usable = np.where(worth > 0.0, worth, -np.inf)
    allocated, ambiguous = _solve_in_canonical_order(usable, offered, wanted)
    hard = np.flatnonzero(ambiguous)
    if hard.size:
        allocated[..., hard] = _mean_over_orders_of_tenants(
            pick_worlds(usable, hard), pick_worlds(offered, hard), pick_worlds(wanted, hard)
        )
    return allocated


def _mean_over_orders_of_tenants(worth: np.ndarray, offered: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The mean of the optima that each order of the tenants gives; optima form a convex set, so it is one too."""
    orders = [list(order) for order in permutations(range(len(wanted)))]
    total = np.zeros_like(worth)
    for order in orders:
        solved, _ = _solve_in_canonical_order(worth[order], offered, wanted[order], pool=True)
        total[order] += solved
    return total / len(orders)


def _solve_in_canonical_order(
    worth: np.ndarray, offered: np.ndarray, wanted: np.ndarray, pool: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Solve with the offers sorted by what they are, not by where they stand; also where there may be other optima."""
    order = np.lexsort((offered, *worth), axis=0)
    sorted_worth = np.take_along_axis(worth, order[np.newaxis], axis=1)
    sorted_offered = np.take_along_axis(offered, order, axis=0)
    allocated, value_of_room = _insert_offers(sorted_worth, sorted_offered, wanted)
    tight, unsold = _tight_cells(sorted_worth, value_of_room)
    if pool:
        allocated = _pooled(allocated, sorted_offered, tight, unsold)
    tenants, offers = worth.shape[:2]
    # Cells where a unit may lie link tenants, offers, "unsold" and "unmet"; no ring of links, no second optimum. All are
    # linked but tenants that want nothing (their room is worth infinitely much: nobody can pass anything on).
    unmet = value_of_room <= TIE * _largest(worth)
    links = fold(fold(tight)) + fold(unsold) + fold(unmet)
    ambiguous = links > tenants + offers - fold(np.isinf(value_of_room))
    out = np.empty_like(allocated)
    np.put_along_axis(out, np.broadcast_to(order, out.shape), allocated, axis=1)
    return out, ambiguous


def _insert_offers(worth: np.ndarray, offered: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Put the offers in one by one; returns the allocation and what one more unit of want is worth to each tenant."""
    tenants, offers, _ = worth.shape
    chains = [chain for length in range(1, tenants + 1) for chain in permutations(range(tenants), length)]
    least_gain = NO_GAIN * _largest(worth)
    allocated, room = np.zeros_like(worth), wanted.copy()
    for offer in range(offers):
        left = offered[offer].copy()
        active = np.flatnonzero(left > 0.0)
        for _ in range(16 * len(chains) * (offer + 1)):
            now_worth = pick_worlds(worth, active)
            others = pick_worlds(allocated, active)
            others[:, offer] = 0.0  # to push a unit in by moving another of the same offer is a detour
            value, source = _chain_values(chains, now_worth, others, pick_worlds(room, active))
            # In a tie the shortest chain: detours would win by rounding, and carry next to nothing.
            gains = np.stack(
                [
                    now_worth[chain[0], offer] + value[k] - len(chain) * least_gain[active]
                    for k, chain in enumerate(chains)
                ]
            )
            gainful = (gains.max(axis=0) > 0.0) & (left[active] > 0.0)
            if not gainful.any():
                break
            best = np.where(gainful, gains.argmax(axis=0), -1)
            for k, chain in enumerate(chains):
                chosen = np.flatnonzero(best == k)
                if chosen.size:
                    moves = {link: offers_moved[chosen] for link, offers_moved in source.items()}
                    _push(chain, offer, active[chosen], left, allocated, room, moves)
            active = np.compress(gainful, active)
        else:
            raise RuntimeError(f"offer {offer} is still being allocated in world {active[0]} of those contested")
    value, _ = _chain_values(chains, worth, allocated, room)
    full = np.full_like(wanted, -np.inf)
    for k, chain in enumerate(chains):
        full[chain[0]] = np.maximum(full[chain[0]], value[k])
    return allocated, -full


def _chain_values(
    chains: list[tuple[int, ...]], worth: np.ndarray, allocated: np.ndarray, room: np.ndarray
) -> tuple[list[np.ndarray], dict[tuple[int, int], np.ndarray]]:
    """What pushing one unit into the first tenant of each chain gains further on, and which offer each link moves.

    A link (t, s) moves to tenant s the unit of t that gains most there; the end (t, t) uses t's room, or gives back
    the unit of t that is worth least.
    """
    tenants = len(worth)
    link_value: dict[tuple[int, int], np.ndarray] = {}
    source: dict[tuple[int, int], np.ndarray] = {}
    for t in range(tenants):
        held = allocated[t] > 0.0
        now = np.where(held, worth[t], 0.0)
        for s in range(tenants):
            then = worth[s] if s != t else 0.0
            moved = np.where(held, then - now, -np.inf)
            source[t, s] = moved.argmax(axis=0)
            link_value[t, s] = moved.max(axis=0)
        link_value[t, t] = np.where(room[t] > 0.0, 0.0, link_value[t, t])
    values = []
    for chain in chains:
        value = link_value[chain[-1], chain[-1]]
        for t, s in pairwise(chain):
            value = value + link_value[t, s]
        values.append(value)
    return values, source


def _push(
    chain: tuple[int, ...],
    offer: int,
    worlds: np.ndarray,
    left: np.ndarray,
    allocated: np.ndarray,
    room: np.ndarray,
    moves: dict[tuple[int, int], np.ndarray],
) -> None:
    """Send as much of the offer as fits along one chain, in place, in the worlds at these positions."""
    last = chain[-1]
    has_room = room[last, worlds] > 0.0
    given_back = moves[last, last]
    amount = np.where(has_room, room[last, worlds], allocated[last, given_back, worlds])
    amount = np.minimum(amount, left[worlds])
    for t, s in pairwise(chain):
        amount = np.minimum(amount, allocated[t, moves[t, s], worlds])

    left[worlds] -= amount
    allocated[chain[0], offer, worlds] += amount
    for t, s in pairwise(chain):
        allocated[t, moves[t, s], worlds] -= amount
        allocated[s, moves[t, s], worlds] += amount
    room[last, worlds] -= np.where(has_room, amount, 0.0)
    allocated[last, given_back, worlds] -= np.where(has_room, 0.0, amount)


def _tight_cells(worth: np.ndarray, value_of_room: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where a unit may lie in an optimum: (tenants, offers, worlds); where it may stay unsold: (offers, worlds)."""
    net = worth - value_of_room[:, np.newaxis]
    value_of_offer = np.maximum(net.max(axis=0), 0.0)
    near = TIE * _largest(worth)
    return net >= value_of_offer - near, value_of_offer <= near


def _pooled(allocated: np.ndarray, offered: np.ndarray, tight: np.ndarray, unsold: np.ndarray) -> np.ndarray:
    """Offers that may go to the same tenants share what these take from them, in proportion to their size."""
    alike = np.concatenate([tight, unsold[np.newaxis]])
    out = np.empty_like(allocated)
    for offer in range(len(offered)):
        same = (alike == alike[:, offer, np.newaxis]).all(axis=0)
        taken = fold(np.moveaxis(allocated * same, 1, 0))
        out[:, offer] = offered[offer] * ratio(taken, fold(offered * same))
    return out


def _largest(worth: np.ndarray) -> np.ndarray:
    """The largest worth in each world, (worlds,); 0 where no cell is worth anything."""
    return np.maximum(worth.max(axis=(0, 1)), 0.0)
