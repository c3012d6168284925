"""Gaussian differential privacy: the exact curve between mu, epsilon and delta.

A query of L2 sensitivity S released with N(0, sigma^2) noise on every coordinate is exactly mu-GDP with
``mu = S / sigma``; T of them, each chosen with knowledge of the earlier answers, are exactly mu-GDP with
``mu^2 = sum_t S_t^2 / sigma_t^2`` (Dong, Roth, Su 2022, theorem 2.7 and corollary 3.3). And mu-GDP is, for
every epsilon >= 0 and with nothing to spare, (epsilon, delta)-DP with

    delta(epsilon) = Phi(mu/2 - epsilon/mu) - e^epsilon Phi(-mu/2 - epsilon/mu)

(the same, corollary 2.13; Balle and Wang 2018, theorem 8). Written with ``erfcx(x) = e^{x^2} erfc(x)`` and
``x = (epsilon/mu - mu/2)/sqrt 2``, ``y = (epsilon/mu + mu/2)/sqrt 2`` both terms share one exponential,

    delta = e^{-x^2} (erfcx(x) - erfcx(y)) / 2,

which neither overflows nor underflows in logarithms, however large epsilon is.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.optimize import brentq
from scipy.special import erfcx, log_ndtr, ndtri

from hotpapers.dpopt.errors import PrivacyError

__all__ = ["gaussian_delta", "gaussian_epsilon", "gaussian_log_delta", "gaussian_mu", "pure_mu"]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)


def gaussian_log_delta(mu: float, epsilon: float) -> float:
    """``ln delta`` of mu-GDP at `epsilon`; ``-inf`` where mu is 0.

    Raises
    ------
    PrivacyError
        If mu is negative or not finite, or epsilon is negative or not a number.
    """
    _at_least_zero("mu", mu)
    if math.isnan(epsilon) or epsilon < 0:
        raise PrivacyError(f"epsilon must be at least 0: got {epsilon!r}")
    if mu == 0 or math.isinf(epsilon):
        return -math.inf
    below = (epsilon / mu - mu / 2) / math.sqrt(2)
    above = (epsilon / mu + mu / 2) / math.sqrt(2)
    if below < -5:  # delta is near 1 and the shared exponential would be astronomically small
        first = float(log_ndtr(mu / 2 - epsilon / mu))
        second = epsilon + float(log_ndtr(-mu / 2 - epsilon / mu))
        return first + math.log1p(-math.exp(second - first))
    difference = _erfcx_difference(below, above)
    return -math.inf if difference <= 0 else -below * below + math.log(difference / 2)


def gaussian_delta(mu: float, epsilon: float) -> float:
    """The least delta with which mu-GDP is (epsilon, delta)-DP.

    Examples
    --------
    >>> round(gaussian_delta(1.0, 4.37718), 9)
    1e-05
    """
    return math.exp(gaussian_log_delta(mu, epsilon))


def gaussian_epsilon(mu: float, delta: float) -> float:
    """The least epsilon with which mu-GDP is (epsilon, delta)-DP, rounded up: never below the exact one.

    Raises
    ------
    PrivacyError
        If mu is negative or not finite, or delta lies outside [0, 1).

    Examples
    --------
    >>> round(gaussian_epsilon(1.0, 1e-5), 5)
    4.37718
    """
    _at_least_zero("mu", mu)
    _in_unit_interval(delta)
    if mu == 0:
        return 0.0
    if delta == 0:
        return math.inf
    target = math.log(delta)
    if gaussian_log_delta(mu, 0.0) <= target:
        return 0.0

    def excess(epsilon: float) -> float:
        return gaussian_log_delta(mu, epsilon) - target

    # P(loss > epsilon) <= delta at this epsilon, by the Gaussian tail bound.
    ceiling = mu * mu / 2 + mu * math.sqrt(-2 * target)
    return _safe_side(excess, float(brentq(excess, 0.0, ceiling, xtol=1e-300, rtol=1e-15)), upward=True)


def gaussian_mu(epsilon: float, delta: float) -> float:
    """The greatest mu with which mu-GDP is (epsilon, delta)-DP, rounded down: never above the exact one.

    Raises
    ------
    PrivacyError
        If epsilon is negative or not finite, or delta lies outside (0, 1).

    Examples
    --------
    >>> round(gaussian_mu(1.0, 1e-5), 6)
    0.268051
    """
    _at_least_zero("epsilon", epsilon)
    _in_unit_interval(delta)
    if delta == 0:
        raise PrivacyError("delta must be above 0 for Gaussian noise: use Laplace noise for pure epsilon")
    target = math.log(delta)

    def excess(mu: float) -> float:
        return gaussian_log_delta(mu, epsilon) - target

    low = high = math.sqrt(2 * epsilon) + 1.0
    while excess(high) <= 0:
        high *= 2
    while excess(low) > 0:
        low /= 2
    return _safe_side(excess, float(brentq(excess, low, high, xtol=1e-300, rtol=1e-15)), upward=False)


def pure_mu(epsilon: float) -> float:
    """The least mu with which every epsilon-DP mechanism is mu-GDP: ``2 Phi^{-1}(e^eps / (1 + e^eps))``.

    The trade-off curve of pure epsilon is two straight pieces that meet in (p, p) with ``p = 1/(1+e^eps)``.
    G_mu is convex, starts in the same (0, 1) and with ``Phi(-mu/2) = p`` passes through (p, p), so it lies
    under the chord and, by symmetry, under both pieces (Dong, Roth, Su 2022, section 2).
    """
    _at_least_zero("epsilon", epsilon)
    if epsilon > 700:
        raise PrivacyError("epsilon must be at most 700 to be expressed as mu")
    return -2 * float(ndtri(1 / (1 + math.exp(epsilon))))


def _erfcx_difference(below: float, above: float) -> float:
    """``erfcx(below) - erfcx(above)``, by quadrature of the derivative where the two nearly cancel."""
    width = above - below
    if width > 0.05:
        return float(erfcx(below) - erfcx(above))
    points = below + width * (_NODES + 1) / 2
    return float(width / 2 * (_WEIGHTS @ (2 / math.sqrt(math.pi) - 2 * points * erfcx(points))))


def _safe_side(excess: Callable[[float], float], root: float, *, upward: bool) -> float:
    """Move the root by the few units in the last place that make ``excess(root) <= 0``."""
    step = 2e-15
    while excess(root) > 0:
        root *= 1 + step if upward else 1 - step
        step *= 2
    return root


def _at_least_zero(name: str, value: float) -> None:
    if not (math.isfinite(value) and value >= 0):
        raise PrivacyError(f"{name} must be a finite number of at least 0: got {value!r}")


def _in_unit_interval(delta: float) -> None:
    if not 0 <= delta < 1:
        raise PrivacyError(f"delta must be at least 0 and below 1: got {delta!r}")
