"""Gradient sums of a random part of the rows: by independent coins, or of a fixed number of rows.

The two are different mechanisms with different accounts (`hotpapers.dpopt.accounting.subsampling`). A Poisson
sample's size is random and private: the sum is divided by the public ``rate * n``, never by the number drawn.

Samples come from uniform 64-bit words. A row enters a Poisson sample where its word is below ``rate 2^64``, an
integer, so that the rate is exactly what the account has. A sample without replacement holds the rows of the m
smallest words, all drawn again in the event of a tie: by symmetry every set of m rows is equally likely.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotpapers.dpopt.accounting.events import Sampling
from hotpapers.dpopt.accounting.relations import Relation, sum_sensitivity
from hotpapers.dpopt.clipped_sums import ClippedSums, checked_clip
from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.exact_sums import WEIGHT_BITS, ExactClippedSums, cut_to_integers
from hotpapers.dpopt.losses import Loss
from hotpapers.dpopt.noise import EntropySource
from hotpapers.dpopt.rows import PreparedRows

__all__ = ["SampledSums", "exact_rate", "poisson_sample", "sample_without_replacement"]

_WORDS = 2**64
# Rows of a sample that are gathered in memory at a time.
_GATHERED_ROWS = 2**16


def exact_rate(rate: float) -> float:
    """The largest multiple of 2^-64 that is at most `rate` and a float.

    Raises
    ------
    PrivacyError
        If the rate is not in (0, 1), or below 2^-64.
    """
    if not 2.0**-64 <= rate < 1:
        raise PrivacyError(f"a sampling rate must be above 0 and below 1: got {rate!r}")
    return int(rate * _WORDS) / _WORDS


def poisson_sample(count: int, rate: float, source: EntropySource) -> NDArray[np.intp]:
    """Places of the rows that independent coins of probability `rate` choose, in order."""
    threshold = np.uint64(int(rate * _WORDS))
    return np.flatnonzero(source.words(count) < threshold)


def sample_without_replacement(count: int, drawn: int, source: EntropySource) -> NDArray[np.intp]:
    """A uniformly random set of `drawn` places, in order."""
    if not 1 <= drawn <= count:
        raise PrivacyError("a sample without replacement needs at least one row and at most all")
    while True:
        words = source.words(count)
        if len(np.unique(words)) == count:
            return np.sort(np.argpartition(words, drawn - 1)[:drawn])


class SampledSums:
    """Clipped gradient sums of a fresh sample in every call.

    Parameters
    ----------
    rows, loss, clip
        As of `ClippedSums`, or `ExactClippedSums` where the rows are exact.
    sampling
        ``"poisson"`` with an exact rate, or ``"without_replacement"`` of the given fraction.
    source
        Of random words.
    weight_bits
        As of `ExactClippedSums`.
    """

    def __init__(
        self,
        rows: PreparedRows,
        loss: Loss,
        clip: float | None,
        sampling: Sampling,
        source: EntropySource,
        *,
        weight_bits: int = WEIGHT_BITS,
    ) -> None:
        if sampling.kind == "full":
            raise PrivacyError("sampled sums need a sampling of rows")
        self.rows, self.loss, self.sampling = rows, loss, sampling
        self.clip = checked_clip(rows, loss, clip)
        self._source, self._weight_bits = source, weight_bits

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one parameter."""
        return (self.rows.width,) if self.loss.outputs == 1 else (self.rows.width, self.loss.outputs)

    @property
    def spacing(self) -> float | None:
        """Lattice of the sums."""
        return self._sums(np.zeros(0, dtype=np.intp)).spacing

    def sensitivity(self, relation: Relation) -> float:
        """Of one sample's sum."""
        return sum_sensitivity(self.clip, relation)

    def __call__(self, theta: NDArray[Any]) -> NDArray[Any]:
        """The sum over a new sample."""
        count = len(self.rows.features)
        if self.sampling.kind == "poisson":
            chosen = poisson_sample(count, self.sampling.rate, self._source)
        else:
            chosen = sample_without_replacement(count, round(self.sampling.rate * count), self._source)
        parts = np.array_split(chosen, max(1, math.ceil(len(chosen) / _GATHERED_ROWS)))
        if not self.rows.exact:
            return np.asarray(sum(self._sums(part)(theta) for part in parts))
        return cut_to_integers(np.sum([self._sums(part)(theta).astype(object) for part in parts], axis=0))

    def _sums(self, chosen: NDArray[np.intp]) -> ClippedSums | ExactClippedSums:
        rows = self.rows
        part = PreparedRows(
            rows.features[chosen], rows.targets[chosen], rows.norms[chosen], rows.bound, rows.exact
        )
        if rows.exact:
            return ExactClippedSums(part, self.loss, self.clip, weight_bits=self._weight_bits)
        return ClippedSums(part, self.loss, self.clip)
