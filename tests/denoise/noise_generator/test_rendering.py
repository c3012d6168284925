"""Noise as a whole: level, presets, overrides, determinism, banks, the replay chain."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal

from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.noise_generator import PRESETS, TABLE, Choice, Range, draw_parameters, synth_noise
from hotpapers.denoise.noise_generator.precomputed import PrecomputedNoise, precompute_noise
from hotpapers.denoise.noise_generator.replay import (
    band_limit,
    draw_band,
    modulation_noise,
    saturate,
    wow_and_flutter,
)

SR = 44_100


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_sounds_with_the_rms_asked_for(preset):
    x = synth_noise(2.0, SR, preset=preset, rng=np.random.default_rng(1), rms=0.1)
    assert x.shape == (2 * SR,)
    assert x.dtype == np.float32
    assert np.sqrt(np.mean(x.astype(float) ** 2)) == pytest.approx(0.1, rel=1e-4)
    assert np.array_equal(x, synth_noise(2.0, SR, preset=preset, rng=np.random.default_rng(1), rms=0.1))
    assert not np.array_equal(x, synth_noise(2.0, SR, preset=preset, rng=np.random.default_rng(2), rms=0.1))


@pytest.mark.parametrize("sr", [8000, 48_000, 192_000])
def test_any_rate_and_two_channels(sr):
    x = synth_noise(1.0, sr, preset="78-worn", rng=np.random.default_rng(3), channels=2)
    assert x.shape == (sr, 2)
    assert np.isfinite(x).all()
    assert abs(np.corrcoef(x.T)[0, 1]) < 0.99


@pytest.mark.parametrize("preset", PRESETS)
def test_what_is_drawn_lies_in_the_table_or_the_preset(preset):
    rng = np.random.default_rng(4)
    for _ in range(50):
        drawn = draw_parameters(preset, rng)
        assert set(drawn) == set(TABLE)
        for name, value in drawn.items():
            rule = {**TABLE, **PRESETS[preset]}[name]
            if name.endswith(".probability"):
                assert value in {0.0, 1.0}
            elif isinstance(rule, Range):
                assert rule.low <= value <= rule.high
            elif isinstance(rule, Choice):
                assert value in rule.values
            else:
                assert value == rule


def test_users_override_the_table():
    quiet = {
        f"{part}.probability": 0.0 for part in ("crackle", "clicks", "scratch", "thump", "rumble", "hum")
    }
    x = synth_noise(
        4, rng=np.random.default_rng(5), parameters={**quiet, "hiss.tilt": -6, "hiss.equaliser": 0}
    )
    frequency, power = scipy.signal.welch(x, SR, nperseg=4096)
    octave = [power[np.abs(np.log2(np.maximum(frequency, 1) / f)) < 0.1].mean() for f in (1000, 4000)]
    assert 10 * np.log10(octave[1] / octave[0]) == pytest.approx(-12, abs=1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"preset": "wax"}, "no noise preset 'wax': there are any, 78-worn"),
        ({"parameters": {"crackle.rat": 3}}, "no parameter 'crackle.rat': did you mean 'crackle.rate'"),
        ({"parameters": {"crackle.rate": float("nan")}}, "crackle.rate must be a finite number"),
        ({"seconds": 0}, "longer than 0 s, not 0"),
        ({"channels": 3}, "1 or 2 channels, not 3"),
        ({"rms": 0.0}, "rms of noise must be above 0"),
        ({"sr": 10}, "between 1000 and 768000 Hz, not 10"),
    ],
)
def test_bad_input_is_named(arguments, message):
    with pytest.raises(DenoiseError, match=message):
        synth_noise(**{"seconds": 1.0, "rng": np.random.default_rng(0), **arguments})


def test_a_bank_holds_what_the_generator_makes(tmp_path):
    path = tmp_path / "bank.npy"
    assert list(precompute_noise(path, count=3, seconds=0.5, seed=7, presets=("lp", "cassette"))) == [1, 2, 3]
    bank = PrecomputedNoise(path)
    assert (len(bank), bank.sr, bank.presets) == (3, SR, ("lp", "cassette", "lp"))
    live = synth_noise(0.5, SR, preset="cassette", rng=np.random.default_rng((7, 1)))
    np.testing.assert_allclose(bank.samples[1] / 32767, live / np.abs(live).max(), atol=1 / 32767)
    crop = bank.crop(5000, np.random.default_rng(0))
    assert any(np.array_equal(np.round(crop * 32767), row[i : i + 5000])
               for row in bank.samples for i in range(22050 - 4999)
               if row[i] == np.round(crop[0] * 32767))  # fmt: skip
    assert bank.crop(50_000, np.random.default_rng(0)).shape == (50_000,)


def test_a_file_that_is_no_bank_is_refused(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros(3))
    with pytest.raises(DenoiseError, match=r"x\.npy is not precomputed noise"):
        PrecomputedNoise(tmp_path / "x.npy")


def test_the_replay_band_cuts_on_both_sides():
    x = np.random.default_rng(6).standard_normal(10 * SR).astype(np.float32)
    frequency, power = scipy.signal.welch(band_limit(x, SR, (150, 4000)), SR, nperseg=8192)
    level = 10 * np.log10(power / np.median(power[(frequency > 400) & (frequency < 1500)]))
    assert np.interp([150, 4000], frequency, level) == pytest.approx([-3, -3], abs=1.2)
    assert level[frequency > 12_000].max() < -15
    assert np.interp(40, frequency, level) < -15
    bands = [draw_band(np.random.default_rng(i)) for i in range(400)]
    assert 160 < sum(band is None for band in bands) < 240  # p = 0.5: 4 standard deviations


def test_wow_moves_the_pitch_by_its_depth():
    t = np.arange(4 * SR) / SR
    x = np.sin(2 * np.pi * 1000 * t).astype(np.float32)
    y = wow_and_flutter(x, SR, wow=0.005, wow_rate=1.3)
    phase = np.unwrap(np.angle(scipy.signal.hilbert(y.astype(float))))
    pitch = np.diff(phase)[SR // 2 : -SR // 2] * SR / (2 * np.pi)
    assert np.percentile(pitch, [1, 99]) == pytest.approx([995, 1005], abs=0.5)
    np.testing.assert_allclose(wow_and_flutter(x, SR, wow=0, wow_rate=1), x, atol=1e-6)


def test_saturation_and_modulation_noise():
    x = np.linspace(-2, 2, 101, dtype=np.float32)
    np.testing.assert_allclose(saturate(x, 1.5), np.tanh(1.5 * x) / 1.5, rtol=1e-6)
    music = np.r_[np.zeros(SR), np.full(SR, 0.5)].astype(np.float32)
    noise = modulation_noise(music, SR, -20, np.random.default_rng(0))
    assert not noise[:SR].any()
    assert np.std(noise[SR + SR // 10 :]) == pytest.approx(0.05, rel=0.05)
