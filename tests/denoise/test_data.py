"""Training examples: the same for the same arguments, and as mixed as their settings say."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hotpapers.denoise.banks import Bank, write_bank
from hotpapers.denoise.data import ExampleSettings, NoisyExamples
from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.stft import noise_profile

SAMPLES = 16_384
PLAIN = {"noise_free": 0, "nearly_clean": 0, "noise_only": 0, "front": 0, "silence": 0}


@pytest.fixture(scope="module")
def banks(tmp_path_factory) -> tuple[Bank, Bank, Bank]:
    folder = tmp_path_factory.mktemp("banks")
    rng = np.random.default_rng(0)
    time = np.arange(200_000) / 44_100
    tones = [(f"tone {hz}", np.sin(2 * np.pi * hz * time).astype(np.float32)) for hz in (220, 330, 1000)]
    recorded = [("hiss", rng.standard_normal(200_000).astype(np.float32))]
    synthetic = [("steps", np.cumsum(rng.standard_normal(200_000)).astype(np.float32) / 1e3)]
    return (
        write_bank(folder / "music", tones),
        write_bank(folder / "recorded", recorded),
        write_bank(folder / "synthetic", synthetic),
    )


def examples(banks, **settings) -> NoisyExamples:
    return NoisyExamples(*banks, ExampleSettings(samples=SAMPLES, **settings))


def test_a_batch_is_a_function_of_its_arguments(banks) -> None:
    one, again = (examples(banks).batch(3, 4, seed=7) for _ in range(2))
    for name in ("noisy", "clean", "level", "profile"):
        assert torch.equal(getattr(one, name), getattr(again, name))
    assert one.noisy.shape == one.clean.shape == (4, SAMPLES)
    assert one.profile.shape == (4, 1025)
    assert not torch.equal(one.noisy, examples(banks).batch(4, 4, seed=7).noisy)
    assert not torch.equal(one.noisy, examples(banks).batch(3, 4, seed=8).noisy)


def test_processes_share_one_batch(banks) -> None:
    """Two processes of two examples make what one of four makes."""
    whole = examples(banks).batch(5, 4).noisy
    parts = [examples(banks).batch(5, 2, rank=rank).noisy for rank in range(2)]
    assert torch.equal(whole, torch.cat(parts))


def test_signal_to_noise_ratios_are_those_asked_for(banks) -> None:
    made = examples(banks, **PLAIN, snr_db=(6.0, 6.0), band_limited=0).batch(0, 24)
    noise = made.noisy - made.clean
    ratios = 10 * torch.log10(made.clean.square().mean(1) / noise.square().mean(1))
    assert torch.allclose(ratios, torch.full((24,), 6.0), atol=0.05)


def test_shares(banks) -> None:
    """Of 400 examples the noise-free, noise-only and told ones are within four standard deviations of their share."""
    settings = {**PLAIN, "noise_free": 0.2, "noise_only": 0.1, "profile": 0.6}
    made = examples(banks, **settings).batch(0, 400)
    noise = (made.noisy - made.clean).square().mean(1)
    counts = [(noise == 0).sum(), (made.clean.square().mean(1) == 0).sum(), (made.profile.amax(1) > 0).sum()]
    for count, share in zip(counts, (0.2, 0.1, 0.6), strict=True):
        assert abs(int(count) - 400 * share) < 4 * np.sqrt(400 * share * (1 - share))


def test_the_profile_is_of_the_same_noise(banks) -> None:
    """Told of another stretch: near the noise's own spectrum, and not the very same."""
    made = examples(
        banks, **PLAIN, profile=1, synthetic=0, two_noises=0, hiss=0, profile_seconds=(1.4, 1.5)
    ).batch(0, 8)
    own = noise_profile(made.noisy - made.clean)
    difference = 20 * torch.log10(made.profile[:, 20:-20] / own[:, 20:-20])
    assert float(difference.mean(1).abs().max()) < 5
    assert float(difference.std(1).max()) < 4
    assert float(difference.abs().max()) > 0.1


def test_a_front_is_noise_alone(banks) -> None:
    made = examples(banks, **{**PLAIN, "front": 1.0}).batch(0, 8)
    start = slice(0, SAMPLES // 11)
    assert float(made.clean[:, start].abs().max()) == 0
    assert float(made.noisy[:, start].abs().amax(1).min()) > 0
    assert float(made.clean[:, -2000:].abs().amax(1).min()) > 0


def test_music_plays_at_other_speeds(banks) -> None:
    """Tones come back transposed within the range of speeds, as pure as they were."""
    settings = {**PLAIN, "music_speed": (0.5, 2.0), "band_limited": 0}
    made = examples(banks, **settings).batch(0, 12).clean.numpy() * np.hanning(SAMPLES)
    spectrum = np.abs(np.fft.rfft(made)) ** 2
    peaks = spectrum.argmax(1)
    hertz = peaks * 44_100 / SAMPLES
    assert len(set(peaks.tolist())) > 6
    assert hertz.min() > 100
    assert hertz.max() < 2100
    for row, peak in zip(spectrum, peaks, strict=True):
        assert row[peak - 3 : peak + 4].sum() > 0.999 * row.sum()


def test_level_is_near_the_mixtures_rms(banks) -> None:
    made = examples(banks, **PLAIN, level_jitter_db=0).batch(0, 16)
    assert torch.allclose(made.level, made.noisy.square().mean(1).sqrt(), rtol=0.1)


def test_short_clips_sound_whole(tmp_path) -> None:
    """A clip shorter than an example lies somewhere within it, silence around it."""
    clip = np.full(1000, 0.5, np.float32)
    bank = write_bank(tmp_path / "short", [("click", clip)])
    made = NoisyExamples(bank, None, None, ExampleSettings(samples=SAMPLES, **PLAIN, band_limited=0)).batch(
        0, 4
    )
    energy = made.clean.square()
    assert (energy.sum(1) > 0).all()
    assert float((energy > 1e-3 * energy.amax(1, keepdim=True)).float().mean()) < 0.12


def test_bank_reads_what_was_written(tmp_path) -> None:
    rng = np.random.default_rng(1)
    clips = [
        ("a", rng.uniform(-0.3, 0.3, 500).astype(np.float32)),
        ("b", rng.uniform(-1, 1, 80).astype(np.float32)),
    ]
    bank = write_bank(tmp_path / "bank", [clips[0], ("silent", np.zeros(9, np.float32)), clips[1]])
    assert bank.names == ["a", "b"]
    for place, (_, clip) in enumerate(clips):
        scaled = clip * 0.99 / np.abs(clip).max()
        assert np.abs(bank.read(place, 0, len(clip)) - scaled).max() < 1e-4
        assert bank.rms[place] == pytest.approx(np.sqrt(np.mean(scaled**2)), rel=1e-3)
    around = bank.read(1, -10, 100)
    assert not around[:10].any()
    assert not around[90:].any()
    assert np.array_equal(around[10:90], bank.read(1, 0, 80))
    assert np.array_equal(bank.read(1, 70, 20, wrapped=True)[10:], bank.read(1, 0, 10))


def test_a_folder_that_is_no_bank_is_refused(tmp_path) -> None:
    with pytest.raises(DenoiseError, match="not a bank"):
        Bank(tmp_path)
    with pytest.raises(DenoiseError, match="silent"):
        write_bank(tmp_path / "bank", [("silent", np.zeros(10, np.float32))])
