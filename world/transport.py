"""The transportation problem of a few tenants and a few offers, exact, in every world at once."""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import pairwise, permutations

import numpy as np
from jaxtyping import Float64

from world.arrays import fold, pick_worlds, ratio, some
from world.merit import fill_in_merit_order
from world.two_tenants import share_between_two

PerCell = Float64[np.ndarray, "tenants offers worlds"]

# Relative to the largest worth in the world: a smaller gain is rounding, and a smaller difference is a tie.
NO_GAIN = 1e-14
TIE = 1e-12

WORTH_PACKING = 0.75
"""Worlds that are done are left behind once fewer than this share still gains."""


@dataclass(frozen=True)
class Part:
    """The worlds in which a tenant is still being served: copies, worlds last."""

    worth: np.ndarray
    allocated: np.ndarray
    spare: np.ndarray
    room: np.ndarray
    """What the tenant still wants, (worlds,)."""
    least_gain: np.ndarray
    """A smaller gain is rounding, (worlds,)."""

    def pick(self, worlds: np.ndarray) -> Part:
        """The worlds flagged only."""
        return Part(*(pick_worlds(getattr(self, each.name), worlds) for each in fields(self)))


def best_transport(worth: PerCell, offered: np.ndarray, wanted: np.ndarray) -> PerCell:
    """The allocation x >= 0 with the largest sum of worth * x, each offer and each tenant's want respected.

    Two tenants are served in closed form (world/two_tenants.py); offers that are worth the same to one of them are
    shared in proportion to what is open to it. More tenants, and two where an index would decide which offer they
    share, are served one after the other, each along the chain of exchanges that gains most (it takes a spare unit, or
    a unit from a tenant served before, who takes another in its place or goes without), until none gains: the
    shortest-path method, which keeps the optimum after each tenant. Chains are listed, so the cost grows with tenants
    factorial; made for a few. Where the optimum is not unique, the mean over the orders of tenants is taken, and
    offers that compete for the same tenants are pooled, so no tie is won by an index.

    Args:
        worth     (tenants, offers, worlds)   any unit per unit of quantity; at or below 0: never allocated
        offered   (offers, worlds)            quantity, >= 0
        wanted    (tenants, worlds)           quantity, >= 0
    Returns: (tenants, offers, worlds)
    Raises: RuntimeError naming the first world if the method does not end (never seen).
    Source: Busacker and Gowen (1960), as in Ahuja, Magnanti, Orlin, Network Flows, 9.7.
    """
    if len(wanted) != 2:
        return _by_chains(worth, offered, wanted)
    sides, tied = share_between_two(worth.swapaxes(0, 1), offered, wanted, TIE * _largest(worth))
    allocated = sides.swapaxes(0, 1)
    if some(tied):
        where = tied.nonzero()[0]
        allocated[..., where] = _by_chains(*(pick_worlds(each, where) for each in (worth, offered, wanted)))
    return allocated


def _by_chains(worth: PerCell, offered: np.ndarray, wanted: np.ndarray) -> PerCell:
    """As `best_transport`, of any number of tenants."""
    usable = np.where(worth > 0.0, worth, -np.inf)
    solved = _solve_in_canonical_order(usable, offered, wanted)
    hard = solved.ambiguous().nonzero()[0]
    allocated = solved.in_place(solved.allocated)
    if hard.size:
        allocated[..., hard] = _mean_over_orders_of_tenants(
            solved.pick(hard), pick_worlds(usable, hard), pick_worlds(offered, hard), pick_worlds(wanted, hard)
        )
    return allocated


@dataclass(frozen=True)
class Solved:
    """A solution with the offers sorted by what they are, not by where they stand, and where other optima may lie."""

    order: np.ndarray
    """Position of each sorted offer, (offers, worlds)."""
    offered: np.ndarray
    """(offers, worlds), sorted like all below."""
    allocated: np.ndarray
    """(tenants, offers, worlds)."""
    tight: np.ndarray
    """Where a unit may lie in an optimum, (tenants, offers, worlds), bool."""
    unsold: np.ndarray
    """Which offer may be left with some, (offers, worlds), bool."""
    unmet: np.ndarray
    """Which tenant may go without some, (tenants, worlds), bool."""

    def pick(self, worlds: np.ndarray) -> Solved:
        """The solution of the named worlds only."""
        return Solved(*(pick_worlds(getattr(self, each.name), worlds) for each in fields(self)))

    def ambiguous(self) -> np.ndarray:
        """Where there may be another optimum, (worlds,).

        Cells where a unit may lie link tenants, offers, "unsold" and "unmet" into one; without a ring, there is none.
        """
        tenants, offers = self.tight.shape[:2]
        cells = np.concatenate([self.tight.reshape(tenants * offers, -1), self.unsold, self.unmet])
        return np.count_nonzero(cells, axis=0) > tenants + offers

    def in_place(self, allocated: np.ndarray) -> np.ndarray:
        """An allocation of the sorted offers with every offer back where it stood."""
        out = np.empty_like(allocated)
        np.put_along_axis(out, np.broadcast_to(self.order, out.shape), allocated, axis=1)
        return out


def _mean_over_orders_of_tenants(
    first: Solved, worth: np.ndarray, offered: np.ndarray, wanted: np.ndarray
) -> np.ndarray:
    """The mean of the optima that each order of the tenants gives; optima form a convex set, so it is one too.

    Of the tenants as they stand the solution is known: `first`.
    """
    orders = [list(order) for order in permutations(range(len(wanted)))]
    total = first.in_place(_pooled(first))
    for order in orders[1:]:
        solved = _solve_in_canonical_order(worth[order], offered, wanted[order])
        total[order] += solved.in_place(_pooled(solved))
    return total / len(orders)


def _solve_in_canonical_order(worth: np.ndarray, offered: np.ndarray, wanted: np.ndarray) -> Solved:
    """Solve with the offers sorted by what they are, so that where they stand decides nothing."""
    order = np.lexsort((offered, *worth), axis=0)
    sorted_worth = np.take_along_axis(worth, order[np.newaxis], axis=1)
    sorted_offered = np.take_along_axis(offered, order, axis=0)
    allocated, value_of_room = _insert_tenants(sorted_worth, sorted_offered, wanted)
    near = TIE * _largest(sorted_worth)
    tight, unsold = _tight_cells(sorted_worth, value_of_room, near)
    return Solved(order, sorted_offered, allocated, tight, unsold, value_of_room <= near)


def _insert_tenants(worth: np.ndarray, offered: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Put the tenants in one by one; returns the allocation and what one more unit of want is worth to each of them."""
    tenants = len(wanted)
    least_gain = NO_GAIN * _largest(worth)
    allocated = np.zeros(worth.shape)
    usable = worth[0] > 0.0
    allocated[0] = fill_in_merit_order(offered * usable, np.where(usable, -worth[0], np.inf), wanted[0])
    spare = offered - allocated[0]
    for tenant in range(1, tenants):
        chains = _chains_from(tenant, tenant)
        active = (wanted[tenant] > 0.0).nonzero()[0]
        part = Part(*(pick_worlds(each, active) for each in (worth, allocated, spare, wanted[tenant], least_gain)))
        for _ in range(16 * len(chains) * len(offered)):
            gains, source = _chain_gains(chains, part.worth, part.allocated, part.spare)
            # In a tie the shortest chain: detours would win by rounding, and carry next to nothing.
            gains = [gain - len(chain) * part.least_gain for gain, chain in zip(gains, chains, strict=True)]
            best_gain, best = _best_row(gains)
            gainful = (best_gain > 0.0) & (part.room > 0.0)
            going = np.count_nonzero(gainful)
            if not going:
                break
            for k, chain in enumerate(chains):
                chosen = (gainful & (best == k)).nonzero()[0]
                if chosen.size:
                    moves = {link: offers[chosen] for link, offers in source.items()}
                    _push(chain, chosen, part.room, part.allocated, part.spare, moves)
            # Worlds that are done gain nothing more and change no more; they ride along until packing pays.
            if going < WORTH_PACKING * gainful.size:
                allocated[..., active], spare[..., active] = part.allocated, part.spare
                part, active = part.pick(gainful), active.compress(gainful)
        else:
            raise RuntimeError(f"tenant {tenant} is still being served in world {active[0]} of those contested")
        allocated[..., active], spare[..., active] = part.allocated, part.spare
    value_of_room = np.zeros(wanted.shape)
    for tenant in range(tenants):
        gains, _ = _chain_gains(_chains_from(tenant, tenants), worth, allocated, spare)
        value_of_room[tenant] = np.maximum(_best_row(gains)[0], 0.0)
    return allocated, value_of_room


def _chains_from(tenant: int, tenants: int) -> list[tuple[int, ...]]:
    """Each way to serve a tenant: (it, from whom it takes a unit, from whom that one takes one in turn, ...)."""
    others = [other for other in range(tenants) if other != tenant]
    return [(tenant, *rest) for length in range(len(others) + 1) for rest in permutations(others, length)]


def _chain_gains(
    chains: list[tuple[int, ...]], worth: np.ndarray, allocated: np.ndarray, spare: np.ndarray
) -> tuple[list[np.ndarray], dict[tuple[int, int], np.ndarray]]:
    """What one more unit for the first tenant of each chain gains in all, and the offer whose unit moves at each link.

    The link (t, s) takes from s the unit that gains most with t. The end (t, t) takes a spare unit for t; -1 there
    means that none is worth anything and t goes without, which only a tenant that gave up a unit can do.
    """
    links = list(dict.fromkeys(link for chain in chains for link in pairwise(chain)))
    ends = list(dict.fromkeys(chain[-1] for chain in chains))
    # All links side by side: one search for the best offer of each.
    rows = np.full((len(spare), len(links) + len(ends), spare.shape[1]), -np.inf)
    for k, (t, s) in enumerate(links):
        np.subtract(worth[t], worth[s], out=rows[:, k], where=allocated[s] > 0.0)
    left = spare > 0.0
    for k, t in enumerate(ends, len(links)):
        np.copyto(rows[:, k], worth[t], where=left)
    best, offer = _best_row(rows)
    gain, source = dict(zip(links, best, strict=False)), dict(zip(links, offer, strict=False))
    for k, t in enumerate(ends, len(links)):
        gain[t, t], source[t, t] = np.maximum(best[k], 0.0), np.where(best[k] > 0.0, offer[k], -1)
    totals = []
    for chain in chains:
        total = gain[chain[-1], chain[-1]]
        for link in pairwise(chain):
            total = total + gain[link]
        totals.append(total)
    return totals, source


def _best_row(rows: np.ndarray | list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The largest entry of each world over the rows, and the first row that has it."""
    best, at = rows[0], np.zeros(rows[0].shape, dtype=np.intp)
    for k in range(1, len(rows)):
        np.copyto(at, k, where=rows[k] > best)
        best = np.maximum(best, rows[k])
    return best, at


def _push(
    chain: tuple[int, ...],
    worlds: np.ndarray,
    room: np.ndarray,
    allocated: np.ndarray,
    spare: np.ndarray,
    moves: dict[tuple[int, int], np.ndarray],
) -> None:
    """Serve the first tenant of a chain with all that the chain carries, in place, in the worlds at these positions."""
    last = chain[-1]
    taken = moves[last, last]
    without = taken < 0
    amount = np.minimum(room[worlds], np.where(without, np.inf, spare[taken, worlds]))
    for t, s in pairwise(chain):
        amount = np.minimum(amount, allocated[s, moves[t, s], worlds])

    room[worlds] -= amount
    for t, s in pairwise(chain):
        allocated[s, moves[t, s], worlds] -= amount
        allocated[t, moves[t, s], worlds] += amount
    from_spare = np.where(without, 0.0, amount)
    spare[taken, worlds] -= from_spare
    allocated[last, taken, worlds] += from_spare


def _tight_cells(worth: np.ndarray, value_of_room: np.ndarray, near: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where a unit may lie in an optimum: (tenants, offers, worlds); where it may stay unsold: (offers, worlds)."""
    net = worth - value_of_room[:, np.newaxis]
    value_of_offer = np.maximum(net.max(axis=0), 0.0)
    return net >= value_of_offer - near, value_of_offer <= near


def _pooled(solved: Solved) -> np.ndarray:
    """Offers that may go to the same tenants share what these take from them, in proportion to their size."""
    alike = np.concatenate([solved.tight, solved.unsold[np.newaxis]])
    out = np.empty_like(solved.allocated)
    for offer, size in enumerate(solved.offered):
        same = (alike == alike[:, offer, np.newaxis]).all(axis=0)
        taken = fold(np.moveaxis(solved.allocated * same, 1, 0))
        out[:, offer] = size * ratio(taken, fold(solved.offered * same))
    return out


def _largest(worth: np.ndarray) -> np.ndarray:
    """The largest worth in each world, (worlds,); 0 where no cell is worth anything."""
    return np.maximum(worth.max(axis=(0, 1)), 0.0)
