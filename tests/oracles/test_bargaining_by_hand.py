"""The triangle that docs/negotiation.md solves on paper, row by row against the bargaining of the model."""

from __future__ import annotations

import re

import numpy as np
import pytest

from tests.house.tree import ROOT
from world.bargaining import bargain

OFFERED = np.array([[6.0], [8.0]])
WANTED = 10.0


def rows() -> list[tuple[str, list[float]]]:
    """The cases of the table: what is varied, then its numbers."""
    text = (ROOT / "docs" / "negotiation.md").read_text(encoding="utf-8")
    found = re.findall(r"^\| ([^|]+) \|((?: [0-9.]+ \|){7})$", text, re.MULTILINE)
    return [(name, [float(cell) for cell in cells.split("|") if cell.strip()]) for name, cells in found]


def test_the_page_has_its_cases() -> None:
    assert rows()[0][0] == "as above"
    assert len(rows()) == 5


@pytest.mark.parametrize("numbers", [numbers for _, numbers in rows()], ids=[name for name, _ in rows()])
def test_a_case_of_the_page(numbers: list[float]) -> None:
    reserve_a, reserve_b, fear, market, price_a, price_b, kept = numbers
    deal = bargain(OFFERED, np.array([reserve_a, reserve_b]), np.array([fear, 0.0]), market, WANTED, 0.5)
    prices = deal.payment[:, 0] / deal.quantity[:, 0]
    assert prices == pytest.approx([price_a, price_b], abs=5e-5)
    assert deal.tenant_gain[0] == pytest.approx(kept)
    assert deal.quantity[:, 0] == pytest.approx([6.0, 4.0])


def test_the_sums_of_the_page() -> None:
    deal = bargain(OFFERED, np.array([2.0, 3.0]), 0.0, 4.0, WANTED, 0.5)
    assert deal.surplus[0] == pytest.approx(16.0)
    assert deal.marginal[:, 0] == pytest.approx([8.0, 4.0])
    assert deal.payment[:, 0] == pytest.approx([16.0, 14.0])
    # The model hands over what was allocated and, beside it, what each offer has left: the same triangle.
    split = bargain(
        np.array([[6.0], [4.0]]), np.array([2.0, 3.0]), 0.0, 4.0, WANTED, 0.5, spare=np.array([[0.0], [4.0]])
    )
    assert split.payment[:, 0] == pytest.approx([16.0, 14.0])
