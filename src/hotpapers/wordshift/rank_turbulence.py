"""Rank-turbulence and probability-turbulence divergence, and the numbers of an allotaxonograph.

Dodds et al., "Allotaxonometry and rank-turbulence divergence" (arXiv 2002.09770) and
"Probability-turbulence divergence" (arXiv 2008.13078). Both are sums over types, tuned by alpha from
rare types (0) to common ones (infinity), and are 1 exactly where the systems share no type.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hotpapers.wordshift.counts import Counts
from hotpapers.wordshift.matrices import frequency_table
from hotpapers.wordshift.shifts import WordShiftError

__all__ = ["RankCell", "Turbulence", "probability_turbulence", "rank_turbulence_divergence", "tied_ranks"]

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class RankCell:
    """One cell of the rank-rank histogram.

    Parameters
    ----------
    log_rank_1, log_rank_2
        Lower ends in decades (log10 of the rank).
    types
        Types in the cell.
    example
        The type in it that contributes most.
    """

    log_rank_1: float
    log_rank_2: float
    types: int
    example: Any


@dataclass(frozen=True, kw_only=True, eq=False)
class Turbulence:
    """A turbulence divergence with its contributions; arrays have shape (types,).

    Parameters
    ----------
    kind
        ``"rank"`` or ``"probability"``.
    alpha
        0 to infinity.
    names
        The two systems.
    types
        Types that either system has, in code-point order.
    f1, f2, r1, r2
        Frequencies and tied ranks.
    contribution
        delta_i >= 0; they sum to `total`.
    total
        The divergence, in [0, 1].
    normalization
        What the raw sum was divided by: the sum of two systems with the same shapes that share nothing.
    """

    kind: Literal["rank", "probability"]
    alpha: float
    names: tuple[str, str]
    types: Sequence[Any]
    f1: Vector
    f2: Vector
    r1: Vector
    r2: Vector
    contribution: Vector
    total: float
    normalization: float

    @cached_property
    def order(self) -> NDArray[np.intp]:
        """Positions by falling contribution, ties by type."""
        return np.argsort(-self.contribution, kind="stable")

    @property
    def direction(self) -> NDArray[np.int64]:
        """1 where system 2 ranks the type higher, -1 where system 1 does, 0 where they agree."""
        return np.sign(self.r1 - self.r2).astype(np.int64)

    @property
    def balance(self) -> dict[str, tuple[float, float]]:
        """The three bars of an allotaxonograph, for system 1 and 2, each a share in [0, 1].

        ``"total size"``: of all tokens; ``"types"``: of all types, those the system has;
        ``"exclusive"``: of the system's types, those the other lacks.
        """
        n1, n2 = float(self.f1.sum()), float(self.f2.sum())
        has1, has2 = self.f1 > 0, self.f2 > 0
        v1, v2, union = int(has1.sum()), int(has2.sum()), len(self.types)
        return {
            "total size": (n1 / (n1 + n2), n2 / (n1 + n2)),
            "types": (v1 / union, v2 / union),
            "exclusive": (int((has1 & ~has2).sum()) / v1, int((has2 & ~has1).sum()) / v2),
        }

    def cells(self, per_decade: int = 15) -> list[RankCell]:
        """The rank-rank histogram: types by log10 rank in both systems, cells of 1 / `per_decade`.

        Sorted by cell; empty cells are left out.
        """
        at = np.floor(np.log10(np.stack([self.r1, self.r2])) * per_decade + 1e-9).astype(np.int64)
        keys, inverse, sizes = np.unique(at, axis=1, return_inverse=True, return_counts=True)
        best = np.full(keys.shape[1], -1, dtype=np.int64)
        best[inverse.ravel()[self.order[::-1]]] = self.order[::-1]  # the largest is written last
        return [
            RankCell(x / per_decade, y / per_decade, size, self.types[example])
            for x, y, size, example in zip(
                keys[0].tolist(), keys[1].tolist(), sizes.tolist(), best.tolist(), strict=True
            )
        ]


def tied_ranks(frequencies: Vector) -> Vector:
    """Ranks by falling frequency, 1 the largest; equal frequencies share their average rank.

    Types of frequency 0 tie behind all others: with N types present and U absent their rank is
    N + (U + 1) / 2.

    >>> tied_ranks(np.array([5.0, 2.0, 2.0, 0.0, 0.0])).tolist()
    [1.0, 2.5, 2.5, 4.5, 4.5]
    """
    _, inverse, sizes = np.unique(-frequencies, return_inverse=True, return_counts=True)
    last = np.cumsum(sizes)
    return np.asarray((last - (sizes - 1) / 2)[inverse], dtype=float)


def rank_turbulence_divergence(a: Counts, b: Counts, *, alpha: float = 1 / 3) -> Turbulence:
    """Rank-turbulence divergence of two systems.

    delta_i = |r1^-alpha - r2^-alpha|^(1 / (alpha + 1)) / N, where N is the same sum for systems of the
    same shapes that share nothing: there a type of one stands in the other at the tied rank behind all,
    N_other + (N_own + 1) / 2, so that such systems are at 1 exactly. alpha = 0: |ln(r1 / r2)|;
    alpha = infinity: max(1 / r1, 1 / r2) where the ranks differ. The paper's factor (alpha + 1) / alpha
    cancels.

    Parameters
    ----------
    a, b
        System 1 and 2.
    alpha
        0 to infinity.

    Raises
    ------
    WordShiftError
        If a system is empty or alpha is negative or not a number.
    """
    alpha = _checked(alpha)
    types, f1, f2 = _union(a, b)
    r1, r2 = tied_ranks(f1), tied_ranks(f2)
    n1, n2 = int((f1 > 0).sum()), int((f2 > 0).sum())
    raw = _rank_terms(r1, r2, alpha)
    whole = math.fsum(_rank_terms(r1[f1 > 0], np.full(n1, n2 + (n1 + 1) / 2), alpha))
    whole += math.fsum(_rank_terms(r2[f2 > 0], np.full(n2, n1 + (n2 + 1) / 2), alpha))
    return _turbulence("rank", alpha, a, b, (types, f1, f2, r1, r2), raw, whole)


def probability_turbulence(a: Counts, b: Counts, *, alpha: float = 1 / 3) -> Turbulence:
    """Probability-turbulence divergence of two systems.

    delta_i = |p1^alpha - p2^alpha|^(1 / (alpha + 1)) / N, N the sum of p^(alpha / (alpha + 1)) over both
    systems' types. alpha = 0: types that one system lacks, over the types of both (1 - Sorensen-Dice);
    alpha = infinity: max(p1, p2) / 2 where they differ.

    Parameters and errors as in `rank_turbulence_divergence`.
    """
    alpha = _checked(alpha)
    types, f1, f2 = _union(a, b)
    p1, p2 = f1 / f1.sum(), f2 / f2.sum()
    high, low = np.maximum(p1, p2), np.minimum(p1, p2)
    if math.isinf(alpha):
        raw, whole = np.where(high > low, high, 0.0), 2.0
    elif alpha == 0:
        raw = np.where(low > 0, 0.0, 1.0)
        whole = float((f1 > 0).sum() + (f2 > 0).sum())
    else:
        # high^alpha - low^alpha = high^alpha (1 - (low / high)^alpha)
        with np.errstate(divide="ignore"):
            gap = -np.expm1(alpha * np.log(low / high))
        raw = high ** (alpha / (alpha + 1)) * gap ** (1 / (alpha + 1))
        own = [p[p > 0] ** (alpha / (alpha + 1)) for p in (p1, p2)]
        whole = math.fsum(own[0]) + math.fsum(own[1])
    ranks = (tied_ranks(f1), tied_ranks(f2))
    return _turbulence("probability", alpha, a, b, (types, f1, f2, *ranks), raw, whole)


def _checked(alpha: float) -> float:
    if not alpha >= 0:
        raise WordShiftError(f"alpha {alpha}: 0 or more, infinity included")
    return float(alpha)


def _union(a: Counts, b: Counts) -> tuple[list[Any], Vector, Vector]:
    types, (f1, f2) = frequency_table({a.name or "text 1": a, f"{b.name or 'text 2'} ": b})
    kept = np.flatnonzero(f1 + f2 > 0)
    return [types[i] for i in kept.tolist()], f1[kept], f2[kept]


def _rank_terms(r1: Vector, r2: Vector, alpha: float) -> Vector:
    """|r1^-a - r2^-a|^(1 / (a + 1)), as r^-a (1 - (r / R)^a) with r <= R: no cancellation at small a."""
    small, large = np.minimum(r1, r2), np.maximum(r1, r2)
    if alpha == 0:
        return np.log(large / small)
    if math.isinf(alpha):
        return np.where(large > small, 1 / small, 0.0)
    gap = -np.expm1(alpha * np.log(small / large))
    return np.asarray(small ** (-alpha / (alpha + 1)) * gap ** (1 / (alpha + 1)))


def _turbulence(
    kind: Literal["rank", "probability"],
    alpha: float,
    a: Counts,
    b: Counts,
    columns: tuple[list[Any], Vector, Vector, Vector, Vector],
    raw: Vector,
    whole: float,
) -> Turbulence:
    types, f1, f2, r1, r2 = columns
    contribution = raw / whole if whole > 0 else np.zeros_like(raw)
    return Turbulence(
        kind=kind,
        alpha=alpha,
        names=(a.name or "Text 1", b.name or "Text 2"),
        types=types,
        f1=f1,
        f2=f2,
        r1=r1,
        r2=r2,
        contribution=contribution,
        total=math.fsum(contribution),
        normalization=whole,
    )
