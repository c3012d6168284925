"""Amino-acid sequences of one repertoire as numbers, and which of them can be used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hotpapers.hopfield.errors import HopfieldError

__all__ = ["AMINO_ACIDS", "Repertoire", "repertoire_of"]

AMINO_ACIDS = "ACDEFGHIKLMNPQRSTVWY"
_AMBIGUOUS = "BJOUXZ"  # one of several amino acids, or a rare one: known to be there, not which
_UNUSABLE = 255
_CODE = np.full(256, _UNUSABLE, np.uint8)
for _letters, _first in ((AMINO_ACIDS, 1), (_AMBIGUOUS, 0)):
    for _at, _letter in enumerate(_letters):
        _CODE[[ord(_letter), ord(_letter.lower())]] = _first + _at if _first else 0


@dataclass(frozen=True, kw_only=True)
class Repertoire:
    """Sequences of one person, flat.

    Parameters
    ----------
    name
        What it is called.
    codes
        Letters one sequence behind another, uint8 ``[letters]``: 1 to 20 in the order of `AMINO_ACIDS`; 0 for
        a letter that stands for no single one of them.
    offsets
        Sequence i is ``codes[offsets[i]:offsets[i + 1]]``, int64 ``[n + 1]``.
    counts
        How often each was seen, float32 ``[n]``.
    kept
        Position of each among the sequences that were given, int64 ``[n]``.
    given
        How many were given.
    """

    name: str
    codes: npt.NDArray[np.uint8]
    offsets: npt.NDArray[np.int64]
    counts: npt.NDArray[np.float32]
    kept: npt.NDArray[np.int64]
    given: int

    def __len__(self) -> int:
        return len(self.counts)

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Letters of each sequence, ``[n]``."""
        return np.diff(self.offsets)

    def padded(self, chosen: npt.NDArray[np.int64], width: int) -> npt.NDArray[np.uint8]:
        """The chosen sequences with 0 behind them, ``[k, width]``."""
        at = np.arange(width)
        there = at < self.lengths[chosen][:, None]
        return np.where(there, self.codes[np.where(there, self.offsets[chosen][:, None] + at, 0)], 0).astype(
            np.uint8
        )

    def sequence(self, index: int) -> str:
        """One sequence in letters, X where it is ambiguous."""
        letters = "X" + AMINO_ACIDS
        return "".join(letters[code] for code in self.codes[self.offsets[index] : self.offsets[index + 1]])


def repertoire_of(sequences: Sequence[Any], counts: Any = None, *, name: str = "0") -> Repertoire:
    """A repertoire from strings.

    Upper and lower case are the same. B, J, O, U, X and Z stand for no single one of the 20 amino acids: such a
    letter keeps its place and has no identity. Empty and missing sequences, and those with a stop codon
    (``*``, ``_``) or any other sign, are no proteins and are left out.

    Parameters
    ----------
    sequences
        Strings.
    counts
        How often each was seen, positive; 1 each if left out. One that is missing counts 1.
    name
        What the repertoire is called.

    Raises
    ------
    HopfieldError
        If no sequence is left, or counts are negative, infinite, or not one a sequence.

    Examples
    --------
    >>> made = repertoire_of(["CASSF", "casxf", "CA*F", ""], [2, 1, 1, 1])
    >>> len(made), made.sequence(1), made.kept.tolist()
    (2, 'CASXF', [0, 1])
    """
    texts = [text.strip() if isinstance(text, str) else "" for text in sequences]
    numbers = _counts(counts, len(texts), name)
    raw = np.frombuffer("".join(texts).encode("ascii", "replace"), np.uint8)
    codes = _CODE[raw]
    lengths = np.array([len(text) for text in texts], np.int64)
    ends = np.cumsum(lengths)
    wrong = np.concatenate([[0], np.cumsum(codes == _UNUSABLE)])
    usable = (lengths > 0) & (wrong[ends] == wrong[ends - lengths]) & (numbers > 0)
    if not usable.any():
        raise HopfieldError(f"repertoire {name!r} has no usable sequence among {len(texts)}")
    kept = np.flatnonzero(usable)
    return Repertoire(
        name=name,
        codes=codes[np.repeat(usable, lengths)],
        offsets=np.concatenate([[0], np.cumsum(lengths[kept])]).astype(np.int64),
        counts=numbers[kept],
        kept=kept,
        given=len(texts),
    )


def _counts(given: Any, wanted: int, name: str) -> npt.NDArray[np.float32]:
    if given is None:
        return np.ones(wanted, np.float32)
    try:
        numbers = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise HopfieldError(f"repertoire {name!r}: counts must be numbers") from None
    if numbers.shape != (wanted,):
        raise HopfieldError(f"repertoire {name!r} has {wanted} sequences and {len(numbers)} counts")
    numbers = np.where(np.isnan(numbers), 1.0, numbers)
    if (numbers < 0).any() or np.isinf(numbers).any():
        at = int(((numbers < 0) | np.isinf(numbers)).argmax())
        raise HopfieldError(
            f"repertoire {name!r}: the count {numbers[at]:g} in row {at + 1} must be 0 or more"
        )
    return numbers.astype(np.float32)
