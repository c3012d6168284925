"""Files whose end is missing although libsndfile reads them without a word."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["declared_more", "ends_early"]

# libsndfile's log of a header, where a size in it is larger than what follows.
_DATA = re.compile(r"^\s*data\s*: (\d+) \(should be (\d+)\)", re.MULTILINE)
_RIFF64 = re.compile(r"^\s*riff : (\d+) \(should be (\d+)\)", re.MULTILINE)
_FRAMES = re.compile(r"(?:'COMM' chunk \(|'ds64' chunk of )(\d+)")
# Written by programs that could not know the length, because they wrote to a pipe: no damage.
_UNKNOWN_FROM = 0x7FFFF000
_TAIL = 2**17
_LAST_PAGE = 4


def declared_more(log: str, frames: int) -> int | None:
    """Frames that a header declares, where fewer are there; None where all are.

    Parameters
    ----------
    log
        What libsndfile wrote about the header (``SoundFile.extra_info``).
    frames
        Frames that are there.
    """
    if found := _DATA.search(log):
        declared, there = int(found[1]), int(found[2])
        if 0 < there < declared - 1 and declared < _UNKNOWN_FROM:
            return round(frames * declared / there)
        return None
    if found := _RIFF64.search(log):
        declared, there = int(found[1]), int(found[2])
        return round(frames * declared / there) if 0 < there < declared < 2**62 else None
    if found := _FRAMES.search(log):
        declared = int(found[1])
        return declared if frames < declared < _UNKNOWN_FROM else None
    return None


def ends_early(path: Path) -> bool:
    """Whether an Ogg file breaks off: its last whole page is not marked as the last of its stream."""
    with path.open("rb") as stream:
        stream.seek(0, 2)
        stream.seek(max(0, stream.tell() - _TAIL))
        tail = stream.read()
    at = tail.rfind(b"OggS")
    return at >= 0 and (len(tail) < at + 6 or not tail[at + 5] & _LAST_PAGE)
