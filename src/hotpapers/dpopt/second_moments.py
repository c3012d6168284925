"""X'X, with the targets beside the rows if asked, summed exactly for rows on the lattice."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotpapers.dpopt.rows import PreparedRows

__all__ = ["MOST_MOMENT_ROWS", "integer_moments", "second_moments"]

# A block's sums stay below 2^53 lattice units of 2^-40 R^2 each.
_BLOCK_ROWS = 2**12
_HALF = 2.0**26
_MOST_HIGH = 2**36
MOST_MOMENT_ROWS = 2**22


def second_moments(rows: PreparedRows, targets: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """X'X, ``(d, d)``, or with targets as a last column of X, ``(d + 1, d + 1)``.

    For exactly prepared rows each block's sum is an integer below 2^53 (in units of the squared spacing), and
    blocks are gathered in two integers each, so that the result is the correctly rounded exact sum for every
    order of rows; for others it is the usual floating-point sum.

    Parameters
    ----------
    rows
        Prepared.
    targets
        ``(n,)``; with exact rows, multiples of the rows' spacing, within their bound.
    """
    high, low, unit = _gathered(rows, targets)
    return np.asarray((high * _HALF + low) * unit)


def integer_moments(rows: PreparedRows, targets: NDArray[np.float64]) -> NDArray[np.int64]:
    """The same in multiples of the squared spacing of exact rows, each entry cut to 62 bits.

    Only 2^22 rows or more can reach the cut. It is a projection, so neighbours' sums are no further apart after it:
    nothing needs to be refused for its number of rows.
    """
    high, low, _ = _gathered(rows, targets)
    inside = (np.clip(high, -_MOST_HIGH, _MOST_HIGH - 1) << 26) + low
    return np.where(
        high >= _MOST_HIGH, _MOST_HIGH << 26, np.where(high < -_MOST_HIGH, -_MOST_HIGH << 26, inside)
    )


def _gathered(
    rows: PreparedRows, targets: NDArray[np.float64] | None
) -> tuple[NDArray[Any], NDArray[Any], float]:
    """(high, low, unit): the sum is ``(2^26 high + low) unit`` with 0 <= low < 2^26; floats for rows not exact."""
    width = rows.width + (targets is not None)
    unit = rows.bound.spacing**2 if rows.exact else _HALF**-1
    high: NDArray[Any] = np.zeros((width, width), dtype=np.int64 if rows.exact else np.float64)
    low = np.zeros_like(high)
    for start in range(0, len(rows.features), _BLOCK_ROWS):
        part = slice(start, start + _BLOCK_ROWS)
        block = np.asarray(rows.features[part], dtype=np.float64)
        if targets is not None:
            block = np.column_stack([block, targets[part]])
        moments = block.T @ block
        if not rows.exact:
            high += moments
            continue
        moments /= unit
        upper = np.floor(moments / _HALF)
        high += upper.astype(np.int64)
        low += (moments - upper * _HALF).astype(np.int64)
    if rows.exact:
        carry = low >> 26
        high, low = high + carry, low - (carry << 26)
    return high, low, unit
