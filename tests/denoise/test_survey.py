"""What one pass says of a recording."""

from __future__ import annotations

import numpy as np
import pytest

from hotpapers.denoise.dsp.spectral import power_spectra
from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.floor import LevelHistogram
from hotpapers.denoise.reading import read_mono
from hotpapers.denoise.survey import survey

SR = 44_100


def melody(seconds, seed=0):
    """Harmonic notes with attack and decay, and no pause between them."""
    rng = np.random.default_rng(seed)
    x = np.zeros(int(seconds * SR))
    since = np.arange(int(1.5 * SR)) / SR
    for start in np.arange(0, seconds, 0.3):
        f = rng.choice([220, 262, 330, 392, 523])
        note = sum(0.2 / k * np.sin(2 * np.pi * k * f * since) for k in range(1, 12))
        note *= np.exp(-3 * since) * (1 - np.exp(-since / 0.01))
        at = int(start * SR)
        x[at : at + len(note)] += note[: len(x) - at]
    return x


def noisy(seconds=7.0, lead=1.5, level=0.02):
    noise = level * np.random.default_rng(1).standard_normal(int(seconds * SR))
    music = np.concatenate([np.zeros(int(lead * SR)), melody(seconds - lead)])
    return (music + noise).astype(np.float32)[:, None]


def look(x, **more):
    return survey([x], sr=SR, channels=x.shape[1], **more)


def test_the_lead_in_is_found_and_measured() -> None:
    found = look(noisy())
    profile = found.profile
    assert profile is not None
    assert profile.origin == "stretches"
    assert profile.stretches[0][0] < 0.2
    assert profile.seconds > 1.0
    assert all(end <= 1.55 for _, end in profile.stretches)
    assert profile.level_db == pytest.approx(20 * np.log10(0.02), abs=0.4)
    assert not found.is_clean
    white = power_spectra(0.02 * np.random.default_rng(2).standard_normal(10 * SR).astype(np.float32), 8192)
    ratio = 10 * np.log10(np.square(profile.fine_rms)[50:-50].mean() / white.mean())
    assert ratio == pytest.approx(0, abs=0.5)


def test_clicks_are_left_out_of_the_repaired_profile_only() -> None:
    x = noisy()
    rng = np.random.default_rng(3)
    x[rng.choice(len(x) - 10, 200) + 5] += 0.6
    found = look(x)
    assert found.click_rate == pytest.approx(200 / 7, rel=0.15)
    assert found.profile.level_db > found.repaired_profile.level_db + 1.5
    assert found.repaired_profile.level_db == pytest.approx(20 * np.log10(0.02), abs=0.7)


def test_a_region_wins() -> None:
    found = look(noisy(), region=(3.0, 4.0))
    assert found.profile.origin == "region"
    assert found.profile.stretches == ((3.0, 4.0),)
    assert found.profile.level_db > -25


@pytest.mark.parametrize("region", [(-1.0, 1.0), (2.0, 2.01), (6.0, 60.0)])
def test_regions_outside_are_refused(region) -> None:
    with pytest.raises(DenoiseError, match="noise profile"):
        look(noisy(), region=region)


@pytest.mark.parametrize("shape", ["dense", "fade in", "pause", "tail"])
def test_clean_music_has_no_noise(shape) -> None:
    x = melody(8.0)
    if shape == "fade in":
        x *= np.minimum(np.arange(len(x)) / (3 * SR), 1) ** 2
    if shape == "pause":
        x[2 * SR : 4 * SR] = 0
    if shape == "tail":
        x[4 * SR :] *= np.exp(-np.arange(len(x) - 4 * SR) / (0.5 * SR))
    found = look(x.astype(np.float32)[:, None])
    assert found.profile is None
    assert found.is_clean
    assert not found.has_clicks
    assert not found.has_rumble
    assert found.hum == ()


@pytest.mark.parametrize(
    "name",
    [
        "holizna_creepy_piano_1.ogg",
        "holizna_music_box.ogg",
        "macleod_sugar_plum_fairy.ogg",
        "hobbs_lets_go_fishin.ogg",
        "macleod_vibe_ace.ogg",
        "sonicpi_ambi_piano.flac",
        "sonicpi_guit_harmonics.flac",
    ],
)
def test_recorded_clean_music_is_left_alone(shared_data, name) -> None:
    found = look(read_mono(shared_data / "denoise" / "clean" / name, seconds=20)[:, None])
    assert found.is_clean
    assert not found.has_clicks


@pytest.mark.parametrize("name", ["gramophone_synth_b.flac", "vinyl_crackle_1.flac", "vinyl_hiss.flac"])
def test_recorded_noise_is_found_before_music(shared_data, name) -> None:
    noise = read_mono(shared_data / "denoise" / "noise" / name, seconds=3.0)
    music = np.concatenate([np.zeros(SR), melody(len(noise) / SR - 1)])[: len(noise)]
    noise *= np.std(music[SR:]) / np.std(noise) / 2
    found = look((music + noise).astype(np.float32)[:, None])
    assert found.profile is not None
    assert found.profile.stretches[0][0] < 0.7
    assert not found.is_clean


def test_how_it_is_cut_does_not_matter_nor_that_it_goes_on() -> None:
    x = np.concatenate([noisy(), noisy(18.0, lead=0.0)])
    whole = look(x)
    cut = survey(np.array_split(x, 37), sr=SR, channels=1)
    assert np.array_equal(whole.profile.rms, cut.profile.rms)
    assert (whole.click_rate, whole.peak, whole.seconds) == (cut.click_rate, cut.peak, cut.seconds)
    assert whole.rms_db == pytest.approx(cut.rms_db, abs=1e-9)
    assert whole.profile.stretches[0][0] < 0.2


def test_silence_is_neither_noise_nor_music() -> None:
    found = look(np.zeros((SR, 2), np.float32))
    assert found.profile is None
    assert found.is_clean
    assert found.rms_db == -np.inf


def test_the_floor_of_noise_is_its_power_and_music_has_none() -> None:
    noise = 0.1 * np.random.default_rng(4).standard_normal(20 * SR).astype(np.float32)
    power = power_spectra(noise, 2048)
    levels = LevelHistogram(SR)
    levels.add(power)
    assert levels.noise_share() > 0.99
    error = 10 * np.log10(levels.floor_power() / power.mean(axis=0))
    assert np.abs(error[20:-20]).max() < 1.0
    music = LevelHistogram(SR)
    music.add(power_spectra(melody(20.0).astype(np.float32), 2048))
    assert music.noise_share() < 0.5


def test_the_bandwidth_is_where_the_music_ends() -> None:
    found = look(noisy(level=1e-4))
    assert 4000 < found.bandwidth < 7000  # the twelfth partial of the highest note: 5.8 kHz
