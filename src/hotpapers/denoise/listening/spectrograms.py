"""Spectrograms on a logarithmic frequency axis, several sounds on one scale of levels."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["LogSpectrogram", "log_spectrogram", "picture"]

_FRAME = 4096
_FLOOR = 1e-7  # relative to full scale: -140 dB
_SPAN_DB = 90.0  # levels shown below the loudest


@dataclass(frozen=True)
class LogSpectrogram:
    """Levels over time and logarithmic frequency.

    Parameters
    ----------
    levels
        dB relative to a full-scale sine, ``[bands, columns]``, the lowest band first.
    frequencies
        Centres of the bands in Hz, ``[bands]``.
    seconds
        Length of the sound.
    """

    levels: npt.NDArray[np.float32]
    frequencies: npt.NDArray[np.float64]
    seconds: float


def log_spectrogram(
    samples: npt.NDArray[np.float32], sr: float, *, columns: int = 1000, bands: int = 240, low: float = 40.0
) -> LogSpectrogram:
    """Spectrogram of the mean of all channels.

    A column holds the mean power of its frames, a band that of its loudest bin, so that neither clicks nor
    tones fall between two pixels.

    Parameters
    ----------
    samples
        ``[n]`` or ``[n, channels]``.
    sr
        Samples a second.
    columns, bands
        Size of the picture; a short sound has fewer columns.
    low
        Lowest frequency in Hz; the highest is 20 kHz or half of `sr`.
    """
    mono = samples if samples.ndim == 1 else samples.mean(axis=1)
    seconds = len(mono) / sr
    hop = max(256, min(_FRAME // 2, -(-len(mono) // (4 * columns))))
    padded = np.pad(mono.astype(np.float32), (_FRAME // 2, _FRAME // 2 + hop))
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FRAME)[::hop]
    window = np.hanning(_FRAME).astype(np.float32)
    edges = np.geomspace(low, min(20_000.0, sr / 2), bands + 1)
    bins = np.clip(np.round(edges * _FRAME / sr).astype(int), 1, _FRAME // 2)
    power = np.empty((len(frames), bands), np.float64)
    for start in range(0, len(frames), 256):  # a few hundred frames at a time: little memory for long sounds
        spectrum = np.abs(np.fft.rfft(frames[start : start + 256] * window)) ** 2
        power[start : start + 256] = np.maximum.reduceat(spectrum, bins[:-1], axis=1)
    parts = np.linspace(0, len(frames), min(columns, len(frames)) + 1).astype(int)
    pooled = np.add.reduceat(power, parts[:-1], axis=0) / np.diff(parts)[:, None]
    levels = 10 * np.log10(pooled / (window.sum() / 2) ** 2 + _FLOOR**2)
    return LogSpectrogram(levels.T.astype(np.float32), np.sqrt(edges[1:] * edges[:-1]), seconds)


def picture(spectrogram: LogSpectrogram, *, top: float) -> bytes:
    """The spectrogram as PNG without axes, high frequencies above; `top` dB is the brightest colour."""
    from matplotlib import colormaps
    from PIL import Image

    shown = np.clip((spectrogram.levels[::-1] - top) / _SPAN_DB + 1, 0, 1)
    pixels = (colormaps["magma"](shown)[..., :3] * 255).round().astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).quantize(128, dither=Image.Dither.NONE).save(stream, "PNG", optimize=True)
    return stream.getvalue()
