"""Hiss: the log-spectral amplitude estimator with decision-directed a priori signal-to-noise ratio.

Ephraim and Malah (1984, 1985). The gain is golden-tested; the recursion runs over frames, vectorised over
channels and bins.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import exp1

from hotpapers.denoise.dsp.spectral import Spectra, SpectralStage
from hotpapers.denoise.errors import DenoiseError

__all__ = ["LogMmse", "Stereo", "as_power", "linked_power", "log_mmse_gain"]

Stereo = Literal["linked", "independent"]

_MEMORY = 0.98
_LOWEST_PRIOR = 10**-2.5
_HIGHEST_POSTERIOR = 1e4
_SMALLEST_POWER = 1e-14


def log_mmse_gain(prior: ArrayLike, posterior: ArrayLike) -> NDArray[np.floating]:
    r"""Gain that minimises the expected squared error of the log amplitude (Ephraim and Malah 1985, eq. 20).

    Parameters
    ----------
    prior
        A priori signal-to-noise ratio xi, above 0.
    posterior
        A posteriori signal-to-noise ratio gamma = |X|^2 / lambda, at least 0.

    Returns
    -------
    array of the broadcast shape: xi / (1 + xi) * exp(E1(v) / 2) with v = xi / (1 + xi) * gamma

    Examples
    --------
    >>> round(float(log_mmse_gain(1.0, 2.0)), 10)
    0.5579671366
    """
    prior = np.asarray(prior)
    wiener = prior / (1 + prior)
    v = np.maximum(wiener * posterior, 1e-8)
    gain: NDArray[np.floating] = wiener * np.exp(0.5 * exp1(v))
    return gain


def as_power(rms: NDArray[np.floating], n_fft: int, channels: int) -> NDArray[np.float32]:
    """Noise power (channels, bins) of a profile's rms (bins,) or (channels, bins), never 0.

    Raises
    ------
    DenoiseError
        If the profile has another number of bins or channels.
    """
    rms = np.atleast_2d(rms)
    bins = n_fft // 2 + 1
    if rms.shape[-1] != bins or len(rms) not in {1, channels}:
        raise DenoiseError(
            f"a noise profile of shape {rms.shape} was given: {bins} bins for 1 or {channels} channels fit here"
        )
    return np.broadcast_to(np.maximum(np.square(rms), _SMALLEST_POWER).astype(np.float32), (channels, bins))


def linked_power(power: NDArray[np.float32], stereo: Stereo) -> NDArray[np.float32]:
    """Power averaged over the channels (axis -2, kept) where the channels share their gains."""
    if stereo == "linked":
        return np.asarray(power.mean(axis=-2, keepdims=True))
    return power


class LogMmse(SpectralStage):
    """Streaming log-MMSE with a noise profile.

    Parameters
    ----------
    noise_rms : (bins,) or (channels, bins)
        Noise rms per bin of the frame, in the scale of the audio.
    n_fft
        Samples of a frame.
    channels
        Channels of the recording.
    floor_db
        The gain never falls below it.
    stereo
        ``"linked"``: one gain for all channels; ``"independent"``: each its own.
    """

    def __init__(
        self,
        *,
        noise_rms: NDArray[np.floating],
        n_fft: int,
        channels: int,
        floor_db: float = -25.0,
        stereo: Stereo = "linked",
    ) -> None:
        super().__init__(n_fft, channels)
        self.stereo: Stereo = stereo
        self._noise = linked_power(as_power(noise_rms, n_fft, channels), stereo)
        self._floor = np.float32(10 ** (floor_db / 20))
        self._clean = np.zeros_like(self._noise)  # the frame before: G^2 gamma

    def _shape(self, spectra: Spectra) -> Spectra:
        power = linked_power(np.square(spectra.real) + np.square(spectra.imag), self.stereo)
        posteriors = np.minimum(power / self._noise, np.float32(_HIGHEST_POSTERIOR))
        fresh = np.float32(1 - _MEMORY) * np.maximum(posteriors - 1, 0)
        gains = np.empty_like(posteriors)
        for posterior, new, gain in zip(posteriors, fresh, gains, strict=True):
            prior = np.maximum(np.float32(_MEMORY) * self._clean + new, np.float32(_LOWEST_PRIOR))
            gain[:] = log_mmse_gain(prior, posterior)
            self._clean = np.square(gain) * posterior
        return np.asarray(spectra * np.maximum(gains, self._floor))
