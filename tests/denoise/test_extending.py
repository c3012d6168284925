"""Noise of any length: level at the joins, clicks on the beat, the speed found by itself."""

from __future__ import annotations

import numpy as np
import pytest

from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.extending import noise_to_length, overlap_copies, repeat_revolutions
from hotpapers.denoise.rotation import revolution_period

SR = 44_100


def levels(x, hop):
    """Level of each `hop` samples, in dB, of noise with unit power."""
    whole = len(x) // hop * hop
    return 10 * np.log10(np.square(x[:whole].astype(float)).reshape(-1, hop).mean(axis=1))


@pytest.mark.parametrize("extend", [
    lambda segment, n, rng: overlap_copies(segment, n, SR, rng),
    lambda segment, n, rng: repeat_revolutions(segment, n, SR, rng, period=60 / 78),
])  # fmt: skip
def test_white_noise_keeps_its_level_at_the_joins(extend):
    rng = np.random.default_rng(1)
    powers = [np.square(extend(rng.standard_normal(2 * SR).astype(np.float32), 6 * SR, np.random.default_rng(0)),
                        dtype=float) for _ in range(40)]  # fmt: skip
    # The joins fall at the same places in each: the mean of 40 shows a dip through the chance of one.
    level = 10 * np.log10(np.mean(powers, axis=0).reshape(-1, 441).mean(axis=1))
    assert np.abs(level).max() < 0.3


@pytest.mark.parametrize("seconds", [1.0, 3.0])
def test_levels_of_one_extension_stay_within_a_decibel(seconds):
    segment = np.random.default_rng(2).standard_normal(round(seconds * SR)).astype(np.float32)
    for seed in range(3):
        assert (
            np.abs(levels(noise_to_length(segment, 8 * SR, SR, np.random.default_rng(seed)), 2205)).max() < 1
        )


def clicking(period, seconds, rng, hiss=0.01):
    """A click once per revolution in quiet hiss."""
    x = hiss * rng.standard_normal(round(seconds * SR))
    times = np.round(np.arange(0.1 * SR, len(x), period * SR)).astype(int)
    x[times] += 1
    return x.astype(np.float32)


@pytest.mark.parametrize("rpm", [78, 78.26, 80, 45])
@pytest.mark.parametrize("seconds", [2.3, 4.1])
def test_clicks_stay_on_the_beat_within_one_sample(rpm, seconds):
    segment = clicking(60 / rpm, seconds, np.random.default_rng(3))
    x = noise_to_length(segment, 30 * SR, SR, np.random.default_rng(4), rpm=rpm)
    beats = np.flatnonzero(x > 0.5)
    # A click at a rounded place may stand in two neighbouring samples where two copies meet.
    beats = beats[np.diff(beats, prepend=-10) > 1]
    period = 60 / rpm * SR
    turns = np.round((beats - beats[0]) / period)
    assert np.array_equal(turns, np.arange(len(beats)))
    assert len(beats) >= int(29 * SR / period)
    assert np.abs(np.diff(beats) - period).max() <= 1.5
    assert np.abs(beats - beats[0] - turns * period).max() <= 2


def test_alike_clicks_are_not_raised_where_copies_meet():
    x = repeat_revolutions(clicking(60 / 78, 4.0, np.random.default_rng(5), hiss=0.0), 30 * SR, SR,
                           np.random.default_rng(0), period=60 / 78)  # fmt: skip
    assert x.max() < 1.1


@pytest.mark.parametrize("rpm", [78.26, 80, 45, 100 / 3])
def test_the_speed_is_found_from_the_clicks(rpm):
    rng = np.random.default_rng(6)
    x = clicking(60 / rpm, 8.0, rng, hiss=0.05)
    x[rng.integers(0, len(x), 60)] += 1  # clicks off the beat
    assert revolution_period(x, SR) == pytest.approx(60 / rpm, abs=1e-3)


def test_no_speed_is_found_where_nothing_returns():
    rng = np.random.default_rng(7)
    found = 0
    for _ in range(40):
        x = 0.05 * rng.standard_normal(6 * SR)
        x[rng.integers(0, len(x), 200)] += rng.standard_normal(200)
        found += revolution_period(x.astype(np.float32), SR) is not None
    assert found <= 2  # a false alarm in less than one of 20
    assert revolution_period(np.zeros(5 * SR, np.float32), SR) is None
    assert revolution_period(np.zeros(10, np.float32), SR) is None


def test_an_estimated_speed_is_used():
    segment = clicking(60 / 78.26, 6.0, np.random.default_rng(8), hiss=0.02)
    x = noise_to_length(segment, 40 * SR, SR, np.random.default_rng(9))
    beats = np.flatnonzero(x > 0.5)
    spaces = np.diff(beats)
    assert np.abs(spaces[spaces > 10] - 60 / 78.26 * SR).max() < 0.002 * SR


@pytest.mark.parametrize("length", [2, 3, 50, 900, 44_100])
@pytest.mark.parametrize("n", [0, 1, 777, 100_000])
def test_any_length_from_any_length(length, n):
    segment = np.random.default_rng(10).uniform(0.5, 1, (length, 2)).astype(np.float32)
    x = noise_to_length(segment, n, SR, np.random.default_rng(0))
    assert x.shape == (n, 2)
    assert x.dtype == np.float32
    if n:
        assert 0.3 < x.min() <= x.max() < 1.5


def test_where_it_begins_is_drawn():
    segment = np.random.default_rng(11).standard_normal(SR).astype(np.float32)
    first, second = (noise_to_length(segment, SR, SR, np.random.default_rng(seed)) for seed in (0, 1))
    assert not np.array_equal(first, second)


@pytest.mark.parametrize(
    ("segment", "arguments", "message"),
    [
        (np.zeros(1), {}, r"two samples or more, not \(1,\)"),
        (np.zeros((5, 2, 2)), {}, r"shape \(n,\) or \(n, channels\)"),
        (np.full(9, np.nan), {}, "not finite"),
        (np.zeros(9), {"n": -1}, "must not be negative: -1"),
        (np.zeros(9), {"rpm": 0.0}, "above 0 revolutions per minute, not 0"),
    ],
)
def test_bad_input_is_named(segment, arguments, message):
    with pytest.raises(DenoiseError, match=message):
        noise_to_length(segment, **{"n": 5, "sr": SR, "rng": np.random.default_rng(0), **arguments})
