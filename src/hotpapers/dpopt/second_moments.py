"""X'X and X'y summed exactly, for rows on the lattice."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotpapers.dpopt.rows import PreparedRows

__all__ = ["second_moments"]

# A block's sums stay below 2^53 lattice units of 2^-40 R^2 each.
_BLOCK_ROWS = 2**12
_HALF = 2.0**26


def second_moments(rows: PreparedRows, *, with_targets: bool = False) -> NDArray[np.float64]:
    """X'X, ``(d, d)``, or with the targets as a last column of X, ``(d + 1, d + 1)``.

    For exactly prepared rows each block's sum is an integer below 2^53 (in units of the squared spacing), and
    blocks are gathered in two integers each, so that the result is the correctly rounded exact sum for every
    order of rows; for others it is the usual floating-point sum.

    Parameters
    ----------
    rows
        Prepared.
    with_targets
        Whether the targets, which must be on the rows' lattice and within their bound, stand beside the rows.
    """
    width = rows.width + with_targets
    unit = rows.bound.spacing**2 if rows.exact else 1.0
    high: NDArray[Any] = np.zeros((width, width), dtype=np.int64 if rows.exact else np.float64)
    low = np.zeros_like(high)
    for start in range(0, len(rows.features), _BLOCK_ROWS):
        part = slice(start, start + _BLOCK_ROWS)
        block = np.asarray(rows.features[part], dtype=np.float64)
        if with_targets:
            block = np.column_stack([block, rows.targets[part].astype(np.float64)])
        moments = (block.T @ block) / unit
        if not rows.exact:
            high += moments
            continue
        upper = np.floor(moments / _HALF)
        high += upper.astype(np.int64)
        low += (moments - upper * _HALF).astype(np.int64)
    if not rows.exact:
        return np.asarray(high)
    carry = low >> 26
    return np.asarray(((high + carry) * _HALF + (low - (carry << 26))) * unit)
