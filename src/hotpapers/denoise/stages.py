"""Stages: processing of sound that streams through, without a delay, however it is cut into blocks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from hotpapers.denoise.errors import DenoiseError
from hotpapers.media.audio import SampleQueue

__all__ = ["Chain", "Chunked", "Noting", "Stage", "run"]

_BLOCK = 65_536


class Stage(Protocol):
    """Takes blocks and gives blocks: in all as many frames as came, each in its place.

    What comes out does not depend on how the input was cut into blocks.
    """

    def push(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take a block of shape ``(n, channels)``; give the frames that are ready, maybe none."""
        ...

    def flush(self) -> NDArray[np.float32]:
        """The frames still inside; the recording is over."""
        ...


@runtime_checkable
class Noting(Protocol):
    """A stage that has something to say of what it did, when the recording is over."""

    def notes(self) -> list[str]:
        """Lines for the recording's owner."""
        ...


class Chain:
    """Stages one after the other, as one stage; without any, what comes goes.

    Parameters
    ----------
    stages
        In the order of the sound's way.
    """

    def __init__(self, stages: Sequence[Stage]) -> None:
        self._stages = tuple(stages)
        self._channels = 1

    def push(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """Send a block through all stages."""
        self._channels = block.shape[1]
        for stage in self._stages:
            block = stage.push(block)
        return block

    def flush(self) -> NDArray[np.float32]:
        """Empty the stages from the first to the last, each through those behind it."""
        rest: NDArray[np.float32] | None = None
        for stage in self._stages:
            pushed = [] if rest is None else [stage.push(rest)]
            rest = np.concatenate([*pushed, stage.flush()])
        return np.zeros((0, self._channels), np.float32) if rest is None else rest


class Chunked:
    """A function of long pieces as a stage: it sees context on both sides, and the middle is kept.

    Chunk k is frames ``k * size`` to ``(k + 1) * size`` of the recording, whatever blocks it came in. Beyond
    its ends a recording is continued by its mirror image, as often as a short one needs.

    Parameters
    ----------
    function
        ``(frames, channels) -> (frames, channels)`` in float32; must not change its argument. Called with
        ``size + 2 * context`` frames, at the end with fewer: a multiple of `multiple` and twice the context.
    size
        Frames of a chunk, a multiple of `multiple`.
    context
        Frames before and behind a chunk.
    multiple
        Of what the frames between the contexts are in every call.

    Raises
    ------
    DenoiseError
        If the sizes don't fit.

    Examples
    --------
    >>> import numpy as np
    >>> halved = Chunked(lambda piece: piece / 2, size=4, context=2)
    >>> run(halved, np.arange(6, dtype=np.float32)).tolist()
    [0.0, 0.5, 1.0, 1.5, 2.0, 2.5]
    """

    def __init__(
        self,
        function: Callable[[NDArray[np.float32]], NDArray[np.floating]],
        *,
        size: int,
        context: int,
        multiple: int = 1,
    ) -> None:
        if size < 1 or context < 0 or multiple < 1 or size % multiple:
            raise DenoiseError(
                f"chunks of {size} frames with {context} of context: the size must be a positive multiple of "
                f"{multiple} and the context not negative"
            )
        self._function, self._size, self._context, self._multiple = function, size, context, multiple
        self._queue: SampleQueue | None = None
        self._channels = 1
        self._before = 0  # frames at the front of the queue that belong to earlier chunks

    def push(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take a block; give the chunks whose context is complete."""
        if self._queue is None:
            self._channels = block.shape[1]
            self._queue = SampleQueue(self._channels, np.float32)
        self._queue.put(np.array(block, np.float32))
        ready = []
        while len(self._queue) >= self._before + self._size + self._context:
            ready.append(self._next(self._queue, self._size))
        return self._joined(ready)

    def flush(self) -> NDArray[np.float32]:
        """The chunks at the end."""
        ready = []
        while self._queue is not None and len(self._queue) > self._before:
            ready.append(self._next(self._queue, min(self._size, len(self._queue) - self._before)))
        self._queue, self._before = None, 0
        return self._joined(ready)

    def _next(self, queue: SampleQueue, size: int) -> NDArray[np.float32]:
        """Process the next `size` frames and let go of what the chunk behind them doesn't need."""
        known = queue.peek(self._before + size + self._context)
        called = -(-size // self._multiple) * self._multiple
        left = self._context - self._before
        right = called + 2 * self._context - left - len(known)
        if left or right:
            known = np.pad(known, ((left, right), (0, 0)), mode="reflect")
        made = np.asarray(self._function(known), np.float32)
        if made.shape != known.shape:
            raise DenoiseError(f"a function of chunks gave the shape {made.shape} for {known.shape}")
        kept = min(self._context, self._before + size)
        queue.take(self._before + size - kept)
        self._before = kept
        return made[self._context : self._context + size]

    def _joined(self, ready: list[NDArray[np.float32]]) -> NDArray[np.float32]:
        return np.concatenate(ready) if ready else np.zeros((0, self._channels), np.float32)


def run(stage: Stage, samples: NDArray[Any], *, block: int = _BLOCK) -> NDArray[np.float32]:
    """Send a whole array through a new stage.

    Parameters
    ----------
    stage
        That nothing was pushed into yet.
    samples
        Shape ``(n,)`` or ``(n, channels)``.
    block
        Frames pushed at a time; the result does not depend on it.

    Returns
    -------
    ndarray
        float32 of the shape of `samples`.

    Raises
    ------
    DenoiseError
        If the stage does not give as many frames as it got.
    """
    columns = np.asarray(samples, np.float32)
    columns = columns[:, None] if columns.ndim == 1 else columns
    blocks = [stage.push(columns[start : start + block]) for start in range(0, len(columns), block)]
    made = np.concatenate([np.zeros((0, columns.shape[1]), np.float32), *blocks, stage.flush()])
    if made.shape != columns.shape:
        raise DenoiseError(f"a stage gave the shape {made.shape} for {columns.shape}")
    return made.reshape(np.shape(samples))
