"""The short-time Fourier transform of the classical engine: sqrt-Hann both ways, hop a quarter, streaming."""

from __future__ import annotations

from abc import abstractmethod
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from hotpapers.denoise.dsp.aligned import AlignedStage, Samples

__all__ = ["Spectra", "SpectralStage", "frame_length", "power_spectra", "sqrt_hann"]

Spectra = NDArray[np.complex64]

_GROUP = 16  # frames transformed together


@lru_cache(maxsize=8)
def sqrt_hann(n_fft: int) -> Samples:
    """The periodic square-root Hann window: its squares at hop n_fft/4 add up to 2."""
    turns = np.arange(n_fft) / n_fft
    return np.sqrt(0.5 - 0.5 * np.cos(2 * np.pi * turns)).astype(np.float32)


def frame_length(sr: int) -> int:
    """The power of two whose frames are closest to 2048 samples at 44,100 Hz (46 ms).

    Examples
    --------
    >>> [frame_length(sr) for sr in (8000, 44100, 48000, 96000)]
    [512, 2048, 2048, 4096]
    """
    exponent: int = round(np.log2(2048 * sr / 44_100))
    return int(1 << exponent)


def power_spectra(samples: Samples, n_fft: int) -> NDArray[np.float32]:
    """Power of every whole frame of a signal at hop n_fft/4.

    Parameters
    ----------
    samples : (n,) or (n, channels)
        Audio; where it is shorter than a frame, zeros follow it.

    Returns
    -------
    array (frames, bins) or (frames, channels, bins)
    """
    if len(samples) < n_fft:
        samples = np.pad(samples, [(0, n_fft - len(samples))] + [(0, 0)] * (samples.ndim - 1))
    frames = np.lib.stride_tricks.sliding_window_view(samples, n_fft, axis=0)[:: n_fft // 4]
    spectra = fft.rfft(frames * sqrt_hann(n_fft), axis=-1)
    power: NDArray[np.float32] = np.square(spectra.real) + np.square(spectra.imag)
    return power


class SpectralStage(AlignedStage):
    """A stage that changes spectra: `_shape` gets those of a group of frames, in order.

    Parameters
    ----------
    n_fft
        Samples of a frame; the hop is a quarter of it.
    channels
        Channels of the recording.
    """

    def __init__(self, n_fft: int, channels: int) -> None:
        hop = n_fft // 4
        super().__init__(_GROUP * hop, n_fft - hop, channels)
        self.n_fft, self.hop = n_fft, hop
        self._before = np.zeros((n_fft - hop, channels), np.float32)
        self._tail = np.zeros((n_fft - hop, channels), np.float32)

    @abstractmethod
    def _shape(self, spectra: Spectra) -> Spectra:
        """Change spectra (frames, channels, bins)."""

    def _process(self, block: Samples) -> Samples:
        samples = np.concatenate([self._before, block])
        self._before = samples[self.size :]
        window = sqrt_hann(self.n_fft)
        frames = np.lib.stride_tricks.sliding_window_view(samples, self.n_fft, axis=0)[:: self.hop]
        shaped = self._shape(fft.rfft(frames * window, axis=-1))
        pieces = fft.irfft(shaped, self.n_fft, axis=-1) * (window * np.float32(0.5))
        out = np.zeros_like(samples)
        out[: len(self._tail)] = self._tail
        for at, piece in zip(range(0, self.size, self.hop), pieces, strict=True):
            out[at : at + self.n_fft] += piece.T
        self._tail = out[self.size :]
        return out[: self.size]
