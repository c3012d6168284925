"""The losses: ours for the small net, and the paper's reconstruction, feature and hinge losses."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from hotpapers.denoise.stft import stft

__all__ = [
    "critic_hinge_loss",
    "distortion_loss",
    "feature_loss",
    "generator_hinge_loss",
    "magnitude_loss",
    "reconstruction_loss",
    "stft_loss",
]

_RESOLUTIONS = (512, 2048)
_EXPONENT = 0.3


def reconstruction_loss(estimate: Tensor, clean: Tensor, level: Tensor) -> Tensor:
    """Loss A: L1 of the wave, of compressed magnitudes, and of complex spectra relative to their size.

    It finds a good net within minutes and asks for quiet details as well as loud ones.

    Parameters
    ----------
    estimate, clean
        (batch, samples).
    level
        (batch,) rms of the recordings; everything is divided by it first.

    Returns
    -------
    Tensor
        A number: mean |e| + sum over windows 512 and 2048 of mean ||E|^0.3 - |C|^0.3|
        + 0.3 mean |E - C| / (mean |C| + 0.05).
    """
    estimate, clean = estimate / level[:, None], clean / level[:, None]
    total = (estimate - clean).abs().mean()
    for size in _RESOLUTIONS:
        ours, theirs = _scaled_stft(estimate, size), _scaled_stft(clean, size)
        total = total + (_compressed(ours) - _compressed(theirs)).abs().mean()
        error, size_of_clean = _modulus(ours - theirs).mean((-1, -2)), _modulus(theirs).mean((-1, -2))
        total = total + 0.3 * (error / (size_of_clean + 0.05)).mean()
    return total


def distortion_loss(
    estimate: Tensor, clean: Tensor, level: Tensor, *, floor_db: float = -35.0, magnitude_weight: float = 5.0
) -> Tensor:
    """Loss B: the error in decibels below the clean signal, and compressed magnitudes.

    It weighs every example alike however noisy, so it polishes what loss A has found.

    Parameters
    ----------
    estimate, clean
        (batch, samples).
    level
        (batch,) rms of the recordings.
    floor_db
        Where the decibels flatten out: better than this is not asked for.
    magnitude_weight
        Weight of the magnitude term, whose size is about a tenth.

    Returns
    -------
    Tensor
        mean 10 log10(sum e^2 / sum c^2 + 10^(floor/10)) + weight * `magnitude_loss`. A clean signal quieter
        than 20 dB below the level counts as that loud: pure noise has a finite loss.
    """
    error = (estimate - clean).square().mean(-1)
    power = clean.square().mean(-1).maximum(0.01 * level.square())
    decibels = 10 * torch.log10(error / power + 10 ** (floor_db / 10))
    return decibels.mean() + magnitude_weight * magnitude_loss(estimate, clean, level)


def magnitude_loss(estimate: Tensor, clean: Tensor, level: Tensor) -> Tensor:
    """Mean ||E|^0.3 - |C|^0.3| over the windows 512 and 2048 of signals divided by the level."""
    terms = [
        (
            _compressed(_scaled_stft(estimate / level[:, None], size))
            - _compressed(_scaled_stft(clean / level[:, None], size))
        )
        .abs()
        .mean()
        for size in _RESOLUTIONS
    ]
    return torch.stack(terms).mean()


def stft_loss(estimate: Tensor, clean: Tensor) -> Tensor:
    """Mean modulus of the difference of the complex spectra: the paper family's reconstruction loss."""
    return _modulus(stft(estimate) - stft(clean)).mean()


def feature_loss(clean: Sequence[Sequence[Tensor]], estimate: Sequence[Sequence[Tensor]]) -> Tensor:
    """Mean over critics and their layers of the L1 distance of features (SEANet's loss, from memory).

    Parameters
    ----------
    clean, estimate
        For every critic the outputs of its layers, (batch, channels, time) or (batch, channels, time, bins):
        what it sees in the clean and in the cleaned signal. L1 sums over channels (and bins), means over time
        and the batch.
    """
    means = []
    for seen_clean, seen_estimate in zip(clean, estimate, strict=True):
        layers = [
            (theirs - ours).abs().sum(1).flatten(2).sum(-1).mean()
            if ours.ndim == 4
            else (theirs - ours).abs().sum(1).mean()
            for theirs, ours in zip(seen_clean, seen_estimate, strict=True)
        ]
        means.append(torch.stack(layers).mean())
    return torch.stack(means).mean()


def critic_hinge_loss(real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
    """Mean over critics of mean max(0, 1 - D(real)) + mean max(0, 1 + D(fake)), logits of any shape."""
    return torch.stack(
        [
            functional.relu(1 - on_real).mean() + functional.relu(1 + on_fake).mean()
            for on_real, on_fake in zip(real, fake, strict=True)
        ]
    ).mean()


def generator_hinge_loss(fake: Sequence[Tensor]) -> Tensor:
    """Mean over critics of mean max(0, 1 - D(fake)): what the generator lowers to pass for clean."""
    return torch.stack([functional.relu(1 - on_fake).mean() for on_fake in fake]).mean()


def _scaled_stft(signal: Tensor, size: int) -> Tensor:
    """A spectrogram in which white noise of rms 1 has rms 1 in every bin; windows overlap by three quarters."""
    scale: float = (2.0 / size) ** 0.5
    return stft(signal, fft_size=size, hop=size // 4) * scale


def _compressed(spectrogram: Tensor) -> Tensor:
    return (spectrogram.real.square() + spectrogram.imag.square() + 1e-8).pow(_EXPONENT / 2)


def _modulus(spectrogram: Tensor) -> Tensor:
    """|z| with a gradient at 0."""
    return (spectrogram.real.square() + spectrogram.imag.square() + 1e-12).sqrt()
