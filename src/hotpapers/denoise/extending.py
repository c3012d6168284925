"""Noise made as long as it is needed from a short segment, without a bump and on the beat of the record."""

from __future__ import annotations

import itertools
import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.rotation import revolution_period

__all__ = ["noise_to_length", "overlap_copies", "repeat_revolutions"]

Signal = NDArray[np.float32]
_ROTATION_FADE = 0.5  # seconds


def noise_to_length(
    segment: Signal,
    n: int,
    sr: int,
    rng: np.random.Generator,
    *,
    rpm: float | Literal["auto"] | None = "auto",
) -> Signal:
    """Noise of `n` samples from a segment of any length.

    Parameters
    ----------
    segment
        Array (m,) or (m, channels).
    n
        Samples wanted.
    sr
        Rate, in Hz.
    rng
        Draws where in the segment the noise begins.
    rpm
        Speed of the record, so that clicks stay on the beat; ``"auto"`` estimates it; None: no record.

    Returns
    -------
    array (n,) or (n, channels) of float32

    Raises
    ------
    DenoiseError
        If the segment is shorter than two samples or not finite, or `n` or `rpm` can't be used.
    """
    segment = _checked(segment, n)
    period = None
    if rpm == "auto":
        period = revolution_period(segment, sr)
    elif rpm is not None:
        if not (math.isfinite(rpm) and rpm > 0):
            raise DenoiseError(f"the speed must be above 0 revolutions per minute, not {rpm}")
        period = 60 / rpm
    if period is not None and _whole_revolutions(len(segment), period * sr, sr):
        return repeat_revolutions(segment, n, sr, rng, period=period)
    return overlap_copies(segment, n, sr, rng)


def overlap_copies(
    segment: Signal, n: int, sr: int, rng: np.random.Generator, overlap: float = 0.02
) -> Signal:
    """Copies that overlap by a share of the segment, from a random place on: array (n,) or (n, channels).

    The overlap is at least 20 ms, at most half the segment, cross-faded at equal power. To begin at a
    random place is the paper's "time shift with wraparound" without the seam.
    """
    segment = _checked(segment, n)
    length = len(segment)
    fade = min(max(round(0.02 * sr), round(overlap * length)), length // 2)
    loop = segment[: length - fade].copy()
    loop[:fade] = _crossfade(segment[length - fade :], segment[:fade])
    places = (int(rng.integers(len(loop))) + np.arange(n)) % len(loop)
    return loop[places]


def repeat_revolutions(
    segment: Signal, n: int, sr: int, rng: np.random.Generator, *, period: float
) -> Signal:
    """Copies a whole number of revolutions apart, so that clicks stay on the beat: (n,) or (n, channels).

    Parameters
    ----------
    period
        Seconds per revolution.

    Raises
    ------
    DenoiseError
        If the segment does not hold a revolution and the cross-fade.
    """
    segment = _checked(segment, n)
    revolutions = _whole_revolutions(len(segment), period * sr, sr)
    if not revolutions:
        raise DenoiseError(
            f"a segment of {len(segment) / sr:.2f} s holds no whole revolution of {period:.3f} s and a cross-fade"
        )
    spacing = revolutions * period * sr
    fade = min(round(_ROTATION_FADE * sr), len(segment) - math.ceil(spacing), math.floor(spacing))
    offset = int(rng.integers(math.floor(spacing)))
    copies = math.ceil((offset + n) / spacing) + 1
    # Each copy begins at its own rounded place, so that rounding does not add up.
    starts = np.round(np.arange(copies + 1) * spacing).astype(np.int64)
    out = np.empty((int(starts[-1]) + fade, *segment.shape[1:]), np.float32)
    out[:fade] = segment[:fade]
    for start, following in itertools.pairwise(starts):
        step = int(following - start)
        if start:
            out[start : start + fade] = _crossfade(out[start : start + fade], segment[:fade])
        out[start + fade : start + step + fade] = segment[fade : step + fade]
    return out[offset : offset + n]


def _whole_revolutions(length: int, period: float, sr: int) -> int:
    """Revolutions that fit into a segment and leave over what the cross-fade needs; 0 for none."""
    fade = _ROTATION_FADE * sr
    revolutions = int(length // period)
    if length - revolutions * period <= fade:
        revolutions -= 1
    return max(revolutions, 0)


def _crossfade(ending: Signal, beginning: Signal) -> Signal:
    """From one stretch into another at equal power, also where the two are alike."""
    count = len(ending)
    angle = (np.arange(count) + 0.5) / max(count, 1) * (np.pi / 2)
    down, up = np.cos(angle), np.sin(angle)
    energy = math.sqrt(float(np.sum(np.square(ending, dtype=np.float64))))
    energy *= math.sqrt(float(np.sum(np.square(beginning, dtype=np.float64))))
    product = float(np.sum(ending.astype(np.float64) * beginning))
    likeness = max(product / energy, 0.0) if energy > 0 else 0.0
    # Two alike copies add in amplitude, two strangers in power: sqrt-Hann fades suit the latter only.
    scale = 1 / np.sqrt(1 + 2 * likeness * down * up)
    shape = (count, *(1,) * (ending.ndim - 1))
    down, up = (down * scale).reshape(shape), (up * scale).reshape(shape)
    return np.asarray(ending * down + beginning * up, np.float32)


def _checked(segment: Signal, n: int) -> Signal:
    array = np.asarray(segment, np.float32)
    if array.ndim not in {1, 2} or len(array) < 2:
        raise DenoiseError(
            f"a noise segment has shape (n,) or (n, channels) and two samples or more, not {array.shape}"
        )
    if n < 0:
        raise DenoiseError(f"the number of samples must not be negative: {n}")
    if not np.isfinite(array).all():
        raise DenoiseError("the noise segment holds values that are not finite numbers")
    return array
