"""Writing: whole or not at all, the same numbers, dither that is noise and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from hotpapers.common.errors import FailureError
from hotpapers.media.audio import (
    AudioError,
    AudioWriter,
    Encoding,
    Quantizer,
    choose_encoding,
    open_audio,
    read_audio,
    write_audio,
)

LOSSLESS = ["wav", "w64", "rf64", "aiff", "flac"]
RATES = [8000, 11_025, 16_000, 22_050, 44_056, 44_100, 48_000, 88_200, 96_000, 192_000]


@settings(max_examples=60, deadline=None)
@given(
    suffix=st.sampled_from(LOSSLESS),
    rate=st.sampled_from(RATES),
    channels=st.integers(1, 8),
    frames=st.integers(1, 20_000),
    bits=st.sampled_from([16, 24]),
    cut=st.integers(1, 20_000),
)
def test_exact_numbers_survive_at_any_rate_and_channel_count(
    tmp_path_factory, suffix, rate, channels, frames, bits, cut
):
    folder = tmp_path_factory.mktemp("exact")
    numbers = np.random.default_rng(frames).integers(-(2 ** (bits - 1)), 2 ** (bits - 1), (frames, channels))
    numbers = numbers.astype(np.int32)
    path = folder / f"a.{suffix}"
    encoding = choose_encoding(path, rate=rate, channels=channels, subtype=f"PCM_{bits}")
    with AudioWriter(path, rate=rate, channels=channels, encoding=encoding) as writer:
        for start in range(0, frames, cut):
            writer.write_exact(numbers[start : start + cut])
    reader = open_audio(path)
    assert (reader.rate, reader.channels, reader.frames, reader.encoding) == (
        rate,
        channels,
        frames,
        encoding,
    )
    assert np.array_equal(np.concatenate(list(reader.blocks(exact=True))), numbers)
    copy = folder / f"b.{suffix}"
    with AudioWriter(copy, like=reader) as writer:
        for block in reader.blocks(cut):
            writer.write(block)  # float32 holds 24 bits
    again = open_audio(copy)
    assert again.encoding == encoding
    assert np.array_equal(np.concatenate(list(again.blocks(exact=True))), numbers)


@pytest.mark.parametrize("name", ["a.ogg", "a.opus", "a.mp3"])
def test_lossy_formats_keep_length_and_sound(tmp_path, tones, name):
    sound = tones(30_001, 2, 48_000)
    write_audio(tmp_path / name, sound, 48_000)
    reader = open_audio(tmp_path / name)
    got = np.concatenate(list(reader.blocks()))
    assert got.shape == sound.shape
    middle = slice(3000, 27_000)
    error = got[middle] - sound[middle]
    assert 10 * np.log10(np.mean(sound[middle] ** 2) / np.mean(error**2)) > 15
    assert reader.encoding.subtype == {"a.ogg": "VORBIS", "a.opus": "OPUS", "a.mp3": "MPEG_LAYER_III"}[name]


def test_eight_long_vorbis_channels_are_written_in_one_go(tmp_path, tones):
    write_audio(tmp_path / "a.ogg", tones(300_000, 8), 44_100)
    assert open_audio(tmp_path / "a.ogg").frames == 300_000


def test_a_failed_write_leaves_nothing(tmp_path, tones):
    path = tmp_path / "a.wav"
    with pytest.raises(ZeroDivisionError), AudioWriter(path, rate=8000, channels=2) as writer:
        writer.write(tones(100))
        assert not path.exists()
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_a_failure_in_one_line(tmp_path, tones, monkeypatch):
    path = tmp_path / "a.wav"

    def refuse(*given):
        raise soundfile.LibsndfileError(2)

    with (
        pytest.raises(FailureError, match=r"cannot write .*a\.wav"),
        AudioWriter(path, rate=8000, channels=2) as writer,
    ):
        monkeypatch.setattr(writer._stream, "write", refuse)
        writer.write(tones(100))
    assert list(tmp_path.iterdir()) == []


def test_an_existing_file_is_not_replaced_unasked(tmp_path, tones):
    path = tmp_path / "a.wav"
    write_audio(path, tones(10), 8000)
    with pytest.raises(AudioError, match=r"a\.wav exists already"):
        write_audio(path, tones(20), 8000)
    write_audio(path, tones(20), 8000, overwrite=True)
    assert open_audio(path).frames == 20


@pytest.mark.parametrize(("name", "rate", "channels", "subtype", "said"), [
    ("a.xyz", 8000, 1, "keep", "the suffix '.xyz' can't be written: one of aif, aifc"),
    ("a.m4a", 8000, 1, "keep", "suffix '.m4a'"),
    ("a.flac", 8000, 1, "FLOAT", "FLAC has no subtype FLOAT: it has PCM_S8, PCM_16, PCM_24"),
    ("a.opus", 44_100, 1, "keep", "Opus can't hold 44100 Hz"),
    ("a.mp3", 96_000, 1, "keep", "MP3 can't hold 96000 Hz"),
    ("a.mp3", 44_100, 3, "keep", "at most 2 channels, not 3"),
])  # fmt: skip
def test_what_a_format_cannot_hold_is_said(tmp_path, name, rate, channels, subtype, said):
    with pytest.raises(AudioError) as raised:
        choose_encoding(tmp_path / name, rate=rate, channels=channels, subtype=subtype)
    assert said in str(raised.value)


@pytest.mark.parametrize(("like", "name", "expected"), [
    (("WAV", "FLOAT"), "a.wav", ("WAV", "FLOAT")),
    (("WAV", "FLOAT"), "a.flac", ("FLAC", "PCM_24")),
    (("WAV", "PCM_32"), "a.flac", ("FLAC", "PCM_24")),
    (("WAV", "PCM_U8"), "a.flac", ("FLAC", "PCM_S8")),
    (("FLAC", "PCM_16"), "a.wav", ("WAV", "PCM_16")),
    (("MP3", "MPEG_LAYER_III"), "a.flac", ("FLAC", "PCM_24")),
    (("MP3", "MPEG_LAYER_III"), "a.wav", ("WAV", "PCM_24")),
    (("WAVEX", "PCM_24"), "a.wav", ("WAVEX", "PCM_24")),
    (("RF64", "PCM_24"), "a.wav", ("RF64", "PCM_24")),
    (("WAV", "IMA_ADPCM"), "a.wav", ("WAV", "PCM_16")),
    (("WAV", "ULAW"), "a.wav", ("WAV", "ULAW")),
    (("OGG", "OPUS"), "a.ogg", ("OGG", "OPUS")),
    (("OGG", "VORBIS"), "a.mp3", ("MP3", "MPEG_LAYER_III")),
])  # fmt: skip
def test_the_encoding_is_kept_as_far_as_the_container_can(tmp_path, like, name, expected):
    chosen = choose_encoding(tmp_path / name, rate=48_000, channels=2, like=Encoding.of(*like))
    assert (chosen.format, chosen.subtype) == expected


def test_more_than_four_gibibytes_become_rf64(tmp_path):
    def of(frames):
        return choose_encoding(
            tmp_path / "a.wav", rate=96_000, channels=2, subtype="PCM_24", frames=frames
        ).format

    assert (of(3600 * 96_000), of(3 * 3600 * 96_000)) == ("WAV", "RF64")


def test_rounding_clips_and_counts(tmp_path):
    quantizer = Quantizer(16, 1)
    got = quantizer(np.array([[1.0], [-1.0], [0.5 / 32768], [1.5 / 32768], [-1.1], [0.99999]]))
    assert got[:, 0].tolist() == [32767, -32768, 0, 2, -32768, 32767]
    assert quantizer.clipped == 3


def test_dither_does_not_depend_on_the_cuts_and_spares_silence():
    block = np.random.default_rng(0).uniform(-0.5, 0.5, (3000, 3))
    block[1000:2000] = 0
    whole = Quantizer(16, 3, dither=True, seed=5)(block)
    cut = Quantizer(16, 3, dither=True, seed=5)
    pieces = np.concatenate([cut(block[:1]), cut(block[1:1500]), cut(block[1500:])])
    assert np.array_equal(whole, pieces)
    assert not whole[1000:2000].any()
    assert not np.array_equal(whole, Quantizer(16, 3, dither=True, seed=6)(block))


def test_dither_makes_the_error_independent_of_the_sound():
    # A sine of 0.4 steps rounds to silence; with TPDF its mean is the sine and the error's variance is
    # a quarter of a step squared wherever the sine stands (1/12 of rounding and 2/12 of dither).
    sine = 0.4 * np.sin(2 * np.pi * (np.arange(100) + 0.5) / 100)
    repeated = np.tile(sine, 4000)[:, None] / 32768
    assert not Quantizer(16, 1)(repeated).any()
    got = Quantizer(16, 1, dither=True, seed=0)(repeated).reshape(4000, 100)
    # 4000 draws of deviation 0.5: five standard errors are 0.04.
    assert np.abs(got.mean(axis=0) - sine).max() < 0.04
    assert np.abs(got.var(axis=0) - 0.25).max() < 0.04


def test_channels_that_share_their_dither_stay_equal():
    block = np.repeat(np.random.default_rng(0).uniform(-0.5, 0.5, (500, 1)), 2, axis=1)
    got = Quantizer(16, 2, dither=True, same_as=(0, 0))(block)
    assert np.array_equal(got[:, 0], got[:, 1])
    apart = Quantizer(16, 2, dither=True)(block)
    assert not np.array_equal(apart[:, 0], apart[:, 1])


@pytest.mark.parametrize("name", ["a.ogg", "a.opus", "a.mp3", "a.flac", "a.wav"])
def test_the_same_sound_gives_the_same_bytes(tmp_path, tones, name):
    def content(folder):
        write_audio(tmp_path / folder / name, tones(100_000, 2, 48_000), 48_000)
        return (tmp_path / folder / name).read_bytes()

    assert content("one") == content("two")
    assert read_audio(tmp_path / "one" / name)[0].shape == (100_000, 2)


@pytest.mark.parametrize("name", ["a.wav", "a.aiff"])
def test_the_peak_chunk_tells_no_time(tmp_path, tones, name):
    write_audio(tmp_path / name, tones(1000), 48_000, subtype="FLOAT")
    content = (tmp_path / name).read_bytes()
    at = content.index(b"PEAK") + 8
    assert content[at + 4 : at + 8] == bytes(4)
    assert content[at : at + 4] != bytes(4)


def test_the_pages_of_an_ogg_have_the_right_checksums(tmp_path, tones):
    from mutagen.ogg import OggPage

    write_audio(tmp_path / "a.ogg", tones(100_000), 44_100)
    with (tmp_path / "a.ogg").open("rb") as stream:
        pages = 0
        while True:
            start = stream.tell()
            try:
                page = OggPage(stream)
            except EOFError:
                break
            end = stream.tell()
            stream.seek(start)
            assert page.serial == 1
            assert stream.read(end - start) == page.write()  # mutagen computes the checksum anew
            pages += 1
    assert pages > 3
