"""Areas under ROC curves, and whether two classifiers' areas over the same folds differ by more than chance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata, t

from hotpapers.hopfield.errors import HopfieldError

__all__ = ["PairedDifference", "area", "corrected_difference"]


def area(scores: Any, positive: Any) -> npt.NDArray[np.float64]:
    """Area under the ROC curve, ties counted half, along the last axis.

    Parameters
    ----------
    scores
        ``[..., n]``.
    positive
        1 or 0, ``[n]``, of both kinds.

    Examples
    --------
    >>> float(area([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]))
    0.75
    """
    ranks = rankdata(np.asarray(scores, dtype=np.float64), axis=-1)
    true = np.asarray(positive) > 0.5
    count, other = int(true.sum()), int((~true).sum())
    if not count or not other:
        raise HopfieldError("an area under the ROC curve needs bags of both classes")
    above = ranks[..., true].sum(-1) - count * (count + 1) / 2
    found: npt.NDArray[np.float64] = above / (count * other)
    return found


@dataclass(frozen=True, kw_only=True)
class PairedDifference:
    """Mean of one classifier's score less another's, over the same folds.

    Parameters
    ----------
    mean
        Of the differences.
    low, high
        Ends of the 95 % interval.
    p
        Two-sided probability of a difference as large where there is none.
    """

    mean: float
    low: float
    high: float
    p: float


def corrected_difference(
    ours: Sequence[float], theirs: Sequence[float], *, test_share: float
) -> PairedDifference:
    """The corrected resampled t-test of Nadeau and Bengio (2003).

    Training sets of different folds overlap, so that the folds' differences are not independent: their
    variance counts ``1/J + n_test/n_train`` times instead of ``1/J``.

    Parameters
    ----------
    ours, theirs
        Scores of J folds.
    test_share
        Bags tested over bags trained on, in one fold.
    """
    differences = np.asarray(ours, dtype=np.float64) - np.asarray(theirs, dtype=np.float64)
    if differences.ndim != 1 or len(differences) < 2:
        raise HopfieldError("comparing two classifiers needs the scores of two folds or more")
    mean, folds = float(differences.mean()), len(differences)
    spread = math.sqrt((1 / folds + test_share) * float(differences.var(ddof=1)))
    if spread == 0:
        return PairedDifference(mean=mean, low=mean, high=mean, p=1.0 if mean == 0 else 0.0)
    reach = float(t.ppf(0.975, folds - 1)) * spread
    p = 2 * float(t.sf(abs(mean) / spread, folds - 1))
    return PairedDifference(mean=mean, low=mean - reach, high=mean + reach, p=p)
