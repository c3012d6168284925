"""The short-time Fourier transform of the room: 2048/512, one window both ways, an exact inverse."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

__all__ = [
    "BINS",
    "FFT_SIZE",
    "HOP",
    "SAMPLE_RATE",
    "Window",
    "frame_count",
    "inverse_stft",
    "noise_profile",
    "stft",
]

# Both overlap to a constant in power at a quarter of their length.
Window = Literal["sqrt-hann", "hamming"]

SAMPLE_RATE = 44_100
FFT_SIZE = 2048
HOP = 512
BINS = FFT_SIZE // 2 + 1


def frame_count(samples: int, *, fft_size: int = FFT_SIZE, hop: int = HOP) -> int:
    """How many frames `stft` makes of so many samples."""
    return math.ceil((samples + fft_size - hop) / hop)


def stft(signal: Tensor, *, fft_size: int = FFT_SIZE, hop: int = HOP, window: Window = "sqrt-hann") -> Tensor:
    """Complex spectrogram of a signal with silence before and after it.

    Frame t holds the samples ``hop*t - (fft_size - hop)`` to ``hop*t + hop``: every sample lies in
    ``fft_size / hop`` frames, and a shift by `hop` samples is a shift by one frame.

    Parameters
    ----------
    signal
        (..., samples), real.
    fft_size, hop
        Window length and step in samples; `hop` divides `fft_size`.
    window
        The room's, or the two-stage net's.

    Returns
    -------
    Tensor
        (..., frames, fft_size / 2 + 1), complex, not scaled: white noise of standard deviation s has
        an rms of ``s * sqrt(fft_size / 2)`` in every bin but the first and the last.
    """
    samples = signal.shape[-1]
    frames = frame_count(samples, fft_size=fft_size, hop=hop)
    ahead = fft_size - hop
    padded = functional.pad(signal, (ahead, (frames - 1) * hop + fft_size - ahead - samples))
    hops = padded.reshape(*signal.shape[:-1], -1, hop)
    overlap = fft_size // hop
    pieces = torch.cat([hops[..., shift : shift + frames, :] for shift in range(overlap)], dim=-1)
    spectrogram: Tensor = torch.fft.rfft(pieces * _window(window, fft_size, signal))
    return spectrogram


def inverse_stft(
    spectrogram: Tensor, samples: int, *, hop: int = HOP, window: Window = "sqrt-hann"
) -> Tensor:
    """Signal of so many samples whose `stft` is the given one; the least-squares one where none is.

    Parameters
    ----------
    spectrogram
        (..., frames, bins), complex.
    samples
        Length of the result; at most ``(frames - overlap + 1) * hop``.

    Returns
    -------
    Tensor
        (..., samples).
    """
    fft_size = 2 * (spectrogram.shape[-1] - 1)
    overlap = fft_size // hop
    frames = spectrogram.shape[-2]
    taper = _window(window, fft_size, spectrogram.real)
    pieces = torch.fft.irfft(spectrogram, n=fft_size) * (taper * (hop / taper.square().sum()))
    hops = pieces.reshape(*pieces.shape[:-1], overlap, hop)
    total = functional.pad(hops[..., 0, :], (0, 0, 0, overlap - 1))
    for shift in range(1, overlap):
        total = total + functional.pad(hops[..., shift, :], (0, 0, shift, overlap - 1 - shift))
    signal = total.reshape(*total.shape[:-2], (frames + overlap - 1) * hop)
    ahead = fft_size - hop
    return signal[..., ahead : ahead + samples]


def noise_profile(noise: Tensor) -> Tensor:
    """Root mean square of noise in every bin of `stft`: what the nets and the classical engine are told.

    Parameters
    ----------
    noise
        (..., samples), at least one window long; frames that reach over its ends are left out.

    Returns
    -------
    Tensor
        (..., bins), on the scale of `stft`.
    """
    overlap = FFT_SIZE // HOP
    whole = stft(noise)[..., overlap - 1 : noise.shape[-1] // HOP, :]
    return (whole.real.square() + whole.imag.square()).mean(-2).sqrt()


def _window(name: Window, size: int, like: Tensor) -> Tensor:
    if name == "hamming":
        return torch.hamming_window(size, dtype=like.dtype, device=like.device)
    return torch.hann_window(size, dtype=like.dtype, device=like.device).sqrt()
