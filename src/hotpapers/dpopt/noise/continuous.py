"""Noise from a numpy generator, in floating point: for experiments and for `secure=False`.

Its low bits can give the hidden value away (Mironov 2012); releases that must stand up to that use
`hotpapers.dpopt.noise.lattice`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["draw_gaussian", "draw_knorm", "draw_laplace"]


def draw_laplace(
    size: int | tuple[int, ...], scale: float, generator: np.random.Generator
) -> NDArray[np.float64]:
    """Laplace noise of the given *scale* b (standard deviation ``sqrt(2) b``)."""
    return generator.laplace(0.0, scale, size)


def draw_gaussian(
    size: int | tuple[int, ...], sigma: float, generator: np.random.Generator
) -> NDArray[np.float64]:
    """Gaussian noise of standard deviation `sigma`."""
    return generator.normal(0.0, sigma, size)


def draw_knorm(
    dimension: int, scale: float, generator: np.random.Generator, *, draws: int | None = None
) -> NDArray[np.float64]:
    """Noise of density proportional to ``exp(-|z|_2 / scale)`` in `dimension` dimensions.

    In polar coordinates the density is ``r^{d-1} e^{-r/scale}``, a Gamma(d, scale) radius, times a uniform
    direction.

    Returns
    -------
    array
        ``[d]``, or ``[draws, d]``.
    """
    shape = (1 if draws is None else draws, dimension)
    direction = generator.normal(size=shape)
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    noise: NDArray[np.float64] = direction * generator.gamma(dimension, scale, size=(shape[0], 1))
    return noise[0] if draws is None else noise
