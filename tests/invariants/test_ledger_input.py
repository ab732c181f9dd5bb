"""What the ledger refuses, and that it says what, where, what is allowed and what was given."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from world.ledger import Ledger

WORLDS = 3


@pytest.fixture
def ledger() -> Ledger:
    return Ledger(("lab", "cloud", "world"), WORLDS, {"world"})


def per_world(third: float) -> np.ndarray:
    return np.array([1.0, 0.0, third])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda x: x.pay("wages", "lab", "cloud", per_world(-1.0)),
            ("wages", "lab to cloud", "world 2", "-1.0", ">= 0"),
        ),
        (lambda x: x.due("chips", "lab", "cloud", per_world(np.nan)), ("chips", "lab to cloud", "world 2", "nan")),
        (lambda x: x.pay("tax", "lab", "world", per_world(np.inf)), ("tax", "lab to world", "world 2", "inf")),
        (lambda x: x.revalue("lab", per_world(np.nan)), ("revaluation", "lab", "world 2", "nan")),
        (lambda x: x.depreciate("lab", -2.0), ("depreciation", "lab", "world 0", "-2.0", ">= 0")),
        (lambda x: x.pay("wages", "lab", "cloud", np.ones(4)), ("wages", "lab to cloud", "(4,)", "3")),
        (lambda x: x.pay("wage", "lab", "cloud", 1.0), ("'wage'", "wages", "profit_share")),
        (lambda x: x.due("depreciation", "lab", "cloud", 1.0), ("'depreciation'", "allowed are services")),
        (lambda x: x.pay("wages", "lab", "clod", 1.0), ("'clod'", "lab, cloud, world")),
        (lambda x: x.due("wages", "lab", "lab", 1.0), ("wages", "both 'lab'", "two sectors")),
        (lambda x: x.forgive("lab", "lab", 1.0), ("forgiveness", "both 'lab'")),
        (lambda x: x.revalue("nobody", 1.0), ("'nobody'", "lab, cloud, world")),
        (
            lambda x: x.due("chips", ("lab", "cloud"), "world", np.array([[1.0, 1.0, 1.0], [1.0, np.nan, 1.0]])),
            ("chips", "cloud to world", "world 1", "nan"),
        ),
        (
            lambda x: x.pay("wages", ("cloud", "lab"), "world", np.array([[-1.0, 1.0, 1.0], [1.0, 1.0, 1.0]])),
            ("wages", "cloud to world", "world 0", "-1.0"),
        ),
        (lambda x: x.due("chips", ("lab", "cloud"), "world", np.ones(3)), ("lab to world", "(2, 3)", "(3,)")),
        (lambda x: x.due("chips", ("lab", "lab"), "world", np.ones((2, 3))), ("two rows", "'lab', 'lab'")),
        (lambda x: x.pay("wages", ("lab", "cloud"), ("world",) * 3, np.ones((3, 3))), ("2 payers", "3 payees")),
        (lambda x: x.due("tax", ("lab", "world"), "world", np.ones((2, 3))), ("both 'world'", "two sectors")),
        (lambda x: x.open("net_worth", "lab", 1.0), ("'net_worth'", "cash, fixed")),
        (lambda x: x.open("cash", "lab", -1.0), ("open cash", "lab", "world 0", "-1.0")),
        (lambda x: x.open("debt", "world", -1.0), ("open debt", "world 0", "-1.0")),
        (lambda x: x.holding("gold", "lab"), ("'gold'", "cash, fixed")),
        (lambda x: x.shortfall("nobody"), ("'nobody'", "lab, cloud, world")),
        (lambda x: x.paid("wage"), ("'wage'", "wages")),
        (lambda x: x.paid("wages", payer="nobody"), ("'nobody'", "lab, cloud, world")),
        (lambda x: x.flow_matrix(3), ("world 3", "0 to 2")),
        (lambda x: x.restore({}), ("stock", "nothing")),
        (lambda x: x.restore(x.state() | {"stock": np.zeros(2)}), ("stock", "(10, 3, 3)", "(2,)")),
        (lambda x: x.restore(x.state() | {"entered|wages|lab|nobody": np.zeros(3)}), ("'nobody'", "lab, cloud")),
        (lambda x: x.restore(x.state() | {"due|wage|lab|cloud": np.zeros(3)}), ("'wage'", "wages")),
    ],
)
def test_a_bad_entry_is_refused_and_changes_nothing(
    ledger: Ledger, call: Callable[[Ledger], object], words: tuple[str, ...]
) -> None:
    before = ledger.state()
    with pytest.raises(ValueError) as error:
        call(ledger)
    for word in words:
        assert word in str(error.value)
    after = ledger.state()
    assert before.keys() == after.keys()
    for name, array in before.items():
        np.testing.assert_array_equal(array, after[name])


@pytest.mark.parametrize(
    ("sectors", "worlds", "without_budget", "words"),
    [
        ((), 3, (), "one name or more"),
        (("lab", "lab"), 3, (), "given twice: lab"),
        (("lab", "a|b"), 3, (), "may not hold"),
        (("lab",), 0, (), "at least 1, got 0"),
        (("lab",), 3, ("word",), "unknown sector 'word'"),
    ],
)
def test_a_ledger_that_makes_no_sense_is_refused(
    sectors: tuple[str, ...], worlds: int, without_budget: tuple[str, ...], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        Ledger(sectors, worlds, without_budget)


def test_zero_of_either_sign_and_money_owed_by_the_world_are_fine(ledger: Ledger) -> None:
    ledger.open("cash", "world", -5.0)
    ledger.pay("wages", "lab", "cloud", per_world(-0.0) * 0.0)
    assert ledger.cash("world").tolist() == [-5.0] * WORLDS
    assert ledger.check().breaches() == []
