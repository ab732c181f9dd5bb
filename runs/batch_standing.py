"""How far a batch is, as whoever drives it tells whoever shows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from runs.batch_worker import peak_bytes


@dataclass
class Standing:
    """How far a batch is: handed to whoever shows progress, and returned at the end."""

    blocks: int
    runs: int
    """Worlds times points, over all scenarios."""
    done_blocks: int = 0
    done_runs: int = 0
    found_runs: int = 0
    """Of the runs done, those that were there before this driver."""
    bytes: int = 0
    seconds: float = 0.0
    deaths: int = 0
    converged: bool = False
    width: float | None = None
    """Half the widest interval of the condition that ends the batch."""
    failed: dict[int, str] = field(default_factory=dict)
    block_seconds: list[float] = field(default_factory=list)
    block_cpu_seconds: list[float] = field(default_factory=list)
    """Of the worker, for each block that this driver had done."""
    peaks: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def runs_per_second(self) -> float:
        """Speed of this driver so far."""
        return (self.done_runs - self.found_runs) / self.seconds if self.seconds > 0.0 else 0.0

    @property
    def cpu_seconds(self) -> float:
        """Of the workers, for all of these blocks."""
        return sum(self.block_cpu_seconds)

    @property
    def peak_bytes(self) -> int:
        """The most memory that driver and workers have held, each at its own peak."""
        return peak_bytes() + sum(self.peaks.values())

    @property
    def whole(self) -> bool:
        """Whether nothing is left to do."""
        return self.converged or self.done_blocks == self.blocks


Listener = Callable[[Standing], None]
