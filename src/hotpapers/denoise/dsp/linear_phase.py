"""Filters given by their gain at each frequency: linear phase, the delay taken out, so that nothing moves in time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.signal.windows import hann

from hotpapers.denoise.dsp.aligned import Samples, SegmentStage

__all__ = ["LinearPhaseFilter", "taps_of"]

Gain = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def taps_of(gain: Gain, sr: int, seconds: float) -> NDArray[np.float64]:
    """Symmetric taps, an odd number, whose frequency response comes close to a gain (window method).

    Parameters
    ----------
    gain
        Gain as a function of frequencies in Hz.
    sr
        Rate in Hz.
    seconds
        Length of the filter: it resolves differences of about 2 / seconds in Hz.
    """
    half = round(seconds * sr / 2)
    size = fft.next_fast_len(8 * half, real=True)
    response = fft.irfft(gain(fft.rfftfreq(size, 1 / sr)), size)
    taps: NDArray[np.float64] = np.concatenate([response[-half:], response[: half + 1]])
    return np.asarray(taps * hann(2 * half + 1))


class LinearPhaseFilter(SegmentStage):
    """Streaming convolution with symmetric taps, without delay.

    Parameters
    ----------
    taps : (2 half + 1,)
        Of `taps_of`.
    channels
        Channels of the recording.
    """

    def __init__(self, taps: NDArray[np.float64], *, channels: int) -> None:
        half = len(taps) // 2
        self._length = fft.next_fast_len(max(8 * half, 1 << 15), real=True)
        super().__init__(self._length - 2 * half, half, channels)
        # What the filter takes away, so that what it leaves alone keeps its bits as nearly as can be.
        removal = -taps
        removal[half] += 1
        self._spectrum = fft.rfft(removal, self._length)[:, None]

    def _centre(self, around: Samples) -> Samples:
        spectra = fft.rfft(around.astype(np.float64), self._length, axis=0)
        removed = fft.irfft(spectra * self._spectrum, self._length, axis=0)[2 * self.context :]
        kept: Samples = around[self.context : self.context + self.size] - removed.astype(np.float32)
        return kept
