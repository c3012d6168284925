"""What libsndfile writes differently each time, set to the same: equal sound gives equal files."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

from hotpapers.media.audio.chunks import clear_peak_time
from hotpapers.media.audio.formats import Encoding

__all__ = ["make_repeatable"]

_SERIAL = 1
_HEADER = struct.Struct("<4sBBqIIIB")  # magic, version, type, position, serial, number, checksum, segments
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def make_repeatable(path: Path, encoding: Encoding) -> None:
    """Set an Ogg's random serial number to 1, and the time in a float WAV's or AIFF's PEAK chunk to 0."""
    if encoding.format == "OGG":
        _set_serial(path)
    else:
        clear_peak_time(path)


def _set_serial(path: Path) -> None:
    with path.open("r+b") as stream:
        at = 0
        while len(head := stream.read(_HEADER.size)) == _HEADER.size:
            magic, version, kind, position, _, number, _, segments = _HEADER.unpack(head)
            if magic != b"OggS":
                return
            table = stream.read(segments)
            rest = table + stream.read(sum(table))
            bare = _HEADER.pack(magic, version, kind, position, _SERIAL, number, 0, segments)
            checksum = _checksum(bare + rest)
            stream.seek(at)
            stream.write(_HEADER.pack(magic, version, kind, position, _SERIAL, number, checksum, segments))
            at += _HEADER.size + len(rest)
            stream.seek(at)


def _checksum(page: bytes) -> int:
    """Ogg's CRC: zlib's with the bits of every byte, and of the result, the other way round."""
    mirrored = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)
