"""Clean music and noise added at a stated signal-to-noise ratio, and the ways that training draws such pairs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy.signal
from numpy.typing import NDArray

from hotpapers.denoise.errors import DenoiseError

__all__ = ["MixInfo", "Variant", "draw_pair", "mix", "rms_of"]

Signal = NDArray[np.float32]
Variant = Literal["ours", "paper", "two-stage"]


@dataclass(frozen=True)
class MixInfo:
    """What a mixture is made of.

    Parameters
    ----------
    snr_db
        Power of the target over that of the noise in the mixture; inf without noise, -inf without
        music, nan without either.
    noise_gain
        Factor by which the noise that was given is multiplied in the mixture.
    gain
        Factor between the clean music that was given and the target.
    """

    snr_db: float
    noise_gain: float
    gain: float


def rms_of(x: NDArray[np.floating]) -> float:
    """Root of the mean square over all samples and channels; 0 for none."""
    return math.sqrt(float(np.mean(np.square(x, dtype=np.float64)))) if x.size else 0.0


def mix(
    clean: Signal, noise: Signal, snr_db: float, *, level_db: float | None = None
) -> tuple[Signal, Signal, MixInfo]:
    """Add noise to clean music at a signal-to-noise ratio.

    Parameters
    ----------
    clean, noise
        Arrays of one shape, (n,) or (n, channels).
    snr_db
        Power of `clean` over that of the added noise, in dB: a number; ``inf`` leaves the noise
        out, ``-inf`` the music.
    level_db
        Rms of the mixture in dB of full scale; the music keeps its level where left out.

    Returns
    -------
    mixture, target : arrays as given
        The target is the music as it is in the mixture. Neither is clipped.
    info : MixInfo

    Raises
    ------
    DenoiseError
        If the shapes differ, a value is not finite, or music or noise that is needed is silent.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> clean, noise = rng.standard_normal((2, 1000)).astype("float32")
    >>> mixture, target, info = mix(clean, noise, 6.0, level_db=-20)
    >>> round(20 * float(np.log10(rms_of(target) / rms_of(mixture - target))), 3)
    6.0
    """
    music, hiss = np.asarray(clean, np.float64), np.asarray(noise, np.float64)
    if music.shape != hiss.shape:
        raise DenoiseError(f"music of shape {music.shape} and noise of shape {hiss.shape} cannot be added up")
    if math.isnan(snr_db) or not (level_db is None or math.isfinite(level_db)):
        raise DenoiseError(f"the ratio and the level must be numbers of dB, not {snr_db} and {level_db}")
    music_gain = 0.0 if snr_db == -math.inf else 1.0
    noise_gain = 0.0 if snr_db == math.inf else 1.0
    for name, x, needed in (("music", music, music_gain), ("noise", hiss, noise_gain)):
        if needed and not math.isfinite(rms_of(x)):
            raise DenoiseError(f"the {name} holds values that are not finite numbers")
        if needed and math.isfinite(snr_db) and rms_of(x) == 0:
            raise DenoiseError(f"the {name} is silent: no signal-to-noise ratio can be reached")
    if math.isfinite(snr_db):
        noise_gain = rms_of(music) / rms_of(hiss) * 10 ** (-snr_db / 20)
    target = music if music_gain else np.zeros_like(music)
    mixture = target + noise_gain * hiss if noise_gain else target
    scale = 1.0
    if level_db is not None and rms_of(mixture) > 0:
        scale = 10 ** (level_db / 20) / rms_of(mixture)
    info = MixInfo(snr_db, noise_gain * scale, music_gain * scale)
    return np.asarray(mixture * scale, np.float32), np.asarray(target * scale, np.float32), info


def draw_pair(
    clean: Signal, noise: Signal, rng: np.random.Generator, *, variant: Variant = "ours", sr: int = 44_100
) -> tuple[Signal, Signal, MixInfo]:
    """One training pair: ratio, level and exceptions are drawn.

    Parameters
    ----------
    clean, noise
        Arrays of one shape, (n,) or (n, channels).
    rng
        Source of randomness.
    variant
        ``"ours"``: ratio U(-5, 25) dB, mixture at U(-35, -6) dB of full scale; 3 % of the pairs
        without noise and 3 % without music. ``"paper"``: the re-implementation of the paper that is
        public: peak-normalised music, noise band-passed at random and raised by U(15, 30) dB, sum
        peak-normalised; made for mined noise, which is quiet. ``"two-stage"``: ratio U(2, 20) dB,
        both scaled by 10^(U(-6, 4) / 10).
    sr
        Rate, in Hz.

    Returns
    -------
    mixture, target, info
        As `mix` gives them. Where music (or noise) is silent, the pair is one without it.

    Raises
    ------
    DenoiseError
        As `mix`; or if there is no such variant.
    """
    silent_music, silent_noise = rms_of(clean) == 0, rms_of(noise) == 0
    if variant == "ours":
        exception = rng.random()
        snr_db, level_db = float(rng.uniform(-5, 25)), float(rng.uniform(-35, -6))
        if silent_noise or exception < 0.03:
            snr_db = math.inf
        elif silent_music or exception < 0.06:
            snr_db = -math.inf
        return mix(clean, noise, snr_db, level_db=level_db)
    if variant == "two-stage":
        snr_db, gain = float(rng.uniform(2, 20)), 10 ** float(rng.uniform(-6, 4) / 10)
        if silent_music or silent_noise:
            snr_db = math.inf if silent_noise else -math.inf
        return _scaled(mix(clean, noise, snr_db), gain)
    if variant == "paper":
        return _paper_pair(clean, noise, rng, sr)
    raise DenoiseError(f"there is no variant {variant!r}: there are ours, paper, two-stage")


def _scaled(pair: tuple[Signal, Signal, MixInfo], gain: float) -> tuple[Signal, Signal, MixInfo]:
    mixture, target, info = pair
    factor = np.float32(gain)
    return mixture * factor, target * factor, MixInfo(info.snr_db, info.noise_gain * gain, info.gain * gain)


def _paper_pair(
    clean: Signal, noise: Signal, rng: np.random.Generator, sr: int
) -> tuple[Signal, Signal, MixInfo]:
    """The pair of the public re-implementation; its truncation of the gain to an integer is not copied."""
    corners = (float(rng.uniform(50, 150)), min(float(rng.uniform(5000, 10_000)), 0.45 * sr))
    band = scipy.signal.butter(5, corners, "bandpass", fs=sr, output="sos")
    raised = scipy.signal.sosfilt(band, noise, axis=0) * 10 ** (rng.uniform(15, 30) / 20)
    peak = float(np.abs(clean).max(initial=0))
    music = np.asarray(clean, np.float64) * (0.99 / peak if peak else 1.0)
    if rms_of(raised) == 0:
        snr_db = math.inf
    elif peak == 0:
        snr_db = -math.inf
    else:
        snr_db = 20 * math.log10(rms_of(music) / rms_of(raised))
    pair = mix(music.astype(np.float32), raised.astype(np.float32), snr_db)
    highest = float(np.abs(pair[0]).max(initial=0))
    mixture, target, info = _scaled(pair, 0.99 / highest if highest else 1.0)
    return mixture, target, MixInfo(snr_db, info.noise_gain, info.gain * (0.99 / peak if peak else 1.0))
