"""Texts in an order: a shift per step, words followed through all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hotpapers.wordshift.counts import Counts
from hotpapers.wordshift.pooling import pooled
from hotpapers.wordshift.shifts import Shift, WordShiftError
from hotpapers.wordshift.uncertainty.resampling import BLOCK, document_matrix, random_streams

__all__ = ["Trajectories", "series", "shared_order", "trajectories"]

Vector = NDArray[np.float64]


def series(
    groups: Mapping[str, Counts],
    *,
    versus: str = "previous",
    measure: str = "jsd",
    **options: Any,
) -> list[tuple[str, Shift]]:
    """One shift per group, in the order of `groups`; the group is always text 2.

    Parameters
    ----------
    groups
        Label -> counts, in order.
    versus
        Text 1 of each step: ``"previous"``, ``"first"``, ``"rest"`` (all other groups pooled), or the
        label of a group. A group is not compared with itself. Labels come after the three words: a
        group called "first" can't be asked for by name.
    measure, **options
        As in `shift`.

    Returns
    -------
    list of (str, Shift)
        Label of the group that is text 2, and its shift.

    Raises
    ------
    WordShiftError
        If there are fewer than two groups, or `versus` names none.
    """
    if len(groups) < 2:
        raise WordShiftError("a series needs at least two groups")
    labels = list(groups)
    if versus not in {"previous", "first", "rest", *labels}:
        known = ", ".join(labels[:8]) + (" ..." if len(labels) > 8 else "")
        raise WordShiftError(f"versus {versus!r}: accepted are previous, first, rest, or a group: {known}")
    from hotpapers.wordshift.measures import shift

    steps = []
    for at, label in enumerate(labels):
        if versus == "rest":
            other, against = "rest", pooled({one: groups[one] for one in labels if one != label})
        else:
            other = {"previous": labels[at - 1], "first": labels[0]}.get(versus, versus)
            if other == label or (versus == "previous" and at == 0):
                continue
            against = groups[other]
        names = options.get("names") or (other, label)
        steps.append(
            (label, shift(against, groups[label], **{**options, "measure": measure, "names": names}))
        )
    return steps


def shared_order(steps: Sequence[tuple[str, Shift]], top: int = 20) -> list[Any]:
    """The words to show in every panel of a series, in one order for all.

    A word's rank is by its largest absolute score in any step; ties by type.
    """
    largest: dict[Any, float] = {}
    for _, step in steps:
        for at in step.order[: max(top, 1) * 2].tolist():
            word, size = step.types[at], abs(float(step.score[at]))
            largest[word] = max(size, largest.get(word, 0.0))
    return sorted(largest, key=lambda word: (-largest[word], word))[:top]


@dataclass(frozen=True, kw_only=True, eq=False)
class Trajectories:
    """Relative frequencies of words through the groups, with bands.

    Parameters
    ----------
    labels, words
        Groups and words.
    share, low, high
        Relative frequency and its band, shape (words, groups) each.
    method
        ``"document"`` where the band is from resampled documents, ``"token"`` for Wilson's interval,
        per group.
    """

    labels: tuple[str, ...]
    words: tuple[Any, ...]
    share: Vector
    low: Vector
    high: Vector
    method: tuple[Literal["document", "token"], ...]


def trajectories(
    groups: Mapping[str, Counts],
    words: Sequence[Any],
    *,
    level: float = 0.95,
    reps: int = 1000,
    seed: int = 0,
) -> Trajectories:
    """Follow words through the groups.

    Groups with at least 5 documents get bands from resampled documents (percentiles), the others
    Wilson's score interval for independent tokens (Wilson 1927), which is too narrow for bursty words.

    Raises
    ------
    WordShiftError
        If a group has no words, or `level` is not in (0, 1).
    """
    if not 0 < level < 1:
        raise WordShiftError(f"level {level}: a share between 0 and 1, such as 0.95")
    share, low, high = (np.zeros((len(words), len(groups))) for _ in range(3))
    methods: list[Literal["document", "token"]] = []
    for column, (label, counts) in enumerate(groups.items()):
        if not counts.total > 0:
            raise WordShiftError(f"{label!r} has no words")
        place = {word: at for at, word in enumerate(counts.types)}
        index = np.array([place.get(word, -1) for word in words], dtype=np.intp)
        known = np.flatnonzero(index >= 0)
        f = np.zeros(len(words))
        f[known] = counts.values[index[known]]
        share[:, column] = f / counts.total
        if counts.documents is not None and len(counts.documents.indptr) > 5:
            methods.append("document")
            ends = _document_band(counts, index[known], level=level, reps=reps, seed=seed)
            low[known, column], high[known, column] = ends
        else:
            methods.append("token")
            low[:, column], high[:, column] = _wilson(f, counts.total, level)
    return Trajectories(
        labels=tuple(groups), words=tuple(words), share=share, low=low, high=high, method=tuple(methods)
    )


def _wilson(f: Vector, n: float, level: float) -> tuple[Vector, Vector]:
    """Wilson's score interval of f out of n."""
    z = NormalDist().inv_cdf(0.5 + level / 2)
    p = f / n
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return np.maximum(centre - half, 0), np.minimum(centre + half, 1)


def _document_band(
    counts: Counts, index: NDArray[np.intp], *, level: float, reps: int, seed: int
) -> tuple[Vector, Vector]:
    matrix = document_matrix(counts, counts.types, counts.values)
    dense, lengths = matrix.columns(index), matrix.lengths

    def work(generator: np.random.Generator) -> tuple[Vector, ...]:
        chances = np.full(len(matrix), 1 / len(matrix))
        weights = generator.multinomial(len(matrix), chances, size=BLOCK).astype(float)
        return (weights @ dense / np.maximum(weights @ lengths, 1e-300)[:, None],)

    (drawn,) = random_streams(work, reps, seed=seed)
    low, high = np.quantile(drawn, [0.5 - level / 2, 0.5 + level / 2], axis=0)
    return low, high
