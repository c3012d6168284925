"""The total of a shift with its uncertainty."""

from __future__ import annotations

import math
from dataclasses import dataclass

from hotpapers.wordshift.shifts import Shift
from hotpapers.wordshift.uncertainty.bias_reduction import (
    Reduction,
    bias_reduced,
    document_variance,
    token_variance,
)
from hotpapers.wordshift.uncertainty.contributions import Contributions
from hotpapers.wordshift.uncertainty.derivatives import FixedScores, KullbackLeibler
from hotpapers.wordshift.uncertainty.interval_forms import student_quantile
from hotpapers.wordshift.uncertainty.resampling import DocumentMatrix

__all__ = ["TotalInterval", "total_interval"]

Pair = tuple[DocumentMatrix, DocumentMatrix]


@dataclass(frozen=True, kw_only=True)
class TotalInterval:
    """The total with its uncertainty, in the shift's unit.

    Parameters
    ----------
    estimate
        The plug-in, `Shift.difference`.
    reduced
        The estimate with less bias, by `reduction`.
    sd
        Standard error: tokens or documents, and ratings where they were given.
    low, high
        Interval around `reduced`; a divergence's ends are not below 0.
    """

    estimate: float
    reduced: float
    reduction: Reduction
    sd: float
    low: float
    high: float


def total_interval(
    shift: Shift,
    *,
    documents: Pair | None = None,
    level: float = 0.95,
    reduction: Reduction | None = None,
    null_mean: float | None = None,
    rating_variance: float = 0.0,
) -> TotalInterval:
    """The total's interval: its linearised standard error around an estimate with less bias.

    Bootstrap percentiles of an entropy or divergence are not used: a resample misses rare types once
    more, so they lie wholly to one side of the estimate. What bias is left in `reduced` is not in the
    interval: on Zipf texts of 35,000 tokens and 6,000 types the jackknife takes away four fifths of the
    plug-in JSD's, and the rest is still several standard errors. Compare texts of equal size, or read the
    interval with the permutation null beside it.

    Parameters
    ----------
    documents
        For standard errors and jackknife by documents (Student's t, Welch's degrees of freedom);
        else independent tokens (normal).
    null_mean
        For ``"null-subtracted"``.
    rating_variance
        Variance from the lexicon's ratings, `rating_variance`, added to the sampling variance.
    """
    contributions = Contributions.of(shift)
    formula = contributions.formula
    undefined = isinstance(formula, KullbackLeibler) and not contributions.pseudo_count
    small = min(contributions.totals) <= 1
    chosen: Reduction = reduction or (
        "none" if undefined or small or isinstance(formula, FixedScores) else "jackknife"
    )
    reduced = bias_reduced(
        contributions, method=chosen, documents=documents, null_mean=null_mean, estimate=shift.difference
    )
    if documents is not None:
        variance, freedom = document_variance(contributions, documents)
    else:
        variance, freedom = token_variance(contributions), math.inf
    sd = math.sqrt(variance + rating_variance)
    half = student_quantile(0.5 + level / 2, freedom) * sd
    low, high = reduced - half, reduced + half
    if shift.all_positive:
        low, high = max(low, 0.0), max(high, 0.0)
    return TotalInterval(
        estimate=shift.difference, reduced=reduced, reduction=chosen, sd=sd, low=low, high=high
    )
