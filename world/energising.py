"""Energising: whose chips run where an operator's power does not go round, the most efficient first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from world.arrays import PerOperatorGeneration, PerRow, fold, not_negative, positive, require, some

Others = tuple[tuple[int, np.ndarray | None], ...]
"""Generations, each with a one for every world in which it is meant and a zero for the rest (None: in all)."""
_LEAST_POWER = 1e-300
"""Below any power there is; divides nothing by nothing."""


@dataclass(frozen=True)
class PowerLine:
    """In what order generations get power, the most efficient first.

    ahead    for each generation: those that need less for one H100e
    equal    for each generation: the others that need as much
    """

    ahead: tuple[Others, ...]
    equal: tuple[Others, ...]

    @classmethod
    def of(cls, kw_per_h100e: np.ndarray) -> PowerLine:
        """The line by facility power for one H100e, (generations, worlds) or with operators in front."""
        return cls(_others(kw_per_h100e, np.less), _others(kw_per_h100e, np.equal))


def _others(kw: np.ndarray, stands: np.ufunc) -> tuple[Others, ...]:
    every = range(kw.shape[-2])
    here = [[(other, stands(kw[..., other, :], kw[..., row, :])) for other in every if other != row] for row in every]
    return tuple(
        tuple((other, None if worlds.all() else worlds.astype(float)) for other, worlds in row if some(worlds))
        for row in here
    )


def energise(
    chips_h100e_m: PerOperatorGeneration, kw_per_h100e: np.ndarray, power_gw: PerRow, line: PowerLine | None = None
) -> PerOperatorGeneration:
    """Switch on the chips of each operator as far as its power goes, the most efficient first.

    Args:                shape                                             unit
        chips_h100e_m    (operators, generations, worlds)                  M H100e, >= 0
        kw_per_h100e     (generations, worlds) or with operators in front  kW of facility power per H100e, > 0
        power_gw         (operators, worlds)                               GW of facility power, >= 0
        line             that of kw_per_h100e, if it is known already
    Returns: deployed    (operators, generations, worlds)                  M H100e; generations that need equal
                                                                           power share what is left in proportion
    Laws (tests/invariants/test_fleets.py): within chips and power; no power idle while chips wait; no chip runs
        while a more efficient one of the same operator waits; more power never switches anything off.
    Raises: ValueError naming argument, index and world.
    Source: DESIGN 6.6 (the least efficient are curtailed first); oracle: tests/oracles/loop_fleets.py.
    """
    chips = require(chips_h100e_m, not_negative, "chips_h100e_m", "a finite number >= 0")
    available = require(power_gw, not_negative, "power_gw", "a finite number >= 0")
    kw = require(kw_per_h100e, positive, "kw_per_h100e", "a finite number > 0")
    operators, generations, worlds = chips.shape
    if available.shape != (operators, worlds):
        raise ValueError(f"power_gw: expected shape {(operators, worlds)}, got {available.shape}")
    if kw.shape not in ((generations, worlds), chips.shape):
        raise ValueError(f"kw_per_h100e: expected {(generations, worlds)} or {chips.shape}, got {kw.shape}")

    return switch_on(chips, chips * kw, available, PowerLine.of(kw) if line is None else line)


def switch_on(chips: PerOperatorGeneration, needed: np.ndarray, power: PerRow, line: PowerLine) -> np.ndarray:
    """`energise` unchecked; needed (operators, generations, worlds) is the power that all of the chips take, GW."""
    deployed = chips.copy()
    short = fold(needed.swapaxes(0, 1)) > power
    if not some(short):
        return deployed
    hit = np.flatnonzero(short.any(axis=1))
    who = slice(int(hit[0]), int(hit[-1]) + 1)
    available, needed = np.where(short[who], power[who], np.inf), needed[who]
    there = np.flatnonzero(needed.max(axis=(0, 2))).tolist()
    for row in there:
        # Equals have what is left for the first of them to share.
        left, level = available.copy(), needed[:, row].copy()
        for total, sign, others in ((left, np.subtract, line.ahead[row]), (level, np.add, line.equal[row])):
            for other, worlds in others:
                if other in there:
                    sign(total, needed[:, other] if worlds is None else needed[:, other] * worlds, out=total)
        if some(left < level):
            share = np.minimum(np.maximum(left, 0.0, out=left), level, out=left)
            share /= np.maximum(level, _LEAST_POWER, out=level)
            deployed[who, row] *= share
    return deployed
