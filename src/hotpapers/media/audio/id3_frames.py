"""ID3 frames and the field names of Vorbis comments, each said in the other's words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mutagen import id3
from mutagen.flac import Picture
from mutagen.id3 import ID3

__all__ = ["fields_of", "id3_of", "pictures_of"]

_FRAMES = {
    "title": "TIT2",
    "subtitle": "TIT3",
    "grouping": "TIT1",
    "artist": "TPE1",
    "albumartist": "TPE2",
    "conductor": "TPE3",
    "arranger": "TPE4",
    "album": "TALB",
    "date": "TDRC",
    "originaldate": "TDOR",
    "tracknumber": "TRCK",
    "discnumber": "TPOS",
    "genre": "TCON",
    "composer": "TCOM",
    "lyricist": "TEXT",
    "copyright": "TCOP",
    "organization": "TPUB",
    "isrc": "TSRC",
    "language": "TLAN",
    "media": "TMED",
    "encoded-by": "TENC",
    "bpm": "TBPM",
    "titlesort": "TSOT",
    "artistsort": "TSOP",
    "albumsort": "TSOA",
}
_FIELDS = {frame: name for name, frame in _FRAMES.items()}
_UTF8 = 3
_COVER = 3


def fields_of(tag: ID3) -> dict[str, tuple[str, ...]]:
    """The text in an ID3 tag under the names of Vorbis comments; own names ("TXXX") in lower case."""
    found: dict[str, tuple[str, ...]] = {}
    for frame in tag.values():
        if frame.FrameID in _FIELDS:
            name = _FIELDS[frame.FrameID]
        elif frame.FrameID == "TXXX":
            name = frame.desc.lower()
        elif frame.FrameID == "COMM":
            name = "comment"
        else:
            continue
        texts = frame.genres if frame.FrameID == "TCON" else frame.text
        found[name] = (*found.get(name, ()), *map(str, texts))
    return {name: texts for name, texts in found.items() if name and texts}


def pictures_of(tag: ID3) -> tuple[Picture, ...]:
    """The pictures in an ID3 tag."""
    pictures = []
    for frame in tag.getall("APIC"):
        picture = Picture()
        picture.type, picture.mime, picture.desc, picture.data = (
            frame.type,
            frame.mime,
            frame.desc,
            frame.data,
        )
        pictures.append(picture)
    return tuple(pictures)


def id3_of(fields: Mapping[str, tuple[str, ...]], pictures: Iterable[Picture]) -> ID3:
    """An ID3 tag that says the same."""
    tag = ID3()
    for name, values in fields.items():
        texts = list(values)
        if name in _FRAMES:
            tag.add(getattr(id3, _FRAMES[name])(encoding=_UTF8, text=texts))
        elif name in {"comment", "description"}:
            description = "" if name == "comment" else name
            tag.add(id3.COMM(encoding=_UTF8, lang="und", desc=description, text=texts))
        else:
            tag.add(id3.TXXX(encoding=_UTF8, desc=name, text=texts))
    for number, picture in enumerate(pictures):
        # Two pictures of one description would be one picture.
        description = picture.desc or (f"picture {number}" if number else "")
        tag.add(
            id3.APIC(
                encoding=_UTF8,
                mime=picture.mime,
                type=picture.type if picture.type is not None else _COVER,
                desc=description,
                data=picture.data,
            )
        )
    return tag
