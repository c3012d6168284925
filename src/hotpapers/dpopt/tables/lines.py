"""Lines of a text table in blocks, so that what one line holds can never change another line's row.

A row is a line. A line that could reach into its neighbours when parsed (an open quotation mark, a carriage
return inside) or that is longer than a mebibyte is left out, and nobody is told: whether it was there is private.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

__all__ = ["LONGEST_LINE", "line_blocks"]

LONGEST_LINE = 1 << 20


def line_blocks(stream: BinaryIO, size: int = 8 << 20) -> Iterator[bytes]:
    """Blocks of whole lines of about `size` bytes, every line ended by a line feed and safe to parse on its own."""
    rest, skipping = b"", False
    while chunk := stream.read(size):
        start = 0
        if skipping:  # the tail of a line that is too long
            start = chunk.find(b"\n") + 1
            if not start:
                continue
            skipping = False
        end = chunk.rfind(b"\n", start) + 1
        if not end:
            rest += chunk[start:]
        else:
            yield _safe(rest + chunk[start:end])
            rest = chunk[end:]
        if len(rest) > LONGEST_LINE:
            rest, skipping = b"", True
    if rest:
        yield _safe(rest + b"\n")


def _safe(block: bytes) -> bytes:
    """The block without the lines that could reach into others."""
    if b"\r" in block:
        block = block.replace(b"\r\n", b"\n")
    if b'"' not in block and b"\r" not in block and _longest(block) <= LONGEST_LINE:
        return block
    kept = [line for line in block.split(b"\n") if _is_safe(line)]
    return b"\n".join(kept) + b"\n"


def _longest(block: bytes) -> int:
    """Bytes of the longest line of a block that ends with a line feed."""
    ends = np.flatnonzero(np.frombuffer(block, np.uint8) == ord("\n"))
    return int(np.diff(ends, prepend=-1).max()) - 1


def _is_safe(line: bytes) -> bool:
    return b"\r" not in line and not line.count(b'"') % 2 and 0 < len(line) <= LONGEST_LINE
