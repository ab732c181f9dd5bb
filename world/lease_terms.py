"""The words of leases: a pair, a contract of the record, and how far a book is from its laws."""

from __future__ import annotations

from dataclasses import dataclass

from world.arrays import PerWorld

Pair = tuple[str, str, str]
"""Provider, tenant and programme."""


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
