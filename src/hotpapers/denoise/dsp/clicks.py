"""Clicks and crackle: found where neither the past nor the future predicts the samples, filled from around them.

Autoregressive detection and interpolation after Godsill and Rayner (1998), with two changes. An error counts as a
click only where it stands above the errors on *both* sides of it, so that the attack of a drum, which is loud on one
side, is left alone; and a click once found grows while the errors around it stay high, so that its decay goes too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d, uniform_filter1d

from hotpapers.denoise.dsp.aligned import Samples, SegmentStage
from hotpapers.denoise.dsp.autoregression import Array, Runs, fit, interpolate, prediction_errors, runs_of

__all__ = ["DEFAULT_CLICKS", "ClickSettings", "Declicker", "find_clicks", "remove_clicks"]

_QUIET = 3e-6  # prediction errors are never taken to be smaller: a tenth of a 16-bit step
_GEOMETRIC_OF_NORMAL = 0.40  # geometric mean of the smaller of two |N(0, 1)| that are hardly correlated


@dataclass(frozen=True, kw_only=True)
class ClickSettings:
    """What counts as a click.

    Parameters
    ----------
    threshold
        How far above the usual prediction error a click stands, in standard deviations.
    edge
        A click grows while errors stand so far above it.
    order
        Of the autoregressive model.
    longest_ms
        Longer runs are left as they are.
    """

    threshold: float = 6.0
    edge: float = 3.0
    order: int = 32
    longest_ms: float = 6.0


DEFAULT_CLICKS = ClickSettings()


@dataclass(frozen=True)
class _Lengths:
    """The times of the method in samples."""

    frame: int
    hop: int
    side: int
    guard: int
    near: int
    join: int
    spread: int
    merge: int
    longest: int

    @classmethod
    def at(cls, sr: int, settings: ClickSettings) -> _Lengths:
        def samples(ms: float) -> int:
            return max(1, round(ms * sr / 1000))

        hop = samples(12.5)
        frame = max(4 * hop, hop + 6 * settings.order)
        return cls(
            frame=frame + (frame - hop) % 2,
            hop=hop,
            side=samples(5.0),
            guard=samples(1.0),
            near=2 * samples(0.1) + 1,
            join=2 * samples(0.1) + 1,
            spread=samples(0.14),
            merge=samples(0.3),
            longest=samples(settings.longest_ms),
        )

    @property
    def margin(self) -> int:
        return (self.frame - self.hop) // 2

    @property
    def reach(self) -> int:
        """How far around a sample the decision on it looks."""
        return self.frame + self.side + self.guard + 2 * self.longest + self.merge


def find_clicks(samples: Array, sr: int, settings: ClickSettings = DEFAULT_CLICKS) -> tuple[Runs, Array]:
    """Where the clicks of one channel are.

    Parameters
    ----------
    samples : (n,)
        One channel.
    sr
        Its rate in Hz.
    settings
        What counts as a click.

    Returns
    -------
    runs
        Starts and ends.
    filters : (m, order + 1)
        The autoregressive models, one for every 12.5 ms.
    """
    lengths = _Lengths.at(sr, settings)
    n, hop = len(samples), lengths.hop
    count = -(-n // hop)
    padded = np.pad(samples, (lengths.margin, count * hop - n + lengths.margin))
    frames = np.lib.stride_tricks.sliding_window_view(padded, lengths.frame)[::hop][:count]
    filters = fit(frames, settings.order)
    forward, backward = (np.abs(errors) for errors in prediction_errors(frames, filters))
    usual = np.repeat(1.4826 * np.median(forward, axis=1) + _QUIET, hop)[:n]
    middle = slice(lengths.margin - settings.order, lengths.margin - settings.order + hop)
    forward, backward = (errors[:, middle].reshape(-1)[:n] for errors in (forward, backward))
    usual = np.maximum(usual, _louder_side(np.minimum(forward, backward), lengths))
    forward /= usual
    backward /= usual
    seeds = (
        np.minimum(maximum_filter1d(forward, lengths.near), maximum_filter1d(backward, lengths.near))
        > settings.threshold
    )
    grown = maximum_filter1d(np.maximum(forward, backward) > settings.edge, lengths.join)
    return _tidy(seeds | _touched(grown, seeds, lengths.longest), lengths), filters


def _louder_side(errors: Array, lengths: _Lengths) -> Array:
    """Standard deviation of the errors a little before or after each sample, the larger of both.

    Geometric means: a few clicks among the errors hardly move them.
    """
    level = np.exp(uniform_filter1d(np.log(errors + 1e-9), lengths.side, mode="nearest"))
    away = lengths.side // 2 + lengths.guard
    padded = np.pad(level, away)
    return np.asarray(np.maximum(padded[: len(level)], padded[2 * away :]) / _GEOMETRIC_OF_NORMAL)


def _touched(grown: NDArray[np.bool_], seeds: NDArray[np.bool_], longest: int) -> NDArray[np.bool_]:
    """The runs of `grown`, none longer than `longest`, that hold a seed."""
    starts, ends = runs_of(grown)
    counted = np.concatenate([[0], np.cumsum(seeds)])
    keep = (counted[ends] > counted[starts]) & (ends - starts <= longest)
    return _mask_of((starts[keep], ends[keep]), len(grown))


def _mask_of(runs: Runs, n: int) -> NDArray[np.bool_]:
    steps = np.zeros(n + 1, np.int32)
    np.add.at(steps, runs[0], 1)
    np.add.at(steps, runs[1], -1)
    return np.asarray(np.cumsum(steps[:n]) > 0)


def _tidy(mask: NDArray[np.bool_], lengths: _Lengths) -> Runs:
    """Runs made a little longer, joined where they almost touch; those that are too long are left out."""
    starts, ends = runs_of(mask)
    if not len(starts):
        return starts, ends
    starts = np.maximum(starts - lengths.spread, 0)
    ends = np.minimum(ends + lengths.spread, len(mask))
    apart = starts[1:] - ends[:-1] >= lengths.merge
    starts = starts[np.concatenate([[True], apart])]
    ends = ends[np.concatenate([apart, [True]])]
    short = ends - starts <= lengths.longest
    return starts[short], ends[short]


def remove_clicks(samples: Array, sr: int, settings: ClickSettings = DEFAULT_CLICKS) -> tuple[Array, Runs]:
    """One channel (n,) with its clicks filled in, and where they were."""
    runs, filters = find_clicks(samples, sr, settings)
    return interpolate(samples, runs, filters, _Lengths.at(sr, settings).hop), runs


class Declicker(SegmentStage):
    """Streaming removal of clicks, each channel by itself.

    Parameters
    ----------
    sr
        Rate in Hz.
    channels
        Channels of the recording.
    settings
        What counts as a click.
    """

    def __init__(self, *, sr: int, channels: int, settings: ClickSettings = DEFAULT_CLICKS) -> None:
        lengths = _Lengths.at(sr, settings)
        # Whole hops, so that a frame lies at the same place of the recording in whichever segment it is seen.
        context = -(-lengths.reach // lengths.hop) * lengths.hop
        super().__init__(80 * lengths.hop, context, channels)
        self.sr, self.settings = sr, settings

    def _centre(self, around: Samples) -> Samples:
        inside = slice(self.context, self.context + self.size)
        out = np.empty((self.size, self.channels), np.float32)
        for channel in range(self.channels):
            samples = around[:, channel].astype(np.float64)
            filled, _ = remove_clicks(samples, self.sr, self.settings)
            # Samples outside the clicks keep their bits.
            out[:, channel] = np.where(filled == samples, samples, filled)[inside]
        return out
