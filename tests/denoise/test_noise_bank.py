"""Banks of mined noise on disk: what they hold, how they are split, what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from hotpapers.common.errors import InputError
from hotpapers.denoise import mining
from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.mining import extract_noise
from hotpapers.denoise.noise_bank import audio_files, build_noise_bank, mine_file, read_bank, split_of

SR = 16_000


@pytest.fixture
def recordings(tmp_path):
    """Three recordings in a tree, each with 1.0 s of noise at its own place."""
    folder = tmp_path / "old"
    for i, name in enumerate(("a.flac", "b.wav", "side/c.flac")):
        rng = np.random.default_rng(i)
        x = 0.1 * rng.standard_normal((12 * SR, 2))
        x[(3 + i) * SR : (4 + i) * SR] *= 0.02
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / name, x, SR, subtype="PCM_24" if name.endswith("flac") else "FLOAT")
    (folder / "notes.txt").write_text("no audio")
    return folder


def test_a_bank_holds_every_segment_with_its_origin(recordings, tmp_path):
    out = tmp_path / "bank"
    told = dict(build_noise_bank(recordings, out, margin_db=2))
    entries = read_bank(out)
    assert sum(map(len, told.values())) == len(entries) == 3
    for entry, start in zip(entries, (3.0, 4.0, 5.0), strict=True):
        assert entry.start == pytest.approx(start, abs=1e-3)
        assert entry.seconds == pytest.approx(0.9, abs=2e-3)
        assert entry.split == split_of(entry.source)
        assert entry.file.startswith(f"{entry.split}/")
        x, sr = soundfile.read(out / entry.file)
        assert (sr, x.shape[1], len(x)) == (SR, 2, round(entry.seconds * SR))
        assert 20 * np.log10(np.sqrt(np.mean(x**2))) == pytest.approx(entry.rms_db, abs=0.01)
        assert np.isnan(entry.period)
    assert [entry.source for entry in entries] == ["a.flac", "b.wav", "side/c.flac"]


def test_a_file_gives_what_its_samples_give(recordings, monkeypatch):
    monkeypatch.setattr(mining, "_BLOCK", 10_007)
    x, sr = soundfile.read(recordings / "b.wav", dtype="float32")
    expected = extract_noise(x, sr, q=0.06)
    found = mine_file(recordings / "b.wav", q=0.06)
    assert len(found) == len(expected) >= 1
    for one, other in zip(found, expected, strict=True):
        assert one.start == other.start
        np.testing.assert_array_equal(one.samples, other.samples)


def test_the_split_is_by_recording_and_about_eight_to_one_to_one():
    splits = [split_of(f"recording {i}.flac") for i in range(3000)]
    shares = [splits.count(name) / 3000 for name in ("train", "validation", "test")]
    assert shares == pytest.approx([0.8, 0.1, 0.1], abs=0.03)  # four standard deviations
    assert split_of("recording 7.flac") == splits[7]


def test_a_bank_is_replaced_and_nothing_else_is(recordings, tmp_path):
    out = tmp_path / "bank"
    list(build_noise_bank(recordings, out, margin_db=2))
    list(build_noise_bank(recordings / "a.flac", out, margin_db=2))
    assert len(read_bank(out)) == 1
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "diary.txt").write_text("keep")
    with pytest.raises(DenoiseError, match="holds something that is no noise bank"):
        list(build_noise_bank(recordings, tmp_path / "mine"))
    assert (tmp_path / "mine" / "diary.txt").read_text() == "keep"


def test_a_recording_that_cannot_be_mined_is_named(recordings, tmp_path):
    (recordings / "broken.flac").write_bytes(b"fLaC and then nothing")
    soundfile.write(recordings / "short.wav", np.zeros(100), SR)
    refused = {}
    list(build_noise_bank(recordings, tmp_path / "bank", refused=refused, margin_db=2))
    assert {path.name for path in refused} == {"broken.flac", "short.wav"}
    assert "too short to mine" in refused[recordings / "short.wav"]
    assert len(read_bank(tmp_path / "bank")) == 3
    with pytest.raises(InputError, match=r"broken\.flac is no sound file"):
        list(build_noise_bank(recordings, tmp_path / "other"))
    assert not (tmp_path / "other").exists()


def test_where_there_is_nothing_to_mine_it_says_so(tmp_path):
    with pytest.raises(DenoiseError, match="holds no audio files"):
        audio_files(tmp_path)
    with pytest.raises(DenoiseError, match="does not exist"):
        audio_files(tmp_path / "nowhere")
    with pytest.raises(DenoiseError, match="is no noise bank"):
        read_bank(tmp_path)
