"""What can't be restored: one line that names the file and the way out, and no file left behind."""

from __future__ import annotations

import shutil
import types

import numpy as np
import pytest
import soundfile
from denoise import simple_engines

from hotpapers.common.errors import HotPapersError
from hotpapers.denoise.checking import parse_time
from hotpapers.denoise.engines import load_engine
from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.restoring import restore
from hotpapers.media.audio import open_audio, read_audio


@pytest.fixture
def recording(tmp_path):
    path = tmp_path / "in.wav"
    soundfile.write(path, np.random.default_rng(0).uniform(-0.1, 0.1, (20_000, 2)), 44_100, "PCM_16")
    return path


def refused(said, path, out, **more):
    before = sorted(path.parent.iterdir())
    content = path.read_bytes() if path.is_file() else None
    with pytest.raises(HotPapersError) as raised:
        restore(path, out, engine=simple_engines.gain(), **more)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)
    assert raised.value.exit_code == 2
    assert sorted(path.parent.iterdir()) == before
    assert content is None or path.read_bytes() == content


def test_what_is_no_recording(tmp_path):
    (tmp_path / "text.flac").write_text("a letter")
    (tmp_path / "none.flac").write_bytes(b"")
    soundfile.write(tmp_path / "many.wav", np.zeros((10, 9)), 44_100)
    soundfile.write(tmp_path / "slow.wav", np.zeros((10, 1)), 4000)
    refused("text.flac is no sound file", tmp_path / "text.flac", tmp_path / "o.flac")
    refused("none.flac is empty", tmp_path / "none.flac", tmp_path / "o.flac")
    refused("9 channels: at most 8", tmp_path / "many.wav", tmp_path / "o.wav")
    refused("rate of 4000 Hz", tmp_path / "slow.wav", tmp_path / "o.wav")
    refused("is a folder", tmp_path, tmp_path / "o.wav")
    refused("No such file", tmp_path / "absent.wav", tmp_path / "o.wav")


def test_the_original_is_never_the_output(tmp_path, recording):
    link = tmp_path / "link.wav"
    link.symlink_to(recording)
    hard = tmp_path / "hard.wav"
    hard.hardlink_to(recording)
    for out in (recording, link, hard, tmp_path / "x" / ".." / "in.wav"):
        refused("is the recording itself, which is never changed", recording, out, overwrite=True)
    refused(
        "in.wav is the recording itself", recording, tmp_path / "o.wav", residual=recording, overwrite=True
    )


def test_other_files_are_replaced_only_when_asked(tmp_path, recording):
    kept = tmp_path / "kept.wav"
    soundfile.write(kept, np.zeros(7), 8000)
    refused("kept.wav exists already: choose another name, or say --overwrite", recording, kept)
    refused("kept.wav exists already", recording, tmp_path / "o.wav", residual=kept)
    refused("given for two results", recording, tmp_path / "o.wav", residual=tmp_path / "o.wav")
    refused("is a folder: give a file name", recording, tmp_path)
    restore(recording, kept, engine=simple_engines.gain(), overwrite=True)
    assert open_audio(kept).frames == 20_000


def test_samples_that_are_no_numbers(tmp_path):
    path = tmp_path / "in.wav"
    sound = np.full((3000, 1), 0.25, np.float32)
    sound[[5, 9], 0] = np.nan, -np.inf
    soundfile.write(path, sound, 44_100, "FLOAT")
    refused(
        "in.wav has 2 samples that are no numbers (NaN or infinite): --sanitize", path, tmp_path / "o.wav"
    )
    told = restore(path, tmp_path / "o.wav", engine=simple_engines.gain(0.5), sanitize=True)
    expected = np.where(np.isfinite(sound), sound / 2, 0)
    assert np.array_equal(read_audio(tmp_path / "o.wav")[0], expected)
    assert any("zero was taken for 2 samples" in note for note in told.notes)


@pytest.mark.parametrize(("more", "said"), [
    ({"strength": 1.5}, "strength 1.5: from 0"), ({"strength": float("nan")}, "strength nan"),
    ({"start": -1}, "start -1 s"), ({"start": 2, "end": 1}, "end 1 s: later than the start"),
    ({"start": 30}, "in.wav has no samples from 30 s on"), ({"dither": "loud"}, "dither 'loud': auto"),
    ({"max_attenuation_db": -3}, "attenuation -3 dB"), ({"subtype": "PCM_99"}, "no subtype PCM_99: it has PCM_16"),
    ({"container": "xm"}, "format 'xm' can't be written: one of aif"),
])  # fmt: skip
def test_options_that_make_no_sense(tmp_path, recording, more, said):
    refused(said, recording, tmp_path / "o.wav", **more)


def test_mid_and_side_of_three_channels(tmp_path):
    path = tmp_path / "in.wav"
    soundfile.write(path, np.random.default_rng(0).uniform(-0.1, 0.1, (200, 3)), 44_100)
    refused(
        "mid and side are made of 2 channels, and there are 3", path, tmp_path / "o.wav", stereo="mid-side"
    )


def test_an_output_that_cannot_be_written(tmp_path, recording):
    refused("the suffix '.xyz' can't be written", recording, tmp_path / "o.xyz")
    refused("cannot write", recording, recording / "o.wav")


def test_no_space_is_seen_before_anything_is_read(tmp_path, recording, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: types.SimpleNamespace(free=1000))
    monkeypatch.setattr("hotpapers.denoise.restoring.scan", lambda *given, **more: pytest.fail("was read"))
    refused("no space for", recording, tmp_path / "o.wav")


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg"])
def test_a_damaged_end_leaves_the_good_part_beside(tmp_path, suffix):
    path = tmp_path / f"in.{suffix}"
    soundfile.write(path, np.random.default_rng(0).uniform(-0.1, 0.1, (200_000, 2)), 44_100)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(
        DenoiseError, match=rf"in\.{suffix} is damaged: good up to 0:0\d.* is restored as .*\.part"
    ):
        restore(path, tmp_path / f"o.{suffix}", engine=simple_engines.gain(0.5), residual=tmp_path / "r.wav")
    names = {each.name for each in tmp_path.iterdir()}
    assert names == {path.name, f"o.{suffix}.part", "r.wav.part"}
    (tmp_path / f"o.{suffix}.part").rename(tmp_path / f"good.{suffix}")
    good = read_audio(tmp_path / f"good.{suffix}")[0]
    assert 75_000 < len(good) < 105_000
    assert np.std(good) == pytest.approx(0.05 / 3**0.5, rel=0.2)


def test_an_engine_that_fails_leaves_nothing(tmp_path, recording):
    from hotpapers.denoise.engines import Engine

    class Broken:
        def push(self, block):
            raise RuntimeError("broken")

        def flush(self):
            return np.zeros((0, 2), np.float32)

    with pytest.raises(RuntimeError, match="broken"):
        restore(recording, tmp_path / "o.wav", engine=Engine(make_stage=lambda *a, **b: Broken()))
    assert [each.name for each in tmp_path.iterdir()] == ["in.wav"]


def test_engines_by_name():
    assert load_engine("denoise.simple_engines:gain", {"factor": 0.25}).sr == 44_100
    for name, options, said in [
        ("loud", {}, "no engine 'loud': one of"),
        ("denoise.simple_engines:absent", {}, "can't be loaded"),
        ("no_such_module:engine", {}, "can't be loaded"),
        ("denoise.simple_engines:gain", {"only": "hiss"}, "takes no option 'only'"),
        ("denoise.simple_engines:Gain", {"gain": 1}, "is a Gain, not an Engine"),
    ]:
        with pytest.raises(DenoiseError, match=said):
            load_engine(name, options)


def test_times():
    assert [parse_time(text) for text in ("83.5", "1:23.5", "0:01:23.5", "7")] == [83.5, 83.5, 83.5, 7]
    for text in ("", "1:2:3:4", "-3", "1m"):
        with pytest.raises(DenoiseError, match="is no time"):
            parse_time(text)
