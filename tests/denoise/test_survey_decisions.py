"""What the survey takes for noise and what for music, where both look alike."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal

from hotpapers.denoise.dsp.engine import DEFAULTS, DspOptions, fitted, notched_lines
from hotpapers.denoise.dsp.hum import HumLine, heard_in, is_comb, is_full, is_steady
from hotpapers.denoise.noise_only import _band_levels, _trust_as_hum, spectral_power
from hotpapers.denoise.noise_share import NoiseShare
from hotpapers.denoise.survey import survey

SR = 44_100


def look(x):
    return survey(iter([np.asarray(x, np.float32)[:, None]]), sr=SR, channels=1)


def lines(n: int, decay: float = 0.0) -> np.ndarray:
    """Harmonics of 60 Hz, each of its own strength, dying away by `decay` nepers a second."""
    time = np.arange(n) / SR
    tones = sum(np.sin(2 * np.pi * 60 * k * time + k) / k for k in range(1, 7))
    return 0.05 * tones * np.exp(-decay * time)


def hiss(n: int, level: float = 1e-3) -> np.ndarray:
    return level * np.random.default_rng(4).standard_normal(n)


def test_a_chord_on_the_mains_frequency_that_dies_away_or_ends_is_music():
    n = 14 * SR
    assert len(look(lines(n) + 0.2 * bursts(n)).hum) >= 3
    assert look(lines(n, decay=0.5)).hum == ()
    assert look((lines(n) + 0.2 * bursts(n))[: n // 2]).hum == ()


def bursts(n: int) -> np.ndarray:
    """Music that leaves no pause: a swelling and sinking tone among others."""
    time = np.arange(n) / SR
    return np.sin(2 * np.pi * 441 * time) * (0.6 + 0.4 * np.sin(2 * np.pi * 0.7 * time))


def test_lines_that_the_noise_alone_does_not_have_are_music():
    n, front = 14 * SR, 3 * SR // 2
    everywhere = hiss(n) + lines(n)
    only_behind = hiss(n)
    only_behind[front:] += lines(n - front)
    assert len(look(everywhere).hum) >= 3
    found = look(only_behind)
    assert found.profile is not None
    assert found.profile.origin == "stretches"
    assert found.hum == ()


def test_noise_of_a_narrow_band_is_found_in_a_pause():
    n = 4 * SR
    band = scipy.signal.butter(6, 3000, fs=SR, output="sos")
    noise = scipy.signal.sosfilt(band, hiss(n, 0.01)) + hiss(n, 1e-5)
    time = np.arange(n) / SR
    speech = 0.2 * np.sin(2 * np.pi * 150 * time) * (np.abs(time - 2) > 0.6)
    found = look(noise + speech)
    assert found.profile is not None
    assert found.profile.origin == "stretches"
    (start, end), *_ = found.profile.stretches
    assert 1.3 < start < end < 2.7


@pytest.mark.parametrize(("snr_db", "little"), [(15, False), (60, True)])
def test_little_noise_is_told_from_much(snr_db, little):
    n = 4 * SR
    time = np.arange(n) / SR
    music = sum(np.sin(2 * np.pi * f * time) for f in (220, 331, 447)) * (np.sin(2 * np.pi * time) > 0)
    noise = np.random.default_rng(1).standard_normal(n)
    x = music + noise * np.std(music) * 10 ** (-snr_db / 20)
    assert look(0.1 * x).has_little_noise == little


def test_a_moment_of_quiet_is_believed_only_where_noise_is_heard_elsewhere():
    n = 6 * SR
    music = 0.1 * sum(bursts(n) * np.cos(2 * np.pi * f * np.arange(n) / SR) for f in (0, 500, 1200))
    quiet = slice(3 * SR, round(3.3 * SR))
    music[quiet] = 0
    noise = hiss(n, 3e-4)
    assert look(music + noise).profile.origin == "stretches"
    only_there = np.zeros(n)
    only_there[quiet] = noise[quiet]
    assert look(music + only_there).profile is None


def test_deep_music_without_noise_does_not_rumble():
    n = 6 * SR
    drum = scipy.signal.sosfilt(scipy.signal.butter(2, 25, fs=SR, output="sos"), hiss(n, 2.0))
    beat = (np.arange(n) // (SR // 8) % 2) * hiss(n, 0.02)[::-1]
    deep = drum + beat + 0.1 * bursts(n)
    assert look(deep).rumble_db > 15
    assert not look(deep).has_rumble
    worn = drum + 0.1 * bursts(n) + hiss(n, 3e-3)
    assert look(worn).has_rumble


def test_one_line_that_the_noise_has_by_chance_is_no_hum():
    frequencies = np.arange(2000) * 2.0
    found = [HumLine(50.0 * k, 20.0) for k in (1, 2, 3, 4)]
    power = np.ones(2000)
    power[25] = 10.0  # 50 Hz
    assert heard_in(found, frequencies, power) == ()
    power[75] = 10.0  # 150 Hz
    assert heard_in(found, frequencies, power) == (found[0], found[2])


def low_chord(n: int) -> np.ndarray:
    """Notes of a bass and a cello that sound on, with vibrato."""
    time = np.arange(n) / SR
    wave = 3 * np.sin(2 * np.pi * 5.1 * time)
    return sum(
        0.02 * np.sin(2 * np.pi * f * time + k + 0.01 * f * wave / 5) for k, f in enumerate((87, 131, 207))
    )


def test_a_quiet_moment_with_low_notes_is_not_noise_alone():
    n = 6 * SR
    later = np.arange(n) > SR
    loud = 0.2 * bursts(n) * later
    assert look(hiss(n, 3e-3) + loud).profile.origin == "stretches"
    found = look(hiss(n, 3e-3) + loud + low_chord(n)).profile
    assert found is None or found.origin == "floor"


def test_a_floor_takes_no_held_note_for_noise():
    n = 10 * SR
    noise = hiss(n, 3e-3)
    found = look(noise + 10 * low_chord(n) + 0.2 * bursts(n)).profile
    assert found.origin == "floor"
    low = slice(round(80 / (SR / 2048)), round(1000 / (SR / 2048)))
    true = 3e-3 * np.sqrt(1024)
    assert np.sqrt(np.mean(np.square(found.rms[low]))) < 3 * true


def buzz(n: int) -> np.ndarray:
    """A ground loop: sixty harmonics of 50.2 Hz."""
    time = np.arange(n) / SR
    return sum(0.03 * k**-0.8 * np.sin(2 * np.pi * 50.2 * k * time + k * k) for k in range(1, 61))


def test_a_buzz_behind_music_is_hum_at_once():
    n = 6 * SR
    later = np.arange(n) > SR
    found = look(buzz(n) + hiss(n, 1e-4) + 0.2 * bursts(n) * later)
    assert len(found.hum) > 20
    assert found.buzzes
    assert not found.has_little_noise
    assert look(hiss(n, 1e-4) + 0.2 * bursts(n)).hum == ()


def test_a_few_lines_of_a_comb_are_a_chord():
    def comb(*orders):
        return [HumLine(50.0 * k, 20.0) for k in orders]

    assert is_comb(comb(*range(1, 11)))
    assert is_comb(comb(2, 3, 4, 6, 7, 8, 9, 10, 11, 12))
    assert not is_comb(comb(1, 2, 3, 4, 5, 6))
    assert not is_comb(comb(1, 2, 5, 10, 14, 17, 19, 24, 26))
    assert not is_comb(comb(1, 2, 3, 4, 6, 7, 8, 9, 11, 12, 18, 19))
    assert not is_comb(())
    assert is_full(comb(1, 2, 3, 4))
    assert is_full(comb(2, 4, 6, 8, 10, 12, 14, 16))
    assert not is_full(comb(1, 2, 5, 10))
    assert not is_full(())


def test_lines_of_which_most_waver_are_a_chord():
    lines = [HumLine(50.0 * k, 20.0) for k in range(1, 11)]
    frequencies = np.arange(0, 1000, 0.5)
    rises = np.full(len(frequencies), 9.0)
    rises[[round(100 * k) for k in (1, 7, 8, 9, 10)]] = 1.0
    assert not is_steady(lines, frequencies, rises)
    rises[600] = 2.0
    assert is_steady(lines, frequencies, rises)
    rises[[100, 600]] = 2.9
    assert not is_steady(lines, frequencies, rises)  # not one of the low ones, that music seldom reaches
    assert not is_steady((), frequencies, rises)


def test_a_buzz_alone_is_noise_alone_and_a_chord_is_not():
    def trust(x):
        samples = np.asarray(x, np.float32)[:, None]
        bands = _band_levels(spectral_power(samples, 2048), SR)
        return _trust_as_hum(samples, bands, (0, len(bands)), SR)

    assert trust(buzz(SR) + hiss(SR, 1e-4)) > 0.9
    assert trust(buzz(SR) + low_chord(SR) + hiss(SR, 1e-4)) == 0
    assert trust(low_chord(SR) + hiss(SR, 1e-4)) == 0
    assert trust(hiss(SR)) == 0


def pad(n: int) -> np.ndarray:
    """Held strings: lines so close together that short frames can't part them, and no hiss."""
    rng = np.random.default_rng(6)
    lines = np.cumsum(rng.uniform(10, 22, 950)) + 100
    spectrum = np.zeros(n // 2 + 1, np.complex128)
    spectrum[np.round(lines * n / SR).astype(int)] = np.exp(2j * np.pi * rng.random(len(lines))) * lines**-0.5
    made = np.fft.irfft(spectrum, n)
    return 0.05 * made / made.std()


def test_held_strings_without_pause_are_not_taken_for_a_floor_of_noise():
    n = 8 * SR
    strings = pad(n)
    found = look(strings)
    assert found.noise_share.short > 0.7
    assert found.profile is None
    assert not found.noise_share.is_noisy
    assert look(strings + hiss(n, 0.01)).noise_share.is_noisy


@pytest.mark.parametrize(
    ("short", "long", "noisy", "clean"),
    [
        (0.95, 0.5, True, False),
        (0.8, 0.9, True, False),
        (0.8, 0.7, False, False),
        (0.5, 0.4, False, True),
        (0.1, 0.9, False, True),
    ],
)
def test_what_counts_as_noisy_and_what_as_clean(short, long, noisy, clean):
    share = NoiseShare(short=short, long=long)
    assert (share.is_noisy, share.is_clean) == (noisy, clean)
    assert not (share.is_noisy and share.is_clean)


def test_high_harmonics_are_left_to_the_hiss_stage_where_noise_alone_was_heard():
    n = 6 * SR
    time = np.arange(n) / SR
    voice = sum(np.sin(2 * np.pi * 310 * k * time) / k for k in range(1, 40)) * (0.6 + 0.4 * np.sin(4 * time))
    found = look(buzz(n) + hiss(n, 1e-3) + 0.2 * voice * (time > 1))
    assert found.profile.origin == "stretches"
    notched = notched_lines(found, fitted(DEFAULTS, found))
    assert 2 <= len(notched) <= 4
    assert notched[-1].frequency < 205
    alone = DspOptions(only=["hum"])
    assert notched_lines(found, fitted(alone, found)) == found.hum
    assert notched_lines(found, DspOptions(skip=["hum"])) == ()
