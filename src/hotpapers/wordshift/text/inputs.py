"""Which files a user means: one file, several, a folder, a pattern, standard input, or texts at hand."""

from __future__ import annotations

import bz2
import glob
import gzip
import hashlib
import io
import os
import sys
import warnings
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal, cast

from hotpapers.common.errors import FailureError, MissingExtraError
from hotpapers.wordshift.shifts import WordShiftError
from hotpapers.wordshift.text.tokens import TextWarning

__all__ = ["Input", "Kind", "Source", "find_inputs", "without_surrogates"]

Kind = Literal["text", "csv", "tsv", "jsonl", "parquet"]
Source = str | os.PathLike[str] | Iterable[str | os.PathLike[str]] | Mapping[str, str]

_KINDS: dict[str, Kind] = {
    ".txt": "text",
    ".text": "text",
    ".md": "text",
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}
_COMPRESSED = {".gz", ".bz2", ".zst"}
# How much larger text is than its compressed file, roughly: only to choose an engine.
_EXPANSION = 3


@dataclass(kw_only=True)
class Input:
    """One thing to read.

    Parameters
    ----------
    name
        As the user knows it; the name of its document where it is one.
    kind
        What stands in it.
    path
        Where it lies; None for standard input and texts at hand.
    text
        The text at hand.
    sha256
        Of the bytes as stored; known once it was read to its end.
    bytes_read
        How many those were.
    """

    name: str
    kind: Kind = "text"
    path: Path | None = None
    text: str | None = None
    sha256: str | None = field(default=None, init=False)
    bytes_read: int = field(default=0, init=False)

    @property
    def once(self) -> bool:
        """Whether it can be read a single time only: standard input."""
        return self.path is None and self.text is None

    @property
    def size(self) -> float:
        """Bytes of text that reading will give, about; unbounded for standard input."""
        if self.text is not None:
            return len(self.text)
        if self.path is None or not self.path.is_file():
            return float("inf")
        return self.path.stat().st_size * (_EXPANSION if self.path.suffix.lower() in _COMPRESSED else 1)

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """The bytes of the text, unpacked; `sha256` is set when the block ends.

        Raises
        ------
        FailureError
            If it can't be read.
        WordShiftError
            If it is not what its name says.
        """
        try:
            with self._stored() as stored:
                hashing = _Hashing(stored)
                with _unpacker(self)(io.BufferedReader(hashing, 1 << 18)) as stream:
                    yield stream
                while hashing.read(1 << 18):
                    pass
                self.sha256, self.bytes_read = hashing.digest.hexdigest(), hashing.count
        except (gzip.BadGzipFile, zlib.error, EOFError) as error:
            raise WordShiftError(f"{self.name} is damaged or ends early: {error}") from error
        except OSError as error:
            if error.errno is None:
                raise WordShiftError(f"{self.name} is damaged: {error}") from error
            raise FailureError(f"cannot read {self.name}: {error.strerror}") from error

    @contextmanager
    def _stored(self) -> Iterator[IO[bytes]]:
        if self.text is not None:
            yield io.BytesIO(without_surrogates(self.text, self.name).replace("\0", " ").encode())
        elif self.path is None:
            yield sys.stdin.buffer
        else:
            with self.path.open("rb") as stream:
                yield stream


def find_inputs(source: Source, *, tables: bool = False) -> list[Input]:
    """The files that `source` names, in the order given; those of folders and patterns by name.

    Parameters
    ----------
    source
        A path, a folder (read through to its depth), a pattern with ``*``, ``-`` for standard input, a
        list of these, or a mapping from names to texts.
    tables
        Folders are searched for tables (CSV, TSV, JSON lines, Parquet) instead of plain text.

    Raises
    ------
    WordShiftError
        If nothing is there, or a folder or pattern holds no file of the kind.
    """
    if isinstance(source, Mapping):
        return [Input(name=str(name), text=text) for name, text in source.items()]
    if isinstance(source, str | os.PathLike):
        source = [source]
    inputs: list[Input] = []
    seen: set[Path] = set()
    for one in source:
        for found in _expand(str(one), tables):
            place = found.path.resolve() if found.path else None
            if place in seen:
                warnings.warn(f"{found.name} was given twice: it is counted once", TextWarning, stacklevel=2)
                continue
            if place:
                seen.add(place)
            inputs.append(found)
    if not inputs:
        raise WordShiftError("no input was given: name a file, a folder or a pattern")
    return inputs


def without_surrogates(text: str, name: str) -> str:
    """`text` with halves of surrogate pairs, which no file can hold, as U+FFFD; tells of the first."""
    try:
        text.encode()
    except UnicodeEncodeError:
        warnings.warn(
            f"{name} holds halves of surrogate pairs: each is read as U+FFFD", TextWarning, stacklevel=2
        )
        return "".join("\ufffd" if "\ud800" <= letter <= "\udfff" else letter for letter in text)
    return text


def _expand(name: str, tables: bool) -> list[Input]:
    if name == "-":
        return [Input(name="standard input", kind="jsonl" if tables else "text")]
    path = Path(name)
    if path.is_dir():
        files = sorted(
            file for file in path.rglob("*") if file.is_file() and not _is_hidden(file.relative_to(path))
        )
        wanted = [file for file in files if _kind(file) and (_kind(file) != "text") == tables]
        if not wanted:
            what = "table (.csv, .tsv, .jsonl, .parquet)" if tables else "text file (.txt, .md)"
            raise WordShiftError(f"{name} holds no {what} among its {len(files)} files")
        return [_input(file) for file in wanted]
    if not path.exists() and glob.has_magic(name):
        matches = sorted(match for match in glob.glob(name, recursive=True) if Path(match).is_file())  # noqa: PTH207 (patterns may be absolute)
        if not matches:
            raise WordShiftError(f"no file matches {name}")
        return [_input(Path(match)) for match in matches]
    if not path.exists():
        raise WordShiftError(
            f"{name[:200]} does not exist: give a file, a folder, a pattern, or - for standard input"
        )
    return [_input(path)]


def _input(path: Path) -> Input:
    return Input(name=str(path), kind=_kind(path) or "text", path=path)


def _kind(path: Path) -> Kind | None:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in _COMPRESSED:
        suffixes.pop()
    return _KINDS.get(suffixes[-1]) if suffixes else None


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


class _Hashing(io.RawIOBase):
    """A stream that knows the SHA-256 of what went through it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.digest = hashlib.sha256()
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        block = self._stream.read(len(buffer))
        buffer[: len(block)] = block
        self.digest.update(block)
        self.count += len(block)
        return len(block)


Unpacker = Callable[[io.BufferedReader], IO[bytes]]


def _unpacker(given: Input) -> Unpacker:
    suffix = given.path.suffix.lower() if given.path else ""
    if suffix == ".gz":
        return lambda stream: cast("IO[bytes]", gzip.GzipFile(fileobj=stream))
    if suffix == ".bz2":
        return bz2.BZ2File
    if suffix == ".zst":
        return _zst
    return lambda stream: stream


def _zst(stream: io.BufferedReader) -> IO[bytes]:
    try:
        import pyarrow as pa
    except ImportError as error:
        raise MissingExtraError("to read .zst files, install pyarrow: pip install pyarrow") from error
    return cast("IO[bytes]", pa.CompressedInputStream(pa.PythonFile(stream, mode="r"), "zstd"))
