"""Quiet stretches of old recordings as noise: the paper's miner, in linear time and little memory.

The rule: rolling standard deviation over 100 ms, its q-quantile as the threshold of this recording,
and the stretches below it that last long enough.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.signal
from numpy.typing import NDArray

from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.rotation import revolution_period

__all__ = [
    "NoiseSegment",
    "extract_noise",
    "quiet_runs",
    "rolling_deviation",
    "rolling_quantile",
    "spectral_flatness",
]

Signal = NDArray[np.float32]
Deviations = NDArray[np.float64]
# Reads samples a..b of a recording as (b - a, channels).
Reader = Callable[[int, int], Signal]

_BLOCK = 1 << 20
_BINS = 1 << 16
# Where a deviation of audio can lie; the outermost bins take the rest.
_LOWEST, _HIGHEST = 1e-9, 1e1
_SILENT = 1e-6
_TONAL = 0.05


@dataclass(frozen=True, eq=False)
class NoiseSegment:
    """A stretch of a recording that holds noise alone.

    Parameters
    ----------
    samples
        Array (n,) or (n, channels) of float32, at the level of the recording after normalising.
    sr
        Rate, in Hz.
    start
        Its first sample in the recording.
    flatness
        Median spectral flatness from 250 Hz to 8 kHz: 0.56 for white noise, near 0 for tones.
    period
        Seconds per revolution of the record, where clicks show it; else None.
    """

    samples: Signal = field(repr=False)
    sr: int
    start: int
    flatness: float
    period: float | None

    @property
    def rms(self) -> float:
        """Root of the mean square over all channels."""
        return math.sqrt(float(np.mean(np.square(self.samples, dtype=np.float64))))

    @property
    def seconds(self) -> float:
        """Length."""
        return len(self.samples) / self.sr

    def __len__(self) -> int:
        return len(self.samples)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self.samples, dtype=dtype, copy=copy)


def rolling_deviation(x: NDArray[np.floating], window: int) -> Deviations:
    """Standard deviation (ddof 1) of every window of a signal: sigma_i = std(x[i : i + window]).

    Parameters
    ----------
    x
        Array (n,).
    window
        Samples in a window, 2 or more.

    Returns
    -------
    array (n - window + 1,), empty where the signal is shorter

    Raises
    ------
    DenoiseError
        If the window is shorter than two samples or `x` is not one-dimensional.

    Examples
    --------
    >>> rolling_deviation(np.array([0.0, 0.0, 1.0, 1.0]), 2).round(4).tolist()
    [0.0, 0.7071, 0.0]
    """
    if window < 2:
        raise DenoiseError(f"a window for a deviation holds two samples or more, not {window}")
    if np.ndim(x) != 1:
        raise DenoiseError(f"a deviation is taken of one channel, an array (n,), not of shape {np.shape(x)}")
    blocks = _deviations(lambda a, b: x[a:b], len(x), window)
    return np.concatenate([np.empty(0), *(block for _, block in blocks)])


def _deviations(read: Callable[[int, int], Any], n: int, window: int) -> Iterator[tuple[int, Deviations]]:
    """First index and values of block after block of the rolling deviation of `n` samples."""
    for first in range(0, n - window + 1, _BLOCK):
        last = min(first + _BLOCK, n - window + 1)
        x = np.asarray(read(first, last + window - 1), np.float64)
        x = x - x.mean()
        sums = np.concatenate(([0.0], np.cumsum(x)))
        squares = np.concatenate(([0.0], np.cumsum(np.square(x))))
        total = sums[window:] - sums[:-window]
        power = squares[window:] - squares[:-window]
        yield first, np.sqrt(np.maximum(power - total * total / window, 0.0) / (window - 1))


def rolling_quantile(blocks: Callable[[], Iterator[Deviations]], q: float) -> float:
    """Linearly interpolated q-quantile of values that come in blocks, exactly, holding few of them.

    A first pass counts the values in fine bins; a second keeps those of the bins that hold the two
    order statistics on either side of the quantile.

    Parameters
    ----------
    blocks
        Called for each pass; yields arrays of values that are not negative.
    q
        Between 0 and 1.

    Raises
    ------
    DenoiseError
        If there are no values or `q` is no share.
    """
    if not 0 <= q <= 1:
        raise DenoiseError(f"a quantile is a share between 0 and 1, not {q}")
    edges = np.geomspace(_LOWEST, _HIGHEST, _BINS - 1)
    counts = np.zeros(_BINS, np.int64)
    for block in blocks():
        counts += np.bincount(_bin_of(block), minlength=_BINS)
    total = int(counts.sum())
    if not total:
        raise DenoiseError("there are no deviations to take a quantile of: the recording is too short")
    place = q * (total - 1)
    lower, upper = math.floor(place), math.ceil(place)
    ends = np.cumsum(counts)
    low_bin, high_bin = int(np.searchsorted(ends, lower, "right")), int(np.searchsorted(ends, upper, "right"))
    # Bins are found by a rounded logarithm: one more on either side holds what fell next door.
    floor = edges[low_bin - 2] if low_bin >= 2 else -math.inf
    ceiling = edges[high_bin + 1] if high_bin + 1 < len(edges) else math.inf
    before, kept = 0, []
    for block in blocks():
        before += int(np.count_nonzero(block < floor))
        kept.append(block[(block >= floor) & (block < ceiling)])
    values = np.sort(np.concatenate(kept))
    low, high = float(values[lower - before]), float(values[upper - before])
    return low + (place - lower) * (high - low)


def _bin_of(values: Deviations) -> NDArray[np.int64]:
    scale = (_BINS - 2) / math.log(_HIGHEST / _LOWEST)
    logs = np.log(np.clip(values, _LOWEST / 2, _HIGHEST * 2) / _LOWEST)
    return np.asarray(np.clip(np.floor(logs * scale) + 1, 0, _BINS - 1), np.int64)


def quiet_runs(sigma: Deviations, threshold: float, min_length: int) -> NDArray[np.int64]:
    """Longest runs of values below a threshold: array (runs, 2) of first index and index after the last.

    A run that reaches the end of the values counts too.

    Parameters
    ----------
    sigma
        Array (n,).
    threshold
        Values strictly below it are quiet.
    min_length
        Shortest run that counts, in values.

    Examples
    --------
    >>> quiet_runs(np.array([0.0, 0.0, 2.0, 0.0]), 1.0, 1).tolist()
    [[0, 2], [3, 4]]
    """
    return _runs(iter([(0, sigma)]), threshold, min_length)


def _runs(blocks: Iterator[tuple[int, Deviations]], threshold: float, min_length: int) -> NDArray[np.int64]:
    """`quiet_runs` of values that come in blocks."""
    changes: list[NDArray[np.int64]] = []
    was_quiet, end = False, 0
    for first, sigma in blocks:
        quiet = sigma < threshold
        changes.append(first + np.flatnonzero(np.diff(quiet, prepend=was_quiet)))
        was_quiet, end = bool(quiet[-1]) if len(quiet) else was_quiet, first + len(sigma)
    if was_quiet:
        changes.append(np.array([end]))
    pairs = np.concatenate([np.empty(0, np.int64), *changes]).reshape(-1, 2)
    return np.asarray(pairs[pairs[:, 1] - pairs[:, 0] >= min_length])


def spectral_flatness(x: NDArray[np.floating], sr: int) -> float:
    """Median over frames of geometric over arithmetic mean of the power from 250 Hz to 8 kHz.

    0.56 for white noise (a periodogram's bins are exponential: exp(-0.577)), near 0 for tones; 1 for
    a signal too short for a frame of 16 samples or silent.
    """
    mono = np.asarray(x, np.float64) if np.ndim(x) == 1 else np.asarray(x, np.float64).mean(axis=1)
    frame = min(2048, len(mono))
    if frame < 16:
        return 1.0
    frequency, _, power = scipy.signal.spectrogram(
        mono, sr, window="hann", nperseg=frame, noverlap=frame // 2, detrend="constant"
    )
    band = power[(frequency >= 250) & (frequency <= min(8000, 0.45 * sr))]
    mean = band.mean(axis=0) if len(band) else np.zeros(0)
    heard = mean > 0
    if not heard.any():
        return 1.0
    logs = np.log(np.maximum(band[:, heard], mean[heard] * 1e-12)).mean(axis=0)
    return float(np.median(np.exp(logs) / mean[heard]))


def extract_noise(
    x: Signal,
    sr: int,
    *,
    window: float = 0.1,
    q: float = 0.04,
    min_length: float = 0.25,
    trim: float = 0.4,
    peak: float | None = 0.99,
    gates: bool = True,
    margin_db: float = 0.0,
) -> list[NoiseSegment]:
    """Stretches of a recording that hold noise alone.

    Parameters
    ----------
    x
        Array (n,) or (n, channels); the deviation is that of the mean of the channels.
    sr
        Rate, in Hz.
    window
        Seconds over which the deviation is taken.
    q
        The threshold is this quantile of the recording's deviations.
    min_length
        Shortest run of deviations below the threshold, in seconds.
    trim
        Seconds left out at either end, where the needle drops and lifts.
    peak
        The recording is scaled to this peak; None leaves it as it is.
    gates
        Leave out stretches that are tonal (flatness below 0.05: music), digitally silent or clipped.
    margin_db
        The threshold is raised by this much. With 0 it is the paper's, which cuts through steady noise
        where more than a share `q` of the recording is music-free; 2 keeps such a stretch whole.

    Returns
    -------
    list of NoiseSegment
        In the order of the recording; empty where nothing qualifies.

    Raises
    ------
    DenoiseError
        If the recording is shorter than one window, or a setting can't be used.
    """
    x = np.asarray(x)
    if x.ndim not in {1, 2}:
        raise DenoiseError(f"a recording has shape (n,) or (n, channels), not {x.shape}")
    return mine(
        lambda a, b: x[a:b],
        len(x),
        sr,
        window=window,
        q=q,
        min_length=min_length,
        trim=trim,
        peak=peak,
        gates=gates,
        margin_db=margin_db,
    )


def mine(
    read: Reader,
    n: int,
    sr: int,
    *,
    window: float = 0.1,
    q: float = 0.04,
    min_length: float = 0.25,
    trim: float = 0.4,
    peak: float | None = 0.99,
    gates: bool = True,
    margin_db: float = 0.0,
) -> list[NoiseSegment]:
    """`extract_noise` of a recording that is read piece by piece, four times over.

    Parameters
    ----------
    read
        Gives samples a..b as an array (b - a,) or (b - a, channels).
    n
        Samples in the recording.
    """
    width, skip = int(window * sr), int(trim * sr)
    length = n - 2 * skip
    if length < max(width, 2):
        raise DenoiseError(
            f"a recording of {n / sr:.2f} s is too short to mine: it needs {window + 2 * trim:.2f} s"
        )
    if width < 2 or trim < 0 or min_length < 0:
        raise DenoiseError(
            f"the miner cannot use window={window}, trim={trim}, min_length={min_length} s at {sr} Hz"
        )

    def mono(a: int, b: int) -> NDArray[np.float64]:
        piece = np.asarray(read(skip + a, skip + b), np.float64)
        return piece if piece.ndim == 1 else np.asarray(piece.mean(axis=1))

    def deviations() -> Iterator[Deviations]:
        for _, sigma in _deviations(mono, length, width):
            yield sigma

    highest = max(float(np.abs(read(a, min(a + _BLOCK, n))).max(initial=0)) for a in range(0, n, _BLOCK))
    if not math.isfinite(highest):
        raise DenoiseError("the recording holds values that are not finite numbers")
    threshold = rolling_quantile(deviations, q) * 10 ** (margin_db / 20)
    runs = _runs(_deviations(mono, length, width), threshold, int(min_length * sr))
    gain = 1.0 if peak is None or not highest else peak / highest
    segments = []
    for first, last in runs:
        samples = np.asarray(read(skip + int(first), skip + int(last)), np.float32)
        flatness = spectral_flatness(samples, sr)
        if gates and (flatness < _TONAL or _is_silent(samples) or _is_clipped(samples, highest)):
            continue
        period = revolution_period(samples, sr)
        segments.append(NoiseSegment(samples * np.float32(gain), sr, skip + int(first), flatness, period))
    return segments


def _is_silent(samples: Signal) -> bool:
    return bool(np.std(samples, axis=0, dtype=np.float64).max() < _SILENT)


def _is_clipped(samples: Signal, highest: float) -> bool:
    """Whether three samples in a row stand at the recording's own peak."""
    at_peak = np.abs(samples) >= 0.999 * highest
    return bool((at_peak[:-2] & at_peak[1:-1] & at_peak[2:]).any())
