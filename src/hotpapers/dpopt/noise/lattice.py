r"""Noise on a lattice that costs no privacy and leaves no trace of floating point.

Why rounding costs nothing. Let the sum s lie on the lattice ``g Z^d``. Rounding to the nearest lattice
point commutes with a shift by a lattice point, so

    round_g(s + N(0, sigma^2 I)) = s + round_g(N(0, sigma^2 I)):

the sum plus *rounded Gaussian* noise is a function of the sum plus Gaussian noise, and inherits its exact
mu-GDP guarantee, with no correction for being discrete; with Laplace noise its epsilon, with K-norm
noise the same. (This is not the discrete Gaussian of Canonne, Kamath and Steinke, whose composition is not exactly
Gaussian DP.) The probability of the lattice point k g is that of its cell,

    P(K = k) = Phi((k + 1/2) g / sigma) - Phi((k - 1/2) g / sigma),

and the draws have exactly this law, given uniform words: see `exact_magnitudes`. With
``s = sigma/g = m 2^e`` (1/2 <= m < 1) the buckets are ``2^b`` cells wide, ``b = e - 4``, so that
``h = 2^b g / sigma = 1/(16 m)`` and the cell of ``|x|/g = (i + f) 2^b`` is read off the bits of i and f:
``floor((i + f) 2^b + 1/2)`` is ``i 2^b`` plus the first b + 1 bits of f, rounded half up.

The time a draw takes depends on the noise, never on the data.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.noise.exact_magnitudes import MARGIN, Shape, draw_magnitudes
from hotpapers.dpopt.noise.sources import EntropySource, SystemEntropy

__all__ = ["check_spacing", "draw_gaussian_lattice", "draw_laplace_lattice"]

_SYSTEM = SystemEntropy()


def draw_gaussian_lattice(
    size: int | tuple[int, ...],
    sigma: float,
    spacing: float,
    source: EntropySource = _SYSTEM,
    *,
    margin: float = MARGIN,
) -> NDArray[np.int64]:
    """Rounded Gaussian noise, in multiples of `spacing`.

    Parameters
    ----------
    size
        Shape of the result.
    sigma
        Standard deviation before rounding, in the units of `spacing`.
    spacing
        A power of two, with ``2^-40 <= sigma/spacing < 2^54``.
    source
        `SystemEntropy` (private) or `SeededEntropy` (NOT PRIVATE).
    margin
        As of `draw_magnitudes`; leave it alone.

    Raises
    ------
    PrivacyError
        If sigma or spacing is out of range; a `ValueError` too.
    """
    return _draw(size, "gaussian", sigma, spacing, source, margin)


def draw_laplace_lattice(
    size: int | tuple[int, ...],
    scale: float,
    spacing: float,
    source: EntropySource = _SYSTEM,
    *,
    margin: float = MARGIN,
) -> NDArray[np.int64]:
    """Rounded Laplace noise of scale `scale`, in multiples of `spacing`; else as `draw_gaussian_lattice`."""
    return _draw(size, "laplace", scale, spacing, source, margin)


def check_spacing(scale: float, spacing: float) -> None:
    """Refuse a spacing that is no power of two or does not suit the scale.

    Raises
    ------
    PrivacyError
        With the range that is accepted.
    """
    if not (math.isfinite(scale) and scale > 0):
        raise PrivacyError(f"the scale of the noise must be positive and finite: got {scale!r}")
    if not (math.isfinite(spacing) and spacing > 0 and math.frexp(spacing)[0] == 0.5):
        raise PrivacyError(f"the lattice's spacing must be a power of two: got {spacing!r}")
    if not 2.0**-40 <= scale / spacing < 2.0**54:
        raise PrivacyError(
            f"scale/spacing must be in [2^-40, 2^54): got 2^{math.log2(scale) - math.log2(spacing):.1f}"
        )


def _draw(
    size: int | tuple[int, ...],
    shape: Shape,
    scale: float,
    spacing: float,
    source: EntropySource,
    margin: float,
) -> NDArray[np.int64]:
    check_spacing(scale, spacing)
    count = math.prod(size) if isinstance(size, tuple) else size
    mantissa, exponent = math.frexp(scale / spacing)
    drawn = draw_magnitudes(count, shape, 16 * mantissa, source, margin=margin)
    cells = _cells(drawn.bucket, drawn.position, exponent - 4)
    np.negative(cells, out=cells, where=drawn.negative)
    return cells.reshape(size)


def _cells(bucket: NDArray[np.int64], position: NDArray[np.uint64], b: int) -> NDArray[np.int64]:
    """``floor((i + f) 2^b + 1/2)`` from i and the bits of f."""
    if b < 0:
        return (bucket + (1 << (-b - 1))) >> -b
    within = ((position >> np.uint64(63 - b)) + np.uint64(1)) >> np.uint64(1)
    return (bucket << b) + within.astype(np.int64)
