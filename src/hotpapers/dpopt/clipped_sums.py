"""Sums of clipped gradients of linear predictors without one gradient per row ("ghost clipping").

A row's gradient is ``phi x`` (for several outputs the outer product of a vector phi and x), its norm
``|phi| |x|`` in L1 as in L2. Clipping it at C is clipping |phi| at ``C / |x|``, so the clipped sum is
``X' phi_clipped``: two products with each block of rows while the block is in the cache (specification 2.11).

How much the sum can change between neighbouring tables: by one clipped gradient, C, when a row is added or
removed; by two, 2C, when a row is replaced.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotpapers.dpopt.accounting.relations import Relation, sum_sensitivity
from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.losses import Loss
from hotpapers.dpopt.rows import LEAST_NORM, PreparedRows

__all__ = ["ClippedSums", "blocks", "checked_clip", "clip_weights", "row_limits"]

# Two products read the block, so it should stay in the second-level cache between them.
_BLOCK_BYTES = 2**20


def blocks(rows: PreparedRows, block_rows: int | None) -> Iterator[slice]:
    """Consecutive slices of rows, by default as many as fit the cache."""
    if block_rows is None:
        block_rows = max(64, _BLOCK_BYTES // (rows.width * rows.features.dtype.itemsize))
    for start in range(0, len(rows.features), block_rows):
        yield slice(start, start + block_rows)


def clip_weights(phi: NDArray[Any], limits: NDArray[Any], order: int) -> NDArray[Any]:
    """Per-row weights whose norm is at most `limits`: ``(m,)`` and ``(m, R)`` each number, ``(m, 1, K)`` each vector.

    Parameters
    ----------
    phi
        Derivatives; the last axis of a 3-dimensional array is one row's vector.
    limits
        ``(m,)``, the largest norm allowed for each row.
    order
        1 or 2, the norm of a vector.
    """
    if phi.ndim < 3:
        bound = limits if phi.ndim == 1 else limits[:, None]
        return np.asarray(np.clip(phi, -bound, bound))
    size = np.abs(phi).sum(axis=2) if order == 1 else np.sqrt(np.square(phi).sum(axis=2))
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        factor = np.minimum(1.0, limits[:, None] / size)
    return np.asarray(phi * np.where(size > 0, factor, 1.0)[:, :, None])


class ClippedSums:
    """The sum over rows of gradients clipped at `clip`, in floating point, for one or many parameters at once.

    Parameters
    ----------
    rows
        Within their bound, as `prepare_rows` makes them.
    loss
        Of a margin and a target.
    clip
        C; by default ``derivative_bound * R``, at which no gradient is ever clipped.
    block_rows
        Rows taken at a time; by default what fits the cache.

    Raises
    ------
    PrivacyError
        If the loss has no bound and no `clip` is given.

    Examples
    --------
    >>> import numpy as np
    >>> from hotpapers.dpopt.losses import Logistic
    >>> from hotpapers.dpopt.rows import RowBound, prepare_rows
    >>> rows = prepare_rows([[0.6, 0.8], [3.0, 4.0]], np.array([1.0, 1.0]), RowBound(1.0), dtype=np.float64)
    >>> sums = ClippedSums(rows, Logistic(), clip=0.25)
    >>> sums(np.zeros(2)).round(6)  # two gradients of norm 1/2, each clipped to 1/4
    array([-0.3, -0.4])
    >>> sums.sensitivity("add_remove"), sums.sensitivity("replace_one")
    (0.25, 0.5)
    """

    spacing: float | None = None

    def __init__(
        self, rows: PreparedRows, loss: Loss, clip: float | None = None, *, block_rows: int | None = None
    ) -> None:
        self.rows, self.loss, self.block_rows = rows, loss, block_rows
        self.clip = checked_clip(rows, loss, clip)
        self._clips = loss.derivative_bound * rows.bound.total > self.clip
        self._limits = row_limits(rows, self.clip).astype(rows.features.dtype)

    def sensitivity(self, relation: Relation) -> float:
        """S of the sum, in the L1 or L2 norm that the rows' bound is in."""
        return sum_sensitivity(self.clip, relation)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one parameter: ``(d,)``, or ``(d, K)`` for K classes."""
        width = self.rows.width
        return (width,) if self.loss.outputs == 1 else (width, self.loss.outputs)

    def __call__(self, theta: NDArray[Any]) -> NDArray[np.float64]:
        """Clipped sum at `theta`, of its shape: ``(d,)``, ``(d, R)`` for R repeats, or ``(d, K)`` for K classes."""
        features = self.rows.features
        parameters = np.ascontiguousarray(theta, dtype=features.dtype)
        total = np.zeros(theta.shape)
        for part in blocks(self.rows, self.block_rows):
            block = features[part]
            phi = self.loss.derivative(block @ parameters, self.rows.targets[part])
            if self._clips:
                phi = self._clipped(phi, self._limits[part])
            total += block.T @ phi
        return total

    def value(self, theta: NDArray[Any]) -> NDArray[np.float64] | float:
        """Sum of the rows' losses: NOT private, for experiments on public data only."""
        total: Any = 0.0
        for part in blocks(self.rows, self.block_rows):
            margin = self.rows.features[part].astype(np.float64) @ theta
            total = total + self.loss.value(margin, self.rows.targets[part]).sum(axis=0)
        return total  # type: ignore[no-any-return]

    def _clipped(self, phi: NDArray[Any], limits: NDArray[Any]) -> NDArray[Any]:
        if self.loss.outputs == 1:
            return clip_weights(phi, limits, self.rows.bound.order)
        return clip_weights(phi[:, None, :], limits, self.rows.bound.order)[:, 0, :]


def checked_clip(rows: PreparedRows, loss: Loss, clip: float | None) -> float:
    """C, or the largest gradient that the loss allows."""
    natural = _gradient_bound(loss, rows.bound.order) * rows.bound.total
    chosen = natural if clip is None else min(float(clip), natural)
    if not (chosen > 0 and math.isfinite(chosen)):
        raise PrivacyError(
            f"{type(loss).__name__} has gradients without a bound: give clip, a positive number"
            if clip is None
            else f"clip must be a positive number: got {clip!r}"
        )
    return chosen


def row_limits(rows: PreparedRows, clip: float) -> NDArray[np.float64]:
    """``C / |x|`` for each row, the largest weight that keeps its gradient within C, as far as the rows' type goes."""
    limits = clip / np.maximum(rows.norms, LEAST_NORM)
    return np.asarray(np.minimum(limits, np.finfo(rows.features.dtype).max))


def _gradient_bound(loss: Loss, order: int) -> float:
    """Largest norm of phi: for several outputs, L1 has a bound of its own (2 = |p - onehot|_1)."""
    return 2.0 if loss.outputs > 1 and order == 1 else loss.derivative_bound
