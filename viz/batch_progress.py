"""How far a batch is: a bar on a terminal, plain lines now and then elsewhere, nothing when quiet; and its summary."""

from __future__ import annotations

import shutil
import sys
import time
from statistics import median
from typing import TYPE_CHECKING, Any

from viz.progress import bar

if TYPE_CHECKING:
    from runs.batch_standing import Standing

SECONDS_BETWEEN = 0.2
SECONDS_BETWEEN_LINES = 30.0
SHARE_BETWEEN_LINES = 0.1


class BatchProgress:
    """Called with the standing after each block; use it as a context, so that the bar is wiped at the end."""

    def __init__(self, label: str, quiet: bool) -> None:
        self.label = label
        self.quiet = quiet
        self.terminal = not quiet and sys.stderr is not None and sys.stderr.isatty()
        self.began = self.last = time.monotonic()
        self.share = -1.0
        self.noted = 0

    def __enter__(self) -> BatchProgress:
        return self

    def __exit__(self, *_: object) -> None:
        if self.terminal:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def __call__(self, standing: Standing) -> None:
        """Draw the bar, or print a line when a tenth more is done or half a minute has passed.

        If whoever looked is gone, the batch goes on unseen.
        """
        if self.quiet:
            return
        try:
            self._show(standing)
        except OSError:
            self.quiet, self.terminal = True, False

    def _show(self, standing: Standing) -> None:
        for note in standing.notes[self.noted :]:
            self._line(note)
        self.noted = len(standing.notes)
        now = time.monotonic()
        share = standing.done_runs / standing.runs
        if self.terminal:
            if now - self.last >= SECONDS_BETWEEN:
                self.last = now
                width = shutil.get_terminal_size((80, 24)).columns
                label = f"{self.label} {speed(standing)}"
                sys.stderr.write("\r" + bar(label, share, standing.seconds, width) + "\x1b[K")
                sys.stderr.flush()
        elif share >= self.share + SHARE_BETWEEN_LINES or now - self.last >= SECONDS_BETWEEN_LINES:
            self.last, self.share = now, share
            self._line(
                f"{standing.done_blocks:,} of {standing.blocks:,} blocks, {100 * share:.0f} %, {speed(standing)}"
            )

    def _line(self, text: str) -> None:
        start = "\r\x1b[K" if self.terminal else ""
        print(f"{start}{self.label}: {text}", file=sys.stderr, flush=True)


def speed(standing: Standing) -> str:
    """Speed and memory so far, and how wide the interval is where that ends the batch."""
    text = f"{standing.runs_per_second:,.0f} worlds/s, {standing.peak_bytes / 1e6:,.0f} MB"
    return text if standing.width is None else f"{text}, within {standing.width:.3g}"


def standing_facts(standing: Standing) -> dict[str, Any]:
    """The standing as a document."""
    return {
        "worlds": standing.done_runs,
        "blocks_done": standing.done_blocks,
        "blocks": standing.blocks,
        "complete": standing.whole,
        "converged": standing.converged,
        "interval_half_width": standing.width,
        "failed_blocks": {str(index): text for index, text in sorted(standing.failed.items())},
        "notes": standing.notes,
        "dead_workers": standing.deaths,
        "seconds": standing.seconds,
        "worlds_per_second": standing.runs_per_second,
        "processor_seconds": standing.cpu_seconds,
        "peak_memory_mb": standing.peak_bytes / 1e6,
        "bytes_on_disk": standing.bytes,
        "median_block_seconds_first_and_last_tenth": tenths(standing),
    }


def tenths(standing: Standing) -> list[float] | None:
    """Median time of the first and of the last tenth of the blocks, seconds; None below twenty."""
    times = standing.block_seconds
    part = len(times) // 10
    return [median(times[:part]), median(times[-part:])] if part >= 2 else None


def summary_lines(standing: Standing, folder: str) -> list[str]:
    """What became of the batch, for a reader."""
    found = standing.found_runs
    blocks = f"{standing.done_blocks:,} of {standing.blocks:,} blocks, {standing.bytes / 1e6:,.1f} MB in {folder}"
    lines = [f"{standing.done_runs:,} of {standing.runs:,} worlds in {blocks}"]
    if standing.done_runs > found:
        lines.append(
            f"{standing.done_runs - found:,} worlds run in {standing.seconds:,.1f} s: {standing.runs_per_second:,.0f} "
            f"worlds/s, peak memory {standing.peak_bytes / 1e6:,.0f} MB in all"
        )
    if found:
        lines.append(f"{found:,} worlds were there and are intact")
    if standing.converged:
        lines.append(f"ended early: the widest 95 % interval is within {standing.width:.3g}")
    elif standing.width is not None:
        lines.append(f"not as close as asked: the widest 95 % interval is within {standing.width:.3g}")
    if standing.deaths:
        lines.append(f"workers that died and were replaced: {standing.deaths}")
    for index, text in sorted(standing.failed.items()):
        lines.append(f"block {index} failed: {text}")
    return lines
