"""What a net's ear changes of a survey."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hotpapers.denoise.dsp.hum import HumLine
from hotpapers.denoise.net_hearing import heard_by
from hotpapers.denoise.noise_share import NoiseShare
from hotpapers.denoise.spread import SpreadSeconds
from hotpapers.denoise.survey import survey
from hotpapers.denoise.weights import find_weights, load_net

SR = 44_100
UNSURE = NoiseShare(short=0.7, long=0.7)


class Ear:
    """A net that leaves a share of the amplitude, whatever it hears."""

    time_stride, context = 8, 8

    def __init__(self, left: float) -> None:
        self.left, self.calls = left, 0

    def __call__(self, noisy, level, profile, *, linked):
        assert profile is None
        self.calls += 1
        return self.left * noisy


def looked_at(x, **told):
    return replace(survey([x], sr=SR, channels=x.shape[1]), **told)


def chords(seconds=10.0, channels=1):
    """Plucked chords that ring on: nothing of noise."""
    t = np.arange(round(seconds * SR)) / SR
    x = np.zeros_like(t)
    for start, pitch in enumerate([220.0, 262.0, 330.0, 294.0, 247.0, 349.0, 392.0, 330.0, 262.0, 220.0]):
        since = np.maximum(t - start, 0)
        for k in range(1, 9):
            x += 0.1 / k * np.sin(2 * np.pi * k * pitch * since) * np.exp(-2 * since) * (t >= start)
    return np.repeat(x[:, None], channels, axis=1).astype(np.float32)


def hiss(shape, rms):
    return (rms * np.random.default_rng(0).standard_normal(shape)).astype(np.float32)


@pytest.fixture(scope="module")
def net():
    return load_net(find_weights("small"))


@pytest.mark.parametrize("channels", [1, 2])
def test_where_the_net_takes_next_to_nothing_there_is_no_noise(channels) -> None:
    unsure = looked_at(chords(channels=channels), noise_share=UNSURE)
    assert unsure.profile is None
    assert not unsure.has_little_noise
    assert len(unsure.excerpts) == 5
    heard = heard_by(Ear(0.999), unsure)
    assert heard.sounds_clean
    assert heard.has_little_noise
    assert heard_by(Ear(0.9), unsure) is unsure


def test_a_floor_that_the_net_does_not_hear_is_music() -> None:
    x = chords() + hiss((10 * SR, 1), 0.03)
    found = looked_at(x)
    assert found.profile is not None
    floor = replace(found.profile, origin="floor")
    guessed = replace(found, profile=floor, doubtful=())
    heard = heard_by(Ear(0.999), guessed)
    assert heard.profile is None
    assert heard.repaired_profile is None
    assert heard.has_little_noise
    # One as low as what the net takes doesn't contradict it.
    low = survey([hiss((SR, 1), 10 ** ((found.rms_db - 44) / 20))], sr=SR, channels=1, region=(0, 1))
    quiet = replace(guessed, repaired_profile=replace(low.profile, origin="floor"))
    assert heard_by(Ear(0.99), quiet) is quiet


def test_soft_music_that_was_taken_for_noise_alone_is_music() -> None:
    found = looked_at(chords() + hiss((10 * SR, 1), 0.03))
    assert found.profile is not None
    profile = replace(found.profile, origin="stretches")
    doubted = replace(found, profile=profile, repaired_profile=profile, noise_share=UNSURE)
    assert heard_by(Ear(0.9999), doubted).sounds_clean
    assert heard_by(Ear(0.97), doubted) is doubted
    hum = replace(doubted, hum=(HumLine(50.0, 20.0),))
    assert heard_by(Ear(0.9999), hum) is hum


def test_what_is_known_is_not_listened_to() -> None:
    found = looked_at(chords() + hiss((10 * SR, 1), 0.03))
    ear = Ear(0.999)
    for origin in ("stretches", "region"):
        known = replace(found, profile=replace(found.profile, origin=origin))
        assert heard_by(ear, known) is known
    clean = looked_at(chords(), noise_share=NoiseShare(short=0.1, long=0.1), doubtful=())
    assert heard_by(ear, clean) is clean
    assert ear.calls == 0


def test_silence_is_no_sign_of_clean_music() -> None:
    x = chords()
    x[3 * SR :] = 0
    unsure = looked_at(x, noise_share=UNSURE, doubtful=())
    assert heard_by(Ear(0.9), unsure) is unsure
    short = looked_at(chords(0.8), noise_share=UNSURE, doubtful=())
    assert short.excerpts == ()
    assert heard_by(Ear(0.999), short) is short


def test_the_weights_that_ship_tell_hiss_from_music(net) -> None:
    clean = looked_at(chords(), noise_share=UNSURE, doubtful=())
    assert heard_by(net, clean).sounds_clean
    for snr in (0, 10, 20):
        noise = hiss((10 * SR, 1), 10 ** ((clean.rms_db - snr) / 20))
        noisy = looked_at(
            chords() + noise, noise_share=UNSURE, doubtful=(), profile=None, repaired_profile=None
        )
        assert not heard_by(net, noisy).sounds_clean


@pytest.mark.parametrize("seconds", [0, 1, 7, 8, 9, 30, 200])
def test_seconds_are_spread_over_all_of_it(seconds) -> None:
    sr = 4
    x = np.arange(seconds * sr + 3, dtype=np.float32)[:, None]
    spread = SpreadSeconds(sr)
    for start in range(0, len(x), 5 * sr):
        spread.add(x[start : start + 5 * sr])
    kept = spread.seconds()
    starts = np.array([each[0, 0] / sr for each in kept])
    assert all(each.shape == (sr, 1) for each in kept)
    assert min(seconds, 5) <= len(kept) <= 8
    if seconds:
        assert starts[0] == 0
        assert len(set(np.diff(starts))) <= 1
        assert starts[-1] >= seconds * 0.7 or seconds < 3
