"""Streaming stages that give as many samples as they get, none of them late.

A stage works on blocks of a fixed size at fixed positions of the recording, whatever blocks it is pushed: what
comes out doesn't depend on how the recording was cut.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.stages import Stage

__all__ = ["AlignedStage", "Alongside", "Samples", "SegmentStage", "Untouched"]

Samples = NDArray[np.float32]


class AlignedStage(ABC):
    """Base of the stages: cuts what it is pushed, takes out the lag of `_process`.

    Parameters
    ----------
    size
        Samples of the blocks that `_process` gets.
    lag
        Samples by which the output of `_process` is late.
    channels
        Channels of the recording.
    """

    def __init__(self, size: int, lag: int, channels: int) -> None:
        self.size, self.channels = size, channels
        self._waiting: list[Samples] = []
        self._held = 0  # samples in _waiting
        self._early = lag  # outputs still to be dropped at the front
        self._owed = 0

    @abstractmethod
    def _process(self, block: Samples) -> Samples:
        """Turn a block (size, channels) into as many samples, `lag` late."""

    def push(self, block: Samples) -> Samples:
        """Take the next samples (n, channels) and give those that are done (m, channels); m may be 0.

        Raises
        ------
        DenoiseError
            If the block hasn't the stage's channels.
        """
        if block.ndim != 2 or block.shape[1] != self.channels:
            raise DenoiseError(
                f"a block has shape {block.shape}: this stage was made for (n, {self.channels} channels)"
            )
        self._owed += len(block)
        return self._run(np.asarray(block, np.float32))

    def flush(self) -> Samples:
        """End the recording and give the rest."""
        done = []
        while self._owed:
            done.append(self._run(np.zeros((self.size - self._held, self.channels), np.float32)))
        return np.concatenate([np.zeros((0, self.channels), np.float32), *done])

    def _run(self, block: Samples) -> Samples:
        self._waiting.append(block)
        self._held += len(block)
        if self._held < self.size:
            return np.zeros((0, self.channels), np.float32)
        samples = np.concatenate(self._waiting)
        whole = self._held // self.size * self.size
        out = np.concatenate(
            [self._process(samples[at : at + self.size]) for at in range(0, whole, self.size)]
        )
        self._waiting, self._held = [samples[whole:]], self._held - whole
        dropped = min(self._early, len(out))
        self._early -= dropped
        out = out[dropped : dropped + self._owed]
        self._owed -= len(out)
        return out


class SegmentStage(AlignedStage):
    """A stage whose result for a segment depends on the samples around it up to `context` away."""

    def __init__(self, segment: int, context: int, channels: int) -> None:
        super().__init__(segment, context, channels)
        self.context = context
        self._around = np.zeros((segment + 2 * context, channels), np.float32)

    def _process(self, block: Samples) -> Samples:
        self._around = np.concatenate([self._around[self.size :], block])
        return self._centre(self._around)

    @abstractmethod
    def _centre(self, around: Samples) -> Samples:
        """Give the middle `size` samples of (size + 2 context, channels), done."""


class Alongside:
    """Sends a recording through stages side by side and gives it with what they make of it, in step.

    Out come, beside each other, the channels of the recording and those of each stage: what a stage that weighs
    them against each other takes in.
    """

    def __init__(self, stages: Sequence[Stage], channels: int) -> None:
        self._stages = tuple(stages)
        self._waiting = [np.zeros((0, channels), np.float32) for _ in range(len(self._stages) + 1)]

    def push(self, block: Samples) -> Samples:
        """Take the next samples (n, channels); give those that all stages are done with, side by side."""
        return self._beside([block, *(stage.push(block) for stage in self._stages)])

    def flush(self) -> Samples:
        """End the recording and give the rest."""
        return self._beside([self._waiting[0][:0], *(stage.flush() for stage in self._stages)])

    def _beside(self, arrived: Sequence[Samples]) -> Samples:
        held = [np.concatenate(pair) for pair in zip(self._waiting, arrived, strict=True)]
        done = min(len(each) for each in held)
        self._waiting = [each[done:] for each in held]
        return np.concatenate([each[:done] for each in held], axis=1)


class Untouched:
    """A stage that gives what it gets."""

    def __init__(self, channels: int) -> None:
        self._channels = channels

    def push(self, block: Samples) -> Samples:
        """Give the block back."""
        return block

    def flush(self) -> Samples:
        """Nothing is held back."""
        return np.zeros((0, self._channels), np.float32)
