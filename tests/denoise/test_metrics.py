"""Metrics: golden numbers, invariances, and values that follow from the definition."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.metrics import (
    lead_in_drop,
    log_spectral_distance,
    multi_resolution_distance,
    octave_changes,
    si_sdr,
    snr,
)

SR = 44_100
N = np.arange(1000)
CLEAN = np.sin(0.1 * N)
ESTIMATE = CLEAN + 0.1 * np.cos(0.37 * N)


@pytest.fixture
def noise():
    return 0.1 * np.random.default_rng(1).standard_normal(4 * SR)


def test_golden_ratios():
    assert si_sdr(ESTIMATE, CLEAN) == pytest.approx(20.0229607806, abs=1e-9)
    assert snr(ESTIMATE, CLEAN) == pytest.approx(20.0214469527, abs=1e-9)


@pytest.mark.parametrize("gain", [1e-3, 0.5, -1, 40])
def test_si_sdr_does_not_see_the_scale_and_snr_does(gain):
    assert si_sdr(gain * ESTIMATE, CLEAN) == pytest.approx(20.0229607806, abs=1e-9)
    assert si_sdr(ESTIMATE, gain * CLEAN) == pytest.approx(20.0229607806, abs=1e-9)
    assert snr(gain * ESTIMATE, CLEAN) < 21
    assert snr(0.5 * CLEAN, CLEAN) == pytest.approx(20 * math.log10(2))


def test_ratios_at_the_ends():
    assert si_sdr(CLEAN, CLEAN) > 150
    assert snr(CLEAN, CLEAN) == math.inf
    assert si_sdr(np.zeros(1000), CLEAN) == -math.inf
    assert snr(np.zeros(1000), CLEAN) == 0
    assert si_sdr(np.eye(1, 1000)[0], 1 - np.eye(1, 1000)[0]) == -math.inf


def test_channels_are_averaged():
    stereo = si_sdr(np.stack((ESTIMATE, CLEAN + 1e-2 * np.cos(0.37 * N)), 1), np.stack((CLEAN, CLEAN), 1))
    assert stereo == pytest.approx((20.0229607806 + si_sdr(CLEAN + 1e-2 * np.cos(0.37 * N), CLEAN)) / 2)


def test_a_gain_is_a_constant_log_distance(noise):
    assert log_spectral_distance(noise, noise) == 0
    assert log_spectral_distance(noise * 10**0.5, noise) == pytest.approx(1, abs=1e-4)
    assert log_spectral_distance(noise * 0.1, noise) == pytest.approx(2, abs=1e-2)


def test_log_distance_stops_at_the_floor():
    tone = 0.5 * np.sin(0.1 * np.arange(SR))
    assert log_spectral_distance(tone + 1e-9, tone) < 1e-3
    assert log_spectral_distance(np.zeros(SR), np.full(SR, 1e-7)) == 0


def test_multi_resolution_distance_of_a_gain(noise):
    assert multi_resolution_distance(noise, noise) == 0
    assert multi_resolution_distance(2 * noise, noise) == pytest.approx(1 + math.log(2), abs=1e-3)
    assert multi_resolution_distance(noise[:300], noise[:300]) == 0


def test_octave_changes_find_the_octave(noise):
    spectrum = np.fft.rfft(noise)
    frequency = np.fft.rfftfreq(len(noise), 1 / SR)
    spectrum[(frequency >= 1000 / 2**0.5) & (frequency < 1000 * 2**0.5)] *= 0.5
    changes = octave_changes(np.fft.irfft(spectrum, len(noise)), noise, SR)
    assert list(changes) == [62.5 * 2**k for k in range(8)]
    assert changes[1000.0] == pytest.approx(-6.02, abs=0.15)
    assert all(abs(change) < 0.15 for centre, change in changes.items() if centre != 1000)


def test_the_drop_is_that_of_the_front_alone(noise):
    estimate = noise.copy()
    estimate[:SR] *= 0.1
    assert lead_in_drop(estimate, noise, SR) == pytest.approx(20, abs=1e-9)
    assert lead_in_drop(estimate, noise, 2 * SR) == pytest.approx(-10 * math.log10(0.505), abs=0.1)
    assert lead_in_drop(0 * noise, 2 * noise, SR) == 100


def test_bad_input_is_named(noise):
    with pytest.raises(
        DenoiseError, match=r"shape \(5,\) cannot be compared with a reference of shape \(6,\)"
    ):
        snr(np.ones(5), np.ones(6))
    with pytest.raises(DenoiseError, match="front of 0 samples"):
        lead_in_drop(noise, noise, 0)
    with pytest.raises(DenoiseError, match="silent"):
        lead_in_drop(noise, 0 * noise, 10)
