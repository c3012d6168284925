"""What the replay chain does to the music itself: its band, and (asked for only) wow, flutter, saturation.

A net that is never asked to extend the bandwidth gets both its input and its target band-limited.
"""

from __future__ import annotations

import numpy as np
import scipy.signal
from numpy.typing import NDArray

from hotpapers.denoise.errors import DenoiseError

__all__ = ["BANDS", "band_limit", "draw_band", "modulation_noise", "saturate", "wow_and_flutter"]

Signal = NDArray[np.float32]

# Low and high corner in Hz of what the carrier holds.
BANDS = {"acoustic": (150.0, 4000.0), "electric-78": (50.0, 8000.0), "lp": (30.0, 16_000.0)}


def draw_band(rng: np.random.Generator, probability: float = 0.5) -> tuple[float, float] | None:
    """The band of a random carrier, each corner within a quarter octave; or None: the whole band."""
    if rng.random() >= probability:
        return None
    low, high = list(BANDS.values())[rng.integers(len(BANDS))]
    shift = 2 ** rng.uniform(-0.25, 0.25, 2)
    return low * float(shift[0]), high * float(shift[1])


def band_limit(x: Signal, sr: int, band: tuple[float, float], order: int = 2) -> Signal:
    """Butterworth band-pass (`order` at each corner): array (n,) or (n, channels), as given.

    A corner beyond 0.45 of the rate is left open.

    Raises
    ------
    DenoiseError
        If the band is not 0 < low < high.
    """
    low, high = band
    if not 0 < low < high:
        raise DenoiseError(f"a band needs 0 < low < high, not {low}..{high} Hz")
    if high < 0.45 * sr:
        filters = scipy.signal.butter(order, (low, high), "bandpass", fs=sr, output="sos")
    else:
        filters = scipy.signal.butter(order, low, "highpass", fs=sr, output="sos")
    return np.asarray(scipy.signal.sosfilt(filters, x, axis=0), np.float32)


def modulation_noise(x: Signal, sr: int, level_db: float, rng: np.random.Generator) -> Signal:
    """Noise of tape that follows the music: `level_db` below its envelope over 5 ms: array as given."""
    smooth = np.exp(-1000 / (5 * sr))
    envelope = np.sqrt(
        scipy.signal.lfilter([1 - smooth], [1, -smooth], np.square(x, dtype=np.float64), axis=0)
    )
    noise = rng.standard_normal(x.shape)
    return np.asarray(noise * envelope * 10 ** (level_db / 20), np.float32)


def wow_and_flutter(
    x: Signal, sr: int, *, wow: float, wow_rate: float, flutter: float = 0.0, flutter_rate: float = 10.0
) -> Signal:
    """Play at a speed that swings: array as given.

    Parameters
    ----------
    x
        Array (n,) or (n, channels).
    sr
        Rate, in Hz.
    wow, flutter
        Depth of the slow and of the fast swing, as a share of the speed: 0.001 is 0.1 %.
    wow_rate, flutter_rate
        How often they swing, in Hz: 0.556 (33 1/3 rpm), 1.3 (78 rpm); 4 to 20.

    Raises
    ------
    DenoiseError
        If a rate is not above 0.
    """
    if wow_rate <= 0 or flutter_rate <= 0:
        raise DenoiseError(f"wow and flutter need rates above 0 Hz, not {wow_rate} and {flutter_rate}")
    time = np.arange(len(x)) / sr
    shift = np.zeros(len(x))
    for depth, rate in ((wow, wow_rate), (flutter, flutter_rate)):
        # The integral of depth * sin: the speed is 1 + depth * sin.
        shift += depth / (2 * np.pi * rate) * (1 - np.cos(2 * np.pi * rate * time))
    places = np.clip((time + shift) * sr, 0, max(len(x) - 1, 0))
    columns = x[:, None] if x.ndim == 1 else x
    # Cubic interpolation at a fractional sample (Catmull and Rom).
    base = np.minimum(places.astype(np.int64), max(len(x) - 2, 0))
    part = (places - base)[:, None]
    before, here, after, later = (
        columns[np.clip(base + step, 0, len(x) - 1)].astype(np.float64) for step in (-1, 0, 1, 2)
    )
    slope, bend = (after - before) / 2, (later - here) / 2
    value = here + part * (
        slope + part * (3 * (after - here) - 2 * slope - bend + part * (2 * (here - after) + slope + bend))
    )
    return np.asarray(value.reshape(x.shape), np.float32)


def saturate(x: Signal, drive: float) -> Signal:
    """Soft clipping tanh(drive x) / drive: unchanged where quiet, never beyond 1 / drive.

    Raises
    ------
    DenoiseError
        If `drive` is not above 0.
    """
    if not drive > 0:
        raise DenoiseError(f"drive must be above 0, not {drive}")
    return np.asarray(np.tanh(drive * x) / drive, np.float32)
