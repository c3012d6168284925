"""Engines whose result is known: what restoring does to a file can be told from what the engine does."""

from __future__ import annotations

import itertools
import time
from pathlib import Path

import numpy as np

from hotpapers.denoise.engines import Engine
from hotpapers.denoise.stages import Chunked


class Filtered:
    """A causal filter made zero-delay by looking `taps // 2` frames ahead: a symmetric FIR."""

    def __init__(self, taps: np.ndarray) -> None:
        from scipy.signal import fftconvolve

        half = len(taps) // 2

        def convolve(piece: np.ndarray) -> np.ndarray:
            return fftconvolve(piece, taps[:, None], mode="same", axes=0)

        self._chunked = Chunked(convolve, size=8192, context=half)

    def push(self, block):
        return self._chunked.push(block)

    def flush(self):
        return self._chunked.flush()


class Gain:
    """Each frame times a number."""

    def __init__(self, gain: float) -> None:
        self._gain = np.float32(gain)

    def push(self, block):
        return block * self._gain

    def flush(self):
        return np.zeros((0, 1), np.float32)


def gain(factor: float = 0.5) -> Engine:
    def make_stage(survey, *, sr, channels):
        class Here(Gain):
            def flush(self):
                return np.zeros((0, channels), np.float32)

        return Here(factor)

    return Engine(make_stage=make_stage)


def lowpass(cutoff: float = 3000.0) -> Engine:
    """Takes away what lies above a frequency."""
    from scipy.signal import firwin

    taps = firwin(255, cutoff, fs=44_100).astype(np.float32)
    return Engine(make_stage=lambda survey, *, sr, channels: Filtered(taps))


def surveying() -> Engine:
    """Takes away as much of each sample as the peak of the whole recording says."""

    def survey(blocks, *, sr, channels):
        return max(float(np.abs(block).max()) for block in blocks)

    def make_stage(peak, *, sr, channels):
        return gain(1 - peak / 2).make_stage(None, sr=sr, channels=channels)

    return Engine(make_stage=make_stage, survey=survey)


_numbers = itertools.count(1)


def held(model: str) -> Engine:
    """Halves; a process's second recording waits in its middle while a file of this name is there."""

    def make_stage(survey, *, sr, channels):
        second, pushed = next(_numbers) == 2, 0

        class Held(Gain):
            def push(self, block):
                nonlocal pushed
                pushed += 1
                if second and pushed == 4 and Path(model).exists():
                    Path(f"{model}.reached").touch()
                    while Path(model).exists():
                        time.sleep(0.01)
                return super().push(block)

            def flush(self):
                return np.zeros((0, channels), np.float32)

        return Held(0.5)

    return Engine(make_stage=make_stage)


def failing() -> Engine:
    raise RuntimeError("this engine is broken")
