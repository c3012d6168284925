"""Buzz: a comb of the mains, noise that flares up with the pulses, a contact that breaks."""

from __future__ import annotations

import numpy as np
import pytest

from hotpapers.denoise.noise_generator.buzz import buzz
from hotpapers.denoise.noise_generator.table import draw_parameters

SR = 44_100
PLAIN = {
    "hum.mains": 50,
    "hum.deviation": 0,
    "hum.drift": 0,
    "buzz.level": 0,
    "buzz.pulses": 1,
    "buzz.jitter": 0,
    "buzz.flutter": 0,
    "buzz.decay": 0.5,
    "buzz.tilt": 0,
    "buzz.noise": 0,
    "buzz.breaks": 0,
}


def made(seconds, **changed):
    rng = np.random.default_rng(7)
    parameters = draw_parameters("ground-buzz", rng, {**PLAIN, **changed})
    return buzz(seconds * SR, SR, rng, parameters)


def share_of_comb(x, spacing):
    """Share of the power above 500 Hz that lies within 1 Hz of multiples of `spacing`, for 4 s."""
    power = np.square(np.abs(np.fft.rfft(x * np.hanning(len(x)))))
    frequencies = np.arange(len(power)) / 4
    beside = np.abs(frequencies - np.round(frequencies / spacing) * spacing)
    high = frequencies > 500
    return power[high & (beside <= 1)].sum() / power[high].sum()


def test_pulses_that_are_all_alike_are_harmonics_of_the_mains():
    assert share_of_comb(made(4), 50) > 0.97
    assert np.sqrt(np.mean(made(4) ** 2)) == pytest.approx(1, rel=1e-4)


def test_two_pulses_in_a_cycle_still_repeat_with_the_cycle():
    assert share_of_comb(made(4, **{"buzz.pulses": 2}), 50) > 0.97


def test_noise_flares_up_with_the_pulses_and_is_no_comb():
    x = made(4, **{"buzz.noise": 1})
    assert share_of_comb(x, 50) < 0.1
    levels = np.square(x).reshape(-1, SR // 50).mean(axis=0)
    assert levels.max() > 30 * np.median(levels)


def test_a_loose_contact_breaks_off():
    x = made(20, **{"buzz.breaks": 2})
    levels = np.sqrt(np.mean(np.square(x.reshape(-1, SR // 50)), axis=1))
    assert np.quantile(levels, 0.2) < 0.4 * np.quantile(levels, 0.8)
