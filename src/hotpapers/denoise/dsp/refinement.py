"""A second look at hiss: the Wiener gain that a first estimate of the music gives, at a finer resolution.

The first estimate (log-MMSE on 46 ms frames) follows attacks; frames four times as long part steady tones from the
noise between them. The power of the first estimate stands for the music's (an "empirical Wiener" filter).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hotpapers.denoise.dsp.aligned import Alongside, Samples
from hotpapers.denoise.dsp.log_mmse import LogMmse, Stereo, as_power, linked_power
from hotpapers.denoise.dsp.spectral import Spectra, SpectralStage

__all__ = ["EmpiricalWiener", "RefinedLogMmse"]

_LOWEST_PRIOR = 1e-3


class EmpiricalWiener(SpectralStage):
    """A Wiener filter whose signal power is that of a first estimate of the signal.

    It gets the noisy channels and then those of their first estimate; the former come out filtered, the latter as
    they are.

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
    excess
        What the noise power is multiplied by: a first estimate still has some noise in it.
    stereo
        As in `LogMmse`.
    """

    def __init__(
        self,
        *,
        noise_rms: NDArray[np.floating],
        n_fft: int,
        channels: int,
        floor_db: float,
        excess: float = 1.0,
        stereo: Stereo = "linked",
    ) -> None:
        super().__init__(n_fft, 2 * channels)
        self.stereo: Stereo = stereo
        self._noise = np.float32(excess) * linked_power(as_power(noise_rms, n_fft, channels), stereo)
        self._floor = np.float32(10 ** (floor_db / 20))

    def _shape(self, spectra: Spectra) -> Spectra:
        noisy, first = np.split(spectra, 2, axis=1)
        power = linked_power(np.square(first.real) + np.square(first.imag), self.stereo)
        prior = np.maximum(power / self._noise, np.float32(_LOWEST_PRIOR))
        filtered = noisy * np.maximum(prior / (1 + prior), self._floor)
        return np.concatenate([filtered, first], axis=1)


class RefinedLogMmse:
    """Log-MMSE, then a Wiener filter on frames four times as long (a stage: `push`, `flush`).

    Parameters
    ----------
    noise_rms, fine_noise_rms : (bins,) or (channels, bins)
        Noise rms per bin of frames of `n_fft` and of 4 `n_fft` samples.
    n_fft
        Samples of a frame of the log-MMSE.
    channels
        Channels of the recording.
    max_attenuation_db
        Noise falls by no more.
    stereo
        As in `LogMmse`.
    """

    def __init__(
        self,
        *,
        noise_rms: NDArray[np.floating],
        fine_noise_rms: NDArray[np.floating],
        n_fft: int,
        channels: int,
        max_attenuation_db: float = 34.0,
        stereo: Stereo = "linked",
    ) -> None:
        first = LogMmse(
            noise_rms=noise_rms,
            n_fft=n_fft,
            channels=channels,
            floor_db=-min(25.0, max_attenuation_db),
            stereo=stereo,
        )
        self._first = Alongside([first], channels)
        self._second = EmpiricalWiener(
            noise_rms=fine_noise_rms,
            n_fft=4 * n_fft,
            channels=channels,
            floor_db=-max_attenuation_db,
            stereo=stereo,
        )
        self._channels = channels

    def push(self, block: Samples) -> Samples:
        """Take the next samples (n, channels) and give those that are done."""
        return self._second.push(self._first.push(block))[:, : self._channels]

    def flush(self) -> Samples:
        """End the recording and give the rest."""
        rest = [self._second.push(self._first.flush()), self._second.flush()]
        return np.concatenate(rest)[:, : self._channels]
