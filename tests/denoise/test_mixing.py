"""Mixtures have the ratio and level that were asked for, and training pairs the laws they are drawn from."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats

from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.mixing import draw_pair, mix, rms_of

SR = 44_100


@pytest.fixture
def music(rng):
    return (0.3 * np.sin(0.05 * np.arange(20_000)) + 0.01 * rng.standard_normal(20_000)).astype(np.float32)


@pytest.fixture
def noise(rng):
    return (0.02 * rng.standard_normal(20_000)).astype(np.float32)


@pytest.fixture
def rng():
    return np.random.default_rng(11)


def ratio(mixture, target):
    noise = mixture.astype(float) - target
    return 20 * math.log10(rms_of(target) / rms_of(noise))


@pytest.mark.parametrize("snr", [-20, -5, 0, 6, 12, 25, 40])
@pytest.mark.parametrize("level", [None, -6.0, -35.0])
def test_the_ratio_is_reached_within_a_hundredth_of_a_decibel(music, noise, snr, level):
    mixture, target, info = mix(music, noise, snr, level_db=level)
    assert ratio(mixture, target) == pytest.approx(snr, abs=0.01)
    if level is None:
        np.testing.assert_array_equal(target, music)
    else:
        assert 20 * math.log10(rms_of(mixture)) == pytest.approx(level, abs=0.01)
    np.testing.assert_allclose(mixture, info.gain * music + info.noise_gain * noise, atol=1e-6)


def test_stereo_is_mixed_over_both_channels(rng):
    music = rng.standard_normal((5000, 2)).astype(np.float32) * np.array([1, 0.1], np.float32)
    mixture, target, _ = mix(music, rng.standard_normal((5000, 2)).astype(np.float32), 3)
    assert mixture.shape == (5000, 2)
    assert ratio(mixture, target) == pytest.approx(3, abs=0.01)


def test_without_noise_or_without_music(music, noise):
    mixture, target, info = mix(music, noise, math.inf, level_db=-20)
    np.testing.assert_array_equal(mixture, target)
    assert info.noise_gain == 0
    mixture, target, _ = mix(music, noise, -math.inf, level_db=-20)
    assert not target.any()
    assert 20 * math.log10(rms_of(mixture)) == pytest.approx(-20, abs=1e-4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m, z: (m, z[:-1], 0.0), r"shape \(20000,\) and noise of shape \(19999,\)"),
        (lambda m, z: (m * 0, z, 0.0), "the music is silent"),
        (lambda m, z: (m, z * 0, 0.0), "the noise is silent"),
        (lambda m, z: (m, z * np.inf, 0.0), "the noise holds values that are not finite"),
        (lambda m, z: (m, z, math.nan), "must be numbers of dB"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_bad_input_is_named(music, noise, change, message):
    with pytest.raises(DenoiseError, match=message):
        mix(*change(music, noise))


def test_our_pairs_follow_their_laws(rng, music, noise):
    drawn = [draw_pair(music[:400], noise[:400], rng) for _ in range(3000)]
    ratios = np.array([info.snr_db for *_, info in drawn])
    for exception in (math.inf, -math.inf):  # 90 expected, standard deviation 9.3
        assert 55 < np.sum(ratios == exception) < 125
    finite = ratios[np.isfinite(ratios)]
    assert scipy.stats.kstest(finite, scipy.stats.uniform(-5, 30).cdf).pvalue > 0.01
    levels = [20 * math.log10(rms_of(mixture)) for mixture, *_ in drawn]
    assert scipy.stats.kstest(levels, scipy.stats.uniform(-35, 29).cdf).pvalue > 0.01
    assert all(not target.any() for _, target, info in drawn if info.snr_db == -math.inf)
    assert all(np.array_equal(*pair) for *pair, info in drawn if info.snr_db == math.inf)


def test_two_stage_pairs_follow_their_laws(rng, music, noise):
    drawn = [draw_pair(music[:400], noise[:400], rng, variant="two-stage")[2] for _ in range(2000)]
    assert scipy.stats.kstest([i.snr_db for i in drawn], scipy.stats.uniform(2, 18).cdf).pvalue > 0.01
    gains = [20 * math.log10(i.gain) for i in drawn]
    assert scipy.stats.kstest(gains, scipy.stats.uniform(-12, 20).cdf).pvalue > 0.01


def test_paper_pairs_are_peak_normalised_with_noise_in_a_band(rng, music, noise):
    quiet = 0.02 * noise
    for _ in range(20):
        mixture, target, info = draw_pair(music, quiet, rng, variant="paper", sr=SR)
        assert np.abs(mixture).max() == pytest.approx(0.99, abs=1e-5)
        np.testing.assert_allclose(target, info.gain * music, atol=1e-6)
        assert ratio(mixture, target) == pytest.approx(info.snr_db, abs=0.01)
        spectrum = np.abs(np.fft.rfft(mixture.astype(float) - target)) ** 2
        frequency = np.fft.rfftfreq(len(mixture), 1 / SR)
        assert (
            spectrum[frequency > 16_000].mean()
            < 0.01 * spectrum[(frequency > 300) & (frequency < 4000)].mean()
        )


@pytest.mark.parametrize("variant", ["ours", "paper", "two-stage"])
def test_silent_music_is_a_pair_without_music(rng, music, noise, variant):
    while True:
        mixture, target, info = draw_pair(0 * music, noise, rng, variant=variant)
        if info.snr_db != math.inf:
            break
    assert info.snr_db == -math.inf
    assert mixture.any()
    assert not target.any()


def test_an_unknown_variant_is_refused(rng, music, noise):
    with pytest.raises(DenoiseError, match="no variant 'best': there are ours, paper, two-stage"):
        draw_pair(music, noise, rng, variant="best")
