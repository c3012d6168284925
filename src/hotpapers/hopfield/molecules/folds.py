"""Folds of molecules with several labels, each label spread evenly, and splits that a file brings."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from hotpapers.hopfield.errors import HopfieldError

__all__ = ["label_folds"]


def label_folds(labels: Any, folds: int, *, seed: int) -> npt.NDArray[np.int64]:
    """The fold in which each molecule is tested, ``[n]``, drawn so that every label is spread evenly.

    Iterative stratification (Sechidis et al., 2011): the rarest label's molecules are dealt first, each to the
    fold that has fewest of them. With one label this is ordinary stratification.

    Parameters
    ----------
    labels
        1, 0, or NaN where not known, ``[n, L]``.
    folds
        How many.
    seed
        Of the order in which molecules are dealt, and of ties.

    Raises
    ------
    HopfieldError
        If a label has fewer than `folds` ones or zeros in all labels, or `folds` is below 2.
    """
    truth = np.asarray(labels, dtype=np.float64)
    counts = np.stack([(truth == 1).sum(0), (truth == 0).sum(0)])
    rarest = counts.min(0).max() if counts.size else 0
    if folds < 2 or rarest < folds:
        raise HopfieldError(
            f"{folds} folds need a label with {folds} molecules of each kind, and at least 2 folds: "
            f"the rarer kind has {rarest} at most"
        )
    rng = np.random.default_rng(seed)
    found = np.full(len(truth), -1, np.int64)
    sizes = np.zeros(folds, np.int64)
    kinds = [(int(counts[1 - one, at]), at, one) for at in range(truth.shape[1]) for one in (0, 1)]
    for _, label, one in sorted(kinds):  # the rarest first
        mine = truth[:, label] == one
        there = np.array([(mine & (found == fold)).sum() for fold in range(folds)])
        for row in rng.permutation(np.flatnonzero(mine & (found < 0))):
            fold = int(np.lexsort((rng.random(folds), sizes, there))[0])
            found[row] = fold
            there[fold] += 1
            sizes[fold] += 1
    for row in rng.permutation(np.flatnonzero(found < 0)):  # no label of theirs is known
        fold = int(np.lexsort((rng.random(folds), sizes))[0])
        found[row] = fold
        sizes[fold] += 1
    return found
