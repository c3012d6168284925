"""Title, artist, pictures and the like: read from one sound file, written to another."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mutagen import MutagenError
from mutagen.aiff import AIFF
from mutagen.flac import FLAC, Picture
from mutagen.id3 import ID3
from mutagen.mp3 import MP3
from mutagen.mp4 import MP4
from mutagen.oggopus import OggOpus
from mutagen.oggvorbis import OggVorbis

from hotpapers.media.audio.chunks import Chunk, append_chunks, chunks_of, keep_channel_mask
from hotpapers.media.audio.formats import Encoding
from hotpapers.media.audio.id3_frames import fields_of, id3_of, pictures_of
from hotpapers.media.audio.info_chunks import fields_of_info, info_chunk, text_fields

__all__ = ["Tags", "copy_tags", "read_tags", "write_tags"]

# Written anew for every file: format, samples, padding, and peaks that would no longer be true.
_SAMPLES = frozenset(
    {
        b"fmt ",
        b"data",
        b"fact",
        b"PEAK",
        b"JUNK",
        b"junk",
        b"PAD ",
        b"FLLR",
        b"ds64",
        b"COMM",
        b"SSND",
        b"FVER",
    }
    | {b"levl"}
)
# These point to places in the samples.
_PLACES = frozenset({b"cue ", b"smpl", b"plst", b"MARK", b"INST", b"labl", b"adtl"})
_RIFF = {"WAV", "WAVEX", "RF64"}
_ID3_CHUNKS = {b"id3 ", b"ID3 "}


@dataclass(frozen=True, kw_only=True)
class Tags:
    """What a file says about its sound.

    Parameters
    ----------
    fields
        Names in lower case as in Vorbis comments (``"title"``, ``"artist"``, ``"date"``) -> values.
    pictures
        Covers and the like.
    id3
        The ID3 tag they come from, which may hold more; None where they come from something else.
    """

    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    pictures: tuple[Picture, ...] = ()
    id3: ID3 | None = None

    def __bool__(self) -> bool:
        return bool(self.fields or self.pictures or self.id3)


def read_tags(path: Path) -> Tags:
    """The tags of a sound file; empty where it has none that can be read."""
    with suppress(MutagenError, ValueError, KeyError):
        return _read(path, _head(path))
    return Tags()


def _read(path: Path, head: bytes) -> Tags:
    if head[:4] in {b"RIFF", b"RF64", b"FORM"}:
        return _of_chunks(path)
    if head[:4] == b"fLaC":
        flac = FLAC(path)
        return Tags(fields=_comments(flac.tags), pictures=tuple(flac.pictures))
    if head[:4] == b"OggS":
        return _of_ogg((OggOpus if b"OpusHead" in head else OggVorbis)(path).tags)
    if head[4:8] == b"ftyp":
        return _of_mp4(path)
    if head[:3] == b"ID3" or head[:1] == b"\xff":
        return _of_id3(MP3(path).tags)
    return _of_ffmpeg(path)


def _head(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(64)


def _comments(comments: Any) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name, value in comments or ():
        if name.lower() == "encoder":  # of the file, not of the sound
            continue
        found[name.lower()] = (*found.get(name.lower(), ()), value)
    return found


def _of_ogg(tags: Any) -> Tags:
    comments = _comments(tags)
    encoded = comments.pop("metadata_block_picture", ())
    return Tags(fields=comments, pictures=tuple(Picture(base64.b64decode(each)) for each in encoded))


def _of_id3(id3: ID3 | None) -> Tags:
    if not id3:
        return Tags()
    return Tags(fields=fields_of(id3), pictures=pictures_of(id3), id3=id3)


def _of_chunks(path: Path) -> Tags:
    """WAV and AIFF: an ID3 tag, and under it the text chunks of the format itself."""
    chunks = chunks_of(path, leave_out=_SAMPLES)
    own = text_fields(chunks)
    for chunk in chunks:
        if chunk.name == b"LIST":
            own |= fields_of_info(chunk.content)
    tags = Tags()
    for chunk in chunks:
        if chunk.name in _ID3_CHUNKS:
            tags = _of_id3(ID3(io.BytesIO(chunk.content)))
    return Tags(fields={**own, **tags.fields}, pictures=tags.pictures, id3=tags.id3)


def _of_mp4(path: Path) -> Tags:
    pictures = []
    for cover in (MP4(path).tags or {}).get("covr", ()):
        picture = Picture()
        picture.type, picture.data = 3, bytes(cover)
        picture.mime = "image/png" if cover.imageformat == cover.FORMAT_PNG else "image/jpeg"
        pictures.append(picture)
    return Tags(fields=_of_ffmpeg(path).fields, pictures=tuple(pictures))


def _of_ffmpeg(path: Path) -> Tags:
    """What ffprobe tells of other containers."""
    from hotpapers.media.audio.ffmpeg import tags_of

    return Tags(fields={name: (value,) for name, value in tags_of(path).items()})


def write_tags(path: Path, tags: Tags, encoding: Encoding) -> None:
    """Put tags and pictures into a file that has none yet; W64 has no place for them.

    Parameters
    ----------
    path
        The file, whatever its name.
    tags
        What to write.
    encoding
        Of the file.
    """
    if not tags:
        return
    if encoding.format == "FLAC":
        flac = FLAC(path)
        _set_comments(flac, tags)
        for picture in tags.pictures:
            flac.add_picture(picture)
        flac.save()
    elif encoding.format == "OGG":
        ogg = (OggOpus if encoding.subtype == "OPUS" else OggVorbis)(path)
        _set_comments(ogg, tags)
        if tags.pictures:
            ogg["metadata_block_picture"] = [
                base64.b64encode(p.write()).decode("ascii") for p in tags.pictures
            ]
        ogg.save()
    elif encoding.format == "MP3":
        _id3_for(tags).save(path)
    elif encoding.format == "AIFF":
        aiff = AIFF(path)
        aiff.add_tags()
        for frame in _id3_for(tags).values():
            aiff.tags.add(frame)
        aiff.save()
    elif encoding.format in _RIFF:
        append_chunks(path, [info_chunk(tags.fields), _id3_chunk(tags)])


def _set_comments(target: Any, tags: Tags) -> None:
    if target.tags is None:
        target.add_tags()
    for name, values in tags.fields.items():
        with suppress(ValueError):  # a name that Vorbis comments can't have
            target[name] = list(values)


def _id3_for(tags: Tags) -> ID3:
    return tags.id3 if tags.id3 is not None else id3_of(tags.fields, tags.pictures)


def _id3_chunk(tags: Tags) -> Chunk:
    content = io.BytesIO()
    _id3_for(tags).save(content, padding=lambda _: 0)
    return Chunk(b"id3 ", content.getvalue())


def copy_tags(source: Path, target: Path, encoding: Encoding, *, whole: bool = True) -> None:
    """Copy the tags of one sound file to another; between WAVs and between AIFFs every chunk of notes.

    Parameters
    ----------
    source
        Where they come from.
    target
        A new file without tags.
    encoding
        Of the new file.
    whole
        Whether the new file is as long as the source: only then marks in time are copied.
    """
    family = {b"RIFF": _RIFF, b"RF64": _RIFF, b"FORM": {"AIFF"}}.get(_head(source)[:4], set())
    if encoding.format in family:
        left_out = _SAMPLES if whole else _SAMPLES | _PLACES
        append_chunks(target, chunks_of(source, leave_out=left_out))
        if encoding.format != "AIFF":
            keep_channel_mask(source, target)
        return
    write_tags(target, read_tags(source), encoding)
