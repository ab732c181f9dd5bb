"""The rescue, the restructuring and the default that docs/negotiation.md solves on paper."""

from __future__ import annotations

import numpy as np
import pytest

from world.funding import dilute
from world.rescue import cut_rents, price_rescue

RENT, RELET = np.array([[12.0], [6.0], [3.0]]), np.array([[4.0], [5.0], [5.0]])


def test_the_rescue_of_the_page() -> None:
    saved = price_rescue(np.array([13.0]), np.array([100.0]), 0.1, 0.4, 0.25)
    assert saved.fallback == pytest.approx([10.0])
    assert saved.pre_money == pytest.approx([46.0])
    assert saved.paid == pytest.approx([11.5])
    stakes = dilute(np.array([[1.0], [0.0]]), saved.pre_money, np.array([[0.0], [11.5]]))
    assert stakes[1] == pytest.approx([0.2])
    assert stakes[:, 0] * 111.5 == pytest.approx([89.2, 22.3])


def test_the_leases_of_the_page() -> None:
    cut = cut_rents(np.array([1.5]), RENT, RELET)
    assert cut[:, 0] == pytest.approx([1.0 / 9.0, 1.0 / 36.0, 0.0])
    assert (cut * RENT).sum() == pytest.approx(1.5)
    assert (cut_rents(np.array([13.0]), RENT, RELET) * RENT).sum() == pytest.approx(9.0)


def test_the_default_of_the_page() -> None:
    stakes = dilute(np.array([[1.0], [0.0]]), np.array([10.0]), np.array([[0.0], [4.0]]))
    assert stakes[1] == pytest.approx([4.0 / 14.0])
