"""Settlement: what each sector can pay of its dues when it is paid itself out of what the others can pay."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from world.arrays import PerRow, PerWorld, fold, fold_sectors, pick_worlds, ratio, some
from world.rows import rows_by_worlds

MOST_RANKS = 64
# Stands for the share that nobody can pay: so far below zero that it alone says where everybody moves.
_FAR_BELOW = -1e30
# A sector short of less than this share of what it owes pays in full; some hundred times the error of the shares.
ROUNDING = 1e-13


@dataclass(frozen=True)
class Unpaid:
    """What was due and could not be paid, $bn (worlds,); zero in the worlds where it was paid."""

    kind: str
    payer: str
    payee: str
    amount: PerWorld


def clear_dues(
    cash: object, payer: Iterable[int], payee: Iterable[int], amount: object, rank: Iterable[int] | None = None
) -> PerRow:
    """Clear dues together: the greatest clearing vector, each payer paying its senior dues before its junior ones.

    A sector spends the lesser of what it owes and its cash plus all that it receives, in whatever rank that is paid.
    It pays rank by rank, and one share of all its dues in the rank in which its money ends. Worlds in which everybody
    can pay are done at once. In the others the defaults are discovered in rounds (`_pay_short_of_cash`).

    Args:
        cash      (sectors, worlds)   bn USD, >= 0; available before the dues are settled
        payer     (dues,)             sector that owes each due
        payee     (dues,)             sector that is owed it
        amount    (dues, worlds)      bn USD, >= 0
        rank      (dues,)             0 for the most senior, 1 ...; all alike if not given
    Returns:
        paid      (dues, worlds)      bn USD; cash - paid out + received is >= 0 to rounding, for every sector
    Laws (tests/invariants/test_settlement.py): within the dues; conserved; nobody pays what nobody funded; a payer that
        falls short has spent all it has, and nothing on a due junior to one that it left open; no clearing pays anyone
        more; more cash anywhere never lowers what a sector pays in all; the order of dues and of sectors is irrelevant;
        a world's result never depends on another world's shortfall.
    Raises: ValueError naming argument, index and world for a bad entry.
    Source: Eisenberg and Noe, Systemic Risk in Financial Systems (2001), with the seniorities of Elsinger, Financial
        Networks, Cross Holdings, and Limited Liability (2009), and the elimination of Grassmann, Taksar and Heyman
        (1985), which among dues of one rank subtracts nothing and so stays accurate when they run in circles; oracles:
        tests/oracles/loop_settlement.py.
    """
    available, dues = rows_by_worlds(cash, "cash"), rows_by_worlds(amount, "amount")
    if available.shape[1] != dues.shape[1]:
        raise ValueError(f"amount: expected {available.shape[1]} worlds as in cash, got shape {dues.shape}")
    sectors = len(available)
    owing = _whole_numbers(payer, "payer", len(dues), sectors, "a sector number")
    owed = _whole_numbers(payee, "payee", len(dues), sectors, "a sector number")
    ranks = [0] * len(dues) if rank is None else _whole_numbers(rank, "rank", len(dues), MOST_RANKS, "a rank")

    owes = fold_sectors(dues, owing, sectors)
    short = available + fold_sectors(dues, owed, sectors) < owes
    hit = np.flatnonzero(short.any(axis=0))
    paid = dues.copy()
    if hit.size:
        book = _Book(owing, owed, ranks, pick_worlds(dues, hit), sectors)
        paid[:, hit] = _pay_short_of_cash(pick_worlds(available, hit), book)
    return paid


def clear_where_short(
    cash: PerRow,
    short: np.ndarray,
    payer: Sequence[int],
    payee: Sequence[int],
    rank: Sequence[int],
    dues: Sequence[PerWorld],
) -> dict[int, PerWorld]:
    """Clear dues where somebody cannot pay all of them out of its own cash.

    Only those worlds and payers need a clearing, with what they owe and are owed. Everybody else pays in full.

    Args:
        cash             (sectors, worlds)            bn USD before anything is paid
        short            (sectors, worlds) of bool    who owes more than its cash
        payer, payee     (dues,)                      sectors
        rank             (dues,)                      0 for the most senior
        dues             (worlds,) each               bn USD, >= 0
    Returns: what is paid of those dues that are not paid in full in some world, by their place.
    """
    worlds, payers = np.flatnonzero(short.any(axis=0)), np.asarray(short.any(axis=1))
    rows = [
        row for row, (source, target) in enumerate(zip(payer, payee, strict=True)) if payers[source] or payers[target]
    ]
    parties = sorted({sectors[row] for row in rows for sectors in (payer, payee)})
    owing, owed = ([parties.index(sectors[row]) for row in rows] for sectors in (payer, payee))
    amounts = np.array([dues[row].take(worlds) for row in rows])
    # Twice what it owes cannot fall short by rounding.
    available = 2.0 * fold_sectors(amounts, owing, len(parties))
    for sector in np.flatnonzero(payers).tolist():
        available[parties.index(sector)] = np.maximum(cash[sector].take(worlds), 0.0)
    cleared = clear_dues(available, owing, owed, amounts, [rank[row] for row in rows])
    paid: dict[int, PerWorld] = {}
    for k in np.flatnonzero((cleared != amounts).any(axis=1)).tolist():
        paid[rows[k]] = dues[rows[k]].copy()
        paid[rows[k]][worlds] = cleared[k]
    return paid


def _whole_numbers(numbers: Iterable[int], name: str, dues: int, below: int, what: str) -> list[int]:
    """The numbers as a list of ints; ValueError unless there is one per due, each from 0 to `below` - 1."""
    listed = [int(number) for number in numbers]
    if len(listed) != dues:
        raise ValueError(f"{name}: expected {dues} numbers, one per due, got {len(listed)}")
    for due, number in enumerate(listed):
        if not 0 <= number < below:
            raise ValueError(f"{name}: index {due} is {number}; wanted {what} from 0 to {below - 1}")
    return listed


class _Book:
    """Who owes whom what in which rank, in worlds where somebody is short; a due to oneself moves nothing."""

    def __init__(self, owing: list[int], owed: list[int], ranks: list[int], dues: np.ndarray, sectors: int) -> None:
        self.owing, self.owed, self.dues = owing, owed, dues
        self.rank = np.array(ranks).reshape(-1, 1)
        self.ranks = max(ranks, default=0) + 1
        self.moving = dues * np.not_equal(owing, owed)[:, np.newaxis]
        # What each sector owes in each rank, (ranks, sectors, worlds), and in all of them.
        places = [rank * sectors + sector for rank, sector in zip(ranks, owing, strict=True)]
        self.owes = fold_sectors(self.moving, places, self.ranks * sectors).reshape(self.ranks, sectors, -1)
        self.total = fold(self.owes)

    def rank_before(self, ends: np.ndarray) -> np.ndarray:
        """The last rank before `ends` (sectors, worlds) in which a sector owes anything; -1 if there is none."""
        number = np.arange(self.ranks).reshape(-1, 1, 1)
        last: np.ndarray = np.where((self.owes > 0.0) & (number < ends), number, -1).max(axis=0)
        return last

    def senior_to(self, ends: np.ndarray) -> np.ndarray:
        """What each sector owes in the ranks before `ends`, (sectors, worlds)."""
        before = np.add.accumulate(np.concatenate([np.zeros_like(self.owes[:1]), self.owes]), axis=0)
        senior: np.ndarray = np.take_along_axis(before, ends[np.newaxis], axis=0)[0]
        return senior

    def parts(self, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Which dues (dues, worlds) are paid whole and of which a share, if each payer's money ends in a rank."""
        return self.rank < ends[self.owing], self.rank == ends[self.owing]

    def paid(self, dues: np.ndarray, ends: np.ndarray, share: np.ndarray) -> np.ndarray:
        """What is paid of dues (dues, worlds) if each payer pays a share of the rank in which its money ends."""
        whole, part = self.parts(ends)
        paid: np.ndarray = np.where(whole, dues, np.where(part, dues * share[self.owing], 0.0))
        return paid


def _pay_short_of_cash(cash: np.ndarray, book: _Book) -> np.ndarray:
    """What is paid in worlds where somebody is short, (dues, worlds).

    Rounds come down from everybody paying all. Who is short defaults: its money ends in its most junior rank, of which
    it pays a share. The shares that all in default can pay are solved exactly. Where one would be below zero, its money
    ends in a more senior rank: all move towards the solution as far as to the first share that comes to nothing, and
    the next round goes on from there. So what is paid never falls below a clearing; the first one found is the
    greatest, and as a round finds a default or a rank, there are only so many.
    """
    ends, share = np.full(cash.shape, book.ranks), np.ones_like(cash)
    unfinished = np.ones(cash.shape[1], dtype=bool)
    for _ in range((book.ranks + 1) * len(cash) + 1):
        received = fold_sectors(book.paid(book.moving, ends, share), book.owed, len(cash))
        # Who can just pay in full is not in default: a default by rounding alone could close a ring with no way out.
        found = (ends == book.ranks) & (cash + received < book.total * (1.0 - ROUNDING))
        if not some(found | unfinished):
            return book.paid(book.dues, ends, share)
        ends = np.where(found, book.rank_before(ends), ends)
        wanted, before = _shares_in_default(cash, book, ends, share), book.rank_before(ends)
        reach = np.where((wanted < 0.0) & (before >= 0), ratio(share, share - wanted), 1.0)
        step = reach.min(axis=0)
        unfinished = step < 1.0
        share = np.clip(np.where(unfinished, share + step * (wanted - share), wanted), 0.0, 1.0)
        turned = unfinished & (reach == step)
        ends, share = np.where(turned, before, ends), np.where(turned, 1.0, share)
    raise RuntimeError("settlement: no clearing after as many rounds as there are sectors and ranks")


def _shares_in_default(cash: np.ndarray, book: _Book, ends: np.ndarray, now: np.ndarray) -> np.ndarray:
    """The share that each sector pays of the rank in which its money `ends`, (sectors, worlds), one out of default.

    Solves owes_i share_i = funds_i + sum over defaulters j of due_ji share_j, dues of those ranks, by passing each
    defaulter's payments on to the others. `funds` is what is left of cash and of all that is certain to come in after
    the senior dues; `leak` is what a defaulter owes to sectors that are not in default. A sum of non-negative terms
    takes the place of every difference. A share below zero says that the senior dues cannot be paid either. Defaulters
    who owe to each other alone have no way out: they can go on as they do `now`, or not even pay what is senior.
    """
    defaulted = ends < book.ranks
    members = [int(sector) for sector in np.flatnonzero(defaulted.any(axis=1))]
    place = {sector: k for k, sector in enumerate(members)}
    size, worlds = len(members), cash.shape[1]
    whole, part = book.parts(ends)
    comes_in = fold_sectors(np.where(whole, book.moving, 0.0), book.owed, len(cash))[members]
    shared, to_defaulters = np.where(part, book.moving, 0.0), defaulted[book.owed]
    leak = fold_sectors(np.where(to_defaulters, 0.0, shared), book.owing, len(cash))[members]
    # [from, to]: dues from one defaulter to another
    rows = [row for row, pair in enumerate(zip(book.owing, book.owed, strict=True)) if place.keys() >= set(pair)]
    pairs = [place[book.owing[row]] * size + place[book.owed[row]] for row in rows]
    inside = np.where(to_defaulters[rows], shared[rows], 0.0)
    between = fold_sectors(inside, pairs, size * size).reshape(size, size, worlds)
    funds = cash[members] + comes_in - book.senior_to(ends)[members]

    owes = np.zeros((size, worlds))
    for k in range(size):
        owes[k] = leak[k]
        for later in range(k + 1, size):
            owes[k] += between[k, later]
        onward = ratio(between[k, k + 1 :], owes[k])  # what each unit that k pays brings to whom; with the leak, one
        funds[k + 1 :] += onward * funds[k]
        # Who has no way out keeps all that it is paid.
        leak[k + 1 :] += between[k + 1 :, k] * ratio(leak[k], owes[k], otherwise=1.0)
        between[k + 1 :, k + 1 :] += between[k + 1 :, k, np.newaxis] * onward
    share = np.ones((size, worlds))
    for k in reversed(range(size)):
        for later in range(k + 1, size):
            funds[k] += between[later, k] * share[later]
        sunk = funds[k] < -ROUNDING * book.total[members[k]]
        closed = np.where(sunk, _FAR_BELOW, now[members[k]])
        share[k] = np.where(owes[k] > 0.0, np.minimum(ratio(funds[k], owes[k]), 1.0), closed)
    out = np.ones_like(cash)
    for k, sector in enumerate(members):
        out[sector] = np.where(defaulted[sector], share[k], 1.0)
    return out
