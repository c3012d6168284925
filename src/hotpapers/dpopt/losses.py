"""Losses of linear predictors: one scalar derivative a row, and the public constants that privacy rests on.

A row's loss is ``l(u, y)`` of its margin ``u = x . theta``, so its gradient is ``phi x`` with
``phi = dl/du``. Everything that the noise and the step size depend on is a bound over all possible rows:
`derivative_bound` (max |phi|), `curvature_bound` (max d2l/du2), and from them the smoothness for a public row
norm.

`derivative` is the everyday form. `row_derivative` is the form of secure mode: it uses only elementwise
operations that IEEE 754 rounds correctly (and table look-ups), so that the number for a row cannot depend on
where in a block the row stands. With a vectorised `exp` this would be a hope; with a table it is a proof.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_softmax, softmax

from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.interpolation import Interpolated

__all__ = ["Huber", "Logistic", "Loss", "Multinomial", "SmoothHinge", "Squared", "smoothness"]

Array: TypeAlias = NDArray[Any]


@runtime_checkable
class Loss(Protocol):
    """What the sums need of a loss; margins are ``(m,)`` or ``(m, R)`` for R repeats, targets ``(m,)``."""

    @property
    def derivative_bound(self) -> float:
        """Largest |phi| over all margins and targets (L2 norm of the row's vector for several outputs)."""

    @property
    def curvature_bound(self) -> float:
        """Largest second derivative in the margin (largest eigenvalue for several outputs)."""

    @property
    def outputs(self) -> int:
        """1 for a scalar margin, K for K classes."""

    def encode(self, targets: Any) -> Array:
        """Targets as the loss wants them, each by itself, whatever they hold; never raises for a value."""

    def value(self, margin: Array, target: Array) -> Array:
        """Loss of each row."""

    def derivative(self, margin: Array, target: Array) -> Array:
        """Derivative of each row's loss by its margin."""

    def row_derivative(self, margin: Array, target: Array) -> Array:
        """The derivative by correctly rounded elementwise operations and tables only."""


def smoothness(loss: Loss, row_bound: float, lam: float) -> float:
    """L = B R^2 + lam: no Hessian of F at any point has a larger eigenvalue (specification 2.8).

    Parameters
    ----------
    loss
        Gives B, the curvature bound.
    row_bound
        R, the public bound of every row's L2 norm, with the intercept's column.
    lam
        Weight of the regulariser ``(lam / 2) |theta|^2``, >= 0.
    """
    if not (row_bound > 0 and math.isfinite(row_bound)) or not (lam >= 0 and math.isfinite(lam)):
        raise PrivacyError(f"need a row bound > 0 and lam >= 0: got {row_bound!r} and {lam!r}")
    return loss.curvature_bound * row_bound**2 + lam


def _like(target: Array, margin: Array) -> Array:
    """Targets beside margins of R repeats."""
    return target[:, None] if margin.ndim == 2 else target


def _positive(value: float, name: str) -> float:
    if not 0 < value < math.inf:
        raise PrivacyError(f"{name} must be a positive number: got {value!r}")
    return float(value)


def _finite(targets: Any) -> Array:
    """Targets as floats; what is no number becomes 0, what is infinite the largest float."""
    return np.nan_to_num(np.asarray(targets, dtype=np.float64).reshape(-1), nan=0.0)


@dataclass(frozen=True)
class Logistic:
    """``l = log(1 + exp(-y u))``, y in {-1, +1}: |phi| <= 1, curvature <= 1/4."""

    derivative_bound: float = 1.0
    curvature_bound: float = 0.25
    outputs: int = 1

    def encode(self, targets: Any) -> Array:
        """+1 where the target is positive (1, True), -1 elsewhere."""
        return np.where(_finite(targets) > 0, 1.0, -1.0)

    def value(self, margin: Array, target: Array) -> Array:
        """``log(1 + exp(-y u))`` without overflow."""
        return np.asarray(np.logaddexp(0.0, -_like(target, margin) * margin))

    def derivative(self, margin: Array, target: Array) -> Array:
        """``-y / (1 + exp(y u))``."""
        sign = _like(target.astype(margin.dtype, copy=False), margin)
        return np.asarray(-sign * expit(-sign * margin))

    def row_derivative(self, margin: Array, target: Array) -> Array:
        """The same to 1e-6, from a table of the logistic function."""
        minus_sign = -_like(target.astype(np.float64), margin)
        phi = _LOGISTIC(minus_sign * margin)
        phi *= minus_sign
        return phi


@dataclass(frozen=True)
class Huber:
    """``r^2 / 2`` where |r| <= delta, ``delta |r| - delta^2 / 2`` beyond, r = u - y: |phi| <= delta, curvature <= 1.

    Parameters
    ----------
    delta
        Residual at which the loss becomes linear.
    target_bound
        Targets are clipped to ``[-target_bound, target_bound]``, each by itself; infinite leaves them.
    """

    delta: float = 1.0
    target_bound: float = math.inf
    curvature_bound: float = field(default=1.0, init=False)
    outputs: int = field(default=1, init=False)

    def __post_init__(self) -> None:
        _positive(self.delta, "delta")
        if not self.target_bound > 0:
            raise PrivacyError(f"target_bound must be positive: got {self.target_bound!r}")

    @property
    def derivative_bound(self) -> float:
        """Delta."""
        return self.delta

    def encode(self, targets: Any) -> Array:
        """Targets clipped to the bound."""
        return np.clip(_finite(targets), -self.target_bound, self.target_bound)

    def value(self, margin: Array, target: Array) -> Array:
        """Quadratic near, linear far."""
        residual = np.abs(margin - _like(target, margin))
        near = np.minimum(residual, self.delta)
        return np.asarray(near * (residual - 0.5 * near))

    def derivative(self, margin: Array, target: Array) -> Array:
        """Residual, clipped to delta."""
        residual = margin - _like(target.astype(margin.dtype, copy=False), margin)
        return np.asarray(np.clip(residual, -self.delta, self.delta))

    row_derivative = derivative


@dataclass(frozen=True)
class Squared(Huber):
    """``(u - y)^2 / 2``, its residual clipped at `residual_clip`: then it is Huber's loss, still convex.

    Without a clip |phi| has no bound, and only the clipping of whole gradients bounds the sensitivity.
    """

    delta: float = field(default=math.inf, init=False)
    residual_clip: float = math.inf

    def __post_init__(self) -> None:
        if not self.residual_clip > 0 or not self.target_bound > 0:
            raise PrivacyError(
                "residual_clip and target_bound must be positive: "
                f"got {self.residual_clip!r} and {self.target_bound!r}"
            )
        object.__setattr__(self, "delta", self.residual_clip)


@dataclass(frozen=True)
class SmoothHinge:
    """Hinge loss of ``v = y u`` rounded by a parabola where |1 - v| <= h: |phi| <= 1, curvature <= 1/(2h).

    Parameters
    ----------
    smoothing
        h > 0.
    """

    smoothing: float = 0.5
    derivative_bound: float = field(default=1.0, init=False)
    outputs: int = field(default=1, init=False)

    def __post_init__(self) -> None:
        _positive(self.smoothing, "smoothing")

    @property
    def curvature_bound(self) -> float:
        """1/(2h)."""
        return 0.5 / self.smoothing

    def encode(self, targets: Any) -> Array:
        """+1 where the target is positive, -1 elsewhere."""
        return np.where(_finite(targets) > 0, 1.0, -1.0)

    def value(self, margin: Array, target: Array) -> Array:
        """0 for v > 1 + h; ``(1 + h - v)^2 / (4h)`` in between; ``1 - v`` for v < 1 - h."""
        h = self.smoothing
        short = 1.0 - _like(target, margin) * margin
        rounded = np.square(np.clip(short + h, 0.0, 2.0 * h)) / (4.0 * h)
        return np.asarray(rounded + np.maximum(short - h, 0.0))

    def derivative(self, margin: Array, target: Array) -> Array:
        """``-y`` times a ramp from 0 at v = 1 + h to 1 at v = 1 - h."""
        h = self.smoothing
        sign = _like(target.astype(margin.dtype, copy=False), margin)
        return np.asarray(-sign * np.clip((1.0 + h - sign * margin) / (2.0 * h), 0.0, 1.0))

    row_derivative = derivative


@dataclass(frozen=True)
class Multinomial:
    """Cross-entropy of softmax over K classes; a row's gradient is the outer product of ``p - onehot`` and x.

    |p - onehot|_2 <= sqrt(2), |p - onehot|_1 <= 2; the Hessian in the margins, diag(p) - p p', is at most
    1/2. Margins are ``(m, K)``; targets are class numbers ``(m,)``.

    Parameters
    ----------
    outputs
        K >= 2, the declared classes.
    """

    outputs: int
    derivative_bound: float = field(default=math.sqrt(2.0), init=False)
    curvature_bound: float = field(default=0.5, init=False)

    def __post_init__(self) -> None:
        if self.outputs < 2:
            raise PrivacyError(f"a multinomial loss needs 2 or more declared classes: got {self.outputs!r}")

    def encode(self, targets: Any) -> Array:
        """Class numbers; what is none of 0..K-1 is put into the nearest."""
        return np.clip(_finite(targets), 0, self.outputs - 1)

    def value(self, margin: Array, target: Array) -> Array:
        """``-log p`` of the row's class."""
        chosen = target.astype(np.int64)
        return np.asarray(-log_softmax(margin, axis=1)[np.arange(len(chosen)), chosen])

    def derivative(self, margin: Array, target: Array) -> Array:
        """``softmax(u) - onehot(y)``, ``(m, K)``."""
        phi = np.asarray(softmax(margin, axis=1))
        phi[np.arange(len(phi)), target.astype(np.int64)] -= 1.0
        return phi

    def row_derivative(self, margin: Array, target: Array) -> Array:
        """The same to 1e-6: exponentials from a table, the sum over classes in the classes' order."""
        exponentials = _EXPONENTIAL(margin - margin.max(axis=1, keepdims=True))
        total = exponentials[:, 0].copy()
        for k in range(1, self.outputs):
            total += exponentials[:, k]
        phi: Array = exponentials / total[:, None]
        phi[np.arange(len(phi)), target.astype(np.int64)] -= 1.0
        return phi


_LOGISTIC = Interpolated(expit, -24.0, 24.0, 2**-8)
_EXPONENTIAL = Interpolated(np.exp, -32.0, 0.0, 2**-9)
