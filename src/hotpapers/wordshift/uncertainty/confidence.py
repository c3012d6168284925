"""Confidence intervals of contributions and of the total: tokens, documents, or the delta method.

For a contribution c_i = g(p1_i, p2_i). Words come in bursts, so documents vary more than independent
tokens would: document intervals are the default, token intervals are right only for texts whose tokens
are drawn independently.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hotpapers.wordshift.counts import Counts, Documents
from hotpapers.wordshift.shifts import Shift, WordShiftError
from hotpapers.wordshift.uncertainty.bias_reduction import Reduction
from hotpapers.wordshift.uncertainty.contributions import Contributions
from hotpapers.wordshift.uncertainty.interval_forms import Form, benjamini_hochberg, bounds, two_sided_p
from hotpapers.wordshift.uncertainty.resampling import (
    DocumentMatrix,
    Draws,
    Scheme,
    document_draws,
    document_matrix,
    token_draws,
)
from hotpapers.wordshift.uncertainty.totals import TotalInterval, total_interval

__all__ = ["Intervals", "Method", "UncertaintyWarning", "intervals"]

Vector = NDArray[np.float64]
Indices = NDArray[np.intp]
Method = Literal["document", "token", "delta", "none"]
Pair = tuple[DocumentMatrix, DocumentMatrix]

FEWEST_DOCUMENTS = 5
_RIVALS = 3  # words that compete for a place in the top n, in multiples of n


class UncertaintyWarning(UserWarning):
    """Intervals were made in another way than was asked for."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Intervals:
    """Uncertainty of the largest contributions, in order of falling size of the contribution.

    Parameters
    ----------
    method, form, level, reps, seed
        How they were made; `method` is what was used in the end.
    index
        Positions in ``shift.types``, shape (words,).
    types
        The words.
    contribution, low, high, sd
        In the unit of ``shift.contribution`` (not divided by the norm), shape (words,) each.
    in_top_share
        Share of replicates, in [0, 1], in which the word stays among the largest.
    q
        Benjamini-Hochberg q over the words for "the direction differs from 0": the contribution's
        sign; for divergences, whose contributions have one sign, that of p2 - p1.
    shift, documents, reduction
        What they were made of; `total` is computed from these when it is asked for.
    note
        Why another method was used, or "".
    rating_variance
        Of the total, from the lexicon's ratings.
    """

    method: Method
    form: Form
    level: float
    reps: int
    seed: int
    index: Indices
    types: Sequence[Any]
    contribution: Vector
    low: Vector
    high: Vector
    sd: Vector
    in_top_share: Vector
    q: Vector
    shift: Shift
    documents: Pair | None = None
    reduction: Reduction | None = None
    note: str = ""
    rating_variance: float = 0.0

    @cached_property
    def total(self) -> TotalInterval:
        """The total's interval, `total_interval`: one pass over the vocabulary."""
        return total_interval(
            self.shift,
            documents=self.documents,
            level=self.level,
            reduction=self.reduction,
            rating_variance=self.rating_variance,
        )

    def scores(self) -> dict[Any, tuple[float, float]]:
        """Word -> (low, high) in the unit of ``shift.score``: what figures draw."""
        low, high = (self.low / self.shift.norm).tolist(), (self.high / self.shift.norm).tolist()
        return dict(zip(self.types, zip(low, high, strict=True), strict=True))


def intervals(
    shift: Shift,
    *,
    method: Method = "document",
    documents: tuple[Counts, Counts] | tuple[Documents, Documents] | None = None,
    top: int = 50,
    reps: int = 1000,
    level: float = 0.95,
    seed: int = 0,
    form: Form = "percentile",
    reduction: Reduction | None = None,
    scheme: Scheme = "multinomial",
    rating_variance: float = 0.0,
    threads: int = 1,
) -> Intervals:
    """Confidence intervals of the `top` largest contributions and of the total.

    Parameters
    ----------
    method
        ``"document"``: resample whole documents within each text; falls back to ``"token"`` with a
        warning under 5 documents a side. ``"token"``: draw every token again. ``"delta"``: closed form
        for independent tokens, no sampling. ``"none"``: estimates only, ends are NaN.
    documents
        The two `Counts` that the shift was made of, with their documents; or `Documents` whose
        `indices` are positions in ``shift.types``.
    form
        Of resampled intervals: ``"percentile"``, ``"basic"``, ``"bca"`` (Efron 1987) or
        ``"studentized"`` (for few documents).
    reduction
        How the total's bias is reduced, `bias_reduced`; None: the jackknife where there is one.
    scheme
        How tokens are drawn, `token_draws`.
    rating_variance
        Variance of the total from the lexicon's ratings, added to that of the sample.

    Raises
    ------
    WordShiftError
        If an option is not one of those above, `top` or `reps` is under 1, `level` is not in (0, 1),
        or the documents are not the shift's.
    """
    _check(method, top, reps, level, form)
    contributions = Contributions.of(shift)
    note, matrices = "", None
    if method == "document":
        matrices, note = _documents(shift, contributions, documents)
        method = "document" if matrices else "token"
        if note:
            warnings.warn(note, UncertaintyWarning, stacklevel=2)
    moving = int(np.count_nonzero(shift.contribution))
    order = shift.top(min(moving, top * (_RIVALS if method in {"document", "token"} else 1)))
    index = order[:top]
    estimate = shift.contribution[index]
    if method in {"document", "token"} and len(index):
        draws = _draws(contributions, matrices, order, form, reps, seed, scheme, threads)
        low, high, sd, share, p = _resampled(shift, contributions, matrices, order, draws, top, level, form)
    elif method == "delta" and len(index):
        low, high, sd, share, p = _delta(shift, contributions, index, level, reps, seed)
    else:
        low, high, sd, share, p = np.full((5, len(index)), np.nan)
    return Intervals(
        method=method,
        form=form,
        level=level,
        reps=reps,
        seed=seed,
        index=index,
        types=[shift.types[i] for i in index.tolist()],
        contribution=estimate,
        low=low,
        high=high,
        sd=sd,
        in_top_share=share,
        q=benjamini_hochberg(p),
        shift=shift,
        documents=matrices,
        reduction=reduction,
        note=note,
        rating_variance=rating_variance,
    )


def _check(method: str, top: int, reps: int, level: float, form: str) -> None:
    for name, value, accepted in (
        ("ci", method, ("document", "token", "delta", "none")),
        ("form", form, ("percentile", "basic", "bca", "studentized")),
    ):
        if value not in accepted:
            raise WordShiftError(f"{name} {value!r}: accepted are {', '.join(accepted)}")
    if top < 1 or reps < 1:
        raise WordShiftError(f"top={top}, reps={reps}: both are at least 1")
    if not 0 < level < 1:
        raise WordShiftError(f"level {level}: a share between 0 and 1, such as 0.95")


def _documents(
    shift: Shift,
    contributions: Contributions,
    given: tuple[Counts, Counts] | tuple[Documents, Documents] | None,
) -> tuple[Pair | None, str]:
    """Both texts' documents over the shift's types, or why there are too few."""
    if given is None or any(isinstance(one, Counts) and one.documents is None for one in given):
        return (
            None,
            "no documents were kept: token intervals, which are too narrow for words that come in bursts",
        )
    first = document_matrix(given[0], shift.types, contributions.f1)
    second = document_matrix(given[1], shift.types, contributions.f2)
    if min(len(first), len(second)) < FEWEST_DOCUMENTS:
        counted = f"{len(first)} and {len(second)} documents"
        return None, f"{counted}, document intervals need {FEWEST_DOCUMENTS} a side: token intervals instead"
    return (first, second), ""


def _draws(
    contributions: Contributions,
    documents: Pair | None,
    order: Indices,
    form: Form,
    reps: int,
    seed: int,
    scheme: Scheme,
    threads: int,
) -> Draws:
    if documents is None:
        return token_draws(contributions, order, reps=reps, seed=seed, scheme=scheme, threads=threads)
    studentized = form == "studentized"
    return document_draws(
        contributions, documents, order, reps=reps, seed=seed, spread=studentized, threads=threads
    )


def _resampled(
    shift: Shift,
    contributions: Contributions,
    documents: Pair | None,
    order: Indices,
    draws: Draws,
    top: int,
    level: float,
    form: Form,
) -> tuple[Vector, Vector, Vector, Vector, Vector]:
    """Low, high, sd, share in the top and p-value of the first `top` of `order`."""
    drawn = contributions.at(draws.f1, draws.f2, totals=draws.totals, index=order, reference=draws.reference)
    drawn = np.where(np.isfinite(drawn), drawn, 0.0)  # a type that left text 1 leaves a KLD
    size = np.abs(drawn)
    kth = min(top, size.shape[1])
    threshold = -np.partition(-size, kth - 1, axis=1)[:, kth - 1 : kth]
    shown = slice(0, kth)
    share = ((size[:, shown] >= threshold) & (size[:, shown] > 0)).mean(axis=0)
    index, drawn = order[shown], drawn[:, shown]
    influence = _influence(contributions, documents, index) if form in {"bca", "studentized"} else None
    spread = draws.spread[:, shown] if draws.spread is not None else None
    if form == "studentized" and spread is None:
        spread = _token_spread(contributions, draws, order, shown)
    low, high = bounds(
        shift.contribution[index], drawn, level=level, form=form, influence=influence, spread=spread
    )
    sd = drawn.std(axis=0, ddof=1) if len(drawn) > 1 else np.full(kth, np.nan)
    direction = drawn
    if shift.all_positive:
        direction = (draws.f2 / draws.totals[1] - draws.f1 / draws.totals[0])[:, shown]
    return low, high, sd, share, two_sided_p(direction)


def _influence(contributions: Contributions, documents: Pair | None, index: Indices) -> tuple[Vector, Vector]:
    """Sums over all units of influence^2 and influence^3 on each contribution (R held)."""
    squares, cubes = np.zeros(len(index)), np.zeros(len(index))
    texts = (contributions.f1, contributions.f2)
    for k, (slope, n) in enumerate(zip(contributions.slopes(index), contributions.totals, strict=True)):
        p = texts[k][index] / n
        if documents is None:
            squares += slope**2 * p * (1 - p) / n
            cubes += slope**3 * p * (1 - p) * (1 - 2 * p) / n**2
        else:
            moved = slope * (documents[k].columns(index) - documents[k].lengths[:, None] * p) / n
            squares += (moved**2).sum(axis=0)
            cubes += (moved**3).sum(axis=0)
    return squares, cubes


def _token_spread(contributions: Contributions, draws: Draws, order: Indices, shown: slice) -> Vector:
    """Delta-method standard errors at the drawn counts, shape (replicates, words)."""
    totals = draws.totals
    p1, p2 = draws.f1[:, shown] / totals[0], draws.f2[:, shown] / totals[1]
    slopes = contributions.formula.take(order[shown]).slopes(p1, p2)
    reference = contributions.reference_or(draws.reference)
    first = (slopes[0] + reference) ** 2 * p1 * (1 - p1) / totals[0]
    return np.sqrt(first + (slopes[1] - reference) ** 2 * p2 * (1 - p2) / totals[1])


def _delta(
    shift: Shift, contributions: Contributions, index: Indices, level: float, reps: int, seed: int
) -> tuple[Vector, Vector, Vector, Vector, Vector]:
    """Normal intervals; a divergence's words with p1 near p2, where its gradient is 0, are drawn."""
    estimate = shift.contribution[index]
    sd = np.sqrt(contributions.delta_variance(index))
    z = NormalDist().inv_cdf(0.5 + level / 2)
    low, high = estimate - z * sd, estimate + z * sd
    direction, error = estimate, sd
    if shift.all_positive:
        n1, n2 = contributions.totals
        p1, p2 = contributions.f1[index] / n1, contributions.f2[index] / n2
        direction, error = p2 - p1, np.sqrt(p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2)
        flat = np.flatnonzero(np.abs(direction) <= 2 * error)
        if len(flat):
            draws = token_draws(contributions, index[flat], reps=reps, seed=seed)
            drawn = contributions.at(
                draws.f1, draws.f2, totals=draws.totals, index=index[flat], reference=draws.reference
            )
            sd[flat] = drawn.std(axis=0, ddof=1)
            low[flat], high[flat] = np.quantile(drawn, [0.5 - level / 2, 0.5 + level / 2], axis=0)
    ranked = np.abs(shift.contribution[shift.top(len(index) + 1)[len(index) - 1 :]])
    cut = float(ranked.mean()) if len(ranked) > 1 else 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        share = _normal_cdf(np.where(sd > 0, (np.abs(estimate) - cut) / sd, np.inf))
        p = 2 * _normal_cdf(-np.abs(np.where(error > 0, direction / error, np.inf)))
    return low, high, sd, share, p


def _normal_cdf(z: Vector) -> Vector:
    return np.array([0.5 * math.erfc(-value / math.sqrt(2)) for value in z.tolist()])
