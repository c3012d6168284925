"""Rumble: what the turntable adds below the music; a high-pass where the floor of the recording shows it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hotpapers.denoise.dsp.linear_phase import LinearPhaseFilter, taps_of

__all__ = ["high_pass", "rumble_excess"]

_CUTOFF_HZ = 25.0
_ORDER = 4


def rumble_excess(frequencies: NDArray[np.float64], level_db: NDArray[np.float64]) -> float:
    """How far the floor from 5 to 20 Hz, where no instrument plays, stands above that from 250 to 1000 Hz, in dB.

    Parameters
    ----------
    frequencies, level_db : (bins,)
        Of a `FloorSpectrum`.
    """
    below = level_db[(frequencies >= 5) & (frequencies < 20)]
    above = level_db[(frequencies >= 250) & (frequencies < 1000)]
    return float(np.median(below) - np.median(above))


def high_pass(*, sr: int, channels: int, cutoff: float = _CUTOFF_HZ) -> LinearPhaseFilter:
    """A stage with the magnitude of a 4th-order Butterworth high-pass (-3 dB at `cutoff` Hz) and no delay."""

    def gain(frequencies: NDArray[np.float64]) -> NDArray[np.float64]:
        ratio = np.power(frequencies / cutoff, 2 * _ORDER)
        return np.asarray(np.sqrt(ratio / (1 + ratio)))

    return LinearPhaseFilter(taps_of(gain, sr, 0.4), channels=channels)
