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
        """Settle all dues together, each sector's senior classes first; returns what stays unpaid by due."""
        unpaid: dict[tuple[str, str, str], float] = defaultdict(float)
        for (kind, payer, payee, amount), paid in zip(self.queue, self.payments(), strict=True):
            self.pay(kind, payer, payee, paid)
            unpaid[(kind, payer, payee)] += amount - paid
        self.queue = []
        return dict(unpaid)

    def payments(self) -> list[float]:
        """Start from everybody paying all, and let each pay what it then has, class by class, until nothing changes."""
        paid = [amount for *_, amount in self.queue]
        cash = {sector: max(self.balance("cash", sector), 0.0) for sector in self.sectors}
        for _ in range(100_000):
            before, left = paid, dict(cash)
            for (_, _, payee, _), amount in zip(self.queue, paid, strict=True):
                left[payee] += amount
            paid = list(before)
            for kinds in ORDER_OF_CLASSES:
                of = [at for at, due in enumerate(self.queue) if due[0] in kinds]
                for sector in self.sectors:
                    own = [at for at in of if self.queue[at][1] == sector]
                    owes = sum(self.queue[at][3] for at in own)
                    if sector not in self.may_be_negative and owes > 0.0:
                        share = min(1.0, left[sector] / owes)
                        left[sector] -= share * owes
                        for at in own:
                            paid[at] = share * self.queue[at][3]
            if all(abs(new - old) <= 1e-15 for new, old in zip(paid, before, strict=True)):
                return paid
        raise AssertionError("the clearing of the oracle did not come to rest")

    def balance(self, account: str, sector: str) -> float:
        """The account's balance: what the journal says, from its first line on."""
        total = 0.0
        for line in self.journal:
            if line.sector == sector:
                sign = 1.0 if account in ASSETS else -1.0
                total += sign * line.amount * ((line.debit == account) - (line.credit == account))
        return total
