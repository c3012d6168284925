"""Would two samples of one text differ as much? Permutation tests of a shift's total."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hotpapers.wordshift.counts import Counts, Documents
from hotpapers.wordshift.shifts import Shift, WordShiftError
from hotpapers.wordshift.uncertainty.contributions import Contributions
from hotpapers.wordshift.uncertainty.resampling import BLOCK, DocumentMatrix, document_matrix, random_streams

__all__ = ["NullTest", "permutation_test"]

Vector = NDArray[np.float64]
Unit = Literal["token", "document"]

_MOST_TOKENS = 10**9  # of both texts, for exact shuffles of tokens
_CELLS = 4_000_000  # counts held at one time


@dataclass(frozen=True, kw_only=True, eq=False)
class NullTest:
    """A permutation test of the total.

    Parameters
    ----------
    statistic
        What was compared: ``"total"``, or ``"total variation distance"`` for proportions, whose total
        is 0 by construction.
    unit
        What was shuffled between the texts.
    estimate
        The statistic of the texts as they are.
    null
        The statistic of the shuffled texts, shape (reps,).
    two_sided
        Whether distance from the null's centre counts in both directions (signed totals); else only
        larger values do (divergences).
    p_value
        (1 + number of shuffles at least as far out) / (reps + 1).
    seed
        Of the shuffles.
    """

    statistic: str
    unit: Unit
    estimate: float
    null: Vector
    two_sided: bool
    p_value: float
    seed: int

    @property
    def mean(self) -> float:
        """Mean of the null: the plug-in's bias if the texts did not differ."""
        return float(self.null.mean())

    @property
    def sd(self) -> float:
        """Standard deviation of the null."""
        return float(self.null.std(ddof=1)) if len(self.null) > 1 else 0.0

    @property
    def null_subtracted(self) -> float:
        """The estimate less the null's mean: one of the bias-reduced estimates."""
        return self.estimate - self.mean


def permutation_test(
    shift: Shift,
    *,
    unit: Unit = "document",
    documents: tuple[Counts, Counts] | tuple[Documents, Documents] | None = None,
    reps: int = 999,
    seed: int = 0,
    threads: int = 1,
) -> NullTest:
    """Shuffle documents or tokens between the two texts and compare the totals.

    Shuffled texts keep their number of documents, or of tokens. Shuffle documents where there are any:
    words come in bursts, so tokens of one text are more alike than a shuffle of tokens allows, and even
    two samples of one source differ "significantly" under it.

    Parameters
    ----------
    shift
        Scores and a lexicon's filters stay as they are; frequencies and what depends on them move.
    documents
        As in `intervals`; needed for ``unit="document"``.

    Raises
    ------
    WordShiftError
        If the unit does not exist, `reps` is under 1, documents are missing, or tokens are fractional
        or more than 10^9 (shuffle documents then).
    """
    if unit not in {"token", "document"}:
        raise WordShiftError(f"unit {unit!r}: accepted are document, token")
    if reps < 1:
        raise WordShiftError(f"reps={reps}: at least 1")
    contributions = Contributions.of(shift)
    statistic = _variation(contributions) if shift.measure == "proportion" else contributions.batched_total()
    if unit == "token":
        work = _shuffled_tokens(contributions, statistic)
    else:
        if documents is None:
            raise WordShiftError("give the two Counts with their documents, or unit='token'")
        first = document_matrix(documents[0], shift.types, contributions.f1)
        work = _shuffled_documents(
            first, document_matrix(documents[1], shift.types, contributions.f2), statistic
        )
    (null,) = random_streams(work, reps, seed=seed, threads=threads)
    estimate = float(statistic(contributions.f1[None], contributions.f2[None])[0])
    two_sided = not (shift.all_positive or shift.measure in {"jsd", "kld", "proportion"})
    return NullTest(
        statistic="total variation distance" if shift.measure == "proportion" else "total",
        unit=unit,
        estimate=estimate,
        null=null,
        two_sided=two_sided,
        p_value=_p_value(estimate, null, two_sided=two_sided),
        seed=seed,
    )


def _p_value(estimate: float, null: Vector, *, two_sided: bool) -> float:
    """Share of shuffles, the unshuffled one among them, that lie at least as far out."""
    far, observed = null, estimate
    if two_sided:
        centre = (float(null.sum()) + estimate) / (len(null) + 1)
        far, observed = np.abs(null - centre), abs(estimate - centre)
    slack = 1e-12 * max(abs(estimate), float(np.abs(null).max()))
    return (1 + int(np.count_nonzero(far >= observed - slack))) / (len(null) + 1)


def _variation(contributions: Contributions) -> Callable[[Vector, Vector], Vector]:
    def distance(f1: Vector, f2: Vector) -> Vector:
        p1 = contributions.shares(f1, f1.sum(axis=-1, keepdims=True))
        p2 = contributions.shares(f2, f2.sum(axis=-1, keepdims=True))
        return np.asarray(0.5 * np.abs(p2 - p1).sum(axis=-1))

    return distance


def _shuffled_tokens(
    contributions: Contributions, statistic: Callable[[Vector, Vector], Vector]
) -> Callable[[np.random.Generator], tuple[Vector, ...]]:
    pooled = contributions.f1 + contributions.f2
    whole = np.rint(pooled).astype(np.int64)
    if not np.allclose(whole, pooled, atol=1e-9):
        raise WordShiftError("tokens with fractional weights can't be shuffled: shuffle documents")
    if whole.sum() >= _MOST_TOKENS:
        raise WordShiftError("10^9 tokens or more can't be shuffled one by one: shuffle documents")
    size = round(contributions.totals[0])
    rows = max(1, min(BLOCK, _CELLS // max(1, len(pooled))))

    def work(generator: np.random.Generator) -> tuple[Vector, ...]:
        totals = []
        for start in range(0, BLOCK, rows):
            count = min(rows, BLOCK - start)
            first = generator.multivariate_hypergeometric(whole, size, size=count, method="marginals")
            totals.append(statistic(first.astype(float), pooled - first))
        return (np.concatenate(totals),)

    return work


def _shuffled_documents(
    first: DocumentMatrix, second: DocumentMatrix, statistic: Callable[[Vector, Vector], Vector]
) -> Callable[[np.random.Generator], tuple[Vector, ...]]:
    matrix = DocumentMatrix(
        indptr=np.concatenate([first.indptr, first.indptr[-1] + second.indptr[1:]]),
        indices=np.concatenate([first.indices, second.indices]),
        data=np.concatenate([first.data, second.data]),
        types=first.types,
    )
    pooled = np.bincount(matrix.indices, weights=matrix.data, minlength=matrix.types)
    used = matrix.lengths > 0
    labels = np.arange(len(matrix)) < len(first)
    if labels[used].all() or not labels[used].any():
        raise WordShiftError("one text has no document with words left: nothing to shuffle")
    rows = max(1, min(BLOCK, _CELLS // max(1, matrix.types)))

    def work(generator: np.random.Generator) -> tuple[Vector, ...]:
        chosen = np.array([generator.permutation(labels) for _ in range(BLOCK)], dtype=float)
        totals = []
        for start in range(0, BLOCK, rows):
            one = matrix.weighted(chosen[start : start + rows])
            totals.append(statistic(one, np.maximum(pooled - one, 0)))
        return (np.concatenate(totals),)

    return work
