"""The two-stage U-Net of the paper's successor (Moliner and Välimäki, ICASSP 2022), layer by layer as released.

Facts from the official TensorFlow code, eloimoliner/denoising-historical-recordings (MIT), written anew for torch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from hotpapers.denoise.stft import BINS, FFT_SIZE, inverse_stft, stft

__all__ = ["TwoStageNet"]

_WIDTHS = (32, 64, 64, 128, 128, 256, 512)
_POSITION_CHANNELS = 10


class TwoStageNet(nn.Module):
    """Two U-Nets: the first adds to its input, the second sees what a supervised attention module lets through.

    Parameters
    ----------
    widths
        Channels at full resolution and after every halving of time and frequency; the released net has
        32, 64, 64, 128, 128, 256, 512 and 71,408,196 parameters.
    """

    def __init__(self, *, widths: Sequence[int] = _WIDTHS) -> None:
        super().__init__()
        self.settings = {"widths": list(widths)}
        first = widths[0]
        self.halvings = len(widths) - 1
        self.entries = nn.ModuleList(_Conv(2 + _POSITION_CHANNELS, first, 7) for _ in range(2))
        self.stages = nn.ModuleList([_UNet(first, widths), _UNet(2 * first, widths)])
        self.attention = _SupervisedAttention(first)
        self.exit = _Conv(first, 2, 3)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
                nn.init.trunc_normal_(layer.weight, 0.0, 0.05, -0.1, 0.1)
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def forward(
        self, noisy: Tensor, level: Tensor, profile: Tensor | None = None, *, linked: bool = False
    ) -> Tensor:
        """Clean signals (batch, samples) from noisy ones at 44.1 kHz.

        Parameters
        ----------
        noisy
            (batch, samples).
        level
            (batch,) rms of the recordings.
        profile, linked
            Not used: the net is told no noise, and has no filters that channels could share.
        """
        clean = self.images(self.image(noisy, level))[0].float().permute(0, 2, 3, 1).contiguous()
        spectrogram = torch.view_as_complex(clean) * self._scale(level)
        return inverse_stft(spectrogram, noisy.shape[-1], window="hamming")

    def image(self, signal: Tensor, level: Tensor) -> Tensor:
        """Real and imaginary parts of spectra, (batch, 2, frames, 1025), white noise at the level having rms 1."""
        spectrogram = stft(signal, window="hamming") / self._scale(level)
        image: Tensor = torch.view_as_real(spectrogram).permute(0, 3, 1, 2)
        return image

    @staticmethod
    def _scale(level: Tensor) -> Tensor:
        scale: Tensor = (level * (FFT_SIZE / 2) ** 0.5)[:, None, None]
        return scale

    def images(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Clean images of the second and the first stage from a noisy one, (batch, 2, frames, 1025).

        An image of fewer frames than the net halves away is followed by silence.
        """
        frames = image.shape[2]
        image = functional.pad(image, (0, 0, 0, max(self.time_stride - frames, 0)))
        positions = _frequency_positions(image)
        seen = torch.cat([image, positions.expand(len(image), -1, image.shape[2], -1)], dim=1)
        features = self.stages[0](functional.elu(self.entries[0](seen)))
        attended, first = self.attention(features, image)
        features = self.stages[1](torch.cat([functional.elu(self.entries[1](seen)), attended], dim=1))
        return self.exit(features)[:, :, :frames], first[:, :, :frames]

    @property
    def time_stride(self) -> int:
        """Frames by which a shift of the input is a shift of the output, away from the edges."""
        return int(2**self.halvings)

    @property
    def context(self) -> int:
        """Frames of surroundings that a piece is computed with: 1.5 s.

        The net could see further than the 5 s that it is trained on; the official code computes 5 s pieces
        without any surroundings.
        """
        return 128


class _UNet(nn.Module):
    def __init__(self, channels: int, widths: Sequence[int]) -> None:
        super().__init__()
        inputs = (channels, *widths[1:-1])
        self.encoders = nn.ModuleList(_DenseBlock(i, n) for i, n in zip(inputs, widths[:-1], strict=True))
        self.downs = nn.ModuleList(nn.Conv2d(narrow, wide, 4, stride=2) for narrow, wide in pairwise(widths))
        self.bottom = _DenseBlock(widths[-1], widths[-1])
        self.decoders = nn.ModuleList(
            _Decoder(wide, narrow) for narrow, wide in zip(widths[-2::-1], widths[:0:-1], strict=True)
        )

    def forward(self, hidden: Tensor) -> Tensor:
        skips = []
        for encoder, down in zip(self.encoders, self.downs, strict=True):
            hidden = encoder(hidden)
            skips.append(hidden)
            hidden = functional.elu(down(_mirrored(hidden, 2, 1)))
        hidden = self.bottom(hidden)
        for decoder in self.decoders:
            hidden = decoder(hidden, skips.pop())
        return hidden


class _Decoder(nn.Module):
    """Twice the resolution by a transposed convolution and by repetition, added; the skip beside it; a dense block."""

    def __init__(self, wide: int, narrow: int) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(wide, narrow, 4, stride=2)
        self.projection = nn.Conv2d(wide, narrow, 1) if wide != narrow else None
        self.block = _DenseBlock(2 * narrow, narrow)

    def forward(self, hidden: Tensor, skip: Tensor) -> Tensor:
        repeated = functional.interpolate(hidden, scale_factor=2.0, mode="nearest")
        if self.projection is not None:
            repeated = functional.elu(self.projection(repeated))
        fine = _centre(functional.elu(self.up(hidden)), repeated) + repeated
        result: Tensor = self.block(torch.cat([_centre(fine, skip), skip], dim=1))
        return result


class _DenseBlock(nn.Module):
    """Three convolutions, each of which sees all before it; its input, projected, is added."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(_Conv(channels + before * width, width, 3) for before in range(3))
        self.projection = nn.Conv2d(channels, width, 1)

    def forward(self, hidden: Tensor) -> Tensor:
        seen = hidden
        for place, layer in enumerate(self.layers):
            new = functional.elu(layer(seen))
            if place < len(self.layers) - 1:
                seen = torch.cat([new, seen], dim=1)
        result: Tensor = new + self.projection(hidden)
        return result


class _SupervisedAttention(nn.Module):
    """SAM: a first prediction, and a mask made from it that says which features go on."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.features = _Conv(width, width, 3)
        self.residual = _Conv(width, 2, 3)
        self.mask = _Conv(2, width, 3)

    def forward(self, features: Tensor, image: Tensor) -> tuple[Tensor, Tensor]:
        prediction = self.residual(features) + image
        attended = self.features(features) * torch.sigmoid(self.mask(prediction)) + features
        return attended, prediction


class _Conv(nn.Conv2d):
    """A convolution of odd size that sees the image mirrored beyond its edges."""

    def __init__(self, channels: int, width: int, size: int) -> None:
        super().__init__(channels, width, size)
        self.reach = size // 2

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 # torch's name
        return super().forward(_mirrored(input, self.reach, self.reach))


def _mirrored(image: Tensor, before: int, after: int) -> Tensor:
    """(batch, channels, frames, bins) with so many mirrored rows and columns, the edge itself included."""
    for axis in (2, 3):
        length = image.shape[axis]
        head = image.narrow(axis, 0, before).flip(axis)
        tail = image.narrow(axis, length - after, after).flip(axis)
        image = torch.cat([head, image, tail], dim=axis)
    return image


def _centre(image: Tensor, like: Tensor) -> Tensor:
    """The middle of an image, as large as another; a spare row is left out at the end."""
    top, left = ((image.shape[axis] - like.shape[axis]) // 2 for axis in (2, 3))
    return image[:, :, top : top + like.shape[2], left : left + like.shape[3]]


def _frequency_positions(image: Tensor) -> Tensor:
    """cos(2^k pi f / (F - 1)), k = 0..9: (1, 10, 1, 1025)."""
    place = torch.arange(BINS, dtype=image.dtype, device=image.device) / (BINS - 1)
    octaves = 2.0 ** torch.arange(_POSITION_CHANNELS, dtype=image.dtype, device=image.device)
    return torch.cos(math.pi * octaves[:, None] * place)[None, :, None]
