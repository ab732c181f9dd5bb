"""Settlement: what each sector can pay of its dues when it is paid itself out of what the others can pay."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from world.arrays import PerRow, PerWorld, fold_sectors, part_of, pick_worlds, ratio, some
from world.incidence import fold_groups
from world.rows import rows_by_worlds

Integers = Iterable[int] | np.ndarray
Parts = tuple[np.ndarray, np.ndarray]
"""Which dues are paid whole, and of which a share, both (dues, worlds) of bool."""
MOST_RANKS = 64
# Stands for the share that nobody can pay: so far below zero that it alone says where everybody moves.
_FAR_BELOW = -1e30
# A sector short of less than this share of what it owes pays in full; some hundred times the error of the shares.
ROUNDING = 1e-13
# After so many sweeps most clearings stand still: those in which who is short owes to nobody who is short for it.
SWEEPS = 3


@dataclass(frozen=True)
class Unpaid:
    """What was due and could not be paid, $bn (worlds,); zero in the worlds where it was paid."""

    kind: str
    payer: str
    payee: str
    amount: PerWorld


def clear_dues(cash: object, payer: Integers, payee: Integers, amount: object, rank: Integers | None = None) -> PerRow:
    """Clear dues together: the greatest clearing vector, each payer paying its senior dues before its junior ones.

    A sector spends the lesser of what it owes and its cash plus all that it receives, in whatever rank that is paid.
    It pays rank by rank, and one share of all its dues in the rank in which its money ends. Worlds in which everybody
    can pay are done at once. In the others money is paid on in sweeps, and where these do not end the defaults are
    discovered in rounds (`_pay_short_of_cash`).

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
    ranks = (
        np.zeros(len(dues), dtype=np.int64)
        if rank is None
        else _whole_numbers(rank, "rank", len(dues), MOST_RANKS, "a rank")
    )

    owes = fold_sectors(dues, owing, sectors)
    short = available + fold_sectors(dues, owed, sectors) < owes
    hit = np.flatnonzero(short.any(axis=0))
    paid = dues.copy()
    if hit.size:
        paid[:, hit] = clear_where_short(pick_worlds(available, hit), owing, owed, ranks, pick_worlds(dues, hit))
    return paid


def clear_where_short(
    cash: np.ndarray, payer: np.ndarray, payee: np.ndarray, rank: np.ndarray, dues: np.ndarray
) -> np.ndarray:
    """As `clear_dues`, of arrays that are known to be right, in worlds where somebody cannot pay all it owes.

    Whose cash is infinite is without a budget.

    Sweeps come down from everybody paying all: who received less in one pays less in the next. What a sweep no longer
    changes is a clearing, and because more money never lowers a payment, the greatest. Rings of defaults take sweeps
    without end: the worlds that have one are solved (`_pay_short_of_cash`).
    """
    book, by_payee = _Book(payer, payee, rank, dues, len(cash)), payee.tolist()
    moving = book.moving
    for _ in range(SWEEPS):
        before, share = moving, book.shares(cash + fold_groups(moving, by_payee, len(cash)))
        moving = book.moving * share
        changed = moving != before
        if not some(changed):
            break
    paid, open_ = dues * share, np.flatnonzero(changed.any(axis=0))
    if open_.size:
        book = _Book(payer, payee, rank, pick_worlds(dues, open_), len(cash))
        paid[:, open_] = _pay_short_of_cash(pick_worlds(cash, open_), book)
    return paid


def _whole_numbers(numbers: Integers, name: str, dues: int, below: int, what: str) -> np.ndarray:
    """The numbers as integers; ValueError unless there is one per due, each from 0 to `below` - 1."""
    given = numbers if isinstance(numbers, np.ndarray) else list(numbers)
    listed = np.asarray(given, dtype=np.int64)
    if len(listed) != dues:
        raise ValueError(f"{name}: expected {dues} numbers, one per due, got {len(listed)}")
    wrong = (listed < 0) | (listed >= below)
    if some(wrong):
        due = int(wrong.argmax())
        raise ValueError(f"{name}: index {due} is {listed[due]}; wanted {what} from 0 to {below - 1}")
    return listed


class _Book:
    """Who owes whom what in which rank, in worlds where somebody is short; a due to oneself moves nothing."""

    def __init__(self, owing: np.ndarray, owed: np.ndarray, ranks: np.ndarray, dues: np.ndarray, sectors: int) -> None:
        self.owing, self.owed, self.dues = owing, owed, dues
        self.rank = ranks[:, np.newaxis]
        self.ranks = 1 + int(ranks.max(initial=0))
        self.moving = dues * (owing != owed)[:, np.newaxis]
        # What each sector owes in each rank and in those before it, (ranks, sectors, worlds), and in all of them.
        places = ranks * sectors + owing
        owes = fold_groups(self.moving, places.tolist(), self.ranks * sectors)
        self.owes = owes.reshape(self.ranks, sectors, -1)
        self._senior = np.zeros((self.ranks + 1, *self.owes.shape[1:]))
        np.add.accumulate(self.owes, axis=0, out=self._senior[1:])
        self.total = self._senior[-1]
        # What the payer of each due owes in the ranks before it, and in its rank, (dues, worlds).
        self._senior_to_due, self._with_due = self._senior[ranks, owing], self.owes[ranks, owing]
        self._number = np.arange(self.ranks).reshape(-1, 1, 1)
        self._each = np.arange(sectors)[:, np.newaxis], np.arange(dues.shape[1])

    def shares(self, funds: np.ndarray) -> np.ndarray:
        """What part of each due is paid, (dues, worlds), if its payer has so much in all, (sectors, worlds)."""
        # Who can just pay in full is not in default.
        means = np.where(funds < self.total * (1.0 - ROUNDING), funds, np.inf)
        left = means[self.owing] - self._senior_to_due
        return np.where(left >= self._with_due, 1.0, np.maximum(part_of(left, self._with_due), 0.0))

    def rank_before(self, ends: np.ndarray) -> np.ndarray:
        """The last rank before `ends` (sectors, worlds) in which a sector owes anything; -1 if there is none."""
        last: np.ndarray = np.where((self.owes > 0.0) & (self._number < ends), self._number, -1).max(axis=0)
        return last

    def senior_to(self, ends: np.ndarray) -> np.ndarray:
        """What each sector owes in the ranks before `ends`, (sectors, worlds)."""
        senior: np.ndarray = self._senior[(ends, *self._each)]
        return senior

    def parts(self, ends: np.ndarray) -> Parts:
        """Which dues are paid whole and of which a share, if each payer's money ends in a rank."""
        end = ends[self.owing]
        return self.rank < end, self.rank == end

    def paid(self, dues: np.ndarray, parts: Parts, share: np.ndarray) -> np.ndarray:
        """What is paid of dues (dues, worlds) if each payer pays a share of the rank in which its money ends."""
        whole, part = parts
        paid: np.ndarray = np.where(whole, dues, np.where(part, dues * share[self.owing], 0.0))
        return paid


def _pay_short_of_cash(cash: np.ndarray, book: _Book) -> np.ndarray:
    """What is paid in worlds where somebody is short, (dues, worlds), whoever owes whom.

    Rounds come down from everybody paying all. Who is short defaults: its money ends in its most junior rank, of which
    it pays a share. The shares that all in default can pay are solved exactly. Where one would be below zero, its money
    ends in a more senior rank: all move towards the solution as far as to the first share that comes to nothing, and
    the next round goes on from there. So what is paid never falls below a clearing; the first one found is the
    greatest, and as a round finds a default or a rank, there are only so many.
    """
    ends, share = np.full(cash.shape, book.ranks), np.ones_like(cash)
    unfinished, parts = np.ones(cash.shape[1], dtype=bool), book.parts(ends)
    for _ in range((book.ranks + 1) * len(cash) + 1):
        received = fold_sectors(book.paid(book.moving, parts, share), book.owed, len(cash))
        # Who can just pay in full is not in default: a default by rounding alone could close a ring with no way out.
        found = (ends == book.ranks) & (cash + received < book.total * (1.0 - ROUNDING))
        if not some(found | unfinished):
            return book.paid(book.dues, parts, share)
        ends = np.where(found, book.rank_before(ends), ends)
        before, parts = book.rank_before(ends), book.parts(ends)
        wanted = _shares_in_default(cash, book, ends, parts, share)
        reach = np.where((wanted < 0.0) & (before >= 0), ratio(share, share - wanted), 1.0)
        step = reach.min(axis=0)
        unfinished = step < 1.0
        share = np.clip(np.where(unfinished, share + step * (wanted - share), wanted), 0.0, 1.0)
        turned = unfinished & (reach == step)
        if some(turned):
            ends, share = np.where(turned, before, ends), np.where(turned, 1.0, share)
            parts = book.parts(ends)
    raise RuntimeError("settlement: no clearing after as many rounds as there are sectors and ranks")


def _shares_in_default(cash: np.ndarray, book: _Book, ends: np.ndarray, parts: Parts, now: np.ndarray) -> np.ndarray:
    """The share that each sector pays of the rank in which its money `ends`, (sectors, worlds), one out of default.

    Solves owes_i share_i = funds_i + sum over defaulters j of due_ji share_j, dues of those ranks, by passing each
    defaulter's payments on to the others. `funds` is what is left of cash and of all that is certain to come in after
    the senior dues; `leak` is what a defaulter owes to sectors that are not in default. A sum of non-negative terms
    takes the place of every difference. A share below zero says that the senior dues cannot be paid either. Defaulters
    who owe to each other alone have no way out: they can go on as they do `now`, or not even pay what is senior.
    """
    defaulted = ends < book.ranks
    is_member = np.asarray(defaulted.any(axis=1))
    members, place = np.flatnonzero(is_member).tolist(), np.cumsum(is_member) - 1
    size, worlds = len(members), cash.shape[1]
    whole, part = parts
    comes_in = fold_sectors(np.where(whole, book.moving, 0.0), book.owed, len(cash))[members]
    shared, to_defaulters = np.where(part, book.moving, 0.0), defaulted[book.owed]
    leak = fold_sectors(np.where(to_defaulters, 0.0, shared), book.owing, len(cash))[members]
    # [from, to]: dues from one defaulter to another
    rows = np.flatnonzero(is_member[book.owing] & is_member[book.owed])
    pairs = place[book.owing[rows]] * size + place[book.owed[rows]]
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
