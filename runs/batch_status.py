"""How far a batch is, read from its directory by anybody at any time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from runs.batch_folder import at_work
from runs.store import open_batch
from runs.store_files import ASIDE, file_name, record_path


def status(folder: Path, verify: bool = False) -> dict[str, Any]:
    """What the directory says: done, left, speed, whether somebody is at work; with `verify` also what is damaged.

    Raises: ValueError if it is not a batch.
    """
    batch = open_batch(folder)
    plan = batch.plan
    total = plan.runs_per_scenario * len(plan.request.scenarios)
    working = at_work(folder)
    rate = _rate([record_path(folder, block) for block in batch.blocks], batch.runs, len(batch.blocks))
    left = total - batch.runs
    return {
        "batch": str(folder),
        "scenarios": list(batch.scenarios),
        "seed": plan.request.seed,
        "worlds_done": batch.runs,
        "worlds": total,
        "blocks_done": len(batch.blocks),
        "blocks": len(plan.blocks),
        "points": plan.points,
        "keeps": list(batch.tables),
        "bytes_on_disk": sum(
            (folder / file_name(table, block)).stat().st_size for block in batch.blocks for table in batch.tables
        ),
        "ends_early_when": plan.request.until_ci,
        "driver_at_work": working,
        "worlds_per_second": rate if working else None,
        "seconds_left_at_most": left / rate if working and rate else None,
        "set_aside": sorted(path.name for path in (folder / ASIDE).glob("*.damaged")),
        "damaged": batch.verify() if verify else None,
    }


def _rate(records: list[Path], runs: int, blocks: int) -> float | None:
    """Worlds a second since the first block of all, by the times of the records; resting time counts."""
    times = sorted(path.stat().st_mtime for path in records)
    if len(times) < 2 or times[-1] <= times[0]:
        return None
    return (runs / blocks) * (blocks - 1) / (times[-1] - times[0])
