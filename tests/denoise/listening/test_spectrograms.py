"""Spectrograms: a tone stands where it sounds, with its level; nothing falls between two pixels."""

from __future__ import annotations

import io

import numpy as np
import pytest

pytest.importorskip("matplotlib")
from hotpapers.denoise.listening.page import octave_changes
from hotpapers.denoise.listening.spectrograms import log_spectrogram, picture


@pytest.mark.parametrize(("sr", "tone"), [(44_100, 1000.0), (8000, 440.0), (96_000, 9000.0)])
def test_a_tone_stands_at_its_frequency(sr, tone) -> None:
    x = 0.5 * np.sin(2 * np.pi * tone * np.arange(2 * sr) / sr).astype(np.float32)
    made = log_spectrogram(x, sr, columns=100)
    loudest = made.frequencies[made.levels.mean(axis=1).argmax()]
    assert loudest == pytest.approx(tone, rel=0.03)
    assert made.levels.max() == pytest.approx(-6.02, abs=1.5)
    assert made.levels.shape[0] == 240
    assert 60 < made.levels.shape[1] <= 100
    assert made.seconds == 2


def test_a_click_shows_in_one_column_of_a_long_sound() -> None:
    x = np.zeros(44_100 * 60, np.float32)
    x[44_100 * 30] = 1
    levels = log_spectrogram(x, 44_100, columns=600).levels.mean(axis=0)
    assert abs(int(levels.argmax()) - 300) <= 1
    assert levels.max() > np.median(levels) + 40


@pytest.mark.parametrize("n", [1, 100, 5000])
def test_short_and_stereo_sounds_have_a_spectrogram(n) -> None:
    x = np.random.default_rng(0).standard_normal((n, 2)).astype(np.float32) * 0.1
    made = log_spectrogram(x, 44_100)
    assert np.isfinite(made.levels).all()
    np.testing.assert_allclose(made.levels, log_spectrogram(x.mean(axis=1), 44_100).levels, atol=1e-3)


def test_the_picture_is_as_bright_as_the_sound() -> None:
    from PIL import Image

    rng = np.random.default_rng(0)
    x = (rng.standard_normal(44_100) * np.linspace(0, 0.1, 44_100)).astype(np.float32)
    made = log_spectrogram(x, 44_100, columns=50)
    png = np.asarray(Image.open(io.BytesIO(picture(made, top=float(made.levels.max())))).convert("L"), float)
    assert png.shape == made.levels.shape
    assert png[:, -1].mean() == pytest.approx(255, abs=60)
    assert np.corrcoef(png.mean(axis=0), made.levels.mean(axis=0))[0, 1] > 0.9


def test_octaves_tell_what_a_filter_took() -> None:
    from scipy.signal import butter, sosfiltfilt

    x = np.random.default_rng(1).standard_normal(88_200)
    y = sosfiltfilt(butter(6, 1000, fs=44_100, output="sos"), x)
    changes = dict(octave_changes(x, y, 44_100))
    assert changes[125] == pytest.approx(0, abs=0.05)
    assert changes[250] == pytest.approx(0, abs=0.05)
    assert changes[4000] < -40
    assert octave_changes(x, x / 2, 44_100)[0][1] == pytest.approx(-6.02, abs=0.01)
