"""Whether a low line goes on alike while the music pauses: the note of a bass doesn't, hum of the mains does."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.signal.windows import hann

__all__ = ["MainsTrack"]

_FRAME_SECONDS = 0.5
_MAINS_HZ = (50.0, 60.0, 100.0, 120.0)
_REACH = 2  # bins of 2 Hz
_MUSIC_HZ = (130.0, 8000.0)
_FEWEST_FRAMES = 12
_PAUSE = 0.1  # the quietest of the frames
_PAUSE_DB = 8.0  # by which a pause is quieter than the music
_ALIKE_DB = 1.5


class MainsTrack:
    """Levels of 50, 60, 100 and 120 Hz and of the music above them, frame by frame: 80 bytes for a second."""

    def __init__(self, sr: int) -> None:
        self._size = round(_FRAME_SECONDS * sr)
        self._step = sr / self._size
        self._window = hann(self._size, sym=False)
        self._levels: list[NDArray[np.float32]] = []

    def add(self, piece: NDArray[np.floating]) -> None:
        """Take in a piece (n,); one shorter than half a second says nothing."""
        if len(piece) < self._size:
            return
        frames = np.lib.stride_tricks.sliding_window_view(piece, self._size)[:: self._size // 2]
        power = np.square(np.abs(fft.rfft(frames * self._window, axis=1)))
        at = [round(mains / self._step) for mains in _MAINS_HZ]
        lines = [power[:, centre - _REACH : centre + _REACH + 1].sum(axis=1) for centre in at]
        low, high = (round(edge / self._step) for edge in _MUSIC_HZ)
        music = power[:, low:high].sum(axis=1)
        self._levels.append((10 * np.log10(np.stack([*lines, music], axis=1) + 1e-12)).astype(np.float32))

    def goes_on(self, frequency: float) -> bool:
        """Whether the line near `frequency` Hz is as strong in the music's pauses as elsewhere."""
        nearest = int(np.argmin(np.abs(np.array(_MAINS_HZ) - frequency)))
        levels = (
            np.concatenate(self._levels) if self._levels else np.empty((0, len(_MAINS_HZ) + 1), np.float32)
        )
        if len(levels) < _FEWEST_FRAMES or abs(_MAINS_HZ[nearest] - frequency) > _REACH * self._step:
            return False
        line, music = levels[:, nearest], levels[:, -1]
        pauses = music <= np.quantile(music, _PAUSE)
        if np.median(music) - np.median(music[pauses]) < _PAUSE_DB:
            return False
        return bool(abs(np.median(line[pauses]) - np.median(line[~pauses])) < _ALIKE_DB)
