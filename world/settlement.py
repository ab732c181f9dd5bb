"""Settlement: what each sector can pay of its dues when it is paid itself out of what the others can pay."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from world.arrays import PerRow, PerWorld, fold_sectors, pick_worlds, ratio, some
from world.rows import rows_by_worlds

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
    cash: object, payer: Iterable[int], payee: Iterable[int], amount: object, *, sweeps: int | None = None
) -> PerRow:
    """Clear one class of dues together: the greatest clearing vector, every payer paying one share of all its dues.

    A sector pays the lesser of what it owes and its cash plus what it receives. Worlds in which everybody can pay
    are done at once. In the others the defaults are discovered in rounds: those short when everyone else pays in full
    default, the shares that they can pay are solved exactly, who is short now defaults too, until nobody is.

    Args:
        cash      (sectors, worlds)   bn USD, >= 0; available before this class is settled
        payer     (dues,)             sector that owes each due
        payee     (dues,)             sector that is owed it
        amount    (dues, worlds)      bn USD, >= 0
        sweeps    count               most rounds of discovery; as many as there are payers always suffice (default)
    Returns:
        paid      (dues, worlds)      bn USD; cash - paid out + received is >= 0 to rounding, for every sector
    Laws (tests/invariants/test_settlement.py): within the dues; conserved; nobody pays what nobody funded; a payer that
        falls short has spent all it has; no clearing pays anyone more; more cash anywhere never lowers a payment; the
        order of dues and of sectors is irrelevant; a world's result never depends on another world's shortfall.
    Raises: ValueError naming argument, index and world for a bad entry; RuntimeError naming a world if `sweeps` is
        too few.
    Source: Eisenberg and Noe, Systemic Risk in Financial Systems (2001), with the elimination of Grassmann, Taksar and
        Heyman (1985), which subtracts nothing and so stays accurate when dues run in circles; oracle:
        tests/oracles/loop_settlement.py.
    """
    available, dues = rows_by_worlds(cash, "cash"), rows_by_worlds(amount, "amount")
    if available.shape[1] != dues.shape[1]:
        raise ValueError(f"amount: expected {available.shape[1]} worlds as in cash, got shape {dues.shape}")
    sectors = len(available)
    owing, owed = (
        _sector_numbers(payer, "payer", len(dues), sectors),
        _sector_numbers(payee, "payee", len(dues), sectors),
    )

    owes = fold_sectors(dues, owing, sectors)
    short = available + fold_sectors(dues, owed, sectors) < owes
    hit = np.flatnonzero(short.any(axis=0))
    paid = dues.copy()
    if hit.size:
        paid[:, hit] = _pay_short_of_cash(
            pick_worlds(available, hit),
            owing,
            owed,
            pick_worlds(dues, hit),
            len(set(owing)) if sweeps is None else sweeps,
        )
    return paid


def clear_where_short(
    cash: PerRow, short: np.ndarray, payer: Sequence[int], payee: Sequence[int], dues: Sequence[PerWorld]
) -> dict[int, PerWorld]:
    """Clear one class of dues where somebody cannot pay all of them out of its own cash.

    Only those worlds and payers need a clearing, with what they owe and are owed. Everybody else pays in full.

    Args:
        cash             (sectors, worlds)            bn USD before this class
        short            (sectors, worlds) of bool    who owes more than its cash
        payer, payee     (dues,)                      sectors
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
    cleared = clear_dues(available, owing, owed, amounts)
    paid: dict[int, PerWorld] = {}
    for k in np.flatnonzero((cleared != amounts).any(axis=1)).tolist():
        paid[rows[k]] = dues[rows[k]].copy()
        paid[rows[k]][worlds] = cleared[k]
    return paid


def _sector_numbers(numbers: Iterable[int], name: str, dues: int, sectors: int) -> list[int]:
    """The numbers as a list of ints; ValueError unless there is one per due and each is a sector."""
    listed = [int(number) for number in numbers]
    if len(listed) != dues:
        raise ValueError(f"{name}: expected {dues} sector numbers, one per due, got {len(listed)}")
    for due, number in enumerate(listed):
        if not 0 <= number < sectors:
            raise ValueError(f"{name}: index {due} is {number}; wanted a sector number from 0 to {sectors - 1}")
    return listed


def _pay_short_of_cash(
    cash: np.ndarray, owing: list[int], owed: list[int], dues: np.ndarray, sweeps: int
) -> np.ndarray:
    """What is paid in worlds where somebody is short: rounds of discovery, each world until its own defaults stand."""
    owes = fold_sectors(dues, owing, len(cash))
    share = np.ones_like(cash)
    defaulted = np.zeros(cash.shape, dtype=bool)
    for _ in range(sweeps + 1):
        received = fold_sectors(dues * share[owing], owed, len(cash))
        # Who can just pay in full is not in default: a default by rounding alone could close a ring with no way out.
        found = ~defaulted & (cash + received < owes * (1.0 - ROUNDING))
        if not some(found):
            return dues * share[owing]
        defaulted |= found
        share = _shares_in_default(cash, owing, owed, dues, defaulted)
    raise RuntimeError(
        f"sweeps: defaults still spread after {sweeps} rounds in world {int(np.flatnonzero(found.any(axis=0))[0])} "
        "of those short of cash; one round per payer always suffices"
    )


def _shares_in_default(
    cash: np.ndarray, owing: list[int], owed: list[int], dues: np.ndarray, defaulted: np.ndarray
) -> np.ndarray:
    """The share of its dues that each sector pays, (sectors, worlds), if exactly those in default pay all they get.

    Solves owes_i share_i = funds_i + sum over defaulters j of due_ji share_j by passing each defaulter's payments on
    to the others. `leak` is what a defaulter owes to sectors that are not in default; a sum of non-negative terms
    takes the place of every difference.
    """
    members = [int(sector) for sector in np.flatnonzero(defaulted.any(axis=1))]
    place = {sector: k for k, sector in enumerate(members)}
    size, worlds = len(members), dues.shape[1]
    between = np.zeros((size, size, worlds))  # [from, to]: dues from one defaulter to another
    leak = np.zeros((size, worlds))
    funds = cash[members]
    for due, source, target in zip(dues, owing, owed, strict=True):
        if source == target:
            continue  # a due to oneself moves nothing and is paid at the same share as the others
        if source in place and target in place:
            inside = np.where(defaulted[source] & defaulted[target], due, 0.0)
            between[place[source], place[target]] += inside
            leak[place[source]] += due - inside
        elif source in place:
            leak[place[source]] += due
        if target in place:
            funds[place[target]] += np.where(defaulted[source], 0.0, due)

    owes = np.zeros((size, worlds))
    for k in range(size):
        owes[k] = leak[k]
        for later in range(k + 1, size):
            owes[k] += between[k, later]
        onward = ratio(between[k, k + 1 :], owes[k])  # what each unit that k pays brings to whom; with the leak, one
        funds[k + 1 :] += onward * funds[k]
        leak[k + 1 :] += between[k + 1 :, k] * ratio(leak[k], owes[k])
        between[k + 1 :, k + 1 :] += between[k + 1 :, k, np.newaxis] * onward
    share = np.ones((size, worlds))
    for k in reversed(range(size)):
        for later in range(k + 1, size):
            funds[k] += between[later, k] * share[later]
        share[k] = np.minimum(ratio(funds[k], owes[k], otherwise=1.0), 1.0)
    out = np.ones_like(cash)
    for k, sector in enumerate(members):
        out[sector] = np.where(defaulted[sector], share[k], 1.0)
    return out
