"""Laws of the ledger that hold for a single entry, settlement or check."""

from __future__ import annotations

import copy
import io
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from world.entries import ACCOUNTS, ASSETS, CASH_KINDS, CLASSES, KINDS, LIABILITIES, Kind
from world.identities import LAWS
from world.ledger import Ledger

SECTORS = ("lab", "cloud", "bank", "staff", "world")
WORLDS = 7
SEEDS = st.integers(0, 2**32 - 1)
# Laws of identity hold whatever is entered; the other two also want entries that leave enough.
IDENTITIES = [law for law in LAWS if law not in ("overdrawn", "negative_stock")]


def random_dues(rng: np.random.Generator, count: int, worlds: int = WORLDS) -> list[tuple[str, str, str, np.ndarray]]:
    """Dues between random sectors; some worlds have none, some amounts are equal."""
    dues = []
    for _ in range(count):
        payer, payee = (SECTORS[i] for i in rng.choice(len(SECTORS), 2, replace=False))
        amount = rng.lognormal(0.0, 1.0, worlds) * (rng.random(worlds) < 0.8)
        dues.append((str(rng.choice(CASH_KINDS)), payer, payee, np.where(rng.random(worlds) < 0.2, 1.0, amount)))
    return dues


def with_cash(cash: np.ndarray) -> Ledger:
    """A ledger with (sectors, worlds) of cash and nothing else."""
    ledger = Ledger(SECTORS, cash.shape[1], {"world"})
    for sector, row in zip(SECTORS, cash, strict=True):
        ledger.open("cash", sector, row)
    ledger.begin_quarter()
    return ledger


def settled(cash: np.ndarray, dues: list[tuple[str, str, str, np.ndarray]]) -> Ledger:
    ledger = with_cash(cash)
    for due in dues:
        ledger.due(*due)
    ledger.settle()
    return ledger


def stocks(ledger: Ledger) -> np.ndarray:
    """(accounts, sectors, worlds)."""
    return np.stack([ledger.balance[account] for account in ACCOUNTS])


@given(seed=SEEDS, count=st.integers(1, 30), scale=st.sampled_from([1e-6, 1.0, 1e6]))
def test_settlement_keeps_every_identity_and_overdraws_nobody(seed: int, count: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    dues = [(*due[:3], scale * due[3]) for due in random_dues(rng, count)]
    ledger = settled(scale * rng.lognormal(0.0, 1.5, (len(SECTORS), WORLDS)), dues)
    residuals = ledger.check()
    for law in [*IDENTITIES, "overdrawn"]:
        assert getattr(residuals, law) < 1e-12, law


@given(seed=SEEDS)
def test_cash_by_three_roads(seed: int) -> None:
    rng = np.random.default_rng(seed)
    cash = rng.lognormal(0.0, 1.5, (len(SECTORS), WORLDS))
    ledger = settled(cash, random_dues(rng, 20))
    for i, sector in enumerate(SECTORS):
        received = sum((ledger.paid(kind, payee=sector) for kind in CASH_KINDS), np.zeros(WORLDS))
        spent = sum((ledger.paid(kind, payer=sector) for kind in CASH_KINDS), np.zeros(WORLDS))
        books = {account: ledger.holding(account, sector) for account in ACCOUNTS}
        others = sum(books[account] for account in ASSETS if account != "cash")
        by_balance = sum(books[account] for account in LIABILITIES) + books["net_worth"] - others
        np.testing.assert_allclose(cash[i] + received - spent, books["cash"], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(by_balance, books["cash"], rtol=1e-9, atol=1e-12)


@given(seed=SEEDS, count=st.integers(2, 30))
def test_the_order_of_dues_changes_no_bit(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    cash, dues = rng.lognormal(-0.5, 1.5, (len(SECTORS), WORLDS)), random_dues(rng, count)
    one_each = list({due[:3]: due for due in dues}.values())
    there, back = settled(cash, one_each), settled(cash, one_each[::-1])
    np.testing.assert_array_equal(stocks(there), stocks(back))


@given(seed=SEEDS, count=st.integers(1, 30))
def test_a_world_has_the_same_bits_alone_and_permuted(seed: int, count: int) -> None:
    """Some worlds fall short and some do not: nobody may notice what happens in another."""
    rng = np.random.default_rng(seed)
    cash = rng.lognormal(0.0, 1.0, (len(SECTORS), WORLDS)) * np.where(np.arange(WORLDS) % 2, 1e3, 0.5)
    dues, order = random_dues(rng, count), rng.permutation(WORLDS)
    together = stocks(settled(cash, dues))
    for worlds in (order, order[:1], order[:3]):
        part = settled(cash[:, worlds], [(*due[:3], due[3][worlds]) for due in dues])
        np.testing.assert_array_equal(stocks(part), together[:, :, worlds])


@given(seed=SEEDS, exponent=st.integers(-20, 20))
def test_scaling_the_currency_scales_every_account(seed: int, exponent: int) -> None:
    """By a power of two, so that not even rounding may differ."""
    rng = np.random.default_rng(seed)
    scale, cash, dues = 2.0**exponent, rng.lognormal(-0.5, 1.0, (len(SECTORS), WORLDS)), random_dues(rng, 12)
    plain, scaled = settled(cash, dues), settled(scale * cash, [(*due[:3], scale * due[3]) for due in dues])
    np.testing.assert_array_equal(scale * stocks(plain), stocks(scaled))


@given(seed=SEEDS)
def test_what_is_waived_is_lacking_no_more(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rent = rng.lognormal(0.0, 1.0, WORLDS)
    ledger = with_cash(np.zeros((len(SECTORS), WORLDS)))
    ledger.due("lease_rent", "lab", "cloud", rent)
    np.testing.assert_array_equal(ledger.shortfall("lab"), rent)
    ledger.waive("lease_rent", "lab", "cloud", 0.25 * rent)
    np.testing.assert_array_equal(ledger.shortfall("lab"), ledger.owed("lease_rent", "lab", "cloud"))
    np.testing.assert_allclose(ledger.shortfall("lab"), 0.75 * rent, rtol=1e-12)
    # Of several payees at once, in whatever order they are named.
    ledger.due("lease_rent", "lab", "staff", 2.0 * rent)
    payees = ("staff", "cloud")
    owed = np.array([ledger.owed("lease_rent", "lab", payee) for payee in payees])
    np.testing.assert_array_equal(ledger.owed("lease_rent", "lab", payees), owed)
    ledger.waive("lease_rent", "lab", payees, [[0.5], [0.25]] * owed)
    np.testing.assert_array_equal(ledger.owed("lease_rent", "lab", payees), [[0.5], [0.75]] * owed)
    with pytest.raises(ValueError, match=f"lease_rent, lab to {payees[1]}: world 2 is owed"):
        ledger.waive("lease_rent", "lab", payees, np.array([[0.0], [100.0]]) * owed * (np.arange(WORLDS) == 2))


@given(seed=SEEDS)
def test_borrowing_the_shortfall_pays_everything_if_creditors_need_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ledger = with_cash(rng.lognormal(0.0, 1.0, (len(SECTORS), WORLDS)))
    for kind in ("wages", "interest", "chips", "dividends"):
        ledger.due(kind, "lab", "staff", rng.lognormal(0.0, 1.0, WORLDS))
    ledger.pay("loan", "world", "lab", ledger.shortfall("lab") * (1.0 + 1e-12))
    assert np.all(ledger.shortfall("lab") == 0.0)
    # What it would also keep is what is not left anyway.
    kept = ledger.shortfall("lab", keep=2.0)
    assert np.all(kept <= 2.0)
    ledger.pay("loan", "world", "lab", kept)
    assert ledger.settle() == []
    assert np.all(ledger.cash("lab") >= 2.0 - 1e-9)
    assert ledger.check().breaches() == []


@given(seed=SEEDS, count=st.integers(1, 25))
def test_where_nobody_lacks_anything_all_is_paid_in_whatever_class_the_cash_comes_in(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    ledger = with_cash(np.zeros((len(SECTORS), WORLDS)))
    for kind, payer, payee, amount in random_dues(rng, count):
        ledger.due(kind, payer, payee, amount)
    for sector in SECTORS[:-1]:
        ledger.pay("equity", "world", sector, ledger.shortfall(sector) * (1.0 + 1e-12))
    assert ledger.settle() == []
    assert ledger.check().overdrawn == 0.0


@given(seed=SEEDS, count=st.integers(2, 20))
def test_circles_of_dues_among_sectors_with_hardly_any_cash(seed: int, count: int) -> None:
    """Where money goes round and nobody outside is paid, rounding must not make anybody's default or overdraft."""
    rng = np.random.default_rng(seed)
    circle = [due for due in random_dues(rng, count) if "world" not in due[1:3]]
    ledger = settled(rng.lognormal(0.0, 1.0, (len(SECTORS), WORLDS)) * (rng.random(WORLDS) < 0.3), circle)
    residuals = ledger.check()
    for law in [*IDENTITIES, "overdrawn"]:
        assert getattr(residuals, law) < 1e-12, law


def test_seniority_and_equal_shares() -> None:
    ledger = with_cash(np.array([[4.0, 7.0, 9.0], [0.0] * 3, [0.0] * 3, [0.0] * 3, [0.0] * 3]))
    for kind, payee, amount in (("dividends", "world", 2.0), ("spot_rent", "cloud", 2.0), ("lease_rent", "bank", 4.0)):
        ledger.due(kind, "lab", payee, amount)
    ledger.due("wages", "lab", "staff", 1.0)
    unpaid = {row.kind: row.amount.tolist() for row in ledger.settle()}
    assert unpaid == {"lease_rent": [2.0, 0.0, 0.0], "spot_rent": [1.0, 0.0, 0.0], "dividends": [2.0, 2.0, 0.0]}
    ledger.due("dividends", "lab", "world", 0.0)
    assert ledger.settle() == []


def test_rent_that_comes_in_pays_wages_before_suppliers() -> None:
    """The cloud has nothing of its own and is paid 5 in a class junior to its wages of 3 and senior to a supplier."""
    ledger = with_cash(np.array([[5.0, 5.0], [0.0, 2.0], [0.0] * 2, [0.0] * 2, [0.0] * 2]))
    ledger.due("lease_rent", "lab", "cloud", 5.0)
    ledger.due("wages", "cloud", "staff", 3.0)
    ledger.due("construction", "cloud", "bank", 4.0)
    unpaid = {row.kind: row.amount.tolist() for row in ledger.settle()}
    assert unpaid == {"construction": [2.0, 0.0]}
    assert ledger.cash("staff").tolist() == [3.0, 3.0]


def test_a_sector_without_a_budget_pays_in_full_and_others_never_below_zero() -> None:
    ledger = with_cash(np.zeros((len(SECTORS), 3)))
    ledger.due("services", "world", "lab", np.array([1.0, 2.0, 3.0]))
    ledger.due("wages", "lab", "staff", 2.0)
    ledger.due("tax", "staff", "world", 2.0)
    unpaid = {row.kind: row.amount.tolist() for row in ledger.settle()}
    assert unpaid == {"wages": [1.0, 0.0, 0.0], "tax": [1.0, 0.0, 0.0]}
    assert ledger.cash("lab").tolist() == [0.0, 0.0, 1.0]
    assert ledger.cash("world").tolist() == [0.0, 0.0, -1.0]
    assert ledger.shortfall("world").tolist() == [0.0] * 3


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_kind_conserves_cash_and_keeps_both_books(kind: Kind) -> None:
    for moves in (kind.payer, kind.payee):
        change = dict(moves)
        assert len(change) == len(moves)
        assert sum(change.get(account, 0) for account in ASSETS) == sum(
            change.get(account, 0) for account in (*LIABILITIES, "net_worth")
        )
    both = [*kind.payer, *kind.payee]
    assert sum(sign for account, sign in both if account == "cash") == 0
    assert (("cash", -1) in kind.payer) == (("cash", 1) in kind.payee) == kind.moves_cash
    assert kind.due_class in (*CLASSES, None)
    for asset, liability in (("loans", "debt"), ("prepaid", "deferred")):
        assert sum(s for a, s in both if a == asset) == sum(s for a, s in both if a == liability)


def test_a_kind_that_does_not_balance_is_refused() -> None:
    with pytest.raises(ValueError, match="gift: the payee's moves"):
        Kind("gift", None, (("cash", -1), ("net_worth", -1)), (("cash", 1),), "")


@pytest.mark.parametrize(
    ("law", "account", "sector", "amount"),
    [
        ("cash_conserved", "cash", "lab", 1e-6),
        ("cash_is_flows", "cash", "lab", 1e-6),
        ("balance_sheets", "net_worth", "cloud", 1e-6),
        ("loans_are_debts", "debt", "cloud", 1e-6),
        ("prepaid_is_deferred", "prepaid", "bank", 1e-6),
        ("overdrawn", "cash", "staff", -20.0),
        ("negative_stock", "stakes", "bank", -20.0),
        ("balance_sheets", "fixed", "bank", np.nan),
        ("cash_is_flows", "cash", "bank", np.inf),
    ],
)
def test_a_planted_error_is_found_where_it_is(law: str, account: str, sector: str, amount: float) -> None:
    ledger = with_cash(np.full((len(SECTORS), WORLDS), 10.0))
    assert ledger.check().breaches() == []
    state = ledger.state()
    state["stock"][ACCOUNTS.index(account), SECTORS.index(sector), 4] += amount
    ledger.restore(state)
    residuals = ledger.check()
    assert not getattr(residuals, law) <= 1e-9
    assert not residuals.largest <= 1e-9
    (sentence,) = [line for line in residuals.breaches() if line.startswith(LAWS[law])]
    assert "world 4" in sentence
    assert sector in sentence or "all sectors" in sentence


@given(seed=SEEDS)
def test_a_number_equals_the_same_number_per_world(seed: int) -> None:
    amount = float(np.random.default_rng(seed).lognormal())
    number, array = (with_cash(np.full((len(SECTORS), WORLDS), 2.0)) for _ in range(2))
    for ledger, given_amount in ((number, amount), (array, np.full(WORLDS, amount))):
        ledger.pay("wages", "lab", "staff", given_amount)
        ledger.due("chips", "lab", "cloud", given_amount)
        ledger.revalue("bank", given_amount)
        ledger.settle()
    np.testing.assert_array_equal(stocks(number), stocks(array))


@given(seed=SEEDS)
def test_a_ledger_saved_and_restored_goes_on_as_if_it_had_not_been(seed: int) -> None:
    rng = np.random.default_rng(seed)
    dues = random_dues(rng, 12)
    ledger = settled(rng.lognormal(0.0, 1.0, (len(SECTORS), WORLDS)), dues[:4])
    for due in dues[4:]:
        ledger.due(*due)
    file = io.BytesIO()
    np.savez(file, **ledger.state())
    file.seek(0)
    loaded = Ledger(SECTORS, WORLDS, {"world"})
    loaded.restore(dict(np.load(file)))
    twins = [loaded, ledger.copy(), pickle.loads(pickle.dumps(ledger)), copy.deepcopy(ledger)]
    ledger.settle()
    for twin in twins:
        twin.settle()
        np.testing.assert_array_equal(stocks(twin), stocks(ledger))
        assert twin.check() == ledger.check()
        assert twin.flows.keys() == ledger.flows.keys()


def test_what_was_handed_out_never_changes() -> None:
    ledger = with_cash(np.full((len(SECTORS), WORLDS), 10.0))
    cash, amount = ledger.cash("lab"), np.full(WORLDS, 2.0)
    ledger.pay("wages", "lab", "staff", amount)
    ledger.due("power", "lab", "cloud", amount)
    amount[:] = 99.0
    ledger.settle()
    flows = ledger.flows
    ledger.begin_quarter()
    ledger.pay("wages", "lab", "staff", ledger.balance["cash"][0])  # a row of the books itself: all that it holds
    assert ledger.cash("lab").tolist() == [0.0] * WORLDS
    assert cash.tolist() == [10.0] * WORLDS
    assert flows["wages", "lab", "staff"].tolist() == flows["power", "lab", "cloud"].tolist() == [2.0] * WORLDS
    assert ledger.paid("wages").tolist() == [6.0] * WORLDS
    assert ledger.paid("wages", payer="cloud").tolist() == [0.0] * WORLDS
    for array in (cash, ledger.balance["cash"], ledger.opening_cash):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0.0


@given(seed=SEEDS, world=st.integers(0, WORLDS - 1))
def test_the_flow_matrix_holds_every_flow_of_its_world(seed: int, world: int) -> None:
    rng = np.random.default_rng(seed)
    ledger = settled(rng.lognormal(0.0, 1.0, (len(SECTORS), WORLDS)), random_dues(rng, 10))
    kinds, matrix = ledger.flow_matrix(world)
    assert matrix.shape == (len(kinds), len(SECTORS), len(SECTORS))
    for k, kind in enumerate(kinds):
        assert matrix[k].sum() == pytest.approx(ledger.paid(kind)[world])
    assert matrix[kinds.index("chips"), 0, 1] == pytest.approx(ledger.paid("chips", "lab", "cloud")[world])
