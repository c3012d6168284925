"""Restorers and peers on a set of mixtures: what they gain, what they leave, what they cost."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotpapers.common.errors import FailureError
from hotpapers.denoise.metrics import lead_in_drop, log_spectral_distance, octave_changes, si_sdr
from hotpapers.denoise.pairs import Mixture, read_manifest, read_mixture
from hotpapers.denoise.peers import Peer, run_peer

__all__ = ["Restorer", "Score", "Summary", "evaluate", "summarise"]

Audio = NDArray[np.float32]
_BLIND = {"net-blind"}  # of ours
# Samples (n, channels) and their rate in Hz -> as many samples.
Restorer = Callable[[Audio, int], Audio]


@dataclass(frozen=True, kw_only=True)
class Score:
    """One method on one mixture.

    Parameters
    ----------
    method
        Name of the method; "mixture" for the input as it is.
    line
        The mixture.
    si_sdr
        Of the output over the music, in dB.
    gain
        By how much that is more than the input's, in dB; nan for clean music.
    distance
        Log-spectral distance over the music.
    drop
        By how much the noise-only front became quieter, in dB; nan without a front.
    octaves
        Largest change of an octave band up to 2 kHz and above, in dB; of clean music only, else nan.
    cpu_seconds
        Per second of audio.
    """

    method: str
    line: Mixture
    si_sdr: float
    gain: float
    distance: float
    drop: float
    octaves: tuple[float, float]
    cpu_seconds: float


@dataclass(frozen=True, kw_only=True)
class Summary:
    """One method over a set.

    Parameters
    ----------
    method, profile
        Its name, and what it is told of the noise: "none", "lead-in" or, of ours, "its own".
    gain, by_ratio, by_kind, worst
        Mean gain in dB of all mixtures, of those of each ratio and of each kind of noise; the least.
    distance, drop
        Mean log-spectral distance and drop of the front.
    clean, clean_worst, octaves
        Mean and least SI-SDR of clean music in dB, largest change of an octave up to 2 kHz and above;
        nan without clean music.
    cpu_seconds
        Per second of audio.
    """

    method: str
    profile: str
    gain: float
    by_ratio: dict[float, float]
    by_kind: dict[str, float]
    worst: float
    distance: float
    drop: float
    clean: float
    clean_worst: float
    octaves: tuple[float, float]
    cpu_seconds: float


def evaluate(
    folder: Path, restorers: Mapping[str, Restorer], peers: Mapping[str, Peer] | None = None
) -> Iterator[Score]:
    """Run methods on every mixture of a set; yields scores, mixture by mixture, the input's own first.

    Peers that need a noise-only front are left out where there is none. An output that is not finite
    or has another length is an error of its method.

    Raises
    ------
    DenoiseError
        If the folder is no set of mixtures.
    FailureError
        If a method's output can't be scored or a peer fails.
    """
    sr, lines = read_manifest(folder)
    for line in lines:
        mixture, target = read_mixture(folder, line, sr)
        before = _score("mixture", line, mixture, mixture, target, sr, 0.0, math.nan)
        yield before
        for name, restorer in restorers.items():
            started = time.process_time()
            output = np.asarray(restorer(mixture[:, None], sr), np.float32)
            used = time.process_time() - started
            if output.shape not in {mixture.shape, (*mixture.shape, 1)}:
                raise FailureError(
                    f"{name} made shape {output.shape} of {line.name}, which has {(*mixture.shape, 1)}"
                )
            yield _score(name, line, output.reshape(-1), mixture, target, sr, used, before.si_sdr)
        for name, peer in (peers or {}).items():
            if peer.profile and not line.lead_in:
                continue
            output, used = run_peer(peer, mixture, sr, line.lead_in)
            yield _score(name, line, output, mixture, target, sr, used, before.si_sdr)


def _score(
    method: str,
    line: Mixture,
    output: Audio,
    mixture: Audio,
    target: Audio,
    sr: int,
    used: float,
    before: float,
) -> Score:
    if not np.isfinite(output).all():
        raise FailureError(f"{method} made values that are not finite numbers of {line.name}")
    music = slice(line.lead_in, None)
    reached = min(si_sdr(output[music], target[music]), 200.0)
    octaves = (math.nan, math.nan)
    if line.snr_db is None:
        changes = octave_changes(output[music], target[music], sr)
        low = [abs(change) for centre, change in changes.items() if centre <= 2000]
        high = [abs(change) for centre, change in changes.items() if centre > 2000]
        octaves = max(low, default=0.0), max(high, default=0.0)
    return Score(
        method=method,
        line=line,
        si_sdr=reached,
        gain=math.nan if line.snr_db is None else reached - before,
        distance=log_spectral_distance(output[music], target[music]),
        drop=lead_in_drop(output, mixture, line.lead_in) if line.lead_in else math.nan,
        octaves=octaves,
        cpu_seconds=used / (len(mixture) / sr),
    )


def summarise(scores: Sequence[Score], peers: Mapping[str, Peer] | None = None) -> list[Summary]:
    """One line per method, in the order in which they first appear."""
    return [
        _summary(method, [score for score in scores if score.method == method], peers or {})
        for method in dict.fromkeys(score.method for score in scores)
    ]


def _summary(method: str, scores: Sequence[Score], peers: Mapping[str, Peer]) -> Summary:
    noisy = [score for score in scores if score.line.snr_db is not None]
    clean = [score for score in scores if score.line.snr_db is None]
    is_input = method == "mixture"
    gains = [0.0 if is_input else score.gain for score in noisy]

    def means(keys: Sequence[Any]) -> dict[Any, float]:
        return {
            key: _mean([gain for gain, each in zip(gains, keys, strict=True) if each == key])
            for key in sorted(set(keys))
        }

    profile = "" if is_input else "none" if method in _BLIND else "its own"
    if method in peers:
        profile = "lead-in" if peers[method].profile else "none"
    return Summary(
        method=method,
        profile=profile,
        gain=_mean(gains),
        by_ratio=means([score.line.snr_db for score in noisy]),
        by_kind=means([score.line.noise_kind for score in noisy]),
        worst=min(gains, default=math.nan),
        distance=_mean([score.distance for score in noisy]),
        drop=_mean([score.drop for score in noisy if not math.isnan(score.drop)]),
        clean=_mean([score.si_sdr for score in clean]),
        clean_worst=min((score.si_sdr for score in clean), default=math.nan),
        octaves=(
            max((score.octaves[0] for score in clean), default=math.nan),
            max((score.octaves[1] for score in clean), default=math.nan),
        ),
        cpu_seconds=_mean([score.cpu_seconds for score in scores]),
    )


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else math.nan
