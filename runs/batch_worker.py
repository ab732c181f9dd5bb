"""How a worker process begins and ends: light to import, so that its watch starts before anything heavy loads."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

SECONDS_BETWEEN = 0.5
"""How often a worker looks whether its driver lives."""


def begin_work(driver: int) -> None:
    """Start a worker of this machine: it leaves Ctrl-C to its driver, and does not outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_watch, args=(driver,), daemon=True, name="driver-watch").start()


def _watch(driver: int) -> None:
    # A process whose parent has died gets another one, at once.
    while os.getppid() == driver:
        time.sleep(SECONDS_BETWEEN)
    os._exit(1)


def peak_bytes() -> int:
    """The most memory that this process has held so far, bytes; 0 where the system does not say."""
    try:
        for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        import resource
    except ImportError:
        return 0
    # Kilobytes, but bytes on macOS, the only other system that has no /proc.
    return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
