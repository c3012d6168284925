"""Clicks are found and filled, music is left alone."""

from __future__ import annotations

import numpy as np
import pytest

from hotpapers.denoise.dsp.clicks import ClickSettings, Declicker, find_clicks, remove_clicks
from hotpapers.denoise.metrics import si_sdr
from hotpapers.denoise.reading import read_mono
from hotpapers.denoise.stages import run

SR = 44_100


def piano(seconds=3.0, seed=0):
    """Decaying harmonic notes over a little hiss."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(seconds * SR)) / SR
    x = 1e-3 * rng.standard_normal(len(t))
    for start in np.arange(0, seconds, 0.4):
        since = t - start
        f = rng.choice([220, 262, 330, 392, 523])
        note = sum(0.1 / k * np.sin(2 * np.pi * k * f * since) for k in range(1, 8))
        x += np.where(since > 0, note * np.exp(-4 * since) * (1 - np.exp(-since / 0.004)), 0)
    return x


def drums(seconds=4.0, seed=0):
    """Bursts of noise with an attack of one sample."""
    rng = np.random.default_rng(seed)
    x = 1e-4 * rng.standard_normal(int(seconds * SR))
    for start in np.arange(0.1, seconds - 0.2, 0.125):
        at, n = int(start * SR), int(0.1 * SR)
        x[at : at + n] += 0.3 * rng.standard_normal(n) * np.exp(-np.arange(n) / (0.02 * SR))
    return x


def with_clicks(x, seed=1):
    rng = np.random.default_rng(seed)
    at = np.sort(rng.choice(np.arange(2000, len(x) - 2000, 600), 60, replace=False))
    dirty = x.copy()
    for start in at:
        n = rng.integers(3, 15)
        dirty[start : start + n] += (
            rng.choice([-1, 1]) * np.exp(-np.arange(n) / (n / 3)) * np.cos(np.arange(n))
        )
    return dirty, at


def test_clicks_are_found_and_music_restored() -> None:
    clean = piano()
    dirty, at = with_clicks(clean)
    cleaned, (starts, ends) = remove_clicks(dirty, SR)
    found = [np.any((starts <= place + 1) & (ends > place)) for place in at]
    assert np.mean(found) == 1.0
    assert len(starts) <= 65
    assert si_sdr(cleaned, clean) > si_sdr(dirty, clean) + 8


def test_drums_are_no_clicks() -> None:
    starts, _ = find_clicks(drums(), SR)[0]
    assert len(starts) / 4.0 <= 2.0


@pytest.mark.parametrize("name", ["hobbs_lets_go_fishin", "macleod_sugar_plum_fairy", "holizna_music_box"])
def test_recorded_music_has_no_clicks(shared_data, name) -> None:
    music = read_mono(shared_data / "denoise" / "clean" / f"{name}.ogg", seconds=15)
    starts, _ = find_clicks(music.astype(np.float64), SR)[0]
    assert len(starts) / 15 <= 2.0


def test_what_lasts_longer_than_6_ms_is_left() -> None:
    x = piano()
    long = slice(SR, SR + int(0.012 * SR))
    x[long] += 0.5 * np.random.default_rng(5).standard_normal(long.stop - long.start)
    cleaned, _ = remove_clicks(x, SR)
    assert np.mean(cleaned[long] == x[long]) > 0.9


def test_a_lower_threshold_finds_more() -> None:
    clean = piano() + 0.005 * np.random.default_rng(7).standard_normal(3 * SR)
    dirty = clean + 0.06 * (with_clicks(clean)[0] - clean)
    counts = [len(find_clicks(dirty, SR, ClickSettings(threshold=k))[0][0]) for k in (12.0, 6.0, 3.5)]
    assert counts[0] < counts[1] < counts[2]


def test_the_stage_is_the_function_whatever_the_blocks() -> None:
    dirty = with_clicks(piano())[0].astype(np.float32)
    whole = run(Declicker(sr=SR, channels=1), dirty)
    assert np.array_equal(whole, run(Declicker(sr=SR, channels=1), dirty, block=1013))
    expected, _ = remove_clicks(dirty.astype(np.float64), SR)
    assert np.mean(np.abs(whole - expected) < 1e-4) > 0.999
    untouched = expected == dirty
    assert np.mean(whole[untouched] == dirty[untouched]) > 0.999


@pytest.mark.parametrize("sr", [8_000, 22_050, 96_000])
def test_other_rates(sr) -> None:
    t = np.arange(sr) / sr
    clean = 0.2 * np.sin(2 * np.pi * 440 * t) + 1e-3 * np.random.default_rng(0).standard_normal(sr)
    dirty = clean.copy()
    dirty[sr // 2 : sr // 2 + 4] += 0.5
    cleaned, _ = remove_clicks(dirty, sr)
    assert np.abs(cleaned - clean).max() < 0.02
