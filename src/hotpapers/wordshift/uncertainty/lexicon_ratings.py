"""How much a total owes to the raters of the lexicon: their disagreement carried into it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotpapers.wordshift.shifts import Shift, WordShiftError

__all__ = ["rating_variance"]

Vector = NDArray[np.float64]


def rating_variance(
    shift: Shift,
    sd: Mapping[Any, float] | Vector,
    sd_2: Mapping[Any, float] | Vector | None = None,
    *,
    raters: float = 1,
) -> float:
    """Variance of the total from errors of the word scores, independent between words.

    With one lexicon a word's error moves both averages, so it counts by the difference of its shares:
    sum_i (p2_i - p1_i)^2 sd_i^2. With two lexicons the errors are independent: sum_i p1^2 sd_1^2 +
    p2^2 sd_2^2. The square root adds to a sampling error in quadrature (`total_interval`).

    Parameters
    ----------
    shift
        A weighted average's shift.
    sd
        Standard deviation of each word's score: a mapping by type (absent types: 0) or an array like
        ``shift.types``.
    sd_2
        Those of text 2's lexicon, if it is another.
    raters
        Ratings that each score is the mean of: 1 if `sd` already is the error of the mean. With labMT
        (50) and VADER (10), whose files give the spread of single ratings, the error of the mean is
        sd / sqrt(raters).

    Raises
    ------
    WordShiftError
        If the measure has no lexicon, a standard deviation is negative or not finite, lengths differ,
        or `raters` is under 1.
    """
    if shift.measure not in {"sentiment", "custom"}:
        raise WordShiftError(f"ratings matter for weighted averages, not for {shift.measure}")
    if not raters >= 1:
        raise WordShiftError(f"raters={raters}: at least 1")
    first = _aligned(shift, sd)
    if sd_2 is None:
        variance = math.fsum((shift.p_diff * first) ** 2)
    else:
        second = _aligned(shift, sd_2)
        variance = math.fsum((shift.p1 * first) ** 2 + (shift.p2 * second) ** 2)
    return variance / raters


def _aligned(shift: Shift, sd: Mapping[Any, float] | Vector) -> Vector:
    if isinstance(sd, Mapping):
        values = np.array([float(sd.get(word, 0.0)) for word in shift.types])
    else:
        values = np.asarray(sd, dtype=float)
    if values.shape != shift.p1.shape:
        raise WordShiftError(f"{len(values)} standard deviations for {len(shift.p1)} types")
    if not np.all((values >= 0) & np.isfinite(values)):
        word = shift.types[int(np.flatnonzero(~((values >= 0) & np.isfinite(values)))[0])]
        raise WordShiftError(f"the standard deviation of {word!r} is negative or not finite")
    return values
