"""One tenant, one world: fill by hand, fill again without each provider, share the difference."""

from __future__ import annotations

from tests.oracles.loop_merit import merit_order_one_world


def gain_one_world(offered: list[float], gain: list[float], wanted: float) -> float:
    """v: the most that can be gained over fills from these offers."""
    value, missing = 0.0, wanted
    for row in sorted(range(len(offered)), key=lambda row: -gain[row]):
        if gain[row] > 0.0:
            taken = min(offered[row], missing)
            value += gain[row] * taken
            missing -= taken
    return value


def bargain_one_world(
    offered: list[float],
    reservation: list[float],
    penalty: list[float],
    saved: float,
    wanted: float,
    weight: list[float],
) -> tuple[list[float], list[float], float, list[float]]:
    """Quantity, payment, v(all) and v(all) - v(all without j)."""
    rows = range(len(offered))
    cost = [reservation[row] + penalty[row] for row in rows]
    gain = [max(saved - cost[row], 0.0) for row in rows]
    quantity = merit_order_one_world(offered, [cost[row] if gain[row] > 0.0 else float("inf") for row in rows], wanted)
    everybody = gain_one_world(offered, gain, wanted)
    marginal = [
        everybody - gain_one_world([0.0 if row == left_out else offered[row] for row in rows], gain, wanted)
        for left_out in rows
    ]
    payment = [
        (reservation[row] * quantity[row] if quantity[row] else 0.0) + weight[row] * marginal[row] for row in rows
    ]
    return quantity, payment, everybody, marginal
