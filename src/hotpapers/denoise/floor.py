"""The level that each frequency falls to in the quiet moments between the notes, from a histogram per bin."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from hotpapers.denoise.dsp.spectral import frame_length

__all__ = ["LevelHistogram"]

_LOWEST_DB, _HIGHEST_DB = -180, 60
_SILENT_DB = -130.0  # mean level of the bins of a frame that holds nothing
# Quantiles of the power of Gaussian noise in a bin, relative to its mean: -ln(1 - q) in dB.
_TENTH_DB = 10 * np.log10(-np.log(0.9))
_RUMBLE_HZ = 100.0
_STEADY_DB = (6.0, 11.0)  # median over 10 % quantile where noise fills a bin: 8.2
_SMOOTH_DB = 2.5  # of a bin's median against its neighbours'
_NEIGHBOURS = 15  # bins
_CERTAIN_HZ, _STEEPEST_DB = 2000.0, 3.0  # above it music pauses; dB per octave below


class LevelHistogram:
    """How often each bin of the spectrum has which level: memory that doesn't grow with the recording.

    Parameters
    ----------
    sr
        Rate in Hz.
    n_fft
        Samples of a frame; those of `frame_length` where left out.
    """

    def __init__(self, sr: int, n_fft: int | None = None) -> None:
        self.sr, self.n_fft = sr, n_fft or frame_length(sr)
        self._bins = self.n_fft // 2 + 1
        self._counts = np.zeros((self._bins, _HIGHEST_DB - _LOWEST_DB), np.int64)

    def add(self, power: NDArray[np.float32]) -> None:
        """Take in frames (frames, bins); those of digital silence say nothing."""
        levels = 10 * np.log10(power + 1e-18)
        levels = levels[levels.mean(axis=1) > _SILENT_DB]
        index = np.clip(np.floor(levels) - _LOWEST_DB, 0, _HIGHEST_DB - _LOWEST_DB - 1).astype(np.intp)
        index += np.arange(self._bins) * (_HIGHEST_DB - _LOWEST_DB)
        self._counts += np.bincount(index.ravel(), minlength=self._counts.size).reshape(self._counts.shape)

    @property
    def frames(self) -> int:
        """Frames that were heard."""
        return int(self._counts[0].sum())

    @property
    def frequencies(self) -> NDArray[np.float64]:
        """Of the bins, in Hz."""
        found: NDArray[np.float64] = np.arange(self._bins) * self.sr / self.n_fft
        return found

    def quantile(self, q: float) -> NDArray[np.float64]:
        """The level in dB, per bin, that a share `q` of the frames stays below; interpolated."""
        below = np.cumsum(self._counts, axis=1)
        wanted = q * below[:, -1:]
        at = np.argmax(below >= np.maximum(wanted, 1e-9), axis=1)[:, None]
        inside = np.take_along_axis(self._counts, at, axis=1)
        before = np.take_along_axis(below, at, axis=1) - inside
        return np.asarray((at + (wanted - before) / np.maximum(inside, 1) + _LOWEST_DB)[:, 0])

    def noise_share(self) -> float:
        """Share of the bins from 1 kHz to 16 kHz that steady noise fills; 0 where nothing was heard.

        Their levels are spread as those of noise, and none stands out of its neighbours: held chords of strings or
        voices waver as noise does, but have lines.
        """
        if not self.frames:
            return 0.0
        inside = (self.frequencies >= 1000) & (self.frequencies < min(16_000.0, 0.45 * self.sr))
        return float(np.mean(self._noise_like()[inside]))

    def _noise_like(self) -> NDArray[np.bool_]:
        """(bins,): whether steady noise fills the bin."""
        median = self.quantile(0.5)
        spread = median - self.quantile(0.1)
        smooth = np.abs(median - median_filter(median, _NEIGHBOURS, mode="nearest")) < _SMOOTH_DB
        found: NDArray[np.bool_] = (spread > _STEADY_DB[0]) & (spread < _STEADY_DB[1]) & smooth
        return found

    def highest_noise_power(self) -> NDArray[np.float32]:
        """Mean power per bin of noise that would have this recording's 10 % quantile: steady noise has no more."""
        return np.asarray(10 ** ((self.quantile(0.1) - _TENTH_DB) / 10), np.float32)

    def floor_power(self, *, rumble: bool = False) -> NDArray[np.float32]:
        """Mean power per bin of the noise that is heard between the notes.

        As `highest_noise_power`, with tones smoothed away by a median over neighbours; not below 100 Hz where there
        is `rumble`, which is as narrow as they are. Bins that are not filled with noise alone have no more than the
        nearest ones that are, and below 2 kHz, where music may never pause, the level rises by no more than 3 dB an
        octave.
        """
        level = self.quantile(0.1) - _TENTH_DB
        high = self.frequencies >= (_RUMBLE_HZ if rumble else 0.0)
        level[high] = median_filter(level, _NEIGHBOURS, mode="nearest")[high]
        noise_like = self._noise_like() | ~high
        if noise_like.any():
            bins = np.arange(self._bins)
            level = np.minimum(level, np.interp(bins, bins[noise_like], level[noise_like]))
            above = noise_like & (self.frequencies >= _CERTAIN_HZ) & (self.frequencies < 3 * _CERTAIN_HZ)
            if above.any():
                octaves = np.log2(_CERTAIN_HZ / np.maximum(self.frequencies, 20.0))
                steepest = np.median(level[above]) + _STEEPEST_DB * octaves
                below = high & (self.frequencies < _CERTAIN_HZ)
                level[below] = np.minimum(level, steepest)[below]
        return np.asarray(10 ** (level / 10), np.float32)

    def bandwidth(self) -> float:
        """Highest frequency, in Hz, at which more than steady noise is heard; 0 where nothing is.

        What is more than 75 dB below the loudest frequency isn't counted.
        """
        loud = median_filter(self.quantile(0.95), _NEIGHBOURS, mode="nearest")
        spread = loud - median_filter(self.quantile(0.1), _NEIGHBOURS, mode="nearest")
        heard = np.flatnonzero((spread > 20.0) & (loud > loud.max() - 75.0))  # steady noise: 14.5 dB
        return float(self.frequencies[heard[-1]]) if len(heard) else 0.0
