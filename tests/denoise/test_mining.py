"""The miner against golden numbers, a naive computation, and recordings with known quiet stretches."""

from __future__ import annotations

import numpy as np
import pytest

from hotpapers.denoise import mining
from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.mining import (
    extract_noise,
    quiet_runs,
    rolling_deviation,
    rolling_quantile,
    spectral_flatness,
)

SR = 44_100


@pytest.fixture
def golden():
    """6 000 samples at 1 kHz: a tone on and off, two quiet stretches."""
    n = np.arange(6000)
    x = np.sin(2 * np.pi * 7 * n / 1000) * (0.5 + 0.5 * ((n // 1000) % 2 == 0))
    x[2200:2900] = 0.01 * np.sin(2 * np.pi * 13 * n[2200:2900] / 1000)
    x[4100:4250] = 0.02 * np.cos(2 * np.pi * 11 * n[4100:4250] / 1000)
    return x


def test_golden_deviations(golden):
    sigma = rolling_deviation(golden, 100)
    assert sigma.shape == (5901,)
    assert sigma[0] == pytest.approx(0.6119060243, abs=1e-10)
    assert sigma[2300] == pytest.approx(0.0067221189, abs=1e-10)


@pytest.mark.parametrize(
    ("q", "threshold", "shortest", "runs"),
    [
        (0.12, 0.2545416084, 50, [[2189, 2810], [4091, 4158]]),
        (0.12, 0.2545416084, 250, [[2189, 2810]]),
        (0.10, 0.0072401702, 60, [[2240, 2316], [2586, 2662], [2663, 2739], [2740, 2801]]),
    ],
)
def test_golden_runs(golden, q, threshold, shortest, runs):
    sigma = rolling_deviation(golden, 100)
    tau = rolling_quantile(lambda: iter(np.array_split(sigma, 7)), q)
    assert tau == pytest.approx(threshold, abs=1e-10)
    assert quiet_runs(sigma, tau, shortest).tolist() == runs


def test_golden_segments_by_the_one_call(golden):
    settings = {"window": 0.1, "q": 0.12, "trim": 0, "peak": None, "gates": False}
    segments = extract_noise(golden, 1000, min_length=0.05, **settings)
    assert [(s.start, s.start + len(s)) for s in segments] == [(2189, 2810), (4091, 4158)]
    np.testing.assert_array_equal(segments[0].samples, golden[2189:2810].astype(np.float32))
    assert len(extract_noise(golden, 1000, min_length=0.25, **settings)) == 1


@pytest.mark.parametrize("block", [64, 1000, 1 << 20])
def test_deviations_equal_a_naive_computation_whatever_the_block(monkeypatch, block):
    monkeypatch.setattr(mining, "_BLOCK", block)
    x = 3.0 + np.random.default_rng(1).standard_normal(2500) * np.repeat([1, 1e-3, 1, 0, 1], 500)
    naive = np.lib.stride_tricks.sliding_window_view(x, 50).std(axis=1, ddof=1)
    np.testing.assert_allclose(rolling_deviation(x, 50), naive, rtol=1e-5, atol=1e-6)
    assert rolling_deviation(x[:49], 50).shape == (0,)


@pytest.mark.parametrize("q", [0, 0.04, 0.123, 0.5, 1])
def test_the_quantile_is_numpys(q):
    rng = np.random.default_rng(2)
    values = np.abs(rng.standard_normal(10_007)) * 10 ** rng.uniform(-8, 1, 10_007)
    values[:500] = 0
    values[500:900] = 0.01
    found = rolling_quantile(lambda: iter(np.array_split(values, 13)), q)
    assert found == pytest.approx(np.quantile(values, q), rel=1e-12, abs=1e-300)


def test_runs_cross_blocks_and_reach_the_end(monkeypatch):
    sigma = np.r_[np.ones(5), np.zeros(10), np.ones(3), np.zeros(7)]
    blocks = [(a, sigma[a : a + 6]) for a in range(0, 25, 6)]
    assert mining._runs(iter(blocks), 0.5, 1).tolist() == [[5, 15], [18, 25]]
    assert quiet_runs(sigma, 0.5, 8).tolist() == [[5, 15]]
    assert quiet_runs(sigma, 0.0, 1).tolist() == []  # strictly below


def old_recording(rng, seconds=20.0):
    """Music with a gap of pure noise at 8.0 to 8.9 s, which is q of the recording; silence in front."""
    t = np.arange(round(seconds * SR)) / SR
    music = 0.3 * np.sin(2 * np.pi * 220 * t) + 0.2 * np.sin(2 * np.pi * 331 * t)
    music[(t >= 8.0) & (t < 8.9)] = 0
    x = music + 0.005 * rng.standard_normal(len(t))
    x[: SR // 5] = 0
    return x.astype(np.float32)


def test_the_gap_between_the_music_is_found():
    segments = extract_noise(old_recording(np.random.default_rng(3)), SR)
    assert len(segments) >= 1
    for segment in segments:
        assert segment.start >= 8.0 * SR - 0.02 * SR
        assert segment.start + len(segment) <= 8.9 * SR
        assert 0.45 < segment.flatness < 0.65
    assert sum(segment.seconds for segment in segments) > 0.25
    assert segments[0].rms == pytest.approx(0.005 * 0.99 / 0.52, rel=0.1)


def test_a_margin_keeps_steady_noise_whole():
    rng = np.random.default_rng(8)
    x = rng.standard_normal(20 * SR).astype(np.float32)
    x[5 * SR : 9 * SR] *= 0.01  # a fifth of the recording: the paper's threshold cuts through it
    assert all(segment.seconds < 0.5 for segment in extract_noise(x, SR))
    (segment,) = extract_noise(x, SR, margin_db=2)
    assert segment.start == pytest.approx(5 * SR, abs=2)
    assert segment.seconds == pytest.approx(3.9, abs=0.001)  # windows that lie inside it


def test_a_recording_is_scaled_only_if_asked():
    x = old_recording(np.random.default_rng(4)) * np.float32(0.1)
    first, second = extract_noise(x, SR)[0], extract_noise(x, SR, peak=None)[0]
    assert second.rms == pytest.approx(0.0005, rel=0.1)
    assert first.rms == pytest.approx(second.rms * 0.99 / np.abs(x).max(), rel=1e-5)


def test_gates_refuse_music_silence_and_clipping():
    rng = np.random.default_rng(5)
    t = np.arange(10 * SR) / SR
    loud = 0.5 * rng.standard_normal(len(t))
    for name, quiet in {
        "soft tone": 0.01 * np.sin(2 * np.pi * 440 * t),
        "digital silence": 1e-8 * rng.standard_normal(len(t)),
    }.items():
        x = np.where((t > 4) & (t < 5.2), quiet, loud)
        assert len(extract_noise(x, SR, q=0.1, gates=False)) >= 1, name
        assert extract_noise(x, SR, q=0.1) == [], name
    # A stretch at full scale whose deviation is small: a clipped plateau with a little dither.
    plateau = np.where((t > 4) & (t < 5.2), 2.0, np.clip(loud, -1.9, 1.9))
    assert extract_noise(plateau, SR, q=0.1, trim=0) == []


def test_stereo_segments_keep_their_channels():
    x = old_recording(np.random.default_rng(6))
    segments = extract_noise(np.stack((x, 0.5 * x), axis=1), SR)
    assert segments[0].samples.shape[1] == 2
    assert np.asarray(segments[0]).shape == segments[0].samples.shape


def test_flatness_tells_noise_from_tones():
    rng = np.random.default_rng(7)
    assert spectral_flatness(rng.standard_normal(SR), SR) == pytest.approx(np.exp(-0.5772), abs=0.03)
    assert spectral_flatness(np.sin(0.1 * np.arange(SR)), SR) < 0.01
    assert spectral_flatness(np.zeros(SR), SR) == 1


@pytest.mark.parametrize(
    ("x", "settings", "message"),
    [
        (np.zeros(SR // 2), {}, r"0\.50 s is too short to mine: it needs 0\.90 s"),
        (np.zeros((5, 5, 5)), {}, r"shape \(n,\) or \(n, channels\), not \(5, 5, 5\)"),
        (np.zeros(5 * SR), {"q": 1.5}, "between 0 and 1, not 1.5"),
        (np.full(5 * SR, np.nan), {}, "not finite"),
        (np.zeros(5 * SR), {"window": 1e-6}, "cannot use window=1e-06"),
    ],
)
def test_bad_input_is_named(x, settings, message):
    with pytest.raises(DenoiseError, match=message):
        extract_noise(x, SR, **settings)
