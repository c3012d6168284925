"""Where random words come from: the operating system, or, for experiments, a seed.

Only the first is private. A seeded source lets anybody who knows (or guesses) the seed subtract the noise.
"""

from __future__ import annotations

import os
import threading
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["EntropySource", "SeededEntropy", "SystemEntropy"]


class EntropySource(Protocol):
    """A stream of independent uniform 64-bit words.

    `private` is False where the words can be reproduced; a report on anything drawn from such a source must
    say "NOT PRIVATE: seeded".
    """

    private: bool

    def words(self, count: int) -> NDArray[np.uint64]:
        """The next `count` words."""
        ...


class SystemEntropy:
    """Words of the operating system's cryptographic generator (`os.urandom`).

    Small requests are served from a buffer, one for each thread; a forked process never uses its parent's.
    Two releases with the same noise would reveal their difference.

    Parameters
    ----------
    buffered_words
        Words fetched at a time, >= 1.
    """

    private = True

    def __init__(self, buffered_words: int = 4096) -> None:
        self._size = buffered_words
        self._own = _ThreadBuffer()

    def words(self, count: int) -> NDArray[np.uint64]:
        """The next `count` words, none of which is given out twice."""
        if count >= self._size:
            return _system_words(count)
        own = self._own
        if own.process != os.getpid() or len(own.words) < count:
            own.process, own.words = os.getpid(), _system_words(self._size)
        taken, own.words = own.words[:count], own.words[count:]
        return taken


class _ThreadBuffer(threading.local):
    """Words that no other thread sees, and the process that fetched them."""

    def __init__(self) -> None:
        self.process = -1
        self.words: NDArray[np.uint64] = np.empty(0, dtype=np.uint64)


class SeededEntropy:
    """Reproducible words for tests and experiments: NOT PRIVATE.

    Parameters
    ----------
    seed
        Anything `numpy.random.default_rng` takes.
    """

    private = False

    def __init__(self, seed: int | np.random.Generator) -> None:
        self._generator = np.random.default_rng(seed)

    def words(self, count: int) -> NDArray[np.uint64]:
        """The next `count` words."""
        return self._generator.integers(0, 2**64, size=count, dtype=np.uint64, endpoint=False)


def _system_words(count: int) -> NDArray[np.uint64]:
    return np.frombuffer(os.urandom(8 * count), dtype=np.uint64)
