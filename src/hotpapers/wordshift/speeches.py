"""Word counts of two presidents' State of the Union addresses, which the demo and the claims use.

Figures, not texts: how often L. B. Johnson and G. W. Bush used each word (35,187 and 32,972 tokens,
counted by the default tokenizer; the addresses themselves are in the public domain).
"""

from __future__ import annotations

import gzip
from importlib.resources import files

import numpy as np

from hotpapers.wordshift.counts import Counts

__all__ = ["speeches"]

_NAMES = {"johnson": "L. B. Johnson", "bush": "G. W. Bush"}


def speeches() -> tuple[Counts, Counts]:
    """Johnson's counts and Bush's."""
    first, second = (_read(stem, name) for stem, name in _NAMES.items())
    return first, second


def _read(stem: str, name: str) -> Counts:
    packed = files(__package__).joinpath("speech_counts", f"{stem}.tsv.gz").read_bytes()
    rows = [line.split("\t") for line in gzip.decompress(packed).decode().splitlines()]
    values = np.array([float(count) for _, count in rows])
    return Counts(types=[word for word, _ in rows], values=values, name=name)
