"""Counts, amplitudes, rings and periods of the impulsive parts."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal
import scipy.stats

from hotpapers.denoise.noise_generator.impulses import (
    add_clicks,
    clicks,
    crackle,
    gamma_squared,
    poisson_times,
    resonator,
    revolution_times,
    scratch,
    thump,
)
from hotpapers.denoise.noise_generator.table import draw_parameters

SR = 44_100


def test_counts_are_poisson():
    rng = np.random.default_rng(1)
    times = poisson_times(40, 200 * SR, SR, rng)
    counts = np.bincount(times // (SR // 5), minlength=1000)  # 1 000 windows with mean 8
    edges = np.arange(3, 15)
    observed = np.array(
        [np.sum(counts <= 3), *[np.sum(counts == k) for k in edges[1:-1]], np.sum(counts >= 14)]
    )
    law = scipy.stats.poisson(8)
    expected = 1000 * np.array([law.cdf(3), *law.pmf(edges[1:-1]), law.sf(13)])
    assert scipy.stats.chisquare(observed, expected).pvalue > 0.01
    assert np.all(np.diff(times) >= 0)


def test_impulses_counted_in_the_sound_match_the_rate():
    rng = np.random.default_rng(2)
    overrides = {"crackle.rate": 20, "crackle.decay": 0.03, "crackle.shape": 1.2, "crackle.frequency": 6000}
    x = np.abs(crackle(100 * SR, SR, rng, draw_parameters("any", rng, overrides)))
    peaks, _ = scipy.signal.find_peaks(x, height=x.max() * 1e-5, distance=SR // 500)
    # Mean 2 000, standard deviation 45; 4 % fall within 2 ms of another.
    assert 1750 < len(peaks) < 2150


@pytest.mark.parametrize("shape", [0.3, 1.2])
def test_amplitudes_are_the_square_of_a_gamma(shape):
    amplitudes = gamma_squared(shape, 20_000, np.random.default_rng(3))
    scale = np.sqrt(shape * (shape + 1) * (shape + 2) * (shape + 3))
    roots = np.sqrt(np.abs(amplitudes) * scale)
    assert scipy.stats.kstest(roots, scipy.stats.gamma(shape).cdf).pvalue > 0.01
    assert abs(np.mean(amplitudes > 0) - 0.5) < 0.015


def test_a_resonator_rings_at_its_frequency_for_its_time():
    b, a = resonator(2000, 0.5, SR)
    ring = scipy.signal.lfilter(b, a, np.eye(1, 4096)[0])
    spectrum = np.abs(np.fft.rfft(ring, 1 << 18))
    assert np.fft.rfftfreq(1 << 18, 1 / SR)[spectrum.argmax()] == pytest.approx(2000, rel=0.02)
    envelope = np.abs(scipy.signal.hilbert(ring))
    after = envelope[round(0.25e-3 * SR)] / envelope[round(0.75e-3 * SR)]
    assert after == pytest.approx(np.e, rel=0.05)


def test_crackle_has_its_level_and_its_band():
    rng = np.random.default_rng(4)
    overrides = {"crackle.level": -6, "crackle.rate": 1000, "crackle.frequency": 4000, "crackle.decay": 0.5}
    x = crackle(10 * SR, SR, rng, draw_parameters("any", rng, overrides)).astype(float)
    assert 10 * np.log10(np.mean(x**2)) == pytest.approx(-6, abs=1e-3)
    frequency, power = scipy.signal.welch(x, SR, nperseg=4096)
    peak = frequency[power.argmax()]
    assert 4000 / 2**0.6 < peak < 4000 * 2**0.6


def test_clicks_come_at_their_rate_with_their_peaks():
    rng = np.random.default_rng(5)
    overrides = {
        "clicks.rate": 5,
        "clicks.level": 20,
        "clicks.shape": 1.2,
        "clicks.decay": 0.2,
        "clicks.width": 0.5,
    }
    x, times, peaks = clicks(400 * SR, SR, rng, draw_parameters("any", rng, overrides))
    assert 1900 < len(times) < 2100  # mean 2 000, standard deviation 45
    alone = np.flatnonzero((np.diff(times, prepend=-SR) > 400) & (np.diff(times, append=np.inf) > 400))
    for i in alone[:200]:
        piece = x[times[i] : times[i] + 400]
        assert np.abs(piece).max() == pytest.approx(abs(peaks[i]), rel=1e-3)
    assert 20 * np.log10(np.sqrt(np.mean(peaks**2))) == pytest.approx(20, abs=1.5)


@pytest.mark.parametrize("width", [0.02, 1.0, 4.0])
def test_a_one_sided_click_lasts_as_long_as_its_width(width):
    out = np.zeros(SR // 10, np.float32)
    add_clicks(
        out, SR, np.array([100]), np.array([1.0]), *(np.array([v]) for v in (1000.0, 0.05, width, 1.0))
    )
    heard = np.flatnonzero(np.abs(out) > 1e-3)
    assert heard[0] == 100
    assert (heard[-1] - heard[0] + 1) / SR * 1000 == pytest.approx(width, abs=max(0.05 * width, 2000 / SR))
    assert np.all(out >= 0)


def test_scratches_return_once_per_revolution():
    rng = np.random.default_rng(6)
    overrides = {
        "scratch.count": 1,
        "scratch.sweep": 0,
        "scratch.level": 20,
        "clicks.decay": 0.1,
        "clicks.width": 0.2,
    }
    for rpm in (78.26, 80, 45, 100 / 3, 160):
        x = scratch(60 * SR, SR, rng, draw_parameters("any", rng, {**overrides, "rpm": rpm}))
        peaks, _ = scipy.signal.find_peaks(np.abs(x), height=2, distance=SR // 10)
        period = 60 / rpm * SR
        assert np.diff(peaks).mean() == pytest.approx(period, rel=0.001)
        assert np.abs(np.diff(peaks) / period - 1).max() <= 0.0105  # jitter of 0.5 % at either end
        assert 20 * np.log10(np.abs(x).max()) == pytest.approx(17, abs=3.1)


def test_a_sweep_makes_every_turn_longer():
    times = revolution_times(60 * SR, SR, np.random.default_rng(7), rpm=60, sweep=0.002)
    assert np.abs(np.diff(times) - SR * 1.002).max() <= 1
    assert times[-1] - times[0] == pytest.approx(SR * 1.002 * (len(times) - 1), abs=1)


def test_a_thump_follows_the_largest_click_and_falls_in_pitch():
    rng = np.random.default_rng(8)
    parameters = draw_parameters("any", rng, {"thump.rate": 0.1, "thump.level": 12, "thump.duration": 100})
    times, peaks = np.array([SR, 5 * SR]), np.array([1.0, -9.0])
    heard = [thump(10 * SR, SR, rng, parameters, times, peaks).astype(float) for _ in range(40)]
    counts = [int(x[SR + 10] != 0) + int(x[5 * SR + 10] != 0) for x in heard]
    assert 15 <= sum(count > 0 for count in counts) <= 35  # 1 - exp(-1) of 40
    alone = next(x for x, count in zip(heard, counts, strict=True) if count == 1)
    assert not alone[: 5 * SR].any()
    piece = alone[5 * SR : 5 * SR + SR // 2]
    assert np.abs(piece).max() == pytest.approx(10 ** (12 / 20), rel=1e-3)
    half_periods = np.diff(np.flatnonzero(np.diff(np.sign(piece)))) / SR
    assert 1 / (2 * half_periods[0]) == pytest.approx(50, abs=10)
    assert np.all(np.diff(half_periods[:-1]) > 0)  # the last ends where the thump is cut off
