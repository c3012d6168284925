"""The chunks that WAV and AIFF files are made of: names, notes, markers beside the samples."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

__all__ = ["Chunk", "append_chunks", "chunks_of", "clear_peak_time", "keep_channel_mask"]

_ORDER = {b"RIFF": "<", b"RF64": "<", b"FORM": ">"}
_LARGEST = 2**26  # a note larger than this is none
_UNKNOWN = 0xFFFFFFFF
_RIFF_LIMIT = 2**32 - 2
_EXTENSIBLE = 0xFFFE


@dataclass(frozen=True)
class Chunk:
    """A four-letter name and its content."""

    name: bytes
    content: bytes


def chunks_of(path: Path, *, leave_out: frozenset[bytes]) -> list[Chunk]:
    """The chunks of a WAV, RF64 or AIFF file but those named, in their order; none for other files."""
    with path.open("rb") as stream:
        return [
            Chunk(name, stream.read(size))
            for name, size in _walk(stream)
            if name not in leave_out and size <= _LARGEST
        ]


def _walk(stream: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Name and size of every chunk, the stream standing at its content."""
    head = stream.read(12)
    order = _ORDER.get(head[:4])
    if order is None or len(head) < 12:
        return
    at, data_size = 12, None
    while len(head := stream.read(8)) == 8:
        name, (size,) = head[:4], struct.unpack(order + "I", head[4:])
        if name == b"ds64" and size >= 16:
            data_size = struct.unpack("<8xQ", stream.read(16))[0]
            stream.seek(at + 8)
        if name == b"data" and size == _UNKNOWN:
            if data_size is None:
                return
            size = data_size
        yield name, size
        at += 8 + size + size % 2
        stream.seek(at)


def append_chunks(path: Path, chunks: Sequence[Chunk]) -> bool:
    """Add chunks at the end of a WAV, RF64 or AIFF file; False where its header has no room for the size."""
    if not chunks:
        return True
    with path.open("r+b") as stream:
        kind = stream.read(4)
        order = _ORDER[kind]
        stream.seek(0, 2)
        end = stream.tell()
        added = b"\0" * (end % 2) + b"".join(
            chunk.name
            + struct.pack(order + "I", len(chunk.content))
            + chunk.content
            + b"\0" * (len(chunk.content) % 2)
            for chunk in chunks
        )
        size = end + len(added) - 8
        if kind != b"RF64" and size > _RIFF_LIMIT:
            return False
        stream.write(added)
        if kind == b"RF64":
            stream.seek(20)  # behind RF64, its size, WAVE, ds64 and its size
            stream.write(struct.pack("<Q", size))
        else:
            stream.seek(4)
            stream.write(struct.pack(order + "I", size))
    return True


def keep_channel_mask(source: Path, target: Path) -> None:
    """Copy which loudspeaker each channel is for, where both files are WAVs that say so."""
    with source.open("rb") as stream:
        mask = next((stream.read(4) for _ in _at_mask(stream)), None)
    if mask is None:
        return
    with target.open("r+b") as stream:
        if next(_at_mask(stream), None) is not None:
            stream.write(mask)


def _at_mask(stream: BinaryIO) -> Iterator[bool]:
    """Yields once, the stream standing at the mask of a WAVE_FORMAT_EXTENSIBLE header."""
    for name, size in _walk(stream):
        if name == b"fmt " and size >= 40:
            start = stream.tell()
            if struct.unpack("<H", stream.read(2))[0] == _EXTENSIBLE:
                stream.seek(start + 20)
                yield True
            return


def clear_peak_time(path: Path) -> None:
    """Set the time at which the peaks of a file's channels were measured to 0, where the file tells it."""
    with path.open("r+b") as stream:
        for name, size in _walk(stream):
            if name == b"PEAK" and size >= 8:
                stream.seek(4, 1)
                stream.write(bytes(4))
                return
