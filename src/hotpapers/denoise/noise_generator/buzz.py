"""Buzz of rectifiers, ground loops and loose contacts: one or two pulses in every cycle of the mains."""

from __future__ import annotations

import numpy as np
import scipy.signal
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from hotpapers.denoise.noise_generator.stationary import hiss
from hotpapers.denoise.noise_generator.table import Parameters

__all__ = ["buzz"]

Signal = NDArray[np.float32]

_DECAYS = 6  # time constants after which a pulse is over
_CONTACT_SECONDS = 0.001  # in which a contact opens or closes
_LEAKS = 0.3  # at most, of an open contact


def buzz(n: int, sr: int, rng: np.random.Generator, parameters: Parameters) -> Signal:
    """Pulses that follow the mains, interrupted where a contact is loose: array (n,).

    A share of their power has the same waveform in every pulse, a comb of harmonics; the rest is noise that
    flares up with every pulse, as of a spark. The rms is that of ``buzz.level`` while the contact is closed.
    """
    train = _pulses(n, sr, rng, parameters)
    decay = parameters["buzz.decay"] / 1000 * sr
    envelope = np.exp(-np.arange(max(2, round(_DECAYS * decay))) / decay)
    tilt, noise = parameters["buzz.tilt"], parameters["buzz.noise"]
    shape = envelope * hiss(len(envelope), sr, rng, tilt=tilt)
    same = scipy.signal.oaconvolve(train, shape)[:n]
    flaring = hiss(n, sr, rng, tilt=tilt) * scipy.signal.oaconvolve(np.abs(train), envelope)[:n]
    made = np.sqrt(1 - noise) * _to_unit_rms(same) + np.sqrt(noise) * _to_unit_rms(flaring)
    level = 10 ** (parameters["buzz.level"] / 20)
    return np.asarray(level * made * _contact(n, sr, rng, parameters["buzz.breaks"]), np.float32)


def _pulses(n: int, sr: int, rng: np.random.Generator, parameters: Parameters) -> NDArray[np.float64]:
    """Impulses at the mains' pace (n,), between samples where they fall there."""
    per_cycle = int(parameters["buzz.pulses"])
    period = sr / (parameters["hum.mains"] * (1 + parameters["hum.deviation"]) * per_cycle)
    count = int(n / period) + 2
    drift_rate = 2 * np.pi * rng.uniform(0.02, 0.1) / sr
    places = period * (np.arange(count) - rng.random())
    places += parameters["hum.drift"] / drift_rate * np.sin(drift_rate * places + rng.uniform(0, 2 * np.pi))
    places += period * parameters["buzz.jitter"] * rng.standard_normal(count)
    heights = np.exp(parameters["buzz.flutter"] * rng.standard_normal(count))
    if per_cycle == 2:
        heights[1::2] *= rng.uniform(-1, 1)
    first = np.floor(places).astype(np.intp)
    part = places - first
    train = np.zeros(n)
    for at, share in ((first, 1 - part), (first + 1, part)):
        inside = (at >= 0) & (at < n)
        np.add.at(train, at[inside], (share * heights)[inside])
    return train


def _contact(n: int, sr: int, rng: np.random.Generator, breaks: float) -> NDArray[np.float64] | float:
    """1 while a contact is closed, less while it is not, (n,)."""
    if breaks == 0:
        return 1.0
    changes = np.sort(rng.integers(n, size=int(rng.poisson(2 * breaks * n / sr))))
    closed = (np.searchsorted(changes, np.arange(n), side="right") + rng.integers(2)) % 2
    gain = np.where(closed, 1.0, rng.uniform(0, _LEAKS))
    return np.asarray(uniform_filter1d(gain, max(1, round(_CONTACT_SECONDS * sr)), mode="nearest"))


def _to_unit_rms(x: NDArray[np.float64]) -> NDArray[np.float64]:
    power = float(np.mean(np.square(x)))
    return x / np.sqrt(power) if power > 0 else x
