"""Merit order: a need is filled from the cheapest offer up."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from world.arrays import PerRow, fold
from world.rows import number_or_never, rows_by_worlds, stretched

_LEAST = np.nextafter(0.0, 1.0)
"""The smallest number above zero: divides nothing by nothing, and changes no quantity."""


class Ranks(NamedTuple):
    """Ones and zeros, (others, offers, ..., worlds): how the cost of other offers compares with that of each."""

    cheaper: np.ndarray
    equal: np.ndarray
    """The offer itself among them."""


def fill_in_merit_order(offer_quantity: object, unit_cost: object, wanted: object) -> PerRow:
    """Fill what is wanted from the cheapest offer up; offers of equal cost share in proportion to their size.

    Args:                shape                         unit
        offer_quantity   (offers, worlds)              any quantity, >= 0
        unit_cost        number, (offers,) or          cost per unit, any sign; infinite: not on offer
                         (offers, worlds)
        wanted           number or (worlds,)           the unit of `offer_quantity`, >= 0
    Returns:
        filled           (offers, worlds)              sums to min(wanted, all that is on offer)
    Laws (tests/invariants/test_merit.py): within each offer; no dearer offer is touched while a cheaper one has some
        left; no other fill of the same size costs less; more wanted never takes any offer away; the order of the
        rows is irrelevant.
    Raises: ValueError naming argument, index and world if a quantity is negative or an entry is not a number.
    Source: merit-order dispatch, pro rata at the margin; oracle: tests/oracles/loop_merit.py.
    """
    quantity = rows_by_worlds(offer_quantity, "offer_quantity")
    cost = stretched(unit_cost, quantity.shape, "unit_cost", number_or_never, "a number, or infinity: not on offer")
    need = stretched(wanted, quantity.shape[1:], "wanted")

    return in_merit_order(np.where(cost < np.inf, quantity, 0.0), ranks(cost), need)


def ranks(cost: np.ndarray) -> Ranks:
    """Which offers are cheaper than each, and which cost the same, in each world; cost (offers, ..., worlds)."""
    cheaper = cost[:, np.newaxis] < cost
    equal = ~(cheaper | cheaper.swapaxes(0, 1))
    return Ranks(cheaper.astype(np.float64), equal.astype(np.float64))


def add_up(table: np.ndarray, quantity: np.ndarray) -> np.ndarray:
    """Of each offer the quantity of the others that a table of `Ranks` names, (offers, ..., worlds)."""
    return fold(table * quantity[:, np.newaxis])


def in_merit_order(on_offer: np.ndarray, order: Ranks, need: np.ndarray) -> np.ndarray:
    """As `fill_in_merit_order`, of arrays that are known to be right: what costs infinity is not `on_offer`.

    Args: on_offer: (offers, ..., worlds); need: (..., worlds). Returns: (offers, ..., worlds).
    """
    equal = add_up(order.equal, on_offer)
    reached = np.minimum(np.maximum(need - add_up(order.cheaper, on_offer), 0.0), equal)
    # Where nothing is on offer at this cost, nothing of it is reached.
    return np.minimum(on_offer * (reached / np.maximum(equal, _LEAST)), on_offer)
