"""Mechanisms to be audited: a counting query on neighbouring data, with correct noise and with the paper's code's.

The published code draws its Laplace noise with a function whose argument is the *standard deviation*, and hands it
the *scale* b. Its noise is too quiet by sqrt(2), and what is claimed as epsilon is ``sqrt(2) epsilon``. The faulty
one exists here only so that an audit can be seen to catch it.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hotpapers.dpopt.audit.mechanism import World
from hotpapers.dpopt.noise.lattice import draw_laplace_lattice
from hotpapers.dpopt.noise.scales import laplace_scale
from hotpapers.dpopt.noise.sources import SeededEntropy

__all__ = ["below_zero", "correct_laplace", "lattice_laplace", "published_laplace"]


def correct_laplace(epsilon: float, answer: float, sensitivity: float = 1.0) -> World:
    """A query whose answer on this data set is `answer`, released with Laplace noise of scale S/epsilon."""
    return _laplace_world(lambda: laplace_scale(sensitivity, epsilon), answer)


def published_laplace(epsilon: float, answer: float, sensitivity: float = 1.0) -> World:
    """The same with the published code's fault: noise of *standard deviation* S/epsilon."""
    return _laplace_world(lambda: laplace_scale(sensitivity, epsilon) / math.sqrt(2), answer)


def lattice_laplace(
    epsilon: float, answer: float, sensitivity: float = 1.0, spacing: float = 2.0**-36
) -> World:
    """The same with exact noise on a lattice that holds `answer`."""

    def world(count: int, generator: np.random.Generator) -> NDArray[np.float64]:
        scale = laplace_scale(sensitivity, epsilon)
        noise = draw_laplace_lattice(count, scale, spacing, SeededEntropy(generator))
        return np.asarray((round(answer / spacing) + noise) * spacing, dtype=np.float64)

    return world


def below_zero(released: NDArray[np.float64]) -> NDArray[np.bool_]:
    """The event ``{z <= 0}``."""
    return released <= 0


def _laplace_world(scale: Callable[[], float], answer: float) -> World:
    def world(count: int, generator: np.random.Generator) -> NDArray[np.float64]:
        return answer + generator.laplace(0.0, scale(), count)

    return world
