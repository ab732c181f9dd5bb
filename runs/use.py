"""What users take of the compute that was cleared: of each generation their strength times one quantity."""

from __future__ import annotations

from runs.state import State
from world.arrays import PerGeneration, PerRow, PerWorld, locked


def used_h100e_m(s: State) -> PerRow:
    """Compute that each user took at the last clearing, all generations together, (users, worlds) M H100e."""
    if s.market.used_h100e_m is None:
        s.market.used_h100e_m = locked(use_at(s, s.market.taken_h100e_m))
    return s.market.used_h100e_m


def use_at(s: State, taken: PerGeneration) -> PerRow:
    """Add what each user takes up over the generations, (users, worlds).

    Args: taken: (generations, worlds) what a strength of one takes of each, M H100e, or that in another unit.
    """
    per_strength = s.cast.nests.usable.fold(taken)
    return s.market.strength * per_strength.take(s.cast.kind_of_user, axis=0)


def used_by(s: State, user: str, worth: PerGeneration) -> PerWorld:
    """What one user takes, each generation at its worth per H100e, (worlds,)."""
    row = s.cast.user[user]
    taken: PerWorld = s.cast.nests.usable.fold(s.market.taken_h100e_m * worth)[s.cast.kind_of_user[row]]
    return s.market.strength[row] * taken


def bought_h100e_m(s: State) -> PerGeneration:
    """What all users together took of each generation, (generations, worlds) M H100e."""
    return s.cast.nests.takers.fold(s.market.strength) * s.market.taken_h100e_m
