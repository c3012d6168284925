"""The losses: golden numbers, gradients in double precision, what they leave alone."""

from __future__ import annotations

import math

import pytest
import torch

from hotpapers.denoise.losses import (
    critic_hinge_loss,
    distortion_loss,
    feature_loss,
    generator_hinge_loss,
    magnitude_loss,
    reconstruction_loss,
    stft_loss,
)

LOGITS = torch.tensor([0.5, -2.0, 1.5])
LEVEL = torch.tensor([0.1], dtype=torch.float64)


def test_hinge_golden_numbers() -> None:
    silent = torch.full((1,), 5.0)  # past the margin on the real side
    assert float(critic_hinge_loss([LOGITS], [-silent])) == pytest.approx(1.1666667, abs=1e-6)
    assert float(critic_hinge_loss([silent], [LOGITS])) == pytest.approx(1.3333333, abs=1e-6)
    assert float(generator_hinge_loss([LOGITS])) == pytest.approx(1.1666667, abs=1e-6)


def test_hinge_is_the_mean_over_critics() -> None:
    assert float(generator_hinge_loss([LOGITS, torch.zeros(2, 7)])) == pytest.approx((1.1666667 + 1) / 2)


def pair(samples: int = 512, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    clean = 0.1 * torch.randn(1, samples, dtype=torch.float64, generator=generator)
    return clean + 0.02 * torch.randn(1, samples, dtype=torch.float64, generator=generator), clean


@pytest.mark.parametrize(
    "loss",
    [
        lambda y, x: reconstruction_loss(y, x, LEVEL),
        lambda y, x: distortion_loss(y, x, LEVEL),
        stft_loss,
    ],
)
def test_gradients(loss) -> None:
    estimate, clean = pair()
    assert torch.autograd.gradcheck(
        lambda y: loss(y, clean), estimate.requires_grad_(), eps=1e-7, atol=1e-4, fast_mode=True
    )


@pytest.mark.parametrize("loss", [reconstruction_loss, distortion_loss])
def test_a_gain_on_everything_changes_nothing(loss) -> None:
    estimate, clean = pair(8192)
    one, other = loss(estimate, clean, LEVEL), loss(7 * estimate, 7 * clean, 7 * LEVEL)
    assert float(one) == pytest.approx(float(other), rel=1e-9)


def test_distortion_is_in_decibels() -> None:
    """An error 20 dB below the music costs about -20; ten times less error, 20 dB less; the floor ends it."""
    _, clean = pair(8192)
    error = torch.randn(1, 8192, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    error *= clean.square().mean().sqrt() / error.square().mean().sqrt()
    at = [
        float(distortion_loss(clean + share * error, clean, LEVEL, magnitude_weight=0))
        for share in (0.1, 0.01, 0)
    ]
    assert at[0] == pytest.approx(10 * math.log10(0.01 + 10**-3.5), abs=1e-6)
    assert at[1] == pytest.approx(10 * math.log10(0.0001 + 10**-3.5), abs=1e-6)
    assert at[2] == pytest.approx(-35, abs=1e-9)


@pytest.mark.parametrize("loss", [reconstruction_loss, distortion_loss])
@pytest.mark.parametrize("gain", [0.0, 1.0])
def test_pure_noise_and_silence_have_finite_gradients(loss, gain) -> None:
    estimate = (gain * pair()[0]).requires_grad_()
    value = loss(estimate, torch.zeros(1, 512, dtype=torch.float64), LEVEL)
    value.backward()
    assert torch.isfinite(value)
    assert torch.isfinite(estimate.grad).all()


def test_magnitudes_ignore_the_sign() -> None:
    estimate, clean = pair(8192)
    assert float(magnitude_loss(-clean, clean, LEVEL)) == pytest.approx(0, abs=1e-12)
    assert float(magnitude_loss(estimate, clean, LEVEL)) > 0.01


def test_stft_loss_is_the_mean_modulus() -> None:
    """A constant complex difference of modulus 5 in every bin, made in the time domain by its own transform."""
    from hotpapers.denoise.stft import stft

    estimate, clean = pair(5000)
    expected = (stft(estimate) - stft(clean)).abs().mean()
    assert float(stft_loss(estimate, clean)) == pytest.approx(float(expected), rel=1e-9)


def test_feature_loss_by_hand() -> None:
    """Two critics: one layer of 2 channels x 3 steps that differ by 1, one that agrees: mean 2 and 0."""
    zeros, ones = torch.zeros(1, 2, 3), torch.ones(1, 2, 3)
    assert float(feature_loss([[zeros], [zeros]], [[ones], [zeros]])) == pytest.approx(1.0)
    image = torch.ones(1, 2, 3, 4)
    assert float(feature_loss([[torch.zeros(1, 2, 3, 4)]], [[image]])) == pytest.approx(8.0)
