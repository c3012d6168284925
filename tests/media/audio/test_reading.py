"""Reading: every sample, at any block size, and what is wrong with a file said in a line."""

from __future__ import annotations

import shutil
import subprocess

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from hotpapers.media.audio import AudioError, DamagedAudioError, open_audio, read_audio, scan

EXACT = [
    ("wav", "PCM_U8"), ("wav", "PCM_16"), ("wav", "PCM_24"), ("wav", "PCM_32"), ("wav", "FLOAT"),
    ("wav", "DOUBLE"), ("w64", "PCM_24"), ("rf64", "PCM_16"), ("aiff", "PCM_S8"), ("aiff", "PCM_24"),
    ("flac", "PCM_16"), ("flac", "PCM_24"), ("wav", "ULAW"),
]  # fmt: skip
needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg")


def write(path, samples, rate=44_100, subtype=None, container=None):
    container = container or path.suffix[1:].upper()
    soundfile.write(path, samples, rate, subtype, format=container)
    return path


@pytest.mark.parametrize(("suffix", "subtype"), EXACT)
def test_exact_blocks_are_the_files_own_numbers(tmp_path, suffix, subtype):
    random = np.random.default_rng(3)
    path = tmp_path / f"a.{suffix}"
    if subtype in {"FLOAT", "DOUBLE"}:
        numbers = random.standard_normal((5000, 3)) * 2
        write(path, numbers, subtype=subtype)
        expected = numbers.astype(np.float32 if subtype == "FLOAT" else np.float64)
    else:
        bits = {"PCM_U8": 8, "PCM_S8": 8, "PCM_24": 24, "PCM_32": 32}.get(subtype, 16)
        expected = random.integers(-(2 ** (bits - 1)), 2 ** (bits - 1), (5000, 3))
        write(path, (expected << (32 - bits)).astype(np.int32), subtype=subtype)
        if subtype == "ULAW":
            expected = soundfile.read(path, dtype="int16")[0]
    reader = open_audio(path)
    blocks = list(reader.blocks(777, exact=True))
    assert [len(block) for block in blocks] == [777] * 6 + [5000 - 6 * 777]
    assert np.array_equal(np.concatenate(blocks), expected)
    in_floats = np.concatenate(list(reader.blocks()))
    assert in_floats.dtype == np.float32
    assert np.array_equal(in_floats, (expected / reader.encoding.scale).astype(np.float32))


@settings(max_examples=40, deadline=None)
@given(
    frames=st.integers(1, 9000),
    size=st.integers(1, 9000),
    start=st.integers(0, 9000),
    more=st.integers(0, 9000),
)
def test_any_part_in_any_blocks(tmp_path_factory, frames, size, start, more):
    path = tmp_path_factory.mktemp("parts") / "a.flac"
    whole = np.random.default_rng(frames).integers(-32768, 32768, (frames, 2)).astype(np.int16)
    soundfile.write(path, whole, 48_000)
    blocks = list(open_audio(path).blocks(size, start=start, stop=start + more, exact=True))
    got = np.concatenate(blocks) if blocks else whole[:0]
    assert np.array_equal(got, whole[start : start + more])
    assert all(len(block) == size for block in blocks[:-1])


@pytest.mark.parametrize(("suffix", "subtype"), [
    ("ogg", "VORBIS"), ("opus", "OPUS"), ("mp3", None), ("wav", "MS_ADPCM"),
])  # fmt: skip
def test_a_part_of_a_lossy_file_is_that_part_of_the_whole(tmp_path, suffix, subtype):
    random = np.random.default_rng(0)
    container = "OGG" if suffix == "opus" else None
    path = write(
        tmp_path / f"a.{suffix}", random.standard_normal((150_000, 2)) * 0.1, 48_000, subtype, container
    )
    whole, _ = read_audio(path)
    for start in (1, 5000, 77_777, 149_990):
        part = np.concatenate(list(open_audio(path).blocks(start=start, stop=start + 3000)))
        assert np.array_equal(part, whole[start : start + 3000])


@needs_ffmpeg
@pytest.mark.parametrize("options", [["-q:a", "2"], ["-b:a", "128k"]])
def test_an_mp3_without_a_length_is_read_to_its_end(tmp_path, tones, options):
    # libsndfile guesses 58 921 frames for the first one and stops there.
    random = np.random.default_rng(0)
    wav = write(tmp_path / "a.wav", random.standard_normal((100_000, 2)) * 0.1, 48_000)
    path = tmp_path / "a.mp3"
    subprocess.run(["ffmpeg", "-v", "error", "-i", wav, *options, "-write_xing", "0", path], check=True)
    reader = open_audio(path)
    assert reader.frames is None
    decoded, rate = read_audio(path)
    assert len(decoded) == -(-(100_000 + 1105) // 1152) * 1152 == 101_376
    assert rate == 48_000
    late = np.concatenate(list(reader.blocks(start=70_000, stop=90_000)))
    assert np.array_equal(late, decoded[70_000:90_000])


def test_an_mp3_with_a_length_has_the_length_that_was_encoded(tmp_path, tones):
    path = write(tmp_path / "a.mp3", tones(50_001))
    assert read_audio(path)[0].shape == (50_001, 2)


@needs_ffmpeg
def test_a_flac_that_does_not_know_its_length(tmp_path, tones):
    wav = write(tmp_path / "a.wav", tones(30_000))
    path = tmp_path / "a.flac"
    with path.open("wb") as sink:
        done = subprocess.run(
            ["ffmpeg", "-v", "error", "-i", wav, "-f", "flac", "-"], stdout=subprocess.PIPE, check=True
        )
        sink.write(done.stdout)
    assert open_audio(path).frames is None
    assert np.array_equal(read_audio(path)[0], read_audio(wav)[0])


@needs_ffmpeg
@pytest.mark.parametrize(("name", "codec", "exact"), [
    ("a.m4a", "alac", True), ("a.mkv", "flac", True), ("a.wv", "wavpack", True), ("a.m4a", "aac", False),
    ("a.wma", "wmav2", False),
])  # fmt: skip
def test_other_containers_come_through_ffmpeg(tmp_path, tones, name, codec, exact):
    wav = write(tmp_path / "b.wav", tones(44_100))
    path = tmp_path / name
    subprocess.run(["ffmpeg", "-v", "error", "-i", wav, "-c:a", codec, path], check=True)
    reader = open_audio(path)
    assert (reader.rate, reader.channels, reader.encoding.lossy) == (44_100, 2, not exact)
    original = np.concatenate(list(open_audio(wav).blocks(exact=exact)))
    got = np.concatenate(list(reader.blocks(1000, exact=exact)))
    if exact:
        assert np.array_equal(got, original)
        assert np.array_equal(
            np.concatenate(list(reader.blocks(start=3, stop=40_000, exact=True))), original[3:40_000]
        )
    else:
        assert abs(len(got) - len(original)) < 2100
        assert 0.8 < np.abs(got[5000:40_000]).max() / np.abs(original[5000:40_000]).max() < 1.2


def test_without_ffmpeg_the_error_says_so(tmp_path, monkeypatch):
    (tmp_path / "a.m4a").write_bytes(b"\0\0\0\x20ftypM4A " + bytes(100))
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(AudioError, match=r"a\.m4a: \.m4a files are read by ffmpeg, which is not installed"):
        open_audio(tmp_path / "a.m4a")


def test_what_is_no_sound_is_refused(tmp_path):
    (tmp_path / "text.wav").write_text("no sound\n" * 50)
    (tmp_path / "none.wav").write_bytes(b"")
    (tmp_path / "x.raw").write_bytes(bytes(3000))
    soundfile.write(tmp_path / "no_samples.wav", np.zeros((0, 2)), 8000)
    soundfile.write(tmp_path / "slow.wav", np.zeros((10, 2)), 7999)
    soundfile.write(tmp_path / "fast.wav", np.zeros((10, 2)), 192_001)
    soundfile.write(tmp_path / "many.wav", np.zeros((10, 9)), 8000)
    for name, said in [
        ("text.wav", "no sound file"),
        ("none.wav", "empty: it has no bytes"),
        ("x.raw", "no sound file"),
        ("no_samples.wav", "no samples"),
        ("slow.wav", "7999 Hz: from 8000 to 192000"),
        ("fast.wav", "192001 Hz"),
        ("many.wav", "9 channels: at most 8"),
        ("absent.wav", "No such file"),
        ("", "is a folder"),
    ]:
        with pytest.raises(AudioError, match=said) as raised:
            open_audio(tmp_path / name)
        assert "\n" not in str(raised.value)


@pytest.mark.parametrize(("suffix", "subtype"), [
    ("wav", "PCM_16"), ("wav", "FLOAT"), ("aiff", "PCM_24"), ("w64", "PCM_16"), ("rf64", "PCM_16"),
    ("flac", "PCM_16"), ("ogg", "VORBIS"), ("mp3", None),
])  # fmt: skip
def test_a_missing_end_is_noticed_and_the_good_part_given(tmp_path, capfd, suffix, subtype):
    random = np.random.default_rng(0)
    path = write(tmp_path / f"a.{suffix}", random.standard_normal((200_000, 2)) * 0.1, 44_100, subtype)
    whole, _ = read_audio(path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    got = []
    with pytest.raises(DamagedAudioError, match=r"is damaged: good up to 0:0[12]") as raised:
        got.extend(open_audio(path).blocks(1000))
    good = np.concatenate(got)
    assert len(good) == raised.value.good_frames
    assert 75_000 < len(good) < 105_000
    assert np.array_equal(good[:70_000], whole[:70_000])
    assert scan(open_audio(path)).damage is not None
    assert capfd.readouterr().err == ""


def test_garbage_in_an_mp3_prints_nothing_of_its_own(tmp_path, capfd, tones):
    path = write(tmp_path / "a.mp3", tones(200_000))
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 8000] = np.random.default_rng(1).bytes(8000)
    path.write_bytes(bytes(content))
    try:
        for _ in open_audio(path).blocks():
            pass
    except DamagedAudioError:
        pass
    assert capfd.readouterr().err == ""


@needs_ffmpeg
def test_a_wav_that_came_through_a_pipe_is_whole(tmp_path, tones):
    wav = write(tmp_path / "a.wav", tones(30_000))
    piped = tmp_path / "b.wav"
    piped.write_bytes(
        subprocess.run(
            ["ffmpeg", "-v", "error", "-i", wav, "-f", "wav", "-"], stdout=subprocess.PIPE, check=True
        ).stdout
    )
    assert np.array_equal(read_audio(piped)[0], read_audio(wav)[0])


def test_a_scan_tells_silence_copies_clipping_and_what_is_no_number(tmp_path):
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, (200_000, 4)).astype(np.float32)
    samples[:, 1] = 0
    samples[:, 3] = samples[:, 0]
    samples[65_534:65_540, 2] = 1.0  # over the border between two blocks
    samples[100:102, 2] = -1.0  # two: loud, not clipped
    samples[500:503, 2] = -1.0
    samples[7, 2], samples[8, 2] = np.nan, np.inf
    path = write(tmp_path / "a.wav", samples, subtype="FLOAT")
    found = scan(open_audio(path))
    assert (found.frames, found.non_finite, found.clipped_runs) == (200_000, 2, 2)
    assert found.same_as == (0, 1, 2, 0)
    assert found.peak[1] == 0
    assert found.peak[2] == 1
    assert found.sounding == (0, 2)
    assert not found.is_silent
    assert scan(open_audio(write(tmp_path / "b.wav", np.zeros((10, 2))))).is_silent
