"""How evenly a text's documents use a word: Gries's DP and Juilland's D."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hotpapers.wordshift.counts import Counts
from hotpapers.wordshift.shifts import WordShiftError
from hotpapers.wordshift.uncertainty.resampling import document_matrix

__all__ = ["Dispersion", "dispersions"]

Vector = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Dispersion:
    """Spread of every type over the documents of one text; each array has shape (types,).

    Parameters
    ----------
    dp
        Gries's deviation of proportions, from 0 (as the documents' sizes) to nearly 1 (one document).
    dp_norm
        The same divided by its largest value, 1 - the smallest document's share (Lijffijt & Gries 2012).
    juilland_d
        1 - (coefficient of variation of the relative frequencies) / sqrt(documents - 1): 1 is even, 0 is
        one document only.
    documents
        Documents that hold the type.
    largest_share
        Share of the type's tokens that stand in one document.
    """

    dp: Vector
    dp_norm: Vector
    juilland_d: Vector
    documents: NDArray[np.int64]
    largest_share: Vector


def dispersions(counts: Counts) -> Dispersion:
    """Dispersion of all types of one text over its documents; NaN for types without tokens.

    Gries (2008), "Dispersions and adjusted frequencies in corpora": DP_i = 1/2 sum_d |f_di / f_i - s_d|
    with the documents' shares s_d of all tokens. Juilland & Chang-Rodriguez (1964) for D. Documents
    without tokens are left out.

    Raises
    ------
    WordShiftError
        If there are fewer than two documents with tokens.
    """
    matrix = document_matrix(counts, counts.types, counts.values)
    lengths, rows = matrix.lengths, matrix.rows
    used = int(np.count_nonzero(lengths))
    if used < 2:
        raise WordShiftError("dispersion needs at least two documents with words")
    f, size = counts.values, len(counts.values)
    s = lengths / lengths.sum()
    entries = matrix.data > 0
    of, row, data = matrix.indices[entries], rows[entries], matrix.data[entries]
    # A document without the type deviates by its own share, so start from all shares: their sum is 1.
    v = data / f[of]
    deviation = 1 + np.bincount(of, weights=np.abs(v - s[row]) - s[row], minlength=size)
    dp = np.where(f > 0, 0.5 * np.maximum(deviation, 0), np.nan)
    rate = data / lengths[row]
    mean = np.bincount(of, weights=rate, minlength=size) / used
    holders = np.bincount(of, minlength=size)
    squares = np.bincount(of, weights=(rate - mean[of]) ** 2, minlength=size) + (used - holders) * mean**2
    with np.errstate(divide="ignore", invalid="ignore"):
        variation = np.sqrt(squares / used) / mean
    largest = np.zeros(size)
    np.maximum.at(largest, of, v)
    return Dispersion(
        dp=dp,
        dp_norm=dp / (1 - float(s[s > 0].min())),
        juilland_d=1 - variation / np.sqrt(used - 1),
        documents=holders,
        largest_share=np.where(f > 0, largest, np.nan),
    )
