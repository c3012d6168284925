"""Sampling rates changed block by block, without a delay and at the exact length."""

from __future__ import annotations

from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from hotpapers.media.audio.errors import AudioError

__all__ = ["Resampler"]


class Resampler:
    """A stream at another rate: sample k of the output stands at the time ``k / target_rate``.

    soxr at its best quality (linear phase, so nothing is delayed). Equal rates pass through unchanged.

    Parameters
    ----------
    source_rate, target_rate
        In Hz.
    channels
        Of the blocks.

    Examples
    --------
    >>> import numpy as np
    >>> resampler = Resampler(8000, 16000, 1)
    >>> first = resampler.push(np.zeros((100, 1), np.float32))
    >>> len(first) + len(resampler.flush())
    200
    """

    def __init__(self, source_rate: int, target_rate: int, channels: int) -> None:
        if source_rate < 1 or target_rate < 1:
            raise AudioError(f"no resampling from {source_rate} to {target_rate} Hz: rates are positive")
        self._rates = (source_rate, target_rate)
        self._channels = channels
        self._came = self._went = 0
        self._stream: Any = None
        if source_rate != target_rate:
            self._stream = soxr.ResampleStream(source_rate, target_rate, channels, "float32", "VHQ")

    def push(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take a block of shape ``(n, channels)``; give what is ready, maybe nothing."""
        self._came += len(block)
        out = block if self._stream is None else self._stream.resample_chunk(_float32(block))
        self._went += len(out)
        return np.asarray(out, np.float32)

    def flush(self, length: int | None = None) -> NDArray[np.float32]:
        """The rest.

        Parameters
        ----------
        length
            Frames that the whole output shall have; the input's length times the ratio of the rates, rounded,
            where left out. Less is cut off, more is silence.
        """
        source, target = self._rates
        wanted = (2 * self._came * target + source) // (2 * source) if length is None else length
        out: NDArray[np.float32] = np.zeros((0, self._channels), np.float32)
        if self._stream is not None and self._came:
            out = self._stream.resample_chunk(out, last=True)
        missing = max(0, wanted - self._went)
        self._went += missing
        return np.concatenate(
            [out[:missing], np.zeros((max(0, missing - len(out)), self._channels), np.float32)]
        )


def _float32(block: NDArray[Any]) -> NDArray[np.float32]:
    return np.ascontiguousarray(block, np.float32)
