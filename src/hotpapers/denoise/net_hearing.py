"""A net's ear: quiet stretches that it takes away whole are noise; where it takes next to nothing, there is none."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from hotpapers.denoise.dsp.aligned import Samples
from hotpapers.denoise.measuring import measured_profiles
from hotpapers.denoise.net_stage import NetStage, StreamedNet
from hotpapers.denoise.noise_only import Doubtful
from hotpapers.denoise.survey import Survey

__all__ = ["heard_by"]

# Of 252 quiet stretches of clean music a net took 0.4 dB at most, but for the end of a song that fades, 25 dB and more
# below the rest; of buzz before music mostly 20 dB and more.
_TAKEN_DB = 12.0
_LEAST_LEVEL_DB = -24.0
_SHORT_TRUST = 0.3

# What a net takes from clean music comes and goes with the music, what it takes of noise stays: of 195 clean excerpts
# that the survey wasn't sure of, a tenth of the time less than -39 dB, of 79 with noise down to -18 dB mostly more than
# -35. Floors of clean music stand 22 dB and more above that, of 83 recordings with noise two; music that was taken for
# noise alone 45 dB and more, noise alone 22 at most, without the hum, but in an old recording of a speech 37.
_LEAST_SHARE = 0.1
_UNHEARD_DB = -38.0
_CONTRADICTED_DB = {"floor": 14.0, "stretches": 42.0}
_NO_HUM_HZ = 300.0  # a net leaves hum, which is noise all the same
_SILENT = 1e-9


def heard_by(net: StreamedNet, found: Survey) -> Survey:
    """The survey, corrected by what a net hears where the survey had to guess.

    Parameters
    ----------
    net
        In evaluation mode.
    found
        At the net's rate.
    """
    level = 10 ** (found.rms_db / 20)
    if found.profile is None or found.profile.origin == "floor":
        noise = [each.stretch for each in found.doubtful if _is_noise(net, each, level)]
        if noise:
            seconds = sum(each.end - each.start for each in noise) / found.sr
            trust = min(1.0, _SHORT_TRUST + seconds)
            as_is, repaired = measured_profiles(noise, sr=found.sr, origin="stretches", trust=trust)
            return replace(found, profile=as_is, repaired_profile=repaired)
    if _is_guess(found) and _leaves_as_is(net, found):
        return replace(found, profile=None, repaired_profile=None, sounds_clean=True)
    return found


def _is_guess(found: Survey) -> bool:
    """Whether the survey may have taken clean music for noise."""
    if found.has_little_noise or found.buzzes:
        return False
    if found.profile is not None and found.profile.origin != "floor":
        return found.profile.origin == "stretches" and not (found.noise_share.is_noisy or found.hum)
    return True


def _leaves_as_is(net: StreamedNet, found: Survey) -> bool:
    """Whether there are moments everywhere from which the net takes next to nothing, and far less than the noise."""
    level = 10 ** (found.rms_db / 20)
    taken = np.array([power for each in found.excerpts for power in _taken(net, each, level)])
    if not len(taken):
        return False
    most_db = found.rms_db + _UNHEARD_DB
    if found.repaired_profile is not None:
        noise = found.repaired_profile
        most_db = min(most_db, noise.level_above_db(_NO_HUM_HZ) - _CONTRADICTED_DB[noise.origin])
    return 10 * math.log10(np.quantile(taken, _LEAST_SHARE) + 1e-16) < most_db


def _is_noise(net: StreamedNet, doubtful: Doubtful, level: float) -> bool:
    samples = doubtful.samples
    before, after = _power(samples), _power(_through(net, samples, level))
    loud = before > 10 ** (_LEAST_LEVEL_DB / 10) * level**2
    return loud and after < 10 ** (-_TAKEN_DB / 10) * before


def _taken(net: StreamedNet, second: Samples, level: float) -> list[float]:
    """Power that the net takes from each quarter of a second that isn't silent."""
    taken = second - _through(net, second, level)
    quarters = zip(np.array_split(second, 4), np.array_split(taken, 4), strict=True)
    return [_power(less) for whole, less in quarters if _power(whole) > _SILENT]


def _through(net: StreamedNet, samples: Samples, level: float) -> Samples:
    stage = NetStage(net, channels=samples.shape[1], level=level)
    return np.concatenate([stage.push(samples), stage.flush()])


def _power(samples: Samples) -> float:
    return float(np.mean(np.square(samples, dtype=np.float64)))
