"""Bytes to text without guessing, and the repair of one well-known accident."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from hotpapers.common.errors import InputError
from hotpapers.common.files import write_bytes

__all__ = ["decode", "is_damaged", "repair", "repair_file"]

# Windows-1252 as the accident applied it: its five undefined bytes became the control characters of
# the same number. (ftfy's codec of this kind loses U+001A, so its inverse is not exact.)
_TABLE = "".join(bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in range(256))
_TO_BYTES = codecs.charmap_build(_TABLE)
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")


def decode(content: bytes, name: str) -> str:
    """`content` as UTF-8 text (a byte-order mark is dropped).

    Raises
    ------
    InputError
        If it is empty, binary, in another encoding, or UTF-8 that was once misread (`is_damaged`).
        `name` says which file in the message.
    """
    if not content.strip():
        raise InputError(f"{name} is empty: a post in Markdown is expected")
    if b"\0" in content:
        raise InputError(f"{name} is a binary file: a post in Markdown is expected")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{name} is not UTF-8 (byte {error.start} is 0x{content[error.start]:02x}): save it as UTF-8"
        ) from error
    return text


def repair(text: str) -> str:
    """Undo UTF-8 that was read as Windows-1252 and saved again; other text comes back unchanged.

    The accident maps each byte to one character (the five bytes that Windows-1252 leaves undefined
    keep their number), so its inverse is exact: text to bytes by the same table, bytes to text as
    UTF-8. Sound text does not survive that inverse unless it is plain ASCII: a lone accented letter
    or curly quote is never a valid UTF-8 sequence.

    Examples
    --------
    >>> repair("Milena PavloviÄ‡")
    'Milena Pavlović'
    >>> repair("Günter, already sound")
    'Günter, already sound'
    """
    # In damaged text each character beyond ASCII was one byte of a longer sequence, so the first one
    # stands for a lead byte (0xC2 to 0xF4, the same numbers in Windows-1252) and is not alone.
    first = _BEYOND_ASCII.search(text)
    if first is None or len(first[0]) < 2 or not "\xc2" <= first[0][0] <= "\xf4":
        return text
    try:
        return codecs.charmap_encode(text, "strict", _TO_BYTES)[0].decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return text


def is_damaged(text: str) -> bool:
    """Whether `repair` would change `text`."""
    return repair(text) != text


def repair_file(path: Path, out: Path) -> str:
    """Write the repaired text of `path` to `out`; returns a line that says what was done.

    Raises
    ------
    InputError
        If `path` is no readable UTF-8 text, or needs no repair (nothing is written).
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    damaged = decode(content, str(path))
    text = repair(damaged)
    if text == damaged:
        raise InputError(f"{path} shows no sign of this accident: nothing was written")
    write_bytes(out, text.encode("utf-8"))
    return f"{out}: {len(damaged) - len(text):,} characters fewer, {len(text):,} in all"
