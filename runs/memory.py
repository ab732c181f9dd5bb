"""The memory of a process that runs worlds, and little else: what it gave back it gets again without asking the system.

A run frees and asks for the same arrays in every quarter. The C library hands large ones back to the system at once,
which clears each page anew when it is touched again: a tenth of the time of 4,000 worlds. And finished markets, rings
of objects, lie about until the collector looks through all that is loaded.
"""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager

# Parameters of glibc's mallopt (malloc.h), and their values where nobody set them.
_TRIM_THRESHOLD, _USUAL_TRIM = -1, 128 * 1024
_MOST_MAPPED, _USUAL_MAPPED = -4, 65_536
_NEVER = 2**31 - 1


@contextmanager
def memory_held() -> Iterator[None]:
    """While it lasts freed memory stays with the process, and the collector passes over what is loaded by now."""
    _set_allocator(_NEVER, 0)
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        _set_allocator(_USUAL_TRIM, _USUAL_MAPPED)


def _set_allocator(trim_bytes: int, mapped: int) -> None:
    """From how many free bytes on memory is given back, and how many arrays may have a mapping of their own."""
    try:
        library = ctypes.CDLL(None)
        library.gnu_get_libc_version  # noqa: B018  others know `mallopt` with other parameters
    except (AttributeError, OSError, TypeError):  # another C library: it does as it does
        return
    library.mallopt(_TRIM_THRESHOLD, trim_bytes)
    library.mallopt(_MOST_MAPPED, mapped)


__all__ = ["memory_held"]
