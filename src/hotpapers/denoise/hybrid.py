"""A net's restoration and the classical engine's in one mean, and a last filter by that mean.

Their errors differ, so that a mean of both is nearer to the music than either: the net knows music, the classical
engine knows this recording's noise. The mean is a good enough estimate of the music for a Wiener filter on long
frames, which parts steady tones from the noise between them, as neither does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hotpapers.denoise.dsp.aligned import Alongside, Samples
from hotpapers.denoise.dsp.engine import DEFAULTS, DspOptions, dsp_stage, notched_lines
from hotpapers.denoise.dsp.refinement import EmpiricalWiener
from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.stages import Stage
from hotpapers.denoise.survey import Survey

__all__ = ["DEFAULT_WEIGHTS", "HybridWeights", "combined", "hybrid_stage", "is_trusted", "is_usable"]

_LEAST_TRUST = 0.7
_FLOOR_DB = -34.0


@dataclass(frozen=True, kw_only=True)
class HybridWeights:
    """What the result is made of; the defaults are the best on 48 mixtures of the validation recordings.

    Parameters
    ----------
    net
        The net's share in the mean; the rest is the classical engine's.
    refined
        The last filter's share in the result; the rest is the mean's.
    excess
        What the filter multiplies the noise power by.

    Raises
    ------
    DenoiseError
        If a share is outside 0 ... 1 or the excess isn't positive.
    """

    net: float = 0.8
    refined: float = 0.7
    excess: float = 2.4

    def __post_init__(self) -> None:
        if not (0 <= self.net <= 1 and 0 <= self.refined <= 1 and self.excess > 0):
            raise DenoiseError(
                f"the shares are {self.net:g} and {self.refined:g}, the excess {self.excess:g}: "
                "shares are from 0 to 1, the excess is above 0"
            )


DEFAULT_WEIGHTS = HybridWeights()


class _Combined:
    """Stages side by side, the mean of what two of them make, the filter by that mean."""

    def __init__(self, stages: Alongside, last: EmpiricalWiener, weights: HybridWeights) -> None:
        self._stages, self._last = stages, last
        self._net, self._refined = np.float32(weights.net), np.float32(weights.refined)

    def push(self, block: Samples) -> Samples:
        """Take the next samples and give those that are done."""
        return self._result(self._last.push(self._mean(self._stages.push(block))))

    def flush(self) -> Samples:
        """End the recording and give the rest."""
        rest = self._last.push(self._mean(self._stages.flush()))
        return self._result(np.concatenate([rest, self._last.flush()]))

    def _mean(self, groups: Samples) -> Samples:
        """Beside each other: what the filter works on, and the mean."""
        _, net, classical, careful = np.split(groups, 4, axis=1)
        return np.concatenate([careful, classical + self._net * (net - classical)], axis=1)

    def _result(self, groups: Samples) -> Samples:
        filtered, mean = np.split(groups, 2, axis=1)
        return np.asarray(mean + self._refined * (filtered - mean))


def combined(
    net: Stage,
    classical: Stage,
    careful: Stage,
    *,
    fine_noise_rms: NDArray[np.floating],
    n_fft: int,
    channels: int,
    weights: HybridWeights = DEFAULT_WEIGHTS,
) -> Stage:
    """A stage that makes one result of what three stages make of a recording.

    Parameters
    ----------
    net, classical
        Stages that nothing was pushed into yet.
    careful
        Takes out what is not hiss: its result is what the last filter works on.
    fine_noise_rms : (bins,)
        Noise rms per bin, of the noise that `careful` leaves, for frames of `n_fft` samples.
    n_fft
        Samples of a frame of the last filter.
    channels
        Channels of the recording.
    weights
        Shares of the net and of the filter.
    """
    last = EmpiricalWiener(
        noise_rms=fine_noise_rms,
        n_fft=n_fft,
        channels=channels,
        floor_db=_FLOOR_DB,
        excess=weights.excess,
    )
    return _Combined(Alongside([net, classical, careful], channels), last, weights)


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
    fine = quiet.without_lines(line.frequency for line in notched_lines(found, options))[1]
    return combined(
        net,
        classical,
        careful,
        fine_noise_rms=fine,
        n_fft=4 * quiet.n_fft,
        channels=channels,
        weights=weights,
    )
