"""The four methods of the paper as frozen schedules and pure steps: GD, heavy ball, Nesterov, multi-stage Nesterov.

Iteration t = 0, 1, ..., T - 1 asks for a noisy gradient at `query_point` and moves by `advance`. A step uses
only earlier iterates and the noisy gradient, so all of it is post-processing: momentum costs no privacy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hotpapers.dpopt.errors import PrivacyError

__all__ = [
    "Iterate",
    "Method",
    "Schedule",
    "advance",
    "gradient_descent",
    "heavy_ball",
    "multi_stage",
    "nesterov",
    "nesterov_momentum",
    "polyak",
    "query_point",
]

Method: TypeAlias = Literal["gd", "hb", "nag", "masg"]
Array: TypeAlias = NDArray[Any]


@dataclass(frozen=True)
class Schedule:
    """Step sizes, momenta and stages of all iterations.

    Attributes
    ----------
    method
        ``"gd"``, ``"hb"``, ``"nag"`` or ``"masg"``.
    steps
        alpha_t, ``(T,)``.
    momenta
        beta_t, ``(T,)``.
    stages
        Number of the stage from 1, ``(T,)``, never falling; the momentum is forgotten where it rises.
    """

    method: Method
    steps: NDArray[np.float64]
    momenta: NDArray[np.float64]
    stages: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.steps)

    def first(self, iterations: int) -> Schedule:
        """The schedule cut after so many iterations."""
        part = slice(0, iterations)
        return Schedule(self.method, self.steps[part], self.momenta[part], self.stages[part])


@dataclass(frozen=True)
class Iterate:
    """theta_t and theta_{t-1}, each ``(d,)`` or with a second axis of repeats or classes."""

    current: Array
    previous: Array

    @classmethod
    def start(cls, theta: Array) -> Iterate:
        """theta_{-1} = theta_0."""
        return cls(theta, theta)


def query_point(schedule: Schedule, t: int, iterate: Iterate) -> Array:
    """Where iteration `t` asks for the gradient: theta_t, or Nesterov's ``(1 + beta) theta_t - beta theta_{t-1}``."""
    beta = _momentum(schedule, t)
    if schedule.method in {"gd", "hb"} or beta == 0:
        return iterate.current
    return np.asarray(iterate.current + beta * (iterate.current - iterate.previous))


def advance(schedule: Schedule, t: int, iterate: Iterate, noisy_gradient: Array) -> Iterate:
    """The iterate after iteration `t`, given the noisy gradient at its `query_point`."""
    step = schedule.steps[t] * noisy_gradient
    moved = query_point(schedule, t, iterate) - step
    if schedule.method == "hb":
        moved = moved + _momentum(schedule, t) * (iterate.current - iterate.previous)
    return Iterate(moved, iterate.current)


def _momentum(schedule: Schedule, t: int) -> float:
    """beta_t, or 0 at the first iteration of a new stage, where theta_{t-1} is set to theta_t."""
    if t > 0 and schedule.stages[t] != schedule.stages[t - 1]:
        return 0.0
    return float(schedule.momenta[t])


def gradient_descent(iterations: int, alpha: float) -> Schedule:
    """``theta - alpha g`` (specification 2.3)."""
    return _one_stage("gd", iterations, alpha, 0.0)


def heavy_ball(iterations: int, alpha: float, beta: float) -> Schedule:
    """``theta_t - alpha g + beta (theta_t - theta_{t-1})`` (2.4)."""
    return _one_stage("hb", iterations, alpha, beta)


def nesterov(iterations: int, alpha: float, beta: float) -> Schedule:
    """The gradient at the extrapolated point (2.5)."""
    return _one_stage("nag", iterations, alpha, beta)


def nesterov_momentum(alpha: float, mu: float) -> float:
    """``beta = (1 - sqrt(alpha mu)) / (1 + sqrt(alpha mu))``.

    Raises
    ------
    PrivacyError
        If not 0 < alpha mu < 1.
    """
    if not 0 < alpha * mu < 1:
        raise PrivacyError(f"the step size must be below 1/mu: got alpha {alpha:g} with mu {mu:g}")
    root = math.sqrt(alpha * mu)
    return (1.0 - root) / (1.0 + root)


def polyak(mu: float, smooth: float) -> tuple[float, float]:
    """Heavy ball's fastest (alpha, beta) on quadratics with eigenvalues in [mu, L]."""
    _condition(mu, smooth)
    low, high = math.sqrt(mu), math.sqrt(smooth)
    return 4.0 / (low + high) ** 2, ((high - low) / (high + low)) ** 2


def multi_stage(
    iterations: int, *, mu: float, smooth: float, c: float = 1.0, first_stage: int | None = None
) -> Schedule:
    """M-ASG with p = 1 (2.6): stage k >= 2 has step ``c / (4^k L)``; the momentum restarts with each stage.

    Parameters
    ----------
    iterations
        T, where the schedule is cut.
    mu, smooth
        Public strong convexity and smoothness.
    c
        Step of the first stage in units of 1/L, in (0, 1].
    first_stage
        Its length; by default ``ceil(2 sqrt(kappa) ln sqrt(kappa))``, at least 1.
    """
    kappa = _condition(mu, smooth)
    _check(iterations, c / smooth, 0.0)
    root = math.sqrt(kappa)
    if first_stage is None:
        first_stage = math.ceil(2.0 * root * math.log(root))
    lengths = [max(1, first_stage)]
    base = max(1, math.ceil(root * math.log(8.0)))
    while sum(lengths) < iterations:
        lengths.append(2 ** (len(lengths) + 1) * base)
    stages = np.repeat(np.arange(1, len(lengths) + 1), lengths)[:iterations]
    steps = np.where(stages == 1, 1.0, 4.0 ** -stages.astype(float)) * c / smooth
    momenta = np.array([nesterov_momentum(float(alpha), mu) for alpha in steps])
    return Schedule("masg", steps, momenta, stages.astype(np.int64))


def _one_stage(method: Method, iterations: int, alpha: float, beta: float) -> Schedule:
    _check(iterations, alpha, beta)
    return Schedule(
        method,
        np.full(iterations, float(alpha)),
        np.full(iterations, float(beta)),
        np.ones(iterations, np.int64),
    )


def _check(iterations: int, alpha: float, beta: float) -> None:
    if iterations < 1:
        raise PrivacyError(f"max_iter must be 1 or more: got {iterations!r}")
    if not (alpha > 0 and math.isfinite(alpha)):
        raise PrivacyError(f"the step size must be a positive number: got {alpha!r}")
    if not 0 <= beta < 1:
        raise PrivacyError(f"the momentum must be in [0, 1): got {beta!r}")


def _condition(mu: float, smooth: float) -> float:
    """The condition number kappa = L / mu."""
    if not 0 < mu <= smooth < math.inf:
        raise PrivacyError(f"need 0 < mu <= L: got mu {mu!r} and L {smooth!r}")
    return smooth / mu
