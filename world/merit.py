"""Merit order: a need is filled from the cheapest offer up."""

from __future__ import annotations

import numpy as np

from world.arrays import PerRow, fold, ratio
from world.rows import number_or_never, rows_by_worlds, stretched


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

    on_offer = np.where(cost < np.inf, quantity, 0.0)
    # Each offer, on the second axis, against every other; times a truth value, not np.where: half the time.
    others, supplied = cost[:, np.newaxis], on_offer[:, np.newaxis]
    cheaper = fold((others < cost) * supplied)
    equal = fold((others == cost) * supplied)
    reached = np.minimum(np.maximum(need - cheaper, 0.0), equal)
    return np.minimum(on_offer * ratio(reached, equal), on_offer)
