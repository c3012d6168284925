"""Sound that arrives in blocks restored while it arrives."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hotpapers.denoise.arrays import MOST_CHANNELS, check_layout, check_rate
from hotpapers.denoise.choosing import choose_engine
from hotpapers.denoise.engines import Engine
from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.removal import Removals, plan_removal
from hotpapers.denoise.settings import Settings
from hotpapers.media.audio import SampleQueue

__all__ = ["Stream"]

Samples = NDArray[np.float32]


class Stream:
    """Restore sound block by block: in all as many frames come out as went in, each in its place.

    What must be known of the recording (its level, its noise) is measured in `like`, or else in the first
    seconds that are not silent; until those are there nothing comes out. After that the output is some seconds
    behind the input: a net's piece and what it sees around it.

    Parameters
    ----------
    sr
        Rate in Hz.
    channels
        Up to 8.
    like
        Sound of the same source at `sr` Hz, ``(n,)`` or ``(n, channels)``: the recording itself gives what
        `denoise` gives.
    listen
        Seconds to measure where there is no `like`.
    strength, max_attenuation_db, stereo, engine, model, only, skip, noise_profile
        As of `denoise`; a `noise_profile` in seconds lies in `like`, or in the first seconds.

    Raises
    ------
    DenoiseError
        If an argument can't be used.

    Examples
    --------
    >>> with Stream(48_000, channels=2) as stream:  # doctest: +SKIP
    ...     for block in blocks:
    ...         play(stream.push(block))
    ...     play(stream.flush())
    """

    def __init__(
        self,
        sr: int,
        channels: int = 1,
        *,
        like: ArrayLike | None = None,
        listen: float = 10.0,
        engine: str | Engine = "auto",
        model: str | None = None,
        strength: float = 1.0,
        max_attenuation_db: float | None = None,
        stereo: str = "linked",
        only: Collection[str] | None = None,
        skip: Collection[str] = (),
        noise_profile: tuple[float, float] | ArrayLike | None = None,
    ) -> None:
        check_rate(sr)
        if not 1 <= channels <= MOST_CHANNELS:
            raise DenoiseError(f"{channels} channels: 1 to {MOST_CHANNELS} are taken")
        if not listen > 0:
            raise DenoiseError(f"listening for {listen:g} s: more than 0 is needed")
        self._sr, self._channels = sr, channels
        self._settings = Settings(strength=strength, max_attenuation_db=max_attenuation_db, stereo=stereo)
        self._engine = choose_engine(
            engine, sr=sr, model=model, only=only, skip=skip, noise_profile=noise_profile
        )
        self._wanted = max(1, round(listen * sr))
        self._heard: list[Samples] = []
        self._waiting = SampleQueue(channels, np.float32)
        self._stage: Removals | None = None
        if like is not None:
            self._stage = self._planned([self._block(like)])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._heard.clear()

    def push(self, block: ArrayLike) -> Samples:
        """Take frames ``(n,)`` or ``(n, channels)``; give ``(m, channels)`` that are ready, m >= 0."""
        samples = self._block(block)
        if self._stage is not None:
            return self._cleaned(self._stage, samples)
        if not self._heard and not samples.any():
            return samples
        self._heard.append(samples)
        if sum(map(len, self._heard)) < self._wanted:
            return np.zeros((0, self._channels), np.float32)
        return self._started()

    def flush(self) -> Samples:
        """The sound is over: the rest of it, ``(m, channels)``. Afterwards another recording may follow."""
        first = self._started() if self._stage is None and self._heard else self._nothing()
        if self._stage is None:
            return first
        rest = self._taken(self._stage.flush())
        self._stage = None
        return np.concatenate([first, rest])

    def notes(self) -> list[str]:
        """What the engine has to say of what it did."""
        return self._stage.notes() if self._stage is not None else []

    def _nothing(self) -> Samples:
        return np.zeros((0, self._channels), np.float32)

    def _block(self, block: ArrayLike) -> Samples:
        given = np.asarray(block, np.float32)
        samples = given[:, None] if given.ndim == 1 else given
        if samples.ndim != 2 or samples.shape[1] != self._channels:
            if given.size:
                check_layout(given)
            raise DenoiseError(
                f"a block of shape {given.shape}: this stream was made for (n, {self._channels} channels)"
            )
        if not np.isfinite(samples).all():
            raise DenoiseError("a block holds samples that are no finite numbers")
        return samples

    def _started(self) -> Samples:
        """Measure what was heard, and send it on."""
        heard, self._heard = self._heard, []
        self._stage = self._planned(heard)
        return np.concatenate([self._nothing(), *(self._cleaned(self._stage, block) for block in heard)])

    def _planned(self, heard: list[Samples]) -> Removals:
        def blocks() -> Iterator[NDArray[Any]]:
            yield from heard

        every = range(self._channels)
        return plan_removal(
            self._engine,
            blocks,
            rate=self._sr,
            same_as=every,
            sounding=every,
            stereo=self._settings.stereo,  # type: ignore[arg-type]
        )

    def _cleaned(self, stage: Removals, samples: Samples) -> Samples:
        self._waiting.put(samples)
        return self._taken(stage.push(samples))

    def _taken(self, noise: Samples) -> Samples:
        return np.asarray(self._waiting.take(len(noise)) - self._settings.share * noise, np.float32)
