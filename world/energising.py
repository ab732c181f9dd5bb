"""Energising: whose chips run where an operator's power does not go round, the most efficient first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from world.arrays import (
    Flags,
    PerGeneration,
    PerOperatorGeneration,
    PerRow,
    fold,
    not_negative,
    positive,
    ratio,
    require,
    some,
)


@dataclass(frozen=True)
class PowerLine:
    """In what order generations get power, the most efficient first.

    ranks    for each place in the line: the generations that stand there in some world, each with those worlds (None:
             in all of them)
    tied     for each place: worlds in which whoever stands there needs as much as the one before (None: in none)
    """

    ranks: tuple[tuple[tuple[int, Flags | None], ...], ...]
    tied: tuple[Flags | None, ...]

    @classmethod
    def of(cls, kw_per_h100e: PerGeneration) -> PowerLine:
        """The line by facility power for one H100e."""
        line = np.argsort(kw_per_h100e, axis=0, kind="stable")
        ranks = []
        for places in line:
            there = np.unique(places).tolist()
            ranks.append(tuple((each, places == each if len(there) > 1 else None) for each in there))
        kw = np.take_along_axis(kw_per_h100e, line, axis=0)
        equal = [np.zeros(kw.shape[-1], dtype=bool), *(kw[1:] == kw[:-1])]
        return cls(tuple(ranks), tuple(tied if some(tied) else None for tied in equal))


def energise(
    chips_h100e_m: PerOperatorGeneration, kw_per_h100e: np.ndarray, power_gw: PerRow, line: PowerLine | None = None
) -> PerOperatorGeneration:
    """Switch on the chips of each operator as far as its power goes, the most efficient first.

    Args:                shape                                             unit
        chips_h100e_m    (operators, generations, worlds)                  M H100e, >= 0
        kw_per_h100e     (generations, worlds) or with operators in front  kW of facility power per H100e, > 0
        power_gw         (operators, worlds)                               GW of facility power, >= 0
        line             that of kw_per_h100e without operators in front, if it is known already
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

    deployed = chips.copy()
    needed = chips * kw
    short = fold(needed.swapaxes(0, 1)) > available
    if some(short) and kw.ndim == 2:
        _switch_off(deployed, needed, available, short, PowerLine.of(kw) if line is None else line)
    elif some(short):
        for row in range(operators):
            one = slice(row, row + 1)
            _switch_off(deployed[one], needed[one], available[one], short[one], PowerLine.of(kw[row]))
    return deployed


def _switch_off(
    deployed: np.ndarray, needed: np.ndarray, available: np.ndarray, short: np.ndarray, line: PowerLine
) -> None:
    """Cut what is deployed, where power is short, to what is left once those ahead in the line have theirs."""
    # Equals have what was left for the first of them to share.
    left = available
    levels = _with_equals([_standing_there(needed, rank) for rank in line.ranks], line.tied)
    for place, (level, rank) in enumerate(zip(levels, line.ranks, strict=True)):
        if not some(level):  # nobody has any of it anywhere
            continue
        share = np.where(short, ratio(left.clip(0.0, level), level), 1.0)
        for generation, worlds in rank:
            deployed[:, generation] *= share if worlds is None else np.where(worlds, share, 1.0)
        follows = line.tied[place + 1] if place + 1 < len(line.tied) else None
        left = left - (level if follows is None else np.where(follows, 0.0, level))


def _standing_there(needed: np.ndarray, rank: tuple[tuple[int, Flags | None], ...]) -> np.ndarray:
    """Power that whoever stands at a place needs, (operators, worlds)."""
    (first, _), *others = rank
    wanted = needed[:, first]
    for generation, worlds in others:
        if worlds is not None:
            wanted = np.where(worlds, needed[:, generation], wanted)
    return wanted


def _with_equals(wanted: list[np.ndarray], tied: tuple[Flags | None, ...]) -> list[np.ndarray]:
    """Power that each place needs together with all who need as much for one H100e."""
    together = list(wanted)
    for place, equal in enumerate(tied):
        if equal is not None:
            together[place] = wanted[place] + np.where(equal, together[place - 1], 0.0)
    for place in reversed(range(len(tied) - 1)):
        follows = tied[place + 1]
        if follows is not None:
            together[place] = np.where(follows, together[place + 1], together[place])
    return together
