"""The paper's generator: a U-Net that turns a noisy complex spectrogram into a clean one.

The layers are those of the public re-implementation Yayzus/Denoise-historical-music (read, not copied); axes are
(time, frequency), at 44.1 kHz.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import weight_norm

from hotpapers.denoise.stft import FFT_SIZE, inverse_stft, stft

__all__ = ["LEVELS", "Generator"]

Stride = tuple[int, int]

# Channels in and out, and stride in (time, frequency), of the encoder's levels; the decoder mirrors them.
LEVELS: tuple[tuple[int, int, Stride], ...] = (
    (32, 64, (1, 2)),
    (64, 64, (1, 2)),
    (64, 128, (2, 2)),
    (128, 128, (1, 2)),
    (128, 256, (2, 2)),
    (256, 512, (2, 2)),
)
_BOTTLENECK = 128


class Generator(nn.Module):
    """G of the paper (section 3 and the re-implementation): 9,345,378 parameters before weight normalisation.

    Parameters
    ----------
    weight_normalisation
        Whether every convolution's weight is split into length and direction (Salimans and Kingma, 2016).
    """

    def __init__(self, *, weight_normalisation: bool = True) -> None:
        super().__init__()
        self.settings = {"weight_normalisation": weight_normalisation}
        self.entry = nn.Conv2d(2, LEVELS[0][0], 7, padding=3)
        self.encoders = nn.ModuleList(_Encoder(*level) for level in LEVELS)
        width = LEVELS[-1][1]
        self.squeeze = nn.Conv2d(width, _BOTTLENECK, 3, padding=1)
        self.widen = nn.Conv2d(_BOTTLENECK, width, 3, padding=1)
        self.decoders = nn.ModuleList(_Decoder(wide, narrow, stride) for narrow, wide, stride in LEVELS[::-1])
        self.exit = nn.Conv2d(LEVELS[0][0], 2, 7, padding=3)
        if weight_normalisation:
            for layer in list(self.modules()):
                if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
                    weight_norm(layer, dim=1 if isinstance(layer, nn.ConvTranspose2d) else 0)

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
            Not used: the paper's net is told no noise, and has no filters that channels could share.
        """
        scale = (level * (FFT_SIZE / 2) ** 0.5)[:, None, None]
        spectrogram = stft(noisy) / scale
        image = torch.view_as_real(spectrogram[..., :-1]).permute(0, 3, 1, 2)
        clean = self.image(image).float().permute(0, 2, 3, 1).contiguous()
        # The highest bin is not shown to the net and stays empty.
        full = functional.pad(torch.view_as_complex(clean), (0, 1)) * scale
        return inverse_stft(full, noisy.shape[-1])

    def image(self, image: Tensor) -> Tensor:
        """(batch, 2, frames, 1024) real and imaginary parts, noisy to clean; any number of frames."""
        frames = image.shape[2]
        hidden = functional.elu(self.entry(functional.pad(image, (0, 0, 0, -frames % self.time_stride))))
        skips = [hidden]
        for encoder in self.encoders:
            hidden = encoder(hidden)
            skips.append(hidden)
        hidden = self.widen(functional.elu(self.squeeze(hidden)))
        hidden = functional.elu(hidden + skips.pop())
        for decoder in self.decoders:
            hidden = functional.elu(decoder(hidden) + skips.pop())
        result: Tensor = self.exit(hidden)[:, :, :frames]
        return result

    @property
    def time_stride(self) -> int:
        """Frames by which a shift of the input is a shift of the output."""
        product = 1
        for _, _, (stride, _) in LEVELS:
            product *= stride
        return product

    @property
    def context(self) -> int:
        """Frames before and after a frame on which its result depends, at most."""
        reached, step = 6, 1  # entry and exit
        for _, _, (stride, _) in LEVELS:
            reached += (1 + stride) * step  # down: a convolution, and one of stride + 2 taps
            reached += (
                step + step * stride
            )  # up: a transposed one, which reaches one coarse step, and a convolution
            step *= stride
        return reached + 2 * step


class _Encoder(nn.Module):
    """E: conv 3x3, ELU, conv of stride + 2 taps with the stride, ELU."""

    def __init__(self, narrow: int, wide: int, stride: Stride) -> None:
        super().__init__()
        self.conv = nn.Conv2d(narrow, narrow, 3, padding=1)
        self.down = nn.Conv2d(narrow, wide, (stride[0] + 2, stride[1] + 2), stride=stride, padding=1)

    def forward(self, hidden: Tensor) -> Tensor:
        return functional.elu(self.down(functional.elu(self.conv(hidden))))


class _Decoder(nn.Module):
    """D: transposed conv, ELU, conv 3x3, ELU, plus the input itself, projected and repeated to the finer grid."""

    def __init__(self, wide: int, narrow: int, stride: Stride) -> None:
        super().__init__()
        self.stride = (float(stride[0]), float(stride[1]))
        self.up = nn.ConvTranspose2d(wide, narrow, (stride[0] + 2, stride[1] + 2), stride=stride, padding=1)
        self.conv = nn.Conv2d(narrow, narrow, 3, padding=1)
        self.shortcut = nn.Conv2d(wide, narrow, 1) if wide != narrow else nn.Identity()

    def forward(self, hidden: Tensor) -> Tensor:
        fine = functional.elu(self.conv(functional.elu(self.up(hidden))))
        repeated = functional.interpolate(self.shortcut(hidden), scale_factor=self.stride, mode="nearest")
        return fine + repeated
