"""Samples that wait: put in at the end, taken out at the front."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["SampleQueue"]


class SampleQueue:
    """A queue of frames, each a row of one value a channel.

    Parameters
    ----------
    channels
        Values in a frame.
    dtype
        Of the samples.

    Examples
    --------
    >>> import numpy as np
    >>> queue = SampleQueue(1, np.float32)
    >>> queue.put(np.ones((5, 1), np.float32))
    >>> queue.take(3).shape, len(queue)
    ((3, 1), 2)
    """

    def __init__(self, channels: int, dtype: Any) -> None:
        self._blocks: deque[NDArray[Any]] = deque()
        self._empty = np.zeros((0, channels), dtype)
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def put(self, block: NDArray[Any]) -> None:
        """Append frames, shape ``(n, channels)``; the array must not be changed afterwards."""
        if len(block):
            self._blocks.append(block)
            self._length += len(block)

    def take(self, count: int) -> NDArray[Any]:
        """Remove and return the first `count` frames, or as many as there are."""
        taken = []
        missing = min(count, self._length)
        self._length -= missing
        while missing:
            block = self._blocks.popleft()
            if len(block) > missing:
                self._blocks.appendleft(block[missing:])
                block = block[:missing]
            taken.append(block)
            missing -= len(block)
        if len(taken) == 1:
            return taken[0]
        return np.concatenate(taken) if taken else self._empty

    def peek(self, count: int) -> NDArray[Any]:
        """The first `count` frames, or as many as there are, which stay."""
        block = self.take(count)
        if len(block):
            self._blocks.appendleft(block)
            self._length += len(block)
        return block
