"""A line of the mains goes on while the music pauses; the note of a bass doesn't."""

from __future__ import annotations

import numpy as np
import pytest

from hotpapers.denoise.dsp.mains_track import MainsTrack
from hotpapers.denoise.survey import survey

SR = 44_100
SECONDS = 8


def chords(seconds: float = SECONDS) -> np.ndarray:
    """Chords of half a second every second, 40 dB down between."""
    time = np.arange(int(seconds * SR)) / SR
    tones = sum(np.sin(2 * np.pi * f * time) / k for k, f in enumerate((220, 277, 330, 440, 1760, 3520), 1))
    return 0.1 * tones * np.where(time % 1 < 0.5, 1, 0.01)


def line(frequency: float, level: float = 0.1) -> np.ndarray:
    return level * np.sin(2 * np.pi * frequency * np.arange(SECONDS * SR) / SR)


def track(x) -> MainsTrack:
    made = MainsTrack(SR)
    for piece in np.split(x, [3 * SR, 5 * SR]):
        made.add(piece)
    return made


@pytest.mark.parametrize("frequency", [49.6, 60.3, 100.0, 119.5])
def test_hum_goes_on(frequency):
    assert track(chords() + line(frequency)).goes_on(frequency)


def test_a_note_that_pauses_with_the_others_does_not():
    x = chords()
    assert not track(x + line(50.0) * (np.abs(x) > 0)).goes_on(75.0)
    time = np.arange(len(x)) / SR
    assert not track(x + line(50.0) * np.where(time % 1 < 0.5, 1, 0.3)).goes_on(50.0)


def test_without_a_pause_nothing_is_said():
    time = np.arange(SECONDS * SR) / SR
    assert not track(0.1 * np.sin(2 * np.pi * 440 * time) + line(50.0)).goes_on(50.0)
    assert not MainsTrack(SR).goes_on(50.0)
    assert not track(line(50.0)[: 2 * SR]).goes_on(50.0)


@pytest.mark.parametrize("frequency", [49.7, 60.2])
def test_hum_of_one_line_is_found_and_named(frequency):
    x = (chords() + line(frequency) + 1e-4 * np.random.default_rng(1).standard_normal(SECONDS * SR)).astype(
        np.float32
    )
    (found,) = survey([x[:, None]], sr=SR, channels=1).hum
    assert found.frequency == pytest.approx(frequency, abs=0.1)


def test_a_bass_note_beside_the_mains_is_music():
    x = (chords() + line(51.0)).astype(np.float32)
    assert survey([x[:, None]], sr=SR, channels=1).hum == ()
