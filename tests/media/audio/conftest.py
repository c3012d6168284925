"""Sound made for the tests."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("soundfile")
pytest.importorskip("soxr")
pytest.importorskip("mutagen")


@pytest.fixture
def tones():
    """tones(frames, channels, rate): another decaying chord in each channel, float32, peak below 0.5."""

    def make(frames: int, channels: int = 2, rate: int = 44_100) -> np.ndarray:
        time = np.arange(frames)[:, None] / rate
        pitch = 220.0 * (1 + np.arange(channels)) / 1.5
        sound = 0.3 * np.sin(2 * np.pi * pitch * time) + 0.1 * np.sin(2 * np.pi * 3.1 * pitch * time + 1)
        return (sound * np.exp(-time / 2)).astype(np.float32)

    return make
