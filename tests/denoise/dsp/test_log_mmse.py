"""The gain of Ephraim and Malah and the stages that use it."""

from __future__ import annotations

import numpy as np
import pytest

from hotpapers.denoise.dsp.log_mmse import LogMmse, log_mmse_gain
from hotpapers.denoise.dsp.refinement import RefinedLogMmse
from hotpapers.denoise.dsp.spectral import power_spectra
from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.metrics import si_sdr
from hotpapers.denoise.stages import run

SR = 44_100


def profile(noise, n_fft):
    return np.sqrt(power_spectra(noise.astype(np.float32), n_fft).mean(axis=0))


def refined(noise, channels=1, **more):
    return RefinedLogMmse(
        noise_rms=profile(noise, 2048),
        fine_noise_rms=profile(noise, 8192),
        n_fft=2048,
        channels=channels,
        **more,
    )


@pytest.fixture
def noise():
    return 0.05 * np.random.default_rng(0).standard_normal(2 * SR).astype(np.float32)


@pytest.mark.parametrize(
    ("prior", "posterior", "gain"),
    [(1, 2, 0.5579671366), (0.1, 1, 0.2361912403), (10, 5, 0.9099841872), (0.01, 4, 0.0380175403)],
)
def test_golden_gains(prior, posterior, gain) -> None:
    assert float(log_mmse_gain(prior, posterior)) == pytest.approx(gain, abs=1e-9)


def test_noise_falls_to_the_floor_and_a_tone_stays(noise) -> None:
    fresh = 0.05 * np.random.default_rng(1).standard_normal(2 * SR).astype(np.float32)
    tone = (0.3 * np.sin(2 * np.pi * 440 * np.arange(2 * SR) / SR)).astype(np.float32)
    silence = run(refined(noise), fresh)
    assert 20 * np.log10(np.std(silence) / np.std(fresh)) < -22
    heard = slice(SR // 4, -SR // 4)
    cleaned = run(refined(noise), tone + fresh)
    assert si_sdr(cleaned[heard], tone[heard]) > si_sdr((tone + fresh)[heard], tone[heard]) + 18


def test_the_second_look_gains_on_the_first(noise) -> None:
    rng = np.random.default_rng(2)
    t = np.arange(3 * SR) / SR
    notes = sum(0.05 * np.sin(2 * np.pi * f * t) * np.exp(-((t * 2) % 1) * 2) for f in (220, 277, 330, 1108))
    mix = (notes + 0.05 * rng.standard_normal(len(t))).astype(np.float32)
    first = run(LogMmse(noise_rms=profile(noise, 2048), n_fft=2048, channels=1), mix)
    assert si_sdr(run(refined(noise), mix), notes) > si_sdr(first, notes) + 0.5


def test_max_attenuation_is_kept(noise) -> None:
    cleaned = run(refined(noise, max_attenuation_db=6.0), noise)
    assert 20 * np.log10(np.std(cleaned) / np.std(noise)) == pytest.approx(-6, abs=0.3)


def test_blocks_do_not_matter(noise) -> None:
    whole = run(refined(noise), noise[:30_000], block=30_000)
    assert np.array_equal(whole, run(refined(noise), noise[:30_000], block=977))


def test_equal_channels_stay_equal_and_others_get_one_gain(noise) -> None:
    stereo = np.stack([noise, noise], axis=1)
    out = run(refined(noise, 2), stereo)
    assert np.array_equal(out[:, 0], out[:, 1])
    # Linked: a loud left keeps the noise of the right; independent: it doesn't.
    left = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(len(noise)) / SR)
    both = np.stack([left, noise], axis=1).astype(np.float32)

    def line(out):
        return power_spectra(out[SR // 2 :, 1], 2048).mean(axis=0)[45:48].sum()

    linked, independent = (
        line(run(refined(noise, 2, stereo=how), both)) for how in ("linked", "independent")
    )
    assert linked > 20 * independent


def test_a_profile_of_another_rate_is_refused() -> None:
    with pytest.raises(DenoiseError, match="513"):
        LogMmse(noise_rms=np.ones(513), n_fft=2048, channels=1)
