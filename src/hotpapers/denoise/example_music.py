"""Clean music made in code: the first bars of a prelude, plucked."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve

__all__ = ["prelude"]

# J. S. Bach, Prelude in C, BWV 846: the five notes of each bar, as MIDI numbers; each half bar plays 1 2 3 4 5 3 4 5.
_BARS = (
    (60, 64, 67, 72, 76),
    (60, 62, 69, 74, 77),
    (59, 62, 67, 74, 77),
    (60, 64, 67, 72, 76),
    (60, 64, 69, 76, 81),
    (60, 62, 66, 69, 74),
    (59, 62, 67, 74, 79),
    (59, 60, 64, 67, 72),
)
_ORDER = (0, 1, 2, 3, 4, 2, 3, 4)
_STIFFNESS = 3e-4  # of the strings: partials a little sharp, as a piano's
_PARTIALS = 14


def prelude(seconds: float, sr: int = 44_100, *, seed: int = 0) -> NDArray[np.float32]:
    """Bach's Prelude in C on a plucked string instrument in a small room.

    Parameters
    ----------
    seconds
        Length; it is repeated where longer than its eight bars, and fades out over the last second.
    sr
        Rate in Hz.
    seed
        Of the touch: loudness and timing of each note, the room.

    Returns
    -------
    array (n,) of float32, peak 0.5
    """
    rng = np.random.default_rng(seed)
    n = round(seconds * sr)
    made = np.zeros(n + 4 * sr)
    beat = 0.2 * sr
    for index in range(int(np.ceil(n / beat))):
        bar = _BARS[index // 16 % len(_BARS)]
        start = round(index * beat + abs(rng.normal(0, 0.006)) * sr)
        if start < n:
            note = _string(440 * 2 ** ((bar[_ORDER[index % 8]] - 69) / 12), 3.0, sr, rng)
            made[start : start + len(note)] += note * rng.uniform(0.7, 1.0)
    room = rng.normal(size=round(0.5 * sr)) * np.exp(-np.arange(round(0.5 * sr)) / (0.09 * sr))
    room[0] = 12.0
    made = fftconvolve(made, room)[:n]
    made[-sr:] *= np.linspace(1, 0, len(made[-sr:]))
    return np.asarray(0.5 * made / np.abs(made).max(), np.float32)


def _string(pitch: float, seconds: float, sr: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """One note: partials that decay the faster the higher they are."""
    time = np.arange(round(seconds * sr)) / sr
    made = np.zeros(len(time))
    for partial in range(1, _PARTIALS + 1):
        frequency = partial * pitch * np.sqrt(1 + _STIFFNESS * partial**2)
        if frequency < 0.45 * sr:
            decay = np.exp(-time * (1.2 + 0.5 * partial) * (pitch / 260) ** 0.5)
            weight = np.sin(np.pi * partial / 7.3) / partial  # plucked at a seventh of its length
            made += weight * decay * np.sin(2 * np.pi * frequency * time + rng.uniform(0, 2 * np.pi))
    ends: NDArray[np.float64] = np.minimum(1, time / 0.002) * np.minimum(1, (time[-1] - time) / 0.05)
    return made * ends
