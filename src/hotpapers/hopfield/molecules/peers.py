"""What the memory is compared with on the same folds: a random forest, and support vectors with a Gaussian kernel."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from sklearn.ensemble import RandomForestClassifier
from sklearn.svm import SVC

__all__ = ["forest_scores", "support_vector_scores"]

Bits = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
_CACHE = 1500  # megabytes of kernel rows


def forest_scores(train: Bits, labels: Floats, test: Bits, *, trees: int = 500, seed: int = 0) -> Floats:
    """Probability of label 1 for test fingerprints, ``[n, L]``; one forest a label.

    Parameters
    ----------
    train, test
        Fingerprints, ``[N, d]`` and ``[n, d]``.
    labels
        1, 0 or NaN, ``[N, L]``; a forest grows on the known ones.
    trees, seed
        Of each forest.
    """
    found = np.full((len(test), labels.shape[1]), np.nan)
    for at, truth in enumerate(labels.T):
        known = ~np.isnan(truth)
        if len(np.unique(truth[known])) == 2:
            forest = RandomForestClassifier(trees, random_state=seed).fit(train[known], truth[known])
            found[:, at] = forest.predict_proba(test)[:, 1]
    return found


def support_vector_scores(train: Bits, labels: Floats, test: Bits) -> Floats:
    """Signed distance to the boundary for test fingerprints, ``[n, L]``; scikit-learn's defaults, one fit a label.

    Parameters
    ----------
    train, labels, test
        As for `forest_scores`.
    """
    rows, asked = csr_matrix(train.astype(np.float64)), csr_matrix(test.astype(np.float64))
    found = np.full((len(test), labels.shape[1]), np.nan)
    for at, truth in enumerate(labels.T):
        known = np.flatnonzero(~np.isnan(truth))
        if len(np.unique(truth[known])) == 2:
            machine = SVC(cache_size=_CACHE).fit(rows[known], truth[known])
            found[:, at] = machine.decision_function(asked)
    return found
