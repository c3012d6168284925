"""Critics that tell clean music from cleaned music: one of spectrograms, three of waveforms at falling rates."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import weight_norm

from hotpapers.denoise.generator import LEVELS
from hotpapers.denoise.stft import FFT_SIZE, stft

__all__ = ["Critics", "SpectrogramCritic", "Verdict", "WaveformCritic"]

# What a critic saw in each layer, and its logits, of any shape behind (batch, 1 or more).
Verdict = tuple[list[Tensor], Tensor]


class SpectrogramCritic(nn.Module):
    """The encoder of `Generator` with layer normalisation, and one logit per channel and patch at its end.

    Layers as in the public re-implementation of the paper; its layer normalisation has a weight for every
    position and so one length of excerpt, ours one for every channel.
    """

    def __init__(self) -> None:
        super().__init__()
        first = LEVELS[0][0]
        self.layers = nn.ModuleList([_normalised(2, first, 7)])
        for narrow, wide, stride in LEVELS:
            self.layers.append(_normalised(narrow, narrow, 3))
            self.layers.append(_normalised(narrow, wide, (stride[0] + 2, stride[1] + 2), stride))
        self.logits = nn.Conv2d(LEVELS[-1][1], 128, 3, padding=1)

    def forward(self, signal: Tensor) -> Verdict:
        """(batch, samples) at a level of about 1."""
        spectrogram = stft(signal)[..., :-1] / (FFT_SIZE / 2) ** 0.5
        hidden = torch.view_as_real(spectrogram).permute(0, 3, 1, 2)
        seen = []
        for layer in self.layers:
            hidden = layer(hidden)
            seen.append(hidden)
        return seen, self.logits(hidden)


class WaveformCritic(nn.Module):
    """MelGAN's critic of a waveform (Kumar et al., 2019; from memory)."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Sequential(nn.ReflectionPad1d(7), _weight_normed(1, 16, 15))]
        channels = 16
        for wide, groups in ((64, 4), (256, 16), (1024, 64), (1024, 256)):
            layers.append(_weight_normed(channels, wide, 41, stride=4, padding=20, groups=groups))
            channels = wide
        layers.append(_weight_normed(channels, channels, 5, padding=2))
        self.layers = nn.ModuleList(layers)
        self.logits = _weight_normed(channels, 1, 3, padding=1)

    def forward(self, signal: Tensor) -> Verdict:
        """(batch, samples)."""
        hidden = signal[:, None]
        seen = []
        for layer in self.layers:
            hidden = functional.leaky_relu(layer(hidden), 0.2)
            seen.append(hidden)
        return seen, self.logits(hidden)


class Critics(nn.Module):
    """All critics of the paper's family: of spectrograms, and of the waveform at its rate, a half and a quarter."""

    def __init__(self) -> None:
        super().__init__()
        self.spectrogram = SpectrogramCritic()
        self.waveforms = nn.ModuleList(WaveformCritic() for _ in range(3))

    def forward(self, signal: Tensor, level: Tensor) -> list[Verdict]:
        """Verdicts of the four critics on (batch, samples) of recordings with an rms of `level` (batch,)."""
        signal = signal / level[:, None]
        verdicts: list[Verdict] = [self.spectrogram(signal)]
        for critic in self.waveforms:
            verdicts.append(critic(signal))
            signal = functional.avg_pool1d(signal[:, None], 4, 2, padding=1, count_include_pad=False)[:, 0]
        return verdicts


def _normalised(
    channels: int, wide: int, kernel: int | tuple[int, int], stride: tuple[int, int] = (1, 1)
) -> nn.Sequential:
    padding = 3 if kernel == 7 else 1
    return nn.Sequential(
        nn.Conv2d(channels, wide, kernel, stride=stride, padding=padding),
        nn.GroupNorm(1, wide),
        nn.LeakyReLU(0.3),
    )


def _weight_normed(
    channels: int, wide: int, kernel: int, *, stride: int = 1, padding: int = 0, groups: int = 1
) -> nn.Module:
    layer = nn.Conv1d(channels, wide, kernel, stride=stride, padding=padding, groups=groups)
    weight_norm(layer)
    return layer
