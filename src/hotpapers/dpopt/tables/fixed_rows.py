"""A table of exactly as many rows as are declared, for relations under which the number of rows is public."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotpapers.dpopt.tables.stored_matrix import StoredMatrix

__all__ = ["fixed_rows"]


def fixed_rows(
    features: NDArray[Any] | StoredMatrix, target: NDArray[Any], count: int
) -> tuple[NDArray[Any] | StoredMatrix, NDArray[Any]]:
    """The first `count` rows, and rows of zeros where there are fewer; a `StoredMatrix` is changed in place.

    A line that cannot be read is left out, so replacing a row may change how many are read; of the table that this
    gives it changes one row still: a row of zeros or the next one of the file comes in for it.
    """
    missing = max(0, count - len(features))
    targets = np.concatenate([target[:count], np.zeros(missing, target.dtype)])
    if isinstance(features, StoredMatrix):
        features.resize(count)
        return features, targets
    zeros = np.zeros((missing, features.shape[1]), features.dtype)
    return np.concatenate([features[:count], zeros]), targets
