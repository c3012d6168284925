"""Resampling: exact length, no delay, the same samples however the stream is cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotpapers.media.audio import AudioError, Resampler

RATES = [8000, 11_025, 22_050, 32_000, 44_056, 44_100, 48_000, 96_000, 192_000]


def resampled(sound, source, target, cuts=(), length=None):
    resampler = Resampler(source, target, sound.shape[1])
    blocks = [resampler.push(block) for block in np.split(sound, cuts)]
    return np.concatenate([*blocks, resampler.flush(length)])


@settings(max_examples=60, deadline=None)
@given(
    source=st.sampled_from(RATES),
    target=st.sampled_from(RATES),
    frames=st.integers(1, 30_000),
    channels=st.integers(1, 8),
    cut=st.integers(0, 30_000),
)
def test_length_is_the_ratio_and_comes_back(source, target, frames, channels, cut):
    sound = np.random.default_rng(frames).standard_normal((frames, channels)).astype(np.float32)
    there = resampled(sound, source, target, [cut])
    assert there.shape == ((2 * frames * target + source) // (2 * source), channels)
    assert np.array_equal(there, resampled(sound, source, target))
    back = resampled(there, target, source, length=frames)
    assert back.shape == sound.shape
    assert back.dtype == np.float32


@pytest.mark.parametrize("source", [8000, 22_050, 44_056, 48_000, 192_000])
def test_nothing_is_delayed(source):
    # A sine of 440 Hz (a tenth of a second of fades) is the same sine at the other rate.
    def sine(rate):
        time = np.arange(rate) / rate
        fade = np.sin(np.pi * np.clip(np.minimum(time, 1 - time) / 0.1, 0, 1) / 2) ** 2
        return (0.5 * fade * np.sin(2 * np.pi * 440 * time))[:, None].astype(np.float32)

    error = resampled(sine(source), source, 44_100) - sine(44_100)
    assert np.abs(error).max() < 2e-5


def test_equal_rates_change_nothing():
    sound = np.random.default_rng(0).standard_normal((1000, 2)).astype(np.float32)
    assert np.array_equal(resampled(sound, 44_100, 44_100, [3, 900]), sound)


def test_rates_are_positive():
    with pytest.raises(AudioError, match="from 0 to 44100 Hz"):
        Resampler(0, 44_100, 1)
