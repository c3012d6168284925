"""Where random words come from: the operating system, or, for experiments, a seed.

Only the first is private. A seeded source lets anybody who knows (or guesses) the seed subtract the noise.
"""

from __future__ import annotations

import os
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

    Small requests are served from a buffer. A forked process never uses its parent's buffer: two releases
    with the same noise would reveal their difference.

    Parameters
    ----------
    buffered_words
        Words fetched at a time, >= 1.
    """

    private = True

    def __init__(self, buffered_words: int = 4096) -> None:
        self._size = buffered_words
        self._buffer = np.empty(0, dtype=np.uint64)
        self._process = os.getpid()

    def words(self, count: int) -> NDArray[np.uint64]:
        """The next `count` words, none of which is given out twice."""
        if count >= self._size:
            return _system_words(count)
        if self._process != os.getpid():
            self._process = os.getpid()
            self._buffer = self._buffer[:0]
        if len(self._buffer) < count:
            self._buffer = _system_words(self._size)
        taken, self._buffer = self._buffer[:count], self._buffer[count:]
        return taken


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
