"""Totals with less bias, and their standard errors.

The plug-in estimate of an entropy is too low and that of a divergence too high, because rare types are
missed: two samples of one text differ. Section 2 of the paper uses the plug-in; these are corrections.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hotpapers.wordshift.shifts import WordShiftError
from hotpapers.wordshift.uncertainty.contributions import Contributions
from hotpapers.wordshift.uncertainty.derivatives import Entropy, FixedScores, JensenShannon, KullbackLeibler
from hotpapers.wordshift.uncertainty.resampling import DocumentMatrix

__all__ = ["Reduction", "bias_reduced", "chao_shen_entropy", "document_variance", "token_variance"]

Vector = NDArray[np.float64]
Pair = tuple[DocumentMatrix, DocumentMatrix]
Reduction = Literal["jackknife", "chao-shen", "null-subtracted", "none"]

_GROUPS = 50  # documents are left out one at a time up to this many a side, beyond it in groups


def bias_reduced(
    contributions: Contributions,
    *,
    method: Reduction = "jackknife",
    documents: Pair | None = None,
    null_mean: float | None = None,
    estimate: float | None = None,
) -> float:
    """The total with less bias.

    Parameters
    ----------
    method
        ``"jackknife"``: leave out one token at a time, in closed form; or one document at a time where
        `documents` are given (Efron & Tibshirani 1993, chapter 11; each text is left out from in turn).
        ``"chao-shen"``: coverage-adjusted entropies (Chao & Shen 2003), for Shannon entropy and JSD.
        ``"null-subtracted"``: less the mean total of shuffled texts, `null_mean`.
        ``"none"``: the plug-in.
    estimate
        The plug-in, where it is known.

    Raises
    ------
    WordShiftError
        If the method does not exist, or not for this measure.
    """
    if estimate is None:
        estimate = contributions.total(contributions.f1, contributions.f2)
    if method == "none":
        return estimate
    if method == "null-subtracted":
        if null_mean is None:
            raise WordShiftError("null-subtracted: give the mean of a permutation null as null_mean")
        return estimate - null_mean
    if method == "chao-shen":
        return _chao_shen(contributions)
    if method != "jackknife":
        raise WordShiftError(f"bias {method!r}: accepted are jackknife, chao-shen, null-subtracted, none")
    if isinstance(contributions.formula, FixedScores):
        return estimate  # linear in the shares, so nothing to reduce
    if isinstance(contributions.formula, KullbackLeibler) and not contributions.pseudo_count:
        raise WordShiftError("the jackknife of a Kullback-Leibler divergence needs missing='smooth'")
    if documents is None:
        return estimate - _token_bias(contributions)
    return estimate - _document_bias(contributions, documents, estimate)


def _token_bias(contributions: Contributions) -> float:
    """Bias by leaving out each token once.

    Without one token of type j the shares are f / (n - 1), less 1 / (n - 1) at j: the sum over types
    changes in one term, so all n totals cost one pass. Frequencies are taken as numbers of tokens.
    Differences are taken type by type before they are summed, for they are multiplied by n - 1.
    """
    bias = 0.0
    texts, sizes = (contributions.f1, contributions.f2), contributions.totals
    shares = [contributions.shares(f, n) for f, n in zip(texts, sizes, strict=True)]
    plain = contributions.formula.value(shares[0], shares[1])
    for k in range(2):
        f, n = texts[k], sizes[k]
        if n <= 1:
            raise WordShiftError("the jackknife needs at least two tokens in each text")

        def value(frequencies: Vector, n: float = n, k: int = k) -> Vector:
            left = shares.copy()
            left[k] = contributions.shares(frequencies, n - 1)
            return contributions.formula.value(left[0], left[1])

        same = value(f)
        less = value(np.maximum(f - 1, 0))
        bias += (n - 1) * float(((same - plain) + f / n * np.where(f > 0, less - same, 0.0)).sum())
    return bias


def _document_bias(contributions: Contributions, documents: Pair, estimate: float) -> float:
    """Bias by leaving out documents of each text in turn, in at most `_GROUPS` groups of them."""
    bias = 0.0
    texts = [contributions.f1, contributions.f2]
    for k, matrix in enumerate(documents):
        groups = min(len(matrix), _GROUPS)
        group = np.arange(len(matrix)) % groups
        of_entry = group[matrix.rows]
        totals = []
        for number in range(groups):
            inside = of_entry == number
            left = texts.copy()
            out = np.bincount(matrix.indices[inside], weights=matrix.data[inside], minlength=matrix.types)
            left[k] = np.maximum(texts[k] - out, 0)
            totals.append(contributions.total(left[0], left[1]))
        bias += (groups - 1) * (float(np.mean(totals)) - estimate)
    return bias


def chao_shen_entropy(frequencies: Vector) -> float:
    """Shannon entropy in nats of the text that a sample came from (Chao & Shen 2003, equation 9).

    Shares are shrunk by the sample's coverage C = 1 - singletons / n (Good-Turing), and each term is
    divided by the chance 1 - (1 - C p)^n that its type was seen at all (Horvitz-Thompson).

    >>> round(chao_shen_entropy(np.array([1.0, 1.0, 2.0])), 4)
    1.7632
    """
    f = frequencies[frequencies > 0]
    n = float(f.sum())
    coverage = _coverage(float(np.count_nonzero(f == 1)) / n, n)
    p = coverage * f / n
    seen = -np.expm1(n * np.log1p(-np.minimum(p, 1 - 1e-16)))
    return -math.fsum(p * np.log(p) / seen)


def _coverage(unseen: float, n: float) -> float:
    """1 - unseen; a sample of singletons only would leave 0, so one of them is taken as seen twice."""
    return 1.0 - unseen if unseen < 1 else 1.0 / n


def _chao_shen(contributions: Contributions) -> float:
    """Entropy difference or JSD from coverage-adjusted entropies.

    The mixture M of a JSD is seen through both samples: a type is missed with the product of both
    texts' chances, and the unseen mass is what tokens that are the only one of their type in both
    texts stand for, w_1 #(f1 = 1, f2 = 0) / n1 + w_2 #(f1 = 0, f2 = 1) / n2.
    """
    formula, (n1, n2) = contributions.formula, contributions.totals
    f1, f2 = contributions.f1, contributions.f2
    if isinstance(formula, Entropy):
        return (chao_shen_entropy(f2) - chao_shen_entropy(f1)) / math.log(formula.base)
    if not isinstance(formula, JensenShannon):
        raise WordShiftError(
            "chao-shen: only for Shannon entropy and the Jensen-Shannon divergence of order 1"
        )
    w1, w2 = formula.weights
    alone = (np.count_nonzero((f1 == 1) & (f2 == 0)) / n1, np.count_nonzero((f2 == 1) & (f1 == 0)) / n2)
    coverage = _coverage(w1 * alone[0] + w2 * alone[1], n1 + n2)
    shown = w1 * f1 + w2 * f2 > 0
    p1, p2 = coverage * f1[shown] / n1, coverage * f2[shown] / n2
    m = w1 * p1 + w2 * p2
    top = 1 - 1e-16
    missed = n1 * np.log1p(-np.minimum(p1, top)) + n2 * np.log1p(-np.minimum(p2, top))
    mixture = -math.fsum(m * np.log(m) / -np.expm1(missed))
    divergence = mixture - w1 * chao_shen_entropy(f1) - w2 * chao_shen_entropy(f2)
    return divergence / math.log(formula.base)


def token_variance(contributions: Contributions) -> float:
    """Variance of the total under independent tokens, delta method: sum_k sum_i p G^2 / n, G centred."""
    slopes, texts = contributions.total_slopes(), (contributions.f1, contributions.f2)
    sizes = contributions.totals
    return sum(float(f @ g**2) / n**2 for g, f, n in zip(slopes, texts, sizes, strict=True))


def document_variance(contributions: Contributions, documents: Pair) -> tuple[float, float]:
    """Variance of the total under independent documents, and its degrees of freedom.

    Document d moves the total by u_d = sum_i f_di G_i / n (G centred); the variance of a text's part is
    K / (K - 1) sum u_d^2, the linearised ratio estimator. Degrees of freedom by Welch-Satterthwaite.
    """
    parts = []
    for slope, matrix, n in zip(contributions.total_slopes(), documents, contributions.totals, strict=True):
        influence = matrix.times(slope) / n
        count = len(matrix)
        parts.append((count / (count - 1) * float(influence @ influence), count - 1))
    variance = sum(part for part, _ in parts)
    spread = sum(part**2 / free for part, free in parts)
    return variance, variance**2 / spread if spread > 0 else math.inf
