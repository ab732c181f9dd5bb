"""A progress bar on a terminal's standard error, and nothing anywhere else."""

from __future__ import annotations

import shutil
import sys
import time
from types import TracebackType

SECONDS_BETWEEN = 0.1


class Progress:
    """Call it with what is done and the total; use it as a context, so that the line is wiped at the end."""

    def __init__(self, label: str, quiet: bool = False) -> None:
        self.label = label
        self.shown = not quiet and sys.stderr is not None and sys.stderr.isatty()
        self.began = time.monotonic()
        self.last = 0.0

    def __enter__(self) -> Progress:
        return self

    def __call__(self, done: int, total: int) -> None:
        """Draw the bar, at most ten times a second."""
        now = time.monotonic()
        if not self.shown or now - self.last < SECONDS_BETWEEN:
            return
        self.last = now
        sys.stderr.write("\r" + bar(self.label, done / max(total, 1), now - self.began, _width()) + "\x1b[K")
        sys.stderr.flush()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.shown and self.last > 0.0:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def bar(label: str, share: float, seconds: float, width: int) -> str:
    """One line of at most `width` - 1 characters: label, bar, share done, seconds left."""
    left = f"{seconds * (1.0 - share) / share:.0f} s left" if share > 0.02 and seconds > 1.0 else ""
    tail = f" {100.0 * share:3.0f} % {left:>10}"
    room = max(width - 1 - len(label) - len(tail) - 3, 4)
    full = round(room * share)
    return f"{label} [{'#' * full}{'.' * (room - full)}]{tail}"[: width - 1]


def _width() -> int:
    return shutil.get_terminal_size((80, 24)).columns
