"""Proposals for exact lattice noise: which bucket of |x| a draw falls into, with integer probabilities.

|x|, in units of the noise's scale, is cut into buckets ``[i h, (i+1) h)``. With psi the exponent of the
density (``x^2/2`` or ``x``) bucket i < N gets the integer weight

    w_i = floor(2^64 e^{-psi(i h)} / Z) + 1        (i >= 1),     w_0 = 2^64 - sum of the others,

and everything from N h on the weight ``w_N = floor(2^64 2^m e^{-psi(N h)} / Z) + 1``, where Z is the sum of the
real weights ``e^{-psi(i h)}`` (i < N) and ``2^m e^{-psi(N h)}``. As the others were all rounded up,
``w_0 < 2^64 / Z``, so

    e^{-psi(i h)} w_0 / w_i <= 1     for every i:

these are acceptance probabilities, and no rounding of Z or of a weight changes what is drawn, only how often
a proposal is refused. The alias method (Walker 1977; Vose 1991), run on integers, turns one uniform 64-bit
word into a bucket with probability exactly ``w_i / 2^64``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import mpmath
import numpy as np
from numpy.typing import NDArray

__all__ = ["AliasTable", "bucket_weights", "build_alias"]

_WORD = 1 << 64


@dataclass(frozen=True)
class AliasTable:
    """One word to one bucket: the low `column_bits` bits choose a column, the rest decide within it."""

    column_bits: int
    threshold: NDArray[np.uint64]
    own: NDArray[np.int64]
    other: NDArray[np.int64]

    def buckets(self, words: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Bucket of each word."""
        column = (words & np.uint64((1 << self.column_bits) - 1)).astype(np.int64)
        stays = (words >> np.uint64(self.column_bits)) < self.threshold[column]
        return np.where(stays, self.own[column], self.other[column])


def bucket_weights(exponent: Callable[[int], mpmath.mpf], buckets: int, tail_bits: int) -> list[int]:
    """The integers w_0 ... w_N, which add up to 2^64.

    Parameters
    ----------
    exponent
        psi at the left edge of bucket i, i = 0 ... N; increasing, ``exponent(0) = 0``.
    buckets
        N.
    tail_bits
        m.
    """
    with mpmath.workprec(200):
        real = [mpmath.exp(-exponent(bucket)) for bucket in range(buckets)]
        real.append(mpmath.ldexp(mpmath.exp(-exponent(buckets)), tail_bits))
        total = mpmath.fsum(real)
        others = [int(mpmath.floor(_WORD * one / total)) + 1 for one in real[1:]]
    return [_WORD - sum(others), *others]


def build_alias(weights: list[int]) -> AliasTable:
    """The alias table of integer weights that add up to 2^64."""
    column_bits = max(1, (len(weights) - 1).bit_length())
    columns = 1 << column_bits
    capacity = _WORD >> column_bits
    left = [*weights, *[0] * (columns - len(weights))]
    threshold, other = [capacity] * columns, list(range(columns))
    small = [column for column in range(columns) if left[column] < capacity]
    large = [column for column in range(columns) if left[column] >= capacity]
    while small:
        poor, rich = small.pop(), large[-1]
        threshold[poor], other[poor] = left[poor], rich
        left[rich] -= capacity - left[poor]
        if left[rich] < capacity:
            small.append(large.pop())
    return AliasTable(
        column_bits=column_bits,
        threshold=np.array(threshold, dtype=np.uint64),
        own=np.arange(columns, dtype=np.int64),
        other=np.array(other, dtype=np.int64),
    )
