"""The chart of accounts and the table of kinds: what each payment or booking does to both sides' books.

One row of the table is one kind. It names the class in which an amount due is settled (None: no cash moves) and,
for each side, which accounts rise and fall. Both sides of every kind keep assets = liabilities + net worth; a row
that did not would be refused on import.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

ASSETS = ("cash", "fixed", "loans", "stakes", "prepaid", "leased")
"""Cash; chips, sites and other plant; loans given; stakes held; payments made ahead; the right to use leased plant."""

LIABILITIES = ("debt", "deferred", "lease_liability")
"""Loans taken; payments received ahead of delivery; rent still owed on recognised leases."""

ACCOUNTS = (*ASSETS, *LIABILITIES, "net_worth")
"""Every account of every sector, all in $bn; cash first, net worth last."""

WAGES_AND_POWER = "wages_and_power"
INTEREST = "interest"
LEASES_AND_REVENUE_SHARE = "leases_and_revenue_share"
PRINCIPAL = "principal"
SUPPLIERS = "suppliers"
DIVIDENDS_AND_PROFIT_SHARE = "dividends_and_profit_share"

CLASSES = (
    WAGES_AND_POWER,
    INTEREST,
    LEASES_AND_REVENUE_SHARE,
    PRINCIPAL,
    SUPPLIERS,
    DIVIDENDS_AND_PROFIT_SHARE,
)
"""The classes of dues, seniors first: a sector pays nothing in a class while it leaves a due in one above it open."""

Moves = tuple[tuple[str, int], ...]
"""What an entry of one dollar does to one sector's accounts: (account, +1 or -1) for each account that moves."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of entry.

    Attributes:
        name        as used in calls and in the record of flows
        due_class   the class in which it is settled when due; None for a booking in which no cash moves
        payer       moves on the books of the first sector (payer, customer, borrower, holder)
        payee       moves on the books of the second sector; empty if the entry has one sector only
        meaning     one line for the documentation
    Raises: ValueError if a side does not keep assets = liabilities + net worth.
    """

    name: str
    due_class: str | None
    payer: Moves
    payee: Moves
    meaning: str

    def __post_init__(self) -> None:
        for side, moves in (("payer", self.payer), ("payee", self.payee)):
            if imbalance(moves) != 0:
                raise ValueError(f"kind {self.name}: the {side}'s moves {moves} do not keep the balance")

    @property
    def moves_cash(self) -> bool:
        """Whether cash goes from payer to payee."""
        return self.due_class is not None

    @property
    def recorded_as(self) -> str:
        """The kind under which the record of flows keeps it: prepaid plant is used like any other prepayment."""
        return "prepaid_use" if self.name == "prepaid_purchase" else self.name


def imbalance(moves: Moves) -> int:
    """Change of assets minus liabilities minus net worth that the moves make for one dollar; 0 if they balance."""
    return sum(sign if account in ASSETS else -sign for account, sign in moves)


def _read_moves(text: str) -> Moves:
    """Read 'fixed+ net_worth-' into moves; refuses an account that is not in the chart."""
    moves = tuple((word[:-1], {"+": 1, "-": -1}[word[-1]]) for word in text.split())
    for account, _ in moves:
        if account not in ACCOUNTS:
            raise ValueError(f"unknown account {account!r} in {text!r}; the accounts are {', '.join(ACCOUNTS)}")
    return moves


def _cash_kind(name: str, due_class: str, payer: str, payee: str, meaning: str) -> Kind:
    """A payment: cash goes from payer to payee, against one other account on each side."""
    return Kind(name, due_class, _read_moves(f"cash- {payer}"), _read_moves(f"cash+ {payee}"), meaning)


def _booking(name: str, first: str, second: str, meaning: str) -> Kind:
    """An entry without cash on the books of one or two sectors."""
    return Kind(name, None, _read_moves(first), _read_moves(second), meaning)


# The class says before whom the payee stands at that payer. Tax stands in the first, because a firm that wants to go on
# pays it before its lenders.
_KINDS = (
    # payments     kind                class of the due            payer's side   payee's side
    _cash_kind("services", WAGES_AND_POWER, "net_worth-", "net_worth+", "a customer pays for AI services"),
    _cash_kind(
        "operating_income", WAGES_AND_POWER, "net_worth-", "net_worth+", "core business outside AI brings cash in"
    ),
    _cash_kind("wages", WAGES_AND_POWER, "net_worth-", "net_worth+", "staff are paid"),
    _cash_kind("power", WAGES_AND_POWER, "net_worth-", "net_worth+", "electricity"),
    _cash_kind(
        "operating_cost", WAGES_AND_POWER, "net_worth-", "net_worth+", "operations, sales and other running costs"
    ),
    _cash_kind("tax", WAGES_AND_POWER, "net_worth-", "net_worth+", "tax"),
    _cash_kind("interest", INTEREST, "net_worth-", "net_worth+", "borrower pays lender"),
    _cash_kind(
        "lease_rent", LEASES_AND_REVENUE_SHARE, "net_worth-", "net_worth+", "tenant pays provider under a lease"
    ),
    _cash_kind(
        "spot_rent", LEASES_AND_REVENUE_SHARE, "net_worth-", "net_worth+", "buyer pays supplier at the market price"
    ),
    _cash_kind("shell_rent", LEASES_AND_REVENUE_SHARE, "net_worth-", "net_worth+", "provider pays landlord"),
    _cash_kind("revenue_share", LEASES_AND_REVENUE_SHARE, "net_worth-", "net_worth+", "a share of revenue"),
    _cash_kind("principal", PRINCIPAL, "debt-", "loans-", "borrower repays lender"),
    _cash_kind("chips", SUPPLIERS, "fixed+", "net_worth+", "chips bought on delivery: the vendor's revenue"),
    _cash_kind("construction", SUPPLIERS, "fixed+", "net_worth+", "sites, shells and other plant"),
    _cash_kind("supplier_cost", SUPPLIERS, "net_worth-", "net_worth+", "a vendor pays its own suppliers"),
    _cash_kind("prepayment", SUPPLIERS, "prepaid+", "deferred+", "a customer pays ahead of delivery"),
    _cash_kind("loan", SUPPLIERS, "loans+", "debt+", "lender pays borrower"),
    _cash_kind("equity", SUPPLIERS, "stakes+", "net_worth+", "investor pays issuer for new shares"),
    _cash_kind("stake_sale", SUPPLIERS, "stakes+", "stakes-", "buyer pays the seller of an existing stake"),
    _cash_kind("dividends", DIVIDENDS_AND_PROFIT_SHARE, "net_worth-", "net_worth+", "dividends and buybacks"),
    _cash_kind("profit_share", DIVIDENDS_AND_PROFIT_SHARE, "net_worth-", "net_worth+", "a share of profit"),
    # bookings without cash
    _booking("depreciation", "fixed- net_worth-", "", "plant loses value with age"),
    _booking("revaluation", "stakes+ net_worth+", "", "stakes are marked to a new value (may be negative)"),
    _booking("stake_grant", "stakes+ net_worth+", "", "a stake is received without payment"),
    _booking("lease_recognition", "leased+ lease_liability+", "", "a lease starts: right of use against rent owed"),
    _booking("lease_run_off", "leased- lease_liability-", "", "a recognised lease is used up"),
    _booking("forgiveness", "debt- net_worth+", "loans- net_worth-", "a lender gives up part of a loan"),
    _booking(
        "prepaid_use", "prepaid- net_worth-", "deferred- net_worth+", "a prepaid service is delivered and used up"
    ),
    _booking("prepaid_purchase", "prepaid- fixed+", "deferred- net_worth+", "prepaid plant is delivered"),
    _booking(
        "prepaid_forfeit", "prepaid- net_worth-", "deferred- net_worth+", "an order lapses, the prepayment is lost"
    ),
)

KINDS: Mapping[str, Kind] = MappingProxyType({kind.name: kind for kind in _KINDS})
"""Every kind of entry by name, in the order of the table."""

CASH_KINDS = tuple(kind.name for kind in _KINDS if kind.moves_cash)
"""The kinds that can be paid or be due."""

SIGNED_KINDS = frozenset({"revaluation"})
"""The kinds whose amounts may be negative."""

KINDS_IN_PLACE = tuple(
    sorted(_KINDS, key=lambda kind: CLASSES.index(kind.due_class) if kind.due_class else len(CLASSES))
)
"""The kinds as they stand in sums: dues class by class, within a class as in the table, then bookings."""
_PLACES = {kind.name: place for place, kind in enumerate(KINDS_IN_PLACE)}


def place_of_kind(kind: Kind) -> int:
    """Where a kind stands among all."""
    return _PLACES[kind.name]


FlowKey = tuple[str, str, str]
"""(kind, payer, payee)."""

Names = str | tuple[str, ...]
"""One sector for all rows, or one for each row."""
