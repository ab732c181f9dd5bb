"""The books: every sector's accounts in every world, the entries made in them and the quarter's record of flows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from world.arrays import PerRow, PerWorld, locked, not_negative
from world.entries import ACCOUNTS, KINDS, LIABILITIES, SIGNED_KINDS, FlowKey, Moves, Names
from world.identities import Movements, Residuals, Tally, measure
from world.journal import Journal, saved
from world.lines import Entries, Lines
from world.posting import Posting


def _reader(account: str) -> Callable[[Books, str], PerWorld]:
    """The method that reads one account: a plain function, since these are called hundreds of times a quarter."""

    def read(books: Books, sector: str) -> PerWorld:
        return locked(books._rows[books._at(sector)][account].copy())

    return read


class Books:
    """Balances and flows of all sectors, everything in $bn with the world as the last axis.

    Args:
        sectors           names, each once
        worlds            number of worlds
        may_be_negative   sectors whose cash may be negative (the rest of the world)
    State:
        balance           account -> (sectors, worlds); live and read only
        opening_cash      (sectors, worlds) at the start of the quarter; live and read only
        journal           this quarter's payments and bookings
        flows             (kind, payer, payee) -> (worlds,) of this quarter so far, read out of the journal
    Raises: ValueError naming kind, sectors and world for an amount that is negative or not a finite number, and naming
        what is allowed for an unknown sector, kind or account.
    """

    def __init__(self, sectors: Sequence[str], worlds: int, may_be_negative: Collection[str] = ()) -> None:
        repeated = sorted({sector for sector in sectors if list(sectors).count(sector) > 1})
        if not sectors or repeated:
            raise ValueError(f"sectors: wanted one name or more, each once; given twice: {', '.join(repeated) or '-'}")
        if any(mark in sector for sector in sectors for mark in "|;"):
            raise ValueError(f"sectors: a name may not hold '|' or ';', got {', '.join(sectors)}")
        if worlds < 1:
            raise ValueError(f"worlds: wanted at least 1, got {worlds}")
        self.sectors, self.worlds = tuple(sectors), int(worlds)
        self._index = {sector: i for i, sector in enumerate(self.sectors)}
        self.may_be_negative = frozenset(self.sectors[self._at(sector)] for sector in may_be_negative)
        self._limited = np.array([sector not in self.may_be_negative for sector in self.sectors])

        shape = (len(ACCOUNTS), len(self.sectors), self.worlds)
        self._stock, self._first_cash = np.zeros(shape), np.zeros(self.worlds)
        self._opening_cash, self._moved_before = np.zeros(shape[1:]), np.zeros(shape[1:])
        self._rows = [dict(zip(ACCOUNTS, self._stock[:, i], strict=True)) for i in range(len(self.sectors))]
        self.balance: Mapping[str, np.ndarray] = MappingProxyType(
            {account: locked(self._stock[i].view()) for i, account in enumerate(ACCOUNTS)}
        )
        self.opening_cash = locked(self._opening_cash.view())
        self._lines = Lines(self.sectors)
        self.journal = Journal(self._lines, self.worlds)
        self._posting, self._tally = Posting(self._stock), Tally(len(self.sectors))
        self._known: dict[tuple[str, Names, Names], Entries] = {}
        self._movements: Movements | None = None

    # ------------------------------------------------------------------ the quarter

    def open(self, account: str, sector: str, amount: PerWorld | float) -> None:
        """Add to a starting balance; net worth takes the other side, on this sector's books only.

        So a debt wants the same amount opened as loans of its lenders, and a prepayment as deferred at its supplier.
        Raises: ValueError for net worth itself, which follows from the rest.
        """
        if account not in ACCOUNTS[:-1]:
            raise ValueError(f"open: unknown account {account!r}; allowed are {', '.join(ACCOUNTS[:-1])}")
        i = self._at(sector)
        signed = account == "cash" and not self._limited[i]
        value = self._amount(f"open {account}, {sector}", amount, signed)
        moves: Moves = ((account, 1), ("net_worth", -1 if account in LIABILITIES else 1))
        for name, sign in moves:
            self._rows[i][name] += sign * value
        self._moved_before[i] += np.abs(value)
        self._movements = None
        if account == "cash":
            self._opening_cash[i] += value
            self._first_cash += value

    def begin_quarter(self) -> None:
        """Start a new record of flows and note the opening cash."""
        self._moved_before = self._moved().moved
        self.journal.begin_quarter()
        self._movements = None
        np.copyto(self._opening_cash, self._stock[0])

    def check(self) -> Residuals:
        """Measure every accounting law; `Residuals.breaches()` is empty when the books are right."""
        return measure(
            self._stock,
            self._opening_cash,
            self._first_cash,
            self._moved(),
            self.sectors,
            self._limited,
        )

    # ------------------------------------------------------------------ reading

    def holding(self, account: str, sector: str) -> PerWorld:
        """One account of one sector now, $bn (worlds,); a copy that later entries do not change, read only."""
        if account not in ACCOUNTS:
            raise ValueError(f"unknown account {account!r}; allowed are {', '.join(ACCOUNTS)}")
        return locked(self._rows[self._at(sector)][account].copy())

    # ledger.cash("oracle") and so on for every account: $bn (worlds,), as `holding`.
    cash = _reader("cash")
    fixed = _reader("fixed")
    loans = _reader("loans")
    stakes = _reader("stakes")
    prepaid = _reader("prepaid")
    leased = _reader("leased")
    debt = _reader("debt")
    deferred = _reader("deferred")
    lease_liability = _reader("lease_liability")
    net_worth = _reader("net_worth")

    def paid(self, kind: str | tuple[str, ...], payer: str | None = None, payee: str | None = None) -> PerWorld:
        """Sum of this quarter's flows of a kind or of several, $bn (worlds,), by and to all or one."""
        for name in (kind,) if isinstance(kind, str) else kind:
            if name not in KINDS:
                raise ValueError(f"paid: unknown kind {name!r}; allowed are {', '.join(KINDS)}")
        for sector in (payer, payee):
            if sector is not None:
                self._at(sector)
        return self.journal.paid(kind, payer, payee)

    def paid_by(self, kind: str | tuple[str, ...], payers: tuple[str, ...]) -> PerRow:
        """Sum of this quarter's flows of a kind, or of several, by payer, (payers, worlds) $bn."""
        return self.journal.paid_by(kind, payers)

    def paid_to(self, kind: str | tuple[str, ...], payees: tuple[str, ...]) -> PerRow:
        """Sum of this quarter's flows of a kind, or of several, by payee, (payees, worlds) $bn."""
        return self.journal.paid_to(kind, payees)

    def paid_of_each(self, kinds: tuple[str, ...], payer: str) -> PerRow:
        """Sum of this quarter's flows of each kind that one sector paid, (kinds, worlds) $bn."""
        return self.journal.paid_of_each(kinds, payer)

    def received_less_paid(
        self, names: tuple[str, ...], received: tuple[str, ...], paid: tuple[str, ...] = ()
    ) -> PerRow:
        """What sectors received this quarter in some kinds of flow less what they paid in some, (names, worlds) $bn."""
        return self.journal.received_less_paid(names, received, paid)

    def paid_between(self, kind: str | tuple[str, ...], payers: tuple[str, ...], payees: tuple[str, ...]) -> np.ndarray:
        """Sum of this quarter's flows of a kind, or of several, by payer and payee, (payers, payees, worlds) $bn."""
        return self.journal.paid_between(kind, payers, payees)

    @property
    def cash_paid(self) -> PerRow:
        """All cash that each sector paid this quarter so far, (sectors, worlds) $bn; read only."""
        return locked(self._moved().cash_out.view())

    @property
    def flows(self) -> Mapping[FlowKey, PerWorld]:
        """(kind, payer, payee) -> (worlds,) $bn entered so far this quarter, copies; what moved nothing is left out."""
        return self.journal.flows()

    def flow_matrix(self, world: int) -> tuple[tuple[str, ...], np.ndarray]:
        """This quarter's flows in one world: the kinds, and (kinds, payers, payees) in $bn with sectors in order."""
        if not 0 <= world < self.worlds:
            raise ValueError(f"flow_matrix: world {world}; allowed are 0 to {self.worlds - 1}")
        kinds = tuple(KINDS)
        matrix = np.zeros((len(kinds), len(self.sectors), len(self.sectors)))
        for (kind, payer, payee), amount in self.flows.items():
            matrix[kinds.index(kind), self._index[payer], self._index[payee]] = amount[world]
        return kinds, matrix

    # ------------------------------------------------------------------ saving

    def state(self) -> dict[str, np.ndarray]:
        """Everything that changes, as copies: name -> array, fit for `restore` and for a NumPy archive."""
        fixed = {name: array.copy() for name, array in self._arrays().items()}
        return fixed | {f"entered|{name}": row for name, row in saved(self._lines, self.journal.amounts).items()}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Take over what `state` gave, in books of the same sectors and worlds.

        Raises: ValueError naming the array that is missing or of another shape; then nothing has changed.
        """
        targets = self._arrays()
        for name, target in targets.items():
            given = state[name].shape if name in state else "nothing"
            if given != target.shape:
                raise ValueError(f"restore: {name}: wanted an array of shape {target.shape}, got {given}")
        entered = self._named_lines(state, "entered|")
        for name, target in targets.items():
            np.copyto(target, state[name])
        self.journal.begin_quarter()
        for entries, amounts in entered:
            self.journal.note(entries, amounts)
        self._movements = None

    # The rows are views of one array, which neither pickle nor deepcopy would keep together.
    def __getstate__(self) -> dict[str, Any]:
        return {"make": (self.sectors, self.worlds, tuple(self.may_be_negative)), "arrays": self.state()}

    def __setstate__(self, saved: dict[str, Any]) -> None:
        self.__init__(*saved["make"])  # type: ignore[misc]
        self.restore(saved["arrays"])

    def _arrays(self) -> dict[str, np.ndarray]:
        """The arrays of the state that have the same shape in every quarter."""
        return {
            "stock": self._stock,
            "first_cash": self._first_cash,
            "opening_cash": self._opening_cash,
            "moved_before": self._moved_before,
        }

    def _named_lines(self, state: Mapping[str, np.ndarray], prefix: str) -> list[tuple[Entries, np.ndarray]]:
        """Entries and amounts that were saved by line. Raises: ValueError that says what is wrong with them."""
        found = []
        for name in sorted(name for name in state if name.startswith(prefix)):
            try:
                kind, payer, payee = name.removeprefix(prefix).split("|")
                entries = self._entries(kind, payer, payee)
                found.append((entries, self._amounts(entries, state[name])))
            except ValueError as error:
                raise ValueError(f"restore: {name}: {error}") from None
        return found

    # ------------------------------------------------------------------ inside

    def _moved(self) -> Movements:
        """The journal added up by sector; kept until the next entry."""
        if self._movements is None:
            self._movements = self._tally.of(self._lines, self.journal.amounts, self._moved_before)
        return self._movements

    def _at(self, sector: str) -> int:
        """Row of a sector."""
        try:
            return self._index[sector]
        except KeyError:
            raise ValueError(f"unknown sector {sector!r}; the sectors are {', '.join(self.sectors)}") from None

    def _entries(self, kind: str, payers: Names, payees: Names) -> Entries:
        """The entries of a kind between known sectors, always the same object; refuses what makes no sense."""
        key = (kind, payers, payees)
        if key not in self._known:
            for names in (payers, payees):
                for sector in (names,) if isinstance(names, str) else names:
                    self._at(sector)
            self._known[key] = Entries(kind, payers, payees, self._index, self._lines)
        return self._known[key]

    def _amount(self, what: str, amount: PerWorld | float, signed: bool = False) -> np.ndarray:
        """One checked amount as float64 (worlds,)."""
        return self._checked(amount, 1, lambda row: what, signed)[0]

    def _amounts(self, entries: Entries, amounts: PerRow | PerWorld | float) -> np.ndarray:
        """Checked amounts as float64 (rows, worlds)."""
        signed = entries.kind.name in SIGNED_KINDS
        return self._checked(amounts, len(entries), entries.named, signed)

    def _checked(
        self, amounts: np.ndarray | float, rows: int, named: Callable[[int], str], signed: bool = False
    ) -> np.ndarray:
        """Checked as float64 (rows, worlds); one row may come as (worlds,), and one number stands for all."""
        value = np.asarray(amounts, dtype=np.float64)
        given, shape = value.shape, (rows, self.worlds)
        if given != shape:
            if value.ndim == 0:
                value = np.full(shape, float(value))
            elif rows == 1 and given == shape[1:]:
                value = value[np.newaxis]
            else:
                wanted = f"one number or {self.worlds} (one per world)" if rows == 1 else f"an array of shape {shape}"
                raise ValueError(f"{named(0)}: wanted {wanted}, got shape {given}")
        if value.size and not not_negative.surely_hold(value):
            wrong = ~np.isfinite(value) if signed else ~(np.isfinite(value) & (value >= 0.0))
            if wrong.any():
                row, world = (int(i) for i in np.argwhere(wrong)[0])
                wanted = "a finite number" if signed else "a finite number >= 0"
                raise ValueError(f"{named(row)}: world {world} is {value[row, world]}; wanted {wanted}")
        return value

    def _enter(self, entries: Entries, amounts: np.ndarray) -> None:
        """Make entries with checked amounts on both sides' books, and record them.

        A caller may pass a row of the books itself: of that, a copy.
        """
        if not amounts.flags.c_contiguous or np.may_share_memory(amounts, self._stock):
            amounts = amounts.copy()
        self._posting.enter(entries, amounts)
        self.journal.note(entries, amounts)
        self._movements = None
