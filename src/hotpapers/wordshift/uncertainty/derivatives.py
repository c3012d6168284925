"""Contributions as functions of relative frequencies, with their derivatives in closed form.

Every contribution of section 2 of the paper is c_i = g(p1_i, p2_i) - R (p2_i - p1_i): with the scores
phi written as functions of the frequencies, g = p2 phi2 - p1 phi1. Resampling evaluates g at drawn
frequencies, the delta method uses dg/dp1 and dg/dp2. Where R is text 1's average (`reference="average"`)
it moves with all frequencies of text 1; `average` and its slopes give that part.

Conventions at p_k = 0: g is its limit, and the derivative by p_k is 0 where it would be infinite or
weighs nothing, for the variance of an unseen type's frequency is estimated as 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Entropy",
    "FixedScores",
    "Formula",
    "GeneralizedJensenShannon",
    "JensenShannon",
    "KullbackLeibler",
    "Tsallis",
]

Vector = NDArray[np.float64]


class Formula(Protocol):
    """One measure's g and its derivatives; arrays broadcast, the last axis runs over types."""

    def value(self, p1: Vector, p2: Vector) -> Vector:
        """g(p1, p2): the contribution with R = 0."""

    def slopes(self, p1: Vector, p2: Vector) -> tuple[Vector, Vector]:
        """dg/dp1 and dg/dp2."""

    def average(self, p1: Vector, p2: Vector) -> Vector:
        """p1 phi1: terms whose sum is text 1's average."""

    def average_slopes(self, p1: Vector, p2: Vector) -> tuple[Vector, Vector]:
        """Derivatives of `average` with respect to p1 and p2."""

    def take(self, index: NDArray[np.intp]) -> Formula:
        """The formula for some of the types only."""


def _log(p: Vector) -> Vector:
    """Natural logarithm, 0 where p = 0."""
    return np.log(np.where(p > 0, p, 1.0))


def _power(p: Vector, exponent: float) -> Vector:
    """p^exponent, 0 where p = 0 (the convention 0^(a-1) := 0)."""
    return np.where(p > 0, np.where(p > 0, p, 1.0) ** exponent, 0.0)


class _SameForAllTypes:
    def take(self, index: NDArray[np.intp]) -> Self:
        """Itself: the formula does not depend on the type."""
        return self


@dataclass(frozen=True, eq=False)
class FixedScores:
    """Weighted averages and proportions: g = p2 s2 - p1 s1 with scores that the frequencies don't move."""

    s1: Vector
    s2: Vector

    def value(self, p1: Vector, p2: Vector) -> Vector:
        """g(p1, p2)."""
        return p2 * self.s2 - p1 * self.s1

    def slopes(self, p1: Vector, p2: Vector) -> tuple[Vector, Vector]:
        """The scores."""
        zero = np.zeros_like(p1 * p2)
        return zero - self.s1, zero + self.s2

    def average(self, p1: Vector, p2: Vector) -> Vector:
        """p1 s1."""
        return p1 * self.s1 + np.zeros_like(p2)

    def average_slopes(self, p1: Vector, p2: Vector) -> tuple[Vector, Vector]:
        """The scores of text 1."""
        zero = np.zeros_like(p1 * p2)
        return zero + self.s1, zero

    def take(self, index: NDArray[np.intp]) -> FixedScores:
        """Scores of some types."""
        return FixedScores(self.s1[index], self.s2[index])


@dataclass(frozen=True)
class Entropy(_SameForAllTypes):
    """Shannon entropy: g = p1 log p1 - p2 log p2."""

    base: float = 2.0

    def value(self, p1: Vector, p2: Vector) -> Vector:
        """g(p1, p2)."""
        return (p1 * _log(p1) - p2 * _log(p2)) / math.log(self.base)

    def slopes(self, p1: Vector, p2: Vector) -> tuple[Vector, Vector]:
        """Logarithm of p plus 1, with the text's sign."""
        unit = math.log(self.base)
        return np.where(p1 > 0, _log(p1) + 1, 0) / unit, -np.where(p2 > 0, _log(p2) + 1, 0) / unit

    def average(self, p1: Vector, p2: Vector) -> Vector:
        """-p1 log p1."""
        return -p1 * _log(p1) / math.log(self.base) + np.zeros_like(p2)

    def average_slopes(self, p1: Vector, p2: Vector) -> tuple[Vector, Vector]:
        """-(log p1 + 1)."""
        return -self.slopes(p1, p2)[0], np.zeros_like(p1 * p2)


@dataclass(frozen=True)
class Tsallis(_SameForAllTypes):
    """Tsallis entropy: g = (p1^a - p2^a) / (a - 1), plus (p2 - p1) / (a - 1) in the form ``"qlog"``."""

    alpha: float
    form: str = "paper"

    @property
    def _linear(self) -> float:
        return 1.0 / (self.alpha - 1) if self.form == "qlog" else 0.0

    def value(self, p1: Vector, p2: Vector) -> Vector:
        """g(p1, p2)."""
        a = self.alpha
        return (_power(p1, a) - _power(p2, a)) / (a - 1) + self._linear * (p2 - p1)

    def slopes(self, p1: Vector, p2: Vector) -> tuple[Vector, Vector]:
        """Powers a p^(a-1) / (a - 1), with the text's sign."""
        a = self.alpha
        one, two = a * _power(p1, a - 1) / (a - 1), a * _power(p2, a - 1) / (a - 1)
        return one - self._linear, self._linear - two

    def average(self, p1: Vector, p2: Vector) -> Vector:
        """-p1^a / (a - 1), plus p1 / (a - 1) in the form ``"qlog"``."""
        a = self.alpha
        return -_power(p1, a) / (a - 1) + self._linear * p1 + np.zeros_like(p2)

    def average_slopes(self, p1: Vector, p2: Vector) -> tuple[Vector, Vector]:
        """Derivatives of `average`."""
        return -self.slopes(p1, p2)[0], np.zeros_like(p1 * p2)


@dataclass(frozen=True)
class KullbackLeibler(_SameForAllTypes):
    """D(P2 || P1): g = p2 log(p2 / p1), infinite where p1 = 0 < p2. R has no effect: p_diff is 0."""

    base: float = 2.0

    def value(self, p1: Vector, p2: Vector) -> Vector:
        """g(p1, p2)."""
        ratio = (_log(p2) - _log(p1)) / math.log(self.base)
        return np.where(p2 > 0, np.where(p1 > 0, p2 * ratio, np.inf), 0.0)

    def slopes(self, p1: Vector, p2: Vector) -> tuple[Vector, Vector]:
        """-p2 / p1 and log(p2 / p1) + 1."""
        unit = math.log(self.base)
        both = (p1 > 0) & (p2 > 0)
        one = np.where(both, -p2 / np.where(p1 > 0, p1, 1.0), 0.0)
        return one / unit, np.where(both, _log(p2) - _log(p1) + 1, 0.0) / unit

    def average(self, p1: Vector, p2: Vector) -> Vector:
        """-p2 log p2: both frequency columns are text 2's."""
        return -p2 * _log(p2) / math.log(self.base) + np.zeros_like(p1)

    def average_slopes(self, p1: Vector, p2: Vector) -> tuple[Vector, Vector]:
        """Derivatives of `average`."""
        two = -np.where(p2 > 0, _log(p2) + 1, 0.0) / math.log(self.base)
        return np.zeros_like(p1 * p2), two + np.zeros_like(p1)


@dataclass(frozen=True)
class JensenShannon(_SameForAllTypes):
    """JSD: g = w1 p1 log(p1 / m) + w2 p2 log(p2 / m), m = w1 p1 + w2 p2; by log1p, exact near p1 = p2."""

    weights: tuple[float, float] = (0.5, 0.5)
    base: float = 2.0

    def _ratios(self, p1: Vector, p2: Vector) -> tuple[Vector, Vector, Vector]:
        """log(p1 / m), log(p2 / m) (0 where p_k = 0) and m (1 where it is 0)."""
        w1, w2 = self.weights
        m = w1 * p1 + w2 * p2
        m = np.where(m > 0, m, 1.0)
        away = p1 - p2
        one = np.log1p(np.where(p1 > 0, w2 * away / m, 0.0))  # p1 - m = w2 (p1 - p2)
        two = np.log1p(np.where(p2 > 0, -w1 * away / m, 0.0))
        return one, two, m

    def value(self, p1: Vector, p2: Vector) -> Vector:
        """g(p1, p2) >= 0."""
        w1, w2 = self.weights
        one, two, _ = self._ratios(p1, p2)
        return (w1 * p1 * one + w2 * p2 * two) / math.log(self.base)

    def slopes(self, p1: Vector, p2: Vector) -> tuple[Vector, Vector]:
        """w_k log(p_k / m)."""
        w1, w2 = self.weights
        one, two, _ = self._ratios(p1, p2)
        return w1 * one / math.log(self.base), w2 * two / math.log(self.base)

    def average(self, p1: Vector, p2: Vector) -> Vector:
        """-w1 p1 log(p1 / m)."""
        one, _, _ = self._ratios(p1, p2)
        return -self.weights[0] * p1 * one / math.log(self.base)

    def average_slopes(self, p1: Vector, p2: Vector) -> tuple[Vector, Vector]:
        """Derivatives of `average`."""
        w1, w2 = self.weights
        one, _, m = self._ratios(p1, p2)
        unit = math.log(self.base)
        return w1 * np.where(p1 > 0, w1 * p1 / m - 1 - one, 0.0) / unit, w1 * w2 * p1 / m / unit


@dataclass(frozen=True)
class GeneralizedJensenShannon(_SameForAllTypes):
    """JSD of order a != 1: g = (w1 p1^a + w2 p2^a - m^a) / (a - 1)."""

    alpha: float
    weights: tuple[float, float] = (0.5, 0.5)

    def value(self, p1: Vector, p2: Vector) -> Vector:
        """g(p1, p2) >= 0."""
        a, (w1, w2) = self.alpha, self.weights
        mixture = _power(w1 * p1 + w2 * p2, a)
        return (w1 * _power(p1, a) + w2 * _power(p2, a) - mixture) / (a - 1)

    def slopes(self, p1: Vector, p2: Vector) -> tuple[Vector, Vector]:
        """w_k a (p_k^(a-1) - m^(a-1)) / (a - 1)."""
        a, (w1, w2) = self.alpha, self.weights
        m = _power(w1 * p1 + w2 * p2, a - 1)
        one = np.where(p1 > 0, _power(p1, a - 1) - m, 0.0)
        two = np.where(p2 > 0, _power(p2, a - 1) - m, 0.0)
        return w1 * a / (a - 1) * one, w2 * a / (a - 1) * two

    def average(self, p1: Vector, p2: Vector) -> Vector:
        """w1 (p1 m^(a-1) - p1^a) / (a - 1)."""
        a, (w1, w2) = self.alpha, self.weights
        return w1 * (p1 * _power(w1 * p1 + w2 * p2, a - 1) - _power(p1, a)) / (a - 1)

    def average_slopes(self, p1: Vector, p2: Vector) -> tuple[Vector, Vector]:
        """Derivatives of `average`."""
        a, (w1, w2) = self.alpha, self.weights
        m = w1 * p1 + w2 * p2
        cross = w1 * p1 * _power(m, a - 2)
        one = np.where(
            p1 > 0, (_power(m, a - 1) - a * _power(p1, a - 1)) / (a - 1) + w1 * p1 * _power(m, a - 2), 0
        )
        return w1 * one, w2 * cross
