"""A journal of one world in plain Python: every entry is written out in debits and credits, slowly and obviously.

Nothing is taken from `world`: the accounts that a kind of entry moves, its class and the clearing are said again here
in the words of a bookkeeper. An asset rises by a debit; a liability and net worth rise by a credit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

ASSETS = {"cash", "fixed", "loans", "stakes", "prepaid", "leased"}

ORDER_OF_CLASSES = [
    {"wages", "power", "operating_cost", "tax", "services", "operating_income"},
    {"interest"},
    {"lease_rent", "spot_rent", "shell_rent", "revenue_share"},
    {"principal"},
    {"chips", "construction", "supplier_cost", "prepayment", "loan", "equity", "stake_sale"},
    {"dividends", "profit_share"},
]

# What the payer debits and what the payee credits against cash.
AGAINST_CASH = {
    "principal": ("debt", "loans"),
    "chips": ("fixed", "net_worth"),
    "construction": ("fixed", "net_worth"),
    "prepayment": ("prepaid", "deferred"),
    "loan": ("loans", "debt"),
    "equity": ("stakes", "net_worth"),
    "stake_sale": ("stakes", "stakes"),
}

# (debit, credit) on the first sector's books and on the second's.
WITHOUT_CASH = {
    "depreciate": [("net_worth", "fixed")],
    "revalue": [("stakes", "net_worth")],
    "grant_stake": [("stakes", "net_worth")],
    "recognise_lease": [("leased", "lease_liability")],
    "run_off_lease": [("lease_liability", "leased")],
    "forgive": [("debt", "net_worth"), ("net_worth", "loans")],
    "use_prepaid": [("net_worth", "prepaid"), ("deferred", "net_worth")],
    "capitalise_prepaid": [("fixed", "prepaid"), ("deferred", "net_worth")],
    "forfeit_prepaid": [("net_worth", "prepaid"), ("deferred", "net_worth")],
}


@dataclass
class Line:
    """One line of the journal: `debit` and `credit` are accounts of the same sector."""

    sector: str
    debit: str
    credit: str
    amount: float


class LoopLedger:
    """The books of one world as a list of journal lines."""

    def __init__(self, sectors: Collection[str], may_be_negative: Collection[str]) -> None:
        self.sectors, self.may_be_negative = list(sectors), set(may_be_negative)
        self.journal: list[Line] = []
        self.queue: list[tuple[str, str, str, float]] = []

    def open(self, account: str, sector: str, amount: float) -> None:
        if account in ASSETS:
            self.journal.append(Line(sector, account, "net_worth", amount))
        else:
            self.journal.append(Line(sector, "net_worth", account, amount))

    def pay(self, kind: str, payer: str, payee: str, amount: float) -> None:
        debit, credit = AGAINST_CASH.get(kind, ("net_worth", "net_worth"))
        self.journal.append(Line(payer, debit, "cash", amount))
        self.journal.append(Line(payee, "cash", credit, amount))

    def book(self, entry: str, sectors: list[str], amount: float) -> None:
        for sector, (debit, credit) in zip(sectors, WITHOUT_CASH[entry], strict=True):
            self.journal.append(Line(sector, debit, credit, amount))

    def due(self, kind: str, payer: str, payee: str, amount: float) -> None:
        self.queue.append((kind, payer, payee, amount))

    def settle(self) -> dict[tuple[str, str, str], float]:
        """Settle class by class; returns what stays unpaid by kind, payer and payee."""
        unpaid: dict[tuple[str, str, str], float] = defaultdict(float)
        for kinds in ORDER_OF_CLASSES:
            dues = [due for due in self.queue if due[0] in kinds]
            share = self.shares(dues)
            for kind, payer, payee, amount in dues:
                self.pay(kind, payer, payee, share[payer] * amount)
                unpaid[(kind, payer, payee)] += (1.0 - share[payer]) * amount
        self.queue = []
        return dict(unpaid)

    def shares(self, dues: list[tuple[str, str, str, float]]) -> dict[str, float]:
        """Start from everybody paying all, and let each pay what it then has, until nothing changes."""
        share = dict.fromkeys(self.sectors, 1.0)
        for _ in range(100_000):
            found = dict(share)
            for sector in self.sectors:
                owes = sum(amount for _, payer, _, amount in dues if payer == sector)
                if sector not in self.may_be_negative and owes > 0.0:
                    comes_in = sum(share[payer] * amount for _, payer, payee, amount in dues if payee == sector)
                    found[sector] = min(1.0, (max(self.balance("cash", sector), 0.0) + comes_in) / owes)
            if all(abs(found[sector] - share[sector]) <= 1e-15 for sector in self.sectors):
                return found
            share = found
        raise AssertionError("the clearing of the oracle did not come to rest")

    def balance(self, account: str, sector: str) -> float:
        """The account's balance: what the journal says, from its first line on."""
        total = 0.0
        for line in self.journal:
            if line.sector == sector:
                sign = 1.0 if account in ASSETS else -1.0
                total += sign * line.amount * ((line.debit == account) - (line.credit == account))
        return total
