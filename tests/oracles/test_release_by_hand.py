"""The step of freedom that docs/negotiation.md solves on paper, row by row against the bargaining of the model."""

from __future__ import annotations

import re

import numpy as np
import pytest

from tests.house.tree import ROOT
from world.release import bargain_release, pay_with_commitment

WEIGHT, UNIT, VALUE = 0.5, 3.0, 200.0


def rows() -> list[tuple[str, list[float]]]:
    """The cases of the table: what is varied, then its numbers."""
    text = (ROOT / "docs" / "negotiation.md").read_text(encoding="utf-8")
    found = re.findall(r"^\| ([^|]+) \|((?: [0-9.]+ \|){8})$", text, re.MULTILINE)
    return [(name, [float(cell) for cell in cells.split("|") if cell.strip()]) for name, cells in found]


def test_the_page_has_its_cases() -> None:
    assert rows()[0][0] == "a plain step"
    assert len(rows()) == 6


@pytest.mark.parametrize("numbers", [numbers for _, numbers in rows()], ids=[name for name, _ in rows()])
def test_a_case_of_the_page(numbers: list[float]) -> None:
    gain, loss, late, besides, lacking, price, committed, stake = (np.array([number]) for number in numbers)
    agreed = bargain_release(gain, loss, late, WEIGHT, besides)
    assert agreed.happens[0] == (price[0] > 0.0)
    assert agreed.price == pytest.approx(price)
    leases, share = pay_with_commitment(agreed.price, np.array([UNIT]), lacking, np.array([VALUE]))
    assert leases == pytest.approx(committed)
    assert share == pytest.approx(stake)
