"""What must hold for the whole product, whatever the net has learned."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from denoise.worn import notes, worn

from hotpapers.denoise import DenoiseError, denoise, reduce_noise

ENGINES = ["auto", "net", "dsp"]  # of a noisy recording auto makes what hybrid makes


def call(engine, weights, y, sr=44_100, **options):
    model = {} if engine == "dsp" else {"model": weights}
    return denoise(y, sr, engine=engine, **model, **options)


def relative_db(difference, signal) -> float:
    power = np.mean(np.square(difference, dtype=np.float64)) / np.mean(np.square(signal))
    return 10 * np.log10(power + 1e-20)


@pytest.mark.parametrize("engine", ENGINES)
def test_something_is_taken_and_the_rest_adds_up(engine, weights):
    x = worn()
    clean, noise = call(engine, weights, x, residual=True)
    assert clean.shape == x.shape
    assert clean.dtype == np.float32
    assert relative_db(noise, x) > -40
    np.testing.assert_allclose(clean + noise, x, atol=1e-7)


@pytest.mark.parametrize("engine", ENGINES)
def test_strength_mixes_and_zero_changes_no_bit(engine, weights):
    x = worn(2.5)
    full = call(engine, weights, x)
    half = call(engine, weights, x, strength=0.5)
    np.testing.assert_allclose(half, (x + full) / 2, atol=2e-7)
    untouched = call(engine, weights, x, strength=0)
    assert untouched.tobytes() == x.tobytes()
    assert untouched is not x


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("gain", [0.1, 4.0])
def test_a_gain_before_is_a_gain_behind(engine, weights, gain):
    x = 0.2 * worn(3.0)
    expected = gain * call(engine, weights, x)
    made = call(engine, weights, np.float32(gain) * x)
    assert relative_db(made - expected, expected) < -60


@pytest.mark.parametrize("engine", ENGINES)
def test_equal_channels_stay_equal_and_swapped_ones_are_swapped(engine, weights):
    left = worn(2.5)
    same = call(engine, weights, np.stack([left, left], axis=1))
    assert np.array_equal(same[:, 0], same[:, 1])
    both = np.stack([left, 0.5 * worn(2.5, seed=1)], axis=1)
    for stereo in ("linked", "independent"):
        made = call(engine, weights, both, stereo=stereo)
        swapped = call(engine, weights, both[:, ::-1], stereo=stereo)[:, ::-1]
        np.testing.assert_allclose(swapped, made, atol=1e-6)


@pytest.mark.parametrize("engine", ENGINES)
def test_silence_stays_silent(engine, weights):
    assert not call(engine, weights, np.zeros((30_000, 2), np.float32)).any()
    x = worn(3.0)
    x[60_000:100_000] = 0
    middle = call(engine, weights, x)[70_000:90_000]
    assert np.abs(middle).max() <= 1e-6


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 32_000, 48_000, 96_000, 192_000])
def test_length_and_channels_are_kept_at_every_rate(weights, rate):
    x = np.stack([worn(1.2, rate, lead_in=0.5), worn(1.2, rate, lead_in=0.5, seed=3)], axis=1)
    clean = call("auto", weights, x, rate)
    assert clean.shape == x.shape
    assert -40 < relative_db(clean - x, x) < 3


@pytest.mark.parametrize("length", [1, 2, 511, 2049, 30_001])
@pytest.mark.parametrize("channels", [1, 3, 8])
def test_short_recordings_and_many_channels(weights, length, channels):
    x = np.random.default_rng(length).normal(0, 0.1, (length, channels))
    clean = call("auto", weights, x)
    assert clean.shape == x.shape
    assert clean.dtype == np.float64
    assert np.isfinite(clean).all()


def test_integers_come_back_as_integers(weights):
    x = worn(2.0)
    whole = np.rint(x * 32_767).astype(np.int16)
    clean, noise = call("auto", weights, whole, residual=True)
    assert clean.dtype == noise.dtype == np.int16
    assert np.array_equal(clean + noise, whole)
    expected = call("auto", weights, whole / 32_768)
    assert np.abs(clean / 32_768 - expected).max() <= 1 / 32_768


def test_clean_music_is_left_alone_by_auto_alone(weights):
    x = notes(3.0)
    assert np.array_equal(call("auto", weights, x), x)
    assert not np.array_equal(call("net", weights, x), x)


def test_at_most_so_much_is_taken(weights):
    x = worn(2.0)
    full, limited = call("net", weights, x), call("net", weights, x, max_attenuation_db=6)
    np.testing.assert_allclose(limited - x, (full - x) * (1 - 10 ** (-6 / 20)), atol=1e-7)


def test_only_and_skip(weights):
    x = worn(4.0)
    time = np.arange(len(x)) / 44_100
    hum = sum(0.05 / k * np.sin(2 * np.pi * 50 * k * time + k) for k in range(1, 5)).astype(np.float32)

    def level(y, frequency):
        part = y[60_000:]
        return abs(np.mean(part * np.exp(-2j * np.pi * frequency * np.arange(len(part)) / 44_100)))

    y = x + hum
    only = call("auto", weights, y, only=["hum"])
    assert level(only, 50) < 0.1 * level(y, 50)
    # Above the notches nothing is touched.
    spectrum = np.abs(np.fft.rfft(only - y))
    assert spectrum[len(x) * 2000 // 44_100 :].max() < 0.01 * spectrum.max()
    kept = call("dsp", weights, y, skip=["hum"])
    assert level(kept, 50) > 0.9 * level(y, 50)
    with_net = call("auto", weights, y, skip=["hum"])
    assert level(with_net, 50) > 0.9 * level(y, 50)
    assert relative_db(with_net - y, y) > -50


def test_noise_that_the_caller_knows(weights):
    x = worn(3.0, lead_in=0.5)
    noise = 0.012 * np.random.default_rng(9).standard_normal(44_100)
    for known in ((0.0, 0.5), noise):
        clean = call("dsp", weights, x, noise_profile=known)
        assert relative_db(clean[2000:20_000], x[2000:20_000]) < -12
    with pytest.raises(DenoiseError, match=r"recording ends at 3\.00 s"):
        call("dsp", weights, x, noise_profile=(2.0, 4.0))


def test_the_names_of_noisereduce(weights):
    x = np.stack([worn(2.0), worn(2.0, seed=1)])
    made = reduce_noise(y=x, sr=44_100, prop_decrease=0.5, model=weights, stationary=True)
    np.testing.assert_array_equal(made, denoise(x.T, 44_100, strength=0.5, model=weights).T)
    with pytest.raises(DenoiseError, match="'n_fft' here: leave it out"):
        reduce_noise(y=x, sr=44_100, n_fft=512)


@pytest.mark.parametrize(
    ("y", "sr", "said"),
    [
        (np.zeros((2, 5000)), 44_100, r"looks like \(channels, n\): .* give y\.T"),
        (np.zeros((500, 9)), 44_100, "9 channels"),
        (np.zeros((2, 3, 4)), 44_100, r"\(2, 3, 4\)"),
        (np.zeros(0), 44_100, "holds no samples"),
        (np.zeros(100), 4_000, "rate of 4000 Hz"),
        (np.zeros(100, complex), 44_100, "complex128"),
        (np.array([0, np.nan, np.inf]), 44_100, "2 samples are no finite numbers"),
    ],
)
def test_what_is_no_recording_is_refused(y, sr, said):
    with pytest.raises(DenoiseError, match=said):
        denoise(y, sr, engine="dsp")


def test_absent_weights_are_named():
    with pytest.raises(DenoiseError, match="no weights 'nowhere'"):
        denoise(worn(1.0, lead_in=0.2), 44_100, model="nowhere")
