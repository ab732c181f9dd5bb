"""Clearings of one world in plain loops: fictitious default and all ways to end in exact fractions, and sweeps."""

from __future__ import annotations

from fractions import Fraction
from itertools import product


def clear_one_world(cash: list[float], payer: list[int], payee: list[int], amount: list[float]) -> list[float]:
    """What is paid of each due in the greatest clearing."""
    sectors, dues = range(len(cash)), range(len(amount))
    exact = [Fraction(value) for value in amount]
    owes = [sum(exact[due] for due in dues if payer[due] == sector) for sector in sectors]
    share = [Fraction(1) for _ in sectors]
    default: list[int] = []
    while True:
        funds = [
            Fraction(cash[sector]) + sum(share[payer[due]] * exact[due] for due in dues if payee[due] == sector)
            for sector in sectors
        ]
        found = [sector for sector in sectors if sector not in default and funds[sector] < owes[sector]]
        if not found:
            return [float(share[payer[due]] * exact[due]) for due in dues]
        default += found
        # owes_i share_i - sum over j in default of due_ji share_j = cash_i + dues of those who pay in full.
        matrix = [
            [
                (owes[i] if i == j else Fraction(0))
                - sum(exact[due] for due in dues if payer[due] == j and payee[due] == i)
                for j in default
            ]
            for i in default
        ]
        right = [
            Fraction(cash[i]) + sum(exact[due] for due in dues if payee[due] == i and payer[due] not in default)
            for i in default
        ]
        for sector, value in zip(default, solve(matrix, right), strict=True):
            share[sector] = value


def solve(matrix: list[list[Fraction]], right: list[Fraction]) -> list[Fraction]:
    """Gauss and Jordan, with a row exchange where a pivot is zero."""
    size = len(right)
    rows = [[*matrix[i], right[i]] for i in range(size)]
    for k in range(size):
        pivot = next(i for i in range(k, size) if rows[i][k] != 0)
        rows[k], rows[pivot] = rows[pivot], rows[k]
        rows[k] = [entry / rows[k][k] for entry in rows[k]]
        for i in range(size):
            if i != k:
                rows[i] = [entry - rows[i][k] * top for entry, top in zip(rows[i], rows[k], strict=True)]
    return [row[size] for row in rows]


def sweep_one_world(
    cash: list[float], payer: list[int], payee: list[int], amount: list[float], rank: list[int], sweeps: int
) -> list[float]:
    """Plain sweeps from everybody paying in full, until nothing moves: never below the greatest clearing."""
    paid, before = list(amount), [-1.0] * len(amount)
    while sweeps and max(abs(new - old) for new, old in zip(paid, before, strict=True)) > 1e-13:
        sweeps -= 1
        left = list(cash)
        for due, value in enumerate(paid):
            left[payee[due]] += value
        before, paid = paid, [0.0] * len(amount)
        for level in sorted(set(rank)):
            owes = [0.0] * len(cash)
            for due, value in enumerate(amount):
                owes[payer[due]] += value if rank[due] == level else 0.0
            share = [min(1.0, left[s] / owes[s]) if owes[s] > 0.0 else 1.0 for s in range(len(cash))]
            for due, value in enumerate(amount):
                if rank[due] == level:
                    paid[due] = share[payer[due]] * value
            left = [left[s] - share[s] * owes[s] for s in range(len(cash))]
    return paid


def greatest_of_all(
    cash: list[float], payer: list[int], payee: list[int], amount: list[float], rank: list[int]
) -> list[float]:
    """The greatest clearing with ranks, in exact fractions: every way in which money can end in a rank is tried.

    For each such way there is one system of equations, and those of its solutions that are clearings are compared.
    Where debts run in circles without an end a system has no single solution; nobody pays less than in full there
    unless somebody outside does, so the ways in which they all pay in full find the greatest.
    """
    sectors, dues, levels = range(len(cash)), range(len(amount)), sorted(set(rank))
    exact, money = [Fraction(value) for value in amount], [Fraction(value) for value in cash]
    best: list[Fraction] | None = None
    for ends in product(range(len(levels) + 1), repeat=len(cash)):
        part = [d for d in dues if ends[payer[d]] < len(levels) and rank[d] == levels[ends[payer[d]]]]
        whole = [d for d in dues if ends[payer[d]] == len(levels) or rank[d] < levels[ends[payer[d]]]]
        short = [s for s in sectors if any(payer[d] == s for d in part)]
        matrix = [
            [
                sum((exact[d] for d in part if payer[d] == i), Fraction(0)) * (i == j)
                - sum((exact[d] for d in part if payer[d] == j and payee[d] == i), Fraction(0))
                for j in short
            ]
            for i in short
        ]
        right = [
            money[i] + sum((exact[d] * ((payee[d] == i) - (payer[d] == i)) for d in whole), Fraction(0)) for i in short
        ]
        try:
            share = dict(zip(short, solve(matrix, right), strict=True))
        except StopIteration:  # no single solution
            continue
        paid = [exact[d] if d in whole else share[payer[d]] * exact[d] if d in part else Fraction(0) for d in dues]
        if is_clearing(money, payer, payee, exact, rank, paid) and (best is None or sum(paid) > sum(best)):
            best = paid
    assert best is not None
    return [float(value) for value in best]


def is_clearing(
    cash: list[Fraction],
    payer: list[int],
    payee: list[int],
    amount: list[Fraction],
    rank: list[int],
    paid: list[Fraction],
) -> bool:
    """Whether each sector pays rank by rank, and one share of a rank, as far as its cash and receipts go."""
    for sector in range(len(cash)):
        left = cash[sector] + sum(value for d, value in enumerate(paid) if payee[d] == sector)
        for level in sorted(set(rank)):
            own = [d for d in range(len(amount)) if payer[d] == sector and rank[d] == level]
            owes = sum(amount[d] for d in own)
            share = min(Fraction(1), left / owes) if owes else Fraction(1)
            if any(paid[d] != share * amount[d] for d in own):
                return False
            left -= share * owes
    return True
