"""What is known of a recording's noise: its rms at each frequency, and how far to trust it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hotpapers.denoise.dsp.spectral import frame_length

__all__ = ["NoiseProfile", "Origin"]

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

    @property
    def seconds(self) -> float:
        """Length of what was measured."""
        return sum(end - start for start, end in self.stretches)

    @property
    def level_db(self) -> float:
        """Level of the noise in dB relative to full scale (rms 1)."""
        power = np.square(self.rms, dtype=np.float64)
        # Parseval: both halves of the spectrum; the squares of a sqrt-Hann window add up to n_fft / 2.
        mean_square = (2 * power.sum() - power[0] - power[-1]) / (self.n_fft * self.n_fft / 2)
        return float(10 * np.log10(mean_square + 1e-20))
