"""The parts of surface noise that come in bursts: crackle, clicks, scratches, thumps."""

from __future__ import annotations

import numpy as np
import scipy.signal
from numpy.typing import NDArray

from hotpapers.denoise.noise_generator.table import Parameters

__all__ = [
    "add_clicks",
    "clicks",
    "crackle",
    "gamma_squared",
    "poisson_times",
    "resonator",
    "revolution_times",
    "scratch",
    "thump",
]

Signal = NDArray[np.float32]
Values = NDArray[np.float64]
_CRACKLE_VOICES = 3
_EVENTS_AT_ONCE = 2048


def poisson_times(rate: float, n: int, sr: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Sample numbers of events of a Poisson process with `rate` events per second, ascending."""
    return np.sort(rng.integers(0, max(n, 1), rng.poisson(rate * n / sr) if n else 0))


def gamma_squared(shape: float, count: int, rng: np.random.Generator) -> Values:
    """Amplitudes Gamma(shape)² with random signs, scaled to a population rms of 1: array (count,).

    E[Gamma(k)⁴] = k (k + 1) (k + 2) (k + 3).
    """
    scale = np.sqrt(shape * (shape + 1) * (shape + 2) * (shape + 3))
    return np.asarray(rng.standard_gamma(shape, count) ** 2 / scale * rng.choice((-1.0, 1.0), count))


def resonator(frequency: float, decay: float, sr: int) -> tuple[Values, Values]:
    """Two-pole filter that rings at `frequency` Hz and falls to 1/e in `decay` ms: coefficients (b, a)."""
    radius = np.exp(-1000 / (decay * sr))
    angle = 2 * np.pi * min(frequency, 0.45 * sr) / sr
    return np.array([np.sin(angle)]), np.array([1, -2 * radius * np.cos(angle), radius**2])


def crackle(n: int, sr: int, rng: np.random.Generator, parameters: Parameters) -> Signal:
    """Dense small impulses through two-pole resonators: array (n,) with the rms of ``crackle.level``.

    The impulses share three voices within half an octave of the drawn frequency and decay.
    """
    times = poisson_times(parameters["crackle.rate"], n, sr, rng)
    amplitudes = gamma_squared(parameters["crackle.shape"], len(times), rng)
    voices = rng.integers(0, _CRACKLE_VOICES, len(times))
    out = np.zeros(n, np.float32)
    for voice in range(_CRACKLE_VOICES):
        frequency, decay = _near(parameters, "crackle", 1, rng)
        mine = voices == voice
        impulses = np.bincount(times[mine], amplitudes[mine], n).astype(np.float32)
        b, a = resonator(float(frequency[0]), float(decay[0]), sr)
        out += scipy.signal.lfilter(b.astype(np.float32), a.astype(np.float32), impulses)
    power = float(np.mean(np.square(out, dtype=np.float64))) if n else 0.0
    return out * np.float32(10 ** (parameters["crackle.level"] / 20) / np.sqrt(power)) if power > 0 else out


def _near(parameters: Parameters, part: str, count: int, rng: np.random.Generator) -> tuple[Values, Values]:
    """Frequencies in Hz and decays in ms within half an octave of the drawn ones."""
    frequency = parameters[f"{part}.frequency"] * 2 ** rng.uniform(-0.5, 0.5, count)
    decay = parameters[f"{part}.decay"] * 2 ** rng.uniform(-0.5, 0.5, count)
    return frequency, decay


def clicks(
    n: int, sr: int, rng: np.random.Generator, parameters: Parameters
) -> tuple[Signal, NDArray[np.int64], Values]:
    """Sparse strong clicks, each with its own ring, width and asymmetry.

    Returns
    -------
    signal : array (n,)
    times : array (count,)
        Sample numbers where the clicks begin, ascending.
    amplitudes : array (count,)
        Their signed peaks.
    """
    times = poisson_times(parameters["clicks.rate"], n, sr, rng)
    peaks = gamma_squared(parameters["clicks.shape"], len(times), rng)
    peaks *= 10 ** (parameters["clicks.level"] / 20)
    frequencies, decays = _near(parameters, "clicks", len(times), rng)
    widths = np.clip(parameters["clicks.width"] * 2 ** rng.uniform(-1, 1, len(times)), 0.02, 4)
    out = np.zeros(n, np.float32)
    add_clicks(out, sr, times, peaks, frequencies, decays, widths, rng.uniform(0, 1, len(times)))
    return out, times, peaks


def add_clicks(
    out: Signal,
    sr: int,
    times: NDArray[np.int64],
    peaks: Values,
    frequencies: Values,
    decays: Values,
    widths: Values,
    asymmetries: Values,
) -> None:
    """Add clicks to `out` in place.

    A click is ``asymmetry`` parts of a one-sided pulse that is `widths` ms long and the rest a
    decaying ring; its largest magnitude is `peaks`.
    """
    for first in range(0, len(times), _EVENTS_AT_ONCE):
        part = slice(first, first + _EVENTS_AT_ONCE)
        length = min(len(out), int(sr / 1000 * max(widths[part].max(), 6 * decays[part].max())) + 2)
        ms = np.arange(length) * (1000 / sr)
        ring = np.exp(-ms / decays[part, None]) * np.sin(
            2 * np.pi / 1000 * np.minimum(frequencies[part, None], 0.45 * sr) * (ms + 500 / sr)
        )
        # A raised cosine that begins at its height: steep on one side only, and over after `width`.
        pulse = 0.5 + 0.5 * np.cos(np.pi * np.minimum(ms / widths[part, None], 1))
        shapes = asymmetries[part, None] * pulse + (1 - asymmetries[part, None]) * ring
        shapes *= (peaks[part] / np.abs(shapes).max(axis=1))[:, None]
        places = times[part, None] + np.arange(length)
        inside = places < len(out)
        np.add.at(out, places[inside], shapes[inside].astype(np.float32))


def revolution_times(
    n: int, sr: int, rng: np.random.Generator, *, rpm: float, jitter: float = 0.0, sweep: float = 0.0
) -> NDArray[np.int64]:
    """Sample numbers of an event that comes once per revolution.

    Parameters
    ----------
    rpm
        Revolutions per minute.
    jitter
        Largest deviation either way, as a share of a revolution.
    sweep
        How much later the event comes with every revolution, as a share of a revolution: a scratch
        that lies askew to the groove.
    """
    period = 60 / rpm * sr
    first = rng.uniform(0, period)
    turns = np.arange(int(max(0.0, n - first) / (period * (1 + sweep))) + 1)
    times = first + turns * period * (1 + sweep) + period * jitter * rng.uniform(-1, 1, len(turns))
    whole = np.round(times).astype(np.int64)
    return whole[(whole >= 0) & (whole < n)]


def scratch(n: int, sr: int, rng: np.random.Generator, parameters: Parameters) -> Signal:
    """One to three scratches across the groove, each heard once per revolution: array (n,)."""
    out = np.zeros(n, np.float32)
    level = 10 ** (parameters["scratch.level"] / 20)
    for _ in range(int(parameters["scratch.count"])):
        times = revolution_times(
            n,
            sr,
            rng,
            rpm=parameters["rpm"],
            jitter=parameters["scratch.jitter"],
            sweep=parameters["scratch.sweep"],
        )
        count = len(times)
        # The same dent each time: its form stays, its strength varies a little.
        frequency, decay = (np.repeat(value, count) for value in _near(parameters, "clicks", 1, rng))
        width = np.full(count, np.clip(parameters["clicks.width"], 0.02, 4))
        peaks = level * rng.uniform(0.5, 1.0, count) * rng.choice((-1.0, 1.0))
        add_clicks(out, sr, times, peaks, frequency, decay, width, np.full(count, rng.uniform(0, 1)))
    return out


def thump(
    n: int,
    sr: int,
    rng: np.random.Generator,
    parameters: Parameters,
    click_times: NDArray[np.int64],
    click_peaks: Values,
) -> Signal:
    """Tone arm that swings after a big click: sine falling from 60 to 10 Hz, dying away: array (n,).

    Thumps follow the largest of the clicks; without clicks they stand on their own.
    """
    out = np.zeros(n, np.float32)
    count = int(rng.poisson(parameters["thump.rate"] * n / sr))
    if len(click_times):
        largest = np.argsort(-np.abs(click_peaks))[:count]
        starts = click_times[largest]
    else:
        starts = rng.integers(0, max(n, 1), count)
    duration = parameters["thump.duration"] / 1000
    time = np.arange(min(n, round(4 * duration * sr))) / sr
    # The integral of 10 + 50 exp(-t/d) turns.
    turns = 10 * time + 50 * duration * (1 - np.exp(-time / duration))
    shape = np.exp(-time / duration) * np.sin(2 * np.pi * turns)
    peak = np.abs(shape).max(initial=0)
    if peak > 0:
        shape *= 10 ** (parameters["thump.level"] / 20) / peak
    for start in starts:
        part = out[start : start + len(shape)]
        part += (shape[: len(part)] * rng.choice((-1.0, 1.0))).astype(np.float32)
    return out
