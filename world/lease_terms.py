"""The words of leases: a pair, a contract of the record, its terms checked, and how far a book is from its laws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from world.arrays import Limits, PerWorld, not_negative, positive, require, zero_to_one
from world.schedule import Amount

Pair = tuple[str, str, str]
"""Provider, tenant and programme."""
_AT_LEAST_1 = Limits(1.0)


@dataclass(frozen=True)
class Contract:
    """A lease of the record that is shown by name: label, pair and, for each world, its terms as signed."""

    label: str
    pair: Pair
    quantity_h100e_m: PerWorld
    price_usd_h: PerWorld
    take_or_pay: PerWorld
    start_slot: PerWorld
    end_slot: PerWorld


class Leases(NamedTuple):
    """Single leases, each of one pair in one world, all (entries,)."""

    rows: np.ndarray
    """Numbers of the pairs."""
    worlds: np.ndarray
    """Positions of the worlds."""
    quantity_h100e_m: np.ndarray
    rent: np.ndarray
    """Quantity times price, M H100e x $/H100e-hour."""
    take_or_pay: np.ndarray
    start_slot: np.ndarray
    term_quarters: np.ndarray

    @classmethod
    def joined(cls, parts: Sequence[Leases]) -> Leases:
        """All of them, in their order."""
        return parts[0] if len(parts) == 1 else cls(*map(np.concatenate, zip(*parts, strict=True)))


@dataclass(frozen=True)
class LeaseResiduals:
    """How far the lease book is from its laws, for each world, shape (worlds,).

    negative_h100e_m      most below zero of any stock
    oversold_h100e_m      most that a provider has let beyond its capacity
    unaccounted           |signed - pending - active - ended - reduced| of a pair, relative to what it signed
    """

    negative_h100e_m: PerWorld
    oversold_h100e_m: PerWorld
    unaccounted: PerWorld


def checked_terms(
    shape: tuple[int, ...], quantity_h100e_m: Amount, price_usd_h: Amount, take_or_pay: Amount, term_quarters: Amount
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Quantity, rent, firm rent and term of leases, each of `shape`, the worlds last.

    Raises: ValueError naming argument, index and world.
    """
    quantity = require(_stretched(quantity_h100e_m, shape), not_negative, "quantity_h100e_m", ">= 0")
    price = np.where(quantity > 0.0, price_usd_h, 1.0)
    price = require(price, positive, "price_usd_h", "a price above 0 where there is a quantity")
    term = _stretched(term_quarters, shape)
    term = require(term, _AT_LEAST_1, "term_quarters", "at least 1 quarter")
    rent = quantity * price
    return quantity, rent, rent * a_share(take_or_pay, "take_or_pay"), term


def _stretched(values: Amount, shape: tuple[int, ...]) -> np.ndarray:
    array = np.asarray(values, dtype=np.float64)
    return array if array.shape == shape else np.broadcast_to(array, shape)


def a_share(values: Amount, name: str) -> np.ndarray:
    """The values as an array; ValueError unless each is from 0 to 1."""
    return require(np.atleast_1d(values), zero_to_one, name, "a share from 0 to 1")
