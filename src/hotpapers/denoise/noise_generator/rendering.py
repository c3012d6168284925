"""Surface noise made of its parts."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.noise_generator.buzz import buzz
from hotpapers.denoise.noise_generator.impulses import clicks, crackle, scratch, thump
from hotpapers.denoise.noise_generator.stationary import hiss, hum, rotation_modulation, rumble, tape
from hotpapers.denoise.noise_generator.table import Parameters, Rule, draw_parameters

__all__ = ["render_parts", "synth_noise"]

Signal = NDArray[np.float32]


def render_parts(parameters: Parameters, n: int, sr: int, rng: np.random.Generator) -> dict[str, Signal]:
    """The parts that `parameters` say are there, by name; each an array (n,) to be added up."""
    parts: dict[str, Signal] = {}

    def there(part: str) -> bool:
        return parameters[f"{part}.probability"] > 0

    if there("hiss"):
        noise = hiss(n, sr, rng, tilt=parameters["hiss.tilt"], equaliser=parameters["hiss.equaliser"])
        if parameters["hiss.modulation"]:
            noise *= rotation_modulation(n, sr, parameters["rpm"], parameters["hiss.modulation"], rng)
        parts["hiss"] = noise
    if there("crackle"):
        parts["crackle"] = crackle(n, sr, rng, parameters)
    times, peaks = np.empty(0, np.int64), np.empty(0)
    if there("clicks"):
        parts["clicks"], times, peaks = clicks(n, sr, rng, parameters)
    if there("scratch"):
        parts["scratch"] = scratch(n, sr, rng, parameters)
    if there("thump"):
        parts["thump"] = thump(n, sr, rng, parameters, times, peaks)
    for name, part in (("hum", hum), ("buzz", buzz), ("rumble", rumble), ("tape", tape)):
        if there(name):
            parts[name] = part(n, sr, rng, parameters)
    return parts


def synth_noise(
    seconds: float,
    sr: int = 44_100,
    *,
    preset: str = "78-worn",
    rng: np.random.Generator,
    parameters: Mapping[str, Rule] | None = None,
    channels: int = 1,
    rms: float | None = 0.05,
) -> Signal:
    """Noise of old carriers: hiss, crackle, clicks, scratches, thumps, hum, buzz, rumble, tape.

    Parameters
    ----------
    seconds
        Length.
    sr
        Rate, in Hz.
    preset
        Which carrier: a key of `PRESETS`, such as ``"78-worn"`` or ``"cassette"``.
    rng
        Source of randomness; the same generator state gives the same noise.
    parameters
        Lines of `TABLE` to replace: name -> a number, a `Range` or a `Choice`.
    channels
        1, or 2 for mid and side that are noise of their own.
    rms
        Of the result; None keeps the hiss at an rms of 1.

    Returns
    -------
    array (n,) or (n, 2) of float32
        Not clipped: strong clicks may lie beyond -1..1.

    Raises
    ------
    DenoiseError
        If the length, rate, channels or rms can't be used, or a preset or parameter does not exist.

    Examples
    --------
    >>> noise = synth_noise(0.5, preset="lp", rng=np.random.default_rng(1))
    >>> noise.shape, round(float(np.sqrt(np.mean(noise**2))), 3)
    ((22050,), 0.05)
    """
    if not (math.isfinite(seconds) and seconds > 0):
        raise DenoiseError(f"noise must be longer than 0 s, not {seconds}")
    if not 1000 <= sr <= 768_000:
        raise DenoiseError(f"noise needs a rate between 1000 and 768000 Hz, not {sr}")
    if channels not in {1, 2}:
        raise DenoiseError(f"noise has 1 or 2 channels, not {channels}")
    if rms is not None and not (math.isfinite(rms) and rms > 0):
        raise DenoiseError(f"the rms of noise must be above 0, not {rms}")
    drawn = draw_parameters(preset, rng, parameters)
    n = max(1, round(seconds * sr))
    noise = _sum(drawn, n, sr, rng)
    if channels == 2:
        side = _sum(drawn, n, sr, rng) * np.float32(drawn["width"])
        noise = np.stack((noise + side, noise - side), axis=1)
    power = float(np.mean(np.square(noise, dtype=np.float64)))
    return noise if rms is None or power == 0 else noise * np.float32(rms / np.sqrt(power))


def _sum(parameters: Parameters, n: int, sr: int, rng: np.random.Generator) -> Signal:
    total = np.zeros(n, np.float32)
    for part in render_parts(parameters, n, sr, rng).values():
        total += part
    return total
