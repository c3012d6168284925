"""Speed, equalisers and bandwidths of training examples: one transform there and back does them all."""

from __future__ import annotations

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from hotpapers.denoise.stft import SAMPLE_RATE

__all__ = ["band_limit", "random_equaliser", "resampled", "shaped_gaussian"]

Array = NDArray[np.float32]

_BANDS = 9
# Low and high cut of carriers, in Hz: acoustic recording, electric 78, long-playing record.
_CARRIERS = ((150.0, 4000.0), (50.0, 8000.0), (30.0, 16_000.0))


def resampled(signal: Array, samples: int, shape: Array | None = None) -> Array:
    """`signal` (n,) stretched or squeezed to so many samples, exactly band-limited, its spectrum shaped.

    Parameters
    ----------
    shape
        (samples // 2 + 1,) gain for every frequency of the result; None leaves them.
    """
    spectrum = scipy.fft.rfft(signal)
    kept = min(len(spectrum), samples // 2 + 1)
    result = np.zeros(samples // 2 + 1, spectrum.dtype)
    result[:kept] = spectrum[:kept]
    result *= np.float32(samples / len(signal))
    if shape is not None:
        result *= shape
    return np.asarray(scipy.fft.irfft(result, samples), np.float32)


def random_equaliser(rng: np.random.Generator, samples: int, *, spread_db: float) -> Array:
    """Gains (samples // 2 + 1,) of a random smooth equaliser: nine bands, each with that standard deviation."""
    decibels = rng.normal(0.0, spread_db, _BANDS)
    return _gain(np.interp(_octaves(samples), np.arange(_BANDS), decibels))


def band_limit(rng: np.random.Generator, samples: int) -> Array:
    """Gains (samples // 2 + 1,) of an old carrier's bandwidth: cuts near a carrier's, Butterworth slopes."""
    low, high = _CARRIERS[rng.integers(len(_CARRIERS))]
    low, high = low * np.exp(rng.uniform(-0.4, 0.4)), high * np.exp(rng.uniform(-0.4, 0.4))
    order = rng.uniform(2.0, 10.0)
    frequency = _frequencies(samples)
    below = (frequency / low) ** 4
    power = below / (1 + below) / (1 + (frequency / high) ** (2 * order))
    return np.asarray(np.sqrt(power), np.float32)


def shaped_gaussian(rng: np.random.Generator, samples: int) -> Array:
    """Gaussian noise (samples,) with a tilt of -8 to 2 dB per octave and a random equaliser."""
    octaves = _octaves(samples)
    decibels = rng.uniform(-8.0, 2.0) * octaves + np.interp(
        octaves, np.arange(_BANDS), rng.normal(0, 5.0, _BANDS)
    )
    white = rng.standard_normal(2 * (samples // 2 + 1), np.float32).view(np.complex64)
    return np.asarray(scipy.fft.irfft(white * _gain(decibels), samples), np.float32)


def _gain(decibels: NDArray[np.float64]) -> Array:
    return np.asarray(np.exp(decibels.astype(np.float32) * np.float32(np.log(10) / 20)), np.float32)


def _frequencies(samples: int) -> NDArray[np.float64]:
    """Hz of every bin; the first counts as half of the second."""
    frequency = np.arange(samples // 2 + 1, dtype=np.float64) * (SAMPLE_RATE / samples)
    frequency[0] = 0.5 * SAMPLE_RATE / samples
    return frequency


def _octaves(samples: int) -> NDArray[np.float64]:
    """Octaves above 62.5 Hz, where the lowest of the equaliser's bands lies; not below it."""
    return np.asarray(np.maximum(np.log2(_frequencies(samples) / 62.5), 0.0), np.float64)
