"""The paper's generator and critics and the two-stage net: counts, shapes, and what they commute with."""

from __future__ import annotations

import pytest
import torch

from hotpapers.denoise.critics import Critics, SpectrogramCritic, WaveformCritic
from hotpapers.denoise.generator import Generator
from hotpapers.denoise.stft import HOP
from hotpapers.denoise.two_stage import TwoStageNet


def count(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def signal(samples: int, seed: int = 0) -> torch.Tensor:
    return 0.1 * torch.randn(1, samples, generator=torch.Generator().manual_seed(seed))


LEVEL = torch.tensor([0.1])


@pytest.fixture(scope="module")
def generator() -> Generator:
    torch.manual_seed(0)
    return Generator().eval()


def test_parameters_of_the_generator() -> None:
    assert count(Generator(weight_normalisation=False)) == 9_345_378


def test_weight_normalisation_has_one_gain_for_each_output_channel(generator) -> None:
    for layer in generator.modules():
        if isinstance(layer, torch.nn.Conv2d | torch.nn.ConvTranspose2d):
            assert layer.parametrizations.weight.original0.numel() == layer.out_channels


@pytest.mark.parametrize("frames", [8, 13])
def test_shape_of_the_generators_image(generator, frames) -> None:
    with torch.inference_mode():
        assert generator.image(torch.randn(2, 2, frames, 1024)).shape == (2, 2, frames, 1024)


def test_generator_commutes_with_gain_and_shift(generator) -> None:
    stride, reach = HOP * generator.time_stride, generator.context * HOP + 2048
    noisy = signal(2 * reach + 4 * stride)
    with torch.inference_mode():
        whole = generator(noisy, LEVEL)
        shifted = generator(noisy[:, stride:], LEVEL)
        louder = generator(3 * noisy, 3 * LEVEL)
    inner = slice(reach, -reach)
    assert float(whole.std()) > 1e-4
    assert torch.allclose(whole[:, stride:][:, inner], shifted[:, inner], atol=1e-5)
    assert torch.allclose(louder, 3 * whole, atol=1e-5)


def test_parameters_of_the_critics() -> None:
    """The encoder with its norms and logits; MelGAN's critic layer by layer, each with its weight-norm gains."""
    norms = 2 * (32 + sum((32 + 64, 64 + 64, 64 + 128, 128 + 128, 128 + 256, 256 + 512)))
    strides = (1, 1, 2, 1, 2, 2)
    widths = (32, 64, 64, 128, 128, 256, 512)
    encoder = 7 * 7 * 2 * 32 + 32 + norms + 9 * 512 * 128 + 128
    for stride, narrow, wide in zip(strides, widths[:-1], widths[1:], strict=True):
        encoder += 9 * narrow * narrow + narrow + (stride + 2) * 4 * narrow * wide + wide
    assert count(SpectrogramCritic()) == encoder
    layers = ((1, 16, 15, 1), (16, 64, 41, 4), (64, 256, 41, 16), (256, 1024, 41, 64), (1024, 1024, 41, 256))
    layers += ((1024, 1024, 5, 1), (1024, 1, 3, 1))
    melgan = sum(size * inputs // groups * outputs + 2 * outputs for inputs, outputs, size, groups in layers)
    assert count(WaveformCritic()) == melgan


def test_critics_see_the_signal_at_three_rates() -> None:
    torch.manual_seed(0)
    with torch.inference_mode():
        verdicts = Critics()(signal(16_384), LEVEL)
    assert [logits.shape[-1] for _, logits in verdicts] == [16, 64, 32, 16]
    assert verdicts[0][1].shape == (1, 128, 4, 16)  # 35 frames halved three times, 1024 bins six times
    assert [len(seen) for seen, _ in verdicts] == [13, 6, 6, 6]


def test_critics_do_not_hear_loudness() -> None:
    torch.manual_seed(0)
    critics = Critics().eval()
    with torch.inference_mode():
        one, louder = critics(signal(8192), LEVEL), critics(5 * signal(8192), 5 * LEVEL)
    for (_, quiet), (_, loud) in zip(one, louder, strict=True):
        assert torch.allclose(quiet, loud, atol=1e-4)


def test_parameters_of_the_two_stage_net() -> None:
    with torch.device("meta"):
        # The initialisation has nothing to draw on this device: only shapes are made.
        assert count(TwoStageNet()) == 71_408_196


@pytest.fixture(scope="module")
def two_stage() -> TwoStageNet:
    torch.manual_seed(0)
    return TwoStageNet(widths=(4, 4, 4, 4)).eval()


@pytest.mark.parametrize("frames", [3, 12, 13, 15])
def test_shapes_of_both_stages(two_stage, frames) -> None:
    image = torch.randn(1, 2, frames, 1025)
    with torch.inference_mode():
        second, first = two_stage.images(image)
    assert second.shape == first.shape == image.shape


def test_the_first_stage_adds_to_its_input(two_stage) -> None:
    """Without the residual's weights the first prediction is the input itself."""
    image = torch.randn(1, 2, 12, 1025)
    with torch.inference_mode():
        kept = [parameter.clone() for parameter in two_stage.attention.residual.parameters()]
        for parameter in two_stage.attention.residual.parameters():
            parameter.zero_()
        first = two_stage.images(image)[1]
        for parameter, value in zip(two_stage.attention.residual.parameters(), kept, strict=True):
            parameter.copy_(value)
    assert torch.equal(first, image)


def test_two_stage_gain(two_stage) -> None:
    noisy = signal(20_000)
    with torch.inference_mode():
        plain, louder = two_stage(noisy, LEVEL), two_stage(4 * noisy, 4 * LEVEL)
    assert plain.shape == noisy.shape
    assert torch.allclose(louder, 4 * plain, atol=1e-5)
