"""From files to text, in pieces of bounded size: encodings, tables' rows, and what is refused."""

from __future__ import annotations

import codecs
import itertools
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, NamedTuple

import regex

from hotpapers.wordshift.shifts import WordShiftError
from hotpapers.wordshift.text.inputs import Input, Source
from hotpapers.wordshift.text.patterns import CHUNK_BLANKS
from hotpapers.wordshift.text.tokens import TextWarning, Tokenizer

__all__ = ["Origin", "Piece", "Reading", "decoded", "read_text"]

# Small enough to stay in the processor's cache while it is decoded.
_BLOCK = 1 << 17
# A line may be so many blocks long before it is cut at white space: until then a word pattern that spans
# blanks finds all its matches.
_LONG_LINE = 8
# A stretch without white space may be this long before it is cut at punctuation.
_LONGEST = 16 << 20
_BLANKS = [blank.encode() for blank in CHUNK_BLANKS]
# The last character that no word holds: (?r) searches from the end.
_LAST_NO_WORD = regex.compile(r"(?r)[^\p{L}\p{M}\p{N}'’]")
# First bytes of files that are no text.
_SIGNATURES = {
    b"%PDF-": "a PDF file",
    b"PK\x03\x04": "a zip archive or office document",
    b"\x1f\x8b": "a gzip file (its name should end in .gz)",
    b"\x28\xb5\x2f\xfd": "a zstandard file (its name should end in .zst)",
    b"BZh": "a bzip2 file (its name should end in .bz2)",
    b"PAR1": "a Parquet file (its name should end in .parquet)",
}
_MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


class Piece(NamedTuple):
    """Part of a document: cut at a line end where possible, at white space where not.

    The pieces of a document, joined, are its text; `starts` marks the first of them.
    """

    text: str
    document: str
    starts: bool = True
    group: str = ""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How bytes become text, and where text stands in tables.

    Parameters
    ----------
    encoding
        Of the files; None: UTF-8, or UTF-16 after its byte-order mark, and Windows-1252 for lines that
        are neither, with one warning a file.
    strict_encoding
        Refuse files that are not in the encoding.
    text_col, group_col, time_col
        Columns of tables; `text_col` is needed to read a table's text.
    by
        How `time_col` becomes a group: ``"year"``, ``"month"``, ``"week"``, ``"day"``, or None for its
        value as it stands.
    """

    encoding: str | None = None
    strict_encoding: bool = False
    text_col: str | None = None
    group_col: str | None = None
    time_col: str | None = None
    by: str | None = None

    def __post_init__(self) -> None:
        if self.encoding is not None:
            try:
                codecs.lookup(self.encoding)
            except LookupError as error:
                raise WordShiftError(
                    f"encoding {self.encoding!r} is unknown: try utf-8, cp1252, utf-16"
                ) from error
        if self.by not in {None, "year", "month", "week", "day"}:
            raise WordShiftError(f"by {self.by!r}: accepted are year, month, week, day")


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where counts came from, so that their words can be looked up in context.

    Parameters
    ----------
    source
        As it was given to `hotpapers.wordshift.count`.
    tokenizer, reading
        How it was read.
    group
        Only rows of this group; None: all.
    """

    source: Source
    tokenizer: Tokenizer
    reading: Reading
    group: str | None = None


def read_text(given: Input, reading: Reading) -> Iterator[Piece]:
    """The pieces of a plain text file: one document.

    Raises
    ------
    WordShiftError
        If it is binary, not in its encoding, or holds a word of many megabytes.
    FailureError
        If it can't be read.
    """
    starts = True
    with given.open() as stream:
        for text in decoded(stream, given.name, reading):
            yield Piece(text, given.name, starts)
            starts = False


def decoded(stream: IO[bytes], name: str, reading: Reading) -> Iterator[str]:
    """Text of a stream in pieces that end at a line end, else at white space, else at punctuation."""
    blocks = iter(lambda: stream.read(_BLOCK), b"")
    first = next(blocks, b"")
    _refuse_binary(first, name, reading.encoding)
    encoding = reading.encoding or _MARKS.get(first[:2])
    blocks = itertools.chain([first], blocks)
    if encoding and codecs.lookup(encoding).name not in {"utf-8", "utf-8-sig"}:
        blocks = _transcoded(blocks, encoding, name)
    decoder = _Decoder(name, strict=reading.strict_encoding or encoding is not None)
    for piece in _pieces(blocks, name):
        yield decoder.decode(piece)


def _refuse_binary(first: bytes, name: str, encoding: str | None) -> None:
    for signature, what in _SIGNATURES.items():
        if first.startswith(signature):
            raise WordShiftError(f"{name} is {what}: plain text is expected")
    at = first.find(b"\0")
    if at >= 0 and encoding is None and first[:2] not in _MARKS:
        raise WordShiftError(
            f"{name} is a binary file (byte {at} is NUL): plain text is expected; if it is UTF-16, say encoding utf-16"
        )


def _transcoded(blocks: Iterator[bytes], encoding: str, name: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    offset = 0
    for block, final in itertools.chain(((block, False) for block in blocks), [(b"", True)]):
        try:
            text = decoder.decode(block, final)
        except UnicodeDecodeError as error:
            raise WordShiftError(
                f"{name} is not {encoding}: it breaks near byte {offset + error.start} ({error.reason})"
            ) from error
        offset += len(block)
        yield text.encode("utf-8", "surrogatepass")


def _pieces(blocks: Iterator[bytes], name: str) -> Iterator[bytes]:
    held: list[bytes] = []  # blocks that hold no place to cut
    for block in blocks:
        cut = block.rfind(b"\n") + 1
        if not cut and len(held) >= _LONG_LINE:
            cut = max(map(block.rfind, _BLANKS)) + 1
        if not cut and len(held) * _BLOCK >= _LONGEST:
            cut = _after_punctuation(block, name)
        if cut:
            yield b"".join([*held, block[:cut]])
            held = [block[cut:]]
        else:
            held.append(block)
    if rest := b"".join(held):
        yield rest


def _after_punctuation(block: bytes, name: str) -> int:
    mark = _LAST_NO_WORD.search(block.decode("utf-8", "ignore"))
    if mark is None:
        raise WordShiftError(f"{name} has a word of more than {_LONGEST >> 20} MB: that is no text")
    return block.rfind(mark.group().encode()) + len(mark.group().encode())


class _Decoder:
    """UTF-8, with the well-known accidents mended and told once each."""

    def __init__(self, name: str, *, strict: bool) -> None:
        self.name = name
        self.strict = strict
        self.offset = 0
        self.told: set[str] = set()

    def decode(self, piece: bytes) -> str:
        if not self.offset and piece.startswith(codecs.BOM_UTF8):
            piece = piece[3:]
            self.offset = 3
        try:
            text = piece.decode()
        except UnicodeDecodeError as error:
            at = self.offset + error.start
            wrong = f"{self.name} is not UTF-8 (byte {at} is 0x{piece[error.start]:02x})"
            if self.strict:
                raise WordShiftError(f"{wrong}: name its encoding, or save it as UTF-8") from error
            self._tell("encoding", f"{wrong}: such lines are read as Windows-1252")
            text = "".join(map(_line, piece.splitlines(keepends=True)))
        if "\0" in text:
            self._tell("NUL", f"{self.name} holds NUL bytes: they are read as blanks")
            text = text.replace("\0", " ")
        self.offset += len(piece)
        return text

    def _tell(self, what: str, message: str) -> None:
        if what not in self.told:
            self.told.add(what)
            warnings.warn(message, TextWarning, stacklevel=2)


def _line(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")
