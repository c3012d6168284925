"""The net is never trusted to take music for noise: a second of it that lost too much is put back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hotpapers.denoise.dsp.aligned import Alongside, Samples, SegmentStage
from hotpapers.denoise.stages import Stage

__all__ = ["Guarded"]

_BAND = (300.0, 3000.0)
_MOST_LOST_DB = 12.0
_TONAL = 0.1  # spectral flatness below which a second is music rather than noise: Gaussian noise has 0.56
_SILENT_DB = -80.0
_FADE = 0.05


class _Judge(SegmentStage):
    """Gets a net's and a careful result side by side, and gives the net's where it kept the tones.

    Seconds are judged at fixed places; one that is put back is put back whole, with
    50 ms of cross-fade in the seconds before and behind.
    """

    def __init__(self, sr: int, channels: int) -> None:
        super().__init__(sr, sr, 2 * channels)
        self._channels_out = channels
        self._band = slice(round(_BAND[0]), round(_BAND[1]))  # seconds have bins of 1 Hz
        self._lost = [False, False, False]  # the second before, the one that is given next, the one after
        self._seconds = -2
        self.put_back: list[int] = []
        self._rise = np.linspace(0, 1, round(_FADE * sr) + 1, dtype=np.float32)[1:, None]

    def _centre(self, around: Samples) -> Samples:
        size, channels = self.size, self._channels_out
        newest = around[2 * size :]
        self._lost = [*self._lost[1:], self._has_lost(newest[:, :channels], newest[:, channels:])]
        self._seconds += 1
        middle = around[size : 2 * size]
        made, careful = middle[:, :channels], middle[:, channels:]
        if any(self._lost):
            share = self._share()
            made = made + share * (careful - made)
            if self._lost[1]:
                self.put_back.append(self._seconds)
        return np.concatenate([made, careful], axis=1)

    def _share(self) -> NDArray[np.float32]:
        """How much of the careful result goes into the middle second, (size, 1): fades lie in its neighbours."""
        before, now, after = self._lost
        share = np.full((self.size, 1), now, np.float32)
        fade = len(self._rise)
        if before:
            share[:fade] = np.maximum(share[:fade], self._rise[::-1])
        if after:
            share[-fade:] = np.maximum(share[-fade:], self._rise)
        return share

    def _has_lost(self, made: Samples, careful: Samples) -> bool:
        power = _power(careful)[self._band]
        level = power.mean()
        if 10 * np.log10(2 * power.sum() / len(careful) ** 2 + 1e-20) < _SILENT_DB:
            return False
        if _power(made)[self._band].mean() > level * 10 ** (-_MOST_LOST_DB / 10):
            return False
        return bool(np.exp(np.log(power + 1e-12 * level).mean()) < _TONAL * level)


def _power(samples: Samples) -> NDArray[np.float64]:
    """Power spectrum of the sum of channels' powers."""
    return np.asarray(np.sum(np.square(np.abs(np.fft.rfft(samples, axis=0))), axis=1), np.float64)


class Guarded:
    """A net's result, and a careful stage's where the net ate music.

    A second is put back if its energy between 300 and 3000 Hz is more than 12 dB below that of the careful result
    while that is tonal (spectral flatness below 0.1).

    Parameters
    ----------
    net, careful
        Stages that nothing was pushed into yet.
    sr, channels
        Of what will be pushed.
    """

    def __init__(self, net: Stage, careful: Stage, *, sr: int, channels: int) -> None:
        self._both, self._channels = Alongside([net, careful], channels), channels
        self._judge = _Judge(sr, channels)

    def push(self, block: Samples) -> Samples:
        """Take the next samples and give those that are done."""
        return self._judge.push(self._both.push(block)[:, self._channels :])[:, : self._channels]

    def flush(self) -> Samples:
        """End the recording and give the rest."""
        rest = self._both.flush()[:, self._channels :]
        return np.concatenate([self._judge.push(rest), self._judge.flush()])[:, : self._channels]

    def notes(self) -> list[str]:
        """What its owner should know."""
        seconds = self._judge.put_back
        if not seconds:
            return []
        where = ", ".join(str(second) for second in seconds[:8]) + (" ..." if len(seconds) > 8 else "")
        return [
            f"the net was not followed for {len(seconds)} s, where it would have taken music away: at {where} s"
        ]
