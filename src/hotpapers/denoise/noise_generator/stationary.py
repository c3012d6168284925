"""The parts of surface noise that go on all the time: hiss, hum, rumble, tape hiss."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from hotpapers.denoise.noise_generator.table import Parameters

__all__ = ["coloured_noise", "hiss", "hum", "rotation_modulation", "rumble", "tape"]

Signal = NDArray[np.float32]
# Longer noise is made in pieces that are cross-faded, so that memory stays small.
_PIECE = 1 << 21
_FADE = 1 << 13
_BAND_CENTRES = 62.5 * 2.0 ** np.arange(9)


def _decibels(level: float) -> float:
    return float(10 ** (level / 20))


def _to_unit_rms(x: Signal) -> Signal:
    power = float(np.mean(np.square(x, dtype=np.float64)))
    return x / np.float32(np.sqrt(power)) if power > 0 else x


def coloured_noise(
    n: int, sr: int, response: Callable[[NDArray[np.float64]], NDArray[np.float64]], rng: np.random.Generator
) -> Signal:
    """Gaussian noise of unit rms whose magnitude spectrum is `response(frequencies in Hz)`: array (n,)."""
    if n <= _PIECE:
        return _to_unit_rms(_coloured_piece(n, sr, response, rng))
    out = np.zeros(n, np.float32)
    rise = np.sin(np.linspace(0, np.pi / 2, _FADE, dtype=np.float32))
    for start in range(0, n, _PIECE - _FADE):
        piece = _coloured_piece(min(_PIECE, n - start), sr, response, rng)
        fade = min(_FADE, len(piece))
        if start:
            piece[:fade] *= rise[:fade]
        if start + _PIECE < n:
            piece[-fade:] *= rise[::-1][-fade:]
        out[start : start + len(piece)] += piece
    return _to_unit_rms(out)


def _coloured_piece(
    n: int, sr: int, response: Callable[[NDArray[np.float64]], NDArray[np.float64]], rng: np.random.Generator
) -> Signal:
    size = int(scipy.fft.next_fast_len(n, real=True))
    bins = size // 2 + 1
    # A response is smooth: evaluating it at 1 024 frequencies and interpolating costs a tenth.
    knots = np.concatenate(([0.0], np.geomspace(1.0, sr / 2, 1023)))
    frequencies = np.linspace(0, sr / 2, bins, dtype=np.float32)
    gain = np.interp(frequencies, knots, response(knots)).astype(np.float32)
    spectrum = rng.standard_normal((bins, 2), dtype=np.float32).view(np.complex64)[:, 0] * gain
    spectrum[0] = 0
    return np.asarray(scipy.fft.irfft(spectrum, size, overwrite_x=True), np.float32)[:n] * np.float32(
        bins**0.5
    )


def hiss(
    n: int,
    sr: int,
    rng: np.random.Generator,
    *,
    tilt: float,
    equaliser: float = 0.0,
    lowpass: float | None = None,
) -> Signal:
    """Gaussian noise of unit rms with a tilted spectrum and random band gains: array (n,).

    Parameters
    ----------
    n, sr, rng
        Length in samples, rate in Hz, source of randomness.
    tilt
        Slope of the spectrum, in dB per octave, about 1 kHz and level below 40 Hz.
    equaliser
        Standard deviation of the gains of nine octave bands from 62.5 Hz to 16 kHz, in dB.
    lowpass
        Corner of a second-order low-pass, in Hz; none where left out.
    """
    gains = rng.normal(0, equaliser, len(_BAND_CENTRES)) if equaliser else np.zeros(len(_BAND_CENTRES))
    centres = np.log2(_BAND_CENTRES)

    def response(frequencies: NDArray[np.float64]) -> NDArray[np.float64]:
        octaves = np.log2(np.maximum(frequencies, 40.0))
        magnitude = 10 ** ((tilt * (octaves - np.log2(1000)) + np.interp(octaves, centres, gains)) / 20)
        if lowpass is not None:
            magnitude = magnitude / np.sqrt(1 + (frequencies / lowpass) ** 4)
        return np.asarray(magnitude)

    return coloured_noise(n, sr, response, rng)


def rotation_modulation(n: int, sr: int, rpm: float, depth: float, rng: np.random.Generator) -> Signal:
    """Gain that swings once per revolution between 1 - depth and 1 + depth: array (n,)."""
    phase = rng.uniform(0, 2 * np.pi)
    turns = np.arange(n, dtype=np.float64) * (2 * np.pi * rpm / 60 / sr)
    gain: Signal = (1 + depth * np.sin(turns + phase)).astype(np.float32)
    return gain


def hum(n: int, sr: int, rng: np.random.Generator, parameters: Parameters) -> Signal:
    """Mains hum: up to fifteen harmonics at random phases, drifting slowly: array (n,).

    The rms is that of ``hum.level``. Harmonic h is about 1/h as strong as the first.
    """
    frequency = parameters["hum.mains"] * (1 + parameters["hum.deviation"])
    harmonics = max(1, min(int(parameters["hum.harmonics"]), int(0.49 * sr / frequency)))
    time = np.arange(n, dtype=np.float64) / sr
    drift_rate = 2 * np.pi * rng.uniform(0.02, 0.1)
    drift = parameters["hum.drift"] / drift_rate * np.sin(drift_rate * time + rng.uniform(0, 2 * np.pi))
    turning = np.exp(2j * np.pi * frequency * (time + drift))
    strengths = rng.uniform(0.3, 1.0, harmonics) / np.arange(1, harmonics + 1)
    weights = strengths * np.exp(2j * np.pi * rng.random(harmonics))
    total = np.full(n, weights[-1])  # Horner's rule in powers of the turning pointer
    for weight in weights[-2::-1]:
        total *= turning
        total += weight
    total *= turning
    scale = _decibels(parameters["hum.level"]) / np.sqrt(np.sum(strengths**2) / 2)
    return np.asarray(total.real * scale, np.float32)


def rumble(n: int, sr: int, rng: np.random.Generator, parameters: Parameters) -> Signal:
    """Noise of the bearing below ``rumble.cutoff`` (second order), partly repeating with the rotation: (n,).

    Its rms is that of ``rumble.level``.
    """
    cutoff = parameters["rumble.cutoff"]
    noise = coloured_noise(n, sr, lambda f: 1 / np.sqrt(1 + (f / cutoff) ** 4), rng)
    share = parameters["rumble.rotation"]
    rotation = parameters["rpm"] / 60
    orders = np.arange(1, 9)
    strengths = rng.uniform(0.2, 1.0, len(orders)) / np.sqrt(1 + (orders * rotation / cutoff) ** 4)
    strengths /= np.sqrt(np.sum(strengths**2) / 2)
    phases = rng.uniform(0, 2 * np.pi, len(orders))
    # Below 25 Hz a grid of more than 1 kHz, interpolated, is exact to -70 dB.
    grid = np.arange(0, n + 32, 32)
    turn = grid * (2 * np.pi * rotation / sr)
    coarse = (strengths * np.cos(turn[:, None] * orders + phases)).sum(axis=1)
    periodic = np.interp(np.arange(n), grid, coarse).astype(np.float32)
    mixed = np.float32(np.sqrt(1 - share)) * noise + np.float32(np.sqrt(share)) * periodic
    return np.asarray(mixed * _decibels(parameters["rumble.level"]), np.float32)


def tape(n: int, sr: int, rng: np.random.Generator, parameters: Parameters) -> Signal:
    """Tape hiss that rises with frequency, low-passed by a skewed head, with dropouts: array (n,)."""
    noise = hiss(n, sr, rng, tilt=parameters["tape.tilt"], lowpass=parameters["tape.azimuth"])
    return noise * dropout_gain(n, sr, rng, parameters) * np.float32(_decibels(parameters["tape.level"]))


def dropout_gain(n: int, sr: int, rng: np.random.Generator, parameters: Parameters) -> Signal:
    """Gain of a tape that loses contact now and then: 1, with raised-cosine dips: array (n,)."""
    gain = np.ones(n, np.float32)
    length = max(2, round(parameters["tape.duration"] * sr))
    dip = 0.5 - 0.5 * np.cos(np.linspace(0, 2 * np.pi, length))
    shape = (1 - (1 - _decibels(parameters["tape.depth"])) * dip).astype(np.float32)
    for start in rng.integers(0, max(1, n), rng.poisson(parameters["tape.dropouts"] * n / sr)):
        part = gain[start : start + length]
        part *= shape[: len(part)]
    return gain
