"""The accounting identities: one function that measures them, called by every run and by the tests.

Cash is known by three roads that never meet while entries are made: the cash accounts themselves, the opening
cash plus the record of flows, and the balance sheet (liabilities + net worth - all other assets).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from world.arrays import PerRow, PerWorld, fold, some
from world.entries import ACCOUNTS, ASSETS, Entries

# Stands for the size of accounts on which nothing ever moved.
_TINY = 1e-300
# What is less is nobody's fault and has no place.
_ROUNDING = 1e-12

LAWS = {
    "cash_conserved": "cash over all sectors differs from what was opened",
    "balance_sheets": "assets differ from liabilities plus net worth",
    "loans_are_debts": "loans given differ from debt owed",
    "prepaid_is_deferred": "prepayments made differ from prepayments received",
    "cash_is_flows": "change in cash differs from the flows of the quarter",
    "overdrawn": "cash is negative in a sector that may not be",
    "negative_stock": "a stock other than cash and net worth is negative",
}
"""Each law's name and the sentence that says how it was broken."""


@dataclass(frozen=True)
class Residuals:
    """How far each accounting law is from holding, as the largest relative residual over sectors and worlds.

    Every residual is relative to all that was ever opened on or moved through the sector's accounts (for a law over
    all sectors: the sum of that), so it is rounding, about 1e-15, when the books are right.
    `places` says for each law where its largest residual is, if that is more than rounding.
    """

    cash_conserved: float
    balance_sheets: float
    loans_are_debts: float
    prepaid_is_deferred: float
    cash_is_flows: float
    overdrawn: float
    negative_stock: float
    places: Mapping[str, str]

    @property
    def largest(self) -> float:
        """The largest residual of all laws; not a number if any is."""
        return float(np.max([getattr(self, law) for law in LAWS]))

    def breaches(self, tolerance: float = 1e-9) -> list[str]:
        """A sentence for each law whose residual exceeds `tolerance` or is not a number, with sector and world."""
        return [
            f"{sentence}: {self.places[law]}, relative residual {getattr(self, law):.3g} (allowed {tolerance:.3g})"
            for law, sentence in LAWS.items()
            if not getattr(self, law) <= tolerance
        ]


@dataclass(frozen=True)
class Movements:
    """What the record of flows says about one quarter, $bn: cash in and out and all that moved, (sectors, worlds)."""

    cash_in: PerRow
    cash_out: PerRow
    moved: PerRow


def movements(pages: Iterable[tuple[Entries, PerRow]], sectors: int, worlds: int) -> Movements:
    """Add a quarter's record, pages of entries with their amounts (rows, worlds) $bn, up by the sectors they name."""
    cash_in, cash_out, moved = np.zeros((3, sectors, worlds))
    for entries, amounts in pages:
        if entries.kind.moves_cash:
            _add_up(cash_out, entries.payer_rows, amounts)
            _add_up(cash_in, entries.payee_rows, amounts)
        else:
            size = np.abs(amounts)
            _add_up(moved, entries.payer_rows, size)
            if entries.kind.payee:
                _add_up(moved, entries.payee_rows, size)
    moved += cash_in
    moved += cash_out
    return Movements(cash_in, cash_out, moved)


def _add_up(total: np.ndarray, rows: list[int], amounts: np.ndarray) -> None:
    """Add amounts to the rows of a total, to each the sum of all that fall on it: another road than posting takes."""
    sectors = set(rows)
    if len(sectors) == len(rows):
        total[rows] += amounts
    elif len(sectors) == 1:
        total[rows[0]] += fold(amounts)
    else:
        for sector in sectors:
            total[sector] += fold(amounts[[place for place, row in enumerate(rows) if row == sector]])


def measure(
    stock: np.ndarray,
    opening_cash: PerRow,
    first_cash: PerWorld,
    movement: Movements,
    moved_before: PerRow,
    sectors: Sequence[str],
    limited: np.ndarray,
) -> Residuals:
    """Measure every accounting law.

    Args:                shape                           unit
        stock            (accounts, sectors, worlds)     $bn, accounts in the order of ACCOUNTS
        opening_cash     (sectors, worlds)               $bn, at the start of the quarter
        first_cash       (worlds,)                       $bn, total of all cash ever opened
        movement         of the quarter                  $bn
        moved_before     (sectors, worlds)               $bn, all that was opened or moved before this quarter
        sectors          names
        limited          (sectors,) of bool              which sectors may not have negative cash
    """
    account = {name: stock[i] for i, name in enumerate(ACCOUNTS)}
    yardstick = np.maximum(moved_before + movement.moved, _TINY)
    total_yardstick = fold(yardstick)

    unbalanced = fold(stock[: len(ASSETS)])
    unbalanced -= fold(stock[len(ASSETS) :])
    unexplained = opening_cash + movement.cash_in
    unexplained -= movement.cash_out
    unexplained -= account["cash"]
    by_law = {
        "cash_conserved": (fold(account["cash"]) - first_cash, total_yardstick),
        "balance_sheets": (unbalanced, yardstick),
        "loans_are_debts": (fold(account["loans"]) - fold(account["debt"]), total_yardstick),
        "prepaid_is_deferred": (fold(account["prepaid"]) - fold(account["deferred"]), total_yardstick),
        "cash_is_flows": (unexplained, yardstick),
    }
    if some(~(account["cash"].min(axis=-1) >= 0.0) & limited):
        by_law["overdrawn"] = (np.where(limited[:, None], np.minimum(account["cash"], 0.0), 0.0), yardstick)
    if not stock[1:-1].min() >= 0.0:
        by_law["negative_stock"] = (np.minimum(stock[1:-1], 0.0), yardstick)

    largest, places = dict.fromkeys(LAWS, 0.0), dict.fromkeys(LAWS, "nowhere")
    for law, (residual, size) in by_law.items():
        relative = np.divide(np.abs(residual, out=residual), size, out=residual)
        largest[law] = float(relative.max())
        if not largest[law] <= _ROUNDING:
            places[law] = _place(relative, sectors)
    return Residuals(**largest, places=places)


def _place(relative: np.ndarray, sectors: Sequence[str]) -> str:
    """Where the largest of (worlds,), (sectors, worlds) or (accounts, sectors, worlds) is, accounts from the second."""
    at = tuple(int(i) for i in np.unravel_index(int(np.argmax(relative)), relative.shape))
    account = f"{ACCOUNTS[1 + at[0]]} of " if len(at) == 3 else ""
    return f"{account}{sectors[at[-2]] if len(at) > 1 else 'all sectors'}, world {at[-1]}"
