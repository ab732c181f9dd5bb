"""The accounting identities: one function that measures them, called by every run and by the tests.

Cash is known by three roads that never meet while entries are made: the cash accounts themselves, the opening
cash plus the record of flows, and the balance sheet (liabilities + net worth - all other assets).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from world.arrays import PerRow, PerWorld, bits_of, fold
from world.entries import ACCOUNTS, ASSETS, KINDS_IN_PLACE, SIGNED_KINDS
from world.incidence import Incidence
from world.lines import Lines, Table

# Stands for the size of accounts on which nothing ever moved.
_TINY = 1e-300
# What is less is nobody's fault and has no place.
_ROUNDING = 1e-12
_BITS_OF_INFINITY = bits_of(np.inf)

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

_BY_SECTOR = ("balance_sheets", "cash_is_flows")
_TOTALS = {
    "cash_conserved": ("cash", None),
    "loans_are_debts": ("loans", "debt"),
    "prepaid_is_deferred": ("prepaid", "deferred"),
}
"""Accounts whose sums over all sectors are the same; that of cash is what was opened."""


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
    """What the record of flows says, $bn: a quarter's cash in and out, and all that ever moved, (sectors, worlds)."""

    cash_in: PerRow
    cash_out: PerRow
    moved: PerRow


_MOVES_CASH = np.array([kind.moves_cash for kind in KINDS_IN_PLACE])
_SIGNED = np.array([kind.name in SIGNED_KINDS for kind in KINDS_IN_PLACE])
"""Whether a kind moves cash, and whether its amounts may be negative."""


class Tally:
    """Adds the journal up by the sectors that its lines name: another road than posting takes.

    Args: sectors: how many.
    """

    def __init__(self, sectors: int) -> None:
        self._sectors = sectors
        self._known, self._signed = -1, list[tuple[int, int]]()
        self._sums: Incidence

    def of(self, lines: Lines, amounts: np.ndarray, before: PerRow) -> Movements:
        """What a quarter moved: amounts (lines or more, worlds) $bn; before (sectors, worlds), all that had by then."""
        if self._known != len(lines):
            self._known = len(lines)
            self._sort(lines.table)
        cash_in, cash_out, moved = self._sums.fold(amounts).reshape(3, self._sectors, amounts.shape[1])
        moved += before
        moved += cash_in
        moved += cash_out
        for number, sector in self._signed:
            moved[sector] += np.abs(amounts[number])
        return Movements(cash_in, cash_out, moved)

    def _sort(self, lines: Table) -> None:
        """Cash comes in and goes out; what moves no cash moves each book that it stands on, up or down."""
        count, of_cash, signed = self._sectors, _MOVES_CASH[lines.kind], _SIGNED[lines.kind]
        start = np.where(of_cash, 0, 2 * count)
        # A booking on one sector's books names it twice.
        second = of_cash | (lines.payer != lines.payee)
        sums = np.concatenate((start + lines.payee, (start + lines.payer + np.where(of_cash, count, 0))[second]))
        numbers, apart = (np.concatenate((column, column[second])) for column in (lines.number, signed))
        self._sums = Incidence(sums[~apart], numbers[~apart], np.ones(np.count_nonzero(~apart)), 3 * count)
        self._signed = list(zip(numbers[apart].tolist(), (sums[apart] - 2 * count).tolist(), strict=True))


def measure(
    stock: np.ndarray,
    opening_cash: PerRow,
    first_cash: PerWorld,
    movement: Movements,
    sectors: Sequence[str],
    limited: np.ndarray,
) -> Residuals:
    """Measure every accounting law.

    Args:                shape                           unit
        stock            (accounts, sectors, worlds)     $bn, accounts in the order of ACCOUNTS
        opening_cash     (sectors, worlds)               $bn, at the start of the quarter
        first_cash       (worlds,)                       $bn, total of all cash ever opened
        movement         of the quarter                  $bn, and all that was opened or moved up to now
        sectors          names
        limited          (sectors,) of bool              which sectors may not have negative cash
    """
    yardstick = np.maximum(movement.moved, _TINY)
    total_yardstick = fold(yardstick)

    count, worlds = yardstick.shape
    # Read as integers nothing is the least of all numbers, and what has a sign is more than any that has none.
    largest_bits = stock[:-1].view(np.uint64).max(axis=-1)
    residuals = _added_up(count, (largest_bits > 0).tobytes()).fold(stock.reshape(-1, worlds))
    by_sector, totals = residuals[: 2 * count].reshape(2, count, worlds), residuals[2 * count :]
    unexplained = by_sector[1]
    unexplained += opening_cash
    unexplained += movement.cash_in
    unexplained -= movement.cash_out
    totals[0] -= first_cash
    np.abs(residuals, residuals)
    by_sector /= yardstick
    totals /= total_yardstick
    by_law = {law: (sectors, relative) for law, relative in zip(_BY_SECTOR, by_sector, strict=True)}
    by_law |= {law: (("all sectors",), total[np.newaxis]) for law, total in zip(_TOTALS, totals, strict=True)}
    below = largest_bits > _BITS_OF_INFINITY
    below[0] &= limited
    for law, accounts in (("overdrawn", slice(0, 1)), ("negative_stock", slice(1, None))):
        rows, owners = below[accounts].nonzero()
        if rows.size:
            rows += accounts.start
            named = [_holding(row, sectors[owner]) for row, owner in zip(rows.tolist(), owners.tolist(), strict=True)]
            by_law[law] = named, np.abs(np.minimum(stock[rows, owners], 0.0)) / yardstick[owners]

    largest, places = dict.fromkeys(LAWS, 0.0), dict.fromkeys(LAWS, "nowhere")
    for law, (names, relative) in by_law.items():
        largest[law] = float(relative.max())
        if not largest[law] <= _ROUNDING:
            row, world = divmod(int(np.argmax(relative)), worlds)
            places[law] = f"{names[row]}, world {world}"
    return Residuals(**largest, places=places)


@lru_cache(maxsize=64)
def _added_up(sectors: int, filled: bytes) -> Incidence:
    """Each sector's assets less its liabilities and net worth; less its cash; assets of all less what they equal.

    Args: filled: a truth value for each account but net worth and each sector: in the others nothing stands.
    """
    every = range(sectors)
    terms = [(s, a * sectors + s, 1 if a < len(ASSETS) else -1) for a in range(len(ACCOUNTS)) for s in every]
    terms += [(sectors + s, s, -1) for s in every]
    for total, pair in enumerate(_TOTALS.values(), 2 * sectors):
        signed = zip(pair, (1, -1), strict=True)
        terms += [(total, ACCOUNTS.index(name) * sectors + s, sign) for name, sign in signed if name for s in every]
    terms = [term for term in terms if term[1] >= len(filled) or filled[term[1]]]
    sums, rows, signs = np.array(terms, dtype=np.int64).reshape(-1, 3).T
    return Incidence(sums, rows, signs, 2 * sectors + len(_TOTALS))


def _holding(account: int, sector: str) -> str:
    """An account of a sector in words; of its cash the law says itself that it is cash."""
    return f"{ACCOUNTS[account]} of {sector}" if account else sector
