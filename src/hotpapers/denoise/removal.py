"""What a stage takes away from a recording, at the recording's own rate and in its own channels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotpapers.denoise.engines import Engine
from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.stages import Noting, Stage
from hotpapers.media.audio import Resampler, SampleQueue

__all__ = ["Removal", "Removals", "Stereo", "groups_of", "plan_removal"]

Blocks = Callable[[], Iterator[NDArray[np.float32]]]


class Stereo(StrEnum):
    """How channels are treated together."""

    linked = "linked"
    independent = "independent"
    mid_side = "mid-side"


def groups_of(stereo: Stereo, channels: int) -> list[NDArray[np.float32]]:
    """The signals that are processed apart, each as weights that make its channels out of the recording's.

    Parameters
    ----------
    stereo
        ``linked``: all channels together. ``independent``: each alone. ``mid-side``: half the sum and half the
        difference of two channels, each alone.
    channels
        Of the recording.

    Returns
    -------
    list of ndarray
        Each of shape ``(channels, channels of the group)``.

    Raises
    ------
    DenoiseError
        If mid and side are asked for of more than two channels.
    """
    if stereo is Stereo.mid_side and channels > 2:
        raise DenoiseError(f"mid and side are made of 2 channels, and there are {channels}: choose linked")
    if channels == 1 or stereo is Stereo.linked:
        return [np.eye(channels, dtype=np.float32)]
    if stereo is Stereo.independent:
        return [np.eye(channels, dtype=np.float32)[:, [at]] for at in range(channels)]
    return [np.array([[0.5], [0.5]], np.float32), np.array([[0.5], [-0.5]], np.float32)]


class Removal:
    """A stage of which the difference between input and output is given, in place and at the input's rate.

    The input is resampled to the stage's rate, and only the difference is resampled back: what the stage
    leaves alone is left alone, also above the stage's band.

    Parameters
    ----------
    stage
        Works at `stage_rate`.
    rate
        Of the recording, in Hz.
    stage_rate
        In Hz.
    channels
        That the stage gets.
    """

    def __init__(self, stage: Stage, *, rate: int, stage_rate: int, channels: int) -> None:
        self._stage = stage
        self._there = Resampler(rate, stage_rate, channels)
        self._back = Resampler(stage_rate, rate, channels)
        self._waiting = SampleQueue(channels, np.float32)
        self._frames = 0

    def push(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take a block of the recording; give what is taken away from the frames that are ready."""
        self._frames += len(block)
        return self._back.push(self._difference(self._there.push(np.array(block, np.float32))))

    def flush(self) -> NDArray[np.float32]:
        """The rest."""
        last = self._difference(self._there.flush())
        processed = self._stage.flush()
        rest = self._waiting.take(len(processed)) - processed
        return np.concatenate([self._back.push(last), self._back.push(rest), self._back.flush(self._frames)])

    def notes(self) -> list[str]:
        """What the stage has to say of what it did."""
        told: list[str] = self._stage.notes() if isinstance(self._stage, Noting) else []
        return told

    def _difference(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        self._waiting.put(block)
        processed = self._stage.push(block)
        return self._waiting.take(len(processed)) - processed


class Removals:
    """Removals of several signals that are mixed from the same channels, mixed back.

    Parameters
    ----------
    removals, mixes
        One of each for each signal: what takes its noise, and the weights of the channels in it.
    spread
        The way back, shape (channels of all signals, channels of the recording).
    surveys
        What the engine measured of each signal.
    """

    def __init__(
        self,
        removals: Sequence[Removal],
        mixes: Sequence[NDArray[np.float32]],
        spread: NDArray[np.float32],
        surveys: Sequence[Any] = (),
    ) -> None:
        self._removals, self._mixes, self._spread = removals, mixes, spread
        self.surveys = tuple(surveys)
        self._waiting = [SampleQueue(mix.shape[1], np.float32) for mix in mixes]

    def push(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take a block of the recording; give what is taken away from the frames that are ready."""
        for removal, mix, waiting in zip(self._removals, self._mixes, self._waiting, strict=True):
            waiting.put(removal.push(_mixed(block, mix)))
        return self._ready()

    def flush(self) -> NDArray[np.float32]:
        """The rest."""
        for removal, waiting in zip(self._removals, self._waiting, strict=True):
            waiting.put(removal.flush())
        return self._ready()

    def notes(self) -> list[str]:
        """What the engine has to say of what it did; complete after `flush`."""
        return [note for removal in self._removals for note in removal.notes()]

    def _ready(self) -> NDArray[np.float32]:
        count = min(map(len, self._waiting))
        return _mixed(np.concatenate([each.take(count) for each in self._waiting], axis=1), self._spread)


def _mixed(block: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """``block @ weights``, column by column in a fixed order: equal columns give equal sums to the last bit."""
    made = np.zeros((len(block), weights.shape[1]), np.float32)
    for source, target in zip(*np.nonzero(weights), strict=True):
        made[:, target] += weights[source, target] * block[:, source]
    return made


def plan_removal(
    engine: Engine,
    blocks: Blocks,
    *,
    rate: int,
    same_as: Sequence[int],
    sounding: Sequence[int],
    stereo: Stereo = Stereo.linked,
) -> Removals:
    """Survey a recording, once for each signal that is processed apart, and make the stage that tells its noise.

    A channel that is a copy of another is processed once, so that copies stay copies; a silent one not at all.

    Parameters
    ----------
    engine
        What takes noise away.
    blocks
        Gives the whole recording as blocks of shape ``(n, channels)``, each time it is called.
    rate
        Of the recording, in Hz.
    same_as, sounding
        As in `Scan`.
    stereo
        How channels are treated together.

    Returns
    -------
    Removals
        A stage: ``(n, channels)`` of the recording in, what is to be taken away from it out.
    """
    picked = np.zeros((len(same_as), len(sounding)), np.float32)
    for column, channel in enumerate(sounding):
        picked[channel, column] = 1
    apart = groups_of(stereo, len(sounding))
    mixes = [np.asarray(picked @ mix, np.float32) for mix in apart]
    removals, surveys = [], []
    for mix in mixes:
        found: Any = None
        if engine.survey is not None:
            found = engine.survey(
                _resampled(blocks, mix, rate, engine.sr), sr=engine.sr, channels=mix.shape[1]
            )
        surveys.append(found)
        stage = engine.make_stage(found, sr=engine.sr, channels=mix.shape[1])
        removals.append(Removal(stage, rate=rate, stage_rate=engine.sr, channels=mix.shape[1]))
    # The inverse of the mix; then each channel gets what its original got.
    unmixed = np.linalg.inv(np.concatenate(apart, axis=1))
    spread = np.zeros((unmixed.shape[0], len(same_as)), np.float32)
    for channel, first in enumerate(same_as):
        if first in sounding:
            spread[:, channel] = unmixed[:, list(sounding).index(first)]
    return Removals(removals, mixes, spread, surveys)


def _resampled(
    blocks: Blocks, mix: NDArray[np.float32], rate: int, target: int
) -> Iterator[NDArray[np.float32]]:
    resampler = Resampler(rate, target, mix.shape[1])
    for block in blocks():
        made = resampler.push(_mixed(block, mix))
        if len(made):
            yield made
    rest = resampler.flush()
    if len(rest):
        yield rest
