"""How long a revolution lasts, from the crackle that returns with it."""

from __future__ import annotations

import numpy as np
import scipy.fft
import scipy.signal
from numpy.typing import NDArray

__all__ = ["SPEEDS", "revolution_period"]

# Revolutions per minute that turntables have.
SPEEDS = (78.26, 80.0, 45.0, 100 / 3)
_ENVELOPE_RATE = 2000
_TOLERANCE = 0.01
_CLEAR = 6.0


def revolution_period(x: NDArray[np.float32], sr: int, speeds: tuple[float, ...] = SPEEDS) -> float | None:
    """Seconds per revolution, where clicks return clearly with one of the `speeds`; else None.

    The envelope of the crackle is autocorrelated. The tallest peak within 1 % of a turntable's
    period counts when it stands six standard deviations above all lags.

    Parameters
    ----------
    x
        Noise, (n,) or (n, channels); at least two revolutions of a speed for that speed to be found.
    sr
        Rate, in Hz.
    speeds
        Candidates, in revolutions per minute.
    """
    envelope = _crackle_envelope(np.asarray(x, np.float64), sr)
    if len(envelope) < _ENVELOPE_RATE or not envelope.any():
        return None
    size = scipy.fft.next_fast_len(2 * len(envelope), real=True)
    correlation = scipy.fft.irfft(np.abs(scipy.fft.rfft(envelope, size)) ** 2, size)[: len(envelope)]
    correlation = correlation / correlation[0] * len(envelope) / np.arange(len(envelope), 0, -1)
    lags = correlation[int(0.25 * _ENVELOPE_RATE) : int(0.75 * len(envelope))]
    middle = float(np.median(lags))
    spread = 1.4826 * float(np.median(np.abs(lags - middle))) + 1e-12
    best: tuple[float, float] | None = None
    for speed in speeds:
        found = _peak(correlation, 60 / speed * _ENVELOPE_RATE)
        if found is None:
            continue
        lag, height = found
        if height > max(middle + _CLEAR * spread, 0.05) and (best is None or height > best[1]):
            best = (lag, height)
    return None if best is None else best[0] / _ENVELOPE_RATE


def _crackle_envelope(x: NDArray[np.float64], sr: int) -> NDArray[np.float64]:
    """How much crackle there is in each half millisecond, compressed so that no one click rules: (m,)."""
    mono = x if x.ndim == 1 else x.mean(axis=1)
    fast = np.abs(np.diff(mono, n=2))  # a second difference favours clicks over hiss and hum
    hop = sr / _ENVELOPE_RATE
    starts = np.round(np.arange(int(len(fast) / hop)) * hop).astype(np.int64)
    if not len(starts):
        return np.zeros(0)
    envelope = np.maximum.reduceat(fast, starts)
    middle = float(np.median(envelope)) or float(envelope.max(initial=0)) / 100 or 1.0
    # Half above the median, hiss is left out and clicks remain.
    level = np.log(np.maximum(envelope / (1.5 * middle), 1.0))
    smooth = np.convolve(level, [0.25, 0.5, 0.25], "same")
    return np.asarray(smooth - smooth.mean())


def _peak(correlation: NDArray[np.float64], period: float) -> tuple[float, float] | None:
    """The tallest lag within the tolerance of a period, between samples, and how tall."""
    low, high = int(period * (1 - _TOLERANCE)), int(np.ceil(period * (1 + _TOLERANCE)))
    if high + 2 > 0.75 * len(correlation):
        return None
    at = low + int(correlation[low : high + 1].argmax())
    before, here, after = correlation[at - 1 : at + 2]
    if here < before or here < after:
        return None  # the slope of a peak that lies elsewhere
    bend = before - 2 * here + after
    return at + (0.5 * (before - after) / bend if bend < 0 else 0.0), float(here)
