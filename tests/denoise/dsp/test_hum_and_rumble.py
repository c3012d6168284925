"""Steady lines and what lies below the music."""

from __future__ import annotations

import numpy as np
import pytest

from hotpapers.denoise.dsp.hum import FloorSpectrum, find_hum, notch_filter
from hotpapers.denoise.dsp.linear_phase import taps_of
from hotpapers.denoise.dsp.rumble import high_pass, rumble_excess
from hotpapers.denoise.metrics import si_sdr
from hotpapers.denoise.stages import run

SR = 8_000
T = np.arange(12 * SR) / SR


def hiss(seed=0):
    return 0.01 * np.random.default_rng(seed).standard_normal(len(T))


def hum(fundamental, harmonics=(1, 2, 3, 5)):
    return sum(0.02 / k**0.5 * np.sin(2 * np.pi * k * fundamental * T + k) for k in harmonics)


def melody():
    notes = np.random.default_rng(3).choice([98.0, 196.0, 246.9, 293.7, 349.2], 48)
    return np.concatenate([0.1 * np.sin(2 * np.pi * f * T[: SR // 4]) * np.hanning(SR // 4) for f in notes])


def floor(x):
    spectrum = FloorSpectrum(SR)
    spectrum.add(x[: len(x) // 2])
    spectrum.add(x[len(x) // 2 :])
    return spectrum.frequencies, spectrum.level_db()


@pytest.mark.parametrize("fundamental", [50.0, 49.7, 60.2])
def test_hum_is_found_below_music(fundamental) -> None:
    lines = find_hum(*floor(hiss() + melody() + hum(fundamental)))
    assert [round(line.frequency / fundamental) for line in lines][:3] == [1, 2, 3]
    assert all(
        abs(line.frequency / fundamental - round(line.frequency / fundamental)) < 0.011 for line in lines
    )


@pytest.mark.parametrize("music", [melody, lambda: hum(55.0), lambda: hum(48.99)])
def test_music_and_steady_notes_are_no_hum(music) -> None:
    assert find_hum(*floor(hiss() + music())) == ()


def test_notches_take_the_hum_and_leave_the_rest() -> None:
    noise = hum(50.0)
    lines = find_hum(*floor(hiss() + noise))
    music = melody()
    heard = slice(2 * SR, -2 * SR)
    stage = notch_filter(lines, sr=SR, channels=1)
    left = run(stage, noise.astype(np.float32))
    assert 20 * np.log10(np.std(left[heard]) / np.std(noise[heard])) < -12
    kept = run(notch_filter(lines, sr=SR, channels=1), music.astype(np.float32))
    assert si_sdr(kept[heard], music[heard]) > 10  # a quarter of the notes lie at 98 and 247 Hz


def test_rumble_stands_out_and_bass_does_not() -> None:
    rumble = np.convolve(np.random.default_rng(1).standard_normal(len(T)), np.ones(SR // 30), "same") / (
        SR // 30
    )
    assert rumble_excess(*floor(hiss() + rumble)) > 20
    assert rumble_excess(*floor(hiss() + 0.3 * np.sin(2 * np.pi * 31 * T))) < 10


def test_the_high_pass_is_a_butterworth_without_delay() -> None:
    for frequency, expected in [(10.0, 0.0256), (25.0, 0.7071), (60.0, 0.9995), (440.0, 1.0)]:
        tone = np.sin(2 * np.pi * frequency * T).astype(np.float32)
        out = run(high_pass(sr=SR, channels=1), tone)[SR:-SR]
        gain = float(out @ tone[SR:-SR] / (tone[SR:-SR] @ tone[SR:-SR]))
        assert gain == pytest.approx(expected, abs=0.03)
        assert np.abs(out - gain * tone[SR:-SR]).max() < 0.01


def test_taps_are_symmetric_and_blocks_do_not_matter() -> None:
    taps = taps_of(lambda f: np.asarray(f > 100, float), SR, 0.1)
    assert np.abs(taps - taps[::-1]).max() < 1e-15
    x = np.stack([hiss(1), hiss(2)], axis=1).astype(np.float32)
    whole = run(high_pass(sr=SR, channels=2), x, block=len(x))
    assert np.array_equal(whole, run(high_pass(sr=SR, channels=2), x, block=1234))
