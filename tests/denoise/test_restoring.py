"""Restoring a file: what is taken away is what the engine takes away, and nothing else changes."""

from __future__ import annotations

import shutil
import subprocess

import numpy as np
import pytest
import soundfile
from denoise import simple_engines
from hypothesis import given, settings
from hypothesis import strategies as st
from mutagen.flac import FLAC

from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.restoring import restore
from hotpapers.media.audio import open_audio, read_audio

RATES = [8000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 88_200, 96_000, 192_000]


def numbers(path):
    return np.concatenate(list(open_audio(path).blocks(exact=True)))


def noise(frames, channels=2, seed=0, level=0.1):
    return np.random.default_rng(seed).uniform(-level, level, (frames, channels))


@settings(max_examples=60, deadline=None)
@given(
    rate=st.sampled_from(RATES),
    frames=st.one_of(st.integers(1, 50), st.integers(1, 100_000)),
    channels=st.integers(1, 8),
    kind=st.sampled_from([
        ("wav", "PCM_U8"), ("wav", "PCM_16"), ("wav", "PCM_24"), ("wav", "PCM_32"), ("wav", "FLOAT"),
        ("wav", "DOUBLE"), ("flac", "PCM_16"), ("flac", "PCM_24"), ("aiff", "PCM_16"), ("w64", "PCM_24"),
    ]),
    stereo=st.sampled_from(["linked", "independent"]),
    strength=st.sampled_from([0.3, 1.0]),
)  # fmt: skip
def test_clean_and_residual_are_the_recording(
    tmp_path_factory, rate, frames, channels, kind, stereo, strength
):
    folder = tmp_path_factory.mktemp("sum")
    suffix, subtype = kind
    source, clean, residual = (folder / f"{name}.{suffix}" for name in ("in", "clean", "residual"))
    soundfile.write(source, noise(frames, channels, frames), rate, subtype, format=suffix.upper())
    before = source.read_bytes()
    told = restore(
        source, clean, engine=simple_engines.lowpass(), residual=residual, stereo=stereo, strength=strength
    )
    assert source.read_bytes() == before
    for path in (clean, residual):
        reader = open_audio(path)
        assert (reader.rate, reader.channels, reader.frames) == (rate, channels, frames)
        assert reader.encoding.subtype == subtype
    assert (told.frames, told.clipped) == (frames, 0)
    total = numbers(clean).astype(np.float64) + numbers(residual)
    if subtype in {"FLOAT", "DOUBLE"}:
        assert np.abs(total - numbers(source)).max() <= 2**-24
    else:
        assert np.array_equal(total, numbers(source))
    if frames > 5000:
        assert numbers(residual).any()


@pytest.mark.parametrize(("suffix", "subtype"), [
    ("wav", "PCM_16"), ("wav", "FLOAT"), ("flac", "PCM_24"), ("ogg", "VORBIS"), ("mp3", "MPEG_LAYER_III"),
    ("opus", "OPUS"), ("aiff", "PCM_24"), ("w64", "PCM_16"), ("rf64", "PCM_24"),
])  # fmt: skip
def test_strength_zero_is_a_copy_of_every_byte(tmp_path, suffix, subtype):
    source, clean, residual = (tmp_path / f"{name}.{suffix}" for name in ("in", "clean", "residual"))
    container = "OGG" if suffix == "opus" else suffix.upper()
    soundfile.write(source, noise(30_000), 48_000, subtype, format=container)
    told = restore(source, clean, engine=simple_engines.lowpass(), strength=0, residual=residual)
    assert clean.read_bytes() == source.read_bytes()
    assert np.abs(numbers(residual)).max() < 1e-30  # Opus decodes silence to almost nothing
    assert open_audio(residual).frames == told.frames == 30_000
    assert told.removed_db is None


def test_strength_zero_keeps_the_samples_when_the_container_changes_or_a_part_is_taken(tmp_path):
    source = tmp_path / "in.wav"
    soundfile.write(source, noise(30_000), 48_000, "PCM_24")
    restore(source, tmp_path / "a.flac", engine=simple_engines.gain(), strength=0)
    assert np.array_equal(numbers(tmp_path / "a.flac"), numbers(source))
    restore(source, tmp_path / "part.wav", engine=simple_engines.gain(), strength=0, start=0.1, end=0.35)
    assert np.array_equal(numbers(tmp_path / "part.wav"), numbers(source)[4800:16_800])


def test_strength_scales_what_is_removed(tmp_path):
    source = tmp_path / "in.wav"
    sound = noise(20_000).astype(np.float32)
    soundfile.write(source, sound, 44_100, "FLOAT")
    for strength in (0.25, 1.0):
        told = restore(
            source, tmp_path / "out.wav", engine=simple_engines.gain(0.4), strength=strength, overwrite=True
        )
        got = numbers(tmp_path / "out.wav")
        assert np.abs(got - sound * (1 - 0.6 * strength)).max() < 1e-7
        assert told.removed_db == pytest.approx(20 * np.log10(0.6 * strength), abs=1e-4)
    restore(
        source, tmp_path / "out.wav", engine=simple_engines.gain(0), max_attenuation_db=20, overwrite=True
    )
    assert np.abs(numbers(tmp_path / "out.wav") - sound * 0.1).max() < 1e-7


@pytest.mark.parametrize("rate", RATES)
def test_what_the_engine_leaves_alone_stays_at_every_rate(tmp_path, rate):
    # Below 2 kHz the low-pass takes nothing: a tone there comes back as it was, and one above is gone.
    time = np.arange(rate // 2) / rate
    fade = np.sin(np.pi * np.clip(np.minimum(time, time[::-1]) / 0.05, 0, 1) / 2) ** 2
    low = 0.3 * fade * np.sin(2 * np.pi * 440 * time)
    high = 0.1 * fade * np.sin(2 * np.pi * 3600 * time)
    source, clean = tmp_path / "in.wav", tmp_path / "clean.wav"
    soundfile.write(source, low + high, rate, "FLOAT")
    restore(source, clean, engine=simple_engines.lowpass(2000))
    error = numbers(clean)[:, 0] - low
    assert 10 * np.log10(np.sum(low**2) / np.sum(error**2)) > 50


def test_above_the_engines_band_nothing_changes(tmp_path):
    time = np.arange(48_000) / 96_000
    high = 0.2 * np.sin(2 * np.pi * 30_000 * time) * np.hanning(48_000)
    source, clean = tmp_path / "in.wav", tmp_path / "clean.wav"
    soundfile.write(source, high, 96_000, "FLOAT")
    restore(source, clean, engine=simple_engines.gain(0))
    assert np.abs(numbers(clean)[:, 0] - high).max() < 1e-6


@pytest.mark.parametrize("stereo", ["linked", "independent", "mid-side"])
@pytest.mark.parametrize("target", ["FLOAT", "PCM_16"])
def test_equal_channels_stay_equal_and_silent_ones_silent(tmp_path, stereo, target):
    mono = noise(30_000, 1)
    equal = tmp_path / "equal.wav"
    soundfile.write(equal, np.repeat(mono, 2, axis=1), 48_000, "FLOAT")
    restore(equal, tmp_path / "out.wav", engine=simple_engines.lowpass(), stereo=stereo, subtype=target)
    got = numbers(tmp_path / "out.wav")
    assert np.array_equal(got[:, 0], got[:, 1])
    half = tmp_path / "half.wav"
    soundfile.write(half, np.concatenate([mono, np.zeros_like(mono)], axis=1), 48_000, "FLOAT")
    restore(half, tmp_path / "out2.wav", engine=simple_engines.lowpass(), stereo=stereo, subtype=target)
    got = numbers(tmp_path / "out2.wav")
    assert got[:, 0].any()
    assert not got[:, 1].any()


@pytest.mark.parametrize("stereo", ["linked", "independent", "mid-side"])
def test_channels_are_not_mixed_up(tmp_path, stereo):
    source = tmp_path / "in.wav"
    sound = noise(30_000, 2).astype(np.float32)
    soundfile.write(source, sound, 44_100, "FLOAT")
    restore(source, tmp_path / "out.wav", engine=simple_engines.lowpass(), stereo=stereo)
    alone = tmp_path / "alone.wav"
    soundfile.write(alone, sound[:, 1], 44_100, "FLOAT")
    restore(alone, tmp_path / "alone_out.wav", engine=simple_engines.lowpass())
    assert (
        np.abs(numbers(tmp_path / "out.wav")[:, 1] - numbers(tmp_path / "alone_out.wav")[:, 0]).max() < 1e-6
    )


def test_the_survey_sees_the_whole_recording_group_by_group(tmp_path):
    sound = noise(30_000, 2, level=0.01).astype(np.float32)
    sound[29_000, 1] = 0.5
    sound[29_500, 0] = 0.25
    source = tmp_path / "in.wav"
    soundfile.write(source, sound, 44_100, "FLOAT")
    for stereo, peaks in [("linked", (0.5, 0.5)), ("independent", (0.25, 0.5))]:
        restore(
            source,
            tmp_path / "out.wav",
            engine=simple_engines.surveying(),
            stereo=stereo,
            end=0.5,
            overwrite=True,
        )
        expected = sound[:22_050] * (1 - np.array(peaks) / 2)
        assert np.abs(numbers(tmp_path / "out.wav") - expected).max() < 1e-7


def test_silence_is_copied_and_said(tmp_path):
    source = tmp_path / "in.flac"
    soundfile.write(source, np.zeros((9000, 2)), 44_100)
    told = restore(source, tmp_path / "out.flac", engine=simple_engines.gain(), residual=tmp_path / "r.flac")
    assert (tmp_path / "out.flac").read_bytes() == source.read_bytes()
    assert told.notes == (f"{source} holds only silence: it was copied as it is",)
    restore(source, tmp_path / "out.wav", engine=simple_engines.gain(), dither="tpdf")
    assert not numbers(tmp_path / "out.wav").any()


@pytest.mark.parametrize(
    ("suffix", "like"), [("ogg", "ogg"), ("mp3", "mp3"), ("flac", "mp3"), ("mp3", "wav")]
)
def test_length_and_tags_are_kept_in_and_out_of_lossy_formats(tmp_path, suffix, like):
    source, clean = tmp_path / f"in.{like}", tmp_path / f"clean.{suffix}"
    soundfile.write(source, noise(44_101), 44_100, format=like.upper())
    frames = len(read_audio(source)[0])
    told = restore(source, clean, engine=simple_engines.gain(0.5))
    assert told.frames == len(read_audio(clean)[0]) == frames == 44_101
    got, was = read_audio(clean)[0], read_audio(source)[0]
    assert np.std(got[2000:-2000]) == pytest.approx(np.std(was[2000:-2000]) / 2, rel=0.2)


def test_tags_and_bit_depth_go_with_the_sound(tmp_path):
    source = tmp_path / "in.flac"
    soundfile.write(source, noise(9000), 44_100, "PCM_24")
    tagged = FLAC(source)
    tagged["title"] = "Der Lindenbaum"
    tagged.save()
    restore(source, tmp_path / "out.flac", engine=simple_engines.gain())
    assert FLAC(tmp_path / "out.flac")["title"] == ["Der Lindenbaum"]
    assert FLAC(tmp_path / "out.flac").info.bits_per_sample == 24


def test_lower_depth_is_dithered_the_same_each_time_and_still_sums_up(tmp_path):
    source = tmp_path / "in.wav"
    soundfile.write(source, noise(30_000), 48_000, "PCM_24")
    outs = []
    for name in ("a", "b"):
        restore(
            source, tmp_path / f"{name}.wav", engine=simple_engines.lowpass(), subtype="PCM_16",
            residual=tmp_path / f"r{name}.wav",
        )  # fmt: skip
        outs.append(numbers(tmp_path / f"{name}.wav"))
    assert np.array_equal(outs[0], outs[1])
    total = outs[0] + numbers(tmp_path / "ra.wav")
    assert np.array_equal(total, np.rint(numbers(source) / 256))
    restore(source, tmp_path / "c.wav", engine=simple_engines.lowpass(), subtype="PCM_16", dither="none")
    difference = outs[0] - numbers(tmp_path / "c.wav")
    assert 0.4 < np.mean(difference.astype(float) ** 2) ** 0.5 < 0.7


def test_what_is_beyond_full_scale_is_counted_and_kept_in_floats(tmp_path):
    source = tmp_path / "in.wav"
    sound = np.tile([[0.9], [-0.9]], (500, 1))
    soundfile.write(source, sound, 44_100, "PCM_16")
    told = restore(
        source, tmp_path / "out.wav", engine=simple_engines.gain(-0.5), residual=tmp_path / "r.wav"
    )
    assert told.clipped == 0
    assert any("r.wav: 1,000 samples lie beyond full scale" in note for note in told.notes)
    told = restore(
        source, tmp_path / "out.wav", engine=simple_engines.gain(-0.5), residual=tmp_path / "r.wav",
        residual_subtype="FLOAT", overwrite=True,
    )  # fmt: skip
    assert told.notes == ()
    total = numbers(tmp_path / "out.wav") / 32768 + numbers(tmp_path / "r.wav").astype(float)
    assert np.array_equal(total, numbers(source) / 32768)
    told = restore(source, tmp_path / "loud.wav", engine=simple_engines.gain(2))
    assert told.clipped == 1000


def test_the_result_does_not_depend_on_how_the_stage_hands_out_its_frames(tmp_path):
    source = tmp_path / "in.wav"
    soundfile.write(source, noise(200_000), 48_000, "PCM_24")
    restore(source, tmp_path / "a.wav", engine=simple_engines.lowpass())
    from hotpapers.denoise.engines import Engine
    from hotpapers.denoise.stages import run

    class AtOnce:
        def __init__(self):
            self.blocks = []

        def push(self, block):
            self.blocks.append(block)
            return block[:0]

        def flush(self):
            whole = np.concatenate(self.blocks)
            return run(simple_engines.lowpass().make_stage(None, sr=44_100, channels=2), whole)

    restore(source, tmp_path / "b.wav", engine=Engine(make_stage=lambda survey, **more: AtOnce()))
    assert np.array_equal(numbers(tmp_path / "a.wav"), numbers(tmp_path / "b.wav"))


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg")
def test_an_m4a_becomes_a_flac(tmp_path):
    wav, source = tmp_path / "in.wav", tmp_path / "in.m4a"
    soundfile.write(wav, noise(20_000), 44_100)
    subprocess.run(["ffmpeg", "-v", "error", "-i", wav, "-c:a", "alac", source], check=True)
    restore(source, tmp_path / "a.flac", engine=simple_engines.lowpass())
    restore(wav, tmp_path / "b.flac", engine=simple_engines.lowpass())
    assert np.array_equal(numbers(tmp_path / "a.flac"), numbers(tmp_path / "b.flac"))


def test_progress_goes_from_nothing_to_all(tmp_path):
    source = tmp_path / "in.wav"
    soundfile.write(source, noise(200_000), 44_100)
    seen = []
    restore(
        source,
        tmp_path / "o.wav",
        engine=simple_engines.surveying(),
        progress=lambda *told: seen.append(told),
    )
    for what in ("reading", "surveying", "restoring"):
        done = [share for name, share in seen if name == what]
        assert done == sorted(done)
        assert done[-1] == 1
    assert isinstance(DenoiseError("x"), ValueError)
