"""Tags: what was said of a recording is said of its copy, in whatever format that is."""

from __future__ import annotations

import shutil
import struct
import subprocess

import numpy as np
import pytest
import soundfile
from mutagen import id3
from mutagen.flac import FLAC, Picture
from mutagen.mp3 import MP3

from hotpapers.media.audio import AudioWriter, Encoding, Tags, open_audio, read_tags, write_tags

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(200))
FIELDS = {
    "title": ("Ständchen",), "artist": ("Lotte Lehmann", "Erno Balogh"), "album": ("Odeon O-4811",),
    "date": ("1927",), "tracknumber": ("3",), "comment": ("side A; worn",), "matrix": ("xxB 7856",),
}  # fmt: skip
NAMES = ["a.flac", "a.mp3", "a.ogg", "a.opus", "a.wav", "a.rf64", "a.aiff"]


def picture():
    cover = Picture()
    cover.type, cover.mime, cover.desc, cover.data = 3, "image/png", "label", PNG
    return cover


def tagged(path, frames=4800):
    with AudioWriter(path, rate=48_000, channels=1) as writer:
        writer.write(np.full((frames, 1), 0.1, np.float32))
    write_tags(path, Tags(fields=FIELDS, pictures=(picture(),)), writer.encoding)
    return path


@pytest.mark.parametrize("target", NAMES)
@pytest.mark.parametrize("source", NAMES)
def test_fields_and_pictures_go_from_any_format_to_any(tmp_path, source, target):
    original = tagged(tmp_path / f"source_{source}")
    assert dict(read_tags(original).fields) == FIELDS
    path = tmp_path / target
    reader = open_audio(original)
    with AudioWriter(path, rate=48_000, channels=1, tags_from=original) as writer:
        for block in reader.blocks():
            writer.write(block)
    found = read_tags(path)
    assert {name: found.fields.get(name) for name in FIELDS} == FIELDS
    assert [(p.type, p.mime, p.desc, p.data) for p in found.pictures] == [(3, "image/png", "label", PNG)]
    got = np.concatenate(list(open_audio(path).blocks()))
    assert got.shape == (4800, 1)


def test_an_id3_tag_is_copied_with_all_its_frames(tmp_path):
    path = tagged(tmp_path / "a.mp3")
    tag = MP3(path)
    tag.tags.add(id3.USLT(encoding=3, lang="deu", desc="", text="Leise flehen meine Lieder"))
    tag.tags.add(id3.PRIV(owner="x", data=b"\1\2"))
    tag.save()
    with AudioWriter(tmp_path / "b.mp3", like=open_audio(path), tags_from=path) as writer:
        writer.write(np.zeros((4800, 1), np.float32))
    copied = MP3(tmp_path / "b.mp3").tags
    assert sorted(copied) == sorted(MP3(path).tags)
    assert copied["USLT::deu"].text == "Leise flehen meine Lieder"


def chunk(name, content):
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def test_a_broadcast_wave_keeps_its_chunks_and_its_channel_mask(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, np.zeros((1000, 6)), 48_000, "PCM_24", format="WAVEX")
    info = chunk(b"LIST", b"INFO" + chunk(b"INAM", b"Dompfaff\0") + chunk(b"ISFT", b"ADC 9\0"))
    notes = chunk(b"bext", b"Reel 7".ljust(602, b"\0")) + info + chunk(b"iXML", b"<BWFXML/>")
    places = chunk(b"cue ", struct.pack("<I", 0))
    content = bytearray(path.read_bytes() + notes + places)
    content[4:8] = struct.pack("<I", len(content) - 8)
    mask_at = content.index(b"fmt ") + 8 + 20
    content[mask_at : mask_at + 4] = struct.pack("<I", 0x60F)  # side instead of back loudspeakers
    path.write_bytes(bytes(content))

    reader = open_audio(path)
    assert reader.tags.fields["title"] == ("Dompfaff",)
    for whole in (True, False):
        copy = tmp_path / f"{whole}.wav"
        with AudioWriter(copy, like=reader, tags_from=path, whole=whole) as writer:
            writer.write(np.zeros((1000, 6), np.float32))
        written = copy.read_bytes()
        assert notes in written
        assert (places in written) is whole
        assert written[mask_at : mask_at + 4] == struct.pack("<I", 0x60F)
        assert struct.unpack("<I", written[4:8])[0] == len(written) - 8
        assert open_audio(copy).frames == 1000


def test_aiff_text_is_read_and_kept(tmp_path):
    path = tmp_path / "a.aiff"
    soundfile.write(path, np.zeros((999, 1)), 48_000, "PCM_24", format="AIFF")
    name = b"NAME" + struct.pack(">I", 5) + b"Walze\0"
    content = bytearray(path.read_bytes())
    content += b"\0" * (len(content) % 2) + name
    content[4:8] = struct.pack(">I", len(content) - 8)
    path.write_bytes(bytes(content))
    assert read_tags(path).fields == {"title": ("Walze",)}
    with AudioWriter(tmp_path / "b.aiff", like=open_audio(path), tags_from=path) as writer:
        writer.write(np.zeros((999, 1), np.float32))
    assert read_tags(tmp_path / "b.aiff").fields == {"title": ("Walze",)}
    assert open_audio(tmp_path / "b.aiff").frames == 999


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg")
@pytest.mark.parametrize("name", ["a.m4a", "a.wma", "a.mkv"])
def test_tags_of_other_containers_are_read(tmp_path, name):
    source = tagged(tmp_path / "s.flac")
    subprocess.run(["ffmpeg", "-v", "error", "-i", source, "-map", "0:a", tmp_path / name], check=True)
    found = open_audio(tmp_path / name).tags.fields
    assert (found["title"], found["album"]) == (("Ständchen",), ("Odeon O-4811",))


def test_a_file_without_tags_has_none_and_broken_tags_harm_nothing(tmp_path):
    soundfile.write(tmp_path / "a.flac", np.zeros((10, 1)), 8000)
    assert not read_tags(tmp_path / "a.flac")
    assert not FLAC(tmp_path / "a.flac").tags
    (tmp_path / "b.flac").write_bytes(b"fLaC" + bytes(50))
    assert not read_tags(tmp_path / "b.flac")
    write_tags(tmp_path / "a.flac", Tags(), Encoding.of("FLAC", "PCM_16"))
    assert not FLAC(tmp_path / "a.flac").tags
