"""The small net: a complex-mask U-Net over folded frequency bins, told the noise profile where one is known."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext

import torch
from torch import Tensor, nn
from torch.nn import functional

from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.stft import BINS, FFT_SIZE, inverse_stft, stft

__all__ = ["SmallNet"]

_STRIDES = ((1, 2), (2, 2), (2, 2), (2, 2))
_FEATURES = 5
_SILENCE = 1e-9  # power below which a bin is silent, against the recording's level: -90 dB


class SmallNet(nn.Module):
    """Clean signal from a noisy one: filters over neighbouring frames, one for every bin, by a U-Net.

    Neighbouring bins are folded into channels, so that the net is cheap at full resolution. What goes in is
    scaled by the recording's level, so a gain on the input is the same gain on the output. Before training
    the output is the input.

    Parameters
    ----------
    fold
        Neighbouring bins that share a position; divides 1024.
    widths
        Channels at the five resolutions.
    dilations
        Steps in time, in eighths of the frame rate, of the blocks at the lowest resolution.
    reach
        Neighbouring frames on either side that a bin's filter takes in: 0 is a plain complex mask.
    magnitudes_only
        Whether the net knows and changes magnitudes alone, to see what phases are worth: its filters are real,
        and `reach` must be 0.
    reduced_precision
        Whether the convolutions run in bfloat16; spectra, filters and weights stay in single precision.

    References
    ----------
    After Li et al., "Learning to Denoise Historical Music" (ISMIR 2020): a net over complex spectrograms. The
    mask, the folding, the profile and the filters over frames are ours.
    """

    def __init__(
        self,
        *,
        fold: int = 8,
        widths: Sequence[int] = (32, 48, 64, 96, 128),
        dilations: Sequence[int] = (1, 2, 1),
        reach: int = 1,
        magnitudes_only: bool = False,
        reduced_precision: bool = False,
    ) -> None:
        super().__init__()
        if magnitudes_only and reach:
            raise DenoiseError(f"a net over magnitudes filters single frames: reach must be 0, not {reach}")
        self.magnitudes_only = magnitudes_only
        self.fold = fold
        self.reach = reach
        self.dilations = tuple(dilations)
        self.reduced_precision = reduced_precision
        self.settings = {"fold": fold, "widths": list(widths), "dilations": list(dilations), "reach": reach}
        if magnitudes_only:
            self.settings["magnitudes_only"] = True
        positions = (BINS - 1) // fold
        self.entry = nn.Conv2d(_FEATURES * fold, widths[0], 3, padding=1)
        self.profile_known = nn.Parameter(torch.zeros(widths[0], 1, 1))
        self.encoders = nn.ModuleList()
        self.decoders = nn.ModuleList()
        for wide, narrow, stride in zip(widths[1:], widths[:-1], _STRIDES, strict=True):
            self.encoders.append(_Encoder(narrow, wide, stride, positions))
            self.decoders.append(_Decoder(wide, narrow, stride))
            positions //= stride[1]
        self.bottleneck = nn.Sequential(*(_Residual(widths[-1], dilation) for dilation in dilations))
        self.exit = nn.Conv2d(widths[0], fold * (2 * reach + 1) * 2, 1)
        nn.init.zeros_(self.exit.weight)
        nn.init.zeros_(self.exit.bias)  # type: ignore[arg-type]

    def forward(
        self, noisy: Tensor, level: Tensor, profile: Tensor | None = None, *, linked: bool = False
    ) -> Tensor:
        """Clean signals.

        Parameters
        ----------
        noisy
            (batch, samples) at 44.1 kHz.
        level
            (batch,) rms of the recordings that the signals come from: one number for a whole recording.
        profile
            (batch, 1025) noise rms per bin as `stft.noise_profile` gives it, zero where it is unknown
            (a row of zeros: nothing is known); None where none is.
        linked
            Whether the batch is the channels of one recording: all get the mean of their filters, so that
            nothing moves between the loudspeakers.

        Returns
        -------
        Tensor
            (batch, samples).
        """
        spectrogram = stft(noisy)
        taps = self._taps(spectrogram, level, profile)
        if linked:
            taps = taps.mean(0, keepdim=True)
        return inverse_stft(self._filter(spectrogram, taps), noisy.shape[-1])

    def _taps(self, spectrogram: Tensor, level: Tensor, profile: Tensor | None) -> Tensor:
        """Filters (batch, frames, 1024, 2 reach + 1), complex, for spectrograms (batch, frames, 1025)."""
        frames = spectrogram.shape[-2]
        features, known = self._features(spectrogram, level, profile)
        features = functional.pad(features, (0, 0, 0, -frames % self.time_stride))
        lower = (
            torch.autocast(features.device.type, torch.bfloat16) if self.reduced_precision else nullcontext()
        )
        with lower:
            raw = self._convolutions(features, known).to(spectrogram.real.dtype)
        taps = raw[:, :, :frames].permute(0, 2, 3, 1).reshape(len(raw), frames, BINS - 1, -1, 2)
        if self.magnitudes_only:
            taps = taps * taps.new_tensor([1.0, 0.0])
        return torch.view_as_complex(torch.tanh(taps))

    @property
    def time_stride(self) -> int:
        """Frames by which a shift of the input is a shift of the output."""
        product = 1
        for stride, _ in _STRIDES:
            product *= stride
        return product

    @property
    def context(self) -> int:
        """Frames before and after a frame on which its result depends, at most."""
        reached, step = 1 + self.reach, 1  # the entry and the filters
        for stride, _ in _STRIDES:
            reached += 4 * step + (2 * step if stride == 2 else 0)  # a block each way, a strided step between
            step *= stride
        return reached + step * sum(1 + dilation for dilation in self.dilations)

    def _features(self, spectrogram: Tensor, level: Tensor, profile: Tensor | None) -> tuple[Tensor, Tensor]:
        """Input channels (batch, channels, frames, positions) stored channels last, and the flag (batch, 1, 1, 1)."""
        scale = 1.0 / (level * (FFT_SIZE / 2) ** 0.5)
        scaled = torch.view_as_real(spectrogram[..., :-1] * scale[:, None, None])
        power = scaled.square().sum(-1) + _SILENCE
        compressed = scaled * (0.0 if self.magnitudes_only else power.pow(-0.3)[..., None])
        loudness = torch.log10(power)
        if profile is None:
            noise = above = torch.zeros_like(loudness)
            known = loudness.new_zeros(len(loudness), 1, 1, 1)
        else:
            floor = profile[:, None, :-1] * scale[:, None, None]
            given = (floor > 0).to(loudness.dtype)
            noise = torch.log10(floor.square() + _SILENCE) * given
            above = (loudness - noise) * given
            noise = noise.expand_as(loudness)
            known = given.amax((-1, -2))[:, None, None, None]
        stacked = torch.stack(
            [compressed[..., 0], compressed[..., 1], 0.25 * loudness, 0.25 * noise, 0.25 * above], dim=-1
        )
        folded = stacked.reshape(*stacked.shape[:2], (BINS - 1) // self.fold, -1)
        return folded.permute(0, 3, 1, 2), known

    def _convolutions(self, features: Tensor, known: Tensor) -> Tensor:
        hidden = self.entry(features)
        hidden = hidden + (self.profile_known * known).to(hidden.dtype)
        skips = []
        for encoder in self.encoders:
            hidden, skip = encoder(hidden)
            skips.append(skip)
        hidden = self.bottleneck(hidden)
        for decoder, skip in zip(reversed(self.decoders), reversed(skips), strict=True):
            hidden = decoder(hidden, skip)
        result: Tensor = self.exit(functional.relu(hidden))
        return result

    def _filter(self, spectrogram: Tensor, taps: Tensor) -> Tensor:
        """Sum over neighbouring frames of tap times bin; the middle tap counts from one: zero taps change nothing."""
        frames = spectrogram.shape[-2]
        wide = functional.pad(spectrogram[..., :-1], (0, 0, self.reach, self.reach))
        result = spectrogram[..., :-1]
        for shift in range(2 * self.reach + 1):
            result = result + taps[..., shift] * wide[:, shift : shift + frames]
        # The Nyquist bin has no position of its own: it goes with its neighbour's middle tap.
        highest = spectrogram[..., -1:] * (1 + taps[..., -1:, self.reach])
        return torch.cat([result, highest], dim=-1)


class _Residual(nn.Module):
    """x + conv(relu(conv(relu(x)))), the first convolution dilated in time."""

    def __init__(self, width: int, dilation: int = 1) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=(dilation, 1), dilation=(dilation, 1))
        self.second = nn.Conv2d(width, width, 3, padding=1)
        with torch.no_grad():
            self.second.weight.mul_(0.3)  # without normalisation, deep sums must start small

    def forward(self, hidden: Tensor) -> Tensor:
        result: Tensor = hidden + self.second(functional.relu(self.first(functional.relu(hidden))))
        return result


class _Encoder(nn.Module):
    """A bias for every frequency position, a block, and a strided convolution to the next resolution."""

    def __init__(self, narrow: int, wide: int, stride: tuple[int, int], positions: int) -> None:
        super().__init__()
        self.position = nn.Parameter(torch.zeros(narrow, 1, positions))
        self.block = _Residual(narrow)
        kernel = (2 + stride[0], 2 + stride[1]) if stride[0] == 2 else (1, 2 + stride[1])
        self.down = nn.Conv2d(narrow, wide, kernel, stride=stride, padding=(stride[0] - 1, 1))

    def forward(self, hidden: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self.block(hidden + self.position.to(hidden.dtype))
        return self.down(functional.relu(hidden)), hidden


class _Decoder(nn.Module):
    """A transposed convolution to the finer resolution, the skip added, and a block."""

    def __init__(self, wide: int, narrow: int, stride: tuple[int, int]) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(wide, narrow, stride, stride=stride)
        self.block = _Residual(narrow)

    def forward(self, hidden: Tensor, skip: Tensor) -> Tensor:
        result: Tensor = self.block(self.up(functional.relu(hidden)) + skip)
        return result
