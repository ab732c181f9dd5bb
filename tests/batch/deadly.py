"""A plugged-in policy that takes its worker down in one world: what a crash of a library would do."""

from __future__ import annotations

import os

from agents.base import policy
from agents.openai import Diversify
from world.arrays import PerRow

DEADLY_WORLD = 4


@policy("openai", "deadly")
class Deadly(Diversify):
    """As the default, but the process that runs world 4 dies."""

    def dependence_cost(self, firm: object, share: PerRow) -> PerRow:
        if DEADLY_WORLD in firm.model.draws.world_numbers:  # type: ignore[attr-defined]
            os._exit(3)
        return super().dependence_cost(firm, share)  # type: ignore[arg-type]
