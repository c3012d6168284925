"""A journal: records appended to a file, each with checksums, each on disk before it is acknowledged.

The file starts with a header that binds it to one generation of the data file. A record is its length,
its number and a checksum of both, then a checksum of the payload and the payload: tensors in the
safetensors format with the change's kind and ids as metadata. A process that is killed leaves at most one
record unfinished, at the end, which nobody was told about: it is dropped. Damage anywhere else is refused.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from safetensors import SafetensorError
from safetensors.torch import load as tensors_of
from safetensors.torch import save as bytes_of

from hotpapers.common.errors import FailureError
from hotpapers.hopfield.errors import HopfieldError
from hotpapers.hopfield.memory.changes import KINDS, Change, decode_ids, encode_ids

__all__ = ["Journal", "read_changes", "read_generation"]

_MAGIC = b"HOPJ"
_VERSION = 1
_HEADER = struct.Struct("<4sIQI")  # magic, version, generation, checksum of what stands before
_RECORD = struct.Struct("<QQII")  # length, number, checksum of these two, checksum of the payload


@dataclass(frozen=True)
class _Place:
    """Where the good part of a journal ends, and how many records it holds."""

    end: int
    records: int


def _header(generation: int) -> bytes:
    packed = _HEADER.pack(_MAGIC, _VERSION, generation, 0)[:-4]
    return packed + struct.pack("<I", zlib.crc32(packed))


def _pack(change: Change, number: int) -> bytes:
    tensors = {name: value for name in ("rows", "values") if (value := getattr(change, name)) is not None}
    metadata = {"kind": change.kind, "ids": encode_ids(change.ids)}
    payload = bytes_of({name: tensor.cpu().contiguous() for name, tensor in tensors.items()}, metadata)
    lengths = struct.pack("<QQ", len(payload), number)
    return lengths + struct.pack("<II", zlib.crc32(lengths), zlib.crc32(payload)) + payload


def _unpack(payload: bytes) -> Change:
    """The change in a payload whose checksum is right; safetensors' own reader does not give the metadata."""
    import json

    size = int.from_bytes(payload[:8], "little")
    metadata = json.loads(payload[8 : 8 + size])["__metadata__"]
    tensors = tensors_of(payload)
    if metadata["kind"] not in KINDS:
        raise ValueError(metadata["kind"])
    return Change(
        kind=metadata["kind"],
        ids=decode_ids(metadata["ids"]),
        rows=tensors.get("rows"),
        values=tensors.get("values"),
    )


def read_generation(stream: IO[bytes], path: Path) -> int | None:
    """The generation that a journal belongs to; None where not even its header was finished.

    Raises
    ------
    HopfieldError
        If it is no journal, or one of another version.
    """
    head = stream.read(_HEADER.size)
    if len(head) < _HEADER.size or not any(head):
        return None
    magic, version, generation, checksum = _HEADER.unpack(head)
    if magic != _MAGIC:
        raise HopfieldError(f"{path} is no journal of a memory: it was written by something else")
    if version != _VERSION:
        raise HopfieldError(
            f"{path} is a journal of version {version}, and this hotpapers reads {_VERSION}: install a newer hotpapers"
        )
    if checksum != zlib.crc32(head[:-4]):
        raise HopfieldError(f"{path} is damaged in its first {_HEADER.size} bytes: restore it from a copy")
    return int(generation)


def read_changes(stream: IO[bytes], path: Path) -> Iterator[tuple[Change, int]]:
    """Changes in their order, each with the place where its record ends; stops before an unfinished one.

    Raises
    ------
    HopfieldError
        If a record is damaged that is not the last.
    """
    size = os.fstat(stream.fileno()).st_size
    for number in range(size):  # never reached: each record takes more than a byte
        start = stream.tell()
        head = stream.read(_RECORD.size)
        if len(head) < _RECORD.size or (not any(head) and not any(stream.read())):
            return
        length, given, of_head, of_payload = _RECORD.unpack(head)
        if zlib.crc32(head[:16]) != of_head or given != number:
            raise _damaged(path, start)
        payload = stream.read(length)
        if len(payload) < length:
            return
        try:
            right = zlib.crc32(payload) == of_payload
            change = _unpack(payload) if right else None
        except (ValueError, KeyError, TypeError, SafetensorError) as error:
            raise _damaged(path, start) from error
        if change is None:
            if stream.tell() >= size:
                return
            raise _damaged(path, start)
        yield change, stream.tell()


def _damaged(path: Path, at: int) -> HopfieldError:
    return HopfieldError(
        f"{path} is damaged at byte {at}: restore it from a copy, or cut it there to lose what was stored later"
    )


class Journal:
    """A journal that is open for appending.

    Parameters
    ----------
    path
        The file; written anew unless it belongs to `generation`.
    generation
        Of the data file.
    """

    def __init__(self, path: Path, generation: int) -> None:
        self.path, self._generation = path, generation
        self._stream: IO[bytes] | None = None
        self._place = _Place(0, 0)

    @property
    def size(self) -> int:
        """Bytes up to the last acknowledged record."""
        return self._place.end

    def replay(self) -> Iterator[Change]:
        """Changes of an earlier process; afterwards the file ends behind the last of them.

        Raises
        ------
        HopfieldError
            If the journal is damaged, of another version, or continues a later data file.
        """
        if not self.path.exists():
            return
        end = records = 0
        with self.path.open("rb") as stream:
            found = read_generation(stream, self.path)
            if found is None or found < self._generation:
                return  # of an earlier data file, all of which is in the present one
            if found > self._generation:
                raise HopfieldError(
                    f"{self.path} continues a later data file than the one beside it: restore both from the same copy"
                )
            end = _HEADER.size
            for change, after in read_changes(stream, self.path):
                yield change
                end, records = after, records + 1
        self._place = _Place(end, records)

    def append(self, change: Change) -> None:
        """Write a change and wait until it is on disk.

        Raises
        ------
        FailureError
            If the disk refuses; the journal is as it was before.
        """
        packed = _pack(change, self._place.records)
        try:
            stream = self._stream or self._opened()
            self._stream = stream
            stream.write(packed)
            _sync(stream)
        except OSError as error:
            self._undo()
            raise FailureError(
                f"cannot write {self.path}: {error.strerror or error}; nothing was stored"
            ) from error
        self._place = _Place(self._place.end + len(packed), self._place.records + 1)

    def _opened(self) -> IO[bytes]:
        """The file, cut behind its last good record; with a header where there was none."""
        fresh = not self._place.end
        stream: IO[bytes] = self.path.open("wb" if fresh else "r+b", buffering=0)
        if fresh:
            stream.write(_header(self._generation))
            _sync(stream)
            sync_folder(self.path.parent)
            self._place = _Place(_HEADER.size, 0)
        else:
            stream.truncate(self._place.end)
            stream.seek(self._place.end)
        return stream

    def _undo(self) -> None:
        if self._stream is not None:
            with suppress(OSError):
                self._stream.truncate(self._place.end)
                self._stream.seek(self._place.end)

    def close(self) -> None:
        """Let go of the file."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None


def _sync(stream: IO[Any]) -> None:
    stream.flush()
    os.fsync(stream.fileno())


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on disk (where the system can)."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
