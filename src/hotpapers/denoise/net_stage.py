"""A net as a stage of restoring: recordings of any length at constant memory, no delay, no seams."""

from __future__ import annotations

from typing import Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.stft import BINS, FFT_SIZE, HOP, SAMPLE_RATE

__all__ = ["NetStage", "StreamedNet"]

Array = NDArray[np.float32]
Stereo = Literal["linked", "independent"]


class StreamedNet(Protocol):
    """What a net must offer to be streamed."""

    @property
    def time_stride(self) -> int:
        """Frames by which a shift of the input is a shift of the output."""
        ...

    @property
    def context(self) -> int:
        """Frames before and after on which a frame of the result depends."""
        ...

    def __call__(self, noisy: Tensor, level: Tensor, profile: Tensor | None, *, linked: bool) -> Tensor:
        """(channels, samples) -> (channels, samples)."""
        ...


class NetStage:
    """Send a recording through a net in pieces that join without seams.

    Pieces begin at fixed places of the recording and are computed with as much around them as the net can
    see, so the result does not depend on how the recording is cut into blocks. Before and after the recording
    lies silence.

    Parameters
    ----------
    net
        In evaluation mode.
    channels
        Of the recording.
    level
        Its rms: one number for the whole recording.
    profile
        (1025,) or (channels, 1025) noise rms per bin as `stft.noise_profile` gives it; None where unknown.
    stereo
        ``"linked"``: one filter for all channels; ``"independent"``: one for each.
    piece_seconds
        Length of a piece; memory and the time until the first output grow with it.

    Raises
    ------
    DenoiseError
        If the level is not a number above 0, the profile has another shape, or there are no channels.
    """

    def __init__(
        self,
        net: StreamedNet,
        *,
        channels: int,
        level: float,
        profile: Array | None = None,
        stereo: Stereo = "linked",
        piece_seconds: float = 10.0,
    ) -> None:
        if channels < 1:
            raise DenoiseError(f"a recording has at least one channel, not {channels}")
        if not (np.isfinite(level) and level > 0):
            raise DenoiseError(f"the level of a recording is its rms, a number above 0, not {level}")
        self._net = net
        self._channels = channels
        self._level = torch.full((channels,), float(level))
        self._profile = None if profile is None else _profile_rows(profile, channels)
        self._linked = stereo == "linked" and channels > 1
        self._step = HOP * net.time_stride
        self._context = -(-(net.context * HOP + FFT_SIZE) // self._step) * self._step
        self._piece = max(round(piece_seconds * SAMPLE_RATE / self._step), 1) * self._step
        self._held = np.zeros((self._context, channels), np.float32)
        self._received = self._given = 0

    def push(self, block: Array) -> Array:
        """Take (n, channels) samples; returns (m, channels) of the result, m >= 0."""
        if block.ndim != 2 or block.shape[1] != self._channels:
            raise DenoiseError(f"a block has the shape (samples, {self._channels}), not {block.shape}")
        self._received += len(block)
        self._held = np.concatenate([self._held, block.astype(np.float32, copy=False)])
        results = []
        while len(self._held) >= self._piece + 2 * self._context:
            results.append(self._next_piece(self._piece))
        return self._joined(results)

    def flush(self) -> Array:
        """The rest of the result; afterwards the stage is empty and can take another recording."""
        results = []
        while (remaining := self._received - self._given) > 0:
            length = min(self._piece, -(-remaining // self._step) * self._step)
            missing = max(length + 2 * self._context - len(self._held), 0)
            self._held = np.concatenate([self._held, np.zeros((missing, self._channels), np.float32)])
            results.append(self._next_piece(length)[:remaining])
        self._held = np.zeros((self._context, self._channels), np.float32)
        self._received = self._given = 0
        return self._joined(results)

    def _next_piece(self, length: int) -> Array:
        noisy = torch.from_numpy(np.ascontiguousarray(self._held[: length + 2 * self._context].T))
        with torch.inference_mode():
            clean = self._net(noisy, self._level, self._profile, linked=self._linked)
        kept = clean[:, self._context : self._context + length]
        self._held = self._held[length:]
        self._given += length
        return np.ascontiguousarray(kept.numpy().T)

    def _joined(self, results: list[Array]) -> Array:
        return np.concatenate(results) if results else np.zeros((0, self._channels), np.float32)


def _profile_rows(profile: Array, channels: int) -> Tensor:
    rows = np.atleast_2d(np.asarray(profile, np.float32))
    if rows.shape not in {(1, BINS), (channels, BINS)} or not (np.isfinite(rows).all() and (rows >= 0).all()):
        raise DenoiseError(
            f"a noise profile is {BINS} numbers of 0 or more, for all channels or for each, not {rows.shape}"
        )
    return torch.from_numpy(np.repeat(rows, channels // len(rows), axis=0))
