"""Kinds of noise that are to stay: put aside before the net, and back after it."""

from __future__ import annotations

import numpy as np

from hotpapers.denoise.dsp.aligned import Samples
from hotpapers.denoise.stages import Noting, Stage
from hotpapers.media.audio import SampleQueue

__all__ = ["Keeping"]


class Keeping:
    """What one stage takes away is hidden from another, and given back unchanged.

    Parameters
    ----------
    aside
        Takes away what is to stay.
    inner
        Works on the rest.
    channels
        Of the recording.
    """

    def __init__(self, aside: Stage, inner: Stage, channels: int) -> None:
        self._aside, self._inner = aside, inner
        self._recording = SampleQueue(channels, np.float32)
        self._kept = SampleQueue(channels, np.float32)

    def push(self, block: Samples) -> Samples:
        """Take the next samples and give those that are done."""
        self._recording.put(np.array(block, np.float32))
        return self._with_kept(self._inner.push(self._hidden(self._aside.push(block))))

    def flush(self) -> Samples:
        """End the recording and give the rest."""
        done = self._with_kept(self._inner.push(self._hidden(self._aside.flush())))
        return np.concatenate([done, self._with_kept(self._inner.flush())])

    def notes(self) -> list[str]:
        """What the inner stage has to say."""
        return self._inner.notes() if isinstance(self._inner, Noting) else []

    def _hidden(self, rest: Samples) -> Samples:
        self._kept.put(self._recording.take(len(rest)) - rest)
        return rest

    def _with_kept(self, done: Samples) -> Samples:
        return np.asarray(done + self._kept.take(len(done)), np.float32)
