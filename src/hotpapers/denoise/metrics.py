"""How far an estimate is from the clean music: ratios in the time domain, distances of spectra.

All take arrays (n,) or (n, channels); channels are averaged. `reference` is the clean music.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.signal
from numpy.typing import NDArray

from hotpapers.denoise.errors import DenoiseError

__all__ = [
    "lead_in_drop",
    "log_spectral_distance",
    "multi_resolution_distance",
    "octave_changes",
    "si_sdr",
    "snr",
]

Audio = NDArray[np.floating]
_FLOOR = 1e-5  # of an amplitude: 100 dB below full scale, where nothing is heard


def snr(estimate: Audio, reference: Audio) -> float:
    """Signal-to-noise ratio, in dB: power of the reference over that of the difference.

    Examples
    --------
    >>> clean = np.sin(0.1 * np.arange(1000))
    >>> round(snr(clean + 0.1 * np.cos(0.37 * np.arange(1000)), clean), 6)
    20.021447
    """
    y, x = _pair(estimate, reference)
    return _mean_ratio(np.sum(x**2, axis=0), np.sum((y - x) ** 2, axis=0))


def si_sdr(estimate: Audio, reference: Audio) -> float:
    """Scale-invariant signal-to-distortion ratio, in dB (Le Roux et al., 2019): no mean is removed.

    The reference is scaled to fit the estimate best; what is left is distortion. -inf for an
    estimate that has nothing of the reference.

    Examples
    --------
    >>> clean = np.sin(0.1 * np.arange(1000))
    >>> round(si_sdr(3 * (clean + 0.1 * np.cos(0.37 * np.arange(1000))), clean), 6)
    20.022961
    """
    y, x = _pair(estimate, reference)
    power = np.sum(x**2, axis=0)
    scale = np.sum(y * x, axis=0) / np.where(power > 0, power, 1)
    return _mean_ratio(np.sum((scale * x) ** 2, axis=0), np.sum((y - scale * x) ** 2, axis=0))


def _mean_ratio(signal: NDArray[np.float64], error: NDArray[np.float64]) -> float:
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = 10 * np.log10(signal / error)
    # Nothing of the signal, without an error either: an empty estimate, as bad as any.
    return float(np.mean(np.where((signal == 0) & (error == 0), -np.inf, ratios)))


def log_spectral_distance(estimate: Audio, reference: Audio) -> float:
    """Mean over frames of the rms over frequency of the difference of log spectra (bels of power).

    Frames of 2048 samples (Hann), 512 apart at any rate; amplitudes below -100 dB of full scale count
    as that. 1 means that the spectra differ by a factor of 10 in power.
    """
    y, x = _pair(estimate, reference)
    distance = _log_power(y) - _log_power(x)
    return float(np.mean(np.sqrt(np.mean(distance**2, axis=-2))))


def _log_power(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(2 * np.log10(np.maximum(_magnitudes(x, 2048), _FLOOR)))


def _magnitudes(x: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Magnitudes (channels, bins, frames) of frames `size` long, a quarter apart; a sine of 1 has about 1/2."""
    padded = np.pad(x, ((0, max(0, size - len(x))), (0, 0)))
    _, _, spectrum = scipy.signal.stft(
        padded.T, window="hann", nperseg=size, noverlap=size - size // 4, boundary=None, padded=False
    )
    return np.asarray(np.abs(spectrum), np.float64)


def multi_resolution_distance(
    estimate: Audio, reference: Audio, sizes: Sequence[int] = (512, 1024, 2048, 4096)
) -> float:
    """Spectral convergence plus mean log-magnitude difference, averaged over frame sizes.

    Convergence is |A - B| / |B| (Frobenius); the logarithms are natural.
    """
    y, x = _pair(estimate, reference)
    distances = []
    for size in sizes:
        ours, theirs = _magnitudes(y, size), _magnitudes(x, size)
        convergence = np.linalg.norm(ours - theirs) / max(float(np.linalg.norm(theirs)), _FLOOR)
        logs = np.abs(np.log(np.maximum(ours, _FLOOR)) - np.log(np.maximum(theirs, _FLOOR)))
        distances.append(float(convergence) + float(logs.mean()))
    return float(np.mean(distances))


def octave_changes(estimate: Audio, reference: Audio, sr: int = 44_100) -> dict[float, float]:
    """Change of the level in each octave band, in dB: centre in Hz -> estimate over reference.

    Bands from 62.5 Hz up whose upper edge lies below half the rate and in which the reference is not
    more than 80 dB below its strongest band.
    """
    y, x = _pair(estimate, reference)
    size = min(8192, len(x))
    frequency, ours = scipy.signal.welch(y.T, sr, nperseg=size)
    _, theirs = scipy.signal.welch(x.T, sr, nperseg=size)
    changes: dict[float, tuple[float, float]] = {}
    centre = 62.5
    while centre * 2**0.5 <= sr / 2:
        band = (frequency >= centre / 2**0.5) & (frequency < centre * 2**0.5)
        if band.any():
            changes[centre] = float(ours[..., band].sum()), float(theirs[..., band].sum())
        centre *= 2
    strongest = max((there for _, there in changes.values()), default=0.0)
    return {
        centre: 10 * float(np.log10(max(here, 1e-20) / there))
        for centre, (here, there) in changes.items()
        if there > 1e-8 * strongest
    }


def lead_in_drop(estimate: Audio, mixture: Audio, samples: int) -> float:
    """How much quieter the music-free front became, in dB, over the first `samples` samples.

    At most 100: below -120 dB of full scale nothing is left to compare.

    Raises
    ------
    DenoiseError
        If there is no front, or it is silent in the mixture.
    """
    y, x = _pair(estimate, mixture)
    if not 0 < samples <= len(x):
        raise DenoiseError(f"a front of {samples} samples is not within a mixture of {len(x)}")
    before, after = float(np.mean(x[:samples] ** 2)), float(np.mean(y[:samples] ** 2))
    if before == 0:
        raise DenoiseError("the front of the mixture is silent: there is no noise to drop")
    return min(100.0, 10 * float(np.log10(before / max(after, 1e-12))))


def _pair(estimate: Audio, reference: Audio) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    y, x = np.asarray(estimate, np.float64), np.asarray(reference, np.float64)
    if y.shape != x.shape or x.ndim not in {1, 2} or not x.size:
        raise DenoiseError(
            f"an estimate of shape {y.shape} cannot be compared with a reference of shape {x.shape}"
        )
    return (y, x) if x.ndim == 2 else (y[:, None], x[:, None])
