"""Excerpts of recordings as arrays at the rate of the model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from hotpapers.denoise.errors import DenoiseError
from hotpapers.media.audio import open_audio

__all__ = ["MODEL_RATE", "read_clip", "read_mono"]

MODEL_RATE = 44_100


def read_clip(
    path: Path,
    sr: int = MODEL_RATE,
    *,
    start: float = 0.0,
    seconds: float | None = None,
    sanitize: bool = False,
) -> NDArray[np.float32]:
    """An excerpt of an audio file, resampled.

    Parameters
    ----------
    path
        Anything that `hotpapers.media.audio` reads.
    sr
        Rate of the result, in Hz.
    start, seconds
        Where the excerpt begins and how long it is; to the end of the file where left out.

    sanitize
        Take zero for values that are not finite.

    Returns
    -------
    array (n, channels) of float32

    Raises
    ------
    AudioError
        If the file is not audio or is damaged.
    DenoiseError
        If it ends before `start`, or holds values that are not finite.
    """
    reader = open_audio(path)
    first = round(start * reader.rate)
    stop = None if seconds is None else first + round(seconds * reader.rate)
    blocks = list(reader.blocks(start=first, stop=stop))
    if not blocks:
        raise DenoiseError(f"{path} ends before {start:.1f} s")
    samples = np.concatenate(blocks)
    if sanitize:
        samples = np.nan_to_num(samples, nan=0, posinf=0, neginf=0)
    elif not np.isfinite(samples).all():
        raise DenoiseError(f"{path} holds values that are not finite numbers")
    if reader.rate == sr:
        return samples
    return np.asarray(soxr.resample(samples, reader.rate, sr, quality="VHQ"), np.float32)


def read_mono(
    path: Path, sr: int = MODEL_RATE, *, start: float = 0.0, seconds: float | None = None
) -> NDArray[np.float32]:
    """The mean of the channels of `read_clip`: array (n,)."""
    samples = read_clip(path, sr, start=start, seconds=seconds)
    return np.asarray(samples.mean(axis=1), np.float32)
