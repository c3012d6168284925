"""Seconds of a recording of any length, spread over all of it."""

from __future__ import annotations

from hotpapers.denoise.dsp.aligned import Samples

__all__ = ["SpreadSeconds"]

_MOST = 8


class SpreadSeconds:
    """Keeps from 5 to 8 whole seconds of a recording that has as many, evenly spread, the first among them.

    Parameters
    ----------
    sr
        Rate in Hz.
    """

    def __init__(self, sr: int) -> None:
        self._sr, self._every, self._seen = sr, 1, 0
        self._kept: list[Samples] = []

    def add(self, piece: Samples) -> None:
        """Take in the next piece (n, channels), whole seconds unless it is the last."""
        for start in range(0, len(piece) - self._sr + 1, self._sr):
            if self._seen % self._every == 0:
                self._kept.append(piece[start : start + self._sr].copy())
            if len(self._kept) > _MOST:
                self._kept, self._every = self._kept[::2], 2 * self._every
            self._seen += 1

    def seconds(self) -> tuple[Samples, ...]:
        """Those that are kept, in order, each (sr, channels)."""
        return tuple(self._kept)
