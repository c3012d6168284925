"""What is known of a recording's noise: its rms at each frequency, and how far to trust it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hotpapers.denoise.dsp.spectral import frame_length

__all__ = ["NoiseProfile", "Origin"]

_LOBE = 3  # bins on either side of a line that its energy leaks into

Origin = Literal["region", "stretches", "floor"]


@dataclass(frozen=True, kw_only=True, eq=False)
class NoiseProfile:
    """Noise rms per bin of short-time spectra (sqrt-Hann), in the scale of the audio.

    Parameters
    ----------
    rms : (bins,)
        For frames of `n_fft` samples: 1025 bins at 44,100 Hz. The mean power of the channels.
    fine_rms : (fine bins,)
        For frames four times as long.
    sr
        Rate in Hz.
    origin
        ``"region"``: the user said where only noise is heard. ``"stretches"``: found by the survey.
        ``"floor"``: what the recording never falls below, where no stretch was found.
    stretches
        Start and end in seconds of what was measured; empty for a floor.
    trust
        From 0, a guess, to 1.
    """

    rms: NDArray[np.float32]
    fine_rms: NDArray[np.float32]
    sr: int
    origin: Origin
    stretches: tuple[tuple[float, float], ...]
    trust: float

    @property
    def n_fft(self) -> int:
        """Samples of a frame."""
        return frame_length(self.sr)

    def without_lines(self, frequencies: Iterable[float]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """`rms` and `fine_rms` of the noise that remains when lines at these frequencies (Hz) are taken out."""
        power = np.square(self.fine_rms, dtype=np.float64)
        line = np.zeros(len(power), np.bool_)
        for frequency in frequencies:
            centre = round(frequency * 4 * self.n_fft / self.sr)
            line[max(centre - _LOBE, 0) : centre + _LOBE + 1] = True
        if line.all() or not line.any():
            return self.rms, self.fine_rms
        bins = np.arange(len(power))
        level = np.interp(bins, bins[~line], np.log(power[~line] + 1e-20))
        fine = np.where(line, np.minimum(power, np.exp(level)), power)
        # A coarse bin spans four fine ones, whose frames are four times as long.
        spread = np.convolve(fine, [0.125, 0.25, 0.25, 0.25, 0.125], "same")[::4] / 4
        touched = np.convolve(line, np.ones(2 * 4 * _LOBE + 1), "same")[::4] > 0
        coarse = np.where(touched, np.minimum(np.square(self.rms), spread), np.square(self.rms))
        return np.sqrt(coarse).astype(np.float32), np.sqrt(fine).astype(np.float32)

    @property
    def seconds(self) -> float:
        """Length of what was measured."""
        return sum(end - start for start, end in self.stretches)

    @property
    def level_db(self) -> float:
        """Level of the noise in dB relative to full scale (rms 1)."""
        return self.level_above_db(0.0)

    def level_above_db(self, frequency: float) -> float:
        """Level of what lies above a frequency in Hz, in dB relative to full scale (rms 1)."""
        power = np.square(self.rms, dtype=np.float64)
        # Parseval: both halves of the spectrum; the squares of a sqrt-Hann window add up to n_fft / 2.
        power[1:-1] *= 2
        mean_square = power[round(frequency * self.n_fft / self.sr) :].sum() / (self.n_fft * self.n_fft / 2)
        return float(10 * np.log10(mean_square + 1e-20))
