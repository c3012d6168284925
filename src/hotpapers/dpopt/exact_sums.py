"""Clipped gradient sums in exact integers: the sum of secure mode.

Why exact: under floating point the rounding of one row's margin, and of the sum, depends on where the row
stands and on what else is summed. Then one row more can change *every* term in its last bits, the sensitivity
of the computed sum is not that of the real one, and attacks through low-order bits (Mironov 2012) are open.
Here nothing is rounded after each row has been prepared by itself:

====================  =====================  ==========================================================
quantity              multiple of            bound, in multiples
====================  =====================  ==========================================================
row x_i               h_x = 2^(e - 20)       |X_i|_2 <= 2^20, as |x_i| <= R <= 2^e
theta, rounded        h_t = 2^(f - 32)       |Theta|_2 <= 2^32 + sqrt(d) / 2 < 2^33, as |theta| <= 2^f
margin x_i . theta    h_x h_t                sum_j |X_ij Theta_j| <= 2^53 (Cauchy-Schwarz)
weight of a row       h_w = 2^(c - 16)       |W_i| |X_i|_2 <= C / (h_x h_w) <= 2^36, as C / R <= 2^c
block of m rows       g = h_x h_w            sum_i |W_i X_ij| <= m 2^36 <= 2^53 for m <= 2^17
all rows              g                      n 2^36 < 2^62 for n < 2^26: int64, with room for noise
====================  =====================  ==========================================================

More rows are summed in Python's integers, and each coordinate is cut to 62 bits. The cut is a projection, under which
neighbours' sums come no further apart; so no table is refused for its number of rows.

All numbers are integers times a power of two, and every partial sum stays within 2^53, so a float64 matrix
product is exact in whatever order, block, thread or vector unit it is computed; blocks are added in int64.
h_t may follow theta because theta is public (noisy iterates). A row's weight is a function of that row and
theta alone: the derivative comes from `Loss.row_derivative`, then is rounded, then capped by the integer
``cap_i`` with ``cap_i |X_i| <= C / g``; the cap alone carries the sensitivity, whatever the rounding of phi
did. So a row more or less moves the sum by at most C exactly, with nothing added for rounding, and the sum is
a multiple of g.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotpapers.dpopt.accounting.relations import Relation, sum_sensitivity
from hotpapers.dpopt.clipped_sums import checked_clip
from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.losses import Loss
from hotpapers.dpopt.rows import PreparedRows

__all__ = ["MOST_ROWS", "ExactClippedSums", "bits_for_noise", "cut_to_integers", "rounded_parameters"]

WEIGHT_BITS = 16
_THETA_BITS = 32
_NOISE_BITS = 53
MOST_ROWS = 2**26
_MOST_SUM = 2**62
_MOST_BLOCK_ROWS = 2**17
_MOST_WEIGHT = 2.0**40
# Above all rounding in the few operations that make a cap.
_CAP_SLACK = 1.0 - 2.0**-40
# Larger than for plain sums: the float64 copy of a block pays for a few calls of numpy.
_BLOCK_BYTES = 2**22


class ExactClippedSums:
    """The clipped sum as integers, multiples of `spacing`: the same for every order of rows, block size, threads.

    Parameters
    ----------
    rows
        Prepared with ``exact=True``.
    loss
        Of a margin and a target.
    clip
        C; by default ``derivative_bound * R``.
    block_rows
        Rows taken at a time, at most 2^17.
    weight_bits
        16, or fewer where the noise is so wide that a coarser lattice must carry it (`bits_for_noise`).

    Raises
    ------
    PrivacyError
        If the rows are not on the lattice, or the loss has no bound and no `clip` is given.
    """

    def __init__(
        self,
        rows: PreparedRows,
        loss: Loss,
        clip: float | None = None,
        *,
        block_rows: int | None = None,
        weight_bits: int = WEIGHT_BITS,
    ) -> None:
        if not rows.exact:
            raise PrivacyError("exact sums need rows prepared with exact=True")
        self.rows, self.loss = rows, loss
        self.clip = checked_clip(rows, loss, clip)
        exponent = math.ceil(math.log2(self.clip / rows.bound.total))
        self._weight_spacing = math.ldexp(1.0, exponent - weight_bits)
        default = max(64, _BLOCK_BYTES // (8 * rows.width))
        self.block_rows = min(_MOST_BLOCK_ROWS, default if block_rows is None else block_rows)
        self._caps = self._integer_caps()

    @property
    def spacing(self) -> float:
        """g: the sum is an integer times it."""
        return self.rows.bound.spacing * self._weight_spacing

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one parameter: ``(d,)``, or ``(d, K)`` for K classes."""
        width = self.rows.width
        return (width,) if self.loss.outputs == 1 else (width, self.loss.outputs)

    def sensitivity(self, relation: Relation) -> float:
        """S of ``spacing * sum``, in the L1 or L2 norm that the rows' bound is in."""
        return sum_sensitivity(self.clip, relation)

    def __call__(self, theta: NDArray[Any]) -> NDArray[np.int64]:
        """The sum at `theta` (``(d,)``, or ``(d, K)`` for K classes), in multiples of `spacing`."""
        parameters = rounded_parameters(theta)
        total, beyond = np.zeros(parameters.shape, dtype=np.int64), np.zeros(parameters.shape, dtype=object)
        held = 0
        scratch = np.empty((self.block_rows, self.rows.width))
        per_spacing = 1.0 / self.rows.bound.spacing  # powers of two
        per_weight = 1.0 / self._weight_spacing
        for start in range(0, len(self.rows.features), self.block_rows):
            part = slice(start, start + self.block_rows)
            read = self.rows.features[part]
            block = scratch[: len(read)]
            np.copyto(block, read)
            weights = self._weights(block @ parameters, part, per_weight)
            found = block.T @ weights
            found *= per_spacing
            total += found.astype(np.int64)
            held += len(read)
            if held >= MOST_ROWS // 2:
                beyond, total, held = beyond + total, np.zeros_like(total), 0
        return cut_to_integers(beyond + total)

    def _weights(self, margin: NDArray[np.float64], part: slice, per_weight: float) -> NDArray[np.float64]:
        """Integer weights of a block's rows, each within its cap."""
        phi = self.loss.row_derivative(margin, self.rows.targets[part])
        phi *= per_weight
        caps = self._caps[part]
        if self.loss.outputs == 1:
            np.rint(phi, out=phi)
            np.minimum(phi, caps, out=phi)
            return np.maximum(phi, -caps, out=phi)
        size = np.zeros(len(phi))
        for k in range(phi.shape[1]):  # in the classes' order, not numpy's
            size += np.abs(phi[:, k]) if self.rows.bound.order == 1 else np.square(phi[:, k])
        if self.rows.bound.order == 2:
            np.sqrt(size, out=size)
        factor = np.minimum(1.0, caps / np.maximum(size, 1.0)) * _CAP_SLACK
        return np.asarray(np.trunc(phi * factor[:, None]))

    def _integer_caps(self) -> NDArray[np.float64]:
        """``cap_i``: the largest weight, in multiples of h_w, with ``cap_i |x_i| <= C``.

        For several outputs the cap bounds the norm of the vector of weights. A zero row may have any weight.
        """
        with np.errstate(divide="ignore"):
            largest = self.clip / (self.rows.norms * self._weight_spacing) * _CAP_SLACK
        return np.minimum(np.floor(largest), _MOST_WEIGHT)


def cut_to_integers(total: NDArray[Any], parts: int = 1) -> NDArray[np.int64]:
    """Integers cut to 62 bits each, one of `parts` to its share: a projection, so that sensitivities stay."""
    return np.asarray(np.clip(total, -(_MOST_SUM // parts), _MOST_SUM // parts), dtype=np.int64)


def bits_for_noise(rows: PreparedRows, clip: float, scale: float) -> int:
    """Weight bits with which the lattice can carry noise of `scale`: 16 unless it exceeds about 10^5 clips.

    Raises
    ------
    PrivacyError
        If even weights of 2 bits are too fine: the noise is beyond 10^9 times one gradient.
    """
    exponent = math.ceil(math.log2(clip / rows.bound.total))
    finest = math.ldexp(rows.bound.spacing, exponent - WEIGHT_BITS)
    bits = WEIGHT_BITS - max(0, math.ceil(math.log2(scale / finest)) - _NOISE_BITS)
    if bits < 2:
        raise PrivacyError("the budget is too small: the noise would be more than 10^9 times any gradient")
    return bits


def rounded_parameters(theta: NDArray[Any]) -> NDArray[np.float64]:
    """Parameters rounded to 2^-32 of the power of two above their length, column by column.

    Parameters
    ----------
    theta
        ``(d,)`` or ``(d, K)``, finite, public.

    Raises
    ------
    PrivacyError
        If a parameter is not a finite number.
    """
    parameters = np.ascontiguousarray(theta, dtype=np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        lengths = np.sqrt(np.square(parameters).sum(axis=0))
    if not np.all(np.isfinite(lengths)):
        raise PrivacyError("the parameters are no longer finite numbers: take a smaller step")
    _, exponents = np.frexp(np.maximum(lengths * (1.0 + 2.0**-30), 2.0**-400))
    spacing = np.ldexp(1.0, exponents - _THETA_BITS)
    return np.asarray(np.rint(parameters / spacing) * spacing)
