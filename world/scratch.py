"""Working arrays that are used again, so that large temporaries are not fetched from the system page by page.

An array of more than about 100 kB is handed back to the system when it is dropped and comes back as untouched pages;
fetching those costs more than the arithmetic on them (measured: threefold in the rental market).
"""

from __future__ import annotations

import math
import threading

import numpy as np


class Scratch(threading.local):
    """Named float64 buffers of one mechanism, one set per thread; they grow to the largest shape asked for.

    What comes back holds rubbish until it is written, and must never leave the mechanism.
    """

    def __init__(self) -> None:
        self._buffers: dict[str, np.ndarray] = {}

    def array(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        """A contiguous array of the shape; the next call with the same name hands out the same memory."""
        size = math.prod(shape)
        buffer = self._buffers.get(name)
        if buffer is None or buffer.size < size:
            buffer = self._buffers[name] = np.empty(size)
        return buffer[:size].reshape(shape)
