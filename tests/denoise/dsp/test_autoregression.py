"""Models and interpolation against what theory says of them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import solve_toeplitz, toeplitz
from scipy.signal import lfilter
from scipy.signal.windows import hann

from hotpapers.denoise.dsp.autoregression import fit, interpolate, prediction_errors

AR2 = np.array([1.0, -1.6, 0.81])


def test_models_solve_the_normal_equations() -> None:
    rng = np.random.default_rng(0)
    frames = lfilter([1], AR2, rng.standard_normal((3, 2000)), axis=1)
    order = 6
    for frame, model in zip(frames, fit(frames, order), strict=True):
        windowed = frame * hann(2000, sym=False)
        r = np.correlate(windowed, windowed, "full")[1999 : 1999 + order + 1]
        r[0] = r[0] * (1 + 1e-9) + 1e-12
        assert model[1:] == pytest.approx(-solve_toeplitz(r[:-1], r[1:]), abs=1e-7)


def test_prediction_errors_are_the_innovation_forwards_and_backwards() -> None:
    innovation = np.random.default_rng(1).standard_normal(500)
    x = lfilter([1], AR2, innovation)[None]
    forward, backward = prediction_errors(x, AR2[None])
    assert forward[0] == pytest.approx(innovation[2:-2])
    assert backward[0] == pytest.approx(np.convolve(x[0], AR2[::-1])[4:-2])


def test_a_gap_of_20_samples_is_filled_as_well_as_can_be() -> None:
    rng = np.random.default_rng(2)
    gap, trials = 20, 400
    b = np.convolve(AR2, AR2[::-1])[2:]
    bound = np.trace(np.linalg.inv(toeplitz(np.concatenate([b, np.zeros(gap - 3)])))) / gap
    errors = []
    for _ in range(trials):
        x = lfilter([1], AR2, rng.standard_normal(300))
        filled = interpolate(x, (np.array([200]), np.array([200 + gap])), AR2[None], 300)
        errors.append(np.mean((filled - x)[200 : 200 + gap] ** 2))
        assert np.array_equal(filled[:200], x[:200])
    # The mean of 400 errors wanders by about 5 %.
    assert 0.8 * bound < np.mean(errors) < 1.3 * bound


def test_runs_that_are_near_are_solved_together() -> None:
    x = lfilter([1], AR2, np.random.default_rng(3).standard_normal(300))
    near = (np.array([100, 106]), np.array([105, 110]))
    spoilt = x.copy()
    spoilt[100:105] = spoilt[106:110] = 1e3
    filled = interpolate(spoilt, near, AR2[None], 300)
    assert np.abs(filled[100:110]).max() < 50
    assert filled[105] == x[105]


def test_a_sine_is_continued_through_3_ms() -> None:
    sr = 44_100
    x = np.sin(2 * np.pi * 997 * np.arange(sr // 10) / sr)
    model = fit(x[None], 32)
    start, end = 2000, 2000 + round(0.003 * sr)
    spoilt = x.copy()
    spoilt[start:end] = 0
    error = (interpolate(spoilt, (np.array([start]), np.array([end])), model, len(x)) - x)[start:end]
    assert 10 * np.log10(np.mean(error**2) / np.mean(x[start:end] ** 2)) < -60
