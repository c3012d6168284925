"""Spectra of hiss, hum, rumble and tape against what was asked for."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal

from hotpapers.denoise.noise_generator.stationary import (
    coloured_noise,
    dropout_gain,
    hiss,
    hum,
    rotation_modulation,
    rumble,
)
from hotpapers.denoise.noise_generator.table import TABLE, draw_parameters

SR = 44_100


def slope(x, low, high):
    """dB per octave of the power spectrum between two frequencies."""
    frequency, power = scipy.signal.welch(x, SR, nperseg=8192)
    band = (frequency >= low) & (frequency <= high)
    return np.polyfit(np.log2(frequency[band]), 10 * np.log10(power[band]), 1, w=frequency[band] ** -0.5)[0]


@pytest.mark.parametrize("tilt", [-4.0, 0.0, 2.0])
def test_hiss_has_the_tilt_asked_for(tilt):
    x = hiss(20 * SR, SR, np.random.default_rng(1), tilt=tilt)
    assert slope(x, 100, 10_000) == pytest.approx(tilt, abs=0.15)
    assert np.mean(x.astype(float) ** 2) == pytest.approx(1, abs=1e-4)


def test_tilts_drawn_by_the_table_are_within_its_range_in_the_sound():
    rng = np.random.default_rng(2)
    for _ in range(5):
        tilt = draw_parameters("any", rng)["hiss.tilt"]
        assert -4 <= tilt <= 2
        assert -4.3 < slope(hiss(10 * SR, SR, rng, tilt=tilt), 100, 10_000) < 2.3


def test_equaliser_gains_have_the_standard_deviation_asked_for():
    rng = np.random.default_rng(3)
    centres = 62.5 * 2.0 ** np.arange(9)
    gains = []
    for _ in range(40):
        frequency, power = scipy.signal.welch(hiss(3 * SR, SR, rng, tilt=0, equaliser=3), SR, nperseg=8192)
        octaves = np.log2(np.maximum(frequency, 1)[:, None] / centres[3:])
        bands = [10 * np.log10(power[near].mean()) for near in (np.abs(octaves) < 0.1).T]
        gains.append(np.array(bands) - np.mean(bands))
    # 6 bands, their mean taken out: 240 draws with 200 degrees of freedom.
    deviation = np.sqrt(np.sum(np.square(gains)) / (40 * 5))
    assert deviation == pytest.approx(3, rel=0.25)


def test_a_low_pass_falls_by_12_db_per_octave():
    x = hiss(20 * SR, SR, np.random.default_rng(4), tilt=0, lowpass=1000)
    assert slope(x, 4000, 16_000) == pytest.approx(-12, abs=0.5)


def test_modulation_goes_once_per_revolution():
    gain = rotation_modulation(10 * SR, SR, 78.26, 0.4, np.random.default_rng(0))
    assert gain.max() == pytest.approx(1.4, abs=1e-3)
    assert gain.min() == pytest.approx(0.6, abs=1e-3)
    rises = np.flatnonzero((gain[:-1] < 1) & (gain[1:] >= 1))
    assert np.diff(rises).mean() == pytest.approx(60 / 78.26 * SR, abs=1)


@pytest.mark.parametrize(("mains", "deviation"), [(50, -0.01), (60, 0.01)])
def test_hum_lines_lie_within_a_tenth_of_a_hertz(mains, deviation):
    rng = np.random.default_rng(5)
    overrides = {"hum.mains": mains, "hum.deviation": deviation, "hum.harmonics": 5, "hum.level": -10}
    x = hum(20 * SR, SR, rng, draw_parameters("any", rng, overrides))
    assert 10 * np.log10(np.mean(x.astype(float) ** 2)) == pytest.approx(-10, abs=0.1)
    spectrum = np.abs(np.fft.rfft(x * np.hanning(len(x)), 8 * len(x)))
    frequency = np.fft.rfftfreq(8 * len(x), 1 / SR)
    near = np.abs(frequency - mains) < 3
    assert frequency[near][spectrum[near].argmax()] == pytest.approx(mains * (1 + deviation), abs=0.1)
    highest = frequency[spectrum > spectrum.max() / 100].max()
    assert highest == pytest.approx(5 * mains * (1 + deviation), abs=1)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_rumble_lies_low_and_has_its_level(share):
    rng = np.random.default_rng(6)
    overrides = {"rumble.cutoff": 40, "rumble.level": -6, "rumble.rotation": share, "rpm": 78.26}
    x = rumble(30 * SR, SR, rng, draw_parameters("any", rng, overrides)).astype(float)
    assert 10 * np.log10(np.mean(x**2)) == pytest.approx(-6, abs=0.3)
    above = scipy.signal.sosfilt(scipy.signal.butter(4, 160, "highpass", fs=SR, output="sos"), x)[SR:]
    assert np.mean(above**2) < 0.03 * np.mean(x**2)
    if share:
        period = round(60 / 78.26 * SR)
        assert np.corrcoef(x[:-period], x[period:])[0, 1] > 0.999


def test_dropouts_are_as_deep_as_asked():
    rng = np.random.default_rng(7)
    overrides = {"tape.dropouts": 0.5, "tape.depth": -20, "tape.duration": 0.2}
    gain = dropout_gain(60 * SR, SR, rng, draw_parameters("cassette", rng, overrides))
    dips = int(np.sum((gain[:-1] >= 0.5) & (gain[1:] < 0.5)))
    assert 15 <= dips <= 45  # Poisson with mean 30: outside with probability 0.006
    assert gain.min() <= 0.1001
    assert gain.max() == 1


def test_long_noise_is_joined_without_a_step(monkeypatch):
    monkeypatch.setattr("hotpapers.denoise.noise_generator.stationary._PIECE", 1 << 16)
    x = coloured_noise(400_000, SR, np.ones_like, np.random.default_rng(8)).astype(float)
    levels = 10 * np.log10(np.square(x[: 97 * 4096]).reshape(97, -1).mean(axis=1))
    # 4 096 white samples: a standard deviation of 0.1 dB.
    assert np.abs(levels).max() < 0.45
    assert len(np.unique(np.round(x, 9))) > 300_000


def test_every_line_of_the_table_is_used_by_some_part():
    """A line that nothing reads would be a promise not kept."""
    from hotpapers.denoise.noise_generator.rendering import render_parts

    read = set()

    class Watched(dict):
        def __getitem__(self, key):
            read.add(key)
            return super().__getitem__(key)

    rng = np.random.default_rng(9)
    everything = {name: 1.0 for name in TABLE if name.endswith("probability")}
    parameters = Watched(draw_parameters("any", rng, everything))
    parts = render_parts(parameters, SR, SR, rng)
    assert set(parts) == {"hiss", "crackle", "clicks", "scratch", "thump", "hum", "buzz", "rumble", "tape"}
    assert set(TABLE) - read == {"width"}
