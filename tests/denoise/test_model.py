"""The small net: the identity before training, and what it commutes with after."""

from __future__ import annotations

import pytest
import torch

from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.model import SmallNet
from hotpapers.denoise.stft import HOP, noise_profile, stft


def trained_like(**settings) -> SmallNet:
    """A net with random weights everywhere, so that it changes its input."""
    torch.manual_seed(0)
    net = SmallNet(**settings).eval()
    with torch.no_grad():
        for parameter in net.parameters():
            if parameter.abs().max() == 0:
                parameter.normal_(0, 0.05)
    return net


@pytest.fixture(scope="module")
def net() -> SmallNet:
    return trained_like()


def signal(samples: int, seed: int = 0, batch: int = 1) -> torch.Tensor:
    return 0.1 * torch.randn(batch, samples, generator=torch.Generator().manual_seed(seed))


LEVEL = torch.tensor([0.1])


def test_returns_its_input_before_training() -> None:
    noisy = signal(10_001, batch=2)
    result = SmallNet()(noisy, LEVEL.expand(2), noise_profile(signal(8192, 1, 2)))
    assert torch.allclose(result, noisy, atol=1e-5)


def test_fits_five_megabytes() -> None:
    assert 1_600_000 <= sum(parameter.numel() for parameter in SmallNet().parameters()) <= 2_500_000


@pytest.mark.parametrize("gain", [0.1, 4.0])
def test_gain_in_is_gain_out(net, gain) -> None:
    noisy, profile = signal(16_384), noise_profile(signal(8192, 1))
    with torch.inference_mode():
        plain = net(noisy, LEVEL, profile)
        louder = net(gain * noisy, gain * LEVEL, gain * profile)
    assert (plain - noisy).abs().max() > 0.01
    assert torch.allclose(louder, gain * plain, rtol=1e-3, atol=1e-5 * gain)


def test_shift_by_the_stride_commutes(net) -> None:
    stride, reach = HOP * net.time_stride, net.context * HOP + 2048
    assert stride == 4096
    noisy = signal(2 * reach + 8 * stride)
    with torch.inference_mode():
        whole = net(noisy, LEVEL)
        shifted = net(noisy[:, 2 * stride :], LEVEL)
    inner = slice(reach, -reach)
    assert torch.allclose(whole[:, 2 * stride :][:, inner], shifted[:, inner], atol=1e-5)


def test_context_is_what_the_result_depends_on() -> None:
    """The first and the last frame that a gradient reaches lie within the stated context, and near it."""
    net = trained_like(widths=(4, 4, 4, 4, 4))
    frames = 4 * net.context + 8 * net.time_stride
    noisy = signal(frames * HOP).requires_grad_()
    reached = []
    for offset in range(net.time_stride):
        middle = (frames // 2 + offset) * HOP
        (gradient,) = torch.autograd.grad(net(noisy, LEVEL)[0, middle : middle + HOP].sum(), noisy)
        touched = gradient[0].nonzero()[:, 0]
        reached += [middle - int(touched.min()), int(touched.max()) - middle - HOP]
    assert max(reached) <= net.context * HOP + 2048
    assert max(reached) > (net.context - 6) * HOP


def test_profile_tells(net) -> None:
    """A profile changes the result; a row of zeros is no profile."""
    noisy = signal(8192)
    with torch.inference_mode():
        blind, told = net(noisy, LEVEL), net(noisy, LEVEL, noise_profile(signal(8192, 1)))
        unknown = net(noisy, LEVEL, torch.zeros(1, 1025))
    assert torch.equal(blind, unknown)
    assert (blind - told).abs().max() > 1e-4


def test_linked_channels_keep_their_ratio(net) -> None:
    left = signal(8192)
    with torch.inference_mode():
        one = net(torch.cat([left, 0.5 * left]), LEVEL.expand(2), linked=True)
        alone = net(torch.cat([left, left]), LEVEL.expand(2), linked=True)
    assert torch.allclose(one[1], 0.5 * one[0], atol=1e-6)
    assert torch.equal(alone[0], alone[1])


def test_silence_stays_silent(net) -> None:
    with torch.inference_mode():
        assert float(net(torch.zeros(1, 5000), LEVEL).abs().max()) <= 1e-6


def test_reduced_precision_is_close(net) -> None:
    noisy = signal(16_384)
    with torch.inference_mode():
        full = net(noisy, LEVEL)
        net.reduced_precision = True
        reduced = net(noisy, LEVEL)
        net.reduced_precision = False
    assert reduced.dtype == torch.float32
    error = (full - reduced).square().mean() / (full - noisy).square().mean()
    assert 0 < float(error) < 1e-2


def test_a_net_over_magnitudes_neither_sees_nor_changes_phases() -> None:
    net = trained_like(reach=0, magnitudes_only=True)
    spectrum = stft(signal(20_000))
    turned = spectrum * torch.exp(1j * torch.rand(spectrum.shape[-1]) * 6)
    with torch.no_grad():
        taps = net._taps(spectrum, LEVEL, None)
        assert torch.allclose(taps, net._taps(turned, LEVEL, None), atol=1e-5)
        complex_taps = trained_like(reach=0)._taps(spectrum, LEVEL, None)
    assert taps.imag.abs().max() == 0 < complex_taps.imag.abs().max()
    assert SmallNet(**net.settings).magnitudes_only
    with pytest.raises(DenoiseError, match="reach must be 0, not 1"):
        SmallNet(magnitudes_only=True)
