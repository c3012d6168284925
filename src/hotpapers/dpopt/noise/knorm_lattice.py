"""K-norm noise (Euclidean) rounded to a lattice, exactly.

``X = scale * R * G/|G|`` with G standard Gaussian in d dimensions and R ~ Gamma(d) independent of it, a
sum of d exponentials, has density proportional to ``exp(-|x|_2/scale)``. G's coordinates and the exponentials
come from `exact_magnitudes` as intervals ``[V, V+1] 2^-67`` whose further bits are uniform and not yet drawn.
Integer arithmetic, rounded outwards, gives an interval for every coordinate of X/spacing; if one holds a
boundary between two lattice cells, every V gets 64 more bits and the interval is computed anew. It stops
with probability one, and what it returns is the rounding of an exact draw. Rounding each coordinate is a
function of the continuous K-norm mechanism's answer, as for the Gaussian.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.noise.exact_magnitudes import Magnitudes, draw_magnitudes
from hotpapers.dpopt.noise.lattice import check_spacing
from hotpapers.dpopt.noise.sources import EntropySource, SystemEntropy

__all__ = ["draw_knorm_lattice"]

_SYSTEM = SystemEntropy()


def draw_knorm_lattice(
    dimension: int, scale: float, spacing: float, source: EntropySource = _SYSTEM
) -> NDArray[np.int64]:
    """One rounded K-norm draw, ``[dimension]``, in multiples of `spacing`.

    Parameters
    ----------
    dimension
        d >= 1.
    scale
        ``S_2 / epsilon``, in the units of `spacing`.
    spacing
        A power of two, as of `draw_gaussian_lattice`.
    source
        Of the random words.

    Raises
    ------
    PrivacyError
        If a parameter is out of range; a `ValueError` too.
    """
    check_spacing(scale, spacing)
    if dimension < 1:
        raise PrivacyError(f"noise needs at least one dimension: got {dimension!r}")
    direction = draw_magnitudes(dimension, "gaussian", 8.0, source)
    radius = draw_magnitudes(dimension, "laplace", 8.0, source)
    words_more = max([count for drawn in (direction, radius) for _, count in drawn.further.values()] or [0])
    coordinates = _integers(direction, words_more, source)
    exponentials = _integers(radius, words_more, source)
    ratio, bits = Fraction(scale) / Fraction(spacing), 3 + 64 * (1 + words_more)
    while True:
        rounded = _rounded(coordinates, exponentials, ratio, bits)
        if rounded is not None:
            signs = np.where(direction.negative, -1, 1)
            return np.asarray(signs * np.array(rounded, dtype=np.int64), dtype=np.int64)
        coordinates = [(value << 64) | _word(source) for value in coordinates]
        exponentials = [(value << 64) | _word(source) for value in exponentials]
        bits += 64


def _integers(drawn: Magnitudes, words_more: int, source: EntropySource) -> list[int]:
    """V with ``|x| in [V, V+1] 2^-(67 + 64 words_more)``."""
    values = []
    for index, (bucket, position) in enumerate(
        zip(drawn.bucket.tolist(), drawn.position.tolist(), strict=True)
    ):
        more, known = drawn.further.get(index, (0, 0))
        value = (((bucket << 64) | position) << (64 * known)) | more
        for _ in range(words_more - known):
            value = (value << 64) | _word(source)
        values.append(value)
    return values


def _word(source: EntropySource) -> int:
    return int(source.words(1)[0])


def _rounded(coordinates: list[int], exponentials: list[int], ratio: Fraction, bits: int) -> list[int] | None:
    """Cells of ``ratio * R |G_j| / |G|``, or None where the intervals do not decide."""
    shortest = math.isqrt(sum(value * value for value in coordinates))
    longest = math.isqrt(sum((value + 1) ** 2 for value in coordinates)) + 1
    if shortest == 0:
        return None
    radius = sum(exponentials)
    cells = []
    for value in coordinates:
        low = _cell(ratio.numerator * radius * value, (ratio.denominator * longest) << bits)
        high = _cell(
            ratio.numerator * (radius + len(exponentials)) * (value + 1),
            (ratio.denominator * shortest) << bits,
        )
        if low != high:
            return None
        cells.append(low)
    return cells


def _cell(numerator: int, denominator: int) -> int:
    """``floor(numerator/denominator + 1/2)``."""
    return (2 * numerator + denominator) // (2 * denominator)
