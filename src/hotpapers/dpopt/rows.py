"""Rows made ready once: clipped to the declared norm, each by itself, with the intercept's column and their norms.

Nothing here looks at two rows together, so a neighbouring data set differs after it in the same one row. For exact
rows that holds to the last bit: norms are computed from integers small enough for every order of summation to give
the same number, as the order within a vectorised sum may depend on where in memory the row lies.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.tables.stored_matrix import StoredMatrix

__all__ = ["LEAST_NORM", "ROW_BITS", "PreparedRows", "RowBound", "prepare_rows"]

ROW_BITS = 20
# Shorter rows count as this long: the squares of their values may be too small to be told from 0.
LEAST_NORM = 1e-150
_BLOCK_VALUES = 2**18
# Above the rounding of a sum of up to 2^20 squares in float64, so that a norm times it is an upper bound.
_NORM_SLACK = 1.0 + 2.0**-30


@dataclass(frozen=True)
class RowBound:
    """What is declared of every row before any is seen.

    Parameters
    ----------
    data_norm
        Bound of the norm of a row's features; longer rows are scaled down to it.
    order
        2 or 1: which norm.
    intercept
        Value of a constant column put before the features, counted in the norm; None for no column.
    """

    data_norm: float
    order: Literal[1, 2] = 2
    intercept: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.data_norm < math.inf:
            raise PrivacyError(f"data_norm must be a positive number: got {self.data_norm!r}")
        if self.order not in {1, 2}:
            raise PrivacyError(f"data_norm_ord must be 1 or 2: got {self.order!r}")
        if self.intercept is not None and not 0 < self.intercept < math.inf:
            raise PrivacyError(f"the intercept's column must hold a positive number: got {self.intercept!r}")

    @property
    def total(self) -> float:
        """R: bound of the norm of the row with the intercept's column."""
        if self.intercept is None:
            return float(self.data_norm)
        if self.order == 1:
            return float(self.data_norm + self.intercept)
        return math.hypot(self.data_norm, self.intercept)

    @property
    def spacing(self) -> float:
        """Lattice of the rows in secure mode: 2^-20 of the power of two at or above R."""
        return math.ldexp(1.0, math.ceil(math.log2(self.total)) - ROW_BITS)


@dataclass(frozen=True)
class PreparedRows:
    """Rows within their bound.

    Attributes
    ----------
    features
        ``(n, d)`` float32 or float64, C order, the intercept's column first; a `StoredMatrix` where the rows came
        in one.
    targets
        ``(n,)``, as the loss encodes them.
    norms
        ``(n,)`` float64, each at least the row's norm of the bound's order.
    bound
        What was declared.
    exact
        Whether every value is a multiple of ``bound.spacing``, as secure mode needs.
    """

    features: Any
    targets: NDArray[Any]
    norms: NDArray[np.float64]
    bound: RowBound
    exact: bool

    @property
    def width(self) -> int:
        """Number of coefficients a margin needs."""
        return int(self.features.shape[1])


def prepare_rows(
    features: ArrayLike | StoredMatrix,
    targets: NDArray[Any],
    bound: RowBound,
    *,
    exact: bool = False,
    dtype: type[np.float32 | np.float64] = np.float32,
    within: tuple[float, Literal[1, 2]] | None = None,
    ignored: NDArray[np.bool_] | None = None,
) -> PreparedRows:
    """Clip rows to their bound and, for secure mode, truncate them toward zero to the lattice.

    Beside the features and what is returned, only a few blocks of rows are in memory.

    Parameters
    ----------
    features
        ``(n, d)``. What is no number becomes 0; infinite values become large ones before the row is clipped.
        Rows in a `StoredMatrix` go to another one, a block at a time.
    targets
        ``(n,)``, already encoded by the loss.
    bound
        The declared bound.
    exact
        For secure mode. Truncation never lengthens a row.
    dtype
        Of the rows in memory; both hold the lattice's 20 bits. A `StoredMatrix` holds float32.
    within
        A second declared norm of the features and its order; rows are scaled down to it before `bound` is seen to.
    ignored
        ``(n,)``: rows that count as rows of zeros, the intercept's column included.

    Raises
    ------
    PrivacyError
        If the shapes are not those of a table and its targets. The message holds no size.
    """
    table: Any = features if isinstance(features, StoredMatrix) else np.asarray(features)
    if len(table.shape) != 2 or np.ndim(targets) != 1 or len(targets) != len(table):
        raise PrivacyError("rows must be a table of numbers (n, d) with one target for each of the n rows")
    first = 0 if bound.intercept is None else 1
    count, width = table.shape
    stored = StoredMatrix(width + first) if isinstance(features, StoredMatrix) else None
    ready = np.empty((0 if stored is not None else count, width + first), dtype=dtype)
    norms = np.empty(count, dtype=np.float64)
    step = max(1, _BLOCK_VALUES // max(1, width))
    blocks = np.empty((step, width)), np.empty((step, width + first))
    for start in range(0, count, step):
        part = slice(start, min(start + step, count))
        block, whole = (scratch[: part.stop - start] for scratch in blocks)
        np.copyto(block, table[part])
        if within is not None:
            block *= _clip_factors(block, RowBound(*within), exact=exact)[:, None]
        _within(block, bound, exact=exact, out=whole)
        if ignored is not None:
            whole[ignored[part]] = 0
        kept = whole.astype(np.float32) if stored is not None else ready[part]
        kept[...] = whole
        if not exact:
            whole[...] = kept
        # Exact rows are integers here: their squares add up exactly.
        norms[part] = _norms(whole, bound.order) * ((bound.spacing if exact else 1.0) * _NORM_SLACK)
        if exact:
            kept *= kept.dtype.type(bound.spacing)
        if stored is not None:
            stored.append(kept)
    made = ready if stored is None else stored
    return PreparedRows(made, np.asarray(targets, dtype=dtype), norms, bound, exact)


def _within(block: NDArray[np.float64], bound: RowBound, *, exact: bool, out: NDArray[np.float64]) -> None:
    """Rows clipped to the bound, the intercept before them; exact ones truncated, in units of the lattice."""
    factor = _clip_factors(block, bound, exact=exact)
    if exact:
        factor /= bound.spacing  # a power of two: the product below is rounded as it would be without
    first = out.shape[1] - block.shape[1]
    np.multiply(block, factor[:, None], out=out[:, first:])
    if bound.intercept is not None:
        out[:, 0] = bound.intercept / bound.spacing if exact else bound.intercept
    if exact:
        np.trunc(out, out=out)


def _made_finite(block: NDArray[np.float64], norms: NDArray[np.float64], order: int) -> None:
    """In place: what is no number becomes 0, what is beyond 1e150, whose square is finite, becomes that.

    However a norm below 1e149 was summed, its row holds neither: most rows need not be looked at.
    """
    places = np.flatnonzero(~(norms < 1e149))
    if len(places):
        rows = np.nan_to_num(block[places], nan=0.0)
        block[places] = np.clip(rows, -1e150, 1e150)
        norms[places] = _norms(block[places], order)


def _norms(block: NDArray[np.float64], order: int) -> NDArray[np.float64]:
    if order == 1:
        return np.asarray(np.abs(block).sum(axis=1))
    return np.asarray(np.sqrt(np.einsum("ij,ij->i", block, block)))


def _clip_factors(block: NDArray[np.float64], bound: RowBound, *, exact: bool) -> NDArray[np.float64]:
    """What each row, made finite in place, is multiplied by: at most 1; for exact rows the same wherever it stands.

    The usual norm, whose last bits may depend on that, tells most exact rows to be so short that the integer norm,
    an upper bound a little above it, would leave them alone as well: whichever way a row on the edge is sorted, its
    factor is 1.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        norms = _norms(block, bound.order)
    _made_finite(block, norms, bound.order)
    norms *= _NORM_SLACK
    if exact:
        bits = _integer_bits(block.shape[1])
        excess = 4.0 * block.shape[1] ** (1.0 / bound.order) * 2.0**-bits + 2.0**-ROW_BITS
        long = np.flatnonzero(norms > bound.data_norm * (1.0 - excess))
        norms = np.zeros(len(block))
        norms[long] = _integer_norms(block[long], bound.order) * _NORM_SLACK
    return np.asarray(np.minimum(1.0, bound.data_norm / np.maximum(norms, LEAST_NORM)))


def _integer_bits(width: int) -> int:
    return min(ROW_BITS, (52 - math.ceil(math.log2(max(2, width)))) // 2)


def _integer_norms(block: NDArray[np.float64], order: int) -> NDArray[np.float64]:
    """Upper bounds of the norms, the same wherever a row stands.

    Each value is rounded up, in absolute terms, to a multiple of a small part of the power of two above the row's
    largest; the multiples are integers whose squares add up below 2^53. The relative excess is at most
    ``2 d^(1/order) 2^-bits``.
    """
    bits = _integer_bits(block.shape[1])
    magnitudes = np.abs(block)
    _, exponents = np.frexp(magnitudes.max(axis=1, initial=0.0))
    unit = np.ldexp(1.0, np.maximum(exponents, -960) - bits)
    np.ceil(magnitudes / unit[:, None], out=magnitudes)
    if order == 2:
        np.square(magnitudes, out=magnitudes)
    total = magnitudes.sum(axis=1)
    return np.asarray((total if order == 1 else np.sqrt(total)) * unit)
