"""Excerpts of recordings as arrays at the rate of the model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from hotpapers.denoise.errors import DenoiseError

__all__ = ["MODEL_RATE", "read_clip", "read_mono"]

MODEL_RATE = 44_100


def read_clip(
    path: Path, sr: int = MODEL_RATE, *, start: float = 0.0, seconds: float | None = None
) -> NDArray[np.float32]:
    """An excerpt of an audio file, resampled.

    Parameters
    ----------
    path
        Anything that libsndfile reads.
    sr
        Rate of the result, in Hz.
    start, seconds
        Where the excerpt begins and how long it is; to the end of the file where left out.

    Returns
    -------
    array (n, channels) of float32

    Raises
    ------
    DenoiseError
        If the file is not audio, ends before `start`, or holds values that are not finite.
    """
    try:
        with soundfile.SoundFile(path) as file:
            rate = file.samplerate
            first = round(start * rate)
            if first and first >= file.frames:
                raise DenoiseError(f"{path} ends after {file.frames / rate:.1f} s, before {start:.1f} s")
            file.seek(first)
            count = -1 if seconds is None else round(seconds * rate)
            samples: NDArray[np.float32] = file.read(count, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError) as error:
        raise DenoiseError(f"{path} cannot be read as audio: {error}") from error
    if not np.isfinite(samples).all():
        raise DenoiseError(f"{path} holds values that are not finite numbers")
    if rate == sr or not len(samples):
        return samples
    return np.asarray(soxr.resample(samples, rate, sr, quality="VHQ"), np.float32)


def read_mono(
    path: Path, sr: int = MODEL_RATE, *, start: float = 0.0, seconds: float | None = None
) -> NDArray[np.float32]:
    """The mean of the channels of `read_clip`: array (n,)."""
    samples = read_clip(path, sr, start=start, seconds=seconds)
    return np.asarray(samples.mean(axis=1), np.float32)
