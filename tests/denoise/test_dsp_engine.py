"""The classical engine from end to end, and what it leaves alone."""

from __future__ import annotations

import numpy as np
import pytest

from hotpapers.denoise.dsp.engine import DspOptions, dsp_stage, engine
from hotpapers.denoise.engines import load_engine
from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.hybrid import HybridWeights, combined, hybrid_stage, is_usable
from hotpapers.denoise.metrics import si_sdr
from hotpapers.denoise.reading import read_mono
from hotpapers.denoise.stages import run
from hotpapers.denoise.survey import survey

SR = 44_100


def look(x):
    return survey([x], sr=SR, channels=x.shape[1])


def denoised(x, **options):
    return run(dsp_stage(look(x), sr=SR, channels=x.shape[1], options=DspOptions(**options)), x)


def crackle(n, rng, rate=30):
    x = np.zeros(n)
    for at in rng.choice(n - 100, int(rate * n / SR)):
        length = rng.integers(5, 40)
        x[at : at + length] += rng.normal(0, 0.4) * np.exp(-np.arange(length) / 6)
    return x


@pytest.fixture(scope="module")
def mixture():
    """Notes after a second of hiss, crackle, hum; and the notes alone."""
    rng = np.random.default_rng(0)
    t = np.arange(6 * SR) / SR
    music = np.zeros(len(t))
    for start in np.arange(1.0, 6.0, 0.25):
        since = np.maximum(t - start, 0)
        f = rng.choice([220, 262, 330, 392, 523])
        note = sum(0.1 / k * np.sin(2 * np.pi * k * f * since) for k in range(1, 9))
        music += note * np.exp(-3 * since) * (1 - np.exp(-since / 0.01))
    hum = sum(0.03 / k * np.sin(2 * np.pi * 50 * k * t) for k in (1, 2, 3, 4))
    noise = 0.02 * rng.standard_normal(len(t)) + crackle(len(t), rng) + hum
    return (music + noise).astype(np.float32)[:, None], music


def gain(x, y, clean):
    heard = slice(SR, None)
    return si_sdr(y[heard, 0], clean[heard]) - si_sdr(x[heard, 0], clean[heard])


def test_each_part_adds_to_the_whole(mixture) -> None:
    x, clean = mixture
    alone = {kind: gain(x, denoised(x, only=[kind]), clean) for kind in ("hiss", "click", "hum")}
    whole = gain(x, denoised(x), clean)
    assert min(alone.values()) > 1.0
    assert whole > max(alone.values()) + 3
    assert whole > 12
    assert gain(x, denoised(x, skip=["crackle", "click"]), clean) < whole - 2


def test_blocks_do_not_matter(mixture) -> None:
    x = mixture[0][: 3 * SR]
    found = look(x)
    whole = run(dsp_stage(found, sr=SR, channels=1), x, block=len(x))
    for block in (911, 44_100):
        assert np.abs(run(dsp_stage(found, sr=SR, channels=1), x, block=block) - whole).max() <= 1e-5


def test_equal_channels_stay_equal(mixture) -> None:
    x = np.repeat(mixture[0][: 2 * SR], 2, axis=1)
    out = denoised(x)
    assert np.array_equal(out[:, 0], out[:, 1])
    assert not np.array_equal(out, x)


def test_level_does_not_matter(mixture) -> None:
    x = mixture[0]
    assert np.abs(denoised(0.25 * x) - 0.25 * denoised(x)).max() < 1e-3


@pytest.mark.parametrize(
    "name",
    ["clean/macleod_vibe_ace.ogg", "clean/hobbs_lets_go_fishin.ogg", "clean/sonicpi_guit_harmonics.flac"],
)
def test_clean_music_comes_back(shared_data, name) -> None:
    x = read_mono(shared_data / "denoise" / name, seconds=15)[:, None]
    out = denoised(x)
    assert np.array_equal(out, x) or si_sdr(out, x) > 30


def test_silence_and_short_recordings() -> None:
    for n in (1, 100, 3000):
        assert denoised(np.zeros((n, 2), np.float32)).shape == (n, 2)
        noise = 0.1 * np.random.default_rng(n).standard_normal((n, 3)).astype(np.float32)
        assert np.isfinite(denoised(noise)).all()


def test_the_engine_is_known_by_name(mixture) -> None:
    x, clean = mixture
    made = load_engine("dsp", {"only": ("hiss",), "profile": (0.0, 1.0)})
    found = made.survey([x], sr=SR, channels=1)
    assert found.profile.origin == "region"
    assert gain(x, run(made.make_stage(found, sr=SR, channels=1), x), clean) > 1


def test_unknown_kinds_and_other_rates_are_refused(mixture) -> None:
    with pytest.raises(DenoiseError, match="'hisss'"):
        engine(only=("hisss",))
    with pytest.raises(DenoiseError, match="44100 Hz"):
        dsp_stage(look(mixture[0]), sr=48_000, channels=1)


class Scaled:
    """A stand-in for a net: everything times a number, 1000 samples late until the end."""

    def __init__(self, factor):
        self.factor, self.held = np.float32(factor), None

    def push(self, block):
        self.held = block if self.held is None else np.concatenate([self.held, block])
        ready = max(len(self.held) - 1000, 0)
        out, self.held = self.held[:ready], self.held[ready:]
        return self.factor * out

    def flush(self):
        return self.factor * self.held


class Fixed:
    """A stand-in for a net that knows the music: gives it, whatever it gets."""

    def __init__(self, music):
        self.music, self.given = music, 0

    def push(self, block):
        start, self.given = self.given, self.given + len(block)
        return self.music[start : self.given]

    def flush(self):
        return self.music[:0]


def test_a_mean_of_two_stages_has_their_shares(mixture) -> None:
    x = mixture[0][:SR]
    stage = combined(
        Scaled(0.5),
        Scaled(0.25),
        Scaled(0.2),
        fine_noise_rms=np.ones(4097),
        n_fft=8192,
        channels=1,
        weights=HybridWeights(net=0.6, refined=0.0),
    )
    assert np.abs(run(stage, x, block=700) - 0.4 * x).max() < 1e-5


def test_the_last_filter_leaves_what_the_mean_knows_and_takes_what_it_lacks() -> None:
    rng = np.random.default_rng(0)
    time = np.arange(2 * SR)[:, None] / SR
    tone = np.float32(0.5 * np.sin(2 * np.pi * 440 * time))
    noise = np.float32(0.1 * rng.standard_normal((2 * SR, 1)))
    stage = combined(
        Fixed(tone),
        Fixed(tone),
        Scaled(1.0),
        fine_noise_rms=0.1 * np.sqrt(4096) * np.ones(4097),
        n_fft=8192,
        channels=1,
        weights=HybridWeights(refined=1.0),
    )
    made = run(stage, tone + noise)[SR // 2 : -SR // 2]
    error = made - tone[SR // 2 : -SR // 2]
    assert np.std(error) < 0.1 * np.std(noise)


def test_hybrid_needs_noise_that_is_known(mixture) -> None:
    x, clean = mixture
    found = look(x)
    assert is_usable(found)
    mixed = run(hybrid_stage(found, Scaled(1.0), sr=SR, channels=1), x)
    assert gain(x, mixed, clean) > 2
    tone = clean.astype(np.float32)[SR:, None]
    net = Scaled(0.9)
    assert not is_usable(look(tone))
    assert hybrid_stage(look(tone), net, sr=SR, channels=1) is net


@pytest.mark.parametrize("wrong", [{"net": 1.5}, {"net": -0.1}, {"refined": 2.0}, {"excess": 0.0}])
def test_weights_outside_are_refused(wrong) -> None:
    with pytest.raises(DenoiseError, match="shares"):
        HybridWeights(**wrong)
