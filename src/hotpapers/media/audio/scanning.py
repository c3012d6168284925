"""One look through a whole file: how long it really is, how loud, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hotpapers.media.audio.errors import DamagedAudioError
from hotpapers.media.audio.reading import AudioReader

__all__ = ["Scan", "scan"]

# This many samples in a row at full scale were cut off, rather than just loud.
_CLIPPED_RUN = 3


@dataclass(frozen=True, kw_only=True)
class Scan:
    """What a recording is.

    Parameters
    ----------
    frames
        Frames that were read.
    peak
        Largest magnitude of each channel, full scale 1.0; of the finite samples.
    same_as
        For each channel the first one with identical samples: ``(0, 0)`` is mono in two channels.
    non_finite
        Samples that are NaN or infinite; taken for zero in all the rest.
    clipped_runs
        Runs of three and more samples at full scale.
    damage
        Why the rest could not be read; None where all was.
    """

    frames: int
    peak: tuple[float, ...]
    same_as: tuple[int, ...]
    non_finite: int
    clipped_runs: int
    damage: DamagedAudioError | None

    @property
    def is_silent(self) -> bool:
        """Whether every sample is zero."""
        return not any(self.peak) and not self.non_finite

    @property
    def sounding(self) -> tuple[int, ...]:
        """Channels that are neither silent nor a copy of an earlier one."""
        return tuple(at for at, first in enumerate(self.same_as) if first == at and self.peak[at])


def scan(
    reader: AudioReader,
    *,
    start: int = 0,
    stop: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Scan:
    """Read a file, or the part from frame `start` to `stop`, and say what is in it.

    `progress` is called with the frames read so far.
    """
    frames = non_finite = runs = 0
    peak = np.zeros(reader.channels)
    same = np.ones((reader.channels, reader.channels), bool)
    run = np.zeros(reader.channels, np.int64)
    damage = None
    full = 1.0 - 1.0 / max(reader.encoding.scale, 2.0**23)
    try:
        for read in reader.blocks(start=start, stop=stop):
            finite = np.isfinite(read)
            non_finite += int(read.size - np.count_nonzero(finite))
            block = np.where(finite, read, 0)
            magnitude = np.abs(block)
            peak = np.maximum(peak, magnitude.max(axis=0))
            for at in range(1, reader.channels):
                same[at, :at] &= (block[:, :at] == block[:, at : at + 1]).all(axis=0)
            for at in map(int, np.flatnonzero((magnitude >= full).any(axis=0) | (run > 0))):
                count, run[at] = _runs(magnitude[:, at] >= full, int(run[at]))
                runs += count
            frames += len(block)
            if progress is not None:
                progress(frames)
    except DamagedAudioError as error:
        damage = error
    firsts = tuple(int(np.flatnonzero([*same[at, :at], True])[0]) for at in range(reader.channels))
    return Scan(
        frames=frames,
        peak=tuple(map(float, peak)),
        same_as=firsts,
        non_finite=non_finite,
        clipped_runs=runs,
        damage=damage,
    )


def _runs(at_full: NDArray[np.bool_], carried: int) -> tuple[int, int]:
    """Runs that reach three samples in a block, and the length of the one that is open at its end."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], at_full, [False]]).astype(np.int8)))
    starts, ends = edges[::2], edges[1::2]
    lengths = ends - starts
    before = np.zeros_like(lengths)
    if len(starts) and starts[0] == 0:
        before[0] = carried
    reached = (before < _CLIPPED_RUN) & (before + lengths >= _CLIPPED_RUN)
    open_run = int(before[-1] + lengths[-1]) if len(ends) and ends[-1] == len(at_full) else 0
    return int(reached.sum()), open_run
