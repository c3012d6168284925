"""The text chunks of WAV (LIST INFO) and AIFF, under the field names of Vorbis comments."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping

from hotpapers.media.audio.chunks import Chunk

__all__ = ["fields_of_info", "info_chunk", "text_fields"]

_INFO = {
    "title": b"INAM",
    "artist": b"IART",
    "album": b"IPRD",
    "date": b"ICRD",
    "genre": b"IGNR",
    "comment": b"ICMT",
    "copyright": b"ICOP",
    "tracknumber": b"IPRT",
    "subject": b"ISBJ",
    "source": b"ISRC",
    "media": b"IMED",
    "engineer": b"IENG",
    "keywords": b"IKEY",
    "language": b"ILNG",
}
_FIELDS = {name: field for field, name in _INFO.items()} | {b"ITRK": "tracknumber"}
_AIFF = {b"NAME": "title", b"AUTH": "artist", b"ANNO": "comment", b"(c) ": "copyright"}


def fields_of_info(content: bytes) -> dict[str, tuple[str, ...]]:
    """The fields in a LIST chunk; none where it is a list of something else."""
    found: dict[str, tuple[str, ...]] = {}
    if content[:4] != b"INFO":
        return found
    at = 4
    while at + 8 <= len(content):
        name, (size,) = content[at : at + 4], struct.unpack("<I", content[at + 4 : at + 8])
        text = _text(content[at + 8 : at + 8 + size])
        if name in _FIELDS and text:
            found[_FIELDS[name]] = (text,)
        at += 8 + size + size % 2
    return found


def text_fields(chunks: Iterable[Chunk]) -> dict[str, tuple[str, ...]]:
    """The fields in AIFF's text chunks."""
    found = {_AIFF[chunk.name]: _text(chunk.content) for chunk in chunks if chunk.name in _AIFF}
    return {name: (text,) for name, text in found.items() if text}


def info_chunk(fields: Mapping[str, tuple[str, ...]]) -> Chunk:
    """A LIST INFO chunk of the fields that it has names for."""
    content = b"INFO"
    for field, values in fields.items():
        if field in _INFO:
            text = "; ".join(values).encode("utf-8") + b"\0"
            content += _INFO[field] + struct.pack("<I", len(text)) + text + b"\0" * (len(text) % 2)
    return Chunk(b"LIST", content)


def _text(raw: bytes) -> str:
    """Text of an unsaid encoding: UTF-8 where it is that, else Windows's of the west."""
    raw = raw.partition(b"\0")[0]
    try:
        return raw.decode("utf-8").strip()
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace").strip()
