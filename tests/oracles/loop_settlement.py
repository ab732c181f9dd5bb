"""The fictitious default algorithm of Eisenberg and Noe for one world, in exact fractions and plain loops."""

from __future__ import annotations

from fractions import Fraction


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
    cash: list[float], payer: list[int], payee: list[int], amount: list[float], sweeps: int
) -> list[float]:
    """Plain sweeps from everybody paying in full, until nothing moves: never below the greatest clearing."""
    share, before = [1.0] * len(cash), [2.0] * len(cash)
    while sweeps and max(abs(new - old) for new, old in zip(share, before, strict=True)) > 1e-13:
        sweeps -= 1
        funds, owes = list(cash), [0.0] * len(cash)
        for due, value in enumerate(amount):
            funds[payee[due]] += share[payer[due]] * value
            owes[payer[due]] += value
        before = share
        share = [min(1.0, funds[s] / owes[s]) if owes[s] > 0.0 else 1.0 for s in range(len(cash))]
    return [share[payer[due]] * value for due, value in enumerate(amount)]
