"""A net's restoration and the classical engine's, weighed against each other, and a last filter by their mean.

Their errors differ, so that a mean of both is nearer to the music than either. The net knows music and leads where
noise covers it; the classical engine knows this recording's noise and leads where the music stands out. The mean is
a good enough estimate of the music for a Wiener filter on long frames, which parts steady tones from the noise
between them, as neither does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from hotpapers.denoise.dsp.aligned import Alongside, Samples
from hotpapers.denoise.dsp.engine import DEFAULTS, DspOptions, dsp_stage
from hotpapers.denoise.dsp.log_mmse import as_power, linked_power
from hotpapers.denoise.dsp.refinement import EmpiricalWiener
from hotpapers.denoise.dsp.spectral import Spectra, SpectralStage
from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.stages import Stage
from hotpapers.denoise.survey import Survey

__all__ = ["DEFAULT_WEIGHTS", "HybridWeights", "combined", "hybrid_stage", "is_trusted", "is_usable"]

_LEAST_TRUST = 0.7
_MEMORY = 0.7
_BINS_ALIKE = 9
_GROUPS = 4
_FLOOR_DB = -34.0


@dataclass(frozen=True, kw_only=True)
class HybridWeights:
    """How much of the mean is the net's, by the local signal-to-noise ratio, and of the result the last filter's.

    Parameters
    ----------
    at_low, at_high
        The net's share where noise covers the music, and where the music stands out.
    middle_db
        Ratio of noisy power to noise power at which the share is halfway.
    width_db
        Over how many dB it changes.
    refined
        Share of the last filter in the result; the rest is the mean's.
    excess
        What the filter multiplies the noise power by.

    Raises
    ------
    DenoiseError
        If a share is outside 0 ... 1, or the width or the excess isn't positive.
    """

    at_low: float = 0.6
    at_high: float = 0.65
    middle_db: float = 10.0
    width_db: float = 4.0
    refined: float = 0.6
    excess: float = 1.5

    def __post_init__(self) -> None:
        shares = (self.at_low, self.at_high, self.refined)
        if not (all(0 <= share <= 1 for share in shares) and self.width_db > 0 and self.excess > 0):
            raise DenoiseError(
                f"the shares are {self.at_low:g}, {self.at_high:g} and {self.refined:g}, over {self.width_db:g} dB, "
                f"the excess {self.excess:g}: shares are from 0 to 1, width and excess above 0"
            )

    def share(self, ratio: NDArray[np.float32]) -> NDArray[np.float32]:
        """The net's share for ratios of noisy power to noise power."""
        level = 10 * np.log10(ratio + np.float32(1e-6))
        rise = 1 / (1 + np.exp(np.clip((self.middle_db - level) / self.width_db, -30, 30)))
        return np.asarray(self.at_low + (self.at_high - self.at_low) * rise, np.float32)


DEFAULT_WEIGHTS = HybridWeights()


class _Weighing(SpectralStage):
    """Gets groups of channels: the recording, the net's, the classical and the careful version of it.

    Gives the careful one, the weighted mean, and those two again.
    """

    def __init__(
        self, noise_rms: NDArray[np.floating], n_fft: int, channels: int, weights: HybridWeights
    ) -> None:
        super().__init__(n_fft, _GROUPS * channels)
        self._noise = linked_power(as_power(noise_rms, n_fft, channels), "linked")
        self._weights = weights
        self._level = self._noise.copy()

    def _shape(self, spectra: Spectra) -> Spectra:
        noisy, net, classical, careful = np.split(spectra, _GROUPS, axis=1)
        power = linked_power(np.square(noisy.real) + np.square(noisy.imag), "linked")
        power = uniform_filter1d(power, _BINS_ALIKE, axis=-1, mode="nearest")
        levels = np.empty_like(power)
        for now, level in zip(power, levels, strict=True):
            self._level = np.float32(_MEMORY) * self._level + np.float32(1 - _MEMORY) * now
            level[:] = self._level
        share = self._weights.share(levels / self._noise)
        return np.concatenate([careful, share * net + (1 - share) * classical, net, classical], axis=1)


class _Combined:
    """Stages side by side, the weighing of what they make, the filter by their mean."""

    def __init__(self, both: Alongside, weighing: _Weighing, last: EmpiricalWiener, refined: float) -> None:
        self._both, self._weighing, self._last = both, weighing, last
        self._refined = np.float32(refined)

    def push(self, block: Samples) -> Samples:
        """Take the next samples and give those that are done."""
        return self._result(self._last.push(self._weighing.push(self._both.push(block))))

    def flush(self) -> Samples:
        """End the recording and give the rest."""
        rest = [self._weighing.push(self._both.flush()), self._weighing.flush()]
        return self._result(np.concatenate([*map(self._last.push, rest), self._last.flush()]))

    def _result(self, groups: Samples) -> Samples:
        filtered, mean, *_ = np.split(groups, _GROUPS, axis=1)
        return np.asarray(mean + self._refined * (filtered - mean))


def combined(
    net: Stage,
    classical: Stage,
    careful: Stage,
    *,
    noise_rms: NDArray[np.floating],
    fine_noise_rms: NDArray[np.floating],
    n_fft: int,
    channels: int,
    weights: HybridWeights = DEFAULT_WEIGHTS,
) -> Stage:
    """A stage that mixes what two stages make of a recording, by the local signal-to-noise ratio.

    Parameters
    ----------
    net, classical
        Stages that nothing was pushed into yet.
    careful
        Takes out what is not hiss: its result is what the last filter works on.
    noise_rms : (bins,)
        Noise rms per bin for frames of `n_fft` samples, clicks included.
    fine_noise_rms : (fine bins,)
        For frames four times as long, of the noise that `careful` leaves.
    n_fft
        Samples of a frame.
    channels
        Channels of the recording.
    weights
        The net's share, and the filter's.
    """
    last = EmpiricalWiener(
        noise_rms=fine_noise_rms,
        n_fft=4 * n_fft,
        channels=channels,
        groups=_GROUPS,
        floor_db=_FLOOR_DB,
        excess=weights.excess,
    )
    weighing = _Weighing(noise_rms, n_fft, channels, weights)
    return _Combined(Alongside([net, classical, careful], channels), weighing, last, weights.refined)


def is_usable(found: Survey) -> bool:
    """Whether there is noise, and enough known of it for the classical engine to help a net."""
    return found.profile is not None and not found.is_clean


def is_trusted(found: Survey) -> bool:
    """Whether the profile is so surely noise alone that a net gains by being told of it.

    A net believes what it is told: music in the profile costs it more than an unknown profile does.
    """
    profile = found.profile
    return profile is not None and profile.origin != "floor" and profile.trust >= _LEAST_TRUST


def hybrid_stage(
    found: Survey,
    net: Stage,
    *,
    sr: int,
    channels: int,
    options: DspOptions = DEFAULTS,
    weights: HybridWeights = DEFAULT_WEIGHTS,
) -> Stage:
    """The net and the classical engine together; the net alone where `is_usable` says no.

    Parameters
    ----------
    found
        The recording's survey.
    net
        The net as a stage.
    sr, channels
        Of what will be pushed.
    options, weights
        Of the classical engine and of the mean.
    """
    profile = found.profile
    if profile is None or not is_usable(found):
        return net
    classical = dsp_stage(found, sr=sr, channels=channels, options=options)
    careful = dsp_stage(
        found, sr=sr, channels=channels, options=replace(options, skip=(*options.skip, "hiss"))
    )
    quiet = found.repaired_profile or profile
    return combined(
        net,
        classical,
        careful,
        noise_rms=profile.rms,
        fine_noise_rms=quiet.without_lines(line.frequency for line in found.hum)[1],
        n_fft=profile.n_fft,
        channels=channels,
        weights=weights,
    )
